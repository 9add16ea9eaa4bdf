/* SPDX-License-Identifier: Apache-2.0
 *
 * What builders share: typed values taken out of a JSON document, by tables. Whatever isn't as
 * asked comes out unreadable, with its path; so does what no memory is left for in the draft, so
 * that one fact of enormous size spoils itself and not its topic. Nothing here fails otherwise. */
#ifndef FACTS_READ_H
#define FACTS_READ_H

#include "facts/facts.h"
#include <json-c/json.h>

enum read_flags {
	READ_MISSING_IS_EMPTY = 1 << 0, /* the API leaves it out when it is empty */
	READ_NULL_IS_EMPTY = 1 << 1,    /* null is its way to write empty, or not set */
};

/* Takes what stands at `path` ("HostConfig.Privileged"; no dots within names). Empty is false, 0,
 * "", no element. */
typedef struct value read_fn(
    struct arena *a, struct json_object *doc, const char *path, unsigned flags);
read_fn read_bool, read_int, read_string;
read_fn read_strings; /* a list of strings */
read_fn read_names;   /* names of an object's members, as a list */
read_fn read_count;   /* elements of a list, as an int */
read_fn read_map;     /* an object as it is */

struct read_field {
	enum fact_id fact;
	const char *path;
	read_fn *read;
	unsigned flags;
};

/* Sets a fact for each field. */
void read_fields(
    struct draft *d, struct json_object *doc, const struct read_field *fields, size_t n);

enum {
	READ_MEMBERS_MAX = 16, /* fields of a record; asserted by a test */
};

/* A list of records: `members` say where in each element the record's fields are, in the order of
 * the record's type. */
struct read_member {
	const char *path;
	read_fn *read;
	unsigned flags;
};
struct value read_records(struct arena *a, struct json_object *doc, const char *path,
    unsigned flags, const struct type *record, const struct read_member *members);

/* Finds what stands at `path` and is of that type: *ret when found; when empty, the empty value is
 * meant; else *why is the unreadable value. */
enum read_outcome { READ_FOUND, READ_EMPTY, READ_UNREADABLE };
enum read_outcome read_find(struct arena *a, struct json_object *doc, const char *path,
    json_type want, unsigned flags, struct json_object **ret, struct value *why);

/* A record out of its fields' values, in the order of its type. */
struct value record_make(struct arena *a, const struct type *record, const struct value *fields);

/* A list in the making, of at most BUILD_LIST_MAX elements; then it is cut. */
struct list_draft {
	struct arena *arena;
	struct value *items;
	size_t n, room;
	bool cut;
	struct value trouble; /* unreadable once an element was, or when memory is out */
};
void list_add(struct list_draft *l, struct value item);
struct value list_finish(const struct list_draft *l);

/* A copy as a string; bytes that are no UTF-8 become U+FFFD. */
struct value read_text(struct arena *a, const char *text, size_t len);
/* An unreadable value whose reason is made to measure. */
struct value unreadable_printf(struct arena *a, const char *format, ...) _printf_(2, 3);

/* The member of that name, whatever it is; NULL when it is missing, null or `doc` is no object. */
struct json_object *read_member_of(struct json_object *doc, const char *name);

#endif
