/* SPDX-License-Identifier: Apache-2.0
 *
 * The topic host.mounts: the mount table as PID 1 has it, and the engine's data root in it. */
#ifndef COLLECT_HOST_MOUNTS_H
#define COLLECT_HOST_MOUNTS_H

struct host;
struct snapshot;

/* `data_root` as the engine says; NULL with a reason. 0 with a snapshot, or -ENOMEM. */
int host_mounts_collect(struct snapshot **ret, const struct host *host, const char *data_root,
    const char *data_root_why);

#endif
