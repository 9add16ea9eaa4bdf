/* SPDX-License-Identifier: Apache-2.0
 *
 * json-c's objects: cleanup, for _cleanup_(), and members that are handed over. */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <errno.h>
#include <json-c/json.h>

static inline void
json_putp(struct json_object **json)
{
	(void)json_object_put(*json);
}

/* Takes the value; NULL: there was no memory for it. 0 or -ENOMEM. */
static inline int
json_add(struct json_object *object, const char *name, struct json_object *value)
{
	if (value != NULL && json_object_object_add(object, name, value) == 0)
		return 0;
	(void)json_object_put(value);
	return -ENOMEM;
}

#endif
