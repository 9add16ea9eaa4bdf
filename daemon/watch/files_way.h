/* SPDX-License-Identifier: Apache-2.0
 *
 * The way to a file: every directory in which the kernel looks a name up to get there, through
 * links, below a root. Knows nothing of inotify. */
#ifndef WATCH_FILES_WAY_H
#define WATCH_FILES_WAY_H

#include <stdbool.h>

struct host;

/* One step: `fd` is an O_PATH descriptor of a directory, borrowed, and `path` where it is, without
 * links; `name` the entry looked up in it, NULL for any (a glob) and for the file itself, which is
 * then told by `self`. Returns 0 to go on. */
typedef int files_step_fn(void *arg, int fd, const char *path, const char *name, bool self);

/* Walks as far as there is a way. 0, what `step` returned, or -errno. A glob is followed into each
 * directory that matches. */
int files_walk(const struct host *host, const char *path, files_step_fn *step, void *arg);
bool files_is_glob(const char *path);

#endif
