/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/docker_events.h"

#include "collect/docker.h"
#include "util/clock.h"
#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

/* {"type":["container","network","daemon","image","plugin","volume"]} */
#define EVENTS_FILTER                                                                        \
	"%7B%22type%22%3A%5B%22container%22%2C%22network%22%2C%22daemon%22%2C%22image%22%2C" \
	"%22plugin%22%2C%22volume%22%5D%7D"

struct docker_events {
	struct docker *docker;
	const struct watch_sink *sink;
	struct docker_stream *stream; /* NULL: not connected */
	struct event *timer;          /* looks for the engine without a stream, pings it with one */
	bool pinging;                 /* an answer is awaited */
	bool told, seeing;            /* what the sink was told last */
	unsigned retry_ms;
	int64_t newest_ns; /* greatest timeNano seen; 0: none yet */
	int64_t opened_ms; /* CLOCK_MONOTONIC of the connection */
	int64_t heard_ms;  /* CLOCK_MONOTONIC of the last sign of life */
	int64_t stall_ms;  /* CLOCK_MONOTONIC of the last stall that was announced */
};

static void
arm(struct docker_events *w, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

	(void)evtimer_add(w->timer, &tv);
}

static void
say_blind(struct docker_events *w, const char *why)
{
	if (w->told && !w->seeing)
		return;
	w->told = true;
	w->seeing = false;
	w->sink->blind(w->sink->arg, WATCH_EVENTS, why);
}

static void
say_sees(struct docker_events *w)
{
	w->told = true;
	w->seeing = true;
	w->sink->sees(w->sink->arg, WATCH_EVENTS);
}

static void
lose_stream(struct docker_events *w, const char *why)
{
	w->stream = docker_stream_close(w->stream);
	say_blind(w, why);
	arm(w, w->retry_ms);
	w->retry_ms = w->retry_ms * 2 > DOCKER_EVENTS_RETRY_MAX_MS ? DOCKER_EVENTS_RETRY_MAX_MS
								   : w->retry_ms * 2;
}

static void
on_open(void *arg)
{
	struct docker_events *w = arg;

	w->retry_ms = DOCKER_EVENTS_RETRY_MS;
	w->opened_ms = w->heard_ms = clock_monotonic_ms();
	arm(w, DOCKER_EVENTS_PING_S * 1000);
	say_sees(w);
}

/* An event that comes late on a stream that was up when it happened shows that one side didn't run:
 * the engine drops what isn't drained, so what came in between may be lost. At most one
 * announcement in ten seconds. */
static void
check_stall(struct docker_events *w, int64_t event_ns)
{
	int64_t lag = clock_realtime_ms() - event_ns / 1000000;
	char why[80];

	/* What is later than the stream is old is from before, or a clock stepped. */
	if (event_ns == 0 || lag < DOCKER_EVENTS_STALL_MS ||
	    lag > clock_monotonic_ms() - w->opened_ms)
		return;
	if (w->stall_ms != 0 && clock_monotonic_ms() - w->stall_ms < 10 * 1000)
		return;
	w->stall_ms = clock_monotonic_ms();
	(void)snprintf(why, sizeof(why), "events came %lld ms late", (long long)lag);
	say_blind(w, why);
	say_sees(w);
}

static void
on_json(void *arg, struct json_object *json)
{
	struct docker_events *w = arg;
	int64_t event_ns = docker_event_deliver(w->sink, json);

	w->heard_ms = clock_monotonic_ms();
	if (event_ns > w->newest_ns)
		w->newest_ns = event_ns;
	check_stall(w, event_ns);
}

static void
on_end(void *arg, const char *why)
{
	struct docker_events *w = arg;

	w->stream = NULL; /* frees itself */
	lose_stream(w, why);
}

static int
open_stream(struct docker_events *w)
{
	static const struct docker_stream_handlers handlers = {
		.on_open = on_open,
		.on_json = on_json,
		.on_end = on_end,
	};
	struct docker_stream_handlers mine = handlers;
	int64_t since_s =
	    (w->newest_ns != 0 ? w->newest_ns / 1000000000 : clock_realtime_ms() / 1000);
	char path[sizeof("/events?since=&filters=" EVENTS_FILTER) + 24];

	mine.arg = w;
	(void)snprintf(path, sizeof(path), "/events?since=%lld&filters=%s",
	    (long long)(since_s - DOCKER_EVENTS_BACK_S), EVENTS_FILTER);
	return docker_stream_open(&w->stream, w->docker, path, &mine);
}

static void
look_for_engine(struct docker_events *w)
{
	const char *why = NULL;

	if (!docker_alive(w->docker, &why)) {
		say_blind(w, why != NULL ? why : "no engine");
		arm(w, DOCKER_EVENTS_POLL_MS);
		return;
	}
	if (open_stream(w) != 0) {
		say_blind(w, "the event stream could not be asked for");
		arm(w, DOCKER_EVENTS_POLL_MS);
		return;
	}
	/* Headers that never come are no stream. */
	arm(w, DOCKER_DEADLINE_MS);
}

static void
on_pong(void *arg, long status, struct json_object *json, const char *why)
{
	struct docker_events *w = arg;

	w->pinging = false;
	if (w->stream == NULL)
		return;
	/* Any answer is a sign of life; /_ping says OK, which is no JSON. */
	if (status == 0) {
		lose_stream(w, why != NULL ? why : "the engine does not answer");
		return;
	}
	w->heard_ms = clock_monotonic_ms();
}

static void
check_stream(struct docker_events *w)
{
	int64_t quiet_ms = clock_monotonic_ms() - w->heard_ms;

	if (!w->seeing) {
		lose_stream(w, "the engine does not answer");
		return;
	}
	arm(w, DOCKER_EVENTS_PING_S * 1000);
	if (quiet_ms < DOCKER_EVENTS_PING_S * 1000 / 2 || w->pinging)
		return;
	w->pinging = docker_get(w->docker, "/_ping", on_pong, w) == 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct docker_events *w = arg;

	if (w->stream == NULL)
		look_for_engine(w);
	else
		check_stream(w);
}

int
docker_events_new(struct docker_events **ret, struct event_base *base, struct docker *docker,
    const struct watch_sink *sink)
{
	_cleanup_(docker_events_freep) struct docker_events *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -ENOMEM;
	w->docker = docker;
	w->sink = sink;
	w->retry_ms = DOCKER_EVENTS_RETRY_MS;
	w->timer = evtimer_new(base, on_timer, w);
	if (w->timer == NULL)
		return -ENOMEM;
	arm(w, 0);
	*ret = TAKE(w);
	return 0;
}

struct docker_events *
docker_events_free(struct docker_events *w)
{
	if (w == NULL)
		return NULL;
	w->stream = docker_stream_close(w->stream);
	if (w->timer != NULL)
		event_free(w->timer);
	free(w);
	return NULL;
}
