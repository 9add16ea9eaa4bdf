/* SPDX-License-Identifier: Apache-2.0
 *
 * A look at everything: subjects are listed anew, and what was not asked about since the look began
 * is asked about. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static int
look_at_topic(struct judge *j, struct entry *e, enum topic topic)
{
	struct slot *slot = entry_slot(e, topic);
	uint64_t since = slot->stale ? slot->since : 0;
	int r;

	if (slot->asked_ms > j->look.begin_ms && !slot->stale)
		return 0;
	r = mark(j, e, topic, &j->look.cause, true);
	/* What was asked since the look began will do, but for what an event has told since. */
	slot->since = since > j->look.since ? since : j->look.since;
	if (r == 0 && !slot->look) {
		slot->look = true;
		j->look.slots++;
	}
	return r;
}

static bool
has_topic(uint32_t topics, enum topic topic)
{
	return (topics & UINT32_C(1) << topic) != 0;
}

static bool
has_kind(uint32_t topics, enum subject_kind kind)
{
	for (unsigned i = 0; i < kind_topics[kind].n; i++)
		if (has_topic(topics, kind_topics[kind].first + i))
			return true;
	return false;
}

/* Nothing is known of it, and nobody has asked. */
static bool
is_untouched(struct entry *e, enum topic topic)
{
	const struct slot *slot = entry_slot(e, topic);

	return e->s.snapshots[topic] == NULL && !slot->asked && !slot->stale;
}

static int
look_at_topics(struct judge *j, struct entry *e, uint32_t topics)
{
	enum topic first = kind_topics[e->s.kind].first;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < kind_topics[e->s.kind].n; i++)
		if (first + i != TOPIC_CONTAINER_EXECS &&
		    (has_topic(topics, first + i) || is_untouched(e, first + i)))
			r = look_at_topic(j, e, first + i);
	return r;
}

int
look_at(struct judge *j, struct entry *e)
{
	return look_at_topics(j, e, j->look.topics);
}

/* A subject goes: with a row if it was ever judged, with a notice if it was too quick for us. */
void
subject_gone(struct judge *j, struct entry *e, const struct cause *cause, int64_t end_ns)
{
	bool container = e->s.kind == SUBJECT_CONTAINER;
	int r = 0;

	/* It is told, and held against a successor, as it stood. */
	if (e->known && e->dirty && !j->baseline)
		r = state_save(j, e);
	if (r == 0 && e->known && !j->baseline)
		r = drift_gone(j, e, cause);
	if (r == 0 && container && !e->known)
		r = gone_unseen(j, e, cause, end_ns);
	if (r == 0 && container)
		r = gone_note(j, e);
	if (r == 0 && e->known && !j->baseline)
		r = outbox_put(j, (int)e->s.kind, e->s.id, NULL);
	if (r == 0 && container)
		r = image_use_ends(j, e, cause);
	if (r < 0)
		judge_trouble(j, strerror(-r));
	entry_remove(j, e);
	judge_schedule(j, 0);
}

/* A subject that was not known: listed, or named by an event. */
int
subject_new(struct judge *j, struct entry **ret, enum subject_kind kind, const char *id)
{
	struct entry *e = NULL;
	int r;

	r = entry_add(j, &e, kind, id);
	if (r == 0 && kind == SUBJECT_CONTAINER)
		r = execs_begin(j, e);
	if (r == 0)
		*ret = e;
	return r;
}

static int
take_listed(struct judge *j, struct listing *listing, const struct listed *item)
{
	struct entry *e = entry_find(j, listing->kind, item->id);
	bool fresh = e == NULL;
	int r = 0;

	/* It went away while the list was on its way. */
	if (fresh && recently_gone(j, item->id))
		return 0;
	if (fresh)
		r = subject_new(j, &e, listing->kind, item->id);
	if (r == 0)
		r = entry_name(j, e, item->name, item->image);
	if (r != 0)
		return r;
	e->listed = listing->number;
	if (j->look.active)
		return look_at(j, e);
	return fresh ? mark(j, e, TOPIC_ALL, &listing->cause, true) : 0;
}

/* Those that the list doesn't have, unless they came after it was asked for. */
static void
drop_unlisted(struct judge *j, const struct listing *listing)
{
	for (size_t i = j->n_entries; i > 0; i--) {
		struct entry *e = j->entries[i - 1];

		if (e->s.kind == listing->kind && e->listed != listing->number &&
		    e->added_ms < listing->asked_ms)
			subject_gone(j, e, &listing->cause, -1);
	}
}

/* Whether a list could be had changes what rules without subjects say; that a subject comes or goes
 * does as well. */
void
listing_answered(struct listing *listing, bool failed)
{
	listing->checked_ms = clock_realtime_ms();
	if (listing->since_ms == 0 || failed != (listing->why != NULL))
		listing->since_ms = listing->checked_ms;
}

static void
on_list(void *arg, const char *why, const struct listed *items, size_t n)
{
	struct listing *listing = arg;
	struct judge *j = listing->judge;
	int r = 0;

	listing->asked = false;
	listing_answered(listing, why != NULL);
	retry_note(j, &listing->retry, why != NULL, listing->why == NULL);
	free(listing->why);
	listing->why = why == NULL ? NULL : strdup(why);
	judge_schedule(j, 0);
	if (why != NULL)
		return;
	listing->had = true;
	listing->number++;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = take_listed(j, listing, &items[i]);
	if (r < 0)
		judge_trouble(j, strerror(-r));
	else
		drop_unlisted(j, listing);
	if (listing->again)
		(void)look_list(j, listing->kind, &listing->cause);
}

int
look_list(struct judge *j, enum subject_kind kind, const struct cause *cause)
{
	struct listing *listing = &j->listings[kind];
	int r;

	listing->again = listing->asked;
	listing->cause = *cause;
	if (listing->asked)
		return 0;
	listing->judge = j;
	listing->kind = kind;
	listing->asked_ms = clock_monotonic_ms();
	r = collector_list(j->collector, kind, on_list, listing);
	if (r == 0)
		listing->asked = true;
	return r;
}

static bool
is_listed(enum subject_kind kind)
{
	return kind == SUBJECT_CONTAINER || kind == SUBJECT_IMAGE;
}

/* One that begins while another is under way becomes a part of it. */
int
look_begin(struct judge *j, const struct cause *cause, uint32_t topics, bool told)
{
	int r = 0;

	j->look.topics = topics | (j->look.active ? j->look.topics : 0);
	j->look.active = true;
	j->look.told |= told;
	j->look.begin_ms = clock_monotonic_ms();
	j->look.since = collector_now(j->collector);
	j->look.cause = *cause;
	for (size_t i = 0; r == 0 && i < j->n_entries; i++) {
		struct entry *e = j->entries[i];

		/* What is listed is looked at when it still is. */
		if (has_kind(topics, e->s.kind) && !is_listed(e->s.kind))
			r = look_at_topics(j, e, topics);
	}
	for (int kind = 0; r == 0 && kind < _SUBJECT_KINDS; kind++)
		if (is_listed((enum subject_kind)kind) &&
		    has_kind(topics, (enum subject_kind)kind) && j->index.scopes[kind].n > 0)
			r = look_list(j, (enum subject_kind)kind, cause);
	if (has_topic(topics, TOPIC_FILE_STAT))
		files_stale(j, cause);
	judge_schedule(j, 0);
	return r;
}

int
judge_look(struct judge *j, enum cause_source source)
{
	static const char *const details[_CAUSES] = {
		[CAUSE_START] = "first look",
		[CAUSE_RESYNC] = "look at everything",
		[CAUSE_RELOAD] = "reload",
	};
	struct cause cause = { .source = source };

	if (details[source] != NULL)
		(void)snprintf(cause.detail, sizeof(cause.detail), "%s", details[source]);
	if (source == CAUSE_RESYNC)
		j->counters.resyncs++;
	return look_begin(j, &cause, UINT32_MAX, true);
}

/* Everything that the look asked for has been judged. */
static bool
look_is_over(const struct judge *j)
{
	if (!j->look.active || j->look.slots > 0 || j->files_stale)
		return false;
	for (int kind = 0; kind < _SUBJECT_KINDS; kind++)
		if (j->listings[kind].asked)
			return false;
	return true;
}

static void
tell_baseline(struct judge *j)
{
	struct object more = object_begin();

	j->baseline = false;
	object_add(&more, "summary", judge_summary_json(j));
	object_string(&more, "rulebook", j->rb->sha256);
	if (judge_notice(j, "baseline", object_end(&more)) < 0)
		judge_trouble(j, "out of memory");
}

bool
look_end(struct judge *j)
{
	bool told = j->look.told;

	if (!look_is_over(j))
		return false;
	j->look.active = j->look.told = false;
	if (told && j->baseline)
		tell_baseline(j);
	reload_tell(j);
	prune_tick(j);
	if (told && j->handlers.on_settled != NULL)
		j->handlers.on_settled(j->handlers.arg);
	return true;
}

bool
judge_settled(const struct judge *j)
{
	return !j->look.active;
}
