/* SPDX-License-Identifier: Apache-2.0
 *
 * A line of /proc/<pid>/mountinfo, see proc(5). */
#ifndef UTIL_MOUNT_LINE_H
#define UTIL_MOUNT_LINE_H

#include "util/lines.h"

/* Borrowed from the line. `root` and `point` are escaped, see span_unescape(). */
struct mount_line {
	struct span id, parent, device, root, point;
	struct span type; /* of the file system; empty: the line ends before it */
};

/* False when the line ends before the mount point. */
bool mount_line_read(struct span line, struct mount_line *ret);

#endif
