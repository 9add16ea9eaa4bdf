/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of the rule language, and of facts. A value is immutable; what it points to lives in an
 * arena or is static. Two types exist for facts alone: absent (by nature: a stopped container has
 * no process) and unreadable (could not look, with the reason). Reading either is an error in an
 * expression; has() of absent is false, has() of unreadable is an error. So no path leads from
 * "could not look" to "pass". */
#ifndef EXPR_VALUE_H
#define EXPR_VALUE_H

#include "util/arena.h"
#include <stdbool.h>
#include <stdint.h>

struct json_object;
struct json_text;

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_STRING,
	VALUE_LIST,
	VALUE_MAP,
	VALUE_ABSENT,
	VALUE_UNREADABLE, /* `string` is the reason */
};

struct value {
	uint8_t type; /* enum value_type */
	bool cut;     /* a list or map that was cut at a limit: what lies beyond is unreadable */
	uint32_t len; /* bytes of a string without its zero, elements of a list, entries of a map */
	union {
		bool boolean;
		int64_t integer;
		const char *string; /* UTF-8, zero-terminated; may hold zeros inside `len` */
		const struct value *items;
		const struct value_entry *entries; /* in the order in which they came */
	};
};

struct value_entry {
	struct value key; /* bool, int or string */
	struct value value;
};

struct value value_null(void);
struct value value_bool(bool b);
struct value value_int(int64_t i);
struct value value_string(const char *text);              /* borrows */
struct value value_stringn(const char *text, size_t len); /* borrows */
struct value value_list(const struct value *items, size_t n);
struct value value_map(const struct value_entry *entries, size_t n);
struct value value_absent(void);
struct value value_unreadable(const char *reason); /* borrows */

const char *value_type_name(enum value_type type); /* "bool", "list", "unreadable" ... */

/* The entry of a string key in a map, or NULL; NULL as well when `map` is no map. */
const struct value *value_get(const struct value *map, const char *key);
/* The same for any key. */
const struct value *value_lookup(const struct value *map, const struct value *key);

/* Same type and same content; maps whatever their order. Absent equals absent, unreadable equals
 * unreadable whatever the reason, a cut list equals none that isn't cut. Used to see whether a fact
 * changed. */
bool value_same(const struct value *a, const struct value *b);

/* 64 bits that differ when value_same() says no (but for chance), equal when it says yes. A list
 * marked `as_set` hashes alike in any order, and so do the lists in it. Mixes into `seed`. The same
 * on every machine. */
uint64_t value_hash(const struct value *v, uint64_t seed, bool as_set);

/* Deep copy into `a`; 0 or -ENOMEM. */
int value_copy(struct value *ret, const struct value *v, struct arena *a);

/* From and to JSON. A fraction becomes unreadable ("a fraction"); an integer over 64 bits and depth
 * over 64 do too. Absent is null, unreadable is {"unreadable": reason}. value_to_json() returns a
 * new reference; NULL is json-c's null, and what is left when out of memory. value_from_json()
 * returns 0 or -ENOMEM; strings are copied. */
int value_from_json(struct value *ret, struct json_object *json, struct arena *a);
struct json_object *value_to_json(const struct value *v);
/* The same, written at once. */
void value_put_json(struct json_text *t, const struct value *v);

#endif
