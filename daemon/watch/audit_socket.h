/* SPDX-License-Identifier: Apache-2.0
 *
 * A socket on the audit multicast group that gets records of some types alone. */
#ifndef WATCH_AUDIT_SOCKET_H
#define WATCH_AUDIT_SOCKET_H

#include <stddef.h>
#include <stdint.h>

enum { AUDIT_SOCKET_TYPES_MAX = 8 };

/* A non-blocking descriptor, or -errno: EPERM without CAP_AUDIT_READ in the first user namespace,
 * EPROTONOSUPPORT and ECONNREFUSED where there is no auditing to reach. */
int audit_socket_open(const uint16_t *types, size_t n);

#endif
