/* SPDX-License-Identifier: Apache-2.0
 *
 * The topic host.services: sockets that listen in the host's network namespace, with the programs
 * that hold them, and settings of the kernel. Whose a socket is takes a walk over the descriptors
 * of all processes, so a child process does it. A socket that only containers hold is theirs; one
 * whose holder can't be seen counts as the host's, with no name of a program. */
#ifndef COLLECT_HOST_SERVICES_H
#define COLLECT_HOST_SERVICES_H

#include "util/macros.h"

struct event_base;
struct host_services;
struct snapshot;

enum {
	HOST_LISTENERS_MAX = 4096,
	HOST_PROCESSES_MAX = 4096, /* whose descriptors are looked at */
};

typedef void host_services_done_fn(void *arg, int r, struct snapshot *snapshot);

/* 0 or -errno; then `done` never comes. It is called once from the event loop with a snapshot,
 * which it then owns, or -ENOMEM; the object may be freed from within, or before to hear no more.
 */
int host_services_collect(
    struct host_services **ret, struct event_base *base, host_services_done_fn *done, void *arg);
struct host_services *host_services_free(struct host_services *s); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct host_services, host_services_free)

/* The id of a container in the text of a /proc/<pid>/cgroup: the last run of 64 hexadecimal digits.
 * NULL: there is none. Borrowed, no zero behind. */
const char *host_services_container(const char *cgroup);

#endif
