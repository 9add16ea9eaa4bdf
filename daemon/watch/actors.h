/* SPDX-License-Identifier: Apache-2.0
 *
 * Who changed a file, where the kernel's audit says so: remembers for a few seconds which process a
 * record named for which path. Rules 1.7 to 1.15 of the benchmark ask for just these records. Knows
 * nothing of findings.
 *
 * The multicast group carries every record of the host. A host that audits more than
 * ACTORS_RATE_MAX records a second is not read for a minute: then nobody is named, and nothing else
 * suffers. Lost records (ENOBUFS) cost a name, never a change. */
#ifndef WATCH_ACTORS_H
#define WATCH_ACTORS_H

#include "util/macros.h"
#include <stdbool.h>
#include <stdint.h>

struct actors;
struct event_base;

enum {
	ACTORS_KEPT = 64,       /* newest path records kept */
	ACTORS_AGE_MS = 5000,   /* older ones name nobody */
	ACTORS_RATE_MAX = 2000, /* records a second */
	ACTORS_PAUSE_S = 60,
};

struct actor {
	uint32_t auid; /* login uid; UINT32_MAX: none */
	uint32_t uid;
	int64_t pid;
	char exe[128];
	int64_t time_ms; /* CLOCK_REALTIME of the record */
};

/* 0, or -errno when the group can't be joined: then there are no actors. */
int actors_new(struct actors **ret, struct event_base *base);
struct actors *actors_free(struct actors *a); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct actors, actors_free)

/* The newest that touched one of the paths (`target` may be NULL) since `since_ms`
 * (CLOCK_REALTIME). Reads what waits on the socket first, and waits for the record at most so long
 * where there is none: the kernel tells of a change before it tells who made it. False: nobody is
 * known. Takes NULL. */
bool actors_find(struct actors *a, const char *path, const char *target, int64_t since_ms,
    unsigned wait_ms, struct actor *ret);

/* One record's text, as the kernel sends it: for tests and fuzzers. `type` is AUDIT_SYSCALL,
 * AUDIT_CWD or AUDIT_PATH. */
void actors_record(struct actors *a, unsigned type, const char *text);
/* One without a socket, for the same. */
int actors_new_offline(struct actors **ret);

#endif
