/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree of an expression, between parser, checker and evaluator; nobody else includes this.
 * Nodes live in the expression's arena. The parser resolves what is lexical: variables of macros
 * become slots, calls get their function, lists and maps of literals become one literal. The
 * checker turns chains of names into facts. */
#ifndef EXPR_AST_H
#define EXPR_AST_H

#include "expr/expr.h"

enum node_kind {
	NODE_LITERAL,
	NODE_NAME,     /* not resolved: `path` is looked up in the variables of the evaluation */
	NODE_FACT,     /* `fact` */
	NODE_HAS_FACT, /* has() of one */
	NODE_VARIABLE, /* of a macro, in `slot` */
	NODE_SELECT,   /* args[0], the field is `value`; `path` while it may still be a name */
	NODE_HAS,      /* has() of such a selection */
	NODE_INDEX,
	NODE_NOT,
	NODE_NEGATE,
	NODE_AND, /* two or more operands */
	NODE_OR,  /* likewise */
	NODE_CONDITION,
	NODE_EQUAL,
	NODE_UNEQUAL,
	NODE_LESS,
	NODE_LESS_EQUAL,
	NODE_GREATER,
	NODE_GREATER_EQUAL,
	NODE_IN,
	NODE_ADD,
	NODE_SUBTRACT,
	NODE_MULTIPLY,
	NODE_DIVIDE,
	NODE_REMAINDER,
	NODE_LIST,
	NODE_MAP,  /* key, value, key, value ... */
	NODE_CALL, /* `builtin`, or NULL when there is no such function; its name is `value` */
	NODE_ALL,  /* macros: the range, then what is in scope of the variable in `slot` */
	NODE_EXISTS,
	NODE_EXISTS_ONE,
	NODE_FILTER,
	NODE_TRANSFORM, /* map(): the last argument makes the element, one before it is a condition
			 */
};

struct builtin;

struct node {
	uint8_t kind;  /* enum node_kind */
	uint8_t depth; /* of the tree below, itself included */
	uint16_t slot;
	uint16_t n_args;
	uint32_t at; /* offset in the text that messages point at */
	unsigned fact;
	const struct type *type; /* of a fact */
	int root;                /* id of the fact that the value comes out of, -1 if of none */
	const char *path;        /* "container.mounts" */
	struct value value;      /* of a literal; a string where it names something */
	const struct builtin *builtin;
	struct node *args[];
};

struct expr {
	struct arena *arena;
	const char *text;
	size_t len;
	struct node *root;
	unsigned n_nodes;
	const struct type *type; /* set by the checker, with what follows */
	unsigned *reads;
	size_t n_reads;
};

/* Makes "LINE:COLUMN: what" for the byte at offset `at`. Returns EXPR_E_INVALID, or -ENOMEM. */
int expr_refuse(char **reterr, const struct expr *e, uint32_t at, const char *format, ...)
    _printf_(4, 5);

/* A macro's name, as NODE_EXISTS has it. NULL for what is none. */
const char *node_macro_name(enum node_kind kind);
/* The sign of an operator; "" for what is none. */
const char *node_sign(enum node_kind kind);

#endif
