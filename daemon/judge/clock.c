/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes stale by itself: topics that have grown too old, facts that change at a known moment,
 * and everything once in a while. */
#include "judge/inner.h"

#include "util/clock.h"
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>

enum {
	CLOCK_MS = 60 * 1000, /* how often ages are looked at */
	CLOCK_LEAST_MS = 10,
	CLOCK_SLACK_MS = 1000, /* what is due so soon is done now: one wake-up does for both */
};

void
clock_plan(struct judge *j, int64_t in_ms)
{
	int64_t now_ms = clock_monotonic_ms(), at;
	struct timeval in;

	if (in_ms > CLOCK_MS)
		in_ms = CLOCK_MS;
	if (in_ms < CLOCK_LEAST_MS)
		in_ms = CLOCK_LEAST_MS;
	at = now_ms + in_ms;
	if (j->clock_due_ms != 0 && j->clock_due_ms <= at)
		return;
	j->clock_due_ms = at;
	in = (struct timeval){ in_ms / 1000, in_ms % 1000 * 1000 };
	(void)evtimer_add(j->clock, &in);
}

static bool
is_old(const struct slot *slot, enum topic topic, int64_t now_ms)
{
	int64_t longest_ms = (int64_t)topic_table[topic].longest_age_s * 1000;

	return longest_ms != 0 && slot->asked_ms != 0 && now_ms - slot->asked_ms >= longest_ms;
}

/* What a gap covers is looked at when it ends. */
static bool
is_in_gap(const struct judge *j, enum subject_kind kind)
{
	return kind != SUBJECT_HOST && kind != SUBJECT_FILE && source_is_blind(j, WATCH_EVENTS);
}

static bool
is_asked_again(struct judge *j, const struct entry *e, const struct slot *slot, enum topic topic,
    int64_t now_ms)
{
	int64_t rest = slot->asked_ms + topic_table[topic].least_interval_ms - now_ms;

	if (slot->retry.due_s == 0 || is_in_gap(j, e->s.kind))
		return false;
	if (rest > 0)
		clock_plan(j, rest);
	return rest <= 0 && retry_is_due(j, &slot->retry);
}

static void
tick_topic(struct judge *j, struct entry *e, enum topic topic, int64_t now_ms)
{
	const struct snapshot *held = e->s.snapshots[topic];
	struct slot *slot = entry_slot(e, topic);
	struct cause cause = { .source = CAUSE_CLOCK, .woke_ns = clock_monotonic_ns() };
	int64_t left = 1;
	bool again;

	if (slot->stale || slot->asked || held == NULL)
		return;
	again = is_asked_again(j, e, slot, topic, now_ms);
	if (held->changes_at_ms != 0)
		left = held->changes_at_ms - clock_realtime_ms();
	/* A session that is over so soon isn't over. */
	if (topic != TOPIC_CONTAINER_EXECS && left <= CLOCK_SLACK_MS && held->changes_at_ms != 0)
		left = 0;
	if (left > 0 && held->changes_at_ms != 0)
		clock_plan(j, left);
	if (left > 0 && !again && !is_old(slot, topic, now_ms))
		return;
	if (topic == TOPIC_CONTAINER_EXECS) {
		execs_expire(j, e);
		return;
	}
	(void)snprintf(cause.detail, sizeof(cause.detail), "%s %s", topic_table[topic].name,
	    again ? "is asked for again" : "is old");
	if (mark(j, e, topic, &cause, false) < 0)
		judge_trouble(j, "out of memory");
}

static void
tick_lists(struct judge *j)
{
	struct cause cause = { .source = CAUSE_CLOCK, .woke_ns = clock_monotonic_ns() };

	for (int kind = 0; kind < _SUBJECT_KINDS; kind++) {
		struct listing *listing = &j->listings[kind];

		if (listing->asked || is_in_gap(j, (enum subject_kind)kind) ||
		    !retry_is_due(j, &listing->retry))
			continue;
		(void)snprintf(cause.detail, sizeof(cause.detail),
		    "the list of %ss is asked for again",
		    subject_kind_name((enum subject_kind)kind));
		if (look_list(j, (enum subject_kind)kind, &cause) < 0)
			judge_trouble(j, "out of memory");
	}
	(void)snprintf(cause.detail, sizeof(cause.detail), "files are looked for again");
	if (!j->files_stale && retry_is_due(j, &j->files_retry))
		files_stale(j, &cause);
}

static void
on_clock(evutil_socket_t fd, short events, void *arg)
{
	struct judge *j = arg;
	int64_t now_ms = clock_monotonic_ms();

	j->clock_due_ms = 0;
	for (size_t i = 0; i < j->n_entries; i++) {
		struct entry *e = j->entries[i];
		enum topic first = kind_topics[e->s.kind].first;

		for (unsigned t = 0; t < kind_topics[e->s.kind].n; t++)
			tick_topic(j, e, first + t, now_ms);
		if (e->s.kind == SUBJECT_IMAGE && image_use_tick(j, e) < 0)
			judge_trouble(j, "out of memory");
	}
	tick_lists(j);
	covers_tick(j);
	prune_tick(j);
	clock_plan(j, CLOCK_MS);
}

static void
on_resync(evutil_socket_t fd, short events, void *arg)
{
	struct judge *j = arg;

	if (judge_look(j, CAUSE_RESYNC) < 0)
		judge_trouble(j, "out of memory");
}

void
clock_reset(struct judge *j)
{
	struct timeval every = { j->rb->settings.resync_interval_s, 0 };

	(void)evtimer_del(j->resync);
	if (every.tv_sec > 0 && evtimer_add(j->resync, &every) < 0)
		judge_trouble(j, "everything will not be looked at by itself: out of memory");
	covers_tick(j);
}

int
clock_init(struct judge *j)
{
	struct timeval every = { j->rb->settings.resync_interval_s, 0 };

	j->clock = evtimer_new(j->base, on_clock, j);
	j->resync = event_new(j->base, -1, EV_PERSIST, on_resync, j);
	if (j->clock == NULL || j->resync == NULL)
		return -ENOMEM;
	if (every.tv_sec > 0 && evtimer_add(j->resync, &every) < 0)
		return -ENOMEM;
	covers_tick(j);
	clock_plan(j, CLOCK_MS);
	return 0;
}

void
clock_deinit(struct judge *j)
{
	if (j->clock != NULL)
		event_free(j->clock);
	if (j->resync != NULL)
		event_free(j->resync);
}
