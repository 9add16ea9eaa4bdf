/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket that the daemon listens on: made here, or handed over by systemd. */
#ifndef CONTROL_LISTEN_H
#define CONTROL_LISTEN_H

#include <stdbool.h>

/* A listening socket at `path`, 0660 and of the group plimsoll where there is one. A socket that
 * nobody answers at is replaced; one that somebody answers at is refused with -EADDRINUSE. The
 * folder is made where it is missing. The descriptor, or -errno with *reterr (caller frees). */
int listen_at(const char *path, char **reterr);
/* The socket that systemd hands over; -1: it hands over none; -EINVAL: something else, or more than
 * one. */
int listen_inherited(void);

#endif
