/* SPDX-License-Identifier: Apache-2.0 */
#include "report/heartbeat.h"
#include "judge/judge.h"
#include "report/member.h"

#include <errno.h>
#include <event2/event.h>

enum { BETWEEN_RULES_MS = 100 }; /* each row is a commit: the loop has other work */

struct heartbeat {
	struct judge *judge;
	const struct ledger *ledger;
	struct event *beat, *open, *next_rule;
	unsigned rule; /* whose open failures are said next */
};

static int64_t
blind_ms(const struct judge *judge)
{
	uint64_t ms = 0;

	for (int s = 0; s < _WATCH_SOURCES; s++)
		ms += judge_blind_ms(judge, s);
	return (int64_t)ms;
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct heartbeat *h = arg;
	struct json_object *more = json_object_new_object();
	int r = more == NULL ? -ENOMEM : member_put(more, "summary", judge_summary_json(h->judge));

	if (r == 0)
		r = member_put_int(more, "rows", (int64_t)ledger_last_seq(h->ledger));
	if (r == 0)
		r = member_put_seconds(more, "blind_s", blind_ms(h->judge));
	if (r == 0)
		r = member_put_text(more, "rulebook", judge_rulebook(h->judge)->sha256);
	(void)judge_notice(h->judge, "heartbeat", member_done(more, r));
}

/* --- failures that stand --- */

struct saying {
	struct heartbeat *h;
	const struct rule *rule;
	struct json_object *found[HEARTBEAT_OPEN_PER_RULE];
	unsigned n, more;
};

static int
note_failure(void *arg, const struct finding_view *view)
{
	struct saying *s = arg;

	if (view->rule != s->rule || view->verdict != VERDICT_FAIL || view->exception != NULL)
		return 0;
	if (s->n < HEARTBEAT_OPEN_PER_RULE)
		s->found[s->n++] = judge_finding_json(s->h->judge, view);
	else
		s->more++;
	return 0;
}

/* What stands in the notice of a finding; NULL when out of memory. */
static struct json_object *
open_notice(struct json_object *finding, unsigned more)
{
	static const char *const members[] = { "rule", "severity", "refs", "subject", "verdict",
		"because", "since" };
	struct json_object *notice;
	int r = 0;

	if (finding == NULL)
		return NULL;
	notice = json_object_new_object();
	for (size_t i = 0; i < ARRAY_SIZE(members) && notice != NULL && r == 0; i++)
		r = member_put(notice, members[i], json_object_get(member(finding, members[i])));
	if (r == 0 && more > 0)
		r = member_put_int(notice, "more", more);
	return member_done(notice, r);
}

static void
say_rule(struct heartbeat *h, const struct rule *rule)
{
	struct saying s = { .h = h, .rule = rule };

	(void)judge_each_finding(h->judge, note_failure, &s);
	for (unsigned i = 0; i < s.n; i++) {
		struct json_object *notice = open_notice(s.found[i], i == s.n - 1 ? s.more : 0);

		if (notice != NULL)
			(void)judge_notice(h->judge, "open", notice);
		(void)json_object_put(s.found[i]);
	}
}

static void
on_next_rule(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = { .tv_usec = BETWEEN_RULES_MS * 1000 };
	struct heartbeat *h = arg;
	const struct rulebook *rb = judge_rulebook(h->judge);

	if (h->rule >= rb->n_rules)
		return;
	say_rule(h, rb->rules[h->rule]);
	h->rule++;
	(void)event_add(h->next_rule, &soon);
}

static void
on_open(evutil_socket_t fd, short what, void *arg)
{
	struct heartbeat *h = arg;

	h->rule = 0;
	on_next_rule(-1, 0, h);
}

static int
every(
    struct event **ret, struct event_base *base, unsigned seconds, event_callback_fn fn, void *arg)
{
	struct timeval interval = { .tv_sec = seconds };

	*ret = event_new(base, -1, seconds == 0 ? 0 : EV_PERSIST, fn, arg);
	if (*ret == NULL || (seconds != 0 && event_add(*ret, &interval) != 0))
		return -ENOMEM;
	return 0;
}

int
heartbeat_new(struct heartbeat **ret, struct event_base *base, struct judge *judge,
    const struct ledger *ledger)
{
	_cleanup_(heartbeat_freep) struct heartbeat *h = calloc(1, sizeof(*h));
	const struct settings *settings = &judge_rulebook(judge)->settings;

	if (h == NULL)
		return -ENOMEM;
	h->judge = judge;
	h->ledger = ledger;
	if (every(&h->next_rule, base, 0, on_next_rule, h) != 0 ||
	    every(&h->beat, base, settings->heartbeat_interval_s, on_beat, h) != 0 ||
	    every(&h->open, base, settings->open_interval_s, on_open, h) != 0)
		return -ENOMEM;
	*ret = TAKE(h);
	return 0;
}

struct heartbeat *
heartbeat_free(struct heartbeat *h)
{
	if (h == NULL)
		return NULL;
	if (h->beat != NULL)
		event_free(h->beat);
	if (h->open != NULL)
		event_free(h->open);
	if (h->next_rule != NULL)
		event_free(h->next_rule);
	free(h);
	return NULL;
}
