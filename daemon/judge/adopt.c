/* SPDX-License-Identifier: Apache-2.0
 *
 * Another rulebook takes the place of the one in force. All that needs memory is made first; then
 * nothing can fail any more, and everything moves over at once. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <assert.h>
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

enum { NO_RULE = UINT16_MAX };

int
rule_index_init(struct rule_index *ret, const struct rulebook *rb)
{
	*ret = (struct rule_index){ .n_rules = rb->n_rules };
	ret->files_why = calloc(rb->n_rules + 1, sizeof(char *));
	if (ret->files_why == NULL)
		return -ENOMEM;
	for (int kind = 0; kind < _SUBJECT_KINDS; kind++) {
		struct scope_rules *scope = &ret->scopes[kind];

		scope->rules = calloc(rb->n_rules + 1, sizeof(*scope->rules));
		if (scope->rules == NULL)
			return -ENOMEM;
		for (unsigned i = 0; i < rb->n_rules; i++)
			if (rb->rules[i]->selected && (int)rb->rules[i]->scope == kind)
				scope->rules[scope->n++] = (uint16_t)i;
	}
	return covers_init(&ret->covers, rb);
}

void
rule_index_deinit(struct rule_index *index)
{
	for (unsigned i = 0; index->files_why != NULL && i < index->n_rules; i++)
		free(index->files_why[i]);
	free(index->files_why);
	for (int kind = 0; kind < _SUBJECT_KINDS; kind++)
		free(index->scopes[kind].rules);
	covers_deinit(&index->covers);
	*index = (struct rule_index){ 0 };
}

/* --- what is made before anything moves --- */

struct moved {
	struct finding *findings;
	unsigned n;
};

struct adoption {
	const struct rulebook *rb;
	struct rule_index index;
	uint16_t *places;    /* by rule in force: its place in the new one, or NO_RULE */
	struct moved *moved; /* by entry */
	size_t n_moved;
};

static void
adoption_deinit(struct adoption *a)
{
	for (size_t i = 0; i < a->n_moved; i++)
		free(a->moved[i].findings);
	free(a->moved);
	free(a->places);
	rule_index_deinit(&a->index);
}

static int
find_places(struct adoption *a, const struct rulebook *before)
{
	a->places = calloc(before->n_rules + 1, sizeof(*a->places));
	if (a->places == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < before->n_rules; i++) {
		const struct rule *was = before->rules[i];
		const struct rule *is = rulebook_find(a->rb, was->key, NULL);

		a->places[i] = is == NULL || !is->selected || is->scope != was->scope
				   ? NO_RULE
				   : (uint16_t)is->index;
	}
	return 0;
}

/* Both rulebooks are in the order of keys, so findings stay in the order of rules. A file keeps
 * those that it has; which rules name it now is found out later. */
static int
move_findings(struct adoption *a, const struct subject *s, struct moved *ret)
{
	const struct scope_rules *scope = &a->index.scopes[s->kind];
	unsigned room = s->kind == SUBJECT_FILE ? s->n_findings : scope->n, at = 0;
	struct finding *findings = calloc(room + 1, sizeof(*findings));

	if (findings == NULL)
		return -ENOMEM;
	for (unsigned i = 0; s->kind != SUBJECT_FILE && i < room; i++)
		findings[i].rule = scope->rules[i];
	for (unsigned i = 0; i < s->n_findings; i++) {
		uint16_t place = a->places[s->findings[i].rule];

		if (place == NO_RULE)
			continue;
		while (s->kind != SUBJECT_FILE && findings[at].rule != place)
			at++;
		findings[at] = s->findings[i];
		findings[at++].rule = place;
	}
	*ret = (struct moved){ findings, s->kind == SUBJECT_FILE ? at : room };
	return 0;
}

static int
prepare(struct adoption *a, const struct judge *j)
{
	int r;

	r = rule_index_init(&a->index, a->rb);
	if (r == 0)
		r = find_places(a, j->rb);
	if (r < 0)
		return r;
	a->moved = calloc(j->n_entries + 1, sizeof(*a->moved));
	if (a->moved == NULL)
		return -ENOMEM;
	for (; r == 0 && a->n_moved < j->n_entries; a->n_moved++)
		r = move_findings(a, &j->entries[a->n_moved]->s, &a->moved[a->n_moved]);
	return r;
}

/* --- the move --- */

static const char *
why_not_judged(const struct adoption *a, const struct rule *was)
{
	const struct rule *is = rulebook_find(a->rb, was->key, NULL);

	if (is == NULL)
		return "there is no such rule any more";
	return is->unselected_why != NULL ? is->unselected_why : "it is about other subjects now";
}

/* What was wrong and is no longer judged must not vanish in silence. */
static void
tell_unselected(struct judge *j, const struct adoption *a)
{
	assert(a->places != NULL);
	for (size_t i = 0; i < j->n_entries; i++) {
		struct entry *e = j->entries[i];

		for (unsigned n = 0; n < e->s.n_findings; n++) {
			const struct finding *f = &e->s.findings[n];
			const struct rule *rule = j->rb->rules[f->rule];

			if (a->places[f->rule] != NO_RULE || !f->judged ||
			    (f->verdict != VERDICT_FAIL && f->verdict != VERDICT_UNKNOWN))
				continue;
			if (drift_unselected(j, e, f, why_not_judged(a, rule)) < 0)
				judge_trouble(j, "out of memory");
		}
	}
}

static void
count_rules(struct judge *j, const struct adoption *a)
{
	unsigned before = 0, kept = 0, after = 0;

	assert(a->places != NULL);
	for (unsigned i = 0; i < j->rb->n_rules; i++) {
		before += j->rb->rules[i]->selected;
		kept += j->rb->rules[i]->selected && a->places[i] != NO_RULE;
	}
	for (unsigned i = 0; i < a->rb->n_rules; i++)
		after += a->rb->rules[i]->selected;
	j->reload.added = after - kept;
	j->reload.removed = before - kept;
}

static void
move_over(struct judge *j, struct adoption *a)
{
	for (size_t i = 0; i < a->n_moved; i++) {
		struct entry *e = j->entries[i];

		free(e->s.findings);
		e->s.findings = TAKE(a->moved[i].findings);
		e->s.n_findings = a->moved[i].n;
		if (e->known)
			outbox_dirty(j, e);
	}
	rule_index_deinit(&j->index);
	j->index = a->index;
	a->index = (struct rule_index){ 0 };
	j->rb = a->rb;
	j->head->rule = NULL;
}

static void
reload_begin(struct judge *j, struct json_object *more)
{
	reload_tell(j);
	j->reload = (struct reload){ .pending = true,
		.judging = true,
		.cause = { .source = CAUSE_RELOAD,
		    .detail = "rules, settings or exceptions",
		    .woke_ns = clock_monotonic_ns() },
		.more = more };
}

/* Over what is held: what differs now, differs by the rules. */
static void
judge_by_new_rules(struct judge *j)
{
	int r;

	r = round_anew(j);
	files_stale(j, &j->reload.cause);
	if (r == 0 && facts_ready(j))
		r = files_update(j);
	if (r < 0)
		judge_trouble(j, strerror(-r));
	j->reload.judging = false;
}

int
judge_adopt(struct judge *j, const struct rulebook *rb, struct json_object *more)
{
	_cleanup_(adoption_deinit) struct adoption a = { .rb = rb };
	int r;

	/* What has come in is still judged by the rules under which it was asked for. */
	r = round_run(j);
	if (r == 0)
		r = prepare(&a, j);
	if (r < 0) {
		json_object_put(more);
		return r;
	}
	reload_begin(j, more);
	count_rules(j, &a);
	tell_unselected(j, &a);
	move_over(j, &a);
	clock_reset(j);
	judge_by_new_rules(j);
	outbox_flush(j);
	if (judge_look(j, CAUSE_RESYNC) < 0)
		judge_trouble(j, "out of memory");
	return 0;
}

/* --- the notice --- */

void
reload_tell(struct judge *j)
{
	struct object more = object_begin();
	unsigned judged = 0;

	if (!j->reload.pending) {
		json_object_put(object_end(&more));
		return;
	}
	for (unsigned i = 0; i < j->rb->n_rules; i++)
		judged += j->rb->rules[i]->selected;
	object_int(&more, "changed", j->reload.changed);
	object_int(&more, "excepted", j->reload.excepted);
	object_int(&more, "rules", judged);
	object_int(&more, "added", j->reload.added);
	object_int(&more, "removed", j->reload.removed);
	object_int(&more, "exceptions", j->rb->n_exceptions);
	object_string(&more, "rulebook", j->rb->sha256);
	if (j->reload.more != NULL) {
		json_object_object_foreach (j->reload.more, key, value)
			object_borrowed(&more, key, value);
	}
	reload_deinit(j);
	if (judge_notice(j, "reloaded", object_end(&more)) < 0)
		judge_trouble(j, "out of memory");
}

void
reload_deinit(struct judge *j)
{
	json_object_put(j->reload.more);
	j->reload = (struct reload){ 0 };
}
