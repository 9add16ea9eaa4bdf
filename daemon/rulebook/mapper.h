/* SPDX-License-Identifier: Apache-2.0
 *
 * A map of a YAML file -> a struct, by a table of keys. A key that isn't in the table is refused,
 * with the nearest one that is; one that is required and missing too. */
#ifndef RULEBOOK_MAPPER_H
#define RULEBOOK_MAPPER_H

#include "rulebook/loading.h"

struct key;

/* Takes the value of a key into `target`, which is the member at the key's offset. */
typedef int key_fn(
    struct loading *l, const struct yaml_node *value, const struct key *key, void *target);

struct key {
	const char *name;
	key_fn *take;
	size_t offset;
	bool required;
	const void *more;  /* what `take` needs to know */
	uint64_t min, max; /* of numbers */
};

struct keys {
	const char *what; /* "a rule" */
	const struct key *keys;
	size_t n;
};

#define KEYS(what, table)                      \
	{                                      \
		what, table, ARRAY_SIZE(table) \
	}

int map_take(struct loading *l, const struct yaml_node *map, const struct keys *keys, void *target);

key_fn take_text;     /* const char *: not empty, blanks at its end cut off */
key_fn take_node;     /* const struct yaml_node *: for later, while the file is at hand */
key_fn take_choice;   /* int: index into `more`, names ended by NULL */
key_fn take_bool;     /* bool */
key_fn take_number;   /* unsigned */
key_fn take_duration; /* unsigned, seconds */
key_fn take_interval; /* the same; "off" is 0 */
key_fn take_size;     /* uint64_t, bytes */
key_fn take_map;      /* `more` is struct keys, for the same struct: offsets count from `target` */

/* These return 0, LOADING_E_REFUSED after a complaint, or -ENOMEM. `what` names the node in it:
 * "`rules`". */
int node_expect(
    struct loading *l, const struct yaml_node *n, enum yaml_kind kind, const char *what);
/* A text that says something, copied into the rulebook's arena. */
int text_of_node(struct loading *l, const struct yaml_node *n, const char *what, const char **ret);
/* A list of such texts, ended by NULL. */
int texts_of_node(
    struct loading *l, const struct yaml_node *list, const char *what, const char *const **ret);
/* The value of that type which the node writes down. Where the type is dyn, plain true, false, null
 * and integers are what they look like, and all else is text. */
int value_of_node(struct loading *l, const struct yaml_node *n, const struct type *type,
    const char *what, struct value *ret);

#endif
