/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll check: the daemon's own path, run once until nothing is stale. */
#include "control/audit_once.h"
#include "control/commands.h"
#include "control/filter_finding.h"
#include "control/show.h"
#include "report/audit_table.h"
#include "report/junit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

struct check {
	const struct options *o;
	struct rulebook *rb;
	struct audit_once *audit;
};

/* --- what it found --- */

static bool
is_wanted(void *arg, const struct finding_view *view)
{
	const struct check *c = arg;

	return filter_matches_finding(c->o->filter, UINT32_MAX, c->rb, view);
}

static bool
is_wanted_left_out(void *arg, const struct left_out *left_out)
{
	const struct check *c = arg;

	return filter_matches_left_out(c->o->filter, c->rb, left_out);
}

static struct findings_query
query_of(struct check *c)
{
	struct findings_query query = audit_once_query(c->audit);

	query.wanted = is_wanted;
	query.wanted_left_out = is_wanted_left_out;
	query.benchmark = filter_benchmark(c->o->filter, c->rb);
	query.arg = c;
	return query;
}

static int
print_json(struct check *c)
{
	_cleanup_(findings_json_freep) struct findings_json *d = NULL;
	struct findings_query query = query_of(c);
	bool complete = false;
	const char *text;
	size_t len;
	int r = findings_json_new(&d, &query);

	while (r == 0 && !complete) {
		r = findings_json_next(d, PIECE, &text, &len, &complete);
		if (r == 0 && fwrite(text, 1, len, stdout) != len)
			r = -EIO;
	}
	return r;
}

static int
print_table(struct check *c)
{
	struct findings_query query = query_of(c);
	struct style style = style_of(STDOUT_FILENO);

	return audit_table_print(&query, show_verdicts(c->o), c->o->all, stdout, &style);
}

static int
print(struct check *c)
{
	struct findings_query query;

	switch (c->o->format) {
	case FORMAT_JSON:
		return print_json(c);
	case FORMAT_JUNIT:
		query = query_of(c);
		return junit_print(&query, stdout);
	case FORMAT_TABLE:
	case FORMAT_CSV:
	case FORMAT_HTML:
	case _FORMATS:
		break;
	}
	return print_table(c);
}

struct outcome {
	struct check *c;
	bool any, found, incomplete;
};

/* Which verdicts are shown changes nothing in what is so. */
static int
note_outcome(void *arg, const struct finding_view *view)
{
	static const uint32_t filters = ~(1U << FILTER_VERDICT);
	struct outcome *outcome = arg;

	if (!filter_matches_finding(outcome->c->o->filter, filters, outcome->c->rb, view))
		return 0;
	outcome->any = true;
	/* It counts under its exception alone. */
	if (view->exception != NULL)
		return 0;
	outcome->found |= (outcome->c->o->fail_on & (1U << view->verdict)) != 0;
	outcome->incomplete |= view->verdict == VERDICT_UNKNOWN;
	return 0;
}

/* Why the filters left nothing: a rule that is meant and not judged, else the subjects. */
static int
fail_empty(const struct check *c)
{
	for (unsigned i = 0; i < c->rb->n_rules; i++) {
		const struct rule *rule = c->rb->rules[i];
		const struct filter_view view = { .rule = rule, .verdict = -1, .kind = -1 };

		if (!rule->selected &&
		    filter_matches_part(c->o->filter, FILTERS_OF_RULES, c->rb, &view))
			return command_fail(STATUS_USAGE, "nothing was audited: %s: %s", rule->key,
			    rule->unselected_why);
	}
	return command_fail(
	    STATUS_USAGE, "nothing was audited: nothing here is what the filters name");
}

static int
status_of(struct check *c)
{
	struct outcome outcome = { .c = c };

	(void)judge_each_finding(audit_once_query(c->audit).judge, note_outcome, &outcome);
	if (!outcome.any)
		return fail_empty(c);
	if (outcome.found)
		return STATUS_FOUND;
	return outcome.incomplete ? STATUS_INCOMPLETE : STATUS_OK;
}

static void
on_trouble(void *arg, const char *what)
{
	(void)command_fail(STATUS_INCOMPLETE, "%s", what);
}

static int
run(struct check *c)
{
	_cleanup_(freep) char *why = NULL;
	struct audit_once_config config;
	int r = filter_check(c->o->filter, c->rb, &why);

	if (r != 0)
		return command_fail(STATUS_USAGE, "%s", why == NULL ? strerror(-r) : why);
	if (access(c->o->host_root, F_OK) != 0)
		return command_fail(STATUS_USAGE, "%s: %s", c->o->host_root, strerror(errno));
	if (geteuid() != 0 && !c->o->quiet)
		(void)command_fail(0,
		    "not root: audit rules, processes of others and perhaps the engine's socket "
		    "cannot be read; what rests on them is unknown");
	config = (struct audit_once_config){ .rb = c->rb,
		.host_root = c->o->host_root,
		.progress = !c->o->quiet,
		.on_trouble = on_trouble };
	r = audit_once_run(&c->audit, &config);
	if (r != 0)
		return command_fail(STATUS_USAGE, "the audit could not be run: %s", strerror(-r));
	if (!c->o->quiet)
		r = print(c);
	/* Whether it reaches its file is for all commands to see in the end. */
	if (r != 0 && ferror(stdout) == 0)
		return command_fail(
		    STATUS_USAGE, "the findings could not be printed: %s", strerror(-r));
	return status_of(c);
}

int
command_check(const struct options *o)
{
	struct check c = { .o = o };
	int r = command_load(&c.rb, o, NULL);

	if (r == STATUS_OK && o->engine != NULL)
		c.rb->settings.engine_socket = o->engine;
	if (r == STATUS_OK)
		r = run(&c);
	(void)audit_once_free(c.audit);
	(void)rulebook_free(c.rb);
	return r;
}
