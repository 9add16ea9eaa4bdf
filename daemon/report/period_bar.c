/* SPDX-License-Identifier: Apache-2.0
 *
 * Time as bars, in SVG. */
#include "report/period_page.h"
#include "util/clock.h"

#include <inttypes.h>
#include <string.h>

enum {
	WIDE = 100000, /* units from end to end */
	LEAST = 250,   /* what was bad is seen however short it was */
};

void
period_put_time(FILE *out, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(ms, text);
	(void)fprintf(out, "%.10s %.8s", text, text + 11);
}

void
period_put_span(FILE *out, int64_t ms)
{
	char text[CLOCK_SPAN_SIZE] = "–";

	if (ms > 0)
		clock_span_text(ms, text);
	(void)fputs(text, out);
}

void
period_put_patterns(FILE *out)
{
	(void)fputs(
	    "<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\"><defs>"
	    "<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	    "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#c9cfd6\"/>"
	    "<rect width=\"2.4\" height=\"6\" fill=\"#6d7783\"/></pattern></defs></svg>\n",
	    out);
}

struct drawing {
	FILE *out;
	const struct period *p;
	bool bad; /* this turn draws what is bad, over the rest */
};

static bool
is_bad(enum period_state state)
{
	return state == PERIOD_FAIL || state == PERIOD_UNKNOWN;
}

/* In percent, so that hatching is not stretched. */
static void
put_rect(FILE *out, int64_t x, int64_t width, enum period_state state)
{
	(void)fprintf(out,
	    "<rect x=\"%" PRIi64 ".%03" PRIi64 "%%\" width=\"%" PRIi64 ".%03" PRIi64
	    "%%\" height=\"100%%\" class=\"%s\">",
	    x / 1000, x % 1000, width / 1000, width % 1000, period_state_name(state));
}

static int
draw_piece(void *arg, const struct period_stretch *piece)
{
	const struct drawing *d = arg;
	const struct period_question *q = &d->p->question;
	int64_t all = q->until_ms - q->since_ms, x, width;
	char span[CLOCK_SPAN_SIZE];

	if (is_bad(piece->state) != d->bad || all <= 0)
		return 0;
	x = (int64_t)((double)(piece->from_ms - q->since_ms) * WIDE / (double)all);
	width = (int64_t)((double)(piece->to_ms - piece->from_ms) * WIDE / (double)all);
	if (d->bad && width < LEAST)
		width = LEAST;
	if (x + width > WIDE)
		x = WIDE - width;
	put_rect(d->out, x, width, piece->state);
	clock_span_text(piece->to_ms - piece->from_ms, span);
	(void)fprintf(d->out, "<title>%s, ", period_state_name(piece->state));
	period_put_time(d->out, piece->from_ms);
	(void)fputs(" to ", d->out);
	period_put_time(d->out, piece->to_ms);
	(void)fprintf(d->out, " (%s)</title></rect>", span);
	return 0;
}

int
period_put_bar(FILE *out, const struct period *p, const struct period_pair *pair)
{
	struct drawing d = { .out = out, .p = p };
	int r;

	(void)fputs("<svg class=\"bar\">", out);
	r = period_each_piece(p, pair, draw_piece, &d);
	d.bad = true;
	if (r == 0)
		r = period_each_piece(p, pair, draw_piece, &d);
	(void)fputs("</svg>", out);
	return r;
}

static const enum period_state by_goodness[] = { PERIOD_PASS, PERIOD_REVIEW, PERIOD_WAIVED,
	PERIOD_ATTESTED, PERIOD_FAIL, PERIOD_UNKNOWN, PERIOD_BLIND };

void
period_put_shares(FILE *out, const int64_t ms[_PERIOD_STATES])
{
	int64_t all = 0, x = 0;

	for (size_t i = 0; i < ARRAY_SIZE(by_goodness); i++)
		all += ms[by_goodness[i]];
	(void)fputs("<svg class=\"bar\">", out);
	for (size_t i = 0; i < ARRAY_SIZE(by_goodness) && all > 0; i++) {
		enum period_state s = by_goodness[i];
		int64_t width = (int64_t)((double)ms[s] * WIDE / (double)all);

		if (ms[s] == 0)
			continue;
		put_rect(out, x, width, s);
		(void)fprintf(out, "<title>%s: %.1f %%</title></rect>", period_state_name(s),
		    (double)ms[s] * 100 / (double)all);
		x += width;
	}
	(void)fputs("</svg>", out);
}

void
period_put_legend(FILE *out)
{
	static const struct {
		enum period_state state;
		const char *words;
	} items[] = {
		{ PERIOD_PASS, "pass" },
		{ PERIOD_FAIL, "fail" },
		{ PERIOD_WAIVED, "under an exception" },
		{ PERIOD_REVIEW, "for a person to judge" },
		{ PERIOD_UNKNOWN, "could not be read" },
		{ PERIOD_BLIND, "nobody watched" },
		{ PERIOD_NOT_APPLICABLE, "not applicable" },
	};

	(void)fputs("<ul class=\"legend\">", out);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		(void)fprintf(out,
		    "<li><svg><rect width=\"100%%\" height=\"100%%\" class=\"%s\"/></svg>%s</li>",
		    period_state_name(items[i].state), items[i].words);
	(void)fputs("</ul>\n", out);
}

void
period_put_axis(FILE *out, const struct period *p)
{
	const struct period_question *q = &p->question;
	int64_t all = q->until_ms - q->since_ms;
	bool days = all > 3LL * 24 * 3600 * 1000;

	(void)fputs("<div class=\"axis\">", out);
	for (int i = 0; i <= 2; i++) {
		char text[CLOCK_TEXT_SIZE];

		clock_text(q->since_ms + all * i / 2, text);
		if (days)
			(void)fprintf(out, "<span>%.10s</span>", text);
		else
			(void)fprintf(out, "<span>%.10s %.8s</span>", text, text + 11);
	}
	(void)fputs("</div>", out);
}
