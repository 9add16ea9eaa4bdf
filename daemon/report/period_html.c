/* SPDX-License-Identifier: Apache-2.0
 *
 * A period as one page that stands alone: what an auditor takes home. */
#include "report/markup.h"
#include "report/member.h"
#include "report/period_page.h"
#include "report/words.h"
#include "util/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct page {
	const struct period_paper *paper;
	const struct period *p;
	FILE *out;
};

/* --- the top --- */

static void
put_about(const struct page *x, const char *path)
{
	markup_put(x->out, member_text(x->paper->about, path));
}

static void
put_range(const struct page *x)
{
	period_put_time(x->out, x->p->question.since_ms);
	(void)fputs(" to ", x->out);
	period_put_time(x->out, x->p->question.until_ms);
	(void)fputs(" UTC", x->out);
}

/* A ship's load line: the ring, the line, the water. */
static const char mark[] =
    "<svg viewBox=\"0 0 56 56\" aria-hidden=\"true\"><circle cx=\"28\" cy=\"28\" r=\"20\" "
    "fill=\"none\" stroke=\"#1b2430\" stroke-width=\"5\"/><path d=\"M2 28h52\" "
    "stroke=\"#1b2430\" stroke-width=\"5\"/></svg>";

static void
put_top(const struct page *x)
{
	char span[CLOCK_SPAN_SIZE];

	(void)fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" "
		    "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>",
	    x->out);
	put_about(x, "host/name");
	(void)fputs(", ", x->out);
	put_range(x);
	(void)fputs(" – Plimsoll</title>\n", x->out);
	(void)fputs(period_style, x->out);
	(void)fputs("</head>\n<body>\n", x->out);
	period_put_patterns(x->out);
	(void)fprintf(x->out, "<header>%s<div><h1>Docker host ", mark);
	put_about(x, "host/name");
	(void)fputs("</h1>\n<p>", x->out);
	put_range(x);
	clock_span_text(x->p->question.until_ms - x->p->question.since_ms, span);
	(void)fprintf(x->out, " (%s)</p>\n<p class=\"dim\">Judged all the time by ", span);
	for (size_t i = 0; i < member_count(x->paper->about, "benchmarks"); i++) {
		(void)fputs(i == 0 ? "" : ", ", x->out);
		markup_put(x->out, member_text_at(x->paper->about, "benchmarks", i));
	}
	(void)fputs("</p></div></header>\n", x->out);
}

static void
put_card(const struct page *x, bool bad, const char *value, const char *words)
{
	(void)fprintf(
	    x->out, "<li%s><b>%s</b>%s</li>\n", bad ? " class=\"bad\"" : "", value, words);
}

static int64_t
blind_ms(const struct period *p)
{
	const struct period_spans *spans = period_blinds_of(p->blinds, (1U << _PERIOD_SOURCES) - 1);

	return spans == NULL
		   ? 0
		   : period_spans_within(spans, p->question.since_ms, p->question.until_ms);
}

/* Time that was judged and wasn't of a rule that did not apply. */
static int64_t
judged_ms(const int64_t ms[_PERIOD_STATES])
{
	int64_t sum = 0;

	for (int s = 0; s < PERIOD_BLIND; s++)
		sum += s == PERIOD_NOT_APPLICABLE ? 0 : ms[s];
	return sum;
}

static void
share_text(const int64_t ms[_PERIOD_STATES], char *ret, size_t size)
{
	int64_t judged = judged_ms(ms);
	/* What is not all must not read as all. */
	int64_t tenths =
	    judged == 0 ? 0 : (int64_t)((double)ms[PERIOD_PASS] * 1000 / (double)judged);

	if (judged == 0)
		(void)snprintf(ret, size, "–");
	else
		(void)snprintf(ret, size, "%" PRIi64 ".%" PRIi64 " %%", tenths / 10, tenths % 10);
}

static void
put_cards(const struct page *x)
{
	const struct period_totals t = period_totals(x->p);
	int64_t blind = blind_ms(x->p);
	char text[CLOCK_SPAN_SIZE];
	size_t grave = t.by_severity[SEVERITY_CRITICAL] + t.by_severity[SEVERITY_HIGH];

	(void)fputs("<ul class=\"cards\">\n", x->out);
	(void)snprintf(text, sizeof(text), "%zu", t.violations);
	put_card(x, t.violations > 0, text, "violations");
	(void)snprintf(text, sizeof(text), "%zu", grave);
	put_card(x, grave > 0, text, "of them critical or high");
	(void)snprintf(text, sizeof(text), "%zu", t.open);
	put_card(x, t.open > 0, text, "stood at the end");
	share_text(t.ms, text, sizeof(text));
	put_card(x, false, text, "of the judged time in pass");
	(void)snprintf(text, sizeof(text), "%zu", t.pairs);
	put_card(x, false, text, "rules times subjects");
	clock_span_text(blind, text);
	put_card(x, blind > 0, blind == 0 ? "none" : text, "blind, or not watched");
	(void)fputs("</ul>\n<div id=\"share\">", x->out);
	period_put_shares(x->out, t.ms);
	(void)fputs("</div>\n", x->out);
	period_put_legend(x->out);
}

/* --- violations --- */

static void
put_rule_name(FILE *out, const struct period_rule *rule)
{
	(void)fputs("<span class=\"id\">", out);
	markup_put(out, rule->id);
	(void)fputs("</span>", out);
	markup_put(out, rule->title);
}

static void
put_chip(FILE *out, const char *severity)
{
	(void)fputs("<span class=\"chip ", out);
	markup_put(out, severity);
	(void)fputs("\">", out);
	markup_put(out, severity);
	(void)fputs("</span>", out);
}

static void
put_exceptions(FILE *out, const struct period_violation *v)
{
	for (size_t i = 0; i < json_object_array_length(v->exceptions); i++) {
		char *words = period_exception_text(json_object_array_get_idx(v->exceptions, i));

		(void)fputs("<p class=\"small\">Exception: ", out);
		markup_put(out, words == NULL ? "" : words);
		(void)fputs("</p>", out);
		free(words);
	}
}

static int
put_violation(void *arg, const struct period_pair *pair, const struct period_violation *v)
{
	const struct page *x = arg;
	_cleanup_(freep) char *begin = period_begin_text(v);
	_cleanup_(freep) char *end = period_end_text(x->p, v);
	FILE *out = x->out;

	if (begin == NULL || end == NULL)
		return -ENOMEM;
	(void)fputs("<tr><td>", out);
	put_chip(out, pair->rule->severity);
	(void)fputs("</td><td>", out);
	put_rule_name(out, pair->rule);
	(void)fputs("<p class=\"dim small\">", out);
	markup_put(out, words_without_subject(v->because, pair->subject->words));
	if (v->changes > 0)
		(void)fprintf(out, " (the last of %u reasons)", v->changes + 1);
	(void)fputs("</p></td><td>", out);
	markup_put(out, pair->subject->words);
	(void)fputs("</td><td class=\"t\">", out);
	period_put_time(out, v->from_ms);
	(void)fputs("</td><td class=\"n\">", out);
	period_put_span(out, v->ms);
	if (v->blind_ms > 0) {
		(void)fputs("<p class=\"dim small\">and ", out);
		period_put_span(out, v->blind_ms);
		(void)fputs(" blind</p>", out);
	}
	(void)fputs("</td><td>", out);
	markup_put(out, begin);
	(void)fputs("</td><td>", out);
	if (v->to_ms <= x->p->question.until_ms) {
		(void)fputs("<span class=\"t\">", out);
		period_put_time(out, v->to_ms);
		(void)fputs("</span><br>", out);
	}
	markup_put(out, end);
	put_exceptions(out, v);
	(void)fputs("</td></tr>\n", out);
	return 0;
}

static int
put_violations(const struct page *x)
{
	int r;

	(void)fputs("<h2>Violations</h2>\n", x->out);
	if (period_totals(x->p).violations == 0) {
		(void)fputs("<p>There was none.</p>\n", x->out);
		return 0;
	}
	(void)fputs("<table class=\"violations\"><thead><tr><th></th><th>Rule, and how it was "
		    "broken</th><th>Subject</th>"
		    "<th>Start</th><th class=\"n\">Lasted</th><th>Began by</th><th>End</th></tr>"
		    "</thead>\n<tbody>\n",
	    x->out);
	r = period_each_violation(x->p, put_violation, (void *)(uintptr_t)x);
	(void)fputs("</tbody></table>\n", x->out);
	return r;
}

/* --- rules and subjects --- */

static bool
is_shown(const struct page *x, const struct period_pair *pair)
{
	return x->paper->all || !period_pair_is_good(pair);
}

static size_t
count_shown(const struct page *x, const struct period_rule *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < rule->n_pairs; i++)
		n += is_shown(x, rule->pairs[i]);
	return n;
}

static int
put_pair(const struct page *x, const struct period_pair *pair)
{
	FILE *out = x->out;
	const int64_t *ms = pair->ms;
	char share[32];
	int r;

	(void)fputs("<tr><td>", out);
	markup_put(out, pair->subject->words);
	(void)fputs("</td><td>", out);
	r = period_put_bar(out, x->p, pair);
	share_text(ms, share, sizeof(share));
	(void)fprintf(out, "</td><td class=\"n\">%s</td>", share);
	for (size_t i = 0; i < 5; i++) {
		const int64_t columns[] = { ms[PERIOD_FAIL],
			ms[PERIOD_WAIVED] + ms[PERIOD_ATTESTED], ms[PERIOD_REVIEW],
			ms[PERIOD_UNKNOWN], ms[PERIOD_BLIND] };

		(void)fputs("<td class=\"n\">", out);
		period_put_span(out, columns[i]);
		(void)fputs("</td>", out);
	}
	(void)fputs("</tr>\n", out);
	return r;
}

static int
put_rule(const struct page *x, const struct period_rule *rule)
{
	size_t good = rule->n_pairs - count_shown(x, rule);
	int r = 0;

	(void)fputs("<tbody class=\"rule\"><tr><td colspan=\"8\">", x->out);
	put_rule_name(x->out, rule);
	(void)fputs(" ", x->out);
	put_chip(x->out, rule->severity);
	(void)fputs("</td></tr>\n", x->out);
	for (size_t i = 0; i < rule->n_pairs && r == 0; i++)
		if (is_shown(x, rule->pairs[i]))
			r = put_pair(x, rule->pairs[i]);
	if (good > 0)
		(void)fprintf(x->out,
		    "<tr class=\"dim\"><td colspan=\"8\">and %zu subject%s that never broke it"
		    "</td></tr>\n",
		    good, good == 1 ? "" : "s");
	(void)fputs("</tbody>\n", x->out);
	return r;
}

static int
put_rules(const struct page *x)
{
	int r = 0;

	(void)fputs(
	    "<h2>Rules and subjects</h2>\n<table><colgroup><col class=\"s\"><col class=\"b\">"
	    "</colgroup><thead><tr><th>Rule, subject</th><th>",
	    x->out);
	period_put_axis(x->out, x->p);
	(void)fputs(
	    "</th><th class=\"n\">Pass</th><th class=\"n\">Fail</th><th class=\"n\">Excepted"
	    "</th><th class=\"n\">Review</th><th class=\"n\">Unknown</th>"
	    "<th class=\"n\">Blind</th></tr></thead>\n",
	    x->out);
	for (size_t i = 0; i < x->p->n_rules && r == 0; i++)
		if (count_shown(x, x->p->rules[i]) > 0)
			r = put_rule(x, x->p->rules[i]);
	(void)fputs("</table>\n", x->out);
	return r;
}

/* Rules with nothing to show above, a line each. */
static void
put_held(const struct page *x)
{
	bool any = false;

	for (size_t i = 0; i < x->p->n_rules; i++) {
		const struct period_rule *rule = x->p->rules[i];
		size_t applied = 0;

		if (rule->n_pairs == 0 || count_shown(x, rule) > 0)
			continue;
		if (!any)
			(void)fputs(
			    "<h2>Rules that nothing broke</h2>\n<table class=\"plain\">\n", x->out);
		any = true;
		for (size_t k = 0; k < rule->n_pairs; k++)
			applied += rule->pairs[k]->ms[PERIOD_PASS] > 0;
		(void)fputs("<tr><td>", x->out);
		put_rule_name(x->out, rule);
		if (applied == 0)
			(void)fputs("</td><td class=\"n dim\">not applicable</td></tr>\n", x->out);
		else
			(void)fprintf(x->out, "</td><td class=\"n\">%zu subject%s</td></tr>\n",
			    applied, applied == 1 ? "" : "s");
	}
	if (any)
		(void)fputs("</table>\n", x->out);
}

/* --- what it rests on --- */

static void
put_blinds(const struct page *x)
{
	const struct period *p = x->p;
	bool any = false;

	(void)fputs("<h2>Time in which nobody watched</h2>\n", x->out);
	for (size_t i = 0; i < p->blinds->n; i++) {
		const struct period_blind *b = &p->blinds->items[i];
		int64_t from_ms = period_clip(p, b->from_ms), to_ms = period_clip(p, b->to_ms);

		if (from_ms >= to_ms)
			continue;
		if (!any)
			(void)fputs(
			    "<p>It is in no sum of the rules that it concerns.</p>\n"
			    "<table class=\"plain\"><thead><tr><th>From</th><th>To</th>"
			    "<th class=\"n\">Lasted</th><th>Who</th><th>Why</th></tr></thead>\n",
			    x->out);
		any = true;
		(void)fputs("<tr><td class=\"t\">", x->out);
		period_put_time(x->out, from_ms);
		(void)fputs("</td><td class=\"t\">", x->out);
		period_put_time(x->out, to_ms);
		(void)fputs("</td><td class=\"n\">", x->out);
		period_put_span(x->out, to_ms - from_ms);
		(void)fprintf(x->out, "</td><td>%s</td><td>", period_source_name(b->source));
		markup_put(x->out, b->why);
		(void)fputs("</td></tr>\n", x->out);
	}
	(void)fputs(any ? "</table>\n" : "<p>There was none.</p>\n", x->out);
}

static void
put_unseen(const struct page *x)
{
	const struct period *p = x->p;

	if (p->unseen_in_all == 0)
		return;
	(void)fprintf(x->out,
	    "<h2>Gone before they could be looked at</h2>\n<p>%zu containers lived too short a "
	    "time "
	    "to be judged.</p>\n<table class=\"plain\">\n",
	    p->unseen_in_all);
	for (size_t i = 0; i < p->n_unseen; i++) {
		(void)fputs("<tr><td class=\"t\">", x->out);
		period_put_time(x->out, p->unseen[i].at_ms);
		(void)fputs("</td><td>", x->out);
		markup_put(x->out, p->unseen[i].words);
		(void)fputs("</td></tr>\n", x->out);
	}
	(void)fputs("</table>\n", x->out);
}

static void
put_rulebooks(const struct page *x)
{
	const struct period *p = x->p;

	(void)fputs("<h2>Rulebook in force</h2>\n<table class=\"plain\"><thead><tr><th>From</th>"
		    "<th>To</th><th>SHA-256</th></tr></thead>\n",
	    x->out);
	for (size_t i = 0; i < p->n_rulebooks; i++) {
		int64_t from = period_clip(p, p->rulebooks[i].from_ms);
		int64_t to = period_clip(
		    p, i + 1 < p->n_rulebooks ? p->rulebooks[i + 1].from_ms : PERIOD_OPEN);

		if (from >= to)
			continue;
		(void)fputs("<tr><td class=\"t\">", x->out);
		period_put_time(x->out, from);
		(void)fputs("</td><td class=\"t\">", x->out);
		period_put_time(x->out, to);
		(void)fprintf(
		    x->out, "</td><td class=\"mono\">%s</td></tr>\n", p->rulebooks[i].sha256);
	}
	(void)fputs("</table>\n", x->out);
}

static void
put_fact(const struct page *x, const char *name, const char *first, const char *second)
{
	(void)fprintf(x->out, "<tr><td class=\"dim\">%s</td><td class=\"mono\">", name);
	put_about(x, first);
	if (second != NULL) {
		(void)fputs(" ", x->out);
		put_about(x, second);
	}
	(void)fputs("</td></tr>\n", x->out);
}

static void
put_grounds(const struct page *x)
{
	(void)fputs(
	    "<h2>What this rests on</h2>\n"
	    "<p>All times are UTC. A violation begins when a rule fails for a subject and "
	    "ends when it does not any more; an exception does not end it. Time in which the "
	    "watchers of what a rule reads saw nothing is counted as blind, not as pass or "
	    "fail. What stood before the first change that is kept is known from that "
	    "change, or, where nothing changed, from what stands now.</p>\n",
	    x->out);
	for (size_t i = 0; i < x->p->n_notes; i++) {
		(void)fputs("<p>", x->out);
		markup_put(x->out, x->p->notes[i]);
		(void)fputs("</p>\n", x->out);
	}
	(void)fputs("<table class=\"plain\">\n", x->out);
	put_fact(x, "Plimsoll", "plimsoll", NULL);
	put_fact(x, "Machine", "host/machine_id", NULL);
	put_fact(x, "Kernel", "host/kernel", NULL);
	put_fact(x, "Engine", "engine/kind", "engine/version");
	put_fact(x, "Ledger", "ledger/id", NULL);
	(void)fputs("<tr><td class=\"dim\">Made</td><td class=\"mono\">", x->out);
	period_put_time(x->out, x->paper->made_ms);
	(void)fputs("</td></tr>\n</table>\n</body>\n</html>\n", x->out);
}

int
period_print_html(const struct period_paper *paper, FILE *out)
{
	const struct page x = { .paper = paper, .p = paper->period, .out = out };
	int r;

	put_top(&x);
	put_cards(&x);
	r = put_violations(&x);
	if (r == 0)
		r = put_rules(&x);
	put_held(&x);
	put_blinds(&x);
	put_unseen(&x);
	put_rulebooks(&x);
	put_grounds(&x);
	return r;
}
