/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests of builders share: recorded documents, facts as JSON text, and what comes of a
 * document when something in it is taken away or bent. */
#ifndef FACTS_TEST_H
#define FACTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/build.h"
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Engines whose replies are recorded, the oldest first. */
static const char *const engines[] = { "20.10", "26.1", "28.5" };

/* tests/data/docker-ENGINE/NAME. */
static inline void
recorded_path(const char *engine, const char *name, char *ret, size_t size)
{
	const char *source = getenv("PLIMSOLL_SOURCE");

	(void)snprintf(
	    ret, size, "%s/tests/data/docker-%s/%s", source == NULL ? "." : source, engine, name);
}

static inline struct json_object *
recorded_by(const char *engine, const char *name)
{
	struct json_object *json;
	char path[4096];

	recorded_path(engine, name, path, sizeof(path));
	json = json_object_from_file(path);
	if (json == NULL)
		fail_msg("%s: %s", path, json_util_get_last_err());
	return json;
}

static inline struct json_object *
recorded(const char *name)
{
	return recorded_by(engines[0], name);
}

/* A value as compact JSON, unreadable and absent as such. Valid until the next call but three. */
static inline const char *
value_text(const struct value *v)
{
	static char texts[4][8192];
	static unsigned turn;
	char *text = texts[turn++ % 4];
	struct json_object *json;

	if (v->type == VALUE_ABSENT)
		return "absent";
	json = value_to_json(v);
	(void)snprintf(text, sizeof(texts[0]), "%s%s",
	    json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
	    v->type == VALUE_LIST && v->cut ? " cut" : "");
	json_object_put(json);
	return text;
}

static inline void
assert_fact(const struct snapshot *s, enum fact_id fact, const char *want)
{
	const char *text = value_text(snapshot_get(s, fact));

	if (strcmp(text, want) != 0)
		fail_msg("%s is %s, not %s", fact_table[fact].path, text, want);
}

static inline void
assert_unreadable(const struct snapshot *s, enum fact_id fact, const char *part)
{
	const struct value *v = snapshot_get(s, fact);

	if (v->type != VALUE_UNREADABLE || strstr(v->string, part) == NULL)
		fail_msg("%s is %s, not unreadable for \"%s\"", fact_table[fact].path,
		    value_text(v), part);
}

static inline void
assert_types_hold(const struct snapshot *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct fact *f = &fact_table[topic_first_fact(s->topic) + i];

		if (!type_holds(f->type, &s->values[i]))
			fail_msg("%s is %s, not a %s", f->path, value_text(&s->values[i]),
			    f->type->name);
	}
}

enum bend { BEND_REMOVE, BEND_NULL, BEND_TYPE, _BENDS };

static inline struct json_object *
of_another_type(struct json_object *json)
{
	switch (json_object_get_type(json)) {
	case json_type_string:
		return json_object_new_int(7);
	case json_type_boolean:
		return json_object_new_string("true");
	case json_type_int:
		return json_object_new_string("7");
	case json_type_array:
		return json_object_new_object();
	case json_type_object:
		return json_object_new_array();
	case json_type_null:
	case json_type_double:
		break;
	}
	return json_object_new_double(0.5);
}

/* Bends the member that *left counts down to, depth first, and writes where it is. */
static inline bool
bend_nth(struct json_object *json, unsigned *left, enum bend how, char *where, size_t room)
{
	size_t n = 0;

	if (json_object_is_type(json, json_type_object)) {
		json_object_object_foreach (json, key, member) {
			n = (size_t)snprintf(where, room, ".%s", key);
			if ((*left)-- == 0) {
				if (how == BEND_REMOVE)
					json_object_object_del(json, key);
				else
					json_object_object_add(json, key,
					    how == BEND_NULL ? NULL : of_another_type(member));
				return true;
			}
			if (bend_nth(member, left, how, where + n, room - n))
				return true;
		}
	} else if (json_object_is_type(json, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(json); i++) {
			struct json_object *item = json_object_array_get_idx(json, i);

			n = (size_t)snprintf(where, room, "[%zu]", i);
			if ((*left)-- == 0) {
				if (how == BEND_REMOVE)
					json_object_array_del_idx(json, i, 1);
				else
					json_object_array_put_idx(json, i,
					    how == BEND_NULL ? NULL : of_another_type(item));
				return true;
			}
			if (bend_nth(item, left, how, where + n, room - n))
				return true;
		}
	}
	return false;
}

/* Calls `check` with each way to bend each member of a document. */
static inline unsigned
bend_each(struct json_object *doc,
    void (*check)(struct json_object *bent, enum bend how, const char *where, void *context),
    void *context)
{
	unsigned bent_ones = 0;

	for (enum bend how = 0; how < _BENDS; how++) {
		for (unsigned nth = 0;; nth++) {
			struct json_object *copy = NULL;
			char where[1024] = "";
			unsigned left = nth;

			assert_int_equal(json_object_deep_copy(doc, &copy, NULL), 0);
			if (!bend_nth(copy, &left, how, where, sizeof(where))) {
				json_object_put(copy);
				break;
			}
			check(copy, how, where, context);
			json_object_put(copy);
			bent_ones++;
		}
	}
	return bent_ones;
}

#endif
