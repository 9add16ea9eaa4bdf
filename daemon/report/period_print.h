/* SPDX-License-Identifier: Apache-2.0
 *
 * A period on paper: as a table for people, as JSON, as lines for a spreadsheet, as a page. */
#ifndef REPORT_PERIOD_PRINT_H
#define REPORT_PERIOD_PRINT_H

#include "report/period.h"
#include "report/text.h"

struct period_paper {
	const struct period *period;
	struct json_object *about; /* the daemon's status: version, host, engine, benchmarks */
	int64_t made_ms;
	bool all; /* also what was never bad */
};

/* 0 or -ENOMEM. */
int period_print_table(const struct period_paper *paper, FILE *out, const struct style *style);
int period_print_json(const struct period_paper *paper, FILE *out);
/* A line for each piece of time: verdict, from, to, and for a fail the violation that it is of. */
int period_print_csv(const struct period_paper *paper, FILE *out);
/* One page without anything outside itself. */
int period_print_html(const struct period_paper *paper, FILE *out);

/* What the printers share. */

/* Texts that the caller frees; NULL: out of memory. */
/* How a violation began and ended. */
char *period_begin_text(const struct period_violation *v);
char *period_end_text(const struct period *p, const struct period_violation *v);
/* "waived by OWNER until 2027-03-31: REASON" */
char *period_exception_text(struct json_object *exception);

/* Every violation, by severity, then begin. Stops at the first callback that returns other than 0,
 * and returns that. */
typedef int period_violation_fn(
    void *arg, const struct period_pair *pair, const struct period_violation *v);
int period_each_violation(const struct period *p, period_violation_fn *fn, void *arg);

/* Until when something lasted, within the period. */
int64_t period_clip(const struct period *p, int64_t at_ms);

#endif
