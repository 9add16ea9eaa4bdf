/* SPDX-License-Identifier: Apache-2.0 */
#include "report/period.h"
#include "report/member.h"
#include "report/period_inner.h"
#include "report/words.h"
#include "util/clock.h"

#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *
period_grow(void *items, size_t *n, size_t size)
{
	/* A power of two, or nothing yet: full. */
	bool full = (*n & (*n - 1)) == 0;
	char *grown = full ? reallocarray(items, *n == 0 ? 1 : *n * 2, size) : items;

	if (grown == NULL)
		return NULL;
	memset(grown + *n * size, 0, size);
	(*n)++;
	return grown;
}

int64_t
period_time(struct json_object *object, const char *path)
{
	int64_t ms;
	bool is_day;

	return clock_parse(member_text(object, path), &ms, &is_day) ? ms : 0;
}

int
period_note(struct period *p, const char *format, ...)
{
	char **notes = period_grow(p->notes, &p->n_notes, sizeof(*notes));
	va_list args;
	int n;

	if (notes == NULL)
		return -ENOMEM;
	p->notes = notes;
	va_start(args, format);
	n = vasprintf(&notes[p->n_notes - 1], format, args);
	va_end(args);
	if (n >= 0)
		return 0;
	p->n_notes--;
	return -ENOMEM;
}

int
period_new(struct period **ret, const struct period_question *question)
{
	_cleanup_(period_freep) struct period *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -ENOMEM;
	p->question = *question;
	p->blinds = period_blinds_new();
	if (p->blinds == NULL)
		return -ENOMEM;
	*ret = TAKE(p);
	return 0;
}

static void
rule_free(struct period_rule *rule)
{
	if (rule == NULL)
		return;
	free(rule->key);
	free(rule->title);
	free(rule->severity);
	free(rule->id);
	(void)json_object_put(rule->refs);
	free(rule->pairs);
	free(rule);
}

static void
subject_free(void *arg)
{
	struct period_subject *s = arg;
	struct period_pair *pair, *next;

	if (s == NULL)
		return;
	for (pair = s->pairs; pair != NULL; pair = next) {
		next = pair->next;
		period_pair_deinit(pair);
		free(pair);
	}
	free(s->kind);
	free(s->id);
	free(s->words);
	(void)json_object_put(s->json);
	free(s);
}

struct period *
period_free(struct period *p)
{
	if (p == NULL)
		return NULL;
	tdestroy(p->subjects, subject_free);
	for (size_t i = 0; i < p->n_rules; i++)
		rule_free(p->rules[i]);
	for (size_t i = 0; i < p->n_unseen; i++)
		free(p->unseen[i].words);
	for (size_t i = 0; i < p->n_notes; i++)
		free(p->notes[i]);
	free(p->rules);
	free(p->rulebooks);
	free(p->unseen);
	free(p->notes);
	free(p->reloads);
	(void)period_blinds_free(p->blinds);
	free(p);
	return NULL;
}

/* --- rules --- */

static struct period_rule *
find_rule(const struct period *p, const char *key)
{
	for (size_t i = 0; i < p->n_rules; i++)
		if (strcmp(p->rules[i]->key, key) == 0)
			return p->rules[i];
	return NULL;
}

/* From a rule, or from a finding of one that the rulebook of now does not have. */
static struct period_rule *
rule_new(const struct period *p, struct json_object *json, const char *key)
{
	struct period_rule *rule = calloc(1, sizeof(*rule));
	const char *title = member_text(json, "title"), *leading = p->question.leading;

	if (rule == NULL)
		return NULL;
	rule->key = strdup(key);
	rule->title = strdup(*title == '\0' ? key : title);
	rule->severity = strdup(member_text(json, "severity"));
	rule->refs = json_object_get(member(json, "refs"));
	rule->leading = leading != NULL && member(rule->refs, leading) != NULL;
	rule->id = words_rule_id(json, leading == NULL ? "" : leading);
	if (rule->id != NULL && *rule->id == '\0') {
		free(rule->id);
		rule->id = strdup(key);
	}
	if (rule->key != NULL && rule->title != NULL && rule->severity != NULL && rule->id != NULL)
		return rule;
	rule_free(rule);
	return NULL;
}

static int
add_rule(struct period *p, struct period_rule *rule)
{
	struct period_rule **rules =
	    period_grow(p->rules, &p->n_rules, sizeof(struct period_rule *));

	if (rules == NULL) {
		rule_free(rule);
		return -ENOMEM;
	}
	p->rules = rules;
	rules[p->n_rules - 1] = rule;
	return 0;
}

int
period_add_rule(struct period *p, struct json_object *json)
{
	struct period_rule *rule = rule_new(p, json, member_text(json, "key"));

	if (rule == NULL)
		return -ENOMEM;
	rule->sources = period_sources_of(member(json, "topics"), member_text(json, "scope"));
	return add_rule(p, rule);
}

/* --- subjects and pairs --- */

static int
by_identity(const void *left, const void *right)
{
	const struct period_subject *a = left, *b = right;
	int order = strcmp(a->kind, b->kind);

	return order != 0 ? order : strcmp(a->id, b->id);
}

static struct period_subject *
subject_new(struct json_object *json)
{
	struct period_subject *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->kind = strdup(member_text(json, "kind"));
	s->id = strdup(member_text(json, "id"));
	s->words = words_subject(json);
	s->json = json_object_get(json);
	if (s->kind != NULL && s->id != NULL && s->words != NULL)
		return s;
	subject_free(s);
	return NULL;
}

struct period_subject *
period_subject(struct period *p, struct json_object *json, bool present, int *ret_r)
{
	struct period_subject *fresh, **found;
	const struct period_question *q = &p->question;

	*ret_r = 0;
	fresh = subject_new(json);
	found = fresh == NULL ? NULL : tfind(fresh, &p->subjects, by_identity);
	if (fresh != NULL && found == NULL) {
		if (q->wanted != NULL && !q->wanted(q->arg, json, present)) {
			subject_free(fresh);
			return NULL;
		}
		found = tsearch(fresh, &p->subjects, by_identity);
	}
	if (found == NULL) {
		subject_free(fresh);
		*ret_r = -ENOMEM;
		return NULL;
	}
	if (*found != fresh)
		subject_free(fresh);
	(*found)->present |= present;
	return *found;
}

static struct period_rule *
rule_of(
    struct period *p, const struct period_subject *subject, struct json_object *finding, int *ret_r)
{
	const char *key = member_text(finding, "rule");
	struct period_rule *rule = find_rule(p, key);

	if (rule != NULL || p->question.rules_only || *key == '\0')
		return rule;
	rule = rule_new(p, finding, key);
	*ret_r = rule == NULL ? -ENOMEM : add_rule(p, rule);
	if (*ret_r != 0)
		return NULL;
	rule->unheld = true;
	rule->sources = period_sources_of(NULL, subject->kind);
	return rule;
}

static struct period_pair *
pair_new(struct period_rule *rule, struct period_subject *subject)
{
	struct period_pair **pairs =
	    period_grow(rule->pairs, &rule->n_pairs, sizeof(struct period_pair *));
	struct period_pair *pair = calloc(1, sizeof(*pair));

	if (pairs != NULL)
		rule->pairs = pairs;
	if (pairs == NULL || pair == NULL) {
		rule->n_pairs -= pairs != NULL;
		free(pair);
		return NULL;
	}
	pair->rule = rule;
	pair->subject = subject;
	pair->next = subject->pairs;
	subject->pairs = pair;
	pairs[rule->n_pairs - 1] = pair;
	return pair;
}

struct period_pair *
period_pair(
    struct period *p, struct period_subject *subject, struct json_object *finding, int *ret_r)
{
	struct period_rule *rule = rule_of(p, subject, finding, ret_r);
	struct period_pair *pair;

	if (rule == NULL)
		return NULL;
	for (pair = subject->pairs; pair != NULL; pair = pair->next)
		if (pair->rule == rule)
			return pair;
	pair = pair_new(rule, subject);
	*ret_r = pair == NULL ? -ENOMEM : 0;
	return pair;
}

/* While nothing is heard of it a finding tells what it was before. */
int
period_add_finding(struct period *p, struct json_object *finding)
{
	const char *last = member_text(finding, "last");
	struct period_subject *subject;
	struct period_pair *pair = NULL;
	struct period_now *now;
	int r;

	subject = period_subject(p, member(finding, "subject"), true, &r);
	if (subject != NULL)
		pair = period_pair(p, subject, finding, &r);
	if (pair == NULL || pair->now.known)
		return r;
	now = &pair->now;
	now->known = true;
	now->since_ms = period_time(finding, "since");
	now->verdict = strdup(*last != '\0' ? last : member_text(finding, "verdict"));
	if (now->verdict == NULL)
		return -ENOMEM;
	now->exception = json_object_get(member(finding, "exception"));
	if (now->exception == NULL && *member_text(finding, "last_exception") != '\0') {
		now->exception = json_object_new_object();
		r = now->exception == NULL ? -ENOMEM
					   : member_put_text(now->exception, "state",
						 member_text(finding, "last_exception"));
	}
	if (strcmp(now->verdict, "fail") == 0 && *last == '\0')
		now->because = strdup(member_text(finding, "because"));
	return r;
}

/* --- the end --- */

/* qsort() wants an array even for nothing. */
static void
sort(void *items, size_t n, size_t size, int (*compare)(const void *a, const void *b))
{
	if (n > 1)
		qsort(items, n, size, compare);
}

static int
by_number(const void *left, const void *right)
{
	const struct period_rule *a = *(struct period_rule *const *)left;
	const struct period_rule *b = *(struct period_rule *const *)right;

	if (a->leading != b->leading)
		return a->leading ? -1 : 1;
	return words_compare_ids(a->id, b->id);
}

static int
by_subject(const void *left, const void *right)
{
	const struct period_pair *a = *(struct period_pair *const *)left;
	const struct period_pair *b = *(struct period_pair *const *)right;
	int order = words_compare_ids(a->subject->words, b->subject->words);

	return order != 0 ? order : strcmp(a->subject->id, b->subject->id);
}

static int
by_begin(const void *left, const void *right)
{
	const struct period_blind *a = left, *b = right;

	return a->from_ms < b->from_ms ? -1 : a->from_ms > b->from_ms;
}

/* Until when nobody watched, or nobody can tell any more who did. */
static int
add_unwatched(struct period *p, int64_t until_ms, const char *why)
{
	struct period_blind *all = reallocarray(p->blinds->items, p->blinds->n + 1, sizeof(*all));

	if (all == NULL)
		return -ENOMEM;
	p->blinds->items = all;
	all[p->blinds->n] =
	    (struct period_blind){ PERIOD_DAEMON, p->question.since_ms, until_ms, strdup(why) };
	if (all[p->blinds->n].why == NULL)
		return -ENOMEM;
	p->blinds->n++;
	return 0;
}

static int
add_prehistory(struct period *p)
{
	const char *why = p->first_seq > 1 ? "the history of that time is not kept any more"
					   : "nobody watched yet";
	char first[CLOCK_TEXT_SIZE];
	int r;

	if (p->first_ms == 0) {
		r = add_unwatched(p, PERIOD_OPEN, "no history is kept");
		return r == 0 ? period_note(p, "The ledger holds no history: only what is now is "
					       "known, and nothing of the time before.")
			      : r;
	}
	if (p->question.since_ms >= p->first_ms)
		return 0;
	clock_text(p->first_ms, first);
	r = add_unwatched(p, p->first_ms, why);
	return r == 0 ? period_note(p, "The history begins at %s; before then, %s.", first, why)
		      : r;
}

static int
add_notes(struct period *p)
{
	int r = 0;

	if (p->crashed)
		r = period_note(p, "plimsolld ended without a word at least once. It then counts "
				   "as blind from the last thing that it said.");
	if (r == 0 && p->rows_lost > 0)
		r = period_note(p,
		    "%llu rows of the history were lost while the ledger could not be written.",
		    (unsigned long long)p->rows_lost);
	if (r == 0 && p->gone_unnamed > 0)
		r = period_note(p,
		    "%u subjects went away with nothing wrong with them. What is kept of a subject "
		    "that went away is what was wrong with it, so their time is in no sum.",
		    p->gone_unnamed);
	return r;
}

static bool
was_in(const struct period_pair *pair, unsigned states)
{
	for (int s = 0; s < _PERIOD_STATES; s++)
		if ((states & 1U << s) != 0 && pair->ms[s] > 0)
			return true;
	return states == 0;
}

/* Pairs that were in no state, or in none that was asked for, are left out of the lists. */
static void
keep_pairs(const struct period *p, struct period_rule *rule)
{
	size_t kept = 0;

	for (size_t i = 0; i < rule->n_pairs; i++)
		if (rule->pairs[i]->n_stretches > 0 && was_in(rule->pairs[i], p->question.states))
			rule->pairs[kept++] = rule->pairs[i];
	rule->n_pairs = kept;
}

int
period_end(struct period *p)
{
	int r;

	if (p->question.since_ms == 0)
		p->question.since_ms = p->first_ms != 0 ? p->first_ms : p->question.until_ms;
	r = add_prehistory(p);
	if (r == 0)
		r = add_notes(p);
	sort(p->blinds->items, p->blinds->n, sizeof(*p->blinds->items), by_begin);
	for (size_t i = 0; i < p->n_rules && r == 0; i++) {
		struct period_rule *rule = p->rules[i];

		for (size_t k = 0; k < rule->n_pairs && r == 0; k++)
			r = period_pair_end(p, rule->pairs[k]);
		keep_pairs(p, rule);
		sort(rule->pairs, rule->n_pairs, sizeof(struct period_pair *), by_subject);
	}
	sort(p->rules, p->n_rules, sizeof(struct period_rule *), by_number);
	return r;
}

/* --- sums --- */

bool
period_pair_is_good(const struct period_pair *pair)
{
	for (int s = 0; s < _PERIOD_STATES; s++)
		if (s != PERIOD_PASS && s != PERIOD_NOT_APPLICABLE && s != PERIOD_BLIND &&
		    pair->ms[s] > 0)
			return false;
	return pair->n_violations == 0;
}

struct period_totals
period_totals(const struct period *p)
{
	struct period_totals t = { 0 };

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct period_rule *rule = p->rules[i];
		unsigned severity = words_severity_rank(rule->severity);

		for (size_t k = 0; k < rule->n_pairs; k++) {
			const struct period_pair *pair = rule->pairs[k];

			t.pairs++;
			t.violations += pair->n_violations;
			for (size_t v = 0; v < pair->n_violations; v++)
				t.open += pair->violations[v].to_ms > p->question.until_ms;
			if (severity < ARRAY_SIZE(t.by_severity))
				t.by_severity[severity] += pair->n_violations;
			for (int s = 0; s < _PERIOD_STATES; s++)
				t.ms[s] += pair->ms[s];
		}
	}
	return t;
}
