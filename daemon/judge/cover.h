/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether an exception covers a finding. Pure: the moment and what is known of the subject come in.
 * An exception changes no verdict; it says under what the finding counts. */
#ifndef JUDGE_COVER_H
#define JUDGE_COVER_H

#include "judge/judgement.h"
#include "util/sha256.h"

struct subject;

/* A finding, and what its exceptions are held against. */
struct cover_question {
	const struct rule *rule;
	enum verdict verdict;
	const struct subject *subject;
	const struct value *labels; /* NULL, or no map: not known, so no label matches */
	const char *evidence;       /* cover_evidence(); NULL: not known, so only `any` matches */
	int64_t now_ms;             /* CLOCK_REALTIME */
};

struct cover {
	const struct exception *by;    /* covers it now: the first that does; NULL: none */
	const struct exception *ended; /* else: one that would, but for its end; NULL: none */
};

struct cover cover_find(const struct rulebook *rb, const struct cover_question *q);
/* Whether an exception of the rule is bound to the evidence. */
bool cover_wants_evidence(const struct rulebook *rb, const struct rule *rule);

enum {
	_COVER_E_SUCCESS,
	COVER_E_CUT, /* a list was too long to be looked at whole: nobody can have seen all of it */
};

/* The hash of what a review lays before a person: SHA-256, in hex, of the rule's key and the values
 * reviewed, as JSON with sorted keys and lists as sets. What hangs on volatile facts is left out;
 * of facts that stay hidden in part goes in what is shown. 0, COVER_E_CUT or -ENOMEM. */
int cover_evidence(char ret[SHA256_HEX + 1], const struct judgement *judgement,
    const struct rule *rule, const struct judge_facts *facts);

#endif
