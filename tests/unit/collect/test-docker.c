/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <json-c/json.h>

#include "collect/docker.h"
#include "fake-engine.h"

#define PING                                                   \
	{                                                      \
		"/_ping", PLAY_RAW,                            \
		    "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n" \
		    "Content-Length: 2\r\n\r\nOK"              \
	}
#define END          \
	{            \
		NULL \
	}

/* What a request brought. */
struct reply {
	bool done;
	long status;
	char json[256]; /* "" for none */
	char why[320];
};

struct world {
	struct event_base *base;
	struct fake_engine *engine;
	struct docker *docker;
};

static void
set_reply(void *arg, long status, struct json_object *json, const char *why)
{
	struct reply *r = arg;

	assert_false(r->done);
	r->done = true;
	r->status = status;
	(void)snprintf(r->json, sizeof(r->json), "%s",
	    json == NULL ? "" : json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
	(void)snprintf(r->why, sizeof(r->why), "%s", why != NULL ? why : "");
}

static struct world
world_new(const struct fake_answer *script)
{
	struct world w = { .base = event_base_new() };

	assert_non_null(w.base);
	w.engine = fake_engine_new(w.base, script);
	assert_int_equal(docker_new(&w.docker, w.base, w.engine->socket, 3), 0);
	return w;
}

static void
world_free(struct world *w)
{
	docker_free(w->docker);
	fake_engine_free(w->engine);
	event_base_free(w->base);
}

static struct reply
get(struct world *w, const char *path)
{
	struct reply r = { 0 };

	assert_int_equal(docker_get(w->docker, path, set_reply, &r), 0);
	assert_false(r.done);
	assert_true(run_until(w->base, &r.done));
	return r;
}

static void
test_answers(void **state)
{
	static const struct fake_answer script[] = { PING,
		{ "/good", PLAY_JSON, "{\"a\":[1,2]}\n" },
		{ "/drops", PLAY_DROPS, "{\"a\":[1,2],\"b\":\"\xc3\xa9\"}\n" },
		{ "/chunks", PLAY_RAW,
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\n{\"a\r\n5\r\n\":3}\n\r\n0\r\n\r\n" },
		{ "/close", PLAY_CLOSE, "HTTP/1.1 200 OK\r\n\r\n[1]" },
		{ "/broken", PLAY_STATUS, "500 Internal Server Error" },
		{ "/moved", PLAY_RAW,
		    "HTTP/1.1 301 Moved\r\nLocation: /v1.41/good\r\nContent-Length: 0\r\n\r\n" },
		END };
	static const struct {
		const char *path;
		long status;
		const char *json, *why;
	} cases[] = {
		{ "/good?all=1", 200, "{\"a\":[1,2]}", "" },
		{ "/drops", 200, "{\"a\":[1,2],\"b\":\"\xc3\xa9\"}", "" },
		{ "/chunks", 200, "{\"a\":3}", "" },
		{ "/close", 200, "[1]", "" },
		{ "/nowhere", 404, "", "the engine answers 404: no such 404" },
		{ "/broken", 500, "", "the engine answers 500: no such 500" },
		{ "/moved", 301, "", "the engine answers 301" },
		{ "/_ping", 200, "", "" },
	};
	struct world w = world_new(script);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reply r = get(&w, cases[i].path);

		assert_int_equal(r.status, cases[i].status);
		assert_string_equal(r.json, cases[i].json);
		assert_string_equal(r.why, cases[i].why);
	}
	assert_string_equal(w.engine->last, "GET /v1.41/_ping HTTP/1.1");
	/* Those that are none of 200 and 404. */
	assert_int_equal(docker_counters(w.docker)->errors, 2);
	world_free(&w);
}

/* None of these may look like an answer. */
static void
test_nonsense(void **state)
{
	static const struct fake_answer script[] = { PING, { "/html", PLAY_JSON, "<html>" },
		{ "/half", PLAY_JSON, "{\"a\":[1," }, { "/two", PLAY_JSON, "{}{}" },
		{ "/empty", PLAY_JSON, "" }, { "/null", PLAY_JSON, "null\n" },
		{ "/latin", PLAY_JSON, "{\"a\":\"\xe9\"}" },
		{ "/ssh", PLAY_CLOSE, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n" },
		{ "/dies", PLAY_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":1}" },
		{ "/chunk-dies", PLAY_CLOSE,
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"a\":1}\n" },
		{ "/says-nothing", PLAY_CLOSE, "" }, { "/hangs", PLAY_HANG, NULL },
		{ "/stops", PLAY_RAW, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":1}" },
		END };
	static const struct {
		const char *path;
		long status;
		const char *why; /* its beginning */
	} cases[] = {
		{ "/html", 200, "the reply is not JSON: " },
		{ "/half", 200, "the reply is not JSON: it ends in the middle" },
		{ "/two", 200, "the reply is not JSON: " },
		{ "/empty", 200, "the reply is not JSON: it is empty" },
		{ "/null", 200, "the reply is not JSON: it is null" },
		{ "/latin", 200, "the reply is not JSON: " },
		{ "/ssh", 0, "no whole answer: " },
		{ "/dies", 0, "no whole answer: the engine hung up" },
		{ "/chunk-dies", 0, "no whole answer: the engine hung up" },
		{ "/says-nothing", 0, "no whole answer: the engine hung up" },
		{ "/hangs", 0, "no whole answer within 0.05 s" },
		{ "/stops", 0, "no whole answer within 0.05 s" },
	};
	struct world w = world_new(script);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reply r;

		docker_set_deadline(w.docker, strstr(cases[i].why, "within") ? 50 : 10000);
		r = get(&w, cases[i].path);
		assert_int_equal(r.status, cases[i].status);
		assert_string_equal(r.json, "");
		assert_int_equal(strncmp(r.why, cases[i].why, strlen(cases[i].why)), 0);
	}
	assert_int_equal(docker_counters(w.docker)->errors, sizeof(cases) / sizeof(*cases));
	world_free(&w);
}

static void
test_too_big(void **state)
{
	size_t size = DOCKER_BODY_MAX + 4096;
	char *text = malloc(size + 1);
	struct fake_answer script[] = { PING, { "/big", PLAY_JSON, text }, END };
	struct world w;
	struct reply r;

	assert_non_null(text);
	memset(text, ' ', size);
	memcpy(text, "[1,", 3);
	text[size - 1] = ']';
	text[size] = '\0';
	w = world_new(script);
	r = get(&w, "/big");
	assert_string_equal(r.json, "");
	assert_string_equal(r.why, "the reply is larger than 32 MiB");
	world_free(&w);
	free(text);
}

static void
test_version_is_negotiated(void **state)
{
	static const struct {
		const char *ping, *api, *why;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nAPI-version: 1.50\r\nContent-Length: 0\r\n\r\n", "1.44", "" },
		{ "HTTP/1.1 200 OK\r\nApi-Version: 2.0\r\nContent-Length: 0\r\n\r\n", "1.44", "" },
		{ "HTTP/1.1 200 OK\r\nApi-Version: 1.43\r\nContent-Length: 0\r\n\r\n", "1.43", "" },
		{ "HTTP/1.1 200 OK\r\nApi-Version: 1.40\r\nContent-Length: 0\r\n\r\n", NULL,
		    "engine too old: API 1.40, 1.41 or newer is needed" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL,
		    "no Docker engine: its answer to /_ping has no Api-Version" },
		{ "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", NULL,
		    "the engine answers 503" },
	};
	char path[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_answer script[] = { { "/_ping", PLAY_RAW, cases[i].ping },
			{ "/x", PLAY_JSON, "{}" }, END };
		struct world w = world_new(script);
		struct reply r = get(&w, "/x");

		assert_string_equal(r.why, cases[i].why);
		assert_int_equal(r.status, cases[i].api != NULL ? 200 : 0);
		if (cases[i].api == NULL) {
			assert_null(docker_api(w.docker));
			/* An engine that was replaced is asked anew. */
			w.engine->script =
			    (const struct fake_answer[]){ PING, { "/x", PLAY_JSON, "{}" }, END };
			assert_int_equal(get(&w, "/x").status, 200);
		} else {
			assert_string_equal(docker_api(w.docker), cases[i].api);
			(void)snprintf(path, sizeof(path), "GET /v%s/x HTTP/1.1", cases[i].api);
			assert_string_equal(w.engine->last, path);
		}
		world_free(&w);
	}
}

static void
test_few_connections(void **state)
{
	static const struct fake_answer script[] = { PING, { "/x", PLAY_JSON, "{}" }, END };
	struct world w = world_new(script);
	struct reply replies[40] = { 0 };

	for (size_t i = 0; i < 40; i++)
		assert_int_equal(docker_get(w.docker, "/x", set_reply, &replies[i]), 0);
	for (size_t i = 0; i < 40; i++) {
		assert_true(run_until(w.base, &replies[i].done));
		assert_int_equal(replies[i].status, 200);
	}
	/* Three kept alive, and the one by which connect() was tried. */
	assert_in_range(w.engine->n_connections, 1, 4);
	assert_int_equal(w.engine->n_requests, 41);
	assert_int_equal(docker_counters(w.docker)->calls, 41);
	world_free(&w);
}

static void
test_no_engine(void **state)
{
	static const struct fake_answer script[] = { PING, { "/x", PLAY_JSON, "{}" }, END };
	struct world w = world_new(script);
	const char *why;
	struct reply r;

	fake_engine_stop(w.engine);
	r = get(&w, "/x");
	assert_int_equal(r.status, 0);
	assert_int_equal(strncmp(r.why, "no engine: /tmp/plimsoll-fake-", 30), 0);
	assert_non_null(strstr(r.why, "No such file"));
	assert_false(docker_alive(w.docker, &why));
	assert_non_null(strstr(why, "No such file"));
	assert_int_equal(docker_pid(w.docker), 0);
	assert_int_equal(docker_counters(w.docker)->calls, 0);
	world_free(&w);
}

static void
test_engine_comes_back(void **state)
{
	static const struct fake_answer script[] = { PING, { "/x", PLAY_JSON, "{}" },
		{ "/dies", PLAY_CLOSE, "" }, END };
	struct world w = world_new(script);

	assert_int_equal(get(&w, "/x").status, 200);
	fake_engine_stop(w.engine);
	fake_engine_start(w.engine);
	/* Its kept connections are dead, which must not show. */
	assert_int_equal(get(&w, "/x").status, 200);
	assert_int_equal(get(&w, "/dies").status, 0);
	assert_int_equal(get(&w, "/x").status, 200);
	world_free(&w);
}

static void
never(void *arg, long status, struct json_object *json, const char *why)
{
	fail_msg("called after the client was freed");
}

static void
test_free_with_work_outstanding(void **state)
{
	static const struct fake_answer script[] = { PING, { "/hangs", PLAY_HANG, NULL },
		{ "/x", PLAY_JSON, "{}" }, END };
	struct world w = world_new(script);

	for (int i = 0; i < 8; i++)
		assert_int_equal(docker_get(w.docker, "/hangs", never, NULL), 0);
	while (w.engine->n_requests < 4)
		event_base_loop(w.base, EVLOOP_ONCE);
	w.docker = docker_free(w.docker);
	event_base_loop(w.base, EVLOOP_NONBLOCK);
	world_free(&w);
}

static void
free_client(void *arg, long status, struct json_object *json, const char *why)
{
	struct world *w = arg;

	assert_int_equal(status, 0);
	w->docker = docker_free(w->docker);
}

static void
test_free_from_a_callback(void **state)
{
	static const struct fake_answer script[] = { { "/_ping", PLAY_CLOSE, "" }, END };
	struct world w = world_new(script);

	assert_int_equal(docker_get(w.docker, "/x", free_client, &w), 0);
	assert_int_equal(docker_get(w.docker, "/x", never, NULL), 0);
	while (w.docker != NULL)
		event_base_loop(w.base, EVLOOP_ONCE);
	world_free(&w);
}

/* --- streams --- */

struct story {
	bool over;
	unsigned opened;
	char objects[1024]; /* joined by spaces */
	char why[320];
	struct docker_stream *stream;
	unsigned close_after;
	bool closed;
};

static void
story_open(void *arg)
{
	struct story *s = arg;

	assert_string_equal(s->objects, "");
	s->opened++;
}

static void
story_json(void *arg, struct json_object *json)
{
	struct story *s = arg;

	assert_int_equal(s->opened, 1);
	assert_false(s->closed);
	strncat(s->objects, json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN), 200);
	if (s->close_after > 0 && --s->close_after == 0) {
		s->closed = true;
		s->stream = docker_stream_close(s->stream);
		s->over = true;
	}
}

static void
story_end(void *arg, const char *why)
{
	struct story *s = arg;

	assert_false(s->closed);
	assert_false(s->over);
	s->over = true;
	(void)snprintf(s->why, sizeof(s->why), "%s", why);
}

static struct story
follow(struct world *w, const char *path, unsigned close_after)
{
	struct story s = { .close_after = close_after };
	struct docker_stream_handlers handlers = { story_open, story_json, story_end, &s };

	assert_int_equal(docker_stream_open(&s.stream, w->docker, path, &handlers), 0);
	assert_true(run_until(w->base, &s.over));
	return s;
}

#define HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void
test_streams(void **state)
{
	static const struct fake_answer script[] = { PING,
		{ "/events", PLAY_CLOSE,
		    HEAD "8\r\n{\"a\":1}\n\r\n"
			 "b\r\n{\"a\":2}\n{\"b\r\n"
			 "6\r\n\":3}\n\n\r\n0\r\n\r\n" },
		{ "/cut", PLAY_CLOSE, HEAD "8\r\n{\"a\":1}\n\r\n4\r\n{\"a\"\r\n" },
		{ "/nonsense", PLAY_RAW, HEAD "8\r\n{\"a\":1}\n\r\n4\r\n{xyz\r\n" },
		{ "/list", PLAY_RAW, HEAD "3\r\n[1]\r\n" },
		{ "/latin", PLAY_RAW, HEAD "9\r\n{\"a\":\"\xe9\"}\r\n" },
		{ "/hangs", PLAY_HANG, NULL }, { "/bad", PLAY_STATUS, "400 Bad Request" }, END };
	static const struct {
		const char *path;
		unsigned opened;
		const char *objects, *why;
	} cases[] = {
		{ "/events?since=1", 1, "{\"a\":1}{\"a\":2}{\"b\":3}",
		    "the engine closed the stream" },
		{ "/cut", 1, "{\"a\":1}", "no whole answer: " },
		{ "/nonsense", 1, "{\"a\":1}", "something in the stream is not JSON: " },
		{ "/list", 1, "", "something in the stream is no object" },
		{ "/latin", 1, "", "something in the stream is not UTF-8" },
		{ "/hangs", 0, "", "no answer within the deadline" },
		{ "/bad", 0, "", "the engine answers 400: no such 400" },
	};
	struct world w = world_new(script);

	docker_set_deadline(w.docker, 200);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct story s = follow(&w, cases[i].path, 0);

		assert_int_equal(s.opened, cases[i].opened);
		assert_string_equal(s.objects, cases[i].objects);
		assert_int_equal(strncmp(s.why, cases[i].why, strlen(cases[i].why)), 0);
	}
	world_free(&w);
}

static void
test_stream_object_too_big(void **state)
{
	enum { HEAD_ROOM = 128, SIZE = 1024 * 1024 + 100 };
	char *text = malloc(HEAD_ROOM + SIZE);
	struct fake_answer script[] = { PING, { "/events", PLAY_RAW, text }, END };
	struct world w;
	struct story s;
	int n;

	assert_non_null(text);
	n = snprintf(
	    text, HEAD_ROOM, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{\"a\":\"");
	memset(text + n, 'x', SIZE);
	text[n + SIZE - 1] = '\0';
	w = world_new(script);
	s = follow(&w, "/events", 0);
	assert_string_equal(s.objects, "");
	assert_string_equal(s.why, "an object in the stream is larger than 1 MiB");
	world_free(&w);
	free(text);
}

static void
test_stream_is_closed_from_its_handler(void **state)
{
	static const struct fake_answer script[] = { PING,
		{ "/events", PLAY_RAW, HEAD "18\r\n{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n\r\n" }, END };
	struct world w = world_new(script);
	struct story s = follow(&w, "/events", 2);

	assert_string_equal(s.objects, "{\"a\":1}{\"a\":2}");
	event_base_loop(w.base, EVLOOP_NONBLOCK);
	world_free(&w);
}

/* A stream has a connection of its own, and takes no request's place. */
static void
test_requests_beside_a_stream(void **state)
{
	static const struct fake_answer script[] = { PING,
		{ "/events", PLAY_RAW, HEAD "8\r\n{\"a\":1}\n\r\n" }, { "/x", PLAY_JSON, "{}" },
		END };
	struct world w = world_new(script);
	struct story s = { 0 };
	struct docker_stream_handlers handlers = { story_open, story_json, story_end, &s };

	assert_int_equal(docker_stream_open(&s.stream, w.docker, "/events", &handlers), 0);
	while (s.objects[0] == '\0')
		event_base_loop(w.base, EVLOOP_ONCE);
	for (int i = 0; i < 10; i++)
		assert_int_equal(get(&w, "/x").status, 200);
	assert_false(s.over);
	fake_engine_stop(w.engine);
	assert_true(run_until(w.base, &s.over));
	world_free(&w);
}

static void
test_stream_without_engine(void **state)
{
	static const struct fake_answer script[] = { END };
	struct world w = world_new(script);
	struct story s;

	fake_engine_stop(w.engine);
	s = follow(&w, "/events", 0);
	assert_int_equal(s.opened, 0);
	assert_int_equal(strncmp(s.why, "no engine: ", 11), 0);
	world_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_version_is_negotiated),
		cmocka_unit_test(test_few_connections),
		cmocka_unit_test(test_no_engine),
		cmocka_unit_test(test_engine_comes_back),
		cmocka_unit_test(test_free_with_work_outstanding),
		cmocka_unit_test(test_free_from_a_callback),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_stream_object_too_big),
		cmocka_unit_test(test_stream_is_closed_from_its_handler),
		cmocka_unit_test(test_requests_beside_a_stream),
		cmocka_unit_test(test_stream_without_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
