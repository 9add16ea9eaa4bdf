/* SPDX-License-Identifier: Apache-2.0
 *
 * What each row of drift says about a period. */
#include "report/member.h"
#include "report/period_inner.h"
#include "report/words.h"

#include <errno.h>
#include <string.h>

struct period_row {
	struct json_object *json;
	int64_t at_ms;
	uint64_t seq;
	const char *type;
};

/* It changed while nobody saw it, and was found by looking: such a row has no latency. What time or
 * a rulebook brings about is seen at once. */
static bool
is_found_later(struct json_object *row)
{
	static const char *const exact[] = { "exception", "reload", "clock" };
	const char *source = member_text(row, "cause/source");

	for (size_t i = 0; i < ARRAY_SIZE(exact); i++)
		if (strcmp(exact[i], source) == 0)
			return false;
	return member(row, "latency_ms") == NULL;
}

static void
tell(struct period_pair *pair, const struct period_row *row)
{
	pair->told_ms = row->at_ms;
	pair->told_seq = row->seq;
}

static struct period_news
news_of(const struct period_row *row, struct json_object *finding)
{
	return (struct period_news){
		.at_ms = row->at_ms,
		.verdict = member_text(finding, "verdict"),
		.because = member_text(finding, "because"),
		.exception = member(finding, "exception"),
		.cause = member(row->json, "cause"),
		.found_later = is_found_later(row->json),
	};
}

/* One finding became another one. */
static int
on_move(struct period *p, const struct period_row *row)
{
	struct period_news news = news_of(row, row->json), was = {
		.at_ms = period_time(row->json, "was_since"),
		.verdict = member_text(row->json, "was"),
		.because = member_text(row->json, "was_because"),
	};
	struct period_subject *subject;
	struct period_pair *pair = NULL;
	int r;

	if (was.at_ms > row->at_ms)
		was.at_ms = row->at_ms;

	subject = period_subject(p, member(row->json, "subject"), false, &r);
	if (subject != NULL)
		pair = period_pair(p, subject, row->json, &r);
	if (pair == NULL)
		return r;
	/* What it was may be what another subject was, in whose place this one came. */
	if (member(row->json, "predecessor") == NULL)
		r = period_pair_was(p, pair, &was, member_text(row->json, "was_exception"));
	if (r == 0)
		r = period_pair_is(p, pair, &news);
	tell(pair, row);
	return r;
}

static int
on_appeared(struct period *p, const struct period_row *row)
{
	struct json_object *findings = member(row->json, "findings");
	struct period_subject *subject;
	int r;

	subject = period_subject(p, member(row->json, "subject"), false, &r);
	for (size_t i = 0; subject != NULL && r == 0 && i < member_count(row->json, "findings");
	     i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);
		struct period_news news = news_of(row, finding);
		struct period_pair *pair = period_pair(p, subject, finding, &r);

		if (pair == NULL)
			continue;
		r = period_pair_is(p, pair, &news);
		tell(pair, row);
	}
	return r;
}

/* What was wrong with it to the end. */
static int
was_bad(struct period *p, struct period_subject *subject, struct json_object *finding,
    const struct period_row *row)
{
	struct period_news news = news_of(row, finding);
	struct period_pair *pair;
	int r = 0;

	pair = period_pair(p, subject, finding, &r);
	if (pair == NULL || pair->open)
		return r;
	news.at_ms = period_time(finding, "since");
	if (news.at_ms == 0)
		news.at_ms = p->first_ms;
	if (news.at_ms > row->at_ms)
		news.at_ms = row->at_ms;
	news.cause = NULL;
	news.found_later = false;
	news.stood = true;
	return period_pair_is(p, pair, &news);
}

static int
on_gone(struct period *p, const struct period_row *row)
{
	struct json_object *findings = member(row->json, "findings");
	struct json_object *cause = member(row->json, "cause");
	struct period_subject *subject;
	int r;

	subject = period_subject(p, member(row->json, "subject"), false, &r);
	if (subject == NULL)
		return r;
	for (size_t i = 0; r == 0 && i < member_count(row->json, "findings"); i++)
		r = was_bad(p, subject, json_object_array_get_idx(findings, i), row);
	for (struct period_pair *pair = subject->pairs; pair != NULL && r == 0; pair = pair->next) {
		r = period_pair_was_as_now(p, pair, row->at_ms);
		if (r == 0)
			r = period_pair_over(p, pair, row->at_ms, "gone", cause);
		tell(pair, row);
	}
	p->gone_unnamed += subject->pairs == NULL && row->at_ms >= p->question.since_ms &&
			   row->at_ms < p->question.until_ms;
	return r;
}

/* --- notices --- */

static int
note_rulebook(struct period *p, const struct period_row *row, const char *sha256)
{
	struct period_rulebook *rulebooks;

	if (strspn(sha256, "0123456789abcdef") != SHA256_HEX || sha256[SHA256_HEX] != '\0' ||
	    (p->n_rulebooks > 0 && strcmp(p->rulebooks[p->n_rulebooks - 1].sha256, sha256) == 0))
		return 0;
	rulebooks = period_grow(p->rulebooks, &p->n_rulebooks, sizeof(*rulebooks));
	if (rulebooks == NULL)
		return -ENOMEM;
	p->rulebooks = rulebooks;
	rulebooks[p->n_rulebooks - 1].from_ms = row->at_ms;
	memcpy(rulebooks[p->n_rulebooks - 1].sha256, sha256, SHA256_HEX + 1);
	return 0;
}

static int
on_reloaded(struct period *p, const struct period_row *row, struct json_object *notice)
{
	int64_t *reloads;

	if (*member_text(notice, "rulebook") == '\0')
		return 0; /* it was refused */
	reloads = period_grow(p->reloads, &p->n_reloads, sizeof(*reloads));
	if (reloads == NULL)
		return -ENOMEM;
	p->reloads = reloads;
	reloads[p->n_reloads - 1] = row->at_ms;
	return 0;
}

/* Nobody watched since the last row; what was blind then is not told of any more. */
static int
on_started(struct period *p, const struct period_row *row, struct json_object *notice)
{
	int64_t last_ms = p->last_ms;
	int r;

	if (last_ms == 0)
		return 0;
	for (int s = 0; s < PERIOD_DAEMON; s++)
		period_blinds_close(p->blinds, s, last_ms);
	r = period_blinds_open(p->blinds, PERIOD_DAEMON, last_ms,
	    p->stopping ? "plimsolld was not running"
			: "plimsolld had ended without a word; this is the last that it said");
	period_blinds_close(p->blinds, PERIOD_DAEMON, row->at_ms);
	p->crashed |= !p->stopping;
	p->stopping = false;
	return r;
}

static int
on_stopping(struct period *p, const struct period_row *row, struct json_object *notice)
{
	p->stopping = true;
	return 0;
}

static int
on_gap_opened(struct period *p, const struct period_row *row, struct json_object *notice)
{
	int source = period_source_from_name(member_text(notice, "source"));

	if (source < 0)
		return 0;
	return period_blinds_open(
	    p->blinds, (enum period_source)source, row->at_ms, member_text(notice, "why"));
}

static int
on_gap_closed(struct period *p, const struct period_row *row, struct json_object *notice)
{
	int source = period_source_from_name(member_text(notice, "source"));

	if (source >= 0)
		period_blinds_close(p->blinds, (enum period_source)source, row->at_ms);
	return 0;
}

static int
on_unseen(struct period *p, const struct period_row *row, struct json_object *notice)
{
	struct period_unseen *unseen;
	int r;

	if (row->at_ms < p->question.since_ms || row->at_ms >= p->question.until_ms)
		return 0;
	if (period_subject(p, member(notice, "subject"), false, &r) == NULL)
		return r;
	p->unseen_in_all++;
	if (p->n_unseen == PERIOD_UNSEEN_MAX)
		return 0;
	unseen = period_grow(p->unseen, &p->n_unseen, sizeof(*unseen));
	if (unseen == NULL)
		return -ENOMEM;
	p->unseen = unseen;
	unseen[p->n_unseen - 1].at_ms = row->at_ms;
	unseen[p->n_unseen - 1].words = words_subject(member(notice, "subject"));
	return unseen[p->n_unseen - 1].words == NULL ? -ENOMEM : 0;
}

static int
on_dropped(struct period *p, const struct period_row *row, struct json_object *notice)
{
	p->rows_lost += (uint64_t)member_int(notice, "count");
	return 0;
}

static const struct {
	const char *kind;
	int (*fn)(struct period *p, const struct period_row *row, struct json_object *notice);
} notices[] = {
	{ "started", on_started },
	{ "stopping", on_stopping },
	{ "reloaded", on_reloaded },
	{ "gap-opened", on_gap_opened },
	{ "gap-closed", on_gap_closed },
	{ "unseen", on_unseen },
	{ "dropped", on_dropped },
};

static int
on_notice(struct period *p, const struct period_row *row)
{
	struct json_object *notice = member(row->json, "notice");
	const char *kind = member_text(notice, "kind");
	int r = note_rulebook(p, row, member_text(notice, "rulebook"));

	for (size_t i = 0; i < ARRAY_SIZE(notices) && r == 0; i++)
		if (strcmp(notices[i].kind, kind) == 0)
			r = notices[i].fn(p, row, notice);
	return r;
}

static const struct {
	const char *type;
	int (*fn)(struct period *p, const struct period_row *row);
} types[] = {
	{ "notice", on_notice },
	{ "appeared", on_appeared },
	{ "carried", on_appeared },
	{ "gone", on_gone },
	{ "regressed", on_move },
	{ "restored", on_move },
	{ "changed", on_move },
};

/* A clock that was set back must not make time run backwards. */
int
period_add_row(struct period *p, struct json_object *json)
{
	struct period_row row = {
		.json = json,
		.at_ms = period_time(json, "time"),
		.seq = (uint64_t)member_int(json, "seq"),
		.type = member_text(json, "type"),
	};
	int r = 0;

	if (row.at_ms == 0)
		return 0;
	if (row.at_ms < p->last_ms)
		row.at_ms = p->last_ms;
	if (p->first_ms == 0) {
		p->first_ms = row.at_ms;
		p->first_seq = row.seq;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types) && r == 0; i++)
		if (strcmp(types[i].type, row.type) == 0)
			r = types[i].fn(p, &row);
	p->last_ms = row.at_ms;
	p->last_seq = row.seq;
	return r;
}
