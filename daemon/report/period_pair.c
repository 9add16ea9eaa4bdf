/* SPDX-License-Identifier: Apache-2.0
 *
 * A rule and a subject over time: rows close one stretch and open the next. What ended before the
 * period began is forgotten at once, so that a long history costs no memory. */
#include "report/member.h"
#include "report/period_inner.h"

#include <errno.h>
#include <string.h>

static const char *const state_names[_PERIOD_STATES] = {
	[PERIOD_PASS] = "pass",
	[PERIOD_FAIL] = "fail",
	[PERIOD_REVIEW] = "review",
	[PERIOD_UNKNOWN] = "unknown",
	[PERIOD_NOT_APPLICABLE] = "not-applicable",
	[PERIOD_WAIVED] = "waived",
	[PERIOD_ATTESTED] = "attested",
	[PERIOD_BLIND] = "blind",
};

const char *
period_state_name(enum period_state state)
{
	return state_names[state];
}

int
period_state_from(const char *verdict, const char *exception_state)
{
	for (int s = 0; s < PERIOD_BLIND; s++)
		if (strcmp(state_names[s], *exception_state != '\0' ? exception_state : verdict) ==
		    0)
			return s;
	return -1;
}

static void
violation_deinit(struct period_violation *v)
{
	free(v->because);
	free(v->end);
	(void)json_object_put(v->cause);
	(void)json_object_put(v->end_cause);
	(void)json_object_put(v->exceptions);
	*v = (struct period_violation){ 0 };
}

void
period_pair_deinit(struct period_pair *pair)
{
	for (size_t i = 0; i < pair->n_violations; i++)
		violation_deinit(&pair->violations[i]);
	free(pair->violations);
	free(pair->stretches);
	free(pair->now.verdict);
	free(pair->now.because);
	(void)json_object_put(pair->now.exception);
}

/* --- stretches --- */

static bool
is_outside(const struct period *p, int64_t from_ms, int64_t to_ms)
{
	return to_ms <= from_ms || to_ms <= p->question.since_ms || from_ms >= p->question.until_ms;
}

static struct period_stretch *
last_stretch(struct period_pair *pair)
{
	return &pair->stretches[pair->n_stretches - 1];
}

static void
close_stretch(const struct period *p, struct period_pair *pair, int64_t at_ms)
{
	struct period_stretch *last;

	if (!pair->open)
		return;
	last = last_stretch(pair);
	last->to_ms = at_ms < last->from_ms ? last->from_ms : at_ms;
	pair->over_ms = last->to_ms;
	if (last->to_ms == last->from_ms || is_outside(p, last->from_ms, last->to_ms))
		pair->n_stretches--;
	pair->open = false;
}

static int
open_stretch(struct period_pair *pair, int64_t at_ms, enum period_state state)
{
	struct period_stretch *stretches =
	    period_grow(pair->stretches, &pair->n_stretches, sizeof(*stretches));

	if (stretches == NULL)
		return -ENOMEM;
	pair->stretches = stretches;
	*last_stretch(pair) = (struct period_stretch){ at_ms, PERIOD_OPEN, state };
	pair->open = true;
	return 0;
}

/* --- violations --- */

static struct period_violation *
last_violation(struct period_pair *pair)
{
	return &pair->violations[pair->n_violations - 1];
}

static int
keep_text(char **text, const char *words)
{
	char *copy = strdup(words);

	if (copy == NULL)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int
violation_begin(struct period_pair *pair, const struct period_news *news)
{
	struct period_violation *violations =
	    period_grow(pair->violations, &pair->n_violations, sizeof(*violations));
	struct period_violation *v;

	if (violations == NULL)
		return -ENOMEM;
	pair->violations = violations;
	pair->failing = true;
	v = last_violation(pair);
	v->from_ms = news->at_ms;
	v->to_ms = PERIOD_OPEN;
	v->found_later = news->found_later;
	v->stood = news->stood;
	v->cause = json_object_get(news->cause);
	v->exceptions = json_object_new_array_ext(1);
	return v->exceptions == NULL ? -ENOMEM : keep_text(&v->because, news->because);
}

static int
violation_over(const struct period *p, struct period_pair *pair, int64_t at_ms, const char *end,
    struct json_object *cause)
{
	struct period_violation *v;

	if (!pair->failing)
		return 0;
	pair->failing = false;
	v = last_violation(pair);
	v->to_ms = at_ms < v->from_ms ? v->from_ms : at_ms;
	if (is_outside(p, v->from_ms, v->to_ms)) {
		violation_deinit(v);
		pair->n_violations--;
		return 0;
	}
	v->end_cause = json_object_get(cause);
	return keep_text(&v->end, end);
}

/* The exception that holds at the end of the list; NULL: none. */
static struct json_object *
holding(const struct period_violation *v)
{
	size_t n = json_object_array_length(v->exceptions);
	struct json_object *last = n == 0 ? NULL : json_object_array_get_idx(v->exceptions, n - 1);

	return last == NULL || member(last, "to") != NULL ? NULL : last;
}

static bool
same_exception(struct json_object *a, struct json_object *b)
{
	static const char *const names[] = { "state", "owner", "reason", "expires", "ticket" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(member_text(a, names[i]), member_text(b, names[i])) != 0)
			return false;
	return true;
}

static int
exception_begin(struct period_violation *v, struct json_object *exception, int64_t at_ms)
{
	struct json_object *held = json_object_new_object();
	int r = held == NULL ? -ENOMEM : 0;

	json_object_object_foreach (exception, name, value) {
		if (r == 0 && value != NULL)
			r = member_put(held, name, json_object_get(value));
	}
	if (r == 0)
		r = member_put_time(held, "from", at_ms);
	return member_append(v->exceptions, member_done(held, r));
}

/* Which exception covers the violation from then on. */
static int
violation_exception(struct period_pair *pair, struct json_object *exception, int64_t at_ms)
{
	struct period_violation *v = last_violation(pair);
	struct json_object *held = holding(v);
	int r = 0;

	if (held != NULL && exception != NULL && same_exception(held, exception))
		return 0;
	if (held != NULL)
		r = member_put_time(held, "to", at_ms);
	if (r == 0 && json_object_is_type(exception, json_type_object))
		r = exception_begin(v, exception, at_ms);
	return r;
}

static int
violation_goes_on(struct period_pair *pair, const struct period_news *news)
{
	struct period_violation *v = last_violation(pair);

	if (*news->because == '\0' || strcmp(news->because, v->because) == 0)
		return 0;
	v->changes++;
	return keep_text(&v->because, news->because);
}

/* --- what rows say --- */

static int
move_violation(struct period *p, struct period_pair *pair, const struct period_news *news)
{
	int r;

	if (strcmp(news->verdict, state_names[PERIOD_FAIL]) != 0)
		return violation_over(p, pair, news->at_ms, news->verdict, news->cause);
	r = pair->failing ? violation_goes_on(pair, news) : violation_begin(pair, news);
	return r == 0 ? violation_exception(pair, news->exception, news->at_ms) : r;
}

/* What a row says of an earlier time does not reach back behind what others said. */
int
period_pair_is(struct period *p, struct period_pair *pair, const struct period_news *said)
{
	int state = period_state_from(said->verdict, member_text(said->exception, "state"));
	struct period_news news = *said;

	if (news.at_ms < pair->over_ms)
		news.at_ms = pair->over_ms;
	if (state < 0)
		return period_pair_over(p, pair, news.at_ms, news.verdict, news.cause);
	if (!pair->open || last_stretch(pair)->state != (enum period_state)state) {
		close_stretch(p, pair, news.at_ms);
		if (open_stretch(pair, news.at_ms, (enum period_state)state) != 0)
			return -ENOMEM;
	}
	return move_violation(p, pair, &news);
}

/* An exception of which only the state is known. */
static struct json_object *
bare_exception(const char *state)
{
	struct json_object *exception = json_object_new_object();
	int r = exception == NULL ? -ENOMEM : member_put_text(exception, "state", state);

	return member_done(exception, r);
}

int
period_pair_was(struct period *p, struct period_pair *pair, const struct period_news *was,
    const char *exception_state)
{
	int state = period_state_from(was->verdict, exception_state), r;
	struct period_news news = *was;

	if (news.at_ms == 0)
		news.at_ms = p->first_ms;
	if (state < 0 || (pair->open && (last_stretch(pair)->state == (enum period_state)state ||
					    news.at_ms <= last_stretch(pair)->from_ms)))
		return 0;
	news.stood = true;
	if (*exception_state != '\0') {
		news.exception = bare_exception(exception_state);
		if (news.exception == NULL)
			return -ENOMEM;
	}
	r = period_pair_is(p, pair, &news);
	(void)json_object_put(news.exception);
	return r;
}

int
period_pair_was_as_now(struct period *p, struct period_pair *pair, int64_t until_ms)
{
	struct period_news news = {
		.at_ms = pair->now.since_ms,
		.verdict = pair->now.verdict,
		.because = pair->now.because == NULL ? "" : pair->now.because,
		.exception = pair->now.exception,
		.stood = true,
	};

	if (pair->open || !pair->now.known || news.at_ms > until_ms || news.at_ms < pair->told_ms)
		return 0;
	return period_pair_is(p, pair, &news);
}

int
period_pair_over(struct period *p, struct period_pair *pair, int64_t at_ms, const char *end,
    struct json_object *cause)
{
	close_stretch(p, pair, at_ms);
	return violation_over(p, pair, at_ms, end, cause);
}

/* --- the end --- */

/* It stands in the history and is not held any more, and no row says since when: not since the
 * rulebook changed, if it did; else nobody can tell what it was. */
static int
vanish(struct period *p, struct period_pair *pair)
{
	struct period_news news = {
		.at_ms = pair->told_ms,
		.verdict = state_names[PERIOD_UNKNOWN],
		.because = "",
	};

	for (size_t i = 0; i < p->n_reloads; i++)
		if (p->reloads[i] >= pair->told_ms)
			return period_pair_over(p, pair, p->reloads[i], "notselected", NULL);
	return period_pair_is(p, pair, &news);
}

/* How early what was found later may have begun: when its watchers went blind. */
static void
find_earliest(struct period *p, const struct period_pair *pair, struct period_violation *v)
{
	const struct period_spans *spans = period_blinds_of(p->blinds, pair->rule->sources);

	if (!v->found_later || spans == NULL ||
	    strcmp(member_text(v->cause, "source"), "resync") == 0)
		return;
	for (size_t i = 0; i < spans->n && spans->items[i].from_ms < v->from_ms; i++)
		v->earliest_ms = spans->items[i].from_ms;
}

static int
sum_piece(void *arg, const struct period_stretch *piece)
{
	((struct period_pair *)arg)->ms[piece->state] += piece->to_ms - piece->from_ms;
	return 0;
}

static int
sum_violations(struct period *p, struct period_pair *pair)
{
	const struct period_spans *spans = period_blinds_of(p->blinds, pair->rule->sources);
	const struct period_question *q = &p->question;

	if (spans == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < pair->n_violations; i++) {
		struct period_violation *v = &pair->violations[i];
		int64_t from = v->from_ms < q->since_ms ? q->since_ms : v->from_ms;
		int64_t to = v->to_ms > q->until_ms ? q->until_ms : v->to_ms;

		v->blind_ms = period_spans_within(spans, from, to);
		v->ms = to > from ? to - from - v->blind_ms : 0;
		find_earliest(p, pair, v);
	}
	return 0;
}

int
period_pair_end(struct period *p, struct period_pair *pair)
{
	int r = period_pair_was_as_now(p, pair, INT64_MAX);

	if (r == 0 && pair->open && !pair->now.known && pair->told_seq <= p->question.asked_seq)
		r = vanish(p, pair);
	if (r == 0 && pair->open &&
	    is_outside(p, last_stretch(pair)->from_ms, last_stretch(pair)->to_ms))
		pair->n_stretches--;
	if (r == 0 && pair->failing &&
	    is_outside(p, last_violation(pair)->from_ms, last_violation(pair)->to_ms)) {
		violation_deinit(last_violation(pair));
		pair->n_violations--;
	}
	if (r == 0)
		r = sum_violations(p, pair);
	return r == 0 ? period_each_piece(p, pair, sum_piece, pair) : r;
}

/* --- pieces --- */

static int
tell_piece(int64_t from_ms, int64_t to_ms, enum period_state state, period_piece_fn *fn, void *arg)
{
	const struct period_stretch piece = { from_ms, to_ms, state };

	return to_ms > from_ms ? fn(arg, &piece) : 0;
}

static int
cut_stretch(const struct period_spans *spans, const struct period_stretch *s, period_piece_fn *fn,
    void *arg)
{
	int64_t at = s->from_ms;
	int r = 0;

	for (size_t i = 0; i < spans->n && r == 0 && at < s->to_ms; i++) {
		int64_t from = spans->items[i].from_ms, to = spans->items[i].to_ms;

		if (to <= at)
			continue;
		if (from >= s->to_ms)
			break;
		from = from < at ? at : from;
		to = to > s->to_ms ? s->to_ms : to;
		r = tell_piece(at, from, s->state, fn, arg);
		if (r == 0)
			r = tell_piece(from, to, PERIOD_BLIND, fn, arg);
		at = to;
	}
	return r == 0 ? tell_piece(at, s->to_ms, s->state, fn, arg) : r;
}

int
period_each_piece(
    const struct period *p, const struct period_pair *pair, period_piece_fn *fn, void *arg)
{
	const struct period_question *q = &p->question;
	const struct period_spans *spans = period_blinds_of(p->blinds, pair->rule->sources);
	int r = spans == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < pair->n_stretches && r == 0; i++) {
		struct period_stretch s = pair->stretches[i];

		s.from_ms = s.from_ms < q->since_ms ? q->since_ms : s.from_ms;
		s.to_ms = s.to_ms > q->until_ms ? q->until_ms : s.to_ms;
		r = cut_stretch(spans, &s, fn, arg);
	}
	return r;
}
