/* SPDX-License-Identifier: Apache-2.0
 *
 * A consumer is a cursor over the ledger's rows of drift: it reads those after its cursor when its
 * writer can take them, and the cursor moves once they are written, so that what was not told
 * before a crash is told after it. One that is new to a ledger begins with the next row. A row is
 * told twice only where a crash comes between the writing of it and the note of that
 * (report/sent.h), or a power cut. It never decides what is told: where too much happens, a limiter
 * does, and what it has left out and not summed up yet is kept beside the cursor. */
#ifndef REPORT_CONSUMER_H
#define REPORT_CONSUMER_H

#include "util/macros.h"
#include <stdbool.h>
#include <stdint.h>

struct consumer;
struct event_base;
struct json_object;
struct ledger;
struct limits;
struct writer;

/* Where rows go. */
struct consumer_kind {
	/* Of its cursor in the ledger. NULL: none is kept, it is always new. */
	const char *cursor;
	/* What is written of a row; NULL when out of memory. */
	void *(*prepare)(struct json_object *row);
	/* In the writer's thread. False: not now. */
	bool (*write)(void *prepared);
	void (*free)(void *prepared);
	/* Datagrams to which it writes, so that whether there is room can be known before. NULL:
	 * nothing of the kind. */
	const char *socket;
};

extern const struct consumer_kind consumer_journal;
extern const struct consumer_kind consumer_syslog;
extern const struct consumer_kind consumer_terminal; /* lines on stdout */

/* Borrows ledger and writer; the writer has to be freed before the consumer, and the consumer
 * before the ledger. `folder`: where it notes what it has written; NULL: nowhere. `limits` NULL:
 * every row is told. 0 or -ENOMEM. */
int consumer_new(struct consumer **ret, const struct consumer_kind *kind, struct event_base *base,
    struct ledger *ledger, struct writer *writer, const char *folder, const struct limits *limits);
struct consumer *consumer_free(struct consumer *c); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct consumer, consumer_free)

/* How a failure of a rule is mended; NULL: there is no such rule. Given to rows as "fix" on their
 * way to the writer. */
typedef const char *consumer_fix_fn(void *arg, const char *rule);
void consumer_advise(struct consumer *c, consumer_fix_fn *fix_of, void *arg);
/* Other limits from now on; without effect where there are none. */
void consumer_limit(struct consumer *c, const struct limits *limits);
/* While it pauses, it reads nothing new; then it goes on where it left off. */
void consumer_pause(struct consumer *c, bool pause);
/* Reads what is new, as far as the writer has room. To be called after a commit and when there is
 * room again. */
void consumer_run(struct consumer *c);
/* The last chance to be told: nothing that was left out waits for its time. */
void consumer_end(struct consumer *c);

/* Journal and syslog, where rows go: is the journal's socket there, and syslog's? */
bool consumer_journal_is_there(void);
bool consumer_syslog_is_there(void);
/* Of rows that are read from here on. A name that is no facility means authpriv. */
void consumer_syslog_facility(const char *name);

#endif
