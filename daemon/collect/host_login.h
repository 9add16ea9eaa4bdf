/* SPDX-License-Identifier: Apache-2.0
 *
 * The topic host.login: the files that every login gets its environment from. */
#ifndef COLLECT_HOST_LOGIN_H
#define COLLECT_HOST_LOGIN_H

struct host;
struct snapshot;

/* 0 with a snapshot, or -ENOMEM. */
int host_login_collect(struct snapshot **ret, const struct host *host);

#endif
