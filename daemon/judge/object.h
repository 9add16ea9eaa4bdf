/* SPDX-License-Identifier: Apache-2.0
 *
 * A JSON object in the making: what runs out of memory on the way is noticed at the end. It becomes
 * a tree, to be looked into and changed, or is written as text at once, which costs a tenth; what
 * makes one doesn't know which. */
#ifndef JUDGE_OBJECT_H
#define JUDGE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;
struct json_text;
struct value;

struct object {
	struct json_object *json; /* the tree */
	struct json_text *text;   /* or where it is written to; NULL: a tree it is */
	bool failed;
};

struct object object_begin(void);
/* Borrows the text until the end. */
struct object object_begin_text(struct json_text *text);

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
/* As value_to_json() has it. */
void object_value(struct object *o, const char *key, const struct value *v);

/* An object, or a list, within another object; an object within a list. To be closed before more is
 * added to what it is in. */
struct object object_open(struct object *in, const char *key);
struct object object_open_list(struct object *in, const char *key);
struct object object_open_item(struct object *list);
void object_close(struct object *o, struct object *in);
void object_close_list(struct object *list, struct object *in);

/* The tree, the caller's; NULL when out of memory, and of a text, which holds all of it now. */
struct json_object *object_end(struct object *o);

/* Appends, taking the item; NULL is a failure. 0 or -ENOMEM. */
int array_add(struct json_object *array, struct json_object *item);

#endif
