/* SPDX-License-Identifier: Apache-2.0
 *
 * What of the enabled benchmarks is not judged, so that no report looks more complete than it is:
 * rules that the settings leave out (notselected) and numbers that no rule stands for (notchecked).
 */
#ifndef REPORT_LEFT_OUT_H
#define REPORT_LEFT_OUT_H

#include "rulebook/rulebook.h"
#include <stdbool.h>

struct json_object;

/* One of both: a rule, or a number of a benchmark. */
struct left_out {
	const struct rule *rule; /* notselected; NULL: notchecked */
	const struct benchmark *benchmark;
	const struct benchmark_entry *entry;
};

typedef bool left_out_fn(void *arg, const struct left_out *left_out);

/* Lists of those that are wanted (`wanted` NULL: of all), each with what a finding has of it and
 * with "notselected" or "notchecked" for its verdict. Editions repeat one another, so the numbers
 * are those of one: NULL: the leading one. New references; NULL when out of memory. */
struct json_object *left_out_not_selected(
    const struct rulebook *rb, left_out_fn *wanted, void *arg);
struct json_object *left_out_not_checked(
    const struct rulebook *rb, const struct benchmark *benchmark, left_out_fn *wanted, void *arg);

#endif
