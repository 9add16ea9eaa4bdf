/* SPDX-License-Identifier: Apache-2.0 */
#include "report/room.h"
#include "util/macros.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A socket that is connected is writable while the queue of the one that it is connected to is not
 * full. */
enum room
room_wait(const char *path, int most_ms)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct pollfd poller = { .fd = fd, .events = POLLOUT };

	if (fd < 0 ||
	    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path) >= (int)sizeof(to.sun_path) ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return ROOM_UNKNOWN;
	switch (poll(&poller, 1, most_ms)) {
	case 0:
		return ROOM_NONE;
	case 1:
		return (poller.revents & POLLOUT) != 0 ? ROOM_IS_THERE : ROOM_UNKNOWN;
	default:
		return ROOM_UNKNOWN;
	}
}
