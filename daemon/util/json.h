/* SPDX-License-Identifier: Apache-2.0
 *
 * Cleanup of json-c's objects, for _cleanup_(). */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <json-c/json.h>

static inline void
json_putp(struct json_object **json)
{
	(void)json_object_put(*json);
}

#endif
