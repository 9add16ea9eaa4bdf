/* SPDX-License-Identifier: Apache-2.0
 *
 * What a seccomp profile comes to. The kernel tells that a filter is there, not that it stops
 * anything: a profile that allows every call is one, too. */
#ifndef FACTS_SECCOMP_H
#define FACTS_SECCOMP_H

#include "facts/read.h"

/* Of a profile's text as the engine understands it: "forbids" when some call is stopped for some
 * caller, "forbids-nothing" when none is, or unreadable. */
struct value seccomp_judge(struct arena *a, const char *text, size_t len);

read_fn read_seccomp; /* of HostConfig.SecurityOpt; see container.seccomp */

#endif
