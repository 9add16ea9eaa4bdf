/* SPDX-License-Identifier: Apache-2.0
 *
 * Where links lead, for paths that others name. Nothing is looked at that may never answer: below a
 * mount point of a network file system, of FUSE or of an automounter a path stays as it is, and
 * below proc, whose links are others for each process. So does what isn't there, from where it
 * isn't. The table of mounts is read again when it has grown old.
 */
#ifndef COLLECT_HOST_FOLLOW_H
#define COLLECT_HOST_FOLLOW_H

#include "util/macros.h"
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct follower;
struct host;
struct span;

enum {
	FOLLOW_TABLE_AGE_MS = 10 * 1000,
	FOLLOW_LINKS_MAX = 40, /* as in the kernel */
};

/* The host is borrowed. */
int follower_new(struct follower **ret, const struct host *h);
struct follower *follower_free(struct follower *f); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct follower, follower_free)

/* The path that an absolute one leads to, as seen from the host's root. Links that go round in a
 * circle lead nowhere: the path stays as it is. -errno when it can't be looked at. Caller frees. */
int follower_follow(struct follower *f, const char *path, char **ret);

/* Is a file system of that type and device (major:minor), as the table of mounts has them, to be
 * looked into? */
bool follow_is_near(struct span type, struct span device);

/* Since when a path leads to what it leads to, as far as the host's file systems tell: the time of
 * change of the file and of each link on the way, which nobody can set. A new mode counts as a
 * change too, for it can't be told from new content whose time was set back. */
struct follow_change {
	int64_t changed_ms;    /* CLOCK_REALTIME */
	bool missing;          /* nothing is there: `changed_ms` is the folder's */
	char folder[PATH_MAX]; /* the nearest one on the way that is there; set when missing */
};
/* 0 or -errno; -ELOOP when links go round in a circle, -EREMOTE where a look may never end. */
int follower_change(struct follower *f, const char *path, struct follow_change *ret);

#endif
