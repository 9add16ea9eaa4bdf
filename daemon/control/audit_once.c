/* SPDX-License-Identifier: Apache-2.0 */
#include "control/audit_once.h"
#include "util/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

enum {
	PROGRESS_AFTER_S = 1,
	GIVE_UP_AFTER_S = 3, /* of trouble: memory is tried for again once a second */
	FOR_EVER_S = 365 * 24 * 3600,
};

struct audit_once {
	struct audit_once_config config;
	struct event_base *base;
	struct event *progress, *give_up;
	struct collector *collector;
	struct ledger *ledger;
	struct judge *judge;
	int64_t started_ms, began_ms; /* CLOCK_REALTIME, CLOCK_MONOTONIC */
	double took_ms;
	bool settled, progress_shown, in_trouble, gave_up;
};

struct audit_once *
audit_once_free(struct audit_once *a)
{
	if (a == NULL)
		return NULL;
	(void)collector_free(a->collector);
	(void)judge_free(a->judge);
	(void)ledger_free(a->ledger);
	if (a->progress != NULL)
		event_free(a->progress);
	if (a->give_up != NULL)
		event_free(a->give_up);
	if (a->base != NULL)
		event_base_free(a->base);
	free(a);
	return NULL;
}

static void
on_progress(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { .tv_usec = 200 * 1000 };
	struct audit_once *a = arg;

	(void)fprintf(stderr, "\rlooking: %zu to go \033[K", judge_queue_depth(a->judge));
	a->progress_shown = true;
	(void)event_add(a->progress, &again);
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
	static const struct timeval after = { .tv_sec = GIVE_UP_AFTER_S };
	struct audit_once *a = arg;

	/* Each time that something is tried again it may be said again. */
	if (a->in_trouble)
		return;
	a->in_trouble = true;
	(void)event_add(a->give_up, &after);
	a->config.on_trouble(a->config.arg, what);
}

/* A daemon tries again until it has what it needs; whoever waits for an audit is told. */
static void
on_give_up(evutil_socket_t fd, short what, void *arg)
{
	struct audit_once *a = arg;

	a->gave_up = true;
	(void)event_base_loopbreak(a->base);
}

static void
on_settled(void *arg)
{
	struct audit_once *a = arg;
	int64_t us = clock_monotonic_ns() / 1000 - a->began_ms * 1000;

	a->settled = true;
	a->took_ms = (double)us / 1000;
	(void)event_base_loopbreak(a->base);
}

static int
set_up(struct audit_once *a)
{
	static const struct timeval for_ever = { .tv_sec = FOR_EVER_S };
	struct judge_handlers handlers = { .arg = a,
		.on_committed = on_committed,
		.on_settled = on_settled,
		.on_files = on_files,
		.on_trouble = on_trouble };
	struct collector_config config = { .engine_socket = a->config.rb->settings.engine_socket,
		.host_root = a->config.host_root,
		.parallel = 4 };
	char *why = NULL;
	int r;

	config.base = a->base = event_base_new();
	if (a->base == NULL)
		return -ENOMEM;
	a->progress = evtimer_new(a->base, on_progress, a);
	a->give_up = evtimer_new(a->base, on_give_up, a);
	/* Has its place among the timers from now on, and needs no memory when it counts. */
	if (a->progress == NULL || a->give_up == NULL || event_add(a->give_up, &for_ever) != 0)
		return -ENOMEM;
	r = ledger_open(&a->ledger, NULL, &why);
	free(why);
	if (r == 0)
		r = collector_new(&a->collector, &config);
	if (r == 0)
		r = judge_new(&a->judge, a->base, a->config.rb, a->collector, a->ledger, &handlers);
	return r;
}

static int
look(struct audit_once *a)
{
	static const struct timeval after = { .tv_sec = PROGRESS_AFTER_S };
	int r;

	a->started_ms = clock_realtime_ms();
	a->began_ms = clock_monotonic_ms();
	if (a->config.progress && isatty(STDERR_FILENO) == 1)
		(void)event_add(a->progress, &after);
	r = judge_look(a->judge, CAUSE_START);
	if (r == 0 && !a->settled && event_base_dispatch(a->base) < 0)
		r = -EIO;
	if (a->progress_shown)
		(void)fputs("\r\033[K", stderr);
	if (a->gave_up && !a->settled)
		return -ENOMEM;
	return r == 0 && !a->settled ? -EIO : r;
}

int
audit_once_run(struct audit_once **ret, const struct audit_once_config *config)
{
	_cleanup_(audit_once_freep) struct audit_once *a = calloc(1, sizeof(*a));
	int r;

	if (a == NULL)
		return -ENOMEM;
	a->config = *config;
	r = set_up(a);
	if (r == 0)
		r = look(a);
	if (r == 0)
		*ret = TAKE(a);
	return r;
}

struct findings_query
audit_once_query(const struct audit_once *a)
{
	return (struct findings_query){
		.judge = a->judge, .started_ms = a->started_ms, .took_ms = a->took_ms
	};
}
