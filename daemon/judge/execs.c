/* SPDX-License-Identifier: Apache-2.0
 *
 * Exec sessions: records, since the engine forgets them. The facts of container.execs are made of
 * what was seen, here and nowhere else. A session that could not be read leaves the list cut, so
 * that no rule passes over it. A health check is a session every few seconds, and each is like the
 * last: one ordinary session stands for all of its user's. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <assert.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum {
	EXECS_MAX = 256,      /* kept of one container; the oldest go first, and cut the list */
	EXECS_ASKED_MAX = 64, /* under way at once; more are counted as dropped, and cut the list */
};

struct exec_ask {
	LIST_ENTRY(exec_ask) in_judge;
	struct judge *judge;
	char *container, *exec;
	struct cause cause;
};

static struct exec_ask *
exec_ask_free(struct exec_ask *ask)
{
	if (ask == NULL)
		return NULL;
	free(ask->container);
	free(ask->exec);
	free(ask);
	return NULL;
}
DEFINE_CLEANUP(struct exec_ask, exec_ask_free)

/* Somebody watches, or watched: what is not in the list did not happen. */
static bool
is_watched(const struct judge *j)
{
	return ledger_has_store(j->ledger) || j->sources[WATCH_EVENTS].told;
}

static int64_t
keep_ms(const struct judge *j)
{
	return (int64_t)j->rb->settings.exec_keep_s * 1000;
}

static int64_t
time_of(const struct value *exec)
{
	const struct value *time = value_get(exec, "time");

	return time != NULL && time->type == VALUE_INT ? time->integer * 1000 : 0;
}

/* The list as it is held; NULL when there is none. */
static const struct value *
held_list(const struct entry *e)
{
	const struct snapshot *held = e->s.snapshots[TOPIC_CONTAINER_EXECS];
	const struct value *v;

	if (held == NULL)
		return NULL;
	v = snapshot_get(held, FACT_CONTAINER_EXECS);
	return v->type == VALUE_LIST ? v : NULL;
}

static bool
is_true(const struct value *v)
{
	return v != NULL && v->type == VALUE_BOOL && v->boolean;
}

static bool
same_text(const struct value *a, const struct value *b)
{
	return a != NULL && b != NULL && a->type == VALUE_STRING && b->type == VALUE_STRING &&
	       a->len == b->len && memcmp(a->string, b->string, a->len) == 0;
}

/* By the container's own user, and without privileges. */
static bool
is_ordinary(const struct value *exec)
{
	return !is_true(value_get(exec, "privileged")) &&
	       same_text(value_get(exec, "user"), value_get(exec, "default_user"));
}

static bool
are_alike(const struct value *a, const struct value *b)
{
	return is_ordinary(a) && is_ordinary(b) &&
	       same_text(value_get(a, "user"), value_get(b, "user"));
}

/* One in the list stands for it, and will for a while. */
static bool
is_stood_for(const struct judge *j, const struct entry *e, const struct value *exec)
{
	const struct value *held = held_list(e);
	int64_t since_ms = clock_realtime_ms() - keep_ms(j) / 2;

	for (uint32_t i = 0; held != NULL && i < held->len; i++)
		if (are_alike(&held->items[i], exec) && time_of(&held->items[i]) > since_ms)
			return true;
	return false;
}

static void
note_end(int64_t *ret, int64_t ends_ms)
{
	if (*ret == 0 || ends_ms < *ret)
		*ret = ends_ms;
}

/* The held list without what is too old, and with one more (NULL: none). */
static int
make_list(const struct judge *j, struct entry *e, const struct value *more, struct arena *a,
    struct value *ret, int64_t *ret_changes_at_ms)
{
	const struct value *held = held_list(e);
	int64_t now_ms = clock_realtime_ms();
	struct value *items = arena_alloc(a, (EXECS_MAX + 1) * sizeof(*items));
	size_t n = 0;

	if (items == NULL)
		return -ENOMEM;
	*ret_changes_at_ms = 0;
	for (uint32_t i = 0; held != NULL && i < held->len; i++)
		if (time_of(&held->items[i]) + keep_ms(j) > now_ms &&
		    !(more != NULL && are_alike(&held->items[i], more)))
			items[n++] = held->items[i];
	if (more != NULL)
		items[n++] = *more;
	if (n > EXECS_MAX) {
		e->execs_cut_until_ms = time_of(&items[0]) + keep_ms(j);
		memmove(&items[0], &items[1], --n * sizeof(*items));
	}
	for (size_t i = 0; i < n; i++)
		note_end(ret_changes_at_ms, time_of(&items[i]) + keep_ms(j));
	*ret = value_list(items, n);
	ret->cut = e->execs_cut_until_ms > now_ms;
	if (ret->cut)
		note_end(ret_changes_at_ms, e->execs_cut_until_ms);
	return 0;
}

/* One session is known of, but not what it was. */
static void
cut_list(const struct judge *j, struct entry *e)
{
	e->execs_cut_until_ms = clock_realtime_ms() + keep_ms(j);
}

static int
rebuild(struct judge *j, struct entry *e, const struct value *more)
{
	struct snapshot *fresh = NULL;
	int64_t changes_at_ms = 0;
	struct value list;
	struct draft d;
	int r;

	r = draft_init(&d, TOPIC_CONTAINER_EXECS);
	if (r == 0)
		r = make_list(j, e, more, d.arena, &list, &changes_at_ms);
	if (r == 0) {
		draft_set(&d, FACT_CONTAINER_EXECS, is_watched(j) ? list : value_absent());
		r = draft_finish(&d, &fresh);
	}
	draft_deinit(&d);
	if (r != 0)
		return r;
	assert(fresh != NULL);
	fresh->changes_at_ms = changes_at_ms;
	swap_in(j, e, fresh);
	return 0;
}

int
execs_begin(struct judge *j, struct entry *e)
{
	return rebuild(j, e, NULL);
}

/* Watching has begun: from now on an empty list says something. */
void
execs_watched(struct judge *j)
{
	for (size_t i = 0; i < j->n_entries; i++)
		if (j->entries[i]->s.kind == SUBJECT_CONTAINER &&
		    held_list(j->entries[i]) == NULL && execs_begin(j, j->entries[i]) < 0)
			judge_trouble(j, "out of memory");
}

void
execs_expire(struct judge *j, struct entry *e)
{
	struct cause cause = { .source = CAUSE_CLOCK, .detail = "an exec session is long ago" };

	cause.woke_ns = clock_monotonic_ns();
	if (cause_set(j, &entry_slot(e, TOPIC_CONTAINER_EXECS)->working, &cause) < 0 ||
	    rebuild(j, e, NULL) < 0)
		judge_trouble(j, "out of memory");
}

/* Keeps a session in the ledger: {container, exec}, exec null where it could not be read. */
static int
keep(struct judge *j, const struct exec_ask *ask, const struct value *exec)
{
	int64_t made_ms = exec == NULL ? clock_realtime_ms() : time_of(exec);
	struct object o = object_begin();
	struct json_object *whole;
	char *text;

	object_string(&o, "container", ask->container);
	if (exec == NULL)
		object_null(&o, "exec");
	else
		object_add(&o, "exec", value_to_json(exec));
	whole = object_end(&o);
	if (whole == NULL)
		return -ENOMEM;
	text = strdup(json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PLAIN));
	json_object_put(whole);
	return text == NULL ? -ENOMEM
			    : outbox_record(j, RECORD_EXEC, ask->exec, made_ms + keep_ms(j), text);
}

static void
on_exec(void *arg, const struct value *exec, const char *why)
{
	_cleanup_(exec_ask_freep) struct exec_ask *ask = arg;
	struct judge *j = ask->judge;
	struct entry *e = entry_find(j, SUBJECT_CONTAINER, ask->container);
	int r;

	LIST_REMOVE(ask, in_judge);
	j->execs_outstanding--;
	judge_schedule(j, 0);
	if (e == NULL || (exec != NULL && is_stood_for(j, e, exec)))
		return;
	if (exec == NULL)
		cut_list(j, e);
	r = cause_set(j, &entry_slot(e, TOPIC_CONTAINER_EXECS)->working, &ask->cause);
	if (r == 0)
		r = rebuild(j, e, exec);
	if (r == 0)
		r = keep(j, ask, exec);
	if (r < 0)
		judge_trouble(j, strerror(-r));
}

static int
ask_exec(struct judge *j, const char *container, const char *exec, const struct cause *cause)
{
	_cleanup_(exec_ask_freep) struct exec_ask *ask = calloc(1, sizeof(*ask));
	int r;

	if (ask == NULL)
		return -ENOMEM;
	ask->judge = j;
	ask->container = strdup(container);
	ask->exec = strdup(exec);
	ask->cause = *cause;
	if (ask->container == NULL || ask->exec == NULL)
		return -ENOMEM;
	r = collector_exec(j->collector, container, exec, on_exec, ask);
	if (r < 0)
		return r;
	LIST_INSERT_HEAD(&j->exec_asks, ask, in_judge);
	j->execs_outstanding++;
	ask = NULL; /* on_exec() has it */
	return 0;
}

void
execs_seen(struct judge *j, const char *container, const char *exec, const struct cause *cause)
{
	struct entry *e = entry_find(j, SUBJECT_CONTAINER, container);
	int r = 0;

	if (j->execs_outstanding >= EXECS_ASKED_MAX) {
		j->counters.drops++;
		if (e != NULL) {
			cut_list(j, e);
			r = rebuild(j, e, NULL);
		}
	} else {
		r = ask_exec(j, container, exec, cause);
	}
	if (r < 0)
		judge_trouble(j, strerror(-r));
}

/* A kept record goes back to its container, if that is still there. */
static int
on_record(
    void *arg, const char *kind, const char *id, int64_t until_ms, const char *body, size_t len)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);
	struct json_object *json = json_tokener_parse(body), *container = NULL, *exec = NULL;
	struct judge *j = arg;
	struct entry *e = NULL;
	struct value v;
	int r = a == NULL ? -ENOMEM : 0;

	if (strcmp(kind, RECORD_EXEC) == 0 && until_ms > clock_realtime_ms() &&
	    json_object_object_get_ex(json, "container", &container))
		e = entry_find(j, SUBJECT_CONTAINER, json_object_get_string(container));
	if (r == 0 && e != NULL) {
		(void)json_object_object_get_ex(json, "exec", &exec);
		if (exec != NULL)
			r = value_from_json(&v, exec, a);
		else
			e->execs_cut_until_ms = until_ms;
		if (r == 0)
			r = rebuild(j, e, exec == NULL ? NULL : &v);
	}
	json_object_put(json);
	return r;
}

int
execs_load(struct judge *j)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->n_entries; i++)
		if (j->entries[i]->s.kind == SUBJECT_CONTAINER)
			r = execs_begin(j, j->entries[i]);
	return r < 0 ? r : ledger_each_record(j->ledger, on_record, j);
}

void
execs_deinit(struct judge *j)
{
	struct exec_ask *ask;

	while ((ask = LIST_FIRST(&j->exec_asks)) != NULL) {
		LIST_REMOVE(ask, in_judge);
		exec_ask_free(ask);
	}
}
