/* SPDX-License-Identifier: Apache-2.0 */
#include "control/status.h"
#include "control/api.h"
#include "judge/judge.h"
#include "report/about.h"
#include "report/advice.h"
#include "report/member.h"
#include "util/clock.h"

#include <errno.h>
#include <unistd.h>

static struct json_object *
source_new(const struct judge *judge, enum watch_source source)
{
	struct json_object *json = json_object_new_object();
	const char *why = NULL;
	int64_t since = 0;
	bool up = judge_source_sees(judge, source, &since, &why);
	int r = json == NULL ? -ENOMEM : member_put_text(json, "state", up ? "up" : "blind");

	if (r == 0 && since != 0)
		r = member_put_time(json, "since", since);
	if (r == 0 && !up)
		r = member_put_text(json, "why", why);
	return member_done(json, r);
}

static struct json_object *
sources_new(const struct judge *judge)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : 0;

	for (int s = 0; s < _WATCH_SOURCES && r == 0; s++)
		r = member_put(json, watch_source_name(s), source_new(judge, s));
	return member_done(json, r);
}

static struct json_object *
ledger_new(const struct ledger *ledger)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : member_put_text(json, "id", ledger_id(ledger));

	if (r == 0)
		r = member_put_int(json, "seq", (int64_t)ledger_last_seq(ledger));
	return member_done(json, r);
}

/* What `plimsoll doctor` has to know of the process that looks. */
static struct json_object *
rights_new(void)
{
	struct json_object *json = json_object_new_object(), *lacks = json_object_new_array();
	unsigned lacking = advice_lacking();
	int r = json == NULL || lacks == NULL ? -ENOMEM : member_put_int(json, "uid", geteuid());

	for (unsigned i = 0; i < advice_capability_count && r == 0; i++)
		if ((lacking & 1U << i) != 0)
			r = member_append(
			    lacks, json_object_new_string(advice_capabilities[i].name));
	if (r == 0)
		r = member_put(json, "lacks", TAKE(lacks));
	(void)json_object_put(lacks);
	return member_done(json, r);
}

static struct json_object *
counters_new(const struct api_config *c, uint64_t drops, uint64_t refusals)
{
	const struct judge_counters *j = judge_counters(c->judge);
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{ "events", j->events },
		{ "stale_marks", j->stale_marks },
		{ "collections", j->collections },
		{ "evaluations", j->evaluations },
		{ "api_calls", collector_counters(c->collector)->api_calls },
		{ "resyncs", j->resyncs },
		{ "missed_changes", j->missed_changes },
		{ "gaps", j->gaps },
		{ "drops", j->drops + drops },
		{ "drifts", j->drifts },
		{ "refusals", refusals },
	};
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < ARRAY_SIZE(counters) && r == 0; i++)
		r = member_put_int(json, counters[i].name, (int64_t)counters[i].value);
	return member_done(json, r);
}

struct json_object *
status_json(const struct api_config *c, uint64_t drops, uint64_t refusals)
{
	struct json_object *json = json_object_new_object();
	int64_t uptime_ms = clock_monotonic_ms() - c->started_monotonic_ms;
	int r = json == NULL ? -ENOMEM : about_add(json, c->judge);

	if (r == 0)
		r = member_put_true(json, "settled", judge_settled(c->judge));
	if (r == 0)
		r = member_put_time(json, "started", c->started_ms);
	if (r == 0)
		r = member_put_int(json, "uptime_s", uptime_ms / 1000);
	if (r == 0)
		r = member_put(json, "summary", judge_summary_json(c->judge));
	if (r == 0)
		r = member_put(json, "rights", rights_new());
	if (r == 0)
		r = member_put(json, "sources", sources_new(c->judge));
	if (r == 0)
		r = member_put_int(json, "gaps", (int64_t)judge_counters(c->judge)->gaps);
	if (r == 0)
		r = member_put(json, "ledger", ledger_new(c->ledger));
	if (r == 0)
		r = member_put(json, "counters", counters_new(c, drops, refusals));
	return member_done(json, r);
}
