/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/audit_socket.h"

#include "util/macros.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/socket.h>

/* A record's type is in the machine's own order, BPF loads in network order. */
static int
set_filter(int fd, const uint16_t *types, size_t n)
{
	struct sock_filter code[AUDIT_SOCKET_TYPES_MAX + 3];
	struct sock_fprog program = { .filter = code };
	unsigned short at = 0;

	if (n > AUDIT_SOCKET_TYPES_MAX)
		return -EINVAL;
	code[at++] = (struct sock_filter)BPF_STMT(
	    BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type));
	for (size_t i = 0; i < n; i++)
		code[at++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, htons(types[i]), (uint8_t)(n - i), 0);
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	program.len = at;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

int
audit_socket_open(const uint16_t *types, size_t n)
{
	_cleanup_(closep) int fd =
	    socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_AUDIT);
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1),
	};
	int r, opened;

	if (fd < 0)
		return -errno;
	r = set_filter(fd, types, n);
	if (r < 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	opened = fd;
	fd = -1;
	return opened;
}
