/* SPDX-License-Identifier: Apache-2.0 */
#include "control/server.h"
#include "control/door.h"
#include "control/shares.h"
#include "report/member.h"
#include "util/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct server {
	struct evhttp *http;
	struct evconnlistener *listener; /* owned by `http` once bound */
	struct door *door;
	const struct route *routes;
	size_t n_routes;
	void *arg;
	struct shares shares;
	struct event *wait; /* until somebody's share has grown */
	struct held *first_held, **last_held;
	struct feed *feeds;
	unsigned n_feeds;
	uint64_t cut;      /* feeds of those that don't read */
	uint64_t refusals; /* requests that were answered with an error */
};

struct request {
	struct server *server;
	struct evhttp_request *req;
	struct evkeyvalq params;
};

/* A request of a user who has used up a share. */
struct held {
	struct held *next;
	struct evhttp_request *req; /* NULL: the client has gone */
	uid_t uid;
};

struct feed {
	struct server *server;
	uid_t uid;
	bool limited, waits;     /* has a share; has drained, and waits until it has grown */
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
		(void)member_put_text(json, "error", error);
		(void)member_put_text(json, "hint", hint);
	}
	rq->server->refusals++;
	reply_json(rq, status, json);
}

/* --- shares --- */

static int
descriptor_of(struct evhttp_connection *connection)
{
	return bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
}

static int64_t
now_us(void)
{
	return clock_monotonic_ns() / 1000;
}

static int64_t
used_us(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
wait_for_share(struct server *s)
{
	static const struct timeval wait = { .tv_usec = SERVER_WAIT_MS * 1000 };

	if (!evtimer_pending(s->wait, NULL))
		(void)event_add(s->wait, &wait);
}

/* --- feeds --- */

static struct feed *
feed_free(struct feed *s)
{
	*s->at = s->next;
	if (s->next != NULL)
		s->next->at = s->at;
	s->server->n_feeds--;
	free(s);
	return NULL;
}

/* The feed may be over after this. */
static void
drained(struct feed *s)
{
	struct server *server = s->server;
	bool limited = s->limited;
	uid_t uid = s->uid;
	int64_t began = used_us();

	s->waits = false;
	s->handlers.on_drained(s->handlers.arg);
	if (limited)
		shares_take(&server->shares, uid, used_us() - began, now_us());
}

static void
on_drained(struct evhttp_connection *connection, void *arg)
{
	struct feed *s = arg;

	if (s->limited && !shares_left(&s->server->shares, s->uid, now_us())) {
		s->waits = true;
		wait_for_share(s->server);
		return;
	}
	drained(s);
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
	s->limited = door_limits(rq->server->door, descriptor_of(s->connection), &s->uid);
	s->handlers = *handlers;
	s->at = &s->server->feeds;
	s->next = s->server->feeds;
	if (s->next != NULL)
		s->next->at = &s->next;
	s->server->feeds = s;
	s->server->n_feeds++;
	evhttp_connection_set_closecb(s->connection, on_closed, s);
	/* The timeouts below are not those of the next request. */
	set_header(rq, "Connection", "close");
	set_header(rq, "Content-Type", type);
	evhttp_send_reply_start(rq->req, HTTP_OK, NULL);
	/* A client that only listens may be silent for as long as it likes; one that does not read
	 * may not. */
	bev = evhttp_connection_get_bufferevent(s->connection);
	(void)bufferevent_set_timeouts(bev, NULL, &idle);
	door_stays(s->server->door, bufferevent_getfd(bev));
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

bool
feed_is_full(const struct feed *s)
{
	size_t room = SERVER_PENDING_ALL / s->server->n_feeds;

	if (room > SERVER_PENDING_MAX)
		room = SERVER_PENDING_MAX;
	if (room < SERVER_PENDING_LEAST)
		room = SERVER_PENDING_LEAST;
	return feed_pending(s) > room;
}

struct feed *
feed_end(struct feed *s)
{
	evhttp_connection_set_closecb(s->connection, NULL, NULL);
	evhttp_send_reply_end(s->req);
	return feed_free(s);
}

struct feed *
feed_cut_full(struct feed *s)
{
	s->server->cut++;
	return feed_cut(s);
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

	if (route->privileged &&
	    !door_is_privileged(descriptor_of(evhttp_request_get_connection(rq->req)))) {
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
serve(struct server *s, struct evhttp_request *req)
{
	struct request rq = { .server = s, .req = req };
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *query = evhttp_uri_get_query(uri), *raw = evhttp_uri_get_path(uri);
	_cleanup_(freep) char *path = raw == NULL ? NULL : evhttp_uridecode(raw, 0, NULL);

	if (raw != NULL && path == NULL) {
		request_fail(&rq, HTTP_INTERNAL, "out of memory", "ask again in a moment");
		return;
	}
	if (path == NULL || evhttp_parse_query_str(query == NULL ? "" : query, &rq.params) != 0) {
		request_fail(&rq, HTTP_BADREQUEST, "not a valid address",
		    "/v1/findings?rule=5.4, with special characters as %XX");
		return;
	}
	dispatch(&rq, method_name(req), path);
	evhttp_clear_headers(&rq.params);
}

/* Serves one who has a share. */
static void
serve_limited(struct server *s, struct evhttp_request *req, uid_t uid)
{
	int64_t began = used_us();

	serve(s, req);
	shares_take(&s->shares, uid, SERVER_REQUEST_US + used_us() - began, now_us());
}

/* As with feeds: the request is ours to free. */
static void
on_held_closed(struct evhttp_connection *connection, void *arg)
{
	struct held *h = arg;

	evhttp_send_reply_end(h->req);
	h->req = NULL;
}

static struct bufferevent *
bufferevent_of(struct evhttp_request *req)
{
	return evhttp_connection_get_bufferevent(evhttp_request_get_connection(req));
}

static void
hold(struct server *s, struct evhttp_request *req, uid_t uid)
{
	struct held *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		evhttp_send_error(req, HTTP_SERVUNAVAIL, "out of memory");
		return;
	}
	*h = (struct held){ .req = req, .uid = uid };
	*s->last_held = h;
	s->last_held = &h->next;
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_held_closed, h);
	/* What else it says waits in the kernel. */
	(void)bufferevent_disable(bufferevent_of(req), EV_READ);
	wait_for_share(s);
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct request rq = { .server = arg, .req = req };
	struct server *s = arg;
	int fd = descriptor_of(evhttp_request_get_connection(req));
	uid_t uid;

	if (!door_asked(s->door, fd))
		request_fail(&rq, HTTP_SERVUNAVAIL, "too many connections", "close some");
	else if (!door_limits(s->door, fd, &uid))
		serve(s, req);
	else if (shares_left(&s->shares, uid, now_us()))
		serve_limited(s, req, uid);
	else
		hold(s, req, uid);
}

/* In the order in which they came; whose share has not grown goes on waiting. */
static void
serve_held(struct server *s)
{
	struct held *all = s->first_held, *h;

	s->first_held = NULL;
	s->last_held = &s->first_held;
	while ((h = all) != NULL) {
		all = h->next;
		h->next = NULL;
		if (h->req != NULL && !shares_left(&s->shares, h->uid, now_us())) {
			*s->last_held = h;
			s->last_held = &h->next;
			continue;
		}
		if (h->req != NULL) {
			evhttp_connection_set_closecb(
			    evhttp_request_get_connection(h->req), NULL, NULL);
			(void)bufferevent_enable(bufferevent_of(h->req), EV_READ);
			serve_limited(s, h->req, h->uid);
		}
		free(h);
	}
}

static void
on_wait(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	bool any;

	serve_held(s);
	any = s->first_held != NULL;
	for (struct feed *f = s->feeds, *next; f != NULL; f = next) {
		next = f->next;
		if (!f->waits)
			continue;
		if (shares_left(&s->shares, f->uid, now_us()))
			drained(f);
		else
			any = true;
	}
	if (any)
		wait_for_share(s);
}

/* --- accepting --- */

static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
	return door_enter(arg);
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
    size_t n, door_trouble_fn *on_trouble, void *arg)
{
	_cleanup_(server_freep) struct server *s = calloc(1, sizeof(*s));
	_cleanup_(closep) int owned = fd;
	int r;

	if (s == NULL)
		return -ENOMEM;
	s->routes = routes;
	s->n_routes = n;
	s->arg = arg;
	s->last_held = &s->first_held;
	s->http = evhttp_new(base);
	s->wait = evtimer_new(base, on_wait, s);
	if (s->http == NULL || s->wait == NULL || evutil_make_socket_nonblocking(fd) != 0)
		return -ENOMEM;
	s->listener = evconnlistener_new(
	    base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (s->listener == NULL)
		return -ENOMEM;
	(void)event_priority_set(s->wait, SERVER_PRIORITY); /* not all loops have any */
	owned = -1;
	if (evhttp_bind_listener(s->http, s->listener) == NULL) {
		evconnlistener_free(s->listener);
		return -ENOMEM;
	}
	r = door_new(&s->door, base, s->listener, SERVER_PRIORITY, on_trouble, arg);
	if (r != 0)
		return r;
	set_limits(s->http);
	evhttp_set_bevcb(s->http, on_accept, s->door);
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
	for (struct held *h = s->first_held, *next; h != NULL; h = next) {
		next = h->next;
		if (h->req != NULL) /* goes with its connection */
			evhttp_connection_set_closecb(
			    evhttp_request_get_connection(h->req), NULL, NULL);
		free(h);
	}
	(void)door_free(s->door);
	if (s->wait != NULL)
		event_free(s->wait);
	if (s->http != NULL)
		evhttp_free(s->http);
	free(s);
	return NULL;
}

uint64_t
server_drops(const struct server *s)
{
	return door_refused(s->door) + s->cut;
}

uint64_t
server_refusals(const struct server *s)
{
	return s->refusals;
}
