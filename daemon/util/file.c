/* SPDX-License-Identifier: Apache-2.0 */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum {
	READ_STEP = 4096,
};

int
file_read_fd(int fd, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_(freep) char *text = NULL;
	size_t len = 0, room = 0;
	ssize_t n;
	char *grown;

	for (;;) {
		if (len + 1 >= room) {
			room = room == 0 ? READ_STEP : room * 2;
			grown = realloc(text, room);
			if (grown == NULL)
				return -ENOMEM;
			text = grown;
		}
		n = read(fd, text + len, room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	text[len] = '\0';
	*ret = TAKE(text);
	if (ret_len != NULL)
		*ret_len = len;
	return 0;
}

int
file_read_at(int folder, const char *path, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_(closep) int fd =
	    openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return file_read_fd(fd, max, ret, ret_len);
}

int
file_read(const char *path, size_t max, char **ret, size_t *ret_len)
{
	return file_read_at(AT_FDCWD, path, max, ret, ret_len);
}

int
file_read_link(const char *path, char **ret)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	*ret = strndup(target, (size_t)n);
	return *ret == NULL ? -ENOMEM : 0;
}

void
closedirp(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
	*dir = NULL;
}
