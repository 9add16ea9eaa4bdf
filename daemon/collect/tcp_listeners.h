/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP sockets that wait for connections in the network namespace of a process. The kernel is asked
 * for these alone where it can be: its tables in /proc begin with them, but end with a walk through
 * all connections that could be. */
#ifndef COLLECT_TCP_LISTENERS_H
#define COLLECT_TCP_LISTENERS_H

#include "facts/net_table.h"
#include <stddef.h>

enum { TCP_LISTENERS_MAX = 64 * 1024 };

struct tcp_listeners {
	struct net_socket *items;
	size_t n, room;
	bool cut; /* there are more than TCP_LISTENERS_MAX */
};

/* 0 or -errno; *ret is to be cleared either way. */
int tcp_listeners_read(struct tcp_listeners *ret, int pid);
void tcp_listeners_clear(struct tcp_listeners *l);

/* Adds those of a text of /proc/net/tcp or tcp6. 0, -ENOMEM, or -EBADMSG: it is no such text. */
int tcp_listeners_add_table(struct tcp_listeners *l, const char *table);

#endif
