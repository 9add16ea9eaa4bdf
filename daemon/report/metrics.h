/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics in Prometheus' text format 0.0.4. Most are the judge's own counters; what rows of drift
 * say is counted here, by a cursor of its own that begins with the daemon. */
#ifndef REPORT_METRICS_H
#define REPORT_METRICS_H

#include "judge/judge.h"
#include <stdio.h>

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics;

/* Borrows the ledger. 0 or -ENOMEM. */
int metrics_new(struct metrics **ret, struct ledger *ledger);
struct metrics *metrics_free(struct metrics *m); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct metrics, metrics_free)

/* Counts the rows that are new in the ledger. */
void metrics_run(struct metrics *m);
/* `looked_ms`: CLOCK_REALTIME at which everything was last looked at; 0: never yet. */
int metrics_write(const struct metrics *m, const struct judge *judge, struct collector *collector,
    int64_t looked_ms, FILE *out);

#endif
