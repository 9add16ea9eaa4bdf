/* SPDX-License-Identifier: Apache-2.0
 *
 * A client in the same program as the server: says what it likes, and hears while the server's loop
 * turns. */
#ifndef TESTS_CONTROL_WIRE_H
#define TESTS_CONTROL_WIRE_H

#include "util/macros.h"

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEARD_MAX = 8 * 1024 * 1024 };

static inline int
dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until `until` is in what came (NULL: never), or the other side closes. Caller frees. */
static inline char *
hear(struct event_base *base, int fd, const char *until)
{
	char *text = calloc(1, HEARD_MAX);
	size_t n = 0;

	assert_non_null(text);
	for (;;) {
		ssize_t r = recv(fd, text + n, HEARD_MAX - n - 1, MSG_DONTWAIT);

		if (r == 0 || (r < 0 && errno == ECONNRESET))
			return text;
		if (r > 0)
			n += (size_t)r;
		if (until != NULL && strstr(text, until) != NULL)
			return text;
		assert_true(n < HEARD_MAX - 1);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

/* One request, and all of the answer. Caller frees. */
static inline char *
ask(struct event_base *base, const char *path, const char *method, const char *target)
{
	_cleanup_(closep) int fd = dial(path);
	char text[512];

	(void)snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	    method, target);
	say(fd, text);
	return hear(base, fd, NULL);
}

#endif
