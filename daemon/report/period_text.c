/* SPDX-License-Identifier: Apache-2.0
 *
 * How times, causes and ends read in a report of a period. */
#include "report/member.h"
#include "report/period_print.h"
#include "report/words.h"
#include "util/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char *
written(void (*put)(FILE *out, const void *what), const void *what)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	put(out, what);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* "container start", with who did it where that is known. What a start or a look at everything
 * finds has no other cause that is known. */
static void
put_cause(FILE *out, struct json_object *cause)
{
	const char *source = member_text(cause, "source"), *detail = member_text(cause, "detail");

	if (strcmp(source, "start") == 0)
		(void)fputs("found when plimsolld started", out);
	else if (strcmp(source, "resync") == 0)
		(void)fputs("found by a look at everything", out);
	else
		(void)fputs(*detail != '\0' ? detail : source, out);
	words_put_actor(out, member(cause, "actor"));
}

static void
put_begin(FILE *out, const void *what)
{
	const struct period_violation *v = what;
	char earliest[CLOCK_TEXT_SIZE];

	if (v->cause == NULL) {
		(void)fputs(v->stood ? "stood so at the first look" : "not known", out);
		return;
	}
	put_cause(out, v->cause);
	if (!v->found_later)
		return;
	if (v->earliest_ms == 0) {
		(void)fputs("; since when is not known", out);
	} else {
		clock_text(v->earliest_ms, earliest);
		(void)fprintf(
		    out, "; may have begun unseen from %.10s %.8s on", earliest, earliest + 11);
	}
}

char *
period_begin_text(const struct period_violation *v)
{
	return written(put_begin, v);
}

static void
put_end(FILE *out, const void *what)
{
	const struct period_violation *v = what;

	if (v->end == NULL)
		(void)fputs("still stands", out);
	else if (strcmp(v->end, "gone") == 0)
		(void)fputs("the subject went away", out);
	else if (strcmp(v->end, "notselected") == 0)
		(void)fputs("the rule is not judged any more", out);
	else
		(void)fprintf(out, "then %s", v->end);
	if (v->end_cause == NULL)
		return;
	(void)fputs(" (", out);
	put_cause(out, v->end_cause);
	(void)fputc(')', out);
}

char *
period_end_text(const struct period *p, const struct period_violation *v)
{
	return v->to_ms > p->question.until_ms ? strdup("stood at the end") : written(put_end, v);
}

static void
put_exception(FILE *out, const void *what)
{
	struct json_object *e = *(struct json_object *const *)what;
	const char *owner = member_text(e, "owner"), *expires = member_text(e, "expires");
	const char *reason = member_text(e, "reason"), *ticket = member_text(e, "ticket");

	(void)fputs(member_text(e, "state"), out);
	if (*owner != '\0')
		(void)fprintf(out, " by %s", owner);
	if (*expires != '\0')
		(void)fprintf(out, " until %s", expires);
	if (*reason != '\0')
		(void)fprintf(out, ": %s", reason);
	if (*ticket != '\0')
		(void)fprintf(out, " [%s]", ticket);
	(void)fprintf(out, " (in force from %.19sZ", member_text(e, "from"));
	if (*member_text(e, "to") != '\0')
		(void)fprintf(out, " to %.19sZ", member_text(e, "to"));
	(void)fputc(')', out);
}

char *
period_exception_text(struct json_object *exception)
{
	return written(put_exception, &exception);
}

int64_t
period_clip(const struct period *p, int64_t at_ms)
{
	if (at_ms < p->question.since_ms)
		return p->question.since_ms;
	return at_ms > p->question.until_ms ? p->question.until_ms : at_ms;
}

/* --- violations in order --- */

struct placed {
	const struct period_pair *pair;
	const struct period_violation *violation;
};

static int
by_severity(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;
	unsigned rank_a = words_severity_rank(a->pair->rule->severity);
	unsigned rank_b = words_severity_rank(b->pair->rule->severity);

	if (rank_a != rank_b)
		return rank_a < rank_b ? -1 : 1;
	if (a->violation->from_ms != b->violation->from_ms)
		return a->violation->from_ms < b->violation->from_ms ? -1 : 1;
	if (a->pair->rule != b->pair->rule)
		return words_compare_ids(a->pair->rule->id, b->pair->rule->id);
	return words_compare_ids(a->pair->subject->words, b->pair->subject->words);
}

int
period_each_violation(const struct period *p, period_violation_fn *fn, void *arg)
{
	struct placed *all = calloc(period_totals(p).violations + 1, sizeof(*all));
	size_t n = 0;
	int r = 0;

	if (all == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_rules; i++)
		for (size_t k = 0; k < p->rules[i]->n_pairs; k++) {
			const struct period_pair *pair = p->rules[i]->pairs[k];

			for (size_t v = 0; v < pair->n_violations; v++)
				all[n++] = (struct placed){ pair, &pair->violations[v] };
		}
	qsort(all, n, sizeof(*all), by_severity);
	for (size_t i = 0; i < n && r == 0; i++)
		r = fn(arg, all[i].pair, all[i].violation);
	free(all);
	return r;
}
