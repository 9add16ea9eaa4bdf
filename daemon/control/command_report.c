/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll report: what was true over a period, made from what the daemon kept. */
#include "control/client.h"
#include "control/commands.h"
#include "report/member.h"
#include "report/period_print.h"
#include "util/clock.h"

#include <errno.h>
#include <event2/http.h>
#include <string.h>
#include <unistd.h>

struct report {
	const struct options *o;
	struct json_object *about;
	struct period *period;
	char *why;
	int r; /* of a row that could not be taken */
};

static bool
is_wanted(void *arg, struct json_object *subject, bool present)
{
	const struct options *o = arg;
	const struct filter_view view = {
		.verdict = -1,
		.kind = subject_kind_from_name(member_text(subject, "kind")),
		.id = member_text(subject, "id"),
		.name = member_text(subject, "name"),
		.image = member_text(subject, "image"),
	};

	/* The labels of one that is gone are not kept. */
	if (filter_has(o->filter, FILTER_LABEL) && !present)
		return false;
	return filter_matches_part(o->filter, FILTERS_OF_NAMES, NULL, &view);
}

/* The state of a period that a view is in, as a bit; 0: it is not meant. */
static unsigned
state_of(const struct filter *filter, const struct filter_view *view, const char *verdict,
    const char *exception)
{
	int state = period_state_from(verdict, exception);

	if (state < 0 || !filter_matches_part(filter, 1U << FILTER_VERDICT, NULL, view))
		return 0;
	return 1U << state;
}

static unsigned
states_of(const struct filter *filter)
{
	unsigned states = 0;

	if (!filter_has(filter, FILTER_VERDICT))
		return 0;
	for (int i = 0; i < _VERDICTS; i++) {
		const struct filter_view view = { .verdict = i, .kind = -1 };

		states |= state_of(filter, &view, verdict_name((enum verdict)i), "");
	}
	for (int i = 0; i < _EXCEPTION_STATES; i++) {
		const struct filter_view view = { .verdict = -1, .covered = 1 + i, .kind = -1 };

		states |=
		    state_of(filter, &view, "", exception_state_name((enum exception_state)i));
	}
	return states;
}

/* CLOCK_REALTIME ms of an option that was checked when it was parsed; 0: not given. */
static int64_t
moment_of(const char *text)
{
	int64_t ms = 0;
	bool is_day;

	return text != NULL && clock_parse(text, &ms, &is_day) ? ms : 0;
}

static bool
has_any(const struct filter *filter, uint32_t filters)
{
	for (int kind = 0; kind < _FILTERS; kind++)
		if ((filters & 1U << kind) != 0 && filter_has(filter, (enum filter_kind)kind))
			return true;
	return false;
}

static int
begin(struct report *report)
{
	const struct options *o = report->o;
	int64_t now_ms = clock_realtime_ms(), until_ms = moment_of(o->until);
	struct period_question question = {
		.since_ms = moment_of(o->since),
		.until_ms = until_ms == 0 || until_ms > now_ms ? now_ms : until_ms,
		.leading = filter_benchmark_name(o->filter) != NULL
			       ? filter_benchmark_name(o->filter)
			       : member_text_at(report->about, "benchmarks", 0),
		.asked_seq = (uint64_t)member_int(report->about, "ledger/seq"),
		.rules_only = has_any(o->filter, FILTERS_OF_RULES),
		.states = states_of(o->filter),
		.wanted = is_wanted,
		.arg = (void *)(uintptr_t)o,
	};

	return period_new(&report->period, &question);
}

/* GETs a document by those of the filters; the target ends where they begin. 0, CLIENT_E_*, or
 * -ENOMEM. */
static int
get(struct report *report, const char *target, uint32_t filters, struct json_object **ret)
{
	_cleanup_(freep) char *query = filter_query_part(report->o->filter, filters);
	_cleanup_(freep) char *whole = NULL;

	if (query == NULL || asprintf(&whole, "%s%s", target, query) < 0)
		return -ENOMEM;
	return client_get(report->o->socket, whole, ret, &report->why);
}

static int
add_each(struct report *report, struct json_object *list,
    int (*add)(struct period *p, struct json_object *json))
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add(report->period, json_object_array_get_idx(list, i));
	return r;
}

/* What the findings of one rule are now. Rule by rule, as all at once may be much. */
static int
add_findings(struct report *report, struct json_object *rule)
{
	const uint32_t filters = FILTERS_OF_NAMES | 1U << FILTER_LABEL;
	struct json_object *document = NULL;
	_cleanup_(freep) char *target = NULL;
	int r;

	if (asprintf(&target, "/v1/findings?rule=%s&", member_text(rule, "key")) < 0)
		return -ENOMEM;
	r = get(report, target, filters, &document);
	if (r == 0)
		r = add_each(report, member(document, "findings"), period_add_finding);
	(void)json_object_put(document);
	return r;
}

static int
add_rules(struct report *report)
{
	struct json_object *rules = NULL;
	int r = get(report, "/v1/rules?", FILTERS_OF_RULES, &rules);

	if (r == 0)
		r = add_each(report, rules, period_add_rule);
	for (size_t i = 0; r == 0 && i < member_count(rules, ""); i++)
		r = add_findings(report, json_object_array_get_idx(rules, i));
	(void)json_object_put(rules);
	return r;
}

static int
on_row(void *arg, const char *line, size_t len)
{
	struct report *report = arg;
	struct json_object *row = json_tokener_parse(line);

	report->r = row == NULL ? 0 : period_add_row(report->period, row);
	(void)json_object_put(row);
	return report->r;
}

/* The findings of now come first: what changes while we ask is in the rows. */
static int
ask(struct report *report)
{
	const char *socket = report->o->socket;
	int r = client_get(socket, "/v1/status", &report->about, &report->why);

	if (r == 0)
		r = begin(report);
	if (r == 0)
		r = add_rules(report);
	if (r == 0)
		r = client_lines(socket, "/v1/drift?after=0", on_row, report, &report->why);
	if (r == 0)
		r = report->r;
	if (r == 0 && filter_has(report->o->filter, FILTER_LABEL))
		r = period_note(report->period,
		    "Labels of containers that went away are not kept: those are left out.");
	return r == 0 ? period_end(report->period) : r;
}

static int
print(const struct report *report)
{
	const struct period_paper paper = {
		.period = report->period,
		.about = report->about,
		.made_ms = clock_realtime_ms(),
		.all = report->o->all,
	};
	struct style style = style_of(STDOUT_FILENO);

	switch (report->o->format) {
	case FORMAT_JSON:
		return period_print_json(&paper, stdout);
	case FORMAT_CSV:
		return period_print_csv(&paper, stdout);
	case FORMAT_HTML:
		return period_print_html(&paper, stdout);
	case FORMAT_TABLE:
	case FORMAT_JUNIT:
	case _FORMATS:
		break;
	}
	return period_print_table(&paper, stdout, &style);
}

int
command_report(const struct options *o)
{
	struct report report = { .o = o };
	int r, status;

	if (o->since != NULL && o->until != NULL && strcmp(o->since, o->until) >= 0)
		return command_fail(
		    STATUS_USAGE, "--since %s is not before --until %s", o->since, o->until);
	r = ask(&report);
	if (r == 0)
		r = print(&report);
	if (ferror(stdout) != 0)
		r = 0; /* said in the end, as of all commands */
	status = r == 0 ? STATUS_OK : command_fail_client(r, report.why);
	(void)period_free(report.period);
	(void)json_object_put(report.about);
	free(report.why);
	return status;
}
