/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll check: the daemon's own path, run once until nothing is stale. */
#include "control/commands.h"
#include "control/filter_finding.h"
#include "control/show.h"
#include "report/audit_table.h"
#include "report/junit.h"
#include "util/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

enum {
	PROGRESS_AFTER_S = 1,
	PIECE = 64 * 1024,
};

struct check {
	const struct options *o;
	struct rulebook *rb;
	struct event_base *base;
	struct event *progress;
	struct collector *collector;
	struct ledger *ledger;
	struct judge *judge;
	int64_t started_ms, began_ms; /* CLOCK_REALTIME, CLOCK_MONOTONIC */
	double took_ms;
	bool settled, progress_shown;
};

static void
check_deinit(struct check *c)
{
	(void)collector_free(c->collector);
	(void)judge_free(c->judge);
	(void)ledger_free(c->ledger);
	if (c->progress != NULL)
		event_free(c->progress);
	if (c->base != NULL)
		event_base_free(c->base);
	(void)rulebook_free(c->rb);
}

/* --- the look --- */

static void
on_progress(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { .tv_usec = 200 * 1000 };
	struct check *c = arg;

	(void)fprintf(stderr, "\rlooking: %zu to go \033[K", judge_queue_depth(c->judge));
	c->progress_shown = true;
	(void)event_add(c->progress, &again);
}

static void
on_committed(void *arg)
{
}

static void
on_files(void *arg, const char *const *paths, size_t n)
{
}

static void
on_trouble(void *arg, const char *what)
{
	(void)command_fail(STATUS_INCOMPLETE, "%s", what);
}

static void
on_settled(void *arg)
{
	struct check *c = arg;
	int64_t us = clock_monotonic_ns() / 1000 - c->began_ms * 1000;

	c->settled = true;
	c->took_ms = (double)us / 1000;
	(void)event_base_loopbreak(c->base);
}

static int
set_up(struct check *c)
{
	const struct options *o = c->o;
	struct judge_handlers handlers = { .arg = c,
		.on_committed = on_committed,
		.on_settled = on_settled,
		.on_files = on_files,
		.on_trouble = on_trouble };
	struct collector_config config = { .engine_socket = c->rb->settings.engine_socket,
		.host_root = o->host_root,
		.parallel = 4 };
	char *why = NULL;
	int r;

	config.base = c->base = event_base_new();
	if (c->base == NULL)
		return -ENOMEM;
	c->progress = evtimer_new(c->base, on_progress, c);
	if (c->progress == NULL)
		return -ENOMEM;
	r = ledger_open(&c->ledger, NULL, &why);
	free(why);
	if (r == 0)
		r = collector_new(&c->collector, &config);
	if (r == 0)
		r = judge_new(&c->judge, c->base, c->rb, c->collector, c->ledger, &handlers);
	return r;
}

static int
look(struct check *c)
{
	static const struct timeval after = { .tv_sec = PROGRESS_AFTER_S };
	int r;

	c->started_ms = clock_realtime_ms();
	c->began_ms = clock_monotonic_ms();
	if (!c->o->quiet && isatty(STDERR_FILENO) == 1)
		(void)event_add(c->progress, &after);
	r = judge_look(c->judge, CAUSE_START);
	if (r == 0 && !c->settled && event_base_dispatch(c->base) < 0)
		r = -EIO;
	if (c->progress_shown)
		(void)fputs("\r\033[K", stderr);
	if (r == 0 && !c->settled)
		r = -EIO;
	return r;
}

/* --- what it found --- */

static bool
is_wanted(void *arg, const struct finding_view *view)
{
	const struct check *c = arg;

	return filter_matches_finding(c->o->filter, c->rb, view);
}

static struct findings_query
query_of(struct check *c)
{
	return (struct findings_query){ .judge = c->judge,
		.wanted = is_wanted,
		.arg = c,
		.started_ms = c->started_ms,
		.took_ms = c->took_ms };
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
	bool found, incomplete;
};

static int
note_outcome(void *arg, const struct finding_view *view)
{
	struct outcome *outcome = arg;

	/* It counts under its exception alone. */
	if (!is_wanted(outcome->c, view) || view->exception != NULL)
		return 0;
	outcome->found |= (outcome->c->o->fail_on & (1U << view->verdict)) != 0;
	outcome->incomplete |= view->verdict == VERDICT_UNKNOWN;
	return 0;
}

static int
status_of(struct check *c)
{
	struct outcome outcome = { .c = c };

	(void)judge_each_finding(c->judge, note_outcome, &outcome);
	if (outcome.found)
		return STATUS_FOUND;
	return outcome.incomplete ? STATUS_INCOMPLETE : STATUS_OK;
}

static int
run(struct check *c)
{
	_cleanup_(freep) char *why = NULL;
	int r = filter_check(c->o->filter, c->rb, &why);

	if (r != 0)
		return command_fail(STATUS_USAGE, "%s", why == NULL ? strerror(-r) : why);
	if (access(c->o->host_root, F_OK) != 0)
		return command_fail(STATUS_USAGE, "%s: %s", c->o->host_root, strerror(errno));
	if (geteuid() != 0 && !c->o->quiet)
		(void)command_fail(0,
		    "not root: audit rules, processes of others and perhaps the engine's socket "
		    "cannot be read; what rests on them is unknown");
	r = set_up(c);
	if (r == 0)
		r = look(c);
	if (r != 0)
		return command_fail(STATUS_USAGE, "the audit could not be run: %s", strerror(-r));
	if (!c->o->quiet)
		r = print(c);
	if (r != 0 || fflush(stdout) != 0)
		return command_fail(STATUS_USAGE, "the findings could not be printed: %s",
		    strerror(r == 0 ? errno : -r));
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
	check_deinit(&c);
	return r;
}
