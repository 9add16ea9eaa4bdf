/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of the drift the journal and syslog are told. What happens to one subject over and over
 * is folded into "so many times in so many minutes", and of a flood so many rows a minute are told
 * of each rule; either way a summary, a notice of kind "folded", says how much was left out, and
 * which rows of the ledger it was. A row that says something of one rule that still may be told is
 * told. Rows are counted by their own time. Notices about the daemon itself are never left out, and
 * the ledger and the stream have every row. Pure: no clock of its own, no I/O. */
#ifndef REPORT_LIMITER_H
#define REPORT_LIMITER_H

#include "util/macros.h"
#include <stdbool.h>
#include <stdint.h>

struct json_object;
struct limiter;

struct limits {
	unsigned per_minute;    /* rows about one rule; 0: any number */
	unsigned fold_after;    /* rows about one rule and one subject within ...; 0: any number */
	unsigned fold_within_s; /* ... this time, after which a summary is told */
};

/* 0 or -ENOMEM. */
int limiter_new(struct limiter **ret, const struct limits *limits);
struct limiter *limiter_free(struct limiter *l); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct limiter, limiter_free)
void limiter_set(struct limiter *l, const struct limits *limits);

/* Whether a row is told. One that isn't is counted. Summaries that are due by the row's time have
 * to be taken before. */
bool limiter_take(struct limiter *l, struct json_object *row);
/* CLOCK_REALTIME at which the next summary is due; INT64_MAX: nothing is left out. */
int64_t limiter_due_ms(const struct limiter *l);
/* A summary that is due by then (`all`: or later), as a row without a place in the ledger; NULL:
 * there is none, or no memory. The caller's. */
struct json_object *limiter_summary(struct limiter *l, int64_t now_ms, bool all);

/* What was left out and is not told yet: kept over a restart, so that it is told in the end.
 * limiter_state(): a new reference, or NULL when out of memory; an empty list where it is nothing.
 */
struct json_object *limiter_state(const struct limiter *l);
void limiter_restore(struct limiter *l, struct json_object *state);

/* A row's time; 0: it has none. */
int64_t limiter_time_of(struct json_object *row);

#endif
