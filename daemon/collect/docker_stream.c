/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/docker_private.h"

#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum {
	STREAM_OBJECT_MAX = 1024 * 1024,
};

bool
stream_waits(const struct docker_stream *s)
{
	return s->transfer.easy == NULL && !s->over && !s->closed;
}

bool
stream_has_news(const struct docker_stream *s)
{
	return !s->delivering && ((s->opened && !s->said_open) || s->n_arrived > 0 || s->over);
}

void
stream_end(struct docker_stream *s, const char *why)
{
	if (s->over)
		return;
	(void)snprintf(s->why, sizeof(s->why), "%s", why);
	s->over = true;
	docker_schedule_turn(s->transfer.docker);
}

static void
stream_over(struct transfer *t, CURLcode code)
{
	struct docker_stream *s = (struct docker_stream *)t;
	struct docker *d = t->docker;
	long status = transfer_status(t);
	char why[DOCKER_WHY_SIZE];

	d->counters.errors += code != CURLE_OK || status != 200;
	if (s->why[0] != '\0')
		(void)snprintf(why, sizeof(why), "%s", s->why);
	else if (code != CURLE_OK)
		transfer_explain(t, code, why, sizeof(why));
	else if (status != 200)
		refusal_explain(&s->refusal, status, why, sizeof(why));
	else
		(void)snprintf(why, sizeof(why), "the engine closed the stream");
	/* Whatever ended it, a stream that was to go on ended. */
	docker_connection_failed(d);
	transfer_stop(t);
	stream_end(s, why);
}

static void
headers_are_late(evutil_socket_t fd, short what, void *arg)
{
	struct docker_stream *s = arg;

	transfer_stop(&s->transfer);
	s->transfer.docker->counters.errors++;
	docker_connection_failed(s->transfer.docker);
	stream_end(s, "no answer within the deadline");
}

/* Notes an object; it is handed over by the turn. */
static bool
add_object(struct docker_stream *s, struct json_object *json)
{
	struct json_object **grown;
	size_t room;

	if (s->n_arrived == s->room) {
		room = s->room == 0 ? 16 : s->room * 2;
		grown = reallocarray(s->arrived, room, sizeof(*grown));
		if (grown == NULL) {
			json_object_put(json);
			(void)snprintf(s->why, sizeof(s->why), "out of memory");
			return false;
		}
		s->arrived = grown;
		s->room = room;
	}
	s->arrived[s->n_arrived++] = json;
	return true;
}

/* Reads at most one object of `data`; returns how many bytes it took, 0 when there is no sense in
 * them. */
static size_t
read_object(struct docker_stream *s, const char *data, size_t len)
{
	struct json_object *json = json_tokener_parse_ex(s->tokener, data, (int)len);
	enum json_tokener_error e = json_tokener_get_error(s->tokener);
	size_t took = e == json_tokener_continue ? len : json_tokener_get_parse_end(s->tokener);

	s->object_bytes += took;
	if (e != json_tokener_success && e != json_tokener_continue) {
		(void)snprintf(s->why, sizeof(s->why), "something in the stream is not JSON: %s",
		    json_tokener_error_desc(e));
		return 0;
	}
	if (s->object_bytes > STREAM_OBJECT_MAX) {
		json_object_put(json);
		(void)snprintf(
		    s->why, sizeof(s->why), "an object in the stream is larger than 1 MiB");
		return 0;
	}
	if (e == json_tokener_success) {
		s->object_bytes = 0;
		json_tokener_reset(s->tokener);
		if (!add_object(s, json))
			return 0;
	}
	return took;
}

/* White space between objects belongs to none: a stream may send it to show that it lives. */
bool
stream_take(struct docker_stream *s, const char *data, size_t len)
{
	size_t took;

	if (!utf8_feed(&s->utf8, data, len)) {
		(void)snprintf(s->why, sizeof(s->why), "something in the stream is not UTF-8");
		return false;
	}
	for (size_t at = 0; at < len; at += took) {
		if (s->object_bytes == 0 && strchr(" \t\r\n", data[at]) != NULL &&
		    data[at] != '\0') {
			took = 1;
			continue;
		}
		/* What is no object has no end that json-c could tell. */
		if (s->object_bytes == 0 && data[at] != '{') {
			(void)snprintf(
			    s->why, sizeof(s->why), "something in the stream is no object");
			return false;
		}
		took = read_object(s, data + at, len - at);
		if (took == 0)
			return false;
	}
	return true;
}

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
	struct docker_stream *s = arg;

	if (transfer_status(&s->transfer) != 200)
		refusal_add(&s->refusal, data, len);
	else if (!stream_take(s, data, len))
		return CURL_WRITEFUNC_ERROR;
	return len;
}

/* An empty line ends the headers. */
static size_t
on_header(char *data, size_t one, size_t len, void *arg)
{
	struct docker_stream *s = arg;

	if (len == 2 && memcmp(data, "\r\n", 2) == 0 && transfer_status(&s->transfer) == 200) {
		s->opened = true;
		(void)event_del(s->opening);
	}
	return len;
}

int
stream_start(struct docker_stream *s, const char *version)
{
	struct docker *d = s->transfer.docker;
	struct timeval tv = { .tv_sec = d->deadline_ms / 1000,
		.tv_usec = d->deadline_ms % 1000 * 1000 };
	char path[1024];
	int r;

	if (snprintf(path, sizeof(path), "%s%s", version, s->path) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = transfer_start(&s->transfer, path, 0, on_body, true);
	if (r < 0)
		return r;
	s->transfer.over = stream_over;
	if (curl_easy_setopt(s->transfer.easy, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK ||
	    curl_easy_setopt(s->transfer.easy, CURLOPT_HEADERDATA, s) != CURLE_OK ||
	    event_add(s->opening, &tv) < 0)
		return -ENOMEM;
	return 0;
}

static struct docker_stream *
stream_free(struct docker_stream *s)
{
	if (s == NULL)
		return NULL;
	transfer_stop(&s->transfer);
	if (s->opening != NULL)
		event_free(s->opening);
	if (s->tokener != NULL)
		json_tokener_free(s->tokener);
	for (size_t i = 0; i < s->n_arrived; i++)
		json_object_put(s->arrived[i]);
	free(s->arrived);
	free(s->path);
	free(s);
	return NULL;
}
DEFINE_CLEANUP(struct docker_stream, stream_free)

/* Hands over what has come. What arrives meanwhile does so in another turn. */
static void
hand_over(struct docker_stream *s)
{
	struct json_object *json;
	size_t i;

	if (s->opened && !s->said_open) {
		s->said_open = true;
		if (s->handlers.on_open != NULL)
			s->handlers.on_open(s->handlers.arg);
	}
	for (i = 0; i < s->n_arrived && !s->closed; i++) {
		json = TAKE(s->arrived[i]);
		s->handlers.on_json(s->handlers.arg, json);
		json_object_put(json);
	}
	if (s->closed)
		return;
	s->n_arrived = 0;
	if (s->over)
		s->handlers.on_end(s->handlers.arg, s->why);
}

void
stream_deliver(struct docker_stream *s)
{
	s->delivering = true;
	hand_over(s);
	s->delivering = false;
	if (s->over && !s->closed)
		TAILQ_REMOVE(&s->transfer.docker->streams, s, link);
	if (s->over || s->closed)
		(void)stream_free(s);
}

int
docker_stream_open(struct docker_stream **ret, struct docker *d, const char *path,
    const struct docker_stream_handlers *handlers)
{
	_cleanup_(stream_freep) struct docker_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->transfer.docker = d;
	s->handlers = *handlers;
	s->path = strdup(path);
	s->opening = evtimer_new(d->base, headers_are_late, s);
	s->tokener = json_tokener_new_ex(DOCKER_JSON_DEPTH);
	if (s->path == NULL || s->opening == NULL || s->tokener == NULL)
		return -ENOMEM;
	json_tokener_set_flags(s->tokener, DOCKER_JSON_FLAGS | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	TAILQ_INSERT_TAIL(&d->streams, s, link);
	*ret = TAKE(s);
	docker_schedule_turn(d);
	return 0;
}

struct docker_stream *
docker_stream_close(struct docker_stream *s)
{
	if (s == NULL || s->closed)
		return NULL;
	s->closed = true;
	TAILQ_REMOVE(&s->transfer.docker->streams, s, link);
	if (s->delivering) {
		/* Who hands over frees it; the client may be gone by then. */
		transfer_stop(&s->transfer);
		return NULL;
	}
	return stream_free(s);
}
