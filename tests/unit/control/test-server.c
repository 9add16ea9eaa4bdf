/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/listen.h"
#include "control/server.h"
#include "wire.h"

struct world {
	char folder[32], path[64];
	struct event_base *base;
	struct server *server;
	struct feed *feed;
	unsigned drained, closed;
};

static int
count_param(void *arg, const char *name, const char *value)
{
	unsigned *n = arg;

	(*n)++;
	return 0;
}

static void
on_echo(void *arg, struct request *rq, const char *rest)
{
	struct json_object *json = json_object_new_object();
	const char *value = request_param(rq, "value");
	unsigned n = 0;

	assert_int_equal(request_each_param(rq, count_param, &n), 0);
	json_object_object_add(json, "rest", json_object_new_string(rest));
	json_object_object_add(json, "value", json_object_new_string(value == NULL ? "-" : value));
	json_object_object_add(json, "n", json_object_new_int((int)n));
	request_reply(rq, json);
}

static void
on_drained(void *arg)
{
	struct world *w = arg;

	w->drained++;
}

static void
on_closed(void *arg)
{
	struct world *w = arg;

	w->closed++;
	w->feed = NULL;
}

static void
on_stream(void *arg, struct request *rq, const char *rest)
{
	struct world *w = arg;
	struct feed_handlers handlers = { on_drained, on_closed, w };

	assert_int_equal(request_feed(rq, &w->feed, "application/x-ndjson", &handlers), 0);
}

static const struct route routes[] = {
	{ "GET", "/v1/echo", false, on_echo },
	{ "GET", "/v1/echo/", false, on_echo },
	{ "POST", "/v1/act", true, on_echo },
	{ "GET", "/v1/stream", false, on_stream },
};

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char *why = NULL;
	int fd;

	strcpy(w->folder, "/tmp/plimsoll-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/run/s.sock", w->folder);
	w->base = event_base_new();
	fd = listen_at(w->path, &why);
	if (fd < 0)
		fail_msg("%s", why);
	assert_int_equal(
	    server_new(&w->server, w->base, fd, routes, ARRAY_SIZE(routes), NULL, w), 0);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	w->server = server_free(w->server);
	event_base_free(w->base);
	(void)unlink(w->path);
	*strrchr(w->path, '/') = '\0';
	(void)rmdir(w->path);
	assert_int_equal(rmdir(w->folder), 0);
	free(w);
	return 0;
}

static void
test_answers(void **state)
{
	static const struct {
		const char *method, *target, *status, *body;
	} cases[] = {
		{ "GET", "/v1/echo?value=a%20b&x=1", "200",
		    "{\"rest\":\"\",\"value\":\"a b\",\"n\":2}\n" },
		{ "GET", "/v1/echo/one%2Ftwo", "200",
		    "{\"rest\":\"one/two\",\"value\":\"-\",\"n\":0}\n" },
		{ "GET", "/v1/nothing", "404", "{\"error\":\"no such path\"," },
		{ "GET", "/", "404", "{\"error\":\"no such path\"," },
		{ "POST", "/v1/echo", "405",
		    "{\"error\":\"not with this method\",\"hint\":\"GET\"}" },
		{ "GET", "/v1/act", "405", "\"hint\":\"POST\"}" },
		{ "POST", "/v1/act", "200", "\"value\":\"-\"" },
		{ "GET", "/v1/echo?value", "400", "{\"error\":\"not a valid address\"" },
		{ "DELETE", "/v1/echo", "405",
		    "{\"error\":\"not with this method\",\"hint\":\"GET\"}" },
	};

	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text =
		    ask(w->base, w->path, cases[i].method, cases[i].target);

		if (strncmp(text, "HTTP/1.1 ", 9) != 0 ||
		    strncmp(text + 9, cases[i].status, 3) != 0 ||
		    strstr(text, cases[i].body) == NULL)
			fail_msg("%s: %s", cases[i].target, text);
	}
}

static void
test_too_much(void **state)
{
	struct world *w = *state;
	_cleanup_(closep) int fd = dial(w->path);
	_cleanup_(freep) char *text = NULL, *junk = malloc(2 * SERVER_HEADERS_MAX + 1);

	memset(junk, 'a', 2 * SERVER_HEADERS_MAX);
	junk[2 * SERVER_HEADERS_MAX] = '\0';
	say(fd, "GET /v1/echo HTTP/1.1\r\nX: ");
	say(fd, junk);
	say(fd, "\r\nConnection: close\r\n\r\n");
	text = hear(w->base, fd, NULL);
	assert_null(strstr(text, "200 OK"));
}

static void
put(struct world *w, const char *text)
{
	struct evbuffer *data = evbuffer_new();

	evbuffer_add(data, text, strlen(text));
	feed_put(w->feed, data);
	assert_int_equal(evbuffer_get_length(data), 0);
	evbuffer_free(data);
}

static void
test_stream_comes_in_pieces(void **state)
{
	struct world *w = *state;
	_cleanup_(closep) int fd = dial(w->path);
	_cleanup_(freep) char *head = NULL, *first = NULL, *rest = NULL;

	say(fd, "GET /v1/stream HTTP/1.1\r\n\r\n");
	head = hear(w->base, fd, "\r\n\r\n");
	assert_non_null(strstr(head, "application/x-ndjson"));
	put(w, "{\"seq\":1}\n");
	first = hear(w->base, fd, "\n\r\n");
	assert_non_null(strstr(first, "{\"seq\":1}\n"));
	while (w->drained == 0)
		(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	put(w, "{\"seq\":2}\n");
	w->feed = feed_end(w->feed);
	rest = hear(w->base, fd, NULL);
	assert_non_null(strstr(rest, "{\"seq\":2}\n\r\n0\r\n\r\n"));
	assert_int_equal(w->closed, 0);
}

static void
test_stream_whose_client_goes(void **state)
{
	struct world *w = *state;
	_cleanup_(closep) int fd = dial(w->path);
	_cleanup_(freep) char *head = NULL;

	say(fd, "GET /v1/stream HTTP/1.1\r\n\r\n");
	head = hear(w->base, fd, "\r\n\r\n");
	put(w, "{}\n");
	closep(&fd);
	while (w->closed == 0)
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	assert_null(w->feed);
}

static void
test_stream_that_is_cut(void **state)
{
	struct world *w = *state;
	_cleanup_(closep) int fd = dial(w->path);
	_cleanup_(freep) char *head = NULL, *rest = NULL, *much = calloc(1, 64 * 1024 + 1);

	memset(much, 'x', 64 * 1024);
	say(fd, "GET /v1/stream HTTP/1.1\r\n\r\n");
	head = hear(w->base, fd, "\r\n\r\n");
	while (feed_pending(w->feed) < SERVER_PENDING_MAX) {
		put(w, much);
		(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	}
	w->feed = feed_cut(w->feed);
	rest = hear(w->base, fd, NULL);
	assert_int_equal(w->closed, 0);
}

/* A follower that sends without end must not make the daemon grow. */
static void
test_stream_whose_client_talks(void **state)
{
	struct world *w = *state;
	_cleanup_(closep) int fd = dial(w->path);
	_cleanup_(freep) char *head = NULL, *much = malloc(64 * 1024);
	size_t sent = 0;

	memset(much, 'x', 64 * 1024);
	say(fd, "GET /v1/stream HTTP/1.1\r\n\r\n");
	head = hear(w->base, fd, "\r\n\r\n");
	for (int i = 0; i < 1000; i++) {
		ssize_t r = send(fd, much, 64 * 1024, MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += r > 0 ? (size_t)r : 0;
		(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	}
	assert_true(sent < 4 * 1024 * 1024);
	put(w, "{\"seq\":1}\n");
	free(head);
	head = hear(w->base, fd, "{\"seq\":1}");
}

static void
test_the_end_cuts_streams(void **state)
{
	struct world *w = *state;
	_cleanup_(closep) int fd = dial(w->path);
	_cleanup_(freep) char *head = NULL;

	say(fd, "GET /v1/stream HTTP/1.1\r\n\r\n");
	head = hear(w->base, fd, "\r\n\r\n");
	put(w, "{}\n");
	w->server = server_free(w->server);
	assert_int_equal(w->closed, 1);
}

/* When no descriptor can be had, a few make way for clients, one after the other. */
static void
test_no_descriptors(void **state)
{
	struct world *w = *state;
	struct rlimit before, none;
	int clients[12], next;

	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		clients[i] = dial(w->path);
	next = dup(STDERR_FILENO);
	assert_true(next >= 0 && close(next) == 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ (rlim_t)next, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(dup(STDERR_FILENO), -1);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		_cleanup_(freep) char *text = NULL;

		say(clients[i], "GET /v1/echo HTTP/1.1\r\nConnection: close\r\n\r\n");
		text = hear(w->base, clients[i], NULL);
		assert_non_null(strstr(text, "HTTP/1.1 200 OK"));
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		closep(&clients[i]);
}

static void
test_socket_is_guarded(void **state)
{
	struct world *w = *state;
	_cleanup_(freep) char *why = NULL;
	struct stat st;

	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(listen_at(w->path, &why), -EADDRINUSE);
	assert_non_null(strstr(why, "another daemon answers here"));
}

static void
test_stale_socket_is_replaced(void **state)
{
	struct world *w = *state;
	_cleanup_(freep) char *why = NULL;
	_cleanup_(closep) int fd = -1;

	w->server = server_free(w->server); /* leaves the socket's file behind */
	assert_int_equal(access(w->path, F_OK), 0);
	fd = listen_at(w->path, &why);
	assert_true(fd >= 0);
}

static void
test_what_is_no_socket_stays(void **state)
{
	struct world *w = *state;
	_cleanup_(freep) char *why = NULL;
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/file", w->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(listen_at(path, &why), -EEXIST);
	assert_int_equal(unlink(path), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_too_much),
		TEST(test_stream_comes_in_pieces),
		TEST(test_stream_whose_client_goes),
		TEST(test_stream_that_is_cut),
		TEST(test_stream_whose_client_talks),
		TEST(test_the_end_cuts_streams),
		TEST(test_no_descriptors),
		TEST(test_socket_is_guarded),
		TEST(test_stale_socket_is_replaced),
		TEST(test_what_is_no_socket_stays),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
