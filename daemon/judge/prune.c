/* SPDX-License-Identifier: Apache-2.0
 *
 * The history of drift is kept for so many days and in so much space. What is older goes in small
 * steps, so that no event waits for it. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <errno.h>
#include <event2/event.h>
#include <string.h>

enum {
	EVERY_MS = 60 * 60 * 1000,
	STEP_ROWS = 256,
	PAUSE_MS = 20,
	BUSY_MS = 200,  /* how long a step makes way for other work, ... */
	WAITS_MAX = 50, /* ... and how often */
	SLACK = 16,     /* too big, it is brought below by this part: not to begin again at once */
};

static void
say_pruned(struct judge *j)
{
	struct object more = object_begin();

	object_int(&more, "rows", (int64_t)j->prune.rows);
	object_int(&more, "first", (int64_t)ledger_first_seq(j->ledger));
	object_time(&more, "before", j->prune.before_ms);
	if (judge_notice(j, "pruned", object_end(&more)) < 0)
		judge_trouble(j, "out of memory");
}

static void
later(struct judge *j, int64_t ms)
{
	struct timeval in = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(j->prune.step, &in);
}

static void
end(struct judge *j)
{
	j->prune.active = false;
	if (j->prune.rows > 0)
		say_pruned(j);
}

/* How many rows went; 0: no more have to, or the store can't be written and they go another time.
 */
static uint64_t
forget_some(struct judge *j)
{
	_cleanup_(freep) char *why = NULL;
	struct prune *p = &j->prune;
	uint64_t rows = 0;

	if (j->outbox.failing)
		return 0;
	(void)ledger_begin(j->ledger);
	(void)ledger_prune(j->ledger, p->before_ms, p->keep_bytes, STEP_ROWS, &rows);
	return ledger_commit(j->ledger, &why) == 0 ? rows : 0;
}

static bool
is_busy(const struct judge *j)
{
	return j->look.active || j->outstanding > 0 || !TAILQ_EMPTY(&j->answered);
}

static void
on_step(evutil_socket_t fd, short events, void *arg)
{
	struct judge *j = arg;
	struct prune *p = &j->prune;
	uint64_t rows;

	if (is_busy(j) && p->waits < WAITS_MAX) {
		p->waits++;
		later(j, BUSY_MS);
		return;
	}
	p->waits = 0;
	rows = forget_some(j);
	p->rows += rows;
	if (rows == 0) {
		end(j);
	} else {
		outbox_plan_idle(j);
		later(j, PAUSE_MS);
	}
}

void
judge_prune(struct judge *j)
{
	const int64_t day_ms = 24LL * 60 * 60 * 1000;
	const struct settings *settings = &j->rb->settings;
	struct prune *p = &j->prune;

	if (p->active || !ledger_has_store(j->ledger) || j->baseline)
		return;
	p->active = true;
	p->began_ms = clock_monotonic_ms();
	p->rows = 0;
	p->keep_bytes = settings->keep_bytes;
	if (ledger_bytes(j->ledger) > p->keep_bytes)
		p->keep_bytes -= p->keep_bytes / SLACK;
	p->before_ms = settings->keep_days == 0
			   ? 0
			   : clock_realtime_ms() - (int64_t)settings->keep_days * day_ms;
	later(j, 0);
}

void
prune_tick(struct judge *j)
{
	if (j->prune.began_ms == 0 || clock_monotonic_ms() - j->prune.began_ms >= EVERY_MS)
		judge_prune(j);
}

int
prune_init(struct judge *j)
{
	j->prune.step = evtimer_new(j->base, on_step, j);
	return j->prune.step == NULL ? -ENOMEM : 0;
}

void
prune_deinit(struct judge *j)
{
	if (j->prune.step != NULL)
		event_free(j->prune.step);
}
