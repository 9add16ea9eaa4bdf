/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll findings and status: what the running daemon holds. */
#include "control/client.h"
#include "control/commands.h"
#include "control/show.h"
#include "report/audit_table.h"
#include "report/findings_table.h"
#include "report/member.h"
#include "report/words.h"
#include "util/clock.h"

#include <errno.h>
#include <unistd.h>

/* "/v1/findings?rule=5.4". Caller frees; NULL when out of memory. */
static char *
target_of(const struct options *o)
{
	_cleanup_(freep) char *query = filter_query(o->filter);
	char *target;

	if (query == NULL || asprintf(&target, "/v1/findings?%s", query) < 0)
		return NULL;
	return target;
}

static int
print_line(void *arg, const char *line, size_t len)
{
	(void)fwrite(line, 1, len, stdout);
	(void)fputc('\n', stdout);
	return 0;
}

static int
print_table(const struct options *o, struct json_object *document)
{
	_cleanup_(findings_table_freep) struct findings_table *table = NULL;
	struct style style = style_of(STDOUT_FILENO);
	struct json_object *findings = member(document, "findings");
	size_t n = member_count(document, "findings");
	uint32_t shown = show_verdicts(o);
	const char *named = filter_benchmark_name(o->filter);
	int r = findings_table_new(
	    &table, named != NULL ? named : member_text_at(document, "benchmarks", 0));

	for (size_t i = 0; i < n && r == 0; i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);
		int verdict = verdict_from_name(member_text(finding, "verdict"));

		if (member(finding, "exception") != NULL && (shown & AUDIT_TABLE_EXCEPTED) == 0)
			continue;
		if (verdict < 0 || (shown & (1U << verdict)) != 0)
			r = findings_table_add(table, finding);
	}
	if (r == 0 && (shown & AUDIT_TABLE_LEFT_OUT) != 0)
		r = findings_table_add_list(table, member(document, "notselected"));
	if (r == 0 && (shown & AUDIT_TABLE_LEFT_OUT) != 0)
		r = findings_table_add_list(table, member(document, "notchecked"));
	if (r == 0)
		r = findings_table_print(table, stdout, &style, o->all);
	if (r == 0)
		findings_summary_print(member(document, "summary"), stdout, &style);
	if (r == 0 && n == 0 && !filter_is_empty(o->filter))
		(void)command_fail(STATUS_OK, "nothing here is what the filters name");
	return r;
}

int
command_findings(const struct options *o)
{
	_cleanup_(freep) char *target = target_of(o);
	_cleanup_(freep) char *why = NULL;
	struct json_object *document = NULL;
	int r;

	if (target == NULL)
		return command_fail(STATUS_USAGE, "out of memory");
	/* JSON goes through as it comes: it may be long. */
	if (o->format == FORMAT_JSON)
		r = client_lines(o->socket, target, print_line, NULL, &why);
	else
		r = client_get(o->socket, target, &document, &why);
	if (r != 0)
		return command_fail_client(r, why);
	if (document != NULL)
		r = print_table(o, document);
	(void)json_object_put(document);
	return r == 0 ? STATUS_OK : command_fail(STATUS_USAGE, "out of memory");
}

/* --- status --- */

static void
print_sources(const struct style *style, struct json_object *sources)
{
	if (!json_object_is_type(sources, json_type_object))
		return;
	json_object_object_foreach (sources, name, source) {
		const char *state = member_text(source, "state");
		bool up = *state == 'u';

		(void)printf("%-14s  ", name);
		(void)text_put_coloured(stdout, style, up ? COLOUR_GREEN : COLOUR_YELLOW, state, 0);
		if (*member_text(source, "since") != '\0')
			(void)printf(" since %s", member_text(source, "since"));
		if (!up) {
			(void)fputs(": ", stdout);
			(void)text_put(stdout, member_text(source, "why"), 0);
		}
		(void)fputc('\n', stdout);
	}
}

static void
print_benchmarks(struct json_object *status)
{
	struct json_object *list = member(status, "benchmarks");

	for (size_t i = 0; i < member_count(status, "benchmarks"); i++)
		(void)printf(", %s", json_object_get_string(json_object_array_get_idx(list, i)));
	(void)printf(", sha256 %.12s\n", member_text(status, "rulebook/sha256"));
}

static void
print_status(struct json_object *status)
{
	struct style style = style_of(STDOUT_FILENO);
	char up[CLOCK_SPAN_SIZE];

	(void)printf("%-14s  %s, up ", "plimsolld", member_text(status, "plimsoll"));
	clock_span_text(member_int(status, "uptime_s") * 1000, up);
	(void)printf(
	    "%s%s\n", up, member_true(status, "settled") ? "" : ", still looking at everything");
	if (member(status, "engine") == NULL)
		(void)printf("%-14s  none\n", "engine");
	else
		(void)printf("%-14s  %s %s (API %s) at %s\n", "engine",
		    member_text(status, "engine/kind"), member_text(status, "engine/version"),
		    member_text(status, "engine/api"), member_text(status, "engine/socket"));
	(void)printf(
	    "%-14s  %lld rules", "rulebook", (long long)member_int(status, "rulebook/rules"));
	print_benchmarks(status);
	print_sources(&style, member(status, "sources"));
	(void)printf("%-14s  %lld, %lld changes missed\n", "gaps",
	    (long long)member_int(status, "gaps"),
	    (long long)member_int(status, "counters/missed_changes"));
	(void)printf("%-14s  %s, row %lld\n", "ledger", member_text(status, "ledger/id"),
	    (long long)member_int(status, "ledger/seq"));
	(void)printf("%-14s  ", "findings");
	findings_summary_print(member(status, "summary"), stdout, &style);
}

static bool
is_blind(struct json_object *sources)
{
	if (!json_object_is_type(sources, json_type_object))
		return true;
	json_object_object_foreach (sources, name, source) {
		(void)name;
		if (*member_text(source, "state") != 'u')
			return true;
	}
	return false;
}

int
command_status(const struct options *o)
{
	_cleanup_(freep) char *why = NULL;
	struct json_object *status = NULL;
	int r = client_get(o->socket, "/v1/status", &status, &why);

	if (r != 0)
		return command_fail_client(r, why);
	if (o->format == FORMAT_JSON)
		show_json(stdout, status);
	else
		print_status(status);
	r = is_blind(member(status, "sources")) ? STATUS_INCOMPLETE : STATUS_OK;
	(void)json_object_put(status);
	return r;
}
