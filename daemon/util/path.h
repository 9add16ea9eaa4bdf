/* SPDX-License-Identifier: Apache-2.0
 *
 * Absolute paths as text. Knows nothing of what lies there: links are not followed. */
#ifndef UTIL_PATH_H
#define UTIL_PATH_H

/* What follows `folder` in a path at or below it: "", or with the slash in front. NULL when it is
 * neither. Slashes at the folder's end count for nothing; "/" is at the front of all. */
const char *path_behind(const char *path, const char *folder);

#endif
