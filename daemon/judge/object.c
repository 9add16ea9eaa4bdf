/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/object.h"

#include "util/clock.h"
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>

struct object
object_begin(void)
{
	struct object o = { .json = json_object_new_object() };

	o.failed = o.json == NULL;
	return o;
}

static void
add(struct object *o, const char *key, struct json_object *value)
{
	const unsigned how = JSON_C_OBJECT_ADD_CONSTANT_KEY | JSON_C_OBJECT_ADD_KEY_IS_NEW;

	if (!o->failed && json_object_object_add_ex(o->json, key, value, how) == 0)
		return;
	json_object_put(value);
	o->failed = true;
}

void
object_add(struct object *o, const char *key, struct json_object *value)
{
	if (value == NULL)
		o->failed = true;
	else
		add(o, key, value);
}

void
object_borrowed(struct object *o, const char *key, struct json_object *value)
{
	struct json_object *more = json_object_get(value);

	if (!o->failed && json_object_object_add(o->json, key, more) == 0)
		return;
	json_object_put(more);
	o->failed = true;
}

void
object_null(struct object *o, const char *key)
{
	add(o, key, NULL);
}

void
object_string(struct object *o, const char *key, const char *text)
{
	if (text == NULL)
		object_null(o, key);
	else
		object_add(o, key, json_object_new_string(text));
}

void
object_int(struct object *o, const char *key, int64_t number)
{
	object_add(o, key, json_object_new_int64(number));
}

void
object_bool(struct object *o, const char *key, bool yes)
{
	object_add(o, key, json_object_new_boolean(yes));
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

struct json_object *
object_end(struct object *o)
{
	if (o->failed) {
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
