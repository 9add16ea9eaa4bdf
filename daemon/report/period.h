/* SPDX-License-Identifier: Apache-2.0
 *
 * What was true over a period: the history of drift replayed into stretches of time, one list for
 * each pair of a rule and a subject. Reads JSON as the interface has it, and knows nothing of where
 * it comes from.
 *
 * Feed it in this order: the rules, the findings of now, every row of the history that is kept, the
 * end. The history holds changes only, so three things say what stood before the first row of a
 * pair: what that row says it was, what a subject that went away had, and, where there is no row at
 * all, the finding of now with its `since`. Nothing is made up: time for which nobody can tell is
 * in no state, and time in which a watcher of the rule's facts was blind counts as blind, whatever
 * stood before and after it.
 *
 * What can't be known: that a subject which went away passed, as the history says of it only what
 * was bad; and when exactly something changed that was found by looking at everything. */
#ifndef REPORT_PERIOD_H
#define REPORT_PERIOD_H

#include "report/period_blind.h"
#include "util/macros.h"
#include "util/sha256.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

enum period_state {
	PERIOD_PASS,
	PERIOD_FAIL,
	PERIOD_REVIEW,
	PERIOD_UNKNOWN,
	PERIOD_NOT_APPLICABLE,
	PERIOD_WAIVED,
	PERIOD_ATTESTED,
	PERIOD_BLIND,
	_PERIOD_STATES,
};

enum { PERIOD_UNSEEN_MAX = 1000 }; /* subjects too quick to be seen that are named */

/* Time in one state. Times are CLOCK_REALTIME ms; PERIOD_OPEN: it lasts. */
#define PERIOD_OPEN INT64_MAX
struct period_stretch {
	int64_t from_ms, to_ms;
	enum period_state state;
};

/* A time in which a rule failed for a subject, whether or not an exception covered it. */
struct period_violation {
	int64_t from_ms, to_ms;
	int64_t earliest_ms; /* it may have begun this early; 0: nobody can tell how early */
	bool found_later;    /* it began unseen: it was found at from_ms */
	bool stood;          /* it stood before anything was told of it */
	unsigned changes;    /* other offenders, while it lasted */
	char *because, *end; /* why; what it turned into, or "gone"; end is NULL while it lasts */
	struct json_object *cause, *end_cause; /* NULL: not known */
	struct json_object *exceptions; /* array: those of the interface, with `from` and `to` */
	int64_t ms, blind_ms;           /* within the period, seen and not seen */
};

struct period_rule {
	char *key, *title, *severity;
	char *id; /* its number, or what stands for it */
	struct json_object *refs;
	unsigned sources;           /* a bit set of enum period_source: the watchers of its facts */
	bool leading, unheld;       /* the leading benchmark has it; the rulebook of now does not */
	struct period_pair **pairs; /* by the names of subjects */
	size_t n_pairs;
};

struct period_subject {
	char *kind, *id, *words; /* "container web" */
	struct json_object *json;
	struct period_pair *pairs;
	bool present;
};

/* What a finding is now. */
struct period_now {
	bool known;
	int64_t since_ms;
	char *verdict, *because;
	struct json_object *exception;
};

struct period_pair {
	struct period_rule *rule;
	struct period_subject *subject;
	struct period_pair *next; /* of the subject */
	struct period_stretch *stretches;
	size_t n_stretches;
	struct period_violation *violations;
	size_t n_violations;
	int64_t ms[_PERIOD_STATES]; /* within the period */

	/* While it is replayed. */
	bool open, failing; /* the last stretch, and the last violation, last */
	int64_t over_ms;    /* end of the last stretch that is over */
	int64_t told_ms;    /* of the last row about it */
	uint64_t told_seq;
	struct period_now now;
};

struct period_rulebook {
	int64_t from_ms;
	char sha256[SHA256_HEX + 1];
};

struct period_unseen {
	int64_t at_ms;
	char *words;
};

struct period_question {
	int64_t since_ms, until_ms; /* 0: from the first row on */
	const char *leading;        /* benchmark; borrowed */
	uint64_t asked_seq;         /* the last row when the findings of now were asked for */
	bool rules_only;            /* rules that were not given are left out */
	unsigned states;            /* pairs that were in one of these; a bit set, 0: all */
	/* Which subjects are meant; NULL: all. */
	bool (*wanted)(void *arg, struct json_object *subject, bool present);
	void *arg;
};

struct period {
	struct period_question question; /* since_ms is filled in */
	struct period_rule **rules;      /* in the order of the leading benchmark */
	size_t n_rules;
	struct period_blinds *blinds;
	struct period_rulebook *rulebooks;
	size_t n_rulebooks;
	struct period_unseen *unseen;
	size_t n_unseen, unseen_in_all;
	char **notes; /* what the reader must know of what is not known */
	size_t n_notes;

	void *subjects;            /* a tree, by kind and id */
	int64_t first_ms, last_ms; /* of the rows; 0: there were none */
	uint64_t first_seq, last_seq, rows_lost;
	int64_t *reloads;
	size_t n_reloads;
	unsigned gone_unnamed; /* subjects that came and went with nothing bad */
	bool crashed, stopping, ended;
};

int period_new(struct period **ret, const struct period_question *question); /* 0 or -ENOMEM */
struct period *period_free(struct period *p); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct period, period_free)

/* Each borrows its object, and may keep references to parts of it. 0 or -ENOMEM. */
int period_add_rule(struct period *p, struct json_object *json);
int period_add_finding(struct period *p, struct json_object *finding);
int period_add_row(struct period *p, struct json_object *json);
/* One more thing that is not known. */
int period_note(struct period *p, const char *format, ...) _printf_(2, 3);
/* Nothing is added any more; the sums are made. */
int period_end(struct period *p);

const char *period_state_name(enum period_state state);
/* -1: it is no verdict that a finding can stand in. */
int period_state_from(const char *verdict, const char *exception_state);

/* A pair's time within the period, piece by piece, blind time cut out. Stops at the first callback
 * that returns other than 0, and returns that. */
typedef int period_piece_fn(void *arg, const struct period_stretch *piece);
int period_each_piece(
    const struct period *p, const struct period_pair *pair, period_piece_fn *fn, void *arg);

/* Pairs, violations and time, all in all. */
struct period_totals {
	size_t pairs, violations, open; /* open: violations that last */
	size_t by_severity[4];          /* violations; enum severity */
	int64_t ms[_PERIOD_STATES];
};
struct period_totals period_totals(const struct period *p);
/* Whether it never was anything but pass or not applicable. */
bool period_pair_is_good(const struct period_pair *pair);

#endif
