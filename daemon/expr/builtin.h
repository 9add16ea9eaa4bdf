/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions of the language: one table with name, how it is called, types of arguments and
 * result. Macros aren't functions, they belong to the parser and the evaluator. */
#ifndef EXPR_BUILTIN_H
#define EXPR_BUILTIN_H

#include "expr/ast.h"

struct machine;

enum {
	BUILTIN_ARGS_MAX = 2,
};

enum builtin_style {
	BUILTIN_GLOBAL = 1 << 0, /* size(x) */
	BUILTIN_METHOD = 1 << 1, /* x.size() */
};

struct builtin {
	const char *name;
	unsigned style;
	unsigned n_args; /* what it is called on included */
	/* For each argument, 1 << VALUE_... of all that it may be. */
	unsigned args[BUILTIN_ARGS_MAX];
	const char *wants[BUILTIN_ARGS_MAX]; /* the same in words */
	const struct type *result;
	/* The arguments are of the right types. */
	struct value (*run)(struct machine *m, const struct node *n, const struct value *args);
	/* What is wrong with a second argument that is written out in the rule, so that it is
	 * refused at load; NULL if nothing is. May be NULL itself. */
	const char *(*vet)(const struct value *literal);
};

/* NULL if there is none that is called in that way. */
const struct builtin *builtin_find(const char *name, enum builtin_style style);
/* The function or macro that a mistyped name is nearest to, or NULL. */
const char *builtin_nearest(const char *name);

#endif
