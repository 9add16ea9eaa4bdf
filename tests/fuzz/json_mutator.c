/* SPDX-License-Identifier: Apache-2.0
 *
 * Bends JSON documents member by member, as byte-wise mutation of a document mostly makes what the
 * parser refuses. For a stream of documents one of them is bent. Half of the time libFuzzer's own
 * mutation is used. */
#include "fuzz.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum {
	DEPTH_MAX = 64,
	DOCUMENTS_MAX = 64,
	PLACES_MAX = 4096,
	COPIES_MAX = 1100, /* more than any list of facts holds */
	STRING_MAX = 512,
};

/* Where a value hangs. */
struct place {
	struct json_object *parent; /* NULL: it is the document itself */
	const char *key;            /* NULL: of a list */
	size_t index;
	struct json_object *value;
};

struct bender {
	struct dice dice;
	struct json_object *documents[DOCUMENTS_MAX];
	size_t n_documents;
	struct place places[PLACES_MAX];
	size_t n_places;
};

static void
note_places(struct bender *b, struct place place)
{
	if (b->n_places == PLACES_MAX)
		return;
	b->places[b->n_places++] = place;
	if (json_object_is_type(place.value, json_type_object)) {
		json_object_object_foreach (place.value, key, member)
			note_places(b,
			    (struct place){ .parent = place.value, .key = key, .value = member });
	} else if (json_object_is_type(place.value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(place.value); i++)
			note_places(b, (struct place){ .parent = place.value,
					   .index = i,
					   .value = json_object_array_get_idx(place.value, i) });
	}
}

static bool
read_documents(struct bender *b, const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	size_t at = 0;

	if (tokener == NULL || len > INT_MAX)
		return false;
	while (at < len && b->n_documents < DOCUMENTS_MAX) {
		struct json_object *json =
		    json_tokener_parse_ex(tokener, text + at, (int)(len - at));

		if (json_tokener_get_error(tokener) != json_tokener_success)
			break;
		at += json_tokener_get_parse_end(tokener);
		b->documents[b->n_documents++] = json;
		json_tokener_reset(tokener);
	}
	json_tokener_free(tokener);
	return b->n_documents > 0;
}

static struct json_object *
copy_of(struct json_object *json)
{
	struct json_object *copy = NULL;

	if (json != NULL)
		(void)json_object_deep_copy(json, &copy, NULL);
	return copy;
}

static struct json_object *
odd_number(struct bender *b)
{
	static const int64_t odd[] = { 0, 1, -1, INT32_MAX, INT32_MIN, UINT32_MAX, INT64_MAX,
		INT64_MIN, 1000, 65536 };

	if (dice_roll(&b->dice, 8) == 0)
		return json_object_new_uint64(UINT64_MAX);
	if (dice_roll(&b->dice, 8) == 0)
		return json_object_new_double(-0.5);
	return json_object_new_int64(odd[dice_roll(&b->dice, ARRAY_SIZE(odd))]);
}

static struct json_object *
bent_string(struct json_object *string)
{
	uint8_t text[STRING_MAX];
	size_t len = (size_t)json_object_get_string_len(string);

	if (len > sizeof(text))
		len = sizeof(text);
	memcpy(text, json_object_get_string(string), len);
	len = LLVMFuzzerMutate(text, len, sizeof(text));
	return json_object_new_string_len((const char *)text, (int)len);
}

static struct json_object *
of_another_type(struct bender *b)
{
	switch (dice_roll(&b->dice, 6)) {
	case 0:
		return json_object_new_boolean(true);
	case 1:
		return json_object_new_string("");
	case 2:
		return json_object_new_array();
	case 3:
		return json_object_new_object();
	case 4:
		return odd_number(b);
	default:
		return NULL;
	}
}

/* A list of many: what goes over a limit is cut. */
static struct json_object *
repeated(struct bender *b, struct json_object *item)
{
	struct json_object *list = json_object_new_array();

	for (unsigned n = dice_roll(&b->dice, COPIES_MAX); n > 0; n--)
		(void)json_object_array_add(list, copy_of(item));
	return list;
}

static struct json_object *
bent_value(struct bender *b, const struct place *place)
{
	const struct place *other = &b->places[dice_roll(&b->dice, (unsigned)b->n_places)];

	switch (dice_roll(&b->dice, 6)) {
	case 0:
		return of_another_type(b);
	case 1:
		return copy_of(other->value);
	case 2:
		if (json_object_is_type(place->value, json_type_array) &&
		    json_object_array_length(place->value) > 0)
			return repeated(b, json_object_array_get_idx(place->value, 0));
		break;
	default:
		break;
	}
	if (json_object_is_type(place->value, json_type_string))
		return bent_string(place->value);
	if (json_object_is_type(place->value, json_type_int))
		return odd_number(b);
	if (json_object_is_type(place->value, json_type_boolean))
		return json_object_new_boolean(!json_object_get_boolean(place->value));
	return copy_of(other->value);
}

static void
put_value(struct bender *b, size_t document, const struct place *place, struct json_object *value)
{
	if (place->parent == NULL) {
		json_object_put(b->documents[document]);
		b->documents[document] = value;
	} else if (place->key != NULL) {
		(void)json_object_object_add(place->parent, place->key, value);
	} else {
		(void)json_object_array_put_idx(place->parent, place->index, value);
	}
}

static void
bend(struct bender *b)
{
	size_t document = dice_roll(&b->dice, (unsigned)b->n_documents);
	const struct place *place;

	b->n_places = 0;
	note_places(b, (struct place){ .value = b->documents[document] });
	place = &b->places[dice_roll(&b->dice, (unsigned)b->n_places)];
	if (place->parent == NULL || dice_roll(&b->dice, 4) != 0)
		put_value(b, document, place, bent_value(b, place));
	else if (place->key != NULL)
		json_object_object_del(place->parent, place->key);
	else
		(void)json_object_array_del_idx(place->parent, place->index, 1);
}

/* Documents with a line end between them; 0 when they don't fit. */
static size_t
write_documents(const struct bender *b, uint8_t *data, size_t max_size)
{
	size_t at = 0;

	for (size_t i = 0; i < b->n_documents; i++) {
		const char *text =
		    json_object_to_json_string_ext(b->documents[i], JSON_C_TO_STRING_PLAIN);
		size_t len = strlen(text);

		if (len + 1 > max_size - at)
			return 0;
		*(uint8_t *)mempcpy(data + at, text, len) = '\n';
		at += len + 1;
	}
	return at;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	static struct bender b;
	size_t written = 0;

	b.dice = dice_of((const uint8_t *)&seed, sizeof(seed));
	b.n_documents = 0;
	if (dice_roll(&b.dice, 2) == 0 && read_documents(&b, (const char *)data, size)) {
		for (unsigned n = 1 + dice_roll(&b.dice, 3); n > 0; n--)
			bend(&b);
		written = write_documents(&b, data, max_size);
	}
	while (b.n_documents > 0)
		json_object_put(b.documents[--b.n_documents]);
	return written > 0 ? written : LLVMFuzzerMutate(data, size, max_size);
}
