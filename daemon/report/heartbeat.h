/* SPDX-License-Identifier: Apache-2.0
 *
 * Notices by the clock: that somebody still watches, and each failure that still stands. They go
 * into the ledger as all that is told. */
#ifndef REPORT_HEARTBEAT_H
#define REPORT_HEARTBEAT_H

#include "util/macros.h"

enum { HEARTBEAT_OPEN_PER_RULE = 20 }; /* failures of a rule said one by one: the rest is counted */

struct event_base;
struct heartbeat;
struct judge;
struct ledger;

/* Intervals are the settings'; 0 is never. Borrows all. 0 or -ENOMEM. */
int heartbeat_new(struct heartbeat **ret, struct event_base *base, struct judge *judge,
    const struct ledger *ledger);
struct heartbeat *heartbeat_free(struct heartbeat *h); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct heartbeat, heartbeat_free)

#endif
