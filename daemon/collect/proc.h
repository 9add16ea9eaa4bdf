/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes as /proc shows them. Synchronous; nothing here can hang. Errors are -errno; a process
 * that is gone is -ENOENT or -ESRCH, see proc_is_gone(). */
#ifndef COLLECT_PROC_H
#define COLLECT_PROC_H

#include "util/macros.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	PROC_COMM_SIZE = 64, /* the kernel gives 15 bytes, of a kernel thread up to 63 */
};

bool proc_is_gone(int r);

/* A file of /proc/<pid>; at most `max` bytes, a zero behind. Caller frees. */
int proc_read(int pid, const char *name, size_t max, char **ret, size_t *ret_len);
/* What a link of /proc/<pid> holds. Caller frees. */
int proc_link(int pid, const char *name, char **ret);
int proc_comm(int pid, char ret[PROC_COMM_SIZE]);
/* Its program file, without the kernel's mark of a deleted one. Caller frees. */
int proc_exe(int pid, char **ret);

/* From /proc/<pid>/stat: its parent, and its start in CLOCK_REALTIME milliseconds. The kernel
 * counts in ticks of some milliseconds: it is the end of the tick that is given. */
int proc_parent(int pid);
int proc_started_ms(int pid, int64_t *ret);
/* Its start in ticks since the boot: with the pid, it names a process for good. Clocks may step and
 * the milliseconds with them. */
int proc_started_ticks(int pid, long long *ret);
int proc_started_ticks_in(int folder, long long *ret); /* of an open /proc/<pid> */

/* The first process of that name that fits; 0: there is none; -errno: not all could be looked at.
 */
int proc_find(const char *comm, bool (*fits)(void *arg, int pid), void *arg);

/* The inode of a descriptor that is a socket; 0: it is none, or closed. */
ino_t proc_socket_inode(int pid, int fd);
/* A descriptor of the process that is one of these sockets; -ENOENT: it has none. */
int proc_socket_fd(int pid, const ino_t *inodes, size_t n);
/* Inodes of all its sockets. Caller frees. */
int proc_sockets(int pid, ino_t **ret, size_t *ret_n);
/* The next stream socket that listens at a path, of /proc/<pid>/net/unix: its inode, and the path,
 * in the table. 0: there is none any more. Ends the lines that it reads, and moves `table` on. */
ino_t proc_unix_next(char **table, const char **ret_path);
/* Inodes of stream sockets that listen at that path, in our network namespace; returns how many, at
 * most `max`. There are two where one was bound in the other's place: a connection reaches one of
 * them, and nothing tells which. */
size_t proc_unix_listeners(const char *path, ino_t *ret, size_t max);

#endif
