/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP sockets on which a process listens: the sockets that it has open, looked up in the table of
 * its network namespace. */
#ifndef COLLECT_LISTENING_H
#define COLLECT_LISTENING_H

#include "util/macros.h"
#include <stddef.h>
#include <sys/types.h>

struct listening {
	char **addresses; /* "127.0.0.1:2375", "[::]:2376" */
	size_t n;
};

/* 0 or -errno; *ret is to be cleared either way. */
int listening_read(struct listening *ret, int pid);
void listening_clear(struct listening *l);

/* For tests: adds those of `table` (text of /proc/net/tcp or tcp6) whose inode is in `inodes`. 0 or
 * -ENOMEM. */
int listening_add(struct listening *l, const char *table, const ino_t *inodes, size_t n);

#endif
