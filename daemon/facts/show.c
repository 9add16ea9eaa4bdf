/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/facts.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

/* Adds a reference that it owns from here on, and drops both when it can't. */
static struct json_object *
with_member(struct json_object *object, const char *key, struct json_object *member)
{
	if (object != NULL && member != NULL && json_object_object_add(object, key, member) == 0)
		return object;
	json_object_put(object);
	json_object_put(member);
	return NULL;
}

static struct json_object *
show_count(const struct value *v)
{
	struct json_object *object = json_object_new_object();

	if (v->type != VALUE_LIST && v->type != VALUE_MAP)
		return with_member(object, "hidden", json_object_new_boolean(true));
	object = with_member(object, "count", json_object_new_int64(v->len));
	if (object != NULL && v->cut)
		object = with_member(object, "cut", json_object_new_boolean(true));
	return object;
}

/* The k of "k=v"; the whole of what has no value. */
static struct json_object *
name_of(const struct value *v)
{
	const char *equals;

	if (v->type != VALUE_STRING)
		return json_object_new_string("(hidden)");
	equals = memchr(v->string, '=', v->len);
	return json_object_new_string_len(
	    v->string, equals == NULL ? (int)v->len : (int)(equals - v->string));
}

static struct json_object *
show_names(const struct value *v)
{
	struct json_object *array, *name;

	if (v->type != VALUE_LIST && v->type != VALUE_MAP)
		return name_of(v);
	array = json_object_new_array();
	if (array == NULL)
		return NULL;
	for (uint32_t i = 0; i < v->len; i++) {
		name = v->type == VALUE_LIST ? name_of(&v->items[i])
					     : value_to_json(&v->entries[i].key);
		if (name == NULL || json_object_array_add(array, name) < 0) {
			json_object_put(name);
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}

static struct json_object *
show_mode(int64_t mode)
{
	char text[sizeof("01777777777777777777777")];

	(void)snprintf(text, sizeof(text), "0%03llo", (unsigned long long)mode);
	return json_object_new_string(text);
}

struct json_object *
fact_show(enum fact_id fact, const struct value *v)
{
	unsigned flags = fact_table[fact].flags;

	if (v->type == VALUE_NULL || v->type == VALUE_ABSENT || v->type == VALUE_UNREADABLE)
		return value_to_json(v);
	if (flags & FACT_COUNT_ONLY)
		return show_count(v);
	if (flags & FACT_NAME_ONLY)
		return show_names(v);
	if ((flags & FACT_OCTAL) && v->type == VALUE_INT)
		return show_mode(v->integer);
	return value_to_json(v);
}
