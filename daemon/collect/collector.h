/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetches a topic of a subject when asked, and lists subjects. Owns the connections to the engine
 * and the view of the host's files; knows nothing of rules, findings or watchers. Everything is
 * answered by a callback from the event loop, never from within the call. Every question has a
 * deadline; the engine gets GET alone and is never woken (an engine that is not running is not
 * connected to). */
#ifndef COLLECT_COLLECTOR_H
#define COLLECT_COLLECTOR_H

#include "facts/facts.h"
#include "util/macros.h"

struct event_base;
struct collector;
struct docker;
struct host;

enum {
	_COLLECT_E_SUCCESS,
	COLLECT_E_GONE, /* the subject does not exist any more */
};

struct collector_config {
	struct event_base *base;
	const char *engine_socket; /* a path, or unix://path */
	const char *host_root;     /* host files are looked for below it; "/" on a real host */
	const char *state;         /* a folder for what is remembered of dockerd; NULL: none */
	unsigned parallel;         /* requests to the engine at once; 4 */
};

int collector_new(struct collector **ret, const struct collector_config *config);
struct collector *collector_free(
    struct collector *c); /* takes NULL, returns NULL; no callback comes after it */
DEFINE_CLEANUP(struct collector, collector_free)

/* The collector's own clock: it counts what is asked, to tell before from after. */
uint64_t collector_now(const struct collector *c);

/* `since`, of that clock: what the engine was asked before is too old to answer this. `r` is 0 with
 * a snapshot (owned by the callee; its facts may be unreadable, each with its
 * reason), or COLLECT_E_GONE with NULL. `id` as in watch/cause.h. Returns 0 or -ENOMEM; then the
 * callback never comes. */
typedef void collector_done_fn(void *arg, int r, struct snapshot *snapshot);
int collector_collect(struct collector *c, enum subject_kind kind, const char *id, enum topic topic,
    uint64_t since, collector_done_fn *done, void *arg);

/* One subject as a list shows it. */
struct listed {
	const char *id, *name, *image; /* image may be NULL */
};
/* `why` NULL: the list is complete (n of `items`, borrowed for the call); else why it could not be
 * had. */
typedef void collector_list_fn(void *arg, const char *why, const struct listed *items, size_t n);
int collector_list(struct collector *c, enum subject_kind kind, collector_list_fn *done, void *arg);

/* Inspects an exec session: `value` is a record of type_exec, in `a` of the callee's choosing:
 * borrowed for the call; NULL when it could not be had, with the reason. */
typedef void collector_exec_fn(void *arg, const struct value *exec, const char *why);
int collector_exec(struct collector *c, const char *container, const char *exec,
    collector_exec_fn *done, void *arg);

struct collector_counters {
	uint64_t collections, api_calls,
	    api_errors; /* errors: no answer, nonsense, or a status that is none of 200 and 404 */
};
const struct collector_counters *collector_counters(struct collector *c);

/* There is an engine that would answer. */
bool collector_engine_alive(struct collector *c);
/* Borrowed, for watchers that need the same view. */
struct docker *collector_docker(struct collector *c);
struct host *collector_host(struct collector *c);

#endif
