/* SPDX-License-Identifier: Apache-2.0
 *
 * A period as tables for people. */
#include "report/member.h"
#include "report/period_print.h"
#include "report/table.h"
#include "report/words.h"
#include "util/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct printing {
	const struct period_paper *paper;
	const struct period *p;
	FILE *out;
	const struct style *style;
};

static void
put_title(const struct printing *x, const char *title)
{
	(void)fputc('\n', x->out);
	(void)text_put_coloured(x->out, x->style, COLOUR_BOLD, title, 0);
	(void)fputc('\n', x->out);
}

static void
put_head(const struct printing *x)
{
	const struct period_question *q = &x->p->question;
	const struct period_totals t = period_totals(x->p);
	char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE], span[CLOCK_SPAN_SIZE];

	clock_text(q->since_ms, since);
	clock_text(q->until_ms, until);
	clock_span_text(q->until_ms - q->since_ms, span);
	(void)text_put(x->out, member_text(x->paper->about, "host/name"), 0);
	(void)fprintf(x->out, ", %.19sZ to %.19sZ (%s)\n", since, until, span);
	(void)fprintf(x->out,
	    "%zu violation%s, %zu of them critical or high, %zu stood at the end\n", t.violations,
	    t.violations == 1 ? "" : "s",
	    t.by_severity[SEVERITY_CRITICAL] + t.by_severity[SEVERITY_HIGH], t.open);
}

/* --- violations --- */

static const struct column violation_columns[] = {
	{ "START", false },
	{ "LASTED", false },
	{ "ID", false },
	{ "SEVERITY", false },
	{ "SUBJECT", true },
	{ "BECAUSE", true },
	{ "BEGAN BY", true },
	{ "END", true },
};

/* The end, and the exceptions that held meanwhile. */
static char *
end_with_exceptions(const struct period *p, const struct period_violation *v)
{
	_cleanup_(freep) char *end = period_end_text(p, v);
	char *text = NULL;
	size_t len, n = json_object_array_length(v->exceptions);
	FILE *out = open_memstream(&text, &len);

	if (out == NULL || end == NULL) {
		if (out != NULL)
			(void)fclose(out);
		free(text);
		return NULL;
	}
	(void)fputs(end, out);
	for (size_t i = 0; i < n; i++) {
		char *words = period_exception_text(json_object_array_get_idx(v->exceptions, i));

		(void)fprintf(out, "; %s", words == NULL ? "" : words);
		free(words);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int
add_violation(void *arg, const struct period_pair *pair, const struct period_violation *v)
{
	struct table *table = arg;
	const struct period_rule *rule = pair->rule;
	_cleanup_(freep) char *begin = period_begin_text(v);
	char start[CLOCK_TEXT_SIZE], lasted[CLOCK_SPAN_SIZE];
	int r;

	clock_text(v->from_ms, start);
	start[19] = '\0';
	clock_span_text(v->ms, lasted);
	r = table_cell(table, COLOUR_NONE, start);
	if (r == 0)
		r = table_cell(table, COLOUR_NONE, lasted);
	if (r == 0)
		r = table_cell(table, COLOUR_NONE, rule->id);
	if (r == 0)
		r = table_cell(table, words_colour("fail", rule->severity), rule->severity);
	if (r == 0)
		r = table_cell(table, COLOUR_NONE, pair->subject->words);
	if (r == 0)
		r = table_cell(
		    table, COLOUR_NONE, words_without_subject(v->because, pair->subject->words));
	return r == 0 ? table_cell(table, COLOUR_NONE, begin == NULL ? "" : begin) : r;
}

struct adding {
	const struct period *p;
	struct table *table;
};

static int
add_whole_violation(void *arg, const struct period_pair *pair, const struct period_violation *v)
{
	struct adding *a = arg;
	_cleanup_(freep) char *end = end_with_exceptions(a->p, v);
	int r = end == NULL ? -ENOMEM : add_violation(a->table, pair, v);

	return r == 0 ? table_cell(a->table, COLOUR_NONE, end) : r;
}

static int
put_violations(const struct printing *x)
{
	_cleanup_(table_freep) struct table *table = NULL;
	struct adding a = { .p = x->p };
	int r = table_new(&table, violation_columns, ARRAY_SIZE(violation_columns));

	a.table = table;
	if (r == 0)
		r = period_each_violation(x->p, add_whole_violation, &a);
	if (r != 0 || period_totals(x->p).violations == 0)
		return r;
	put_title(x, "Violations");
	table_print(table, x->out, x->style);
	return 0;
}

/* --- time --- */

static const struct column time_columns[] = {
	{ "ID", false },
	{ "SUBJECT", true },
	{ "PASS", false },
	{ "FAIL", false },
	{ "EXCEPTED", false },
	{ "REVIEW", false },
	{ "UNKNOWN", false },
	{ "BLIND", false },
};

static int
add_span(struct table *table, int64_t ms, enum colour colour)
{
	char text[CLOCK_SPAN_SIZE] = "-";

	if (ms > 0)
		clock_span_text(ms, text);
	return table_cell(table, ms > 0 ? colour : COLOUR_DIM, text);
}

static int
add_pair(struct table *table, const struct period_pair *pair)
{
	const int64_t *ms = pair->ms;
	int r = table_cell(table, COLOUR_NONE, pair->rule->id);

	if (r == 0)
		r = table_cell(table, COLOUR_NONE, pair->subject->words);
	if (r == 0)
		r = add_span(table, ms[PERIOD_PASS], COLOUR_GREEN);
	if (r == 0)
		r = add_span(table, ms[PERIOD_FAIL], words_colour("fail", pair->rule->severity));
	if (r == 0)
		r = add_span(table, ms[PERIOD_WAIVED] + ms[PERIOD_ATTESTED], COLOUR_NONE);
	if (r == 0)
		r = add_span(table, ms[PERIOD_REVIEW], COLOUR_CYAN);
	if (r == 0)
		r = add_span(table, ms[PERIOD_UNKNOWN], COLOUR_YELLOW);
	return r == 0 ? add_span(table, ms[PERIOD_BLIND], COLOUR_NONE) : r;
}

static int
put_times(const struct printing *x)
{
	_cleanup_(table_freep) struct table *table = NULL;
	size_t shown = 0, good = 0;
	int r = table_new(&table, time_columns, ARRAY_SIZE(time_columns));

	for (size_t i = 0; i < x->p->n_rules; i++)
		for (size_t k = 0; k < x->p->rules[i]->n_pairs && r == 0; k++) {
			const struct period_pair *pair = x->p->rules[i]->pairs[k];

			if (!x->paper->all && period_pair_is_good(pair)) {
				good++;
				continue;
			}
			r = add_pair(table, pair);
			shown++;
		}
	if (r != 0)
		return r;
	put_title(x, "Time");
	if (shown > 0)
		table_print(table, x->out, x->style);
	if (good > 0)
		(void)fprintf(x->out,
		    "%zu%s pass, or not applicable, all the time; --all lists them\n", good,
		    shown > 0 ? " more" : "");
	return 0;
}

/* --- the rest --- */

static void
put_blinds(const struct printing *x)
{
	const struct period *p = x->p;
	bool any = false;

	for (size_t i = 0; i < p->blinds->n; i++) {
		const struct period_blind *b = &p->blinds->items[i];
		int64_t from_ms = period_clip(p, b->from_ms), to_ms = period_clip(p, b->to_ms);
		char from[CLOCK_TEXT_SIZE], span[CLOCK_SPAN_SIZE];

		if (from_ms >= to_ms)
			continue;
		if (!any)
			put_title(x, "Blind");
		any = true;
		clock_text(from_ms, from);
		clock_span_text(to_ms - from_ms, span);
		(void)fprintf(
		    x->out, "%.19s  %-12s  %-13s  ", from, span, period_source_name(b->source));
		(void)text_put(x->out, b->why, 0);
		(void)fputc('\n', x->out);
	}
}

static void
put_unseen(const struct printing *x)
{
	const struct period *p = x->p;

	if (p->unseen_in_all == 0)
		return;
	put_title(x, "Gone before they could be looked at");
	for (size_t i = 0; i < p->n_unseen; i++) {
		char at[CLOCK_TEXT_SIZE];

		clock_text(p->unseen[i].at_ms, at);
		(void)fprintf(x->out, "%.19s  ", at);
		(void)text_put(x->out, p->unseen[i].words, 0);
		(void)fputc('\n', x->out);
	}
	if (p->unseen_in_all > p->n_unseen)
		(void)fprintf(x->out, "and %zu more\n", p->unseen_in_all - p->n_unseen);
}

static void
put_rulebooks(const struct printing *x)
{
	const struct period *p = x->p;
	bool any = false;

	for (size_t i = 0; i < p->n_rulebooks; i++) {
		int64_t from = p->rulebooks[i].from_ms;
		int64_t to = i + 1 < p->n_rulebooks ? p->rulebooks[i + 1].from_ms : PERIOD_OPEN;
		char text[CLOCK_TEXT_SIZE];

		if (period_clip(p, from) >= period_clip(p, to))
			continue;
		if (!any)
			put_title(x, "Rulebook in force");
		any = true;
		clock_text(period_clip(p, from), text);
		(void)fprintf(x->out, "%.19s  sha256 %s\n", text, p->rulebooks[i].sha256);
	}
}

static void
put_notes(const struct printing *x)
{
	if (x->p->n_notes == 0)
		return;
	put_title(x, "Not known");
	for (size_t i = 0; i < x->p->n_notes; i++)
		text_put_wrapped(x->out, x->style, 2, x->p->notes[i]);
}

int
period_print_table(const struct period_paper *paper, FILE *out, const struct style *style)
{
	const struct printing x = {
		.paper = paper, .p = paper->period, .out = out, .style = style
	};
	int r;

	put_head(&x);
	r = put_violations(&x);
	if (r == 0)
		r = put_times(&x);
	put_blinds(&x);
	put_unseen(&x);
	put_rulebooks(&x);
	put_notes(&x);
	return r;
}
