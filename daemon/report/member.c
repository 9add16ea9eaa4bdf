/* SPDX-License-Identifier: Apache-2.0 */
#include "report/member.h"
#include "util/clock.h"
#include "util/json.h"
#include "util/macros.h"
#include "util/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct json_object *
member(struct json_object *object, const char *path)
{
	char name[64];

	while (object != NULL && *path != '\0') {
		size_t len = strcspn(path, "/");

		if (len >= sizeof(name) || !json_object_is_type(object, json_type_object))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		object = json_object_object_get(object, name);
		path += len + (path[len] == '/');
	}
	return object;
}

const char *
member_text(struct json_object *object, const char *path)
{
	struct json_object *m = member(object, path);

	return json_object_is_type(m, json_type_string) ? json_object_get_string(m) : "";
}

int64_t
member_int(struct json_object *object, const char *path)
{
	struct json_object *m = member(object, path);

	return json_object_is_type(m, json_type_int) ? json_object_get_int64(m) : 0;
}

bool
member_true(struct json_object *object, const char *path)
{
	struct json_object *m = member(object, path);

	return json_object_is_type(m, json_type_boolean) && json_object_get_boolean(m);
}

size_t
member_count(struct json_object *object, const char *path)
{
	struct json_object *m = member(object, path);

	return json_object_is_type(m, json_type_array) ? json_object_array_length(m) : 0;
}

const char *
member_text_at(struct json_object *object, const char *path, size_t i)
{
	struct json_object *m = NULL;

	if (i < member_count(object, path))
		m = json_object_array_get_idx(member(object, path), i);
	return json_object_is_type(m, json_type_string) ? json_object_get_string(m) : "";
}

struct json_object *
member_first_ref(struct json_object *finding, const char **ret_benchmark)
{
	struct json_object *refs = member(finding, "refs");

	if (!json_object_is_type(refs, json_type_object))
		return NULL;
	json_object_object_foreach (refs, benchmark, ref) {
		if (ret_benchmark != NULL)
			*ret_benchmark = benchmark;
		return ref;
	}
	return NULL;
}

int
member_put(struct json_object *object, const char *name, struct json_object *value)
{
	return json_add(object, name, value);
}

int
member_put_text(struct json_object *object, const char *name, const char *text)
{
	_cleanup_(freep) char *copy = NULL;

	text = utf8_text(text == NULL ? "" : text, &copy);
	return member_put(object, name, text == NULL ? NULL : json_object_new_string(text));
}

int
member_put_int(struct json_object *object, const char *name, int64_t number)
{
	return member_put(object, name, json_object_new_int64(number));
}

int
member_put_true(struct json_object *object, const char *name, bool truth)
{
	return member_put(object, name, json_object_new_boolean(truth));
}

int
member_put_seconds(struct json_object *object, const char *name, int64_t ms)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIi64 ".%03" PRIi64, ms / 1000, ms % 1000);
	return member_put(object, name, json_object_new_double_s((double)ms / 1000, text));
}

int
member_put_time(struct json_object *object, const char *name, int64_t realtime_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(realtime_ms, text);
	return member_put_text(object, name, text);
}

int
member_append(struct json_object *list, struct json_object *value)
{
	if (value != NULL && json_object_array_add(list, value) == 0)
		return 0;
	(void)json_object_put(value);
	return -ENOMEM;
}

struct json_object *
member_done(struct json_object *object, int r)
{
	if (r == 0)
		return object;
	(void)json_object_put(object);
	return NULL;
}

const char *
member_line(struct json_object *object)
{
	const char *line = json_object_to_json_string_ext(
	    object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	return line == NULL ? "null" : line;
}
