/* SPDX-License-Identifier: Apache-2.0
 *
 * The door of a socket that others knock at: how many may be inside, how many of them one user's,
 * and for how long without a whole request. Knows nothing of what they say, but that it is HTTP
 * when it turns them away. */
#ifndef CONTROL_DOOR_H
#define CONTROL_DOOR_H

#include "util/macros.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	DOOR_OF_ONE_USER_MAX = 64,     /* connections of one user who is neither root nor ours */
	DOOR_DESCRIPTORS_MAX = 512,    /* open in the process: then nobody comes in */
	DOOR_DESCRIPTORS_OTHERS = 384, /* then only root and our own user come in */
	DOOR_AT_ONCE = 16,             /* come in, in one turn of the event loop */
	DOOR_UNREAD_MAX = 16 * 1024,   /* bytes of a client that wait to be taken */
	DOOR_REQUEST_MS =
	    60 * 1000, /* for a request to come whole, and for its answer to be taken */
	DOOR_SWEEP_MS = 5 * 1000,
};

struct bufferevent;
struct door;
struct event_base;
struct evconnlistener;

/* Somebody was turned away: said at most once a minute. */
typedef void door_trouble_fn(void *arg, const char *what);

/* Borrows the listener, which must not be freed before; `priority` is that of all that comes in. 0
 * or -ENOMEM. `on_trouble` may be NULL. */
int door_new(struct door **ret, struct event_base *base, struct evconnlistener *listener,
    int priority, door_trouble_fn *on_trouble, void *arg);
struct door *door_free(struct door *d); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct door, door_free)

/* For each connection that is accepted, before its descriptor is known: what it is read and written
 * by. NULL when out of memory. Looks at who it is when the descriptor is there. */
struct bufferevent *door_enter(struct door *d);
/* A request came whole on this descriptor. False: it comes from one who was turned away. */
bool door_asked(struct door *d, int fd);
/* Is there a limit to what the one on this descriptor may take? Then *ret is whose it is. */
bool door_limits(struct door *d, int fd, uid_t *ret);
/* This one has an answer that goes on, and may stay for as long as it reads. */
void door_stays(struct door *d, int fd);
/* Connections that were turned away or ended since the start. */
uint64_t door_refused(const struct door *d);

/* Root, or the user who runs this process. Who it is can't be found out: no. */
bool door_is_privileged(int fd);

#endif
