/* SPDX-License-Identifier: Apache-2.0
 *
 * Why something is stale, and how watchers say so. Watchers know nothing of findings; whoever
 * listens gives them a sink. */
#ifndef WATCH_CAUSE_H
#define WATCH_CAUSE_H

#include "facts/topic.h"
#include <stdbool.h>
#include <stdint.h>

enum cause_source {
	CAUSE_DOCKER_EVENT,
	CAUSE_FILE,
	CAUSE_AUDIT,
	CAUSE_MOUNT,
	CAUSE_ENGINE_RESTART,
	CAUSE_RESYNC,
	CAUSE_RELOAD,
	CAUSE_EXCEPTION,
	CAUSE_CLOCK,
	CAUSE_START,
	_CAUSES,
};

const char *cause_source_name(enum cause_source s); /* "docker-event" */

struct cause {
	enum cause_source source;
	char detail[96];  /* "container start", "/etc/docker/daemon.json changed" */
	int64_t event_ns; /* CLOCK_REALTIME by the engine's or the kernel's own clock; 0: none */
	int64_t woke_ns;  /* CLOCK_MONOTONIC when we heard of it */
	bool after_gap;   /* latency means nothing */
};

/* What a watcher sees the world by; each is up or blind. */
enum watch_source {
	WATCH_EVENTS, /* the engine's event stream */
	WATCH_FILES,  /* inotify */
	WATCH_AUDIT,  /* audit netlink */
	WATCH_MOUNTS, /* the mount table */
	_WATCH_SOURCES,
};
const char *watch_source_name(
    enum watch_source s); /* "docker-events", "files", "audit", "mounts" */

struct watch_sink {
	void *arg;
	/* What an event calls a container, before what else it says of it: it may be gone before
	 * anybody can ask. "" where the event doesn't say. `made`: the event is of its making. */
	void (*named)(void *arg, const char *container, const char *name, const char *image,
	    bool made, const struct cause *cause);
	/* `topic` may be TOPIC_ALL. `id` is the subject's: a container's full id, a file's path;
	 * NULL for host and engine. */
	void (*stale)(void *arg, enum subject_kind kind, const char *id, enum topic topic,
	    const struct cause *cause);
	/* A subject went away. */
	void (*gone)(void *arg, enum subject_kind kind, const char *id, const struct cause *cause);
	/* An exec session was made in a container: to be inspected now. */
	void (*exec)(void *arg, const char *container, const char *exec, const struct cause *cause);
	/* From now on the source may miss things. Said once until sees() follows. */
	void (*blind)(void *arg, enum watch_source source, const char *why);
	/* It sees again, and may have missed things: the listener looks at all topics that the
	 * source covers. Also said at the first connection. */
	void (*sees)(void *arg, enum watch_source source);
};

#endif
