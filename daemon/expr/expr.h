/* SPDX-License-Identifier: Apache-2.0
 *
 * The rule language: a strict subset of CEL (see the specification of the Common Expression
 * Language). This header is all that others see of it. No I/O and no event loop; names come in by
 * `struct expr_names`, values by `struct expr_input`. An expression is immutable once checked and
 * may be evaluated any number of times.
 *
 * Errors: messages are "LINE:COLUMN: what" for texts that don't parse or check, both counted from
 * 1, columns in bytes. */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include "expr/type.h"
#include "expr/value.h"
#include "util/arena.h"

struct expr;

enum {
	_EXPR_E_SUCCESS,
	EXPR_E_INVALID, /* doesn't parse, or doesn't check: the message says where and why */
};

enum {
	EXPR_TEXT_MAX = 16 * 1024,     /* bytes of an expression's text */
	EXPR_DEPTH_MAX = 64,           /* nesting */
	EXPR_NODES_MAX = 4096,         /* nodes of the tree */
	EXPR_STEPS_MAX = 1000 * 1000,  /* steps of one evaluation: then an error */
	EXPR_MEMORY_MAX = 1024 * 1024, /* bytes of the arena of one evaluation */
};

/* What the checker knows of names. `resolve` gets a dotted path ("container.mounts") and returns
 * true with the name's id and type if it is a name. The checker tries the longest path of a chain
 * of selections first, as CEL does. */
struct expr_names {
	bool (*resolve)(const struct expr_names *names, const char *path, size_t len,
	    unsigned *ret_id, const struct type **ret_type);
	/* The name nearest to a mistyped one, for "did you mean", or NULL. May be NULL itself. */
	const char *(*nearest)(const struct expr_names *names, const char *path, size_t len);
	/* Why what is a name elsewhere isn't one here ("is a fact of containers"), or NULL. May be
	 * NULL itself. */
	const char *(*elsewhere)(const struct expr_names *names, const char *path, size_t len);
};

/* What an evaluation reads. `fact` returns the borrowed value of the name with that id, never NULL.
 * An expression that was only parsed looks its names up in `vars`, a map from name to value (NULL:
 * no names at all). */
struct expr_input {
	const struct value *(*fact)(void *context, unsigned id);
	void *context;
	const struct value *vars;
};

/* A list that comes out may be marked as cut: there may be more that nobody could look at. So one
 * that is cut and empty says nothing. */
struct expr_outcome {
	struct value value;  /* lives in the arena, or in the facts and the expression; when `error`
				is NULL */
	const char *error;   /* in the arena: "no such key: foo" */
	int unreadable_fact; /* id of the fact that could not be read, or is absent, and made it an
				error, else -1 */
};

/* Parses. 0, EXPR_E_INVALID with *reterr set (caller frees), or -ENOMEM. */
int expr_parse(struct expr **ret, const char *text, size_t len, char **reterr);
/* Resolves names and checks types of a parsed expression, once. `want` is the type that the place
 * asks for (NULL: any; dyn satisfies all). Collects the ids of the names it reads. After a failure
 * the expression can only be freed. */
int expr_check(
    struct expr *e, const struct expr_names *names, const struct type *want, char **reterr);
struct expr *expr_free(struct expr *e); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct expr, expr_free)

/* After expr_check(): the type, and the ids of the names read, ascending and distinct. Borrowed. */
const struct type *expr_type(const struct expr *e);
const unsigned *expr_reads(const struct expr *e, size_t *ret_n);
const char *expr_text(const struct expr *e);

/* Evaluates. 0 with *ret filled (an error of the expression is an outcome, not a failure), or
 * -ENOMEM when not even the message fits. `a` holds the result and is the caller's; give it
 * EXPR_MEMORY_MAX. */
int expr_eval(struct expr_outcome *ret, const struct expr *e, const struct expr_input *input,
    struct arena *a);

#endif
