/* SPDX-License-Identifier: Apache-2.0
 *
 * Findings as outputs see them. */
#include "judge/inner.h"

#include "collect/docker.h"
#include "judge/describe.h"
#include "judge/object.h"
#include "util/clock.h"
#include "util/json_text.h"
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

void
add_subject(struct object *o, const struct subject *s)
{
	struct object subject = object_open(o, "subject");

	object_string(&subject, "kind", subject_kind_name(s->kind));
	object_string(&subject, "id", s->id);
	object_string(&subject, "name", s->name);
	object_string(&subject, "image", s->image);
	object_close(&subject, o);
}

static void
add_ref(struct object *refs, const char *benchmark, const struct benchmark_entry *entry)
{
	struct object ref = object_open(refs, benchmark);

	object_string(&ref, "id", entry->id);
	object_string(&ref, "section", entry->section);
	object_int(&ref, "level", entry->level);
	object_bool(&ref, "scored", entry->scored);
	object_close(&ref, refs);
}

void
add_refs(struct object *o, const struct judge *j, const struct rule *rule)
{
	struct object refs = object_open(o, "refs");

	for (unsigned i = 0; i < j->rb->n_benchmarks; i++) {
		const struct benchmark *b = &j->rb->benchmarks[i];
		const struct benchmark_entry *entry =
		    b->enabled ? benchmark_entry_of(b, rule) : NULL;

		if (entry != NULL)
			add_ref(&refs, b->id, entry);
	}
	object_close(&refs, o);
}

/* The oldest of what the rule rests on: nothing of it was verified later. */
static int64_t
checked_ms(const struct judge *j, const struct subject *s, const struct rule *rule)
{
	int64_t oldest = 0;

	for (int topic = 0; topic < _TOPICS; topic++) {
		const struct snapshot *held;

		if ((rule->topics & 1u << topic) == 0)
			continue;
		held = subject_snapshot(j, s, (enum topic)topic);
		if (held == NULL)
			return 0;
		if (oldest == 0 || held->collected_ms < oldest)
			oldest = held->collected_ms;
	}
	return oldest;
}

/* Findings of a subject stand in the order of rules. */
const struct finding *
subject_finding(const struct subject *s, unsigned rule)
{
	unsigned low = 0, high = s->n_findings, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (s->findings[middle].rule == rule)
			return &s->findings[middle];
		if (s->findings[middle].rule < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* What a rule without subjects has instead, and why. */
static enum verdict
without_subject(const struct judge *j, const struct rule *rule, struct text *why)
{
	const struct listing *listing = &j->listings[rule->scope];
	const char *files_why = j->index.files_why[rule->index];

	if (rule->scope == SUBJECT_FILE) {
		if (files_why != NULL)
			text_printf(why, "could not tell which files to look at: %s", files_why);
		else
			text_puts(why, "this host has no such file");
		return files_why != NULL ? VERDICT_UNKNOWN : VERDICT_NOT_APPLICABLE;
	}
	if (listing->why != NULL) {
		text_printf(why, "could not list the %ss: %s", subject_kind_name(rule->scope),
		    listing->why);
		return VERDICT_UNKNOWN;
	}
	if (!listing->had) {
		text_printf(why, "the %ss are not listed yet", subject_kind_name(rule->scope));
		return VERDICT_UNKNOWN;
	}
	text_printf(why, "there is no %s on this host", subject_kind_name(rule->scope));
	return VERDICT_NOT_APPLICABLE;
}

static enum verdict
shown_verdict(const struct judge *j, const struct subject *s, const struct rule *rule,
    const struct finding *f)
{
	return !f->judged || finding_is_blind(j, s, rule) ? VERDICT_UNKNOWN
							  : (enum verdict)f->verdict;
}

/* Whether a subject stands behind a place, in the order of judge_subjects(). */
static bool
is_behind(const struct subject *s, const struct finding_place *place)
{
	int order = strcmp(s->name, place->name);

	return order > 0 || (order == 0 && strcmp(s->id, place->id) > 0);
}

/* The first subject of that kind behind the place, if there is one; `place` NULL: of all. */
static size_t
first_behind(const struct subject *const *subjects, size_t n, enum subject_kind kind,
    const struct finding_place *place)
{
	size_t low = 0, high = n, middle;

	while (low < high) {
		const struct subject *s;

		middle = low + (high - low) / 2;
		s = subjects[middle];
		if (s->kind < kind || (s->kind == kind && place != NULL && !is_behind(s, place)))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Subjects of a kind have mostly the same rules, so that it stands where the last one had it. */
static const struct finding *
finding_near(const struct subject *s, unsigned rule, unsigned *at)
{
	const struct finding *f;

	if (*at < s->n_findings && s->findings[*at].rule == rule)
		return &s->findings[*at];
	f = subject_finding(s, rule);
	if (f != NULL)
		*at = (unsigned)(f - s->findings);
	return f;
}

static int
each_finding_of(const struct judge *j, const struct rule *rule, const struct finding_place *place,
    judge_finding_fn *fn, void *arg)
{
	struct finding_view view = { .rule = rule };
	const struct subject *const *subjects;
	bool any = place != NULL;
	unsigned at = 0;
	struct text why;
	size_t n;
	int r;

	subjects = judge_subjects(j, &n);
	for (size_t i = first_behind(subjects, n, rule->scope, place);
	     i < n && subjects[i]->kind == rule->scope; i++) {
		view.finding = finding_near(subjects[i], rule->index, &at);
		if (view.finding == NULL)
			continue;
		any = true;
		view.subject = subjects[i];
		view.verdict = shown_verdict(j, view.subject, rule, view.finding);
		view.exception = view.verdict == VERDICT_UNKNOWN
				     ? NULL
				     : finding_exception(j, subjects[i], view.finding);
		r = fn(arg, &view);
		if (r != 0)
			return r;
	}
	if (any)
		return 0;
	text_clear(&why);
	view = (struct finding_view){
		.rule = rule, .subject = &j->engine->s, .verdict = without_subject(j, rule, &why)
	};
	return fn(arg, &view);
}

int
judge_each_finding_behind(
    const struct judge *j, const struct finding_place *place, judge_finding_fn *fn, void *arg)
{
	int r;

	for (unsigned i = place == NULL ? 0 : place->rule; i < j->rb->n_rules; i++) {
		const struct rule *rule = j->rb->rules[i];

		if (!rule->selected)
			continue;
		r = each_finding_of(
		    j, rule, place != NULL && place->rule == i ? place : NULL, fn, arg);
		if (r != 0)
			return r;
	}
	return 0;
}

int
judge_each_finding(const struct judge *j, judge_finding_fn *fn, void *arg)
{
	return judge_each_finding_behind(j, NULL, fn, arg);
}

static void
say_stale(struct text *t, const struct judge *j)
{
	const struct source *events = &j->sources[WATCH_EVENTS];
	char since[CLOCK_TEXT_SIZE];

	clock_text(events->since_ms, since);
	text_printf(t,
	    "stale: nothing is heard from %s since %s: ", watch_source_name(WATCH_EVENTS), since);
	text_puts(t, events->why == NULL ? "no reason given" : events->why);
}

/* What an attestation may be bound to; evidence that was cut has none. */
static void
add_hash(struct object *o, const struct judgement *judgement, const struct rule *rule,
    const struct judge_facts *facts)
{
	char hash[SHA256_HEX + 1];
	int r;

	r = cover_evidence(hash, judgement, rule, facts);
	if (r == 0)
		object_string(o, "evidence_sha256", hash);
	o->failed |= r < 0;
}

/* Judged anew, so that reasons and evidence are kept nowhere. */
void
add_judged(struct object *o, const struct judge *j, const struct subject *s,
    const struct rule *rule, bool stale)
{
	struct judgement judgement;
	struct judge_facts facts;
	struct desk desk;
	struct text t;

	text_clear(&t);
	facts = desk_facts(&desk, j, s);
	if (judge_rule(j, s, rule, &judgement) < 0) {
		o->failed = true;
		return;
	}
	if (stale) {
		say_stale(&t, j);
		judgement.because = text_end(&t, j->arena);
	}
	o->failed |= judgement.because == NULL;
	object_string(o, "because", judgement.because);
	add_evidence(o, &judgement, rule, &facts);
	if (judgement.verdict == VERDICT_REVIEW && !stale)
		add_hash(o, &judgement, rule, &facts);
}

static void
add_no_grounds(struct object *o, const struct judge *j, const struct finding_view *view)
{
	struct object evidence;
	struct text t;

	text_clear(&t);
	(void)without_subject(j, view->rule, &t);
	arena_reset(j->arena);
	object_string(o, "because", text_end(&t, j->arena));
	evidence = object_open_list(o, "evidence");
	object_close_list(&evidence, o);
}

static void
add_rule(struct object *o, const struct judge *j, const struct rule *rule)
{
	object_string(o, "rule", rule->key);
	object_string(o, "title", rule->title);
	object_string(o, "severity", severity_name(rule->severity));
	add_refs(o, j, rule);
}

/* What all findings of a rule begin with. Written once for all that follow one another, for it is
 * half of the text. */
static void
add_head(struct object *o, const struct judge *j, const struct rule *rule)
{
	struct rule_text *last = j->head;
	struct object head = { .text = &last->text };

	if (o->text == NULL) {
		add_rule(o, j, rule);
		return;
	}
	if (last->rule != rule) {
		json_text_deinit(&last->text);
		add_rule(&head, j, rule);
		last->rule = last->text.failed ? NULL : rule;
	}
	json_text_value(o->text, last->text.bytes, last->text.len);
	o->failed |= last->text.failed;
}

static void
add_finding(struct object *o, const struct judge *j, const struct finding_view *view)
{
	const struct listing *listing = &j->listings[view->rule->scope];
	bool stale = view->finding != NULL && view->finding->judged &&
		     finding_is_blind(j, view->subject, view->rule);

	add_head(o, j, view->rule);
	add_subject(o, view->subject);
	object_string(o, "verdict", verdict_name(view->verdict));
	object_time(
	    o, "since", view->finding == NULL ? listing->since_ms : view->finding->since_ms);
	object_time(o, "checked",
	    view->finding == NULL ? listing->checked_ms : checked_ms(j, view->subject, view->rule));
	if (view->finding != NULL)
		add_judged(o, j, view->subject, view->rule, stale);
	else
		add_no_grounds(o, j, view);
	add_exception(o, view->exception);
	/* What it was when there was something to hear, which `since` is about. */
	if (stale) {
		object_string(o, "last", verdict_name((enum verdict)view->finding->verdict));
		object_string(o, "last_exception", covered_name(view->finding));
	}
}

struct json_object *
judge_finding_json(const struct judge *j, const struct finding_view *view)
{
	struct object o = object_begin();

	add_finding(&o, j, view);
	return object_end(&o);
}

void
judge_put_finding(const struct judge *j, const struct finding_view *view, struct json_text *text)
{
	struct object o = object_begin_text(text);

	add_finding(&o, j, view);
	(void)object_end(&o);
}

static int
count_view(void *arg, const struct finding_view *view)
{
	struct judge_summary *summary = arg;

	if (view->exception == NULL)
		summary->verdicts[view->verdict]++;
	else if (view->exception->state == EXCEPTION_WAIVED)
		summary->waived++;
	else
		summary->attested++;
	return 0;
}

struct judge_summary
judge_summary(const struct judge *j)
{
	struct judge_summary summary = { 0 };

	(void)judge_each_finding(j, count_view, &summary);
	for (unsigned i = 0; i < j->rb->n_rules; i++)
		summary.notselected += !j->rb->rules[i]->selected;
	for (unsigned i = 0; i < j->rb->n_benchmarks; i++) {
		const struct benchmark *b = &j->rb->benchmarks[i];

		for (unsigned n = 0; b->enabled && n < b->n_entries; n++)
			summary.notchecked += b->entries[n].rule == NULL;
		if (b->enabled)
			break; /* the leading one's alone: editions repeat one another */
	}
	return summary;
}

struct json_object *
judge_summary_json(const struct judge *j)
{
	struct judge_summary summary = judge_summary(j);
	struct object o = object_begin();

	for (int v = 0; v < _VERDICTS; v++)
		object_int(&o, verdict_name((enum verdict)v), summary.verdicts[v]);
	object_int(&o, "waived", summary.waived);
	object_int(&o, "attested", summary.attested);
	object_int(&o, "notselected", summary.notselected);
	object_int(&o, "notchecked", summary.notchecked);
	return object_end(&o);
}

static const char *
engine_text(const struct judge *j, enum fact_id fact)
{
	const struct value *v = subject_fact(j, &j->engine->s, fact);

	return v->type == VALUE_STRING ? v->string : NULL;
}

struct json_object *
judge_engine_json(const struct judge *j)
{
	struct object o;

	if (engine_text(j, FACT_ENGINE_KIND) == NULL)
		return NULL;
	o = object_begin();
	object_string(&o, "kind", engine_text(j, FACT_ENGINE_KIND));
	object_string(&o, "version", engine_text(j, FACT_ENGINE_VERSION));
	object_string(&o, "api", engine_text(j, FACT_ENGINE_API));
	object_string(&o, "socket", docker_socket(collector_docker(j->collector)));
	return object_end(&o);
}
