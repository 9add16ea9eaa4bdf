/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/ast.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct expr *
expr_free(struct expr *e)
{
	if (e == NULL)
		return NULL;
	e->arena = arena_free(e->arena);
	free(e);
	return NULL;
}

const struct type *
expr_type(const struct expr *e)
{
	return e->type;
}

const unsigned *
expr_reads(const struct expr *e, size_t *ret_n)
{
	*ret_n = e->n_reads;
	return e->reads;
}

const char *
expr_text(const struct expr *e)
{
	return e->text;
}

int
expr_refuse(char **reterr, const struct expr *e, uint32_t at, const char *format, ...)
{
	unsigned line = 1, column = 1;
	_cleanup_(freep) char *what = NULL;
	va_list args;
	int n;

	for (uint32_t i = 0; i < at && i < e->len; i++) {
		column++;
		if (e->text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	va_start(args, format);
	n = vasprintf(&what, format, args);
	va_end(args);
	if (n < 0) {
		what = NULL;
		return -ENOMEM;
	}
	if (asprintf(reterr, "%u:%u: %s", line, column, what) < 0)
		return -ENOMEM;
	return EXPR_E_INVALID;
}

const char *
node_macro_name(enum node_kind kind)
{
	static const char *const names[] = {
		[NODE_ALL] = "all",
		[NODE_EXISTS] = "exists",
		[NODE_EXISTS_ONE] = "exists_one",
		[NODE_FILTER] = "filter",
		[NODE_TRANSFORM] = "map",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

const char *
node_sign(enum node_kind kind)
{
	static const char *const signs[] = {
		[NODE_NOT] = "!",
		[NODE_NEGATE] = "-",
		[NODE_AND] = "&&",
		[NODE_OR] = "||",
		[NODE_CONDITION] = "?:",
		[NODE_EQUAL] = "==",
		[NODE_UNEQUAL] = "!=",
		[NODE_LESS] = "<",
		[NODE_LESS_EQUAL] = "<=",
		[NODE_GREATER] = ">",
		[NODE_GREATER_EQUAL] = ">=",
		[NODE_IN] = "in",
		[NODE_ADD] = "+",
		[NODE_SUBTRACT] = "-",
		[NODE_MULTIPLY] = "*",
		[NODE_DIVIDE] = "/",
		[NODE_REMAINDER] = "%",
	};

	return kind < ARRAY_SIZE(signs) && signs[kind] != NULL ? signs[kind] : "";
}
