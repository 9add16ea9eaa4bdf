/* SPDX-License-Identifier: Apache-2.0
 *
 * Types as the checker knows them. All are static or live in the arena of the expression that they
 * were derived for. A record is a map whose keys are known: `mount.source` is checked at load. */
#ifndef EXPR_TYPE_H
#define EXPR_TYPE_H

#include <stdbool.h>

struct value;

enum type_kind {
	TYPE_DYN, /* known at evaluation alone */
	TYPE_NULL,
	TYPE_BOOL,
	TYPE_INT,
	TYPE_STRING,
	TYPE_LIST,   /* of `elem` */
	TYPE_MAP,    /* from string to `elem` */
	TYPE_RECORD, /* `fields`, ended by a NULL name */
};

struct type {
	enum type_kind kind;
	const char *name; /* for messages: "list(string)", "mount" */
	const struct type *elem;
	const struct type_field *fields;
};

struct type_field {
	const char *name;
	const struct type *type;
	const char *doc; /* for the man page; NULL in derived types */
};

extern const struct type type_dyn, type_null, type_bool, type_int, type_string;
extern const struct type type_list_string, type_list_int, type_list_dyn, type_map_dyn;

/* May the two meet, in a comparison or where the one is asked for and the other given? Dyn meets
 * all, also inside. */
bool type_meets(const struct type *a, const struct type *b);
/* The field of a record, or NULL. */
const struct type_field *type_field_find(const struct type *record, const char *name);
/* Is the value of that type? Absent and unreadable values are, of any. */
bool type_holds(const struct type *t, const struct value *v);

#endif
