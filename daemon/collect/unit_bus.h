/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks systemd over D-Bus which files docker.service and docker.socket are made of, by the event
 * loop and with a deadline. systemd itself is spoken to; no message bus is needed. */
#ifndef COLLECT_UNIT_BUS_H
#define COLLECT_UNIT_BUS_H

#include "facts/build.h"

struct event_base;
struct unit_query;

enum {
	UNIT_BUS_DEADLINE_MS = 500,
};

/* `why` NULL: the files are known, borrowed for the call. The query is not freed by itself; it may
 * be from the callback. */
typedef void unit_query_fn(
    void *arg, const char *why, const struct unit_files *service, const struct unit_files *socket);

/* `address`: of the D-Bus server; NULL: systemd's own. 0 or -errno; then nothing is called. */
int unit_query_new(struct unit_query **ret, struct event_base *base, const char *address,
    unit_query_fn *done, void *arg);
struct unit_query *unit_query_free(struct unit_query *q); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct unit_query, unit_query_free)

#endif
