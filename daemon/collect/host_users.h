/* SPDX-License-Identifier: Apache-2.0
 *
 * The topic host.users: the engine's socket, /etc/passwd and /etc/group, and the name service where
 * /etc/nsswitch.conf names one beside the files. That one is asked in a child process, as it may
 * hang; only that of our own root can be asked. */
#ifndef COLLECT_HOST_USERS_H
#define COLLECT_HOST_USERS_H

#include "util/macros.h"

struct event_base;
struct host;
struct host_users;
struct snapshot;

enum {
	_HOST_USERS_E_SUCCESS,
	HOST_USERS_E_ASKING, /* the snapshot comes later */
};

typedef void host_users_done_fn(void *arg, int r, struct snapshot *snapshot);

/* 0 with *ret, or -ENOMEM. HOST_USERS_E_ASKING: `done` is called once from the event loop with the
 * snapshot, which it then owns, or with -ENOMEM; *ret_asking is to be freed, by then at the
 * earliest, or before to hear no more of it. */
int host_users_collect(struct snapshot **ret, struct host_users **ret_asking,
    struct event_base *base, const struct host *host, const char *socket, host_users_done_fn *done,
    void *arg);
struct host_users *host_users_free(struct host_users *u); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct host_users, host_users_free)

#endif
