/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the page of a period. */
#ifndef REPORT_PERIOD_PAGE_H
#define REPORT_PERIOD_PAGE_H

#include "report/period_print.h"

extern const char period_style[];

/* "2026-11-23 17:00:00", of UTC as everything. */
void period_put_time(FILE *out, int64_t ms);
void period_put_span(FILE *out, int64_t ms); /* "-" for none */

/* What fills the time of blindness; once in the page, before the first bar. */
void period_put_patterns(FILE *out);
/* A pair's time from left to right. 0 or -ENOMEM. */
int period_put_bar(FILE *out, const struct period *p, const struct period_pair *pair);
/* Time in all, as shares. */
void period_put_shares(FILE *out, const int64_t ms[_PERIOD_STATES]);
void period_put_legend(FILE *out);
/* What the ends and the middle of a bar stand for. */
void period_put_axis(FILE *out, const struct period *p);

#endif
