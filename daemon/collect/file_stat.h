/* SPDX-License-Identifier: Apache-2.0
 *
 * The topic file.stat. */
#ifndef COLLECT_FILE_STAT_H
#define COLLECT_FILE_STAT_H

struct host;
struct snapshot;

/* 0 with a snapshot, or -ENOMEM. */
int file_stat_collect(struct snapshot **ret, const struct host *host, const char *path);

#endif
