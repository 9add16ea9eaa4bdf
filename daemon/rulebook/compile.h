/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions in rule files: parsed, checked, and their errors told where they stand in the file;
 * and the facts that a rule reads, gathered. */
#ifndef RULEBOOK_COMPILE_H
#define RULEBOOK_COMPILE_H

#include "rulebook/loading.h"

/* Compiles the expression that a node holds; the caller owns it. Returns 0, LOADING_E_REFUSED after
 * a complaint, or -ENOMEM. `want` NULL: any type. */
int compile(struct loading *l, const struct yaml_node *n, const struct expr_names *names,
    const struct type *want, struct expr **ret);

/* A set of ids of facts and parameters. */
struct reads {
	bool facts[_FACTS];
	uint64_t params; /* bit set of indices */
};

void reads_add(struct reads *reads, unsigned id);
void reads_add_expr(struct reads *reads, const struct expr *e); /* NULL: nothing */
/* Sets the rule's `reads`, `n_reads` and `topics`. 0 or -ENOMEM. */
int reads_store(const struct reads *reads, struct arena *a, struct rule *rule);

#endif
