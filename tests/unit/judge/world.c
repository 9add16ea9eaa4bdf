/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#include "collect/docker.h"
#include "collect/host.h"
#include "rules.h"
#include "util/clock.h"

#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/queue.h>
#include <unistd.h>

struct thing {
	TAILQ_ENTRY(thing) next;
	enum subject_kind kind;
	char *id;
	struct json_object *facts;
};

struct question {
	TAILQ_ENTRY(question) next;
	enum subject_kind kind;
	char *id, *exec;
	enum topic topic;
	collector_done_fn *done;
	collector_list_fn *list;
	collector_exec_fn *exec_done;
	void *arg;
};

struct collector {
	struct event *answer;
	struct host *host;
	TAILQ_HEAD(, thing) things;
	TAILQ_HEAD(questions, question) questions, frozen;
	struct json_object *execs;
	char *away;
	bool hold, freeze;
	unsigned asked;
	struct collector_counters counters;
};

/* --- what stands in for the collector --- */

static struct thing *
thing_find(struct collector *c, enum subject_kind kind, const char *id)
{
	struct thing *t;

	TAILQ_FOREACH(t, &c->things, next)
	if (t->kind == kind && strcmp(t->id, id) == 0)
		return t;
	return NULL;
}

static struct snapshot *
snapshot_of(struct thing *t, enum topic topic)
{
	struct snapshot *snapshot = NULL;
	struct draft d;
	struct value v;

	assert_int_equal(draft_init(&d, topic), 0);
	json_object_object_foreach (t->facts, path, json) {
		int fact = fact_find(path, strlen(path));
		struct json_object *why;

		if (fact < 0)
			fail_msg("no fact %s", path);
		if (fact_table[fact].topic != topic)
			continue;
		if (json == NULL)
			v = value_absent();
		else if (json_object_object_get_ex(json, "unreadable", &why))
			v = value_unreadable(json_object_get_string(why));
		else
			assert_int_equal(value_from_json(&v, json, d.arena), 0);
		draft_set(&d, (enum fact_id)fact, v);
	}
	assert_int_equal(draft_finish(&d, &snapshot), 0);
	draft_deinit(&d);
	return snapshot;
}

static void
answer_list(struct collector *c, const struct question *q)
{
	struct listed items[2048];
	struct thing *t;
	size_t n = 0;

	TAILQ_FOREACH(t, &c->things, next)
	if (t->kind == q->kind)
		items[n++] = (struct listed){ t->id, json_text(t->facts, "container.name"),
			json_text(t->facts, "container.image") };
	q->list(q->arg, c->away, c->away == NULL ? items : NULL, c->away == NULL ? n : 0);
}

static void
answer_exec(struct collector *c, const struct question *q)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(1024 * 1024);
	struct json_object *json = NULL;
	struct value v;

	(void)json_object_object_get_ex(c->execs, q->exec, &json);
	if (json != NULL)
		assert_int_equal(value_from_json(&v, json, a), 0);
	q->exec_done(q->arg, json == NULL ? NULL : &v, json == NULL ? "no such exec" : NULL);
}

static void
answer_topic(struct collector *c, const struct question *q)
{
	struct thing *t = thing_find(c, q->kind, q->id);
	bool of_engine = q->kind == SUBJECT_ENGINE || q->kind == SUBJECT_CONTAINER;

	if (c->away != NULL && of_engine)
		q->done(q->arg, 0, snapshot_unreadable(q->topic, c->away));
	else if (t == NULL)
		q->done(q->arg, COLLECT_E_GONE, NULL);
	else
		q->done(q->arg, 0, snapshot_of(t, q->topic));
}

static void
question_free(struct question *q)
{
	free(q->id);
	free(q->exec);
	free(q);
}

static void
on_answer(evutil_socket_t fd, short events, void *arg)
{
	struct collector *c = arg;
	struct question *q;

	/* What is asked meanwhile is answered in the next turn. */
	for (unsigned left = 64; left > 0 && !c->hold && (q = TAILQ_FIRST(&c->questions)); left--) {
		TAILQ_REMOVE(&c->questions, q, next);
		if (c->freeze && q->done != NULL && q->kind == SUBJECT_ENGINE) {
			TAILQ_INSERT_TAIL(&c->frozen, q, next);
			continue;
		}
		if (q->list != NULL)
			answer_list(c, q);
		else if (q->exec_done != NULL)
			answer_exec(c, q);
		else
			answer_topic(c, q);
		question_free(q);
	}
	if (!c->hold && !TAILQ_EMPTY(&c->questions))
		event_active(c->answer, EV_TIMEOUT, 0);
}

static int
ask(struct collector *c, const struct question *question)
{
	struct question *q = malloc(sizeof(*q));

	assert_non_null(q);
	*q = *question;
	TAILQ_INSERT_TAIL(&c->questions, q, next);
	if (!c->hold)
		event_active(c->answer, EV_TIMEOUT, 0);
	return 0;
}

int
collector_new(struct collector **ret, const struct collector_config *config)
{
	struct collector *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->answer = event_new(config->base, -1, 0, on_answer, c);
	c->execs = json_object_new_object();
	TAILQ_INIT(&c->things);
	TAILQ_INIT(&c->questions);
	TAILQ_INIT(&c->frozen);
	assert_int_equal(host_new(&c->host, config->host_root), 0);
	*ret = c;
	return 0;
}

static void
forget_questions(struct collector *c)
{
	struct question *q;

	TAILQ_CONCAT(&c->questions, &c->frozen, next);
	while ((q = TAILQ_FIRST(&c->questions)) != NULL) {
		TAILQ_REMOVE(&c->questions, q, next);
		question_free(q);
	}
}

struct collector *
collector_free(struct collector *c)
{
	struct thing *t;

	forget_questions(c);
	while ((t = TAILQ_FIRST(&c->things)) != NULL) {
		TAILQ_REMOVE(&c->things, t, next);
		json_object_put(t->facts);
		free(t->id);
		free(t);
	}
	event_free(c->answer);
	host_free(c->host);
	json_object_put(c->execs);
	free(c->away);
	free(c);
	return NULL;
}

uint64_t
collector_now(const struct collector *c)
{
	return 0;
}

int
collector_collect(struct collector *c, enum subject_kind kind, const char *id, enum topic topic,
    uint64_t since, collector_done_fn *done, void *arg)
{
	c->asked++;
	return ask(c, &(struct question){ .kind = kind,
			  .id = strdup(id == NULL ? "" : id),
			  .topic = topic,
			  .done = done,
			  .arg = arg });
}

int
collector_list(struct collector *c, enum subject_kind kind, collector_list_fn *done, void *arg)
{
	return ask(c, &(struct question){ .kind = kind, .list = done, .arg = arg });
}

int
collector_exec(struct collector *c, const char *container, const char *exec,
    collector_exec_fn *done, void *arg)
{
	return ask(c, &(struct question){ .exec = strdup(exec), .exec_done = done, .arg = arg });
}

const struct collector_counters *
collector_counters(struct collector *c)
{
	return &c->counters;
}

bool
collector_engine_alive(struct collector *c)
{
	return c->away == NULL;
}

struct docker *
collector_docker(struct collector *c)
{
	return NULL;
}

const char *
docker_socket(const struct docker *d)
{
	return "/run/docker.sock";
}

struct host *
collector_host(struct collector *c)
{
	return c->host;
}

/* --- the world --- */

static void
on_committed(void *arg)
{
	((struct world *)arg)->committed++;
}

static void
on_settled(void *arg)
{
	((struct world *)arg)->settled++;
}

static void
on_files(void *arg, const char *const *paths, size_t n)
{
	struct world *w = arg;
	size_t len = 0;

	w->files_told++;
	w->files[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(w->files + len, sizeof(w->files) - len, "%s ", paths[i]);
	assert_true(len < sizeof(w->files));
}

static void
on_trouble(void *arg, const char *what)
{
	struct world *w = arg;
	size_t len = strlen(w->trouble);

	(void)snprintf(w->trouble + len, sizeof(w->trouble) - len, "%s\n", what);
}

struct world *
world_new(const struct rule_source *rules, unsigned n, bool store)
{
	struct world *w = calloc(1, sizeof(*w));
	struct collector_config config = { 0 };

	assert_non_null(w);
	w->base = event_base_new();
	w->rb = test_rulebook(rules, n);
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/plimsoll-judge-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	if (store)
		(void)snprintf(w->path, sizeof(w->path), "%s/state/plimsoll.db", w->dir);
	config = (struct collector_config){ .base = w->base, .host_root = w->dir };
	assert_int_equal(collector_new(&w->collector, &config), 0);
	world_set(w, SUBJECT_HOST, "", "{}");
	world_set(w, SUBJECT_ENGINE, "", "{}");
	return w;
}

void
world_open(struct world *w)
{
	const struct judge_handlers handlers = { .arg = w,
		.on_committed = on_committed,
		.on_settled = on_settled,
		.on_files = on_files,
		.on_trouble = on_trouble };
	_cleanup_(freep) char *why = NULL;

	assert_int_equal(ledger_open(&w->ledger, w->path[0] == '\0' ? NULL : w->path, &why),
	    w->store_away ? LEDGER_E_WAITS : 0);
	assert_int_equal(
	    judge_new(&w->judge, w->base, w->rb, w->collector, w->ledger, &handlers), 0);
}

void
world_store_away(struct world *w, bool away)
{
	char state[96], aside[96];

	(void)snprintf(state, sizeof(state), "%s/state", w->dir);
	(void)snprintf(aside, sizeof(aside), "%s/aside", w->dir);
	if (away) {
		assert_true(rename(state, aside) == 0 || errno == ENOENT);
		assert_int_equal(symlink("no/where", state), 0);
	} else {
		assert_int_equal(unlink(state), 0);
		assert_true(rename(aside, state) == 0 || errno == ENOENT);
	}
	w->store_away = away;
}

void
world_look(struct world *w)
{
	assert_int_equal(judge_look(w->judge, CAUSE_START), 0);
	world_settle(w);
	assert_true(judge_settled(w->judge));
}

void
world_start(struct world *w)
{
	world_open(w);
	world_look(w);
}

void
world_begin(struct world *w)
{
	world_start(w);
	(void)world_rows(w);
}

void
world_stop(struct world *w)
{
	forget_questions(w->collector);
	w->judge = judge_free(w->judge);
	w->ledger = ledger_free(w->ledger);
}

static void
clear_away(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char below[512];

	if (dir == NULL) {
		(void)unlink(path);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		clear_away(below);
	}
	(void)closedir(dir);
	(void)rmdir(path);
}

void
world_free(struct world *w)
{
	world_stop(w);
	collector_free(w->collector);
	test_rulebook_free(w->rb);
	event_base_free(w->base);
	json_object_put(w->rows);
	clear_away(w->dir);
	free(w);
}

int
world_teardown(void **state)
{
	world_free(*state);
	return 0;
}

void
world_set(struct world *w, enum subject_kind kind, const char *id, const char *facts)
{
	struct thing *t = thing_find(w->collector, kind, id);
	struct json_object *json = json_tokener_parse(facts);

	assert_non_null(json);
	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		assert_non_null(t);
		t->kind = kind;
		t->id = strdup(id);
		t->facts = json_object_new_object();
		TAILQ_INSERT_TAIL(&w->collector->things, t, next);
	}
	json_object_object_foreach (json, path, value)
		json_object_object_add(t->facts, path, json_object_get(value));
	json_object_put(json);
}

void
world_remove(struct world *w, enum subject_kind kind, const char *id)
{
	struct thing *t = thing_find(w->collector, kind, id);

	assert_non_null(t);
	TAILQ_REMOVE(&w->collector->things, t, next);
	json_object_put(t->facts);
	free(t->id);
	free(t);
}

void
world_engine_away(struct world *w, const char *why)
{
	free(w->collector->away);
	w->collector->away = why == NULL ? NULL : strdup(why);
}

void
world_exec(struct world *w, const char *exec, const char *json)
{
	json_object_object_add(w->collector->execs, exec, json_tokener_parse(json));
}

void
world_freeze(struct world *w, bool freeze)
{
	struct collector *c = w->collector;

	c->freeze = freeze;
	if (!freeze) {
		TAILQ_CONCAT(&c->questions, &c->frozen, next);
		event_active(c->answer, EV_TIMEOUT, 0);
	}
}

void
world_hold(struct world *w, bool hold)
{
	w->collector->hold = hold;
	if (!hold)
		event_active(w->collector->answer, EV_TIMEOUT, 0);
}

unsigned
world_asked(const struct world *w)
{
	return w->collector->asked;
}

void
world_event(
    struct world *w, enum subject_kind kind, const char *id, enum topic topic, const char *detail)
{
	struct cause cause = { .source = CAUSE_DOCKER_EVENT };
	const struct watch_sink *sink = judge_sink(w->judge);

	(void)snprintf(cause.detail, sizeof(cause.detail), "%s", detail);
	cause.event_ns = clock_realtime_ns();
	cause.woke_ns = clock_monotonic_ns();
	sink->stale(sink->arg, kind, id, topic, &cause);
}

void
world_named(struct world *w, const char *id, const char *name, const char *image)
{
	struct cause cause = { .source = CAUSE_DOCKER_EVENT, .detail = "container create" };
	const struct watch_sink *sink = judge_sink(w->judge);

	cause.event_ns = clock_realtime_ns();
	sink->named(sink->arg, id, name, image, true, &cause);
}

void
world_gone(struct world *w, const char *id, int64_t after_ms)
{
	struct cause cause = { .source = CAUSE_DOCKER_EVENT, .detail = "container destroy" };
	const struct watch_sink *sink = judge_sink(w->judge);

	cause.event_ns = clock_realtime_ns() + after_ms * 1000000;
	sink->gone(sink->arg, SUBJECT_CONTAINER, id, &cause);
}

void
world_blind(struct world *w, enum watch_source source, const char *why)
{
	const struct watch_sink *sink = judge_sink(w->judge);

	sink->blind(sink->arg, source, why);
}

void
world_sees(struct world *w, enum watch_source source)
{
	const struct watch_sink *sink = judge_sink(w->judge);

	sink->sees(sink->arg, source);
}

void
world_turn(struct world *w)
{
	const struct timeval turn = { 0, 50 * 1000 };

	(void)event_base_loopexit(w->base, &turn);
	(void)event_base_loop(w->base, 0);
}

void
world_until(struct world *w, bool (*done)(struct world *w))
{
	int64_t until = clock_monotonic_ms() + 10 * 1000;

	while (!done(w) && clock_monotonic_ms() < until)
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	assert_true(done(w));
}

static bool
is_still(struct world *w)
{
	return judge_settled(w->judge) && judge_queue_depth(w->judge) == 0 &&
	       (w->collector->hold || TAILQ_EMPTY(&w->collector->questions)) &&
	       TAILQ_EMPTY(&w->collector->frozen) && judge_is_idle(w->judge);
}

void
world_settle(struct world *w)
{
	world_until(w, is_still);
}

static int
take_row(void *arg, uint64_t seq, const char *line, size_t len)
{
	struct world *w = arg;
	struct json_object *row = json_tokener_parse(line);

	assert_non_null(row);
	assert_int_equal(seq, w->read + 1);
	w->read = seq;
	json_object_array_add(w->rows, row);
	return 0;
}

struct json_object *
world_rows(struct world *w)
{
	json_object_put(w->rows);
	w->rows = json_object_new_array();
	assert_int_equal(ledger_each_row(w->ledger, w->read, 10000, take_row, w), 0);
	return w->rows;
}

bool
world_file_has(struct world *w, const char *text)
{
	_cleanup_(freep) char *bytes = malloc(1 << 22);
	FILE *in = fopen(w->path, "r");
	size_t n;

	assert_true(bytes != NULL && in != NULL);
	n = fread(bytes, 1, 1 << 22, in);
	(void)fclose(in);
	assert_true(n > 0 && n < 1 << 22);
	return memmem(bytes, n, text, strlen(text)) != NULL;
}

struct json_object *
json_at(struct json_object *json, const char *path)
{
	char name[64];
	size_t len;

	while (*path != '\0' && json != NULL) {
		len = strcspn(path, "/");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, path);
		if (json_object_is_type(json, json_type_array))
			json = json_object_array_get_idx(json, strtoul(name, NULL, 10));
		else if (!json_object_object_get_ex(json, name, &json))
			return NULL;
		path += len + (path[len] == '/');
	}
	return json;
}

const char *
json_text(struct json_object *json, const char *path)
{
	struct json_object *at = json_at(json, path);

	return at == NULL ? "" : json_object_get_string(at);
}

void
expect_rows(struct json_object *rows, size_t n)
{
	if (json_object_array_length(rows) != n)
		fail_msg("%zu rows instead of %zu: %s", json_object_array_length(rows), n,
		    json_object_to_json_string_ext(rows, JSON_C_TO_STRING_PRETTY));
}

/* A row's type, rule and moves in one line: "regressed caps pass fail". */
void
expect_row(struct json_object *row, const char *want)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "%s %s %s %s", json_text(row, "type"),
	    json_text(row, "rule"), json_text(row, "was"), json_text(row, "verdict"));
	assert_string_equal(line, want);
}
