/* SPDX-License-Identifier: Apache-2.0
 *
 * The ledger: held findings, records and the history of drift, under one id (a UUID) and one
 * sequence, in SQLite. A ledger opened without a path has no store: rows are counted and forgotten
 * (`check` runs so). Knows nothing of rules or facts: it keeps what it is given. Everything written
 * between ledger_begin() and ledger_commit() appears at once or not at all. */
#ifndef JUDGE_LEDGER_H
#define JUDGE_LEDGER_H

#include "util/macros.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;

enum {
	_LEDGER_E_SUCCESS,
	LEDGER_E_SET_ASIDE, /* what was there could not be used (broken, or of a newer version) and
			       was moved aside; the ledger is new */
	LEDGER_E_WAITS,     /* what is there can't be opened now: the disk is full, or read-only */
	LEDGER_E_NO_CURSOR, /* the consumer is a new one */
};

/* `path` NULL: no store. 0, LEDGER_E_SET_ASIDE or LEDGER_E_WAITS with *ret usable and *retwhy set,
 * or -errno with *retwhy set. Caller frees it. A ledger that waits has no id and no rows, and every
 * commit fails, until ledger_retry() succeeds. */
int ledger_open(struct ledger **ret, const char *path, char **retwhy);
bool ledger_waits(const struct ledger *l);
/* Tries to open what it waits for: 0, LEDGER_E_SET_ASIDE or -errno, as above. */
int ledger_retry(struct ledger *l, char **retwhy);
/* For a store that turns out to be broken: it is set aside, and the ledger is a new one. 0 or
 * -errno, and then it waits; *retwhy is set either way. Not within a transaction. */
int ledger_replace(struct ledger *l, char **retwhy);
struct ledger *ledger_free(struct ledger *l); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct ledger, ledger_free)

bool ledger_has_store(const struct ledger *l);    /* or waits for it */
bool ledger_is_new(const struct ledger *l);       /* nothing was ever committed to it */
const char *ledger_id(const struct ledger *l);    /* the UUID */
uint64_t ledger_last_seq(const struct ledger *l); /* of committed rows */
/* Counts how often a store was opened: what is known of an earlier one is of no use. */
unsigned ledger_generation(const struct ledger *l);
uint64_t ledger_opened_at(const struct ledger *l); /* the last row when it was opened */

int ledger_begin(struct ledger *l);
/* Adds a row of drift. `body` is its JSON object without "ledger" and "seq", which are put in front
 * of it here. */
int ledger_add_drift(struct ledger *l, int64_t time_ms, const char *body, size_t len);
/* Keeps the state of a subject: an opaque text (the judge's JSON of its findings) under (kind, id).
 */
int ledger_put_subject(struct ledger *l, int kind, const char *id, const char *state, size_t len);
int ledger_drop_subject(struct ledger *l, int kind, const char *id);
/* A record: an observation that cannot be looked up again. */
int ledger_put_record(struct ledger *l, const char *kind, const char *id, int64_t until_ms,
    const char *body, size_t len);
int ledger_drop_records_before(struct ledger *l, int64_t now_ms);
/* 0 or -errno; on failure nothing of it is kept, and *retwhy (caller frees) says why. */
int ledger_commit(struct ledger *l, char **retwhy);
void ledger_rollback(struct ledger *l);

typedef int ledger_subject_fn(void *arg, int kind, const char *id, const char *state, size_t len);
typedef int ledger_record_fn(
    void *arg, const char *kind, const char *id, int64_t until_ms, const char *body, size_t len);
/* The kept state of one subject, the caller's to free; NULL: there is none. 0 or -errno. */
int ledger_get_subject(struct ledger *l, int kind, const char *id, char **ret);
/* The same of a record. */
int ledger_get_record(struct ledger *l, const char *kind, const char *id, char **ret);
/* Every kept subject or record; stops at the first callback that returns other than 0, and returns
 * that. */
int ledger_each_subject(struct ledger *l, ledger_subject_fn *fn, void *arg);
int ledger_each_record(struct ledger *l, ledger_record_fn *fn, void *arg);

/* Committed rows with seq > `after`, ascending, at most `max`; a row is one JSON line without its
 * newline. */
typedef int ledger_row_fn(void *arg, uint64_t seq, const char *line, size_t len);
int ledger_each_row(struct ledger *l, uint64_t after, unsigned max, ledger_row_fn *fn, void *arg);
uint64_t ledger_first_seq(struct ledger *l); /* oldest row kept; 0: none */

uint64_t ledger_bytes(struct ledger *l); /* that the store holds */
/* Forgets at most `max` rows: the oldest ones, where the store holds more than `keep_bytes` (0: any
 * size), else those older than `before_ms`. The newest row always stays, so that the sequence goes
 * on. Within a transaction. */
int ledger_prune(
    struct ledger *l, int64_t before_ms, uint64_t keep_bytes, unsigned max, uint64_t *ret_removed);

/* Cursors of consumers: the last seq told. 0, LEDGER_E_NO_CURSOR (*ret is 0) or -errno. */
int ledger_cursor(struct ledger *l, const char *consumer, uint64_t *ret);
int ledger_set_cursor(struct ledger *l, const char *consumer, uint64_t seq);

/* Commits append to a log beside the store. It is worked in when the caller has time for it: this
 * is slow, and never done by a commit. */
uint64_t ledger_log_bytes(const struct ledger *l); /* not yet worked in */
int ledger_checkpoint(struct ledger *l);

#endif
