/* SPDX-License-Identifier: Apache-2.0
 *
 * A JSON object in the making: what runs out of memory on the way is noticed at the end. */
#ifndef JUDGE_OBJECT_H
#define JUDGE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

struct object {
	struct json_object *json;
	bool failed;
};

struct object object_begin(void);
/* Keys are static text, each given once. Takes the value; NULL is a failure. */
void object_add(struct object *o, const char *key, struct json_object *value);
/* Copies the key and refers to the value, which may be JSON's null. */
void object_borrowed(struct object *o, const char *key, struct json_object *value);
void object_string(struct object *o, const char *key, const char *text); /* NULL: JSON's null */
void object_int(struct object *o, const char *key, int64_t number);
void object_bool(struct object *o, const char *key, bool yes);
void object_null(struct object *o, const char *key);
/* Milliseconds with three decimals. */
void object_ms(struct object *o, const char *key, double ms);
/* A moment, CLOCK_REALTIME; 0: JSON's null. */
void object_time(struct object *o, const char *key, int64_t realtime_ms);
/* The object, the caller's; NULL when out of memory. */
struct json_object *object_end(struct object *o);

/* Appends, taking the item; NULL is a failure. 0 or -ENOMEM. */
int array_add(struct json_object *array, struct json_object *item);

#endif
