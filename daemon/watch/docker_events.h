/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's event stream, read as hints of what is stale. Connects while an engine is awake,
 * reconnects with back-off, and says blind and sees to its sink. Knows nothing of facts or rules.
 *
 * How the engine loses events (moby, daemon/events): a subscriber that doesn't drain its channel of
 * 1,024 within 100 ms loses messages without a mark; the ring for `since=` holds 256; 20.10 sends
 * the headers of /events before the listener is registered. So: events are drained at once and only
 * noted here, the subscription goes some seconds back, and the sink is told of each connection, so
 * that it looks at what may have been missed. Where to resume is taken from the engine's own event
 * times. */
#ifndef WATCH_DOCKER_EVENTS_H
#define WATCH_DOCKER_EVENTS_H

#include "util/macros.h"
#include "watch/cause.h"

struct docker;
struct docker_events;
struct event_base;
struct json_object;

enum {
	DOCKER_EVENTS_BACK_S = 5, /* how far the subscription goes back of the last event seen */
	DOCKER_EVENTS_POLL_MS = 1000, /* how often an absent engine is looked for */
	DOCKER_EVENTS_RETRY_MS = 100, /* first pause after a lost stream; doubles */
	DOCKER_EVENTS_RETRY_MAX_MS = 5000,
	DOCKER_EVENTS_PING_S = 60,     /* a stream on which nothing came is checked by a ping */
	DOCKER_EVENTS_STALL_MS = 1000, /* our own loop didn't run for so long: events may be lost */
};

/* Borrows all. Starts by itself; the sink's first word is blind() or sees(). */
int docker_events_new(struct docker_events **ret, struct event_base *base, struct docker *docker,
    const struct watch_sink *sink);
struct docker_events *docker_events_free(struct docker_events *w); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct docker_events, docker_events_free)

/* One event as the API gives it, turned into calls of the sink; what is no event is ignored and 0
 * returned, else its timeNano. For the stream, and for tests and fuzzers. */
int64_t docker_event_deliver(const struct watch_sink *sink, struct json_object *event);

#endif
