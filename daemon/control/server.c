/* SPDX-License-Identifier: Apache-2.0 */
#include "control/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_MAX = 4 * 1024, /* bytes that a client may send while it is being answered */
	PAUSE_MS = 500,      /* of accepting, when too many descriptors are open */
	RESERVE = 4,         /* clients that are answered when no descriptor can be had */
	REFILL_MS = 20,
};

struct server {
	LIST_ENTRY(server) link;
	struct evhttp *http;
	struct evconnlistener *listener; /* owned by `http` once bound */
	struct event *resume;
	int reserve[RESERVE]; /* descriptors that make way for a client; -1: spent */
	const struct route *routes;
	size_t n_routes;
	void *arg;
	struct feed *feeds;
};

/* A listener's errors are told with evhttp's argument instead of ours: whose it is, is looked up
 * here. */
static LIST_HEAD(, server) servers = LIST_HEAD_INITIALIZER(servers);

struct request {
	struct server *server;
	struct evhttp_request *req;
	struct evkeyvalq params;
};

struct feed {
	struct server *server;
	struct feed *next, **at; /* in the server's list */
	struct evhttp_request *req;
	struct evhttp_connection *connection;
	struct feed_handlers handlers;
};

/* --- answers --- */

const char *
request_param(const struct request *rq, const char *name)
{
	return evhttp_find_header(&rq->params, name);
}

int
request_each_param(
    const struct request *rq, int (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	for (const struct evkeyval *p = rq->params.tqh_first; p != NULL; p = p->next.tqe_next) {
		int r = fn(arg, p->key, p->value);

		if (r != 0)
			return r;
	}
	return 0;
}

static void
set_header(struct request *rq, const char *name, const char *value)
{
	(void)evhttp_add_header(evhttp_request_get_output_headers(rq->req), name, value);
}

static void
reply(struct request *rq, int status, const char *type, struct evbuffer *body)
{
	set_header(rq, "Content-Type", type);
	evhttp_send_reply(rq->req, status, NULL, body);
}

void
request_reply_body(struct request *rq, const char *type, struct evbuffer *body)
{
	reply(rq, HTTP_OK, type, body);
}

/* Consumes `json`. */
static void
reply_json(struct request *rq, int status, struct json_object *json)
{
	struct evbuffer *body = evbuffer_new();
	const char *text = json == NULL
			       ? NULL
			       : json_object_to_json_string_ext(
				     json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (body == NULL || text == NULL || evbuffer_add_printf(body, "%s\n", text) < 0)
		evhttp_send_error(rq->req, HTTP_INTERNAL, "out of memory");
	else
		reply(rq, status, "application/json", body);
	if (body != NULL)
		evbuffer_free(body);
	(void)json_object_put(json);
}

void
request_reply(struct request *rq, struct json_object *json)
{
	reply_json(rq, HTTP_OK, json);
}

void
request_fail(struct request *rq, int status, const char *error, const char *hint)
{
	struct json_object *json = json_object_new_object();

	if (json != NULL) {
		(void)json_object_object_add(json, "error", json_object_new_string(error));
		(void)json_object_object_add(json, "hint", json_object_new_string(hint));
	}
	reply_json(rq, status, json);
}

/* --- feeds --- */

static struct feed *
feed_free(struct feed *s)
{
	*s->at = s->next;
	if (s->next != NULL)
		s->next->at = s->at;
	free(s);
	return NULL;
}

static void
on_drained(struct evhttp_connection *connection, void *arg)
{
	struct feed *s = arg;

	s->handlers.on_drained(s->handlers.arg);
}

/* The connection is on its way out and has let go of the request, which is ours to free. */
static void
on_closed(struct evhttp_connection *connection, void *arg)
{
	struct feed *s = arg;
	struct feed_handlers handlers = s->handlers;

	evhttp_send_reply_end(s->req);
	(void)feed_free(s);
	handlers.on_closed(handlers.arg);
}

int
request_feed(
    struct request *rq, struct feed **ret, const char *type, const struct feed_handlers *handlers)
{
	static const struct timeval idle = { .tv_sec = SERVER_IDLE_S };
	struct feed *s = calloc(1, sizeof(*s));
	struct bufferevent *bev;

	if (s == NULL) {
		request_fail(rq, HTTP_INTERNAL, "out of memory", "try again");
		return -ENOMEM;
	}
	s->server = rq->server;
	s->req = rq->req;
	s->connection = evhttp_request_get_connection(rq->req);
	s->handlers = *handlers;
	s->at = &s->server->feeds;
	s->next = s->server->feeds;
	if (s->next != NULL)
		s->next->at = &s->next;
	s->server->feeds = s;
	evhttp_connection_set_closecb(s->connection, on_closed, s);
	/* The timeouts below are not those of the next request. */
	set_header(rq, "Connection", "close");
	set_header(rq, "Content-Type", type);
	evhttp_send_reply_start(rq->req, HTTP_OK, NULL);
	/* A client that only listens may be silent for as long as it likes; one that does not read
	 * may not. What it sends meanwhile is not kept. */
	bev = evhttp_connection_get_bufferevent(s->connection);
	(void)bufferevent_set_timeouts(bev, NULL, &idle);
	bufferevent_setwatermark(bev, EV_READ, 0, READ_MAX);
	*ret = s;
	return 0;
}

void
feed_put(struct feed *s, struct evbuffer *data)
{
	evhttp_send_reply_chunk_with_cb(s->req, data, on_drained, s);
}

size_t
feed_pending(const struct feed *s)
{
	return evbuffer_get_length(
	    bufferevent_get_output(evhttp_connection_get_bufferevent(s->connection)));
}

struct feed *
feed_end(struct feed *s)
{
	evhttp_connection_set_closecb(s->connection, NULL, NULL);
	evhttp_send_reply_end(s->req);
	return feed_free(s);
}

struct feed *
feed_cut(struct feed *s)
{
	evhttp_connection_set_closecb(s->connection, NULL, NULL);
	evhttp_connection_free(s->connection); /* and the request with it */
	return feed_free(s);
}

/* --- requests --- */

static bool
path_matches(const struct route *route, const char *path)
{
	size_t len = strlen(route->path);

	if (route->path[len - 1] == '/')
		return strncmp(path, route->path, len) == 0 && path[len] != '\0';
	return strcmp(path, route->path) == 0;
}

/* Root, or who runs the daemon. */
static bool
is_privileged(struct request *rq)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(rq->req);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

/* The first parameter that the route doesn't take, or NULL. */
static const char *
wrong_param(const struct route *route, const struct request *rq)
{
	for (const struct evkeyval *p = rq->params.tqh_first; p != NULL; p = p->next.tqe_next) {
		const char *const *known = route->params;

		while (known != NULL && *known != NULL && strcmp(*known, p->key) != 0)
			known++;
		if (known != NULL && *known == NULL)
			return p->key;
	}
	return NULL;
}

static void
run_route(const struct route *route, struct request *rq, const char *rest)
{
	const char *wrong = wrong_param(route, rq);
	char why[96];

	if (route->privileged && !is_privileged(rq)) {
		request_fail(rq, 403, "only root may ask for this", "try it with sudo");
	} else if (wrong != NULL) {
		(void)snprintf(why, sizeof(why), "no such parameter: %.64s", wrong);
		request_fail(rq, HTTP_BADREQUEST, why,
		    *route->params == NULL ? "none is taken here" : *route->params);
	} else {
		route->run(rq->server->arg, rq, rest);
	}
}

static void
dispatch(struct request *rq, const char *method, const char *path)
{
	const struct server *s = rq->server;
	const struct route *other = NULL;

	for (size_t i = 0; i < s->n_routes; i++) {
		const struct route *route = &s->routes[i];

		if (!path_matches(route, path))
			continue;
		other = route;
		if (strcmp(route->method, method) != 0)
			continue;
		run_route(route, rq, path + strlen(route->path));
		return;
	}
	if (other == NULL) {
		request_fail(rq, HTTP_NOTFOUND, "no such path", "GET /v1/status is one");
		return;
	}
	set_header(rq, "Allow", other->method);
	request_fail(rq, HTTP_BADMETHOD, "not with this method", other->method);
}

/* "" for those that no route has. */
static const char *
method_name(struct evhttp_request *req)
{
	enum evhttp_cmd_type command = evhttp_request_get_command(req);

	if (command == EVHTTP_REQ_GET)
		return "GET";
	return command == EVHTTP_REQ_POST ? "POST" : "";
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct request rq = { .server = arg, .req = req };
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *query = evhttp_uri_get_query(uri);
	_cleanup_(freep) char *path = NULL;

	if (evhttp_uri_get_path(uri) != NULL)
		path = evhttp_uridecode(evhttp_uri_get_path(uri), 0, NULL);
	if (path == NULL || evhttp_parse_query_str(query == NULL ? "" : query, &rq.params) != 0) {
		request_fail(&rq, HTTP_BADREQUEST, "not a valid address",
		    "/v1/findings?rule=5.4, with special characters as %XX");
		return;
	}
	dispatch(&rq, method_name(req), path);
	evhttp_clear_headers(&rq.params);
}

/* --- accepting --- */

/* Whoever asks how things stand when no descriptor can be had is to be answered all the same. */
static bool
fill_reserve(struct server *s)
{
	bool full = true;

	for (unsigned i = 0; i < RESERVE; i++) {
		if (s->reserve[i] < 0)
			s->reserve[i] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
		full &= s->reserve[i] >= 0;
	}
	return full;
}

static bool
spend_reserve(struct server *s)
{
	for (unsigned i = 0; i < RESERVE; i++) {
		if (s->reserve[i] < 0)
			continue;
		(void)close(s->reserve[i]);
		s->reserve[i] = -1;
		return true;
	}
	return false;
}

static void
plan_resume(struct server *s, unsigned in_ms)
{
	const struct timeval in = { .tv_usec = in_ms * 1000 };

	(void)event_add(s->resume, &in);
}

/* Descriptors are handed out from the lowest on: the number of the next one is how many are open.
 */
static bool
is_crowded(void)
{
	int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (next >= 0)
		(void)close(next);
	return next >= SERVER_DESCRIPTORS_MAX;
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	if (is_crowded()) {
		plan_resume(s, PAUSE_MS);
		return;
	}
	if (!fill_reserve(s))
		plan_resume(s, REFILL_MS);
	(void)evconnlistener_enable(s->listener);
}

/* Called for every connection that is accepted. NULL: the usual bufferevent will do. */
static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
	struct server *s = arg;

	if (is_crowded()) {
		(void)evconnlistener_disable(s->listener);
		plan_resume(s, PAUSE_MS);
	}
	return NULL;
}

/* Out of descriptors: one of the reserve makes way. When it is spent the listener, which would call
 * again at once, waits until one of the clients has gone. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct server *s;

	LIST_FOREACH(s, &servers, link)
	if (s->listener == listener)
		break;
	if (s == NULL)
		return;
	if (!spend_reserve(s))
		(void)evconnlistener_disable(s->listener);
	plan_resume(s, REFILL_MS);
}

static void
set_limits(struct evhttp *http)
{
	/* Others than ours are answered as everything else is that we don't have. */
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
					     EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
					     EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_max_headers_size(http, SERVER_HEADERS_MAX);
	evhttp_set_max_body_size(http, SERVER_BODY_MAX);
	evhttp_set_timeout(http, SERVER_IDLE_S);
	evhttp_set_default_content_type(http, NULL);
}

int
server_new(struct server **ret, struct event_base *base, int fd, const struct route *routes,
    size_t n, void *arg)
{
	_cleanup_(server_freep) struct server *s = calloc(1, sizeof(*s));
	_cleanup_(closep) int owned = fd;

	if (s == NULL)
		return -ENOMEM;
	s->routes = routes;
	s->n_routes = n;
	s->arg = arg;
	LIST_INSERT_HEAD(&servers, s, link);
	for (unsigned i = 0; i < RESERVE; i++)
		s->reserve[i] = -1;
	(void)fill_reserve(s);
	s->http = evhttp_new(base);
	s->resume = evtimer_new(base, on_resume, s);
	if (s->http == NULL || s->resume == NULL || evutil_make_socket_nonblocking(fd) != 0)
		return -ENOMEM;
	s->listener = evconnlistener_new(
	    base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (s->listener == NULL)
		return -ENOMEM;
	owned = -1;
	if (evhttp_bind_listener(s->http, s->listener) == NULL) {
		evconnlistener_free(s->listener);
		return -ENOMEM;
	}
	set_limits(s->http);
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	evhttp_set_bevcb(s->http, on_accept, s);
	evhttp_set_gencb(s->http, on_request, s);
	*ret = TAKE(s);
	return 0;
}

struct server *
server_free(struct server *s)
{
	if (s == NULL)
		return NULL;
	while (s->feeds != NULL) {
		struct feed *first = s->feeds;
		struct feed_handlers handlers = first->handlers;

		s->feeds = first->next; /* so does feed_cut(), where no analyzer sees it */
		(void)feed_cut(first);
		handlers.on_closed(handlers.arg);
	}
	if (s->http != NULL)
		evhttp_free(s->http);
	if (s->resume != NULL)
		event_free(s->resume);
	while (spend_reserve(s))
		;
	LIST_REMOVE(s, link);
	free(s);
	return NULL;
}
