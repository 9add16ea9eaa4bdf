/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/inner.h"

#include "util/clock.h"
#include <errno.h>
#include <event2/event.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

enum {
	ROUNDS_AT_ONCE = 8, /* before the event loop has its turn */
};

void
judge_trouble(struct judge *j, const char *what)
{
	if (j->handlers.on_trouble != NULL)
		j->handlers.on_trouble(j->handlers.arg, what);
}

void
judge_schedule(struct judge *j, int64_t in_ms)
{
	int64_t at = clock_monotonic_ms() + in_ms;
	struct timeval in = { in_ms / 1000, in_ms % 1000 * 1000 };

	if (j->step_due_ms != 0 && j->step_due_ms <= at)
		return;
	j->step_due_ms = at;
	(void)evtimer_add(j->step, &in);
}

/* Everything that can be done now. True: there is more. */
static bool
work(struct judge *j)
{
	int64_t due;
	int r;

	pump(j);
	if (j->files_stale && facts_ready(j)) {
		r = files_update(j);
		if (r < 0) {
			judge_trouble(j, strerror(-r));
			judge_schedule(j, RETRY_MS);
			return false;
		}
		pump(j);
	}
	due = round_due(j, clock_monotonic_ms());
	if (due == 0) {
		if (round_run(j) == 0)
			return true;
		judge_schedule(j, RETRY_MS);
	} else if (due > 0) {
		judge_schedule(j, due);
	}
	return false;
}

/* The one place from which everything goes on, and in which a look ends. */
static void
on_step(evutil_socket_t fd, short events, void *arg)
{
	struct judge *j = arg;
	unsigned rounds = 0;

	j->step_due_ms = 0;
	while (work(j)) {
		outbox_flush(j);
		if (++rounds == ROUNDS_AT_ONCE) {
			judge_schedule(j, 0);
			break;
		}
	}
	outbox_flush(j);
	/* Lists and documents of a look leave holes behind. */
	if (look_end(j))
		(void)malloc_trim(0);
}

bool
judge_is_idle(const struct judge *j)
{
	return !j->look.active && !j->files_stale && TAILQ_EMPTY(&j->queue) &&
	       TAILQ_EMPTY(&j->answered) && j->outstanding == 0 && j->execs_outstanding == 0 &&
	       j->step_due_ms == 0;
}

/* --- what watchers say --- */

static int
stale_file(struct judge *j, const char *path, enum topic topic, const struct cause *cause)
{
	struct entry *e = entry_find(j, SUBJECT_FILE, path);
	int r;

	r = inputs_mark(j, path, cause);
	if (r < 0)
		return r;
	if (e != NULL)
		return mark(j, e, topic, cause, false);
	/* A file that is only read from is no subject. */
	if (!is_input(path))
		files_stale(j, cause);
	return 0;
}

/* The stream of events begins some seconds back. Where the clock went back since the start, that
 * moment is told by how long ago it was. */
static bool
is_from_before(const struct judge *j, const struct cause *cause)
{
	int64_t event_ms = cause->event_ns / 1000000;
	int64_t age_ms = clock_monotonic_ms() - j->started_mono_ms;

	return event_ms != 0 && event_ms < j->started_ms && event_ms < clock_realtime_ms() - age_ms;
}

/* What happened before the start was found at the start: nobody was there to be quick. */
static struct cause
as_heard(const struct judge *j, const struct cause *cause)
{
	struct cause heard = *cause;

	if (is_from_before(j, cause)) {
		heard.source = CAUSE_START;
		heard.after_gap = true;
	}
	return heard;
}

static int
stale_container(struct judge *j, const char *id, enum topic topic, const struct cause *cause)
{
	struct entry *e = entry_find(j, SUBJECT_CONTAINER, id);
	int r;

	if (e != NULL)
		return mark(j, e, topic, cause, false);
	/* What was there before us, the list knows, if it is still there. */
	if (recently_gone(j, id) || is_from_before(j, cause))
		return 0;
	r = subject_new(j, &e, SUBJECT_CONTAINER, id);
	return r < 0 ? r : mark(j, e, TOPIC_ALL, cause, false);
}

static int
stale_image(struct judge *j, const char *id, enum topic topic, const struct cause *cause)
{
	struct entry *e = entry_find(j, SUBJECT_IMAGE, id);

	if (e != NULL)
		return mark(j, e, topic, cause, false);
	/* An event may call it by a name: the list knows its id. */
	return j->index.scopes[SUBJECT_IMAGE].n == 0 ? 0 : look_list(j, SUBJECT_IMAGE, cause);
}

static void
on_stale(
    void *arg, enum subject_kind kind, const char *id, enum topic topic, const struct cause *why)
{
	struct judge *j = arg;
	const struct cause heard = as_heard(j, why), *cause = &heard;
	int r = 0;

	j->counters.events++;
	switch (kind) {
	case SUBJECT_HOST:
		r = mark(j, j->host, topic, cause, false);
		break;
	case SUBJECT_ENGINE:
		r = mark(j, j->engine, topic, cause, false);
		break;
	case SUBJECT_FILE:
		r = stale_file(j, id, topic, cause);
		break;
	case SUBJECT_IMAGE:
		r = stale_image(j, id, topic, cause);
		break;
	case SUBJECT_CONTAINER:
		r = stale_container(j, id, topic, cause);
		break;
	case SUBJECT_SWARM:
	case _SUBJECT_KINDS:
		break;
	}
	if (r < 0)
		judge_trouble(j, strerror(-r));
}

static void
on_named(void *arg, const char *id, const char *name, const char *image, bool made,
    const struct cause *cause)
{
	struct judge *j = arg;
	struct entry *e = entry_find(j, SUBJECT_CONTAINER, id);
	int r = 0;

	if (e == NULL && !recently_gone(j, id) && !is_from_before(j, cause))
		r = subject_new(j, &e, SUBJECT_CONTAINER, id);
	/* What was read is newer than what an event said. */
	if (r == 0 && e != NULL && !e->known)
		r = entry_name(j, e, name, image);
	if (r == 0 && e != NULL && made)
		e->made_ns = cause->event_ns;
	if (r < 0)
		judge_trouble(j, strerror(-r));
}

static void
on_gone(void *arg, enum subject_kind kind, const char *id, const struct cause *cause)
{
	struct judge *j = arg;
	const struct cause heard = as_heard(j, cause);
	struct entry *e = entry_find(j, kind, id);

	j->counters.events++;
	if (e != NULL && e != j->host && e != j->engine)
		subject_gone(j, e, &heard, cause->event_ns);
}

static void
on_exec(void *arg, const char *container, const char *exec, const struct cause *cause)
{
	struct judge *j = arg;

	j->counters.events++;
	execs_seen(j, container, exec, cause);
}

static void
on_blind(void *arg, enum watch_source source, const char *why)
{
	source_blind(arg, source, why);
}

static void
on_sees(void *arg, enum watch_source source)
{
	source_sees(arg, source);
}

/* --- coming and going --- */

static int
add_fixed(struct judge *j)
{
	char name[65] = "";
	int r;

	r = entry_add(j, &j->host, SUBJECT_HOST, "");
	if (r == 0)
		r = entry_add(j, &j->engine, SUBJECT_ENGINE, "");
	if (r < 0)
		return r;
	if (gethostname(name, sizeof(name) - 1) < 0 || name[0] == '\0')
		strcpy(name, "host");
	r = entry_name(j, j->host, name, NULL);
	return r < 0 ? r : entry_name(j, j->engine, "engine", NULL);
}

int
judge_new(struct judge **ret, struct event_base *base, const struct rulebook *rb,
    struct collector *collector, struct ledger *ledger, const struct judge_handlers *handlers)
{
	_cleanup_(judge_freep) struct judge *j = calloc(1, sizeof(*j));
	int r;

	if (j == NULL)
		return -ENOMEM;
	j->base = base;
	j->rb = rb;
	j->collector = collector;
	j->ledger = ledger;
	j->handlers = *handlers;
	j->started_ms = clock_realtime_ms();
	j->started_mono_ms = clock_monotonic_ms();
	j->sink = (struct watch_sink){ j, on_named, on_stale, on_gone, on_exec, on_blind, on_sees };
	TAILQ_INIT(&j->queue);
	TAILQ_INIT(&j->answered);
	LIST_INIT(&j->exec_asks);
	j->arena = arena_new(EXPR_MEMORY_MAX);
	j->sorted = calloc(1, sizeof(*j->sorted));
	j->head = calloc(1, sizeof(*j->head));
	j->step = evtimer_new(base, on_step, j);
	if (j->arena == NULL || j->sorted == NULL || j->head == NULL || j->step == NULL)
		return -ENOMEM;
	r = rule_index_init(&j->index, rb);
	if (r == 0)
		r = outbox_init(j);
	if (r == 0)
		r = prune_init(j);
	if (r == 0)
		r = clock_init(j);
	if (r == 0)
		r = add_fixed(j);
	if (r == 0)
		r = state_load(j);
	if (r == 0)
		r = gone_load(j);
	if (r == 0)
		r = execs_load(j);
	if (r < 0)
		return r;
	*ret = TAKE(j);
	return 0;
}

struct judge *
judge_free(struct judge *j)
{
	if (j == NULL)
		return NULL;
	entries_free(j);
	(void)cause_release(j->last_cause);
	gone_deinit(j);
	execs_deinit(j);
	files_deinit(j);
	sources_deinit(j);
	outbox_deinit(j);
	prune_deinit(j);
	clock_deinit(j);
	rule_index_deinit(&j->index);
	reload_deinit(j);
	for (int kind = 0; kind < _SUBJECT_KINDS; kind++)
		free(j->listings[kind].why);
	if (j->step != NULL)
		event_free(j->step);
	if (j->sorted != NULL)
		free(j->sorted->items);
	free(j->sorted);
	if (j->head != NULL)
		json_text_deinit(&j->head->text);
	free(j->head);
	arena_free(j->arena);
	free(j);
	return NULL;
}

const struct watch_sink *
judge_sink(struct judge *j)
{
	return &j->sink;
}

const struct rulebook *
judge_rulebook(const struct judge *j)
{
	return j->rb;
}

const struct judge_counters *
judge_counters(const struct judge *j)
{
	return &j->counters;
}
