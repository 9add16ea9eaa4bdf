/* SPDX-License-Identifier: Apache-2.0
 *
 * One evaluation under way; between the evaluator, its macros and the functions.
 *
 * An error is a value of a type of its own, so that it goes through operators like any other value
 * and the logical ones can absorb it. It never leaves expr_eval(). Running out of steps or memory
 * is an error that nothing absorbs. */
#ifndef EXPR_EVAL_H
#define EXPR_EVAL_H

#include "expr/ast.h"

enum {
	VALUE_ERROR = 255, /* `string` is the message, `len` the id of the unreadable fact + 1 */
};

struct machine {
	const struct expr_input *input;
	struct arena *arena;
	unsigned steps;
	unsigned muted; /* over 0: an error that comes now can't be the one that is told */
	const char *fatal;
	struct value slots[EXPR_DEPTH_MAX]; /* variables of macros */
};

static inline bool
value_is_error(struct value v)
{
	return v.type == VALUE_ERROR;
}

struct value machine_eval(struct machine *m, const struct node *n);

/* Makes an error. `fact` is the id of the fact that could not be read, -1 if that isn't the reason.
 */
struct value machine_fail(struct machine *m, int fact, const char *format, ...) _printf_(3, 4);
/* Ends the evaluation: what follows fails at its first step, whatever absorbs errors. */
struct value machine_give_up(struct machine *m, const char *why);
/* For what takes longer than a step. False when steps have run out; the next value is an error. */
bool machine_charge(struct machine *m, size_t steps);
/* Arena memory, or NULL with the evaluation ended. */
void *machine_alloc(struct machine *m, size_t size);
/* The error that a list or map was cut where it mattered. */
struct value machine_fail_cut(struct machine *m, const struct node *from, struct value v);

/* Is there something to be read? A bool, or an error when one couldn't look. */
struct value machine_presence(struct machine *m, const struct value *v, const char *name, int fact);

/* In macro.c and operator.c. */
struct value machine_macro(struct machine *m, const struct node *n);
struct value machine_binary(struct machine *m, const struct node *n);

#endif
