/* SPDX-License-Identifier: Apache-2.0
 *
 * The document of findings, as `plimsoll check --format json` and GET /v1/findings have it, written
 * piece by piece: ten thousand findings are never in memory at once, and a daemon looks after its
 * other work between two pieces. A finding that changes meanwhile is written as it is when its turn
 * comes. */
#ifndef REPORT_FINDINGS_JSON_H
#define REPORT_FINDINGS_JSON_H

#include "judge/judge.h"
#include "report/left_out.h"

struct findings_json;

struct findings_query {
	const struct judge *judge;
	/* Which findings are meant; NULL: all. */
	bool (*wanted)(void *arg, const struct finding_view *view);
	/* Which rules and numbers that are not judged are; NULL: all. */
	left_out_fn *wanted_left_out;
	void *arg;
	/* Whose numbers those are; NULL: the leading one's. */
	const struct benchmark *benchmark;
	int64_t started_ms; /* CLOCK_REALTIME: when the look began, and how long it took */
	double took_ms;
};

/* 0 or -ENOMEM. The query is copied. */
int findings_json_new(struct findings_json **ret, const struct findings_query *query);
struct findings_json *findings_json_free(struct findings_json *d); /* takes NULL */
DEFINE_CLEANUP(struct findings_json, findings_json_free)

/* About `enough` bytes more, borrowed until the next call. *ret_complete: that was all. 0 or
 * -ENOMEM.
 */
int findings_json_next(
    struct findings_json *d, size_t enough, const char **ret, size_t *ret_len, bool *ret_complete);

/* What is meant and not judged: left_out_not_selected() and left_out_not_checked(). */
struct json_object *findings_not_selected_json(const struct findings_query *query);
struct json_object *findings_not_checked_json(const struct findings_query *query);

/* The counts of the findings that are meant. A new reference; NULL when out of memory. */
struct json_object *findings_summary_json(const struct findings_query *query);

#endif
