/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the client of the engine share: docker.c drives libcurl by libevent and
 * negotiates, docker_request.c is one reply, docker_stream.c a stream of objects.
 *
 * Everything that may change the set of transfers, and every callback to the outside, is done by
 * one event, the turn: curl's own callbacks only note what came. So whoever is called back may ask
 * for more, close a stream or free the client. */
#ifndef COLLECT_DOCKER_PRIVATE_H
#define COLLECT_DOCKER_PRIVATE_H

#include "collect/docker.h"
#include "collect/docker_alive.h"
#include "util/utf8_feed.h"

#include <curl/curl.h>
#include <json-c/json_tokener.h>
#include <sys/queue.h>

struct event;

enum {
	DOCKER_WHY_SIZE = 320,
	DOCKER_REFUSAL_MAX = 1024, /* of the body of an answer that is not 200 */
	DOCKER_JSON_DEPTH = 64,
	DOCKER_SPARE = 4, /* handles that are kept while nothing is asked */
	/* json-c checks UTF-8 too, but takes a character split between two pieces for a broken one.
	 */
	DOCKER_JSON_FLAGS = JSON_TOKENER_STRICT,
};

/* One exchange with the engine. First member of what it is a part of. */
struct transfer {
	struct docker *docker;
	CURL *easy; /* NULL: not under way */
	bool own_connection;
	/* Called by the turn when the exchange is over; `easy` is out of the multi handle, and
	 * given back afterwards. */
	void (*over)(struct transfer *t, CURLcode code);
	char error[CURL_ERROR_SIZE];
};

/* `path` as the engine shall see it. `deadline_ms` 0: none but for connecting. 0 or -ENOMEM. */
int transfer_start(struct transfer *t, const char *path, long deadline_ms,
    curl_write_callback on_body, bool own_connection);
void transfer_stop(struct transfer *t);
void transfers_forget(struct docker *d);        /* frees what is kept for the next ones */
long transfer_status(const struct transfer *t); /* 0: no answer yet */
/* Why an exchange failed, in words for people. */
void transfer_explain(const struct transfer *t, CURLcode code, char *ret, size_t size);

/* The body of an answer that is not 200, of which only the engine's message is wanted. */
struct refusal {
	char text[DOCKER_REFUSAL_MAX];
	size_t len;
};
void refusal_add(struct refusal *f, const char *data, size_t len);
void refusal_explain(const struct refusal *f, long status, char *ret, size_t size);

struct docker_request {
	struct transfer transfer;
	TAILQ_ENTRY(docker_request) link;
	char *path;
	bool plain; /* the body is not looked at */
	docker_done_fn *done;
	void *arg;
	struct json_tokener *tokener;
	struct utf8_feed utf8;
	struct json_object *json;
	size_t got; /* bytes of the body */
	bool complete;
	long status;
	struct refusal refusal;
	char why[DOCKER_WHY_SIZE];
};
TAILQ_HEAD(docker_requests, docker_request);

int request_new(struct docker_request **ret, struct docker *d, const char *path,
    docker_done_fn *done, void *arg);
struct docker_request *request_free(struct docker_request *q); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct docker_request, request_free)
int request_start(struct docker_request *q, const char *version); /* "" or "/v1.41" */
/* Puts the outcome of a finished exchange into status, json and why. True: it was no error. */
bool request_settle(struct docker_request *q, CURLcode code);

struct docker_stream {
	struct transfer transfer;
	TAILQ_ENTRY(docker_stream) link;
	char *path;
	struct docker_stream_handlers handlers;
	struct event *opening; /* deadline of the headers */
	struct json_tokener *tokener;
	struct utf8_feed utf8;
	size_t object_bytes;          /* of the object that is being read */
	struct json_object **arrived; /* read and not yet handed over */
	size_t n_arrived, room;
	struct refusal refusal;
	bool opened, said_open, over, delivering, closed;
	char why[DOCKER_WHY_SIZE];
};
TAILQ_HEAD(docker_streams, docker_stream);

int stream_start(struct docker_stream *s, const char *version);
void stream_end(struct docker_stream *s, const char *why); /* noted; told by the turn */
/* A piece of the body, cut into objects. False, with `why`: there is no sense in it. */
bool stream_take(struct docker_stream *s, const char *data, size_t len);
bool stream_waits(const struct docker_stream *s); /* to be started */
bool stream_has_news(const struct docker_stream *s);
void stream_deliver(struct docker_stream *s); /* may free it */

enum api_state {
	API_UNKNOWN,
	API_ASKED,
	API_KNOWN,
};

struct docker {
	struct event_base *base;
	char *socket;
	unsigned parallel;
	long deadline_ms;
	struct docker_alive alive;

	CURLM *multi;
	CURL *spare[DOCKER_SPARE];
	unsigned n_spare;
	struct event *timer, *turn;
	TAILQ_HEAD(, socket_watch) watches;

	enum api_state api_state;
	char api[16];
	struct docker_request *ping;

	struct docker_requests waiting, running, answered;
	size_t n_requests;
	unsigned n_running;
	struct docker_streams streams;
	struct docker_counters counters;
	bool *gone; /* set when the client is freed by whom the turn calls */
};

void docker_schedule_turn(struct docker *d);
/* A connection went wrong: the engine may be gone, or another one. */
void docker_connection_failed(struct docker *d);

#endif
