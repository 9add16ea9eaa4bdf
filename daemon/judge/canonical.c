/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/canonical.h"

#include "util/macros.h"
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

struct texts {
	char **items;
	size_t n;
};

static void
texts_deinit(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->items[i]);
	free(t->items);
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once, between brackets. */
static char *
join(struct texts *t, char open, char close)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	if (t->n > 0)
		qsort(t->items, t->n, sizeof(t->items[0]), compare_texts);
	(void)fputc(open, out);
	for (size_t i = 0; i < t->n; i++)
		if (i == 0 || strcmp(t->items[i - 1], t->items[i]) != 0)
			(void)fprintf(out, "%s%s", i == 0 ? "" : ",", t->items[i]);
	(void)fputc(close, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static char *
string_text(const char *string, size_t len)
{
	struct json_object *json = json_object_new_string_len(string, (int)len);
	const char *text;
	char *copy;

	if (json == NULL)
		return NULL;
	text = json_object_to_json_string_ext(
	    json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	copy = text == NULL ? NULL : strdup(text);
	(void)json_object_put(json);
	return copy;
}

static char *
int_text(int64_t number)
{
	char *text;

	return asprintf(&text, "%" PRIi64, number) < 0 ? NULL : text;
}

/* JSON has string keys alone. */
static char *
key_text(const struct value *key)
{
	char number[24];

	if (key->type == VALUE_STRING)
		return string_text(key->string, key->len);
	if (key->type == VALUE_BOOL)
		return strdup(key->boolean ? "\"true\"" : "\"false\"");
	(void)snprintf(number, sizeof(number), "\"%" PRIi64 "\"", key->integer);
	return strdup(number);
}

static char *
entry_text(const struct value_entry *entry)
{
	_cleanup_(freep) char *key = key_text(&entry->key);
	_cleanup_(freep) char *value = canonical_json(&entry->value);
	char *text;

	if (key == NULL || value == NULL || asprintf(&text, "%s:%s", key, value) < 0)
		return NULL;
	return text;
}

static char *
composite_text(const struct value *v)
{
	_cleanup_(texts_deinit) struct texts t = { calloc(v->len + 1, sizeof(char *)), 0 };
	bool list = v->type == VALUE_LIST;

	if (t.items == NULL)
		return NULL;
	for (uint32_t i = 0; i < v->len; i++) {
		t.items[i] = list ? canonical_json(&v->items[i]) : entry_text(&v->entries[i]);
		if (t.items[i] == NULL)
			return NULL;
		t.n++;
	}
	return list ? join(&t, '[', ']') : join(&t, '{', '}');
}

char *
canonical_json(const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
	case VALUE_ABSENT:
		return strdup("null");
	case VALUE_BOOL:
		return strdup(v->boolean ? "true" : "false");
	case VALUE_INT:
		return int_text(v->integer);
	case VALUE_STRING:
		return string_text(v->string, v->len);
	case VALUE_LIST:
	case VALUE_MAP:
		return composite_text(v);
	case VALUE_UNREADABLE:
		/* The reason is said in words that may change. */
		return strdup("{\"unreadable\":true}");
	}
	return NULL;
}
