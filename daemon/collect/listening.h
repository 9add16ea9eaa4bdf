/* SPDX-License-Identifier: Apache-2.0
 *
 * Sockets on which a process listens: those of its network namespace that it has open. */
#ifndef COLLECT_LISTENING_H
#define COLLECT_LISTENING_H

#include "util/macros.h"
#include <stddef.h>

struct listening {
	char **addresses; /* "127.0.0.1:2375", "[::]:2376" */
	size_t n;
	char **paths; /* of sockets in the file system, as they were bound */
	size_t n_paths;
};

/* 0 or -errno; *ret is to be cleared either way. */
int listening_read(struct listening *ret, int pid);
void listening_clear(struct listening *l);

#endif
