/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host.h"
#include "util/file.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct host {
	char *root; /* as given, without a trailing slash */
	char *real; /* what links lead to */
	int fd;
};

enum {
	RENAME_TRIES = 8, /* a rename on the way makes openat2() give up with EAGAIN */
};

/* The path behind a descriptor, as this process sees it. */
static int
path_of_fd(int fd, char **ret)
{
	char link[32];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return file_read_link(link, ret);
}

int
host_new(struct host **ret, const char *root)
{
	_cleanup_(host_freep) struct host *h = calloc(1, sizeof(*h));
	size_t len = strlen(root);
	int r;

	if (h == NULL)
		return -ENOMEM;
	h->fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (h->fd < 0)
		return -errno;
	r = path_of_fd(h->fd, &h->real);
	if (r < 0)
		return r;
	if (strcmp(h->real, "/") == 0)
		h->real[0] = '\0';

	while (len > 0 && root[len - 1] == '/')
		len--;
	h->root = strndup(root, len);
	if (h->root == NULL)
		return -ENOMEM;
	*ret = TAKE(h);
	return 0;
}

struct host *
host_free(struct host *h)
{
	if (h == NULL)
		return NULL;
	if (h->fd >= 0)
		(void)close(h->fd);
	free(h->root);
	free(h->real);
	free(h);
	return NULL;
}

const char *
host_root(const struct host *h)
{
	return h->root;
}

static int
open_below(const struct host *h, const char *path, unsigned flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	long fd;

	/* Nothing is above the real root, and sandboxes that look at open()'s mode, as systemd's
	 * RestrictSUIDSGID= does, refuse openat2(), whose mode they can't see. */
	if (h->real[0] == '\0') {
		fd = open(path, (int)flags | O_CLOEXEC);
		return fd < 0 ? -errno : (int)fd;
	}
	for (int i = 0; i < RENAME_TRIES; i++) {
		fd = syscall(SYS_openat2, h->fd, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

int
host_open_path(const struct host *h, const char *path, bool follow)
{
	return open_below(h, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
}

int
host_stat(const struct host *h, const char *path, struct stat *ret)
{
	_cleanup_(closep) int fd = -1;

	if (h->real[0] == '\0')
		return lstat(path, ret) < 0 ? -errno : 0;
	fd = host_open_path(h, path, false);
	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

int
host_open_dir(const struct host *h, const char *path)
{
	return open_below(h, path, O_RDONLY | O_DIRECTORY);
}

int
host_read(const struct host *h, const char *path, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_(closep) int fd = -1;
	struct stat st;

	/* A fifo or a terminal in the file's place must neither block nor become ours. */
	fd = open_below(h, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return file_read_fd(fd, max, ret, ret_len);
}

int
host_realpath(const struct host *h, const char *path, char **ret)
{
	_cleanup_(closep) int fd = -1;
	_cleanup_(freep) char *full = NULL;
	const char *inside;
	int r;

	fd = host_open_path(h, path, true);
	if (fd < 0)
		return fd;
	r = path_of_fd(fd, &full);
	if (r < 0)
		return r;
	inside = path_behind(full, h->real);
	if (inside == NULL)
		return -EXDEV;
	*ret = strdup(*inside == '\0' ? "/" : inside);
	return *ret == NULL ? -ENOMEM : 0;
}
