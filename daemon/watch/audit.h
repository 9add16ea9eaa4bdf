/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes of the kernel's audit rules, by the audit multicast group: host.audit is stale after
 * each. The kernel sends every record to the group while auditing is on, so a filter on the socket
 * lets records of configuration changes through alone; while auditing is off it sends nothing, not
 * even the switch to on, and the topic itself asks for another look after a minute. A queue that
 * ran over (ENOBUFS) is a gap. */
#ifndef WATCH_AUDIT_H
#define WATCH_AUDIT_H

#include "util/macros.h"
#include "watch/cause.h"

struct audit_watch;
struct event_base;

/* Borrows the sink. Where the group can't be joined, blind() says why and 0 is returned. */
int audit_watch_new(
    struct audit_watch **ret, struct event_base *base, const struct watch_sink *sink);
struct audit_watch *audit_watch_free(struct audit_watch *w); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct audit_watch, audit_watch_free)

#endif
