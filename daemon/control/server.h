/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP on the daemon's socket: limits, who may ask what, errors in one form, and replies that come
 * in pieces. Knows nothing of what the routes do: they come in by a table. Handlers are called from
 * the event loop. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include "control/door.h"
#include "util/macros.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SERVER_HEADERS_MAX = 8 * 1024,
	SERVER_BODY_MAX = 4 * 1024,
	SERVER_IDLE_S = 30,           /* a connection that asks nothing, or does not read */
	SERVER_PENDING_MAX = 1 << 20, /* bytes that wait for a follower: then it is cut off */
	SERVER_PENDING_ALL = 8 << 20, /* for all of them: each has its part */
	SERVER_PENDING_LEAST = 64 * 1024,
	SERVER_REQUEST_US = 100, /* a user's share is charged with, beside what the answer takes */
	SERVER_WAIT_MS = 20,     /* between two looks whether a share has grown */
	/* Of all that is done for clients, behind what keeps up with the world, in a loop that has
	 * priorities. One turn takes some milliseconds at most. */
	SERVER_PRIORITY = 2,
	SERVER_PRIORITIES = 3,
};

struct evbuffer;
struct event_base;
struct json_object;
struct request;
struct server;
struct feed;

struct route {
	const char *method; /* "GET" or "POST" */
	const char *path;   /* one that ends in a slash stands for all below it */
	bool privileged;    /* for root and for the daemon's own user alone */
	/* Must answer, at once or by a feed. `rest` is what follows the path of a route that
	 * ends in a slash. */
	void (*run)(void *arg, struct request *rq, const char *rest);
	const char *const *params; /* those that it takes, then NULL; NULL: it looks itself */
};

/* Takes the listening socket over, even when it fails. `routes` are borrowed; on_trouble() may be
 * NULL, and is given `arg` too. 0 or -errno. */
int server_new(struct server **ret, struct event_base *base, int fd, const struct route *routes,
    size_t n, door_trouble_fn *on_trouble, void *arg);
/* Cuts off whoever is connected. */
struct server *server_free(struct server *s); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct server, server_free)
/* Since the start: connections that were turned away, and followers that were cut off. */
uint64_t server_drops(const struct server *s);
/* And requests that were answered with an error. */
uint64_t server_refusals(const struct server *s);

/* The value of a query parameter, or NULL. */
const char *request_param(const struct request *rq, const char *name);
/* Calls for every parameter, until `fn` returns other than 0, which it returns. */
int request_each_param(
    const struct request *rq, int (*fn)(void *arg, const char *name, const char *value), void *arg);

/* Each of these answers the request and ends it. `json` is consumed; NULL means out of memory. */
void request_reply(struct request *rq, struct json_object *json);
void request_reply_body(struct request *rq, const char *type, struct evbuffer *body);
void request_fail(struct request *rq, int status, const char *error, const char *hint);

/* An answer in pieces. on_drained(): all that was put has been written. on_closed(): the client has
 * gone; the feed is no more. Neither comes from within a call. */
struct feed_handlers {
	void (*on_drained)(void *arg);
	void (*on_closed)(void *arg);
	void *arg;
};
/* Ends the request. 0 or -ENOMEM, then it was answered with an error. */
int request_feed(
    struct request *rq, struct feed **ret, const char *type, const struct feed_handlers *handlers);
/* Empties the buffer. on_drained() follows unless it was empty. */
void feed_put(struct feed *s, struct evbuffer *data);
size_t feed_pending(const struct feed *s);  /* bytes that were put and not written yet */
bool feed_is_full(const struct feed *s);    /* its part of what may wait is used up */
struct feed *feed_end(struct feed *s);      /* the answer is complete. Returns NULL */
struct feed *feed_cut(struct feed *s);      /* closes the connection. Returns NULL */
struct feed *feed_cut_full(struct feed *s); /* the same, and counts it */

#endif
