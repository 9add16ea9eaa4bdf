/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON written as text, a piece at a time, without a tree of it: for documents of many thousand
 * values. Commas are put where they belong; that what is opened is closed, and that a member has a
 * key, is the caller's to see to. Running out of memory is noted and asked about at the end. */
#ifndef UTIL_JSON_TEXT_H
#define UTIL_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct json_text {
	char *bytes; /* not terminated */
	size_t len, room;
	bool comma;  /* one goes before the next value */
	bool failed; /* out of memory: what is there is not whole */
};

void json_text_deinit(struct json_text *t);
/* The whole text, terminated, the caller's; NULL when out of memory. Leaves it empty. */
char *json_text_take(struct json_text *t);
/* Empties it, for more of the same document: what was opened stays open. */
void json_text_clear(struct json_text *t);

void json_text_open(struct json_text *t, char bracket); /* '{' or '[' */
void json_text_close(struct json_text *t, char bracket);
void json_text_key(struct json_text *t, const char *key);
void json_text_string(struct json_text *t, const char *text, size_t len); /* UTF-8 */
void json_text_int(struct json_text *t, int64_t number);
/* A value that is JSON already: null, true, a number, a document. */
void json_text_value(struct json_text *t, const char *json, size_t len);
/* The next value begins a line. */
void json_text_line(struct json_text *t);
/* As it is, in the middle of whatever. */
void json_text_raw(struct json_text *t, const char *text, size_t len);

#endif
