/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether an engine is awake behind a socket, without waking one. With socket activation systemd
 * holds the socket, and a connection starts dockerd, also one that waits while dockerd stops. So
 * where systemd may hold it, only a live dockerd that has the listening socket open counts.
 * Elsewhere connect() decides. Internal to the client of the engine. */
#ifndef COLLECT_DOCKER_ALIVE_H
#define COLLECT_DOCKER_ALIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	DOCKER_ALIVE_KEEP_MS = 250,        /* an answer is not asked for anew within this time */
	DOCKER_ALIVE_SEARCH_MS = 5 * 1000, /* between two walks through all processes */
};

struct docker_alive {
	const char *socket; /* borrowed */
	bool activated;     /* systemd may hold the socket */
	bool alive;
	int64_t checked_ms, searched_ms; /* CLOCK_MONOTONIC; 0: never */
	int pid;                         /* 0: not known */
	/* How the last answer was found: dockerd's descriptor of the listening socket. */
	ino_t inode;
	int fd;
	dev_t file_device;
	ino_t file_inode;
	char why[192];
};

void docker_alive_init(struct docker_alive *a, const char *socket);
bool docker_alive_check(struct docker_alive *a);
/* Something went wrong with a connection: the next check looks anew. */
void docker_alive_forget(struct docker_alive *a);

#endif
