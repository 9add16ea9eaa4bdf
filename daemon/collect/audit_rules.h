/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's audit rules, asked for over netlink, and the rule files: the raw input of
 * host.audit. Synchronous, with a deadline: the kernel answers from memory. */
#ifndef COLLECT_AUDIT_RULES_H
#define COLLECT_AUDIT_RULES_H

#include "facts/build.h"

struct host;

enum {
	AUDIT_RULES_MAX = 4096,
	AUDIT_DEADLINE_MS = 500,
	AUDIT_FILES_MAX = 1024 * 1024, /* bytes of all rule files */
};

/* The topic host.audit. 0 with a snapshot, or -ENOMEM. */
int audit_rules_collect(struct snapshot **ret, const struct host *host);

#endif
