/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of /proc/net/{tcp,tcp6,udp,udp6}: sockets that wait for whoever comes. */
#ifndef FACTS_NET_TABLE_H
#define FACTS_NET_TABLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct net_socket {
	char address[INET6_ADDRSTRLEN];
	uint16_t port;
	uint64_t inode;
};

enum net_line {
	NET_LINE_OTHER, /* the heading, or a socket that is connected */
	NET_LINE_LISTENS,
	NET_LINE_NONSENSE,
};

struct span;
/* A UDP socket listens when it is bound and not connected. */
enum net_line net_table_line(struct span line, bool udp, struct net_socket *ret);

#endif
