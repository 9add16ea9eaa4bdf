/* SPDX-License-Identifier: Apache-2.0
 *
 * What is stale, what is being asked for, and what the answers bring. */
#include "judge/inner.h"

#include "util/clock.h"
#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>

static void
enqueue(struct judge *j, struct entry *e)
{
	if (e->queued)
		return;
	/* What all others are judged by goes first. */
	if (e->s.kind == SUBJECT_HOST || e->s.kind == SUBJECT_ENGINE)
		TAILQ_INSERT_HEAD(&j->queue, e, in_queue);
	else
		TAILQ_INSERT_TAIL(&j->queue, e, in_queue);
	e->queued = true;
}

static int
mark_slot(
    struct judge *j, struct entry *e, enum topic topic, const struct cause *cause, bool urgent)
{
	struct slot *slot = entry_slot(e, topic);
	int r;

	r = cause_note(j, &slot->waiting, cause);
	/* The answer that is on its way may show the change already. */
	if (r == 0 && slot->asked && cause_rank(cause) > 0)
		r = cause_note(j, &slot->working, cause);
	if (r < 0)
		return r;
	if (!slot->stale)
		j->counters.stale_marks++;
	slot->stale = true;
	slot->since = collector_now(j->collector);
	slot->urgent |= urgent;
	enqueue(j, e);
	judge_schedule(j, 0);
	return 0;
}

int
mark(struct judge *j, struct entry *e, enum topic topic, const struct cause *cause, bool urgent)
{
	enum topic first = kind_topics[e->s.kind].first;
	int r;

	if (topic != TOPIC_ALL) {
		if (topic_table[topic].kind != e->s.kind || topic == TOPIC_CONTAINER_EXECS)
			return 0;
		return mark_slot(j, e, topic, cause, urgent);
	}
	for (unsigned i = 0; i < kind_topics[e->s.kind].n; i++) {
		if (first + i == TOPIC_CONTAINER_EXECS)
			continue;
		r = mark_slot(j, e, first + i, cause, urgent);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct ask *
free_ask(struct judge *j)
{
	for (unsigned i = 0; i < ASKS_MAX; i++)
		if (!j->asks[i].busy)
			return &j->asks[i];
	return NULL;
}

void
forget_asks(struct judge *j, const struct entry *e)
{
	for (unsigned i = 0; i < ASKS_MAX; i++)
		if (j->asks[i].busy && j->asks[i].entry == e)
			j->asks[i].entry = NULL;
}

size_t
judge_queue_depth(const struct judge *j)
{
	struct entry *e;
	size_t n = 0;

	TAILQ_FOREACH(e, &j->queue, in_queue)
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		n += e->slots[i].stale;
	return n;
}

static bool
all_unreadable(const struct snapshot *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->values[i].type != VALUE_UNREADABLE)
			return false;
	return true;
}

static void
add_changed(struct fact_set *set, const struct snapshot *before, const struct snapshot *after)
{
	enum fact_id ids[_FACTS];
	unsigned n = snapshot_diff(before, after, ids);

	for (unsigned i = 0; i < n; i++)
		fact_set_add(set, ids[i]);
}

static bool
got_worse(const struct snapshot *before, const struct snapshot *after)
{
	for (unsigned i = 0; i < after->n; i++)
		if (after->values[i].type == VALUE_UNREADABLE &&
		    before->values[i].type != VALUE_UNREADABLE)
			return true;
	return false;
}

/* Sessions are records: there is nothing to be asked. */
static void
note_retry(
    struct judge *j, struct slot *slot, const struct snapshot *before, const struct snapshot *after)
{
	bool failed = false;

	for (unsigned i = 0; i < after->n; i++)
		failed |= after->values[i].type == VALUE_UNREADABLE;
	if (after->topic != TOPIC_CONTAINER_EXECS)
		retry_note(j, &slot->retry, failed, before == NULL || got_worse(before, after));
}

void
hold(struct judge *j, struct entry *e)
{
	if (!e->held && has_all(&e->s)) {
		e->held = true;
		e->answered_ms = clock_monotonic_ms();
		if (e == j->host || e == j->engine)
			TAILQ_INSERT_HEAD(&j->answered, e, in_answered);
		else
			TAILQ_INSERT_TAIL(&j->answered, e, in_answered);
	}
	judge_schedule(j, 0);
}

void
swap_in(struct judge *j, struct entry *e, struct snapshot *snapshot)
{
	struct slot *slot = entry_slot(e, snapshot->topic);
	struct snapshot **at = &e->s.snapshots[snapshot->topic];

	add_changed(&e->changed, *at, snapshot);
	note_retry(j, slot, *at, snapshot);
	snapshot_free(*at);
	*at = snapshot;
	slot->answered = true;
	if (snapshot->changes_at_ms != 0)
		clock_plan(j, snapshot->changes_at_ms - clock_realtime_ms());
	hold(j, e);
}

static const char *
string_of(const struct snapshot *s, enum fact_id fact)
{
	const struct value *v = snapshot_get(s, fact);

	return v->type == VALUE_STRING ? v->string : NULL;
}

static void
ask_again(struct judge *j, struct entry *e, struct slot *slot)
{
	if (slot->doubted_ms == 0)
		slot->doubted_ms = clock_monotonic_ms();
	slot->stale = true;
	slot->since = collector_now(j->collector);
	slot->urgent = false;
	if (slot->waiting == NULL)
		slot->waiting = TAKE(slot->working);
	enqueue(j, e);
	judge_schedule(j, DOUBT_MS);
}

/* What could be read and suddenly can't is asked for again before it is believed: a moment of
 * trouble is no news. Where the engine is going away, that takes until its stream of events ends,
 * long after its socket is gone: a gap, and not a hundred findings, is what happened. */
static bool
doubt(struct judge *j, struct entry *e, const struct snapshot *fresh)
{
	const struct snapshot *before = e->s.snapshots[fresh->topic];
	struct slot *slot = entry_slot(e, fresh->topic);
	bool away = !collector_engine_alive(j->collector);
	int64_t now_ms = clock_monotonic_ms();

	if (before == NULL || !got_worse(before, fresh) || (!away && !all_unreadable(fresh)) ||
	    source_is_blind(j, WATCH_EVENTS) ||
	    (slot->doubted_ms != 0 &&
		now_ms - slot->doubted_ms >= (away ? DOUBT_AWAY_MS : DOUBT_MS))) {
		slot->doubted_ms = 0;
		return false;
	}
	ask_again(j, e, slot);
	return true;
}

static bool
exists(const struct snapshot *s)
{
	const struct value *v = snapshot_get(s, FACT_FILE_EXISTS);

	return v->type == VALUE_BOOL && v->boolean;
}

/* Keeps what was known. */
static bool
keep_held(struct judge *j, struct entry *e, struct slot *slot)
{
	slot->doubted_ms = 0;
	slot->answered = true;
	hold(j, e);
	return true;
}

/* An engine that goes away takes its socket along, first of all, and one that comes makes it, and
 * then gives it its owner. The first is part of the gap, which ends with a look at everything; the
 * second is believed when it lasts. */
static bool
wait_for_socket(struct judge *j, struct entry *e, const struct snapshot *fresh)
{
	const struct snapshot *before = e->s.snapshots[TOPIC_FILE_STAT];
	bool away = source_is_blind(j, WATCH_EVENTS) || !collector_engine_alive(j->collector);
	struct slot *slot = entry_slot(e, TOPIC_FILE_STAT);
	enum fact_id changed[_FACTS];

	if (before == NULL || snapshot_diff(before, fresh, changed) == 0)
		return false;
	if (!exists(fresh) && away)
		return keep_held(j, e, slot);
	if ((exists(fresh) && !away) || slot->look || slot->doubted_ms != 0) {
		slot->doubted_ms = 0;
		return false;
	}
	ask_again(j, e, slot);
	return true;
}

static void
take_snapshot(struct judge *j, struct entry *e, struct snapshot *snapshot)
{
	bool first = e->s.snapshots[snapshot->topic] == NULL;

	if (is_engine_socket(j, &e->s) && wait_for_socket(j, e, snapshot)) {
		snapshot_free(snapshot);
		return;
	}
	if (doubt(j, e, snapshot)) {
		snapshot_free(snapshot);
		return;
	}
	if (snapshot->topic == TOPIC_CONTAINER_INSPECT &&
	    entry_name(j, e, string_of(snapshot, FACT_CONTAINER_NAME),
		string_of(snapshot, FACT_CONTAINER_IMAGE)) < 0)
		judge_trouble(j, "out of memory");
	if (snapshot->topic == TOPIC_CONTAINER_INSPECT)
		e->kin = kin_of(snapshot);
	if (snapshot->topic == TOPIC_IMAGE_INSPECT)
		image_use_read(j, e, snapshot);
	swap_in(j, e, snapshot);
	if (first && snapshot->topic == TOPIC_CONTAINER_INSPECT &&
	    image_use_begins(j, e, entry_slot(e, TOPIC_CONTAINER_INSPECT)->working) < 0)
		judge_trouble(j, "out of memory");
}

static void
on_answer(void *arg, int r, struct snapshot *snapshot)
{
	struct ask *ask = arg;
	struct judge *j = ask->judge;
	struct entry *e = ask->entry;
	struct slot *slot;

	ask->busy = false;
	j->outstanding--;
	judge_schedule(j, 0);
	if (e == NULL) {
		snapshot_free(snapshot);
		return;
	}
	slot = entry_slot(e, ask->topic);
	slot->asked = false;
	if (r == COLLECT_E_GONE)
		subject_gone(j, e, slot->working, 0);
	else if (snapshot != NULL)
		take_snapshot(j, e, snapshot);
}

/* Asks about one topic. 0 or -ENOMEM; then it stays stale. */
static int
ask_for(struct judge *j, struct entry *e, enum topic topic)
{
	struct slot *slot = entry_slot(e, topic);
	struct ask *ask = free_ask(j);
	int r;

	assert(ask != NULL); /* the caller counts them */
	*ask = (struct ask){ .judge = j, .entry = e, .topic = topic, .busy = true };
	r = collector_collect(j->collector, e->s.kind,
	    e->s.kind == SUBJECT_HOST || e->s.kind == SUBJECT_ENGINE ? NULL : e->s.id, topic,
	    slot->since, on_answer, ask);
	if (r < 0) {
		ask->busy = false;
		return r;
	}
	j->outstanding++;
	j->counters.collections++;
	slot->asked = true;
	slot->stale = slot->urgent = false;
	slot->asked_ms = clock_monotonic_ms();
	if (slot->working == NULL)
		slot->working = TAKE(slot->waiting);
	else if (slot->waiting != NULL)
		(void)cause_note(j, &slot->working, slot->waiting);
	slot->waiting = cause_release(slot->waiting);
	return 0;
}

/* In how many ms a stale topic may be asked for; 0: now. */
static int64_t
ask_due(struct entry *e, enum topic topic, int64_t now_ms)
{
	const struct slot *slot = entry_slot(e, topic);
	int64_t least = topic_table[topic].least_interval_ms, due;

	if (slot->doubted_ms != 0)
		least = DOUBT_MS;
	if (slot->urgent || slot->asked_ms == 0)
		return 0;
	due = slot->asked_ms + least - now_ms;
	return due > 0 ? due : 0;
}

/* Whether it waits for a first answer on some topic. One that is asked for again is not waited for,
 * or a subject that keeps changing would never be judged. */
bool
entry_is_waiting(struct entry *e, int64_t now_ms)
{
	enum topic first = kind_topics[e->s.kind].first;

	for (unsigned i = 0; i < kind_topics[e->s.kind].n; i++) {
		const struct slot *slot = &e->slots[i];

		if (!slot->answered &&
		    (slot->asked || (slot->stale && ask_due(e, first + i, now_ms) == 0)))
			return true;
	}
	return false;
}

static bool
any_stale(const struct entry *e)
{
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		if (e->slots[i].stale)
			return true;
	return false;
}

/* Asks for what may be asked for of one subject, all of it at once: topics that rest on the same
 * request share it then. False: there is no room for more. */
static bool
pump_entry(struct judge *j, struct entry *e, int64_t now_ms)
{
	enum topic first = kind_topics[e->s.kind].first;
	int64_t due;

	if (j->outstanding + kind_topics[e->s.kind].n > ASKS_MAX)
		return false;
	for (unsigned i = 0; i < kind_topics[e->s.kind].n; i++) {
		/* One that is under way is asked for once more when its answer is here. */
		if (!e->slots[i].stale || e->slots[i].asked)
			continue;
		due = ask_due(e, first + i, now_ms);
		if (due > 0) {
			judge_schedule(j, due);
			continue;
		}
		if (ask_for(j, e, first + i) < 0) {
			judge_trouble(j, "out of memory");
			judge_schedule(j, RETRY_MS);
			return false;
		}
	}
	if (!any_stale(e)) {
		TAILQ_REMOVE(&j->queue, e, in_queue);
		e->queued = false;
	}
	return true;
}

void
pump(struct judge *j)
{
	int64_t now_ms = clock_monotonic_ms();
	struct entry *e, *next;

	for (e = TAILQ_FIRST(&j->queue); e != NULL; e = next) {
		next = TAILQ_NEXT(e, in_queue);
		if (!pump_entry(j, e, now_ms))
			return;
	}
}
