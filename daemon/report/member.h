/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading JSON documents of ours: a path of names, "subject/name", leads to a member. What is
 * missing or of another type reads as nothing, so that a document of a newer daemon never breaks a
 * command. Knows nothing of what the documents mean. */
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

/* The first reference of a finding: the entry of the leading benchmark, or NULL. *ret_benchmark
 * (may be NULL) gets its name. */
struct json_object *member_first_ref(struct json_object *finding, const char **ret_benchmark);

/* One line, without escaped slashes. Borrowed from the object, until it changes. */
const char *member_line(struct json_object *object);

#endif
