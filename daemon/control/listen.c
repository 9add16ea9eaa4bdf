/* SPDX-License-Identifier: Apache-2.0 */
#include "control/listen.h"
#include "util/macros.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int
fail(char **reterr, int r, const char *path, const char *what)
{
	if (asprintf(reterr, "%s: %s", path, what) < 0)
		*reterr = NULL;
	return r;
}

/* The group plimsoll, from the local file: the name service could hang. -1: there is none. */
static gid_t
find_group(void)
{
	FILE *file = fopen("/etc/group", "re");
	struct group *entry;
	gid_t gid = (gid_t)-1;

	if (file == NULL)
		return gid;
	while (gid == (gid_t)-1 && (entry = fgetgrent(file)) != NULL)
		if (strcmp(entry->gr_name, "plimsoll") == 0)
			gid = entry->gr_gid;
	(void)fclose(file);
	return gid;
}

/* Makes way for a new socket: 0, or -errno with *reterr. */
static int
clear_path(const struct sockaddr_un *address, char **reterr)
{
	_cleanup_(closep) int fd = -1;
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : fail(reterr, -errno, path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fail(reterr, -EEXIST, path, "is there and is no socket: move it away");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(reterr, -errno, path, strerror(errno));
	/* A full backlog answers as well. */
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return fail(reterr, -EADDRINUSE, path,
		    "another daemon answers here: stop it, or use --socket");
	if (unlink(path) != 0 && errno != ENOENT)
		return fail(reterr, -errno, path, strerror(errno));
	return 0;
}

static void
make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char *slash;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return;
	*slash = '\0';
	(void)mkdir(folder, 0755); /* if it fails, bind() says why */
}

int
listen_at(const char *path, char **reterr)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closep) int fd = -1;
	gid_t group = find_group();
	mode_t mask;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(reterr, -ENAMETOOLONG, path, "too long for a socket (107 bytes)");
	memcpy(address.sun_path, path, strlen(path) + 1);
	make_folder(path);
	r = clear_path(&address, reterr);
	if (r != 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(reterr, -errno, path, strerror(errno));
	/* Nobody may connect before group and mode are what they should be. */
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
	(void)umask(mask);
	/* Without the right to give it away it stays root's alone. */
	if (r == 0 && group != (gid_t)-1)
		(void)!chown(path, (uid_t)-1, group);
	if (r == 0 && (chmod(path, 0660) != 0 || listen(fd, BACKLOG) != 0))
		r = -errno;
	if (r != 0)
		return fail(reterr, r, path,
		    r == -ENOENT ? "its folder is not there: make it, or use --socket"
				 : strerror(-r));
	r = fd;
	fd = -1; /* the caller's from here */
	return r;
}

int
listen_inherited(void)
{
	int n = sd_listen_fds(1);

	if (n == 0)
		return -1;
	if (n != 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return -EINVAL;
	return SD_LISTEN_FDS_START;
}
