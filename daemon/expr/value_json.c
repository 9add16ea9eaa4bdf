/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/value.h"

#include "util/json_text.h"
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum {
	DEPTH_MAX = 64,
};

static int from_json(struct value *ret, struct json_object *json, struct arena *a, int depth);

static struct value
from_int(struct json_object *json)
{
	/* json-c keeps what is over INT64_MAX as unsigned, and clips it in get_int64(). */
	if (json_object_get_uint64(json) > INT64_MAX)
		return value_unreadable("an integer over 64 bits");
	return value_int(json_object_get_int64(json));
}

/* 1e3 is an integer, however it is written. 2^53: up to there a double holds each one. */
static struct value
from_double(struct json_object *json)
{
	const double limit = 9007199254740992.0;
	double d = json_object_get_double(json);

	if (!(d >= -limit && d <= limit) || (double)(int64_t)d != d)
		return value_unreadable("a fraction");
	return value_int((int64_t)d);
}

static int
from_string(struct value *ret, struct json_object *json, struct arena *a)
{
	size_t len = (size_t)json_object_get_string_len(json);
	const char *text = arena_strndup(a, json_object_get_string(json), len);

	if (text == NULL)
		return -ENOMEM;
	*ret = value_stringn(text, len);
	return 0;
}

static int
from_array(struct value *ret, struct json_object *json, struct arena *a, int depth)
{
	size_t n = json_object_array_length(json);
	struct value *items = arena_alloc(a, n * sizeof(*items));
	int r;

	if (items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		r = from_json(&items[i], json_object_array_get_idx(json, i), a, depth);
		if (r < 0)
			return r;
	}
	*ret = value_list(items, n);
	return 0;
}

static int
from_object(struct value *ret, struct json_object *json, struct arena *a, int depth)
{
	size_t n = (size_t)json_object_object_length(json), i = 0;
	struct value_entry *entries = arena_alloc(a, n * sizeof(*entries));
	const char *name;
	int r;

	if (entries == NULL)
		return -ENOMEM;
	json_object_object_foreach (json, key, member) {
		name = arena_strdup(a, key);
		if (name == NULL)
			return -ENOMEM;
		entries[i].key = value_string(name);
		r = from_json(&entries[i].value, member, a, depth);
		if (r < 0)
			return r;
		i++;
	}
	*ret = value_map(entries, i);
	return 0;
}

static int
from_json(struct value *ret, struct json_object *json, struct arena *a, int depth)
{
	if (depth > DEPTH_MAX) {
		*ret = value_unreadable("nested too deep");
		return 0;
	}
	switch (json_object_get_type(json)) {
	case json_type_null:
		*ret = value_null();
		return 0;
	case json_type_boolean:
		*ret = value_bool(json_object_get_boolean(json));
		return 0;
	case json_type_int:
		*ret = from_int(json);
		return 0;
	case json_type_double:
		*ret = from_double(json);
		return 0;
	case json_type_string:
		return from_string(ret, json, a);
	case json_type_array:
		return from_array(ret, json, a, depth + 1);
	case json_type_object:
		return from_object(ret, json, a, depth + 1);
	}
	*ret = value_unreadable("not JSON");
	return 0;
}

int
value_from_json(struct value *ret, struct json_object *json, struct arena *a)
{
	return from_json(ret, json, a, 0);
}

/* json-c's null is NULL, so failure needs a channel of its own. */
static int to_json(struct json_object **ret, const struct value *v);

static int
to_array(struct json_object **ret, const struct value *v)
{
	struct json_object *array = json_object_new_array_ext((int)v->len), *item;
	int r = array == NULL ? -ENOMEM : 0;

	for (uint32_t i = 0; r == 0 && i < v->len; i++) {
		r = to_json(&item, &v->items[i]);
		if (r == 0 && json_object_array_add(array, item) < 0) {
			json_object_put(item);
			r = -ENOMEM;
		}
	}
	if (r < 0) {
		json_object_put(array);
		return r;
	}
	*ret = array;
	return 0;
}

/* JSON has string keys alone. */
static const char *
key_text(const struct value *key, char *buffer, size_t size)
{
	if (key->type == VALUE_STRING)
		return key->string;
	if (key->type == VALUE_BOOL)
		return key->boolean ? "true" : "false";
	(void)snprintf(buffer, size, "%" PRIi64, key->integer);
	return buffer;
}

static int
to_object(struct json_object **ret, const struct value *v)
{
	struct json_object *object = json_object_new_object(), *member;
	int r = object == NULL ? -ENOMEM : 0;
	char buffer[24];

	for (uint32_t i = 0; r == 0 && i < v->len; i++) {
		r = to_json(&member, &v->entries[i].value);
		if (r == 0 &&
		    json_object_object_add(
			object, key_text(&v->entries[i].key, buffer, sizeof(buffer)), member) < 0) {
			json_object_put(member);
			r = -ENOMEM;
		}
	}
	if (r < 0) {
		json_object_put(object);
		return r;
	}
	*ret = object;
	return 0;
}

static struct json_object *
unreadable_json(const struct value *v)
{
	struct json_object *object = json_object_new_object();
	struct json_object *reason = json_object_new_string_len(v->string, (int)v->len);

	if (object == NULL || reason == NULL ||
	    json_object_object_add(object, "unreadable", reason) < 0) {
		json_object_put(object);
		json_object_put(reason);
		return NULL;
	}
	return object;
}

static int
to_json(struct json_object **ret, const struct value *v)
{
	struct json_object *json = NULL;

	switch ((enum value_type)v->type) {
	case VALUE_NULL:
	case VALUE_ABSENT:
		*ret = NULL;
		return 0;
	case VALUE_BOOL:
		json = json_object_new_boolean(v->boolean);
		break;
	case VALUE_INT:
		json = json_object_new_int64(v->integer);
		break;
	case VALUE_STRING:
		json = json_object_new_string_len(v->string, (int)v->len);
		break;
	case VALUE_LIST:
		return to_array(ret, v);
	case VALUE_MAP:
		return to_object(ret, v);
	case VALUE_UNREADABLE:
		json = unreadable_json(v);
		break;
	}
	if (json == NULL)
		return -ENOMEM;
	*ret = json;
	return 0;
}

struct json_object *
value_to_json(const struct value *v)
{
	struct json_object *json = NULL;

	return to_json(&json, v) < 0 ? NULL : json;
}

static void
put_entries(struct json_text *t, const struct value *v)
{
	char buffer[24];

	json_text_open(t, '{');
	for (uint32_t i = 0; i < v->len; i++) {
		json_text_key(t, key_text(&v->entries[i].key, buffer, sizeof(buffer)));
		value_put_json(t, &v->entries[i].value);
	}
	json_text_close(t, '}');
}

static void
put_items(struct json_text *t, const struct value *v)
{
	json_text_open(t, '[');
	for (uint32_t i = 0; i < v->len; i++)
		value_put_json(t, &v->items[i]);
	json_text_close(t, ']');
}

static void
put_unreadable(struct json_text *t, const struct value *v)
{
	json_text_open(t, '{');
	json_text_key(t, "unreadable");
	json_text_string(t, v->string, v->len);
	json_text_close(t, '}');
}

static void
put_word(struct json_text *t, const char *word)
{
	json_text_value(t, word, strlen(word));
}

void
value_put_json(struct json_text *t, const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
	case VALUE_ABSENT:
		put_word(t, "null");
		break;
	case VALUE_BOOL:
		put_word(t, v->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		json_text_int(t, v->integer);
		break;
	case VALUE_STRING:
		json_text_string(t, v->string, v->len);
		break;
	case VALUE_LIST:
		put_items(t, v);
		break;
	case VALUE_MAP:
		put_entries(t, v);
		break;
	case VALUE_UNREADABLE:
		put_unreadable(t, v);
		break;
	}
}
