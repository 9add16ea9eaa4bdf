/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML text -> a small tree that remembers lines. libyaml parses; this takes the part of YAML that
 * is plain to read: one document of maps, lists and scalars. Anchors, aliases, tags, merge keys,
 * directives, keys that are no text, and keys that are given twice are refused. Knows nothing of
 * rules. */
#ifndef RULEBOOK_YAML_READER_H
#define RULEBOOK_YAML_READER_H

#include "util/arena.h"
#include <stdbool.h>
#include <stddef.h>

enum {
	YAML_READER_SIZE_MAX = 1024 * 1024, /* bytes of a text */
	YAML_READER_DEPTH_MAX = 16,
	YAML_READER_NODES_MAX = 65536,
	YAML_READER_KEYS_MAX = 1024, /* of one map */
	/* bytes of an arena in which every tree fits */
	YAML_READER_MEMORY_MAX = 32 * 1024 * 1024,
};

enum {
	_YAML_READER_E_SUCCESS,
	YAML_READER_E_INVALID,
};

enum yaml_kind {
	YAML_SCALAR,
	YAML_LIST,
	YAML_MAP,
};

enum yaml_style {
	YAML_PLAIN,
	YAML_SINGLE_QUOTED,
	YAML_DOUBLE_QUOTED,
	YAML_BLOCK, /* | or > */
};

struct yaml_node {
	enum yaml_kind kind;
	unsigned line;   /* in which it starts, from 1 */
	const char *key; /* of an entry of a map, else NULL */
	unsigned key_line;
	struct yaml_node *next; /* the next element or entry of the same list or map */

	struct yaml_node *first; /* of a list or map */
	unsigned n;              /* elements or entries */

	enum yaml_style style; /* of a scalar */
	const char *text;      /* UTF-8 without zeros, zero-terminated */
	size_t len;
	const char *source;     /* where its content starts in the text read; NULL: not known */
	const char *source_end; /* end of the text read */
	unsigned source_line, source_column;
};

struct yaml_error {
	unsigned line;    /* 0: not known */
	const char *what; /* static or in the arena */
};

/* 0 with the root, which is NULL where the text holds no document; YAML_READER_E_INVALID with
 * *reterr; or -ENOMEM. Nodes live in the arena, and point into the text. */
int yaml_read(struct yaml_node **ret, struct arena *a, const char *text, size_t len,
    struct yaml_error *reterr);

/* "a map", "a list", "a text" */
const char *node_kind_name(enum yaml_kind kind);
/* The entry of that key in a map, or NULL. */
const struct yaml_node *node_get(const struct yaml_node *map, const char *key);
/* A plain scalar that is empty, ~ or null. */
bool node_is_null(const struct yaml_node *n);

/* Where byte `offset` of a scalar's text stands in the text read: line, and column in bytes, both
 * from 1. False where that can't be told: behind an escape, say. */
bool node_position(
    const struct yaml_node *scalar, size_t offset, unsigned *ret_line, unsigned *ret_column);

#endif
