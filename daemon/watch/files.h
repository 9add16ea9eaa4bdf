/* SPDX-License-Identifier: Apache-2.0
 *
 * Watches files by one inotify instance: files that exist, are absent, are reached through links,
 * or are replaced by rename. Says that a file's stat is stale; knows nothing of what is asked of
 * it.
 *
 * For each path every directory in which a component is looked up is watched for that name, through
 * links, and the file itself for its content and attributes. After an event that can have changed
 * the way to the file, the way is walked anew. A glob is watched by its directories. Where the
 * kernel's limit of watches is reached, the files are polled, and blind() says so. */
#ifndef WATCH_FILES_H
#define WATCH_FILES_H

#include "util/macros.h"
#include "watch/cause.h"

struct event_base;
struct files_watch;
struct host;

enum {
	FILES_POLL_S = 10,         /* between two looks at everything while watches are missing */
	FILES_LINKS_MAX = 40,      /* links on one way, as the kernel has it */
	FILES_WATCHES_MAX = 16384, /* names looked for, over all paths */
};

/* Of a glob. `moved`: what it matches may have changed; else only what is in a file that it
 * matches, or the file's mode, did. */
typedef void files_glob_fn(void *arg, const char *pattern, bool moved);

/* `sink->stale` is told of (SUBJECT_FILE, path, TOPIC_FILE_STAT), `on_glob` (may be NULL) of globs.
 */
int files_watch_new(struct files_watch **ret, struct event_base *base, const struct host *host,
    const struct watch_sink *sink, files_glob_fn *on_glob, void *arg);
struct files_watch *files_watch_free(struct files_watch *w); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct files_watch, files_watch_free)

/* Replaces the set: paths, and globs among them. Copies. Of the paths that stay, those whose way
 * leads elsewhere by now are told before this returns. 0 or -ENOMEM. */
int files_watch_set(struct files_watch *w, const char *const *paths, size_t n);
/* After mounts came or went: calls stale what a way leads elsewhere for, by the device and inode of
 * each step. Mounts are frequent where containers start, and mostly cover nothing that is watched.
 */
void files_watch_check(struct files_watch *w, const struct cause *cause);
/* Walks every way anew and calls everything stale: after a mount, or when told that events were
 * lost. */
void files_watch_again(struct files_watch *w, const struct cause *cause);

#endif
