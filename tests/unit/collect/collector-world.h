/* SPDX-License-Identifier: Apache-2.0
 *
 * A collector on an engine that plays bytes and a host that is an empty folder, and what it
 * answers. Include after cmocka.h. */
#ifndef TESTS_COLLECT_COLLECTOR_WORLD_H
#define TESTS_COLLECT_COLLECTOR_WORLD_H

#include "collect/collector.h"
#include "fake-engine.h"
#include "util/file.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PING                                                                              \
	{                                                                                 \
		"/_ping", PLAY_RAW,                                                       \
		    "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK" \
	}
#define END          \
	{            \
		NULL \
	}

/* What inspect says of a container with that first process; "0": it doesn't run. */
#define INSPECT(pid) "{\"Id\":\"" ID "\",\"State\":{\"Pid\":" pid "},\"Config\":{\"User\":\"app\"}}"

struct world {
	struct event_base *base;
	struct fake_engine *engine;
	struct collector *collector;
	char root[64];
};

static inline struct world
world_new(const struct fake_answer *script)
{
	struct world w = { .base = event_base_new() };
	struct collector_config config = { .base = w.base, .parallel = 4 };

	assert_non_null(w.base);
	w.engine = fake_engine_new(w.base, script);
	(void)snprintf(w.root, sizeof(w.root), "%s/root", w.engine->dir);
	assert_int_equal(mkdir(w.root, 0755), 0);
	config.engine_socket = w.engine->socket;
	config.host_root = w.root;
	assert_int_equal(collector_new(&w.collector, &config), 0);
	return w;
}

static inline int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline void
world_free(struct world *w)
{
	collector_free(w->collector);
	assert_int_equal(nftw(w->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	fake_engine_free(w->engine);
	event_base_free(w->base);
}

static inline void
make_file(const struct world *w, const char *path, const char *text)
{
	char full[256], *slash;
	FILE *f;

	(void)snprintf(full, sizeof(full), "%s%s", w->root, path);
	for (slash = strchr(full + strlen(w->root) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(full, 0755);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A document that a real engine gave. Caller frees. */
static inline char *
recorded(const char *name)
{
	char path[512], *text;

	(void)snprintf(
	    path, sizeof(path), "%s/tests/data/docker-20.10/%s", getenv("PLIMSOLL_SOURCE"), name);
	assert_int_equal(file_read(path, 1024 * 1024, &text, NULL), 0);
	return text;
}

/* --- topics --- */

struct answer {
	bool done;
	int r;
	struct snapshot *snapshot;
};

static inline void
take_answer(void *arg, int r, struct snapshot *snapshot)
{
	struct answer *a = arg;

	assert_false(a->done);
	a->done = true;
	a->r = r;
	a->snapshot = snapshot;
	assert_int_equal(r == 0, snapshot != NULL);
}

static inline void
ask(struct world *w, struct answer *a, const char *id, enum topic topic)
{
	*a = (struct answer){ 0 };
	assert_int_equal(collector_collect(w->collector, topic_table[topic].kind, id, topic,
			     collector_now(w->collector), take_answer, a),
	    0);
	assert_false(a->done);
}

static inline struct answer
collect(struct world *w, const char *id, enum topic topic)
{
	struct answer a;

	ask(w, &a, id, topic);
	assert_true(run_until(w->base, &a.done));
	return a;
}

static inline void
assert_unreadable(struct answer a, const char *why)
{
	assert_int_equal(a.r, 0);
	for (unsigned i = 0; i < a.snapshot->n; i++) {
		assert_int_equal(a.snapshot->values[i].type, VALUE_UNREADABLE);
		if (strstr(a.snapshot->values[i].string, why) == NULL)
			fail_msg("%s: not %s", a.snapshot->values[i].string, why);
	}
	snapshot_free(a.snapshot);
}

static inline void
assert_absent(struct answer a)
{
	assert_int_equal(a.r, 0);
	for (unsigned i = 0; i < a.snapshot->n; i++)
		assert_int_equal(a.snapshot->values[i].type, VALUE_ABSENT);
	snapshot_free(a.snapshot);
}

static inline void
assert_fact_text(struct answer a, enum fact_id fact, const char *text)
{
	const struct value *v;

	assert_int_equal(a.r, 0);
	v = snapshot_get(a.snapshot, fact);
	assert_int_equal(v->type, VALUE_STRING);
	assert_string_equal(v->string, text);
	snapshot_free(a.snapshot);
}

#endif
