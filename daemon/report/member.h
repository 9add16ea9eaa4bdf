/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and writing JSON documents of ours. Reading: a path of names, "subject/name", leads to a
 * member; what is missing or of another type reads as nothing, so that a document of a newer daemon
 * never breaks a command. Writing: a member at a time, which owns its value at once. Knows nothing
 * of what the documents mean. */
#ifndef REPORT_MEMBER_H
#define REPORT_MEMBER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* Borrowed; NULL: no such member, or JSON's null. */
struct json_object *member(struct json_object *object, const char *path);
/* The text of a string member; "" for what is none. */
const char *member_text(struct json_object *object, const char *path);
int64_t member_int(struct json_object *object, const char *path); /* 0: none */
bool member_true(struct json_object *object, const char *path);
/* The elements of an array; 0: none. */
size_t member_count(struct json_object *object, const char *path);
/* The text of one that is a string; "" for what is none. */
const char *member_text_at(struct json_object *object, const char *path, size_t i);

/* The first reference of a finding: the entry of the leading benchmark, or NULL. *ret_benchmark
 * (may be NULL) gets its name. */
struct json_object *member_first_ref(struct json_object *finding, const char **ret_benchmark);

/* Adds a member. `value` is consumed, whatever happens; NULL means that it could not be made. 0 or
 * -ENOMEM. */
int member_put(struct json_object *object, const char *name, struct json_object *value);
int member_put_text(struct json_object *object, const char *name, const char *text); /* NULL: "" */
int member_put_int(struct json_object *object, const char *name, int64_t number);
int member_put_true(struct json_object *object, const char *name, bool truth);
/* A number of seconds with three decimals. */
int member_put_seconds(struct json_object *object, const char *name, int64_t ms);
int member_put_time(struct json_object *object, const char *name, int64_t realtime_ms);
/* Adds an element, as member_put() does. */
int member_append(struct json_object *list, struct json_object *value);
/* Frees what could not be completed: NULL where `r` isn't 0, else the object. */
struct json_object *member_done(struct json_object *object, int r);

/* One line, without escaped slashes. Borrowed from the object, until it changes. */
const char *member_line(struct json_object *object);

#endif
