/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/proc.h"
#include "util/clock.h"
#include "util/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	STAT_MAX = 4096,
	STARTED_FIELD = 22,
	SOCKETS_MAX = 65536,
	UNIX_TABLE_MAX = 16 * 1024 * 1024,
};

bool
proc_is_gone(int r)
{
	return r == -ENOENT || r == -ESRCH;
}

static const char *
path_of(int pid, const char *name, char *path, size_t size)
{
	(void)snprintf(path, size, "/proc/%d/%s", pid, name);
	return path;
}

int
proc_read(int pid, const char *name, size_t max, char **ret, size_t *ret_len)
{
	char path[128];

	return file_read(path_of(pid, name, path, sizeof(path)), max, ret, ret_len);
}

int
proc_link(int pid, const char *name, char **ret)
{
	char path[128];

	return file_read_link(path_of(pid, name, path, sizeof(path)), ret);
}

int
proc_comm(int pid, char ret[PROC_COMM_SIZE])
{
	_cleanup_(freep) char *text = NULL;
	int r = proc_read(pid, "comm", STAT_MAX, &text, NULL);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	(void)snprintf(ret, PROC_COMM_SIZE, "%s", text);
	return 0;
}

int
proc_exe(int pid, char **ret)
{
	static const char deleted[] = " (deleted)";
	size_t len;
	int r = proc_link(pid, "exe", ret);

	if (r < 0)
		return r;
	len = strlen(*ret);
	if (len > sizeof(deleted) - 1 && strcmp(*ret + len - (sizeof(deleted) - 1), deleted) == 0)
		(*ret)[len - (sizeof(deleted) - 1)] = '\0';
	return 0;
}

/* The n-th field of stat, counted as proc(5) does. The name in parentheses may hold anything, so
 * counting begins behind the last one. */
static int
field_of(const char *text, int field, long long *ret)
{
	const char *p = strrchr(text, ')');

	for (int i = 2; p != NULL && i < field; i++)
		p = strchr(p + 1, ' ');
	return p != NULL && sscanf(p + 1, "%lld", ret) == 1 ? 0 : -EIO;
}

static int
stat_field(int pid, int field, long long *ret)
{
	_cleanup_(freep) char *text = NULL;
	int r = proc_read(pid, "stat", STAT_MAX, &text, NULL);

	return r < 0 ? r : field_of(text, field, ret);
}

int
proc_parent(int pid)
{
	long long parent;
	int r = stat_field(pid, 4, &parent);

	return r < 0 ? r : (int)parent;
}

int
proc_started_ticks(int pid, long long *ret)
{
	return stat_field(pid, STARTED_FIELD, ret);
}

int
proc_started_ticks_in(int folder, long long *ret)
{
	_cleanup_(freep) char *text = NULL;
	int r = file_read_at(folder, "stat", STAT_MAX, &text, NULL);

	return r < 0 ? r : field_of(text, STARTED_FIELD, ret);
}

int
proc_started_ms(int pid, int64_t *ret)
{
	struct timespec boot;
	long long ticks;
	long hertz = sysconf(_SC_CLK_TCK);
	int r = proc_started_ticks(pid, &ticks);

	if (r < 0)
		return r;
	if (hertz <= 0 || clock_gettime(CLOCK_BOOTTIME, &boot) < 0)
		return -EIO;
	*ret = clock_realtime_ms() - ((int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000) +
	       (ticks + 1) * 1000 / hertz;
	return 0;
}

int
proc_find(const char *comm, bool (*fits)(void *arg, int pid), void *arg)
{
	_cleanup_(closedirp) DIR *dir = opendir("/proc");
	char name[PROC_COMM_SIZE];
	struct dirent *entry;
	int pid, r, error = 0;

	if (dir == NULL)
		return -errno;
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = atoi(entry->d_name);
		r = proc_comm(pid, name);
		if (r == 0 && strcmp(name, comm) == 0 && fits(arg, pid))
			return pid;
		if (r < 0 && !proc_is_gone(r))
			error = r;
	}
	return errno != 0 ? -errno : error;
}

static ino_t
socket_inode(int folder, const char *name)
{
	static const char prefix[] = "socket:[";
	char target[64];
	ssize_t n;

	n = readlinkat(folder, name, target, sizeof(target) - 1);
	if (n < 0)
		return 0;
	target[n] = '\0';
	if (strncmp(target, prefix, strlen(prefix)) != 0)
		return 0;
	return strtoul(target + strlen(prefix), NULL, 10);
}

ino_t
proc_socket_inode(int pid, int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return socket_inode(AT_FDCWD, path);
}

/* Calls `each` with every socket of the process until it returns true: 1. 0: it never did. */
static int
each_socket(int pid, bool (*each)(void *arg, int fd, ino_t inode), void *arg)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	char path[64];
	struct dirent *entry;
	ino_t inode;
	int fd;

	dir = opendir(path_of(pid, "fd", path, sizeof(path)));
	if (dir == NULL)
		return -errno;
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		fd = atoi(entry->d_name);
		inode = socket_inode(dirfd(dir), entry->d_name);
		if (inode != 0 && each(arg, fd, inode))
			return 1;
	}
	return -errno;
}

struct wanted {
	const ino_t *inodes;
	size_t n;
	int fd;
};

static bool
is_wanted(void *arg, int fd, ino_t inode)
{
	struct wanted *w = arg;

	w->fd = fd;
	for (size_t i = 0; i < w->n; i++)
		if (w->inodes[i] == inode)
			return true;
	return false;
}

int
proc_socket_fd(int pid, const ino_t *inodes, size_t n)
{
	struct wanted w = { .inodes = inodes, .n = n };
	int r = each_socket(pid, is_wanted, &w);

	if (r < 0)
		return r;
	return r == 1 ? w.fd : -ENOENT;
}

struct inodes {
	ino_t *items;
	size_t n, room;
	int r;
};

static bool
add_inode(void *arg, int fd, ino_t inode)
{
	struct inodes *all = arg;
	ino_t *grown;

	if (all->n == all->room) {
		all->room = all->room == 0 ? 64 : all->room * 2;
		grown = reallocarray(all->items, all->room, sizeof(*grown));
		all->r = grown == NULL ? -ENOMEM : all->room > SOCKETS_MAX ? -E2BIG : 0;
		if (grown != NULL)
			all->items = grown;
		if (all->r < 0)
			return true;
	}
	all->items[all->n++] = inode;
	return false;
}

int
proc_sockets(int pid, ino_t **ret, size_t *ret_n)
{
	struct inodes all = { 0 };
	int r = each_socket(pid, add_inode, &all);

	if (r == 1)
		r = all.r;
	if (r < 0) {
		free(all.items);
		return r;
	}
	*ret = all.items;
	*ret_n = all.n;
	return 0;
}

/* Its inode and where its path begins; 0: it is no stream socket that listens at a path. */
static ino_t
read_unix_line(const char *line, const char **ret_path)
{
	unsigned long flags, inode;
	unsigned type;
	int at = 0;

	if (sscanf(line, "%*s %*s %*s %lx %x %*s %lu %n", &flags, &type, &inode, &at) < 3 ||
	    at == 0)
		return 0;
	*ret_path = line + at;
	/* 0x10000 is the kernel's mark of a listening socket, 1 is SOCK_STREAM. */
	return (flags & 0x10000) != 0 && type == 1 && line[at] == '/' ? inode : 0;
}

ino_t
proc_unix_next(char **table, const char **ret_path)
{
	ino_t inode = 0;

	while (inode == 0 && *table != NULL) {
		char *line = *table, *end = strchr(line, '\n');

		if (end != NULL)
			*end++ = '\0';
		*table = end;
		inode = read_unix_line(line, ret_path);
	}
	return inode;
}

size_t
proc_unix_listeners(const char *path, ino_t *ret, size_t max)
{
	_cleanup_(freep) char *table = NULL;
	const char *bound;
	struct stat wanted, st;
	char *rest;
	ino_t inode;
	size_t n = 0;

	if (stat(path, &wanted) < 0 ||
	    file_read("/proc/net/unix", UNIX_TABLE_MAX, &table, NULL) < 0)
		return 0;
	rest = table;
	while (n < max && (inode = proc_unix_next(&rest, &bound)) != 0) {
		/* The path is as it was bound: /var/run/docker.sock may be ours of /run. */
		if (strcmp(basename(bound), basename(path)) == 0 && stat(bound, &st) == 0 &&
		    st.st_dev == wanted.st_dev && st.st_ino == wanted.st_ino)
			ret[n++] = inode;
	}
	return n;
}
