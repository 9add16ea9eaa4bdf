/* SPDX-License-Identifier: Apache-2.0
 *
 * A client of the Docker API on a Unix socket: libcurl's multi interface driven by libevent. GET
 * alone; a few requests at once on kept-alive connections, the rest wait in a bounded queue; a
 * deadline and a body limit for each. The API version is taken from /_ping at the first request and
 * again after a connection failed. Never wakes an engine: a request is made only while
 * docker_alive() says yes. Callbacks come from the event loop, never from within a call. */
#ifndef COLLECT_DOCKER_H
#define COLLECT_DOCKER_H

#include "util/macros.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct json_object;
struct docker;
struct docker_request;

enum {
	DOCKER_BODY_MAX = 32 * 1024 * 1024,
	DOCKER_QUEUE_MAX = 65536,
	DOCKER_DEADLINE_MS = 10 * 1000,
	DOCKER_API_LEAST_MAJOR = 1,
	DOCKER_API_LEAST_MINOR = 41,
	DOCKER_API_KNOWN_MAJOR = 1, /* of a newer engine this version is asked for */
	DOCKER_API_KNOWN_MINOR = 44,
};

/* `socket`: a path, or unix://path. `parallel`: requests at once; streams are not counted. */
int docker_new(struct docker **ret, struct event_base *base, const char *socket, unsigned parallel);
struct docker *docker_free(
    struct docker *d); /* takes NULL, returns NULL; outstanding callbacks never come */
DEFINE_CLEANUP(struct docker, docker_free)

/* Instead of DOCKER_DEADLINE_MS, for what is asked from now on. */
void docker_set_deadline(struct docker *d, long ms);

/* There is a socket, and an engine behind it that is awake. With socket activation (systemd
 * listens) that is so while the pid file names a live dockerd. `why` (may be NULL) gets a static or
 * owned text that stays until the next call. */
bool docker_alive(struct docker *d, const char **why);
const char *docker_socket(const struct docker *d);
/* pid of the engine: from its pid file checked against /proc, else the socket's peer where that is
 * the engine. 0: not known. */
int docker_pid(struct docker *d);
/* "1.41" as negotiated, or NULL before. */
const char *docker_api(const struct docker *d);

/* `status`: HTTP status; 0 when there was no answer, with `why`. `json`: the parsed body of a 200,
 * borrowed; NULL when the body is not JSON (then `why` says so) or the status is another (then
 * `why` has what the engine says of it). /_ping has no JSON, and no `why` when it is well. */
typedef void docker_done_fn(void *arg, long status, struct json_object *json, const char *why);
/* `path` without the version: "/containers/json?all=1". 0 or -errno (-ENOBUFS: the queue is full).
 */
int docker_get(struct docker *d, const char *path, docker_done_fn *done, void *arg);

/* A stream of JSON objects (GET /events). on_open: headers are here. on_json: one object, borrowed.
 * on_end: the stream is over, with the reason; the stream frees itself afterwards. A single object
 * is at most 1 MiB. */
struct docker_stream;
struct docker_stream_handlers {
	void (*on_open)(void *arg);
	void (*on_json)(void *arg, struct json_object *json);
	void (*on_end)(void *arg, const char *why);
	void *arg;
};
int docker_stream_open(struct docker_stream **ret, struct docker *d, const char *path,
    const struct docker_stream_handlers *handlers);
struct docker_stream *docker_stream_close(
    struct docker_stream *s); /* takes NULL; on_end does not come */

struct docker_counters {
	uint64_t calls, errors;
};
const struct docker_counters *docker_counters(const struct docker *d);

#endif
