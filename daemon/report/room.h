/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the other side of a socket of datagrams, the journal's or syslog's, has room for one
 * more: what is sent then is taken at once, or not at all. */
#ifndef REPORT_ROOM_H
#define REPORT_ROOM_H

enum room {
	ROOM_UNKNOWN, /* nobody listens there, or it is a socket of another kind */
	ROOM_NONE,
	ROOM_IS_THERE,
};

/* Waits for room, at most so long. */
enum room room_wait(const char *path, int most_ms);

#endif
