/* SPDX-License-Identifier: Apache-2.0
 *
 * Other names of the host's files: what is bound to another place has the name that it has there,
 * and the one that it has on its file system. Names are found in the table of mounts, which is read
 * again when it has grown old, and are true when both lead to one file. */
#ifndef COLLECT_HOST_ALIAS_H
#define COLLECT_HOST_ALIAS_H

#include "util/macros.h"

struct aliases;
struct host;

enum {
	ALIASES_TABLE_AGE_MS = 10 * 1000,
	ALIASES_DEVICES_MAX = 64, /* file systems of which parts are bound */
};

/* The host is borrowed. Below another root than our own nothing is known of mounts, and no path has
 * another name. */
int aliases_new(struct aliases **ret, const struct host *h);
struct aliases *aliases_free(struct aliases *a); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct aliases, aliases_free)

/* The other name of a path without links; *ret is NULL when it has none. 0 or -errno. Caller
 * frees. */
int aliases_find(struct aliases *a, const char *path, char **ret);

#endif
