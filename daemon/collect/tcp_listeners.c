/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/tcp_listeners.h"

#include "collect/proc.h"
#include "util/lines.h"
#include "util/macros.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	TABLE_MAX = 256 * 1024 * 1024,
	TABLE_LINES_MAX = 1024 * 1024,
	STATE_LISTEN = 10,
	REPLY_MAX = 32 * 1024,
	REPLY_DEADLINE_S = 2,
};

void
tcp_listeners_clear(struct tcp_listeners *l)
{
	free(l->items);
	*l = (struct tcp_listeners){ 0 };
}

static int
add(struct tcp_listeners *l, const struct net_socket *socket)
{
	size_t room = l->room == 0 ? 64 : l->room * 2;
	struct net_socket *grown;

	l->cut |= l->n == TCP_LISTENERS_MAX;
	if (l->cut)
		return 0;
	if (l->n == l->room) {
		grown = reallocarray(l->items, room, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		l->items = grown;
		l->room = room;
	}
	l->items[l->n++] = *socket;
	return 0;
}

/* --- asked of the kernel --- */

/* The kernel may have to load a module to answer, which is more than to look. */
static bool
may_ask(void)
{
	return access("/sys/module/tcp_diag", F_OK) == 0 || access("/proc/modules", F_OK) < 0;
}

/* The kernel answers for the namespace of who asks. Each has a table with a number of its own. */
static bool
is_our_namespace(int pid)
{
	struct stat ours, of_process;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/net/tcp", pid);
	return stat("/proc/self/net/tcp", &ours) == 0 && stat(path, &of_process) == 0 &&
	       ours.st_dev == of_process.st_dev && ours.st_ino == of_process.st_ino;
}

static int
send_question(int fd, uint8_t family)
{
	const struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 question;
	} message = {
		.header = { .nlmsg_len = sizeof(message),
		    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.question = { .sdiag_family = family,
		    .sdiag_protocol = IPPROTO_TCP,
		    .idiag_states = 1u << STATE_LISTEN },
	};
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return sendto(fd, &message, sizeof(message), 0, (const struct sockaddr *)&kernel,
		   sizeof(kernel)) == sizeof(message)
		   ? 0
		   : -errno;
}

static int
take_socket(struct tcp_listeners *l, struct nlmsghdr *header)
{
	const struct inet_diag_msg *message = NLMSG_DATA(header);
	struct net_socket socket = { 0 };

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)) ||
	    inet_ntop(message->idiag_family, message->id.idiag_src, socket.address,
		sizeof(socket.address)) == NULL)
		return -EBADMSG;
	socket.port = ntohs(message->id.idiag_sport);
	socket.inode = message->idiag_inode;
	return message->idiag_state == STATE_LISTEN && socket.port != 0 ? add(l, &socket) : 0;
}

/* 1: that was all. */
static int
take_reply(struct tcp_listeners *l, char *reply, size_t len)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)reply;
	int r = 0;

	for (; r == 0 && NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			return -EAGAIN;
		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		r = header->nlmsg_type == SOCK_DIAG_BY_FAMILY ? take_socket(l, header) : -EPROTO;
	}
	return r;
}

static int
ask(struct tcp_listeners *l, int fd, uint8_t family)
{
	_Alignas(struct nlmsghdr) char reply[REPLY_MAX];
	int r = send_question(fd, family);

	while (r == 0) {
		struct sockaddr_nl from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t n =
		    recvfrom(fd, reply, sizeof(reply), MSG_TRUNC, (struct sockaddr *)&from, &size);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		if ((size_t)n > sizeof(reply))
			return -EMSGSIZE;
		if (from.nl_pid == 0)
			r = take_reply(l, reply, (size_t)n);
	}
	return r < 0 ? r : 0;
}

static int
ask_kernel(struct tcp_listeners *l)
{
	const struct timeval deadline = { .tv_sec = REPLY_DEADLINE_S };
	_cleanup_(closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int r;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) < 0)
		return -errno;
	r = ask(l, fd, AF_INET);
	return r < 0 ? r : ask(l, fd, AF_INET6);
}

/* --- read from its tables --- */

int
tcp_listeners_add_table(struct tcp_listeners *l, const char *table)
{
	struct lines lines = { .at = table, .left = TABLE_LINES_MAX };
	struct net_socket socket;
	struct span line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line)) {
		switch (net_table_line(line, false, &socket)) {
		case NET_LINE_LISTENS:
			r = add(l, &socket);
			break;
		case NET_LINE_NONSENSE:
			r = -EBADMSG;
			break;
		case NET_LINE_OTHER:
			break;
		}
	}
	l->cut |= lines.cut;
	return r;
}

/* No file: the kernel does without that protocol. */
static int
read_table(struct tcp_listeners *l, int pid, const char *name)
{
	_cleanup_(freep) char *table = NULL;
	int r = proc_read(pid, name, TABLE_MAX, &table, NULL);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : tcp_listeners_add_table(l, table);
}

int
tcp_listeners_read(struct tcp_listeners *ret, int pid)
{
	int r;

	*ret = (struct tcp_listeners){ 0 };
	if (may_ask() && is_our_namespace(pid)) {
		if (ask_kernel(ret) == 0)
			return 0;
		tcp_listeners_clear(ret);
	}
	r = read_table(ret, pid, "net/tcp");
	return r < 0 ? r : read_table(ret, pid, "net/tcp6");
}
