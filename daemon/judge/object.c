/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/object.h"

#include "expr/value.h"
#include "util/clock.h"
#include "util/json_text.h"
#include "util/utf8.h"
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

struct object
object_begin(void)
{
	struct object o = { .json = json_object_new_object() };

	o.failed = o.json == NULL;
	return o;
}

struct object
object_begin_text(struct json_text *text)
{
	json_text_open(text, '{');
	return (struct object){ .text = text };
}

/* --- members --- */

static void
put_tree(struct json_text *text, struct json_object *value)
{
	const char *line = json_object_to_json_string_ext(
	    value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (line == NULL)
		text->failed = true;
	else
		json_text_value(text, line, strlen(line));
}

static void
put_string(struct json_text *text, const char *string)
{
	json_text_string(text, string, strlen(string));
}

static void
add(struct object *o, const char *key, struct json_object *value, unsigned how)
{
	if (o->text != NULL) {
		json_text_key(o->text, key);
		put_tree(o->text, value);
	} else if (!o->failed && json_object_object_add_ex(o->json, key, value, how) == 0) {
		return;
	} else {
		o->failed = true;
	}
	json_object_put(value);
}

static void
add_new(struct object *o, const char *key, struct json_object *value)
{
	add(o, key, value, JSON_C_OBJECT_ADD_CONSTANT_KEY | JSON_C_OBJECT_ADD_KEY_IS_NEW);
}

void
object_add(struct object *o, const char *key, struct json_object *value)
{
	if (value == NULL)
		o->failed = true;
	else
		add_new(o, key, value);
}

void
object_borrowed(struct object *o, const char *key, struct json_object *value)
{
	add(o, key, json_object_get(value), 0);
}

void
object_null(struct object *o, const char *key)
{
	add_new(o, key, NULL);
}

static void
add_string(struct object *o, const char *key, const char *text)
{
	if (o->text != NULL) {
		json_text_key(o->text, key);
		put_string(o->text, text);
	} else {
		object_add(o, key, json_object_new_string(text));
	}
}

/* A path is bytes of somebody else's choosing, and JSON is text. */
void
object_string(struct object *o, const char *key, const char *text)
{
	_cleanup_(freep) char *copy = NULL;

	if (text == NULL)
		object_null(o, key);
	else if ((text = utf8_text(text, &copy)) != NULL)
		add_string(o, key, text);
	else
		o->failed = true;
}

void
object_int(struct object *o, const char *key, int64_t number)
{
	if (o->text != NULL) {
		json_text_key(o->text, key);
		json_text_int(o->text, number);
	} else {
		object_add(o, key, json_object_new_int64(number));
	}
}

void
object_bool(struct object *o, const char *key, bool yes)
{
	object_value(o, key, &(struct value){ .type = VALUE_BOOL, .boolean = yes });
}

void
object_ms(struct object *o, const char *key, double ms)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%.3f", ms);
	object_add(o, key, json_object_new_double_s(ms, text));
}

void
object_time(struct object *o, const char *key, int64_t realtime_ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (realtime_ms == 0) {
		object_null(o, key);
		return;
	}
	clock_text(realtime_ms, text);
	object_string(o, key, text);
}

void
object_value(struct object *o, const char *key, const struct value *v)
{
	if (o->text != NULL) {
		json_text_key(o->text, key);
		value_put_json(o->text, v);
	} else if (v->type == VALUE_NULL || v->type == VALUE_ABSENT) {
		object_null(o, key);
	} else {
		object_add(o, key, value_to_json(v));
	}
}

/* --- what is within --- */

/* A tree belongs to what it is in at once. */
static struct object
open_member(struct object *in, const char *key, char bracket)
{
	struct object o = { .text = in->text };

	if (o.text != NULL) {
		json_text_key(o.text, key);
		json_text_open(o.text, bracket);
		return o;
	}
	o.json = bracket == '{' ? json_object_new_object() : json_object_new_array();
	object_add(in, key, o.json);
	return in->failed ? (struct object){ .failed = true } : o;
}

struct object
object_open(struct object *in, const char *key)
{
	return open_member(in, key, '{');
}

struct object
object_open_list(struct object *in, const char *key)
{
	return open_member(in, key, '[');
}

struct object
object_open_item(struct object *list)
{
	struct object o = { .text = list->text };

	if (o.text != NULL) {
		json_text_open(o.text, '{');
		return o;
	}
	o.json = list->failed ? NULL : json_object_new_object();
	if (list->failed || array_add(list->json, o.json) < 0)
		return (struct object){ .failed = true };
	return o;
}

static void
close_within(struct object *o, struct object *in, char bracket)
{
	if (o->text != NULL)
		json_text_close(o->text, bracket);
	in->failed |= o->failed;
}

void
object_close(struct object *o, struct object *in)
{
	close_within(o, in, '}');
}

void
object_close_list(struct object *list, struct object *in)
{
	close_within(list, in, ']');
}

struct json_object *
object_end(struct object *o)
{
	if (o->text != NULL) {
		json_text_close(o->text, '}');
		o->text->failed |= o->failed;
	} else if (o->failed) {
		json_object_put(o->json);
		o->json = NULL;
	}
	return o->json;
}

int
array_add(struct json_object *array, struct json_object *item)
{
	if (item == NULL)
		return -ENOMEM;
	if (json_object_array_add(array, item) == 0)
		return 0;
	json_object_put(item);
	return -ENOMEM;
}
