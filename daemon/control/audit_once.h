/* SPDX-License-Identifier: Apache-2.0
 *
 * One audit without the daemon: the daemon's own path, run until nothing is stale. */
#ifndef CONTROL_AUDIT_ONCE_H
#define CONTROL_AUDIT_ONCE_H

#include "report/findings_json.h"
#include "util/macros.h"
#include <stdbool.h>

struct audit_once;

struct audit_once_config {
	const struct rulebook *rb; /* with the engine's socket in its settings */
	const char *host_root;
	bool progress; /* on a terminal, how much is to go */
	/* Something that who runs it must hear. */
	void (*on_trouble)(void *arg, const char *what);
	void *arg;
};

/* Blocks until all was looked at. The configuration is copied, what it names is borrowed. 0 or
 * -errno. */
int audit_once_run(struct audit_once **ret, const struct audit_once_config *config);
struct audit_once *audit_once_free(struct audit_once *a); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct audit_once, audit_once_free)

/* All that it found. Valid until it is freed. */
struct findings_query audit_once_query(const struct audit_once *a);

#endif
