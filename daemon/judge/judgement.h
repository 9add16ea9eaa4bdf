/* SPDX-License-Identifier: Apache-2.0
 *
 * One rule judged over facts: the verdict, the reason in words and what it rests on. Pure: facts
 * come by a function. The only place where an expression's outcome becomes a verdict: `when` false:
 * not-applicable, with `otherwise`; `when` an error: unknown. test an error: unknown, with the fact
 * that could not be read. pass rule: true pass, false fail. Offenders: empty pass, a cut and empty
 * list unknown, else fail. review: review; a value that can't be read makes it unknown. */
#ifndef JUDGE_JUDGEMENT_H
#define JUDGE_JUDGEMENT_H

#include "rulebook/rulebook.h"

struct object;

struct judgement {
	enum verdict verdict;
	const char *because;    /* in the arena: "container web runs privileged" */
	struct value offenders; /* list; empty unless the rule names offenders and fails */
	struct value reviewed;  /* list: the values that a person must judge; empty otherwise */
	int missing;            /* id of the fact that could not be read, or -1 */
	uint64_t digest; /* changes when what a person would call the evidence changes: offenders of
			  * a fail (as a set), values of a review, the reason of an unknown;
			  * volatile facts left out */
};

struct judge_facts {
	const struct value *(*fact)(void *context, enum fact_id id); /* never NULL */
	void *context;
	const char *subject_name; /* for {subject}: "container web", "file /etc/docker" */
};

/* 0 or -ENOMEM. The arena is the caller's, holds the judgement's texts and values. */
int judgement_make(struct judgement *ret, const struct rule *rule, const struct rulebook *rb,
    const struct judge_facts *facts, struct arena *a);

/* Whether what the rule finds may be shown: not where it reads facts of which only names or counts
 * may be. */
bool judgement_is_public(const struct rule *rule);

/* Adds what a judgement rests on, as interfaces.md has it: evidence: [{fact, value, from}]. Of a
 * list in which the offenders are, the offenders alone. */
void add_evidence(struct object *o, const struct judgement *judgement, const struct rule *rule,
    const struct judge_facts *facts);

/* One example of a rule judged: 0 when it got its verdict, 1 when not, with *retwhy (caller frees),
 * or -ENOMEM. */
int judgement_try_example(const struct rule *rule, const struct rulebook *rb,
    const struct rule_example *example, char **retwhy);

#endif
