/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /v1/drift: rows of the ledger as lines of JSON, and on request those to come. Each follower
 * is a cursor. What is kept goes out as fast as the follower reads it; one who has caught up and
 * then doesn't read is cut off when its part of what may wait is used up. */
#ifndef CONTROL_DRIFT_FEED_H
#define CONTROL_DRIFT_FEED_H

#include "util/macros.h"

struct drift_feeds;
struct event_base;
struct judge;
struct ledger;
struct request;

/* Borrows what it is given. 0 or -ENOMEM. */
int drift_feeds_new(struct drift_feeds **ret, struct event_base *base, const struct judge *judge,
    struct ledger *ledger);
/* The server has to be freed before. */
struct drift_feeds *drift_feeds_free(struct drift_feeds *d); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct drift_feeds, drift_feeds_free)

/* Answers a request: after, follow, since, until and the filters. */
void drift_feeds_open(struct drift_feeds *d, struct request *rq);
/* Rows may be new in the ledger: followers get them when the loop has time. */
void drift_feeds_run(struct drift_feeds *d);

#endif
