/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests to the daemon's socket, byte by byte as a client sends them; filters are taken from the
 * query. Whatever it sends, the server must let go of a client that has hung up. */
#include "fuzz.h"

#include "control/filter.h"
#include "control/server.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TURNS_MAX = 10000 };

static struct event_base *base;
static struct server *server;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len;
static struct feed *feeds[64];

static int
take_filter(void *arg, const char *name, const char *value)
{
	_cleanup_(freep) char *why = NULL;
	int kind = filter_kind_from_name(name), r;

	if (kind < 0)
		return 0;
	r = filter_add(arg, kind, value, &why);
	must(r >= 0 && (r != 0) == (why != NULL));
	return r;
}

static void
on_ask(void *arg, struct request *rq, const char *rest)
{
	_cleanup_(filter_freep) struct filter *filter = NULL;
	_cleanup_(freep) char *query = NULL;
	struct json_object *json;

	must(filter_new(&filter) == 0);
	if (request_each_param(rq, take_filter, filter) != 0) {
		request_fail(rq, 400, "not a filter", rest);
		return;
	}
	query = filter_query(filter);
	must(query != NULL);
	json = json_object_new_object();
	(void)json_object_object_add(json, "query", json_object_new_string(query));
	request_reply(rq, json);
}

static void
on_drained(void *arg)
{
	struct feed **feed = arg;

	*feed = feed_end(*feed);
}

static void
on_closed(void *arg)
{
	*(struct feed **)arg = NULL;
}

static void
on_feed(void *arg, struct request *rq, const char *rest)
{
	struct feed_handlers handlers = { .on_drained = on_drained, .on_closed = on_closed };
	struct evbuffer *data;
	size_t i = 0;

	while (i < ARRAY_SIZE(feeds) && feeds[i] != NULL)
		i++;
	if (i == ARRAY_SIZE(feeds)) {
		request_fail(rq, 503, "too many follow", "try again");
		return;
	}
	handlers.arg = &feeds[i];
	must(request_feed(rq, &feeds[i], "application/x-ndjson", &handlers) == 0);
	data = evbuffer_new();
	must(data != NULL && evbuffer_add_printf(data, "{}\n") > 0);
	feed_put(feeds[i], data);
	evbuffer_free(data);
}

static const struct route routes[] = {
	{ "GET", "/v1/ask", false, on_ask },
	{ "GET", "/v1/ask/", false, on_ask },
	{ "GET", "/v1/feed", false, on_feed },
	{ "POST", "/v1/act", true, on_ask },
};

static void
start(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)signal(SIGPIPE, SIG_IGN);
	/* In the abstract namespace: there is nothing to be removed. */
	address_len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			(size_t)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			    "plimsoll-fuzz-%d", (int)getpid()));
	base = event_base_new();
	must(fd >= 0 && base != NULL);
	must(bind(fd, (const struct sockaddr *)&address, address_len) == 0 && listen(fd, 8) == 0);
	must(server_new(&server, base, fd, routes, ARRAY_SIZE(routes), NULL) == 0);
}

/* Reads until the server has closed. */
static bool
is_let_go(int fd)
{
	char bytes[4096];

	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return true;
		if (n < 0)
			return false;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned turns = 0;

	if (base == NULL)
		start();
	must(fd >= 0 && connect(fd, (const struct sockaddr *)&address, address_len) == 0);
	for (size_t at = 0; at < size;) {
		ssize_t n = send(fd, data + at, size - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
		at += n > 0 ? (size_t)n : 0;
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
		if (is_let_go(fd))
			break;
	}
	(void)shutdown(fd, SHUT_WR);
	while (!is_let_go(fd)) {
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
		must(++turns < TURNS_MAX);
	}
	(void)close(fd);
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	return 0;
}
