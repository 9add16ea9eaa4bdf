/* SPDX-License-Identifier: Apache-2.0
 *
 * A period as JSON, written rule by rule: the whole is never in memory twice. */
#include "report/member.h"
#include "report/period_print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* JSON's null for what lasts. */
static int
put_time(struct json_object *json, const char *name, int64_t ms)
{
	if (ms != PERIOD_OPEN && ms != 0)
		return member_put_time(json, name, ms);
	return json_object_object_add(json, name, NULL) == 0 ? 0 : -ENOMEM;
}

static int
put_or_null(struct json_object *json, const char *name, struct json_object *value)
{
	return json_object_object_add(json, name, json_object_get(value)) == 0 ? 0 : -ENOMEM;
}

static struct json_object *
sums_new(const int64_t ms[_PERIOD_STATES])
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : 0;

	for (int s = 0; s < _PERIOD_STATES && r == 0; s++)
		r = member_put_seconds(json, period_state_name(s), ms[s]);
	return member_done(json, r);
}

static struct json_object *
violation_new(const struct period_violation *v)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : put_time(json, "start", v->from_ms);

	if (r == 0)
		r = put_time(json, "end", v->to_ms);
	if (r == 0)
		r = member_put_seconds(json, "seconds", v->ms);
	if (r == 0)
		r = member_put_seconds(json, "blind_seconds", v->blind_ms);
	if (r == 0)
		r = member_put_true(json, "start_seen", !v->found_later && !v->stood);
	if (r == 0)
		r = put_time(json, "earliest", v->earliest_ms);
	if (r == 0)
		r = member_put_text(json, "because", v->because);
	if (r == 0)
		r = member_put_int(json, "changes", v->changes);
	if (r == 0)
		r = put_or_null(json, "cause", v->cause);
	if (r == 0 && v->end == NULL)
		r = put_or_null(json, "ended_as", NULL);
	else if (r == 0)
		r = member_put_text(json, "ended_as", v->end);
	if (r == 0)
		r = put_or_null(json, "end_cause", v->end_cause);
	if (r == 0)
		r = put_or_null(json, "exceptions", v->exceptions);
	return member_done(json, r);
}

static int
add_piece(void *arg, const struct period_stretch *piece)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM
			     : member_put_text(json, "verdict", period_state_name(piece->state));

	if (r == 0)
		r = member_put_time(json, "from", piece->from_ms);
	if (r == 0)
		r = member_put_time(json, "to", piece->to_ms);
	return member_append(arg, member_done(json, r));
}

static struct json_object *
pieces_new(const struct period *p, const struct period_pair *pair)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : period_each_piece(p, pair, add_piece, list);

	return member_done(list, r);
}

static struct json_object *
violations_new(const struct period_pair *pair)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < pair->n_violations && r == 0; i++)
		r = member_append(list, violation_new(&pair->violations[i]));
	return member_done(list, r);
}

static struct json_object *
pair_new(const struct period *p, const struct period_pair *pair)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : put_or_null(json, "subject", pair->subject->json);

	if (r == 0)
		r = member_put(json, "seconds", sums_new(pair->ms));
	if (r == 0)
		r = member_put(json, "times", pieces_new(p, pair));
	if (r == 0)
		r = member_put(json, "violations", violations_new(pair));
	return member_done(json, r);
}

static struct json_object *
rule_head_new(const struct period_rule *rule)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : member_put_text(json, "rule", rule->key);

	if (r == 0)
		r = member_put_text(json, "title", rule->title);
	if (r == 0)
		r = member_put_text(json, "severity", rule->severity);
	if (r == 0)
		r = put_or_null(json, "refs", rule->refs);
	return member_done(json, r);
}

/* Prints and frees. */
static int
print(FILE *out, const char *before, struct json_object *json)
{
	if (json == NULL)
		return -ENOMEM;
	(void)fprintf(out, "%s%s", before, member_line(json));
	(void)json_object_put(json);
	return 0;
}

/* All but the closing brace. */
static int
print_open(FILE *out, const char *before, struct json_object *json)
{
	const char *line;

	if (json == NULL)
		return -ENOMEM;
	line = member_line(json);
	(void)fprintf(out, "%s%.*s", before, (int)strlen(line) - 1, line);
	(void)json_object_put(json);
	return 0;
}

static int
print_rule(const struct period *p, FILE *out, const char *before, const struct period_rule *rule)
{
	int r = print_open(out, before, rule_head_new(rule));

	(void)fputs(",\"subjects\":[", out);
	for (size_t i = 0; i < rule->n_pairs && r == 0; i++)
		r = print(out, i == 0 ? "\n " : ",\n ", pair_new(p, rule->pairs[i]));
	(void)fputs("]}", out);
	return r;
}

static struct json_object *
blinds_new(const struct period *p)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < p->blinds->n && r == 0; i++) {
		const struct period_blind *b = &p->blinds->items[i];
		int64_t from = period_clip(p, b->from_ms), to = period_clip(p, b->to_ms);
		struct json_object *json;

		if (from >= to)
			continue;
		json = json_object_new_object();
		r = json == NULL ? -ENOMEM
				 : member_put_text(json, "source", period_source_name(b->source));
		if (r == 0)
			r = member_put_time(json, "from", from);
		if (r == 0)
			r = member_put_time(json, "to", to);
		if (r == 0)
			r = member_put_seconds(json, "seconds", to - from);
		if (r == 0)
			r = member_put_text(json, "why", b->why);
		r = member_append(list, member_done(json, r));
	}
	return member_done(list, r);
}

static struct json_object *
rulebooks_new(const struct period *p)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < p->n_rulebooks && r == 0; i++) {
		int64_t from = p->rulebooks[i].from_ms;
		int64_t to = i + 1 < p->n_rulebooks ? p->rulebooks[i + 1].from_ms : PERIOD_OPEN;
		struct json_object *json;

		if (period_clip(p, from) >= period_clip(p, to))
			continue;
		json = json_object_new_object();
		r = json == NULL ? -ENOMEM
				 : member_put_text(json, "sha256", p->rulebooks[i].sha256);
		if (r == 0)
			r = member_put_time(json, "from", period_clip(p, from));
		if (r == 0)
			r = member_put_time(json, "to", period_clip(p, to));
		r = member_append(list, member_done(json, r));
	}
	return member_done(list, r);
}

static struct json_object *
unseen_new(const struct period *p)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < p->n_unseen && r == 0; i++) {
		struct json_object *json = json_object_new_object();

		r = json == NULL ? -ENOMEM : member_put_time(json, "time", p->unseen[i].at_ms);
		if (r == 0)
			r = member_put_text(json, "subject", p->unseen[i].words);
		r = member_append(list, member_done(json, r));
	}
	return member_done(list, r);
}

static struct json_object *
notes_new(const struct period *p)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < p->n_notes && r == 0; i++)
		r = member_append(list, json_object_new_string(p->notes[i]));
	return member_done(list, r);
}

static struct json_object *
totals_new(const struct period *p)
{
	struct period_totals t = period_totals(p);
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : member_put_int(json, "pairs", (int64_t)t.pairs);

	if (r == 0)
		r = member_put_int(json, "violations", (int64_t)t.violations);
	if (r == 0)
		r = member_put_int(json, "open", (int64_t)t.open);
	if (r == 0)
		r = member_put(json, "seconds", sums_new(t.ms));
	return member_done(json, r);
}

static struct json_object *
head_new(const struct period_paper *paper)
{
	static const char *const members[] = { "plimsoll", "benchmarks", "host", "engine" };
	const struct period *p = paper->period;
	struct json_object *head = json_object_new_object();
	int r = head == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < ARRAY_SIZE(members) && r == 0; i++)
		r = put_or_null(head, members[i], member(paper->about, members[i]));
	if (r == 0)
		r = put_or_null(head, "ledger", member(paper->about, "ledger/id"));
	if (r == 0)
		r = member_put_time(head, "made", paper->made_ms);
	if (r == 0)
		r = member_put_time(head, "since", p->question.since_ms);
	if (r == 0)
		r = member_put_time(head, "until", p->question.until_ms);
	if (r == 0)
		r = put_time(head, "history_begins", p->first_ms);
	if (r == 0)
		r = member_put(head, "totals", totals_new(p));
	if (r == 0)
		r = member_put(head, "notes", notes_new(p));
	if (r == 0)
		r = member_put(head, "rulebooks", rulebooks_new(p));
	if (r == 0)
		r = member_put(head, "blind", blinds_new(p));
	if (r == 0)
		r = member_put(head, "unseen", unseen_new(p));
	if (r == 0)
		r = member_put_int(head, "unseen_in_all", (int64_t)p->unseen_in_all);
	return member_done(head, r);
}

int
period_print_json(const struct period_paper *paper, FILE *out)
{
	const struct period *p = paper->period;
	const char *before = "\n";
	int r = print_open(out, "", head_new(paper));

	(void)fputs(",\"rules\":[", out);
	for (size_t i = 0; i < p->n_rules && r == 0; i++) {
		if (p->rules[i]->n_pairs == 0)
			continue;
		r = print_rule(p, out, before, p->rules[i]);
		before = ",\n";
	}
	(void)fputs("]}\n", out);
	return r;
}
