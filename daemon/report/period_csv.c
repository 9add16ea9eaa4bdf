/* SPDX-License-Identifier: Apache-2.0
 *
 * A period as lines for a spreadsheet: one for each piece of time, so that every sum can be made
 * from them. */
#include "report/member.h"
#include "report/period_print.h"
#include "util/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Cells are quoted where they must be. One that a spreadsheet would take for a formula gets an
 * apostrophe in front: names come from outside. */
static void
put_cell(FILE *out, const char *text)
{
	bool quoted = strpbrk(text, "\",\n\r;") != NULL;

	if (quoted)
		(void)fputc('"', out);
	if (*text != '\0' && strchr("=+-@\t\r", *text) != NULL)
		(void)fputc('\'', out);
	while (*text != '\0') {
		const char *bytes;
		size_t len, taken = text_character(text, &bytes, &len);

		if (*text == '"')
			(void)fputc('"', out);
		(void)fwrite(bytes, 1, len, out);
		text += taken;
	}
	if (quoted)
		(void)fputc('"', out);
}

static void
put_next(FILE *out, const char *text)
{
	(void)fputc(',', out);
	put_cell(out, text);
}

struct lines {
	const struct period_paper *paper;
	const struct period_pair *pair;
	FILE *out;
};

/* The violation that a piece is a part of; NULL: it is of none. */
static const struct period_violation *
violation_at(const struct period_pair *pair, const struct period_stretch *piece)
{
	if (piece->state != PERIOD_FAIL && piece->state != PERIOD_WAIVED &&
	    piece->state != PERIOD_BLIND)
		return NULL;
	for (size_t i = 0; i < pair->n_violations; i++)
		if (pair->violations[i].from_ms <= piece->from_ms &&
		    pair->violations[i].to_ms >= piece->to_ms)
			return &pair->violations[i];
	return NULL;
}

/* The exceptions of a violation that were in force during the piece. */
static char *
exceptions_of(const struct period_violation *v, const struct period_stretch *piece)
{
	char from[CLOCK_TEXT_SIZE], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	clock_text(piece->from_ms, from);
	for (size_t i = 0; i < json_object_array_length(v->exceptions); i++) {
		struct json_object *e = json_object_array_get_idx(v->exceptions, i);
		const char *to = member_text(e, "to");
		char *words;

		if (piece->state != PERIOD_WAIVED || strcmp(member_text(e, "from"), from) > 0 ||
		    (*to != '\0' && strcmp(to, from) <= 0))
			continue;
		words = period_exception_text(e);
		(void)fputs(words == NULL ? "" : words, out);
		free(words);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int
put_violation(FILE *out, const struct period_violation *v, const struct period_stretch *piece)
{
	_cleanup_(freep) char *begin = v == NULL ? NULL : period_begin_text(v);
	_cleanup_(freep) char *exceptions = v == NULL ? NULL : exceptions_of(v, piece);

	if (v == NULL) {
		(void)fputs(",,,,", out);
		return 0;
	}
	if (begin == NULL || exceptions == NULL)
		return -ENOMEM;
	put_next(out, v->because);
	put_next(out, begin);
	put_next(out, member_text(v->cause, "actor/exe"));
	put_next(out, exceptions);
	return 0;
}

static int
put_piece(void *arg, const struct period_stretch *piece)
{
	const struct lines *l = arg;
	const struct period_rule *rule = l->pair->rule;
	const struct period_subject *subject = l->pair->subject;
	char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];
	int64_t ms = piece->to_ms - piece->from_ms;

	clock_text(piece->from_ms, from);
	clock_text(piece->to_ms, to);
	put_cell(l->out, rule->key);
	put_next(l->out, rule->id);
	put_next(l->out, rule->severity);
	put_next(l->out, rule->title);
	put_next(l->out, subject->kind);
	put_next(l->out, member_text(subject->json, "name"));
	put_next(l->out, subject->id);
	put_next(l->out, period_state_name(piece->state));
	put_next(l->out, from);
	put_next(l->out, to);
	(void)fprintf(l->out, ",%" PRIi64 ".%03" PRIi64, ms / 1000, ms % 1000);
	if (put_violation(l->out, violation_at(l->pair, piece), piece) != 0)
		return -ENOMEM;
	(void)fputs("\r\n", l->out);
	return 0;
}

int
period_print_csv(const struct period_paper *paper, FILE *out)
{
	const struct period *p = paper->period;
	struct lines l = { .paper = paper, .out = out };
	int r = 0;

	(void)fputs("rule,id,severity,title,subject_kind,subject_name,subject_id,verdict,from,to,"
		    "seconds,because,began_by,actor,exception\r\n",
	    out);
	for (size_t i = 0; i < p->n_rules; i++)
		for (size_t k = 0; k < p->rules[i]->n_pairs && r == 0; k++) {
			l.pair = p->rules[i]->pairs[k];
			r = period_each_piece(p, l.pair, put_piece, &l);
		}
	return r;
}
