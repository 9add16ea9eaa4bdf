/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/docker_alive.h"
#include "collect/proc.h"
#include "util/clock.h"
#include "util/file.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LISTENERS_MAX = 8,
	PID_FILE_MAX = 64,
};

/* docker.socket binds one of these names of one file. */
static bool
is_default(const char *socket)
{
	return strcmp(socket, "/run/docker.sock") == 0 ||
	       strcmp(socket, "/var/run/docker.sock") == 0;
}

void
docker_alive_init(struct docker_alive *a, const char *socket)
{
	*a = (struct docker_alive){ .socket = socket };
	a->activated = is_default(socket) && access("/run/systemd/system", F_OK) == 0;
}

void
docker_alive_forget(struct docker_alive *a)
{
	a->checked_ms = 0;
}

static _printf_(2, 3) bool not_alive(struct docker_alive *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(a->why, sizeof(a->why), format, args);
	va_end(args);
	a->pid = 0;
	return false;
}

static bool
is_dockerd(int pid)
{
	char comm[PROC_COMM_SIZE];

	return pid > 1 && proc_comm(pid, comm) == 0 && strcmp(comm, "dockerd") == 0;
}

/* The live dockerd that a pid file names; 0: none. */
static int
pid_from(const char *path)
{
	_cleanup_(freep) char *text = NULL;
	int pid;

	if (file_read(path, PID_FILE_MAX, &text, NULL) < 0)
		return 0;
	pid = atoi(text);
	return is_dockerd(pid) ? pid : 0;
}

static int
pid_beside(const char *socket)
{
	char path[PATH_MAX];
	const char *slash = strrchr(socket, '/');

	if (slash == NULL)
		return 0;
	if (snprintf(path, sizeof(path), "%.*s/docker.pid", (int)(slash - socket), socket) >=
	    (int)sizeof(path))
		return 0;
	return pid_from(path);
}

/* Where nothing has changed since the last answer, two system calls say so. */
static bool
still_there(const struct docker_alive *a, const struct stat *st)
{
	return a->alive && a->inode != 0 && a->file_device == st->st_dev &&
	       a->file_inode == st->st_ino && proc_socket_inode(a->pid, a->fd) == a->inode;
}

/* 1: the process listens on the socket; 0: it doesn't; -errno: it can't be told. */
static int
listens(struct docker_alive *a, int pid, const struct stat *st)
{
	ino_t inodes[LISTENERS_MAX];
	size_t n = proc_unix_listeners(a->socket, inodes, LISTENERS_MAX);
	int fd;

	if (n == 0)
		return -ENODATA;
	fd = proc_socket_fd(pid, inodes, n);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	a->fd = fd;
	a->inode = proc_socket_inode(pid, fd);
	a->file_device = st->st_dev;
	a->file_inode = st->st_ino;
	return a->inode != 0;
}

struct search {
	struct docker_alive *alive;
	const struct stat *st;
};

static bool
is_behind(void *arg, int pid)
{
	struct search *s = arg;

	return listens(s->alive, pid, s->st) == 1;
}

/* The pid file may lie elsewhere, as a snap's does. */
static bool
found_by_search(struct docker_alive *a, const struct stat *st)
{
	struct search s = { a, st };
	int64_t now = clock_monotonic_ms();

	if (a->searched_ms != 0 && now - a->searched_ms < DOCKER_ALIVE_SEARCH_MS)
		return false;
	a->searched_ms = now;
	a->pid = proc_find("dockerd", is_behind, &s);
	if (a->pid < 0)
		a->pid = 0;
	return a->pid != 0;
}

/* A live dockerd whose pid file is beside the socket is the one behind it unless its descriptors
 * say otherwise; the pid file of the default place must be confirmed by them. */
static bool
found_by_pid_file(struct docker_alive *a, const struct stat *st, bool *ret_elsewhere)
{
	int pid = pid_beside(a->socket), r;
	bool beside = pid != 0;

	if (!beside)
		pid = pid_from("/run/docker.pid");
	if (pid == 0)
		return false;
	r = listens(a, pid, st);
	*ret_elsewhere = r == 0;
	if (r == 0 || (r < 0 && !beside))
		return false;
	a->pid = pid;
	return true;
}

static bool
found_by_connecting(struct docker_alive *a, const struct stat *st)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	if (fd < 0)
		return not_alive(a, "no socket of our own: %s", strerror(errno));
	if (strlen(a->socket) >= sizeof(address.sun_path))
		return not_alive(a, "the path of the socket is too long");
	memcpy(address.sun_path, a->socket, strlen(a->socket));
	/* EAGAIN: its queue of connections is full, so someone listens. */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && errno != EAGAIN)
		return not_alive(a, "%s: %s", a->socket, strerror(errno));
	/* The kernel notes who called listen(). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || !is_dockerd(peer.pid))
		peer.pid = 0;
	a->pid = peer.pid;
	if (a->pid != 0 && listens(a, a->pid, st) <= 0)
		a->inode = 0; /* connects again the next time */
	return true;
}

static bool
look(struct docker_alive *a)
{
	struct stat st;
	bool elsewhere = false;

	if (stat(a->socket, &st) < 0)
		return not_alive(a, "%s: %s", a->socket, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return not_alive(a, "%s is not a socket", a->socket);
	if (still_there(a, &st))
		return true;
	a->inode = 0;
	if (found_by_pid_file(a, &st, &elsewhere))
		return true;
	if (a->activated && found_by_search(a, &st))
		return true;
	if (a->activated)
		return not_alive(a,
		    elsewhere ? "dockerd does not listen on %s: it starts or stops"
			      : "systemd holds %s and dockerd does not run",
		    a->socket);
	return found_by_connecting(a, &st);
}

bool
docker_alive_check(struct docker_alive *a)
{
	int64_t now = clock_monotonic_ms();

	if (a->checked_ms != 0 && now - a->checked_ms < DOCKER_ALIVE_KEEP_MS)
		return a->alive;
	a->alive = look(a);
	a->checked_ms = now;
	return a->alive;
}
