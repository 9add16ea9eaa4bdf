/* SPDX-License-Identifier: Apache-2.0
 *
 * Exceptions in force: what each finding counts under, and what is said when that changes. Nothing
 * is excepted silently, and an end is kept to the moment. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

int
covers_init(struct covers *c, const struct rulebook *rb)
{
	c->told = calloc(rb->n_exceptions + 1, sizeof(*c->told));
	c->looked_ms = clock_realtime_ms();
	return c->told == NULL ? -ENOMEM : 0;
}

void
covers_deinit(struct covers *c)
{
	free(c->told);
	*c = (struct covers){ 0 };
}

bool
rule_has_exceptions(const struct judge *j, const struct rule *rule)
{
	unsigned n;

	(void)rulebook_exceptions(j->rb, rule, &n);
	return n > 0;
}

int
cover_of(struct cover *ret, const struct judge *j, const struct subject *s, const struct rule *rule,
    const struct judgement *judgement)
{
	struct cover_question q = { .rule = rule,
		.verdict = judgement->verdict,
		.subject = s,
		.now_ms = clock_realtime_ms() };
	char hash[SHA256_HEX + 1];
	struct judge_facts facts;
	struct desk desk;
	int r = 0;

	*ret = (struct cover){ 0 };
	if (!rule_has_exceptions(j, rule))
		return 0;
	if (s->kind == SUBJECT_CONTAINER)
		q.labels = subject_fact(j, s, FACT_CONTAINER_LABELS);
	if (judgement->verdict == VERDICT_REVIEW && cover_wants_evidence(j->rb, rule)) {
		facts = desk_facts(&desk, j, s);
		r = cover_evidence(hash, judgement, rule, &facts);
		if (r == 0)
			q.evidence = hash;
	}
	if (r >= 0)
		*ret = cover_find(j->rb, &q);
	return r < 0 ? r : 0;
}

/* Judges it anew for that, unless it is known to be under none. */
const struct exception *
finding_exception(const struct judge *j, const struct subject *s, const struct finding *f)
{
	const struct rule *rule = j->rb->rules[f->rule];
	struct judgement judgement;
	struct cover cover;

	if (f->covered == 0 || judge_rule(j, s, rule, &judgement) < 0 ||
	    judgement.verdict != (enum verdict)f->verdict ||
	    cover_of(&cover, j, s, rule, &judgement) < 0)
		return NULL;
	return cover.by;
}

void
add_exception(struct object *o, const struct exception *e)
{
	struct object exception;

	if (e == NULL) {
		object_null(o, "exception");
		return;
	}
	exception = object_open(o, "exception");
	object_string(&exception, "state", exception_state_name(e->state));
	object_string(&exception, "owner", e->owner);
	object_string(&exception, "reason", e->reason);
	object_string(&exception, "expires", e->expires);
	object_string(&exception, "ticket", e->ticket);
	object_close(&exception, o);
}

/* The same finding counts elsewhere from now on. */
void
cover_cause(struct cause *ret, const struct cover *cover)
{
	const struct exception *e = cover->by != NULL ? cover->by : cover->ended;

	*ret = (struct cause){ .source = CAUSE_EXCEPTION, .woke_ns = clock_monotonic_ns() };
	if (e == NULL)
		(void)snprintf(ret->detail, sizeof(ret->detail), "no exception covers it now");
	else if (cover->by == NULL)
		(void)snprintf(ret->detail, sizeof(ret->detail), "exception of %.40s ended %.30s",
		    e->owner, e->expires);
	else
		(void)snprintf(ret->detail, sizeof(ret->detail), "%s by %.40s%s%.30s",
		    exception_state_name(e->state), e->owner, e->expires == NULL ? "" : " until ",
		    e->expires == NULL ? "" : e->expires);
}

static const char *const match_names[_EXCEPTION_MATCHES] = {
	[EXCEPTION_NAME] = "name",
	[EXCEPTION_IMAGE] = "image",
	[EXCEPTION_LABEL] = "label",
	[EXCEPTION_PATH] = "path",
};

/* `findings`: how many count again; -1: that is still to be seen. */
static void
tell_end(struct judge *j, const struct exception *e, int findings)
{
	struct object more = object_begin();
	char subject[160];

	object_string(&more, "rule", e->rule->key);
	add_refs(&more, j, e->rule);
	if (e->match != EXCEPTION_ALL) {
		(void)snprintf(
		    subject, sizeof(subject), "%s %.140s", match_names[e->match], e->pattern);
		object_string(&more, "subject", subject);
	}
	object_string(&more, "state", exception_state_name(e->state));
	object_string(&more, "owner", e->owner);
	object_string(&more, "reason", e->reason);
	object_string(&more, "expires", e->expires);
	object_string(&more, "ticket", e->ticket);
	if (findings >= 0)
		object_int(&more, "findings", findings);
	if (judge_notice(j, "exception-expired", object_end(&more)) < 0)
		judge_trouble(j, "out of memory");
}

void
covers_ended(struct judge *j, const struct exception *e)
{
	bool *told = &j->index.covers.told[e - j->rb->exceptions];

	if (!*told)
		tell_end(j, e, -1);
	*told = true;
}

/* How many findings it was the last to cover. */
static int
count_ended(const struct judge *j, const struct exception *ended)
{
	struct judgement judgement;
	struct cover cover;
	int n = 0;

	for (size_t i = 0; i < j->n_entries; i++) {
		const struct subject *s = &j->entries[i]->s;
		const struct finding *f = subject_finding(s, ended->rule->index);

		if (f != NULL && f->covered != 0 &&
		    judge_rule(j, s, ended->rule, &judgement) == 0 &&
		    cover_of(&cover, j, s, ended->rule, &judgement) == 0)
			n += cover.by == NULL && cover.ended == ended;
	}
	return n;
}

static bool
is_excepted(const struct judge *j, const struct subject *s)
{
	for (unsigned i = 0; i < s->n_findings; i++)
		if (rule_has_exceptions(j, j->rb->rules[s->findings[i].rule]))
			return true;
	return false;
}

static void
recheck_all(struct judge *j)
{
	for (size_t i = 0; i < j->n_entries; i++) {
		struct entry *e = j->entries[i];

		if (!e->known || !is_excepted(j, &e->s))
			continue;
		e->recheck = true;
		hold(j, e);
	}
}

void
covers_tick(struct judge *j)
{
	int64_t now_ms = clock_realtime_ms(), next_ms = INT64_MAX;
	bool moved = now_ms < j->index.covers.looked_ms; /* the clock was set back */

	for (unsigned i = 0; i < j->rb->n_exceptions; i++) {
		const struct exception *e = &j->rb->exceptions[i];
		bool ended = e->expires_ms <= now_ms;

		if (!ended && e->expires_ms < next_ms)
			next_ms = e->expires_ms;
		j->index.covers.told[i] &= ended;
		if (!ended || e->expires_ms <= j->index.covers.looked_ms || j->index.covers.told[i])
			continue;
		j->index.covers.told[i] = moved = true;
		tell_end(j, e, count_ended(j, e));
	}
	j->index.covers.looked_ms = now_ms;
	if (moved)
		recheck_all(j);
	if (next_ms != INT64_MAX)
		clock_plan(j, next_ms - now_ms);
}
