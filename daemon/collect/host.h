/* SPDX-License-Identifier: Apache-2.0
 *
 * The host's files, below a root. Below another root than / every path is resolved with
 * openat2(RESOLVE_IN_ROOT), so that absolute links stay inside. Synchronous: local files alone. */
#ifndef COLLECT_HOST_H
#define COLLECT_HOST_H

#include "util/macros.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct host;

enum {
	_HOST_E_SUCCESS,
	HOST_E_CUT, /* there are more than were given */
};

enum {
	HOST_GLOB_MAX = 1024, /* paths that one glob gives */
};

int host_new(struct host **ret, const char *root);
struct host *host_free(struct host *h); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct host, host_free)
const char *host_root(const struct host *h); /* without a trailing slash; "" for "/" */

/* An O_PATH descriptor of the file that links lead to (`follow`) or of the link itself. -errno. */
int host_open_path(const struct host *h, const char *path, bool follow);
/* Of the file itself, be it a link. 0 or -errno. */
int host_stat(const struct host *h, const char *path, struct stat *ret);
/* A descriptor of a folder, to be listed. -errno. */
int host_open_dir(const struct host *h, const char *path);
/* The whole file, at most `max` bytes (-EFBIG beyond), with a zero behind. Caller frees. */
int host_read(const struct host *h, const char *path, size_t max, char **ret, size_t *ret_len);
/* The path that links lead to, as seen from the root. Caller frees. */
int host_realpath(const struct host *h, const char *path, char **ret);
/* Paths that match a glob (* ? [] within a component), sorted. A literal path matches itself
 * whether it exists or not. 0; HOST_E_CUT when there are more than HOST_GLOB_MAX, with the first of
 * them; or -errno, also of a folder that can't be listed. Caller frees with host_glob_free(). */
int host_glob(const struct host *h, const char *pattern, char ***ret, size_t *ret_n);
void host_glob_free(char **paths, size_t n);

#endif
