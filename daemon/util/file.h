/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads files whose size can't be known before, as those of /proc; folders. */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include "util/macros.h"
#include <dirent.h>

/* All that is left of an open file, at most `max` bytes (-EFBIG beyond), with a zero behind.
 * `ret_len` may be NULL. 0 or -errno. Caller frees. */
int file_read_fd(int fd, size_t max, char **ret, size_t *ret_len);
/* The same of a path. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len);
int file_read_at(int folder, const char *path, size_t max, char **ret, size_t *ret_len);
/* What a symbolic link holds. -ENAMETOOLONG over PATH_MAX. Caller frees. */
int file_read_link(const char *path, char **ret);

void closedirp(DIR **dir); /* closes an open folder, takes NULL */

#endif
