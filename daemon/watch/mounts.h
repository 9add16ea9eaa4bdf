/* SPDX-License-Identifier: Apache-2.0
 *
 * The mount table as PID 1 has it: a change makes host.mounts stale, and every watched file, since
 * a mount may cover it. The kernel reports a change of a mountinfo file as priority data (POLLPRI).
 */
#ifndef WATCH_MOUNTS_H
#define WATCH_MOUNTS_H

#include "util/macros.h"
#include "watch/cause.h"

struct event_base;
struct mounts_watch;

enum {
	MOUNTS_SETTLE_MS = 100, /* a container's start makes some ten mounts */
	MOUNTS_LEAST_MS = 1000, /* between two bursts while they go on and on */
};

/* `path`: /proc/1/mountinfo; a test gives its own. The sink is told once for a burst of changes,
 * when it has settled, and `changed` is called then. Borrows the sink. Where the file can't be
 * opened, blind() says why and 0 is returned. */
int mounts_watch_new(struct mounts_watch **ret, struct event_base *base, const char *path,
    const struct watch_sink *sink, void (*changed)(void *arg), void *arg);
struct mounts_watch *mounts_watch_free(struct mounts_watch *w); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct mounts_watch, mounts_watch_free)

#endif
