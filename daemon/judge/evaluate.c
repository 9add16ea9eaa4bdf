/* SPDX-License-Identifier: Apache-2.0
 *
 * A round: the rules that read a changed fact are judged, for the subjects that it belongs to. */
#include "judge/inner.h"

#include "util/clock.h"
#include <errno.h>
#include <string.h>

void
fact_set_add(struct fact_set *set, enum fact_id fact)
{
	set->words[fact / 64] |= UINT64_C(1) << fact % 64;
}

static bool
fact_set_has(const struct fact_set *set, unsigned fact)
{
	return (set->words[fact / 64] >> fact % 64 & 1) != 0;
}

static void
fact_set_join(struct fact_set *set, const struct fact_set *with)
{
	for (unsigned i = 0; i < FACT_WORDS; i++)
		set->words[i] |= with->words[i];
}

static bool
fact_set_is_empty(const struct fact_set *set)
{
	for (unsigned i = 0; i < FACT_WORDS; i++)
		if (set->words[i] != 0)
			return false;
	return true;
}

/* Whose fact it is: the host's, the engine's, or the subject's own. */
static const struct subject *
owner_of(const struct judge *j, const struct subject *s, enum topic topic)
{
	switch (topic_table[topic].kind) {
	case SUBJECT_HOST:
		return &j->host->s;
	case SUBJECT_ENGINE:
		return &j->engine->s;
	case SUBJECT_FILE:
	case SUBJECT_IMAGE:
	case SUBJECT_CONTAINER:
	case SUBJECT_SWARM:
	case _SUBJECT_KINDS:
		break;
	}
	return s;
}

const struct snapshot *
subject_snapshot(const struct judge *j, const struct subject *s, enum topic topic)
{
	return owner_of(j, s, topic)->snapshots[topic];
}

const struct value *
subject_fact(const struct judge *j, const struct subject *s, enum fact_id id)
{
	enum topic topic = fact_table[id].topic;

	return snapshot_get(subject_snapshot(j, s, topic), id);
}

static const struct value *
desk_fact(void *context, enum fact_id id)
{
	const struct desk *desk = context;

	return subject_fact(desk->judge, desk->subject, id);
}

struct judge_facts
desk_facts(struct desk *desk, const struct judge *j, const struct subject *s)
{
	desk->judge = j;
	desk->subject = s;
	subject_words(s, desk->words, sizeof(desk->words));
	return (struct judge_facts){ desk_fact, desk, desk->words };
}

int
judge_rule(
    const struct judge *j, const struct subject *s, const struct rule *rule, struct judgement *ret)
{
	struct desk desk;
	struct judge_facts facts = desk_facts(&desk, j, s);

	arena_reset(j->arena);
	return judgement_make(ret, rule, j->rb, &facts, j->arena);
}

/* Everything is judged by the host's and the engine's facts too, so these come first. */
bool
facts_ready(const struct judge *j)
{
	return has_all(&j->host->s) && has_all(&j->engine->s);
}

static bool
is_shared(const struct judge *j, const struct entry *e)
{
	return e == j->host || e == j->engine;
}

/* Whether all others wait for the host and the engine: nothing is judged in the middle of what
 * changed together. An engine that stands still is not waited for. */
static bool
others_wait(const struct judge *j, int64_t now_ms)
{
	if (!facts_ready(j))
		return true;
	return j->look.active && now_ms - j->look.begin_ms < LOOK_WAIT_MS &&
	       (entry_is_waiting(j->host, now_ms) || entry_is_waiting(j->engine, now_ms));
}

/* Whether an answered subject may be judged. */
static bool
is_ready(struct entry *e, int64_t now_ms)
{
	return !entry_is_waiting(e, now_ms) || now_ms - e->answered_ms >= HOLD_MS;
}

/* The host and the engine stand before all others, and these in the order in which they were
 * answered: what stands behind the first that is ready is due later. */
int64_t
round_due(const struct judge *j, int64_t now_ms)
{
	bool wait_for_shared = others_wait(j, now_ms);
	int64_t due = -1, wait;
	struct entry *e;

	TAILQ_FOREACH(e, &j->answered, in_answered)
	{
		bool ready = (is_shared(j, e) || !wait_for_shared) && is_ready(e, now_ms);

		wait = HOLD_MS;
		if (ready)
			wait = j->outstanding == 0 ? 0 : e->answered_ms + ROUND_WAIT_MS - now_ms;
		if (due < 0 || wait < due)
			due = wait < 0 ? 0 : wait;
		if (!is_shared(j, e) && (ready || wait_for_shared))
			break;
	}
	return due;
}

static bool
reads_any(const struct rule *rule, const struct fact_set *set)
{
	for (size_t i = 0; i < rule->n_reads; i++)
		if (rule->reads[i] < _FACTS && fact_set_has(set, rule->reads[i]))
			return true;
	return false;
}

/* Why a finding is judged: the cause behind the first changed fact that its rule reads, before it
 * a cause that tells more. */
static const struct cause *
cause_of(const struct judge *j, struct entry *e, const struct rule *rule)
{
	const struct cause *best = NULL;

	if (j->reload.judging)
		return &j->reload.cause;
	for (size_t i = 0; i < rule->n_reads; i++) {
		unsigned fact = rule->reads[i];
		const struct cause *c;
		enum topic topic;

		if (fact >= _FACTS || !fact_set_has(&e->changed, fact))
			continue;
		topic = fact_table[fact].topic;
		c = entry_slot((struct entry *)(uintptr_t)owner_of(j, &e->s, topic), topic)
			->working;
		if (c != NULL && (best == NULL || cause_rank(c) > cause_rank(best)))
			best = c;
	}
	return best != NULL ? best : entry_cause(j, e);
}

const struct cause *
entry_cause(const struct judge *j, const struct entry *e)
{
	if (j->reload.judging)
		return &j->reload.cause;
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		if (e->slots[i].working != NULL)
			return e->slots[i].working;
	return &j->look.cause;
}

/* The events of the engine are blind, and the finding hangs on what they tell. */
bool
finding_is_blind(const struct judge *j, const struct subject *s, const struct rule *rule)
{
	/* Where the engine's data lies and who reaches it hang on the engine. */
	const uint32_t of_host = 1u << TOPIC_HOST_SYSTEM | 1u << TOPIC_HOST_AUDIT |
				 1u << TOPIC_HOST_LOGIN | 1u << TOPIC_HOST_SERVICES |
				 1u << TOPIC_FILE_STAT;

	if (!source_is_blind(j, WATCH_EVENTS))
		return false;
	return (rule->scope != SUBJECT_HOST && rule->scope != SUBJECT_FILE) ||
	       (rule->topics & ~of_host) != 0 || is_engine_socket(j, s);
}

static uint8_t
covered_by(const struct cover *cover)
{
	return cover->by == NULL ? 0 : (uint8_t)(1 + (int)cover->by->state);
}

/* A finding that is what it was and counts elsewhere owes that to an exception alone, unless the
 * subject or the evidence is another one now. */
static int
tell_finding(struct judge *j, struct entry *e, const struct finding *f,
    const struct judgement *judgement, const struct cover *cover)
{
	bool same = f->judged && f->verdict == judgement->verdict && f->digest == judgement->digest;
	const struct cause *cause = cause_of(j, e, j->rb->rules[f->rule]);
	struct cause exception;

	if (cover->ended != NULL && f->covered != 0)
		covers_ended(j, cover->ended);
	if (same && (cover->by != NULL || cover->ended != NULL || e->recheck ||
			cause->source == CAUSE_START || cause->source == CAUSE_RELOAD)) {
		cover_cause(&exception, cover);
		cause = &exception;
		j->reload.excepted += j->reload.judging;
	}
	return drift_finding(j, e, f, judgement, cover->by, cause);
}

static int
apply(struct judge *j, struct entry *e, struct finding *f, const struct judgement *judgement,
    bool *news)
{
	const struct rule *rule = j->rb->rules[f->rule];
	bool bad = judgement->verdict == VERDICT_FAIL || judgement->verdict == VERDICT_UNKNOWN;
	bool first = !f->judged, moved = f->verdict != judgement->verdict, covered, tell;
	struct cover cover;
	int r;

	/* In a gap, what can't be read is no news, nor is a socket that is gone with its engine:
	 * the last verdict before it is kept. */
	if ((judgement->verdict == VERDICT_UNKNOWN ||
		(judgement->verdict == VERDICT_NOT_APPLICABLE && is_engine_socket(j, &e->s))) &&
	    finding_is_blind(j, &e->s, rule))
		return 0;
	r = cover_of(&cover, j, &e->s, rule, judgement);
	if (r < 0)
		return r;
	covered = f->covered != covered_by(&cover);
	if (!first && !moved && !covered && f->digest == judgement->digest)
		return 0;
	/* A rule that is new to a known subject is told by itself, not as a subject that appears.
	 */
	tell = first ? bad && e->known : moved || covered || f->verdict == VERDICT_FAIL;
	if (tell && !j->baseline)
		r = tell_finding(j, e, f, judgement, &cover);
	if (r < 0)
		return r;
	if (first && bad && !e->known)
		f->fresh = *news = true;
	if (first || moved)
		f->since_ms = clock_realtime_ms();
	f->judged = true;
	f->covered = covered_by(&cover);
	f->verdict = (uint8_t)judgement->verdict;
	f->digest = judgement->digest;
	outbox_dirty(j, e);
	return 0;
}

static int
judge_entry(struct judge *j, struct entry *e)
{
	bool news = false, touched = e->recheck || !fact_set_is_empty(&e->changed);
	struct judgement judgement;
	int r;

	/* Names and labels, too, are what exceptions hang on. */
	for (unsigned i = 0; i < e->s.n_findings; i++) {
		struct finding *f = &e->s.findings[i];
		const struct rule *rule = j->rb->rules[f->rule];

		if (f->judged && !reads_any(rule, &e->changed) &&
		    !(touched && rule_has_exceptions(j, rule)))
			continue;
		j->counters.evaluations++;
		r = judge_rule(j, &e->s, rule, &judgement);
		if (r == 0)
			r = apply(j, e, f, &judgement, &news);
		if (r < 0)
			return r;
	}
	if (!e->known && !j->baseline) {
		r = carried_or_appeared(j, e, news);
		if (r < 0)
			return r;
	}
	for (unsigned i = 0; i < e->s.n_findings; i++)
		e->s.findings[i].fresh = false;
	e->known = true;
	return 0;
}

/* What was judged is done with; a topic that is under way again keeps its cause. */
static void
settle_entry(struct judge *j, struct entry *e)
{
	e->changed = (struct fact_set){ 0 };
	e->recheck = false;
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		struct slot *slot = &e->slots[i];

		if (slot->answered && slot->look) {
			slot->look = false;
			j->look.slots--;
		}
		slot->answered = false;
		if (slot->asked)
			continue;
		slot->working = cause_release(slot->working);
	}
}

/* Takes what is ready out of the answered ones, and adds all that the host's and the engine's
 * changed facts may touch. */
static void
gather(struct judge *j, struct entries *ready, int64_t now_ms)
{
	bool wait_for_shared = others_wait(j, now_ms);
	struct fact_set shared = { 0 };
	struct entry *e, *next;

	for (e = TAILQ_FIRST(&j->answered); e != NULL; e = next) {
		next = TAILQ_NEXT(e, in_answered);
		if ((wait_for_shared && !is_shared(j, e)) || !is_ready(e, now_ms))
			continue;
		TAILQ_REMOVE(&j->answered, e, in_answered);
		TAILQ_INSERT_TAIL(ready, e, in_answered);
		if (is_shared(j, e))
			fact_set_join(&shared, &e->changed);
	}
	if (fact_set_is_empty(&shared))
		return;
	files_stale(j, entry_cause(j, TAILQ_FIRST(ready)));
	for (size_t i = 0; i < j->n_entries; i++) {
		e = j->entries[i];
		fact_set_join(&e->changed, &shared);
		if (!e->held && has_all(&e->s)) {
			e->held = true;
			TAILQ_INSERT_TAIL(ready, e, in_answered);
		}
	}
}

static bool
exists_changed(const struct entry *e)
{
	return e->s.kind == SUBJECT_FILE && e->globbed &&
	       fact_set_has(&e->changed, FACT_FILE_EXISTS);
}

int
round_run(struct judge *j)
{
	struct entries ready = TAILQ_HEAD_INITIALIZER(ready);
	struct entry *e, *next;
	int r = 0;

	gather(j, &ready, clock_monotonic_ms());
	TAILQ_FOREACH(e, &ready, in_answered)
	{
		r = judge_entry(j, e);
		if (r < 0)
			break;
		if (exists_changed(e))
			files_stale(j, entry_cause(j, e));
	}
	if (r < 0) {
		/* Nothing is forgotten: the same is judged again when there is memory. */
		TAILQ_CONCAT(&j->answered, &ready, in_answered);
		judge_trouble(j, strerror(-r));
		return r;
	}
	for (e = TAILQ_FIRST(&ready); e != NULL; e = next) {
		next = TAILQ_NEXT(e, in_answered);
		e->held = false;
		settle_entry(j, e);
	}
	return 0;
}

int
round_anew(struct judge *j)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->n_entries; i++) {
		struct entry *e = j->entries[i];

		memset(&e->changed, 0xff, sizeof(e->changed));
		if (e->held || !facts_ready(j) || !has_all(&e->s))
			continue;
		r = judge_entry(j, e);
		if (r == 0)
			settle_entry(j, e);
	}
	return r;
}
