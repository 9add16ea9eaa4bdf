/* SPDX-License-Identifier: Apache-2.0
 *
 * Mutants of an expression: the same text with one operator, constant or name changed. Knows the
 * tokens of the language and nothing of its meaning: some mutants don't parse or don't check. */
#ifndef RULES_MUTATE_H
#define RULES_MUTATE_H

typedef int mutant_fn(void *context, const char *text);

/* Calls `each` for every mutant; ends when that returns other than 0, and returns what it returned.
 */
int mutate(const char *text, mutant_fn *each, void *context);

#endif
