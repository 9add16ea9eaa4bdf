/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/compile.h"

#include "rulebook/mapper.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Where line and column of a text, both from 1, are in it; its length if they are beyond. */
static size_t
text_offset(const struct yaml_node *n, unsigned line, unsigned column)
{
	const char *p = n->text, *newline;

	for (; line > 1; line--) {
		newline = strchr(p, '\n');
		if (newline == NULL)
			return n->len;
		p = newline + 1;
	}
	return (size_t)(p - n->text) + strnlen(p, column - 1);
}

/* A message of the expression says "LINE:COLUMN: what" of its text, a person looks at the file. */
static void
complain_expr(struct loading *l, const struct yaml_node *n, const char *message)
{
	unsigned line, column;
	int at = 0;

	if (sscanf(message, "%u:%u: %n", &line, &column, &at) == 2 && at > 0 && column > 0 &&
	    node_position(n, text_offset(n, line, column), &line, &column))
		complain(&l->complaints, l->file, line, column, "%s", message + at);
	else
		loading_complain(l, n->line, "in the expression, %s", message);
}

int
compile(struct loading *l, const struct yaml_node *n, const struct expr_names *names,
    const struct type *want, struct expr **ret)
{
	_cleanup_(expr_freep) struct expr *e = NULL;
	_cleanup_(freep) char *error = NULL;
	int r;

	r = node_expect(l, n, YAML_SCALAR, "an expression");
	if (r != 0)
		return r;
	if (node_is_null(n)) {
		loading_complain(l, n->line, "an expression is missing");
		return LOADING_E_REFUSED;
	}
	r = expr_parse(&e, n->text, n->len, &error);
	if (r == 0)
		r = expr_check(e, names, want, &error);
	if (r > 0) {
		complain_expr(l, n, error);
		return LOADING_E_REFUSED;
	}
	if (r == 0)
		*ret = TAKE(e);
	return r;
}

void
reads_add(struct reads *reads, unsigned id)
{
	if (id >= PARAM_ID_FIRST)
		reads->params |= UINT64_C(1) << (id - PARAM_ID_FIRST);
	else
		reads->facts[id] = true;
}

void
reads_add_expr(struct reads *reads, const struct expr *e)
{
	const unsigned *ids;
	size_t n = 0;

	if (e == NULL)
		return;
	ids = expr_reads(e, &n);
	for (size_t i = 0; i < n; i++)
		reads_add(reads, ids[i]);
}

int
reads_store(const struct reads *reads, struct arena *a, struct rule *rule)
{
	unsigned *ids = arena_alloc(a, (_FACTS + param_count) * sizeof(*ids));
	size_t n = 0;

	if (ids == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < _FACTS; i++) {
		if (!reads->facts[i])
			continue;
		ids[n++] = i;
		rule->topics |= UINT32_C(1) << fact_table[i].topic;
	}
	for (unsigned i = 0; i < param_count; i++)
		if ((reads->params >> i & 1) != 0)
			ids[n++] = PARAM_ID_FIRST + i;
	rule->reads = ids;
	rule->n_reads = n;
	return 0;
}
