/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the files that make a period. */
#ifndef REPORT_PERIOD_INNER_H
#define REPORT_PERIOD_INNER_H

#include "report/period.h"

/* Room for one more item at `*items`, zeroed; NULL when out of memory. Arrays grow by doubling. */
void *period_grow(void *items, size_t *n, size_t size);

/* 0 for what is no time. */
int64_t period_time(struct json_object *object, const char *path);

/* period.c. NULL with *ret_r 0: it is not meant. */
struct period_subject *period_subject(
    struct period *p, struct json_object *json, bool present, int *ret_r);
struct period_pair *period_pair(
    struct period *p, struct period_subject *subject, struct json_object *finding, int *ret_r);

/* period_pair.c: a pair over time. */

/* What a row says of a pair. */
struct period_news {
	int64_t at_ms;
	const char *verdict, *because;
	struct json_object *exception, *cause; /* borrowed */
	bool found_later, stood;
};

void period_pair_deinit(struct period_pair *pair);
/* From then on it is so. */
int period_pair_is(struct period *p, struct period_pair *pair, const struct period_news *said);
/* It was so before, since `at_ms` (0: nobody can tell since when), unless that is known. */
int period_pair_was(struct period *p, struct period_pair *pair, const struct period_news *was,
    const char *exception_state);
/* What it is now was so before, where nothing else is known. */
int period_pair_was_as_now(struct period *p, struct period_pair *pair, int64_t until_ms);
/* From then on it is in no state. */
int period_pair_over(struct period *p, struct period_pair *pair, int64_t at_ms, const char *end,
    struct json_object *cause);
/* After the last row. */
int period_pair_end(struct period *p, struct period_pair *pair);

#endif
