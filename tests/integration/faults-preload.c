/* SPDX-License-Identifier: Apache-2.0
 *
 * Loaded before the C library, it makes a program see a world with faults: a clock that jumps,
 * reads that are short or interrupted, processes that vanish between two looks. Which of them is in
 * force stands in a file that is shared with the test, FAULTS in the environment. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As faults.py packs it. */
struct faults {
	int64_t clock_s;       /* by how much the clock of the day is wrong */
	uint64_t chance;       /* state of the random numbers */
	uint32_t cut;          /* reads are short, or interrupted */
	int32_t vanishing;     /* the process that vanishes; 0: none */
	uint32_t vanish_after; /* that many looks at it */
	uint32_t looks;
};

static struct faults none, *faults = &none;

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("FAULTS");
	long fd = path == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	void *shared;

	if (fd < 0)
		return;
	shared = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	if (shared != MAP_FAILED)
		faults = shared;
	(void)close((int)fd);
}

/* --- the clock --- */

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	long r = syscall(SYS_clock_gettime, clock, ret);

	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret->tv_sec += faults->clock_s;
	return (int)r;
}

int
gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*ret = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
	return 0;
}

time_t
time(time_t *ret)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret != NULL)
		*ret = now.tv_sec;
	return now.tv_sec;
}

/* --- reads --- */

/* Others, such as inotify, give whole records or nothing. */
static bool
is_stream(int fd)
{
	struct stat st;
	int type = 0;
	socklen_t size = sizeof(type);

	if (syscall(SYS_fstat, fd, &st) != 0)
		return false;
	if (S_ISSOCK(st.st_mode))
		return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
		       type == SOCK_STREAM;
	return S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode);
}

/* How much may be read, with errno set; 0: the call is interrupted. */
static size_t
shortened(int fd, size_t len)
{
	uint64_t x;

	if (faults->cut == 0 || len == 0 || !is_stream(fd))
		return len;
	faults->chance = faults->chance * UINT64_C(6364136223846793005) + 1442695040888963407;
	x = faults->chance >> 33;
	if (x % 4 == 0) {
		errno = EINTR;
		return 0;
	}
	return 1 + x % 7 < len ? 1 + x % 7 : len;
}

ssize_t
read(int fd, void *to, size_t len)
{
	size_t n = shortened(fd, len);

	return n == 0 && len > 0 ? -1 : syscall(SYS_read, fd, to, n);
}

ssize_t
recv(int fd, void *to, size_t len, int flags)
{
	size_t n = shortened(fd, len);

	return n == 0 && len > 0 ? -1 : syscall(SYS_recvfrom, fd, to, n, flags, NULL, NULL);
}

ssize_t
readv(int fd, const struct iovec *to, int n)
{
	struct iovec first;

	if (faults->cut == 0 || n == 0 || to[0].iov_len == 0 || !is_stream(fd))
		return syscall(SYS_readv, fd, to, n);
	first = to[0];
	first.iov_len = shortened(fd, first.iov_len);
	return first.iov_len == 0 ? -1 : syscall(SYS_readv, fd, &first, 1);
}

/* --- processes --- */

/* Counts a look at the process that vanishes, at a path or below the folder that is open as `at`.
 * With errno set. */
static bool
has_vanished(int at, const char *path)
{
	char folder[32], here[64], link[32];
	ssize_t len;
	int n;

	if (faults->vanishing == 0)
		return false;
	n = snprintf(folder, sizeof(folder), "/proc/%d", faults->vanishing);
	if (path[0] != '/' && at >= 0) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
		len = syscall(SYS_readlink, link, here, sizeof(here) - 1);
		here[len < 0 ? 0 : len] = '\0';
		path = here;
	}
	if (strncmp(path, folder, (size_t)n) != 0 || (path[n] != '/' && path[n] != '\0') ||
	    faults->looks++ < faults->vanish_after)
		return false;
	errno = ENOENT;
	return true;
}

static int
open_at(int at, const char *path, int flags, mode_t mode)
{
	return has_vanished(at, path) ? -1 : (int)syscall(SYS_openat, at, path, flags, mode);
}

static int
stat_at(int at, const char *path, void *ret, int flags)
{
	return has_vanished(at, path) ? -1 : (int)syscall(SYS_newfstatat, at, path, ret, flags);
}

/* Whoever makes a file gives a mode as well. */
static mode_t
mode_of(int flags, va_list more)
{
	bool makes_file = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;

	return makes_file ? va_arg(more, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list more;
	mode_t mode;

	va_start(more, flags);
	mode = mode_of(flags, more);
	va_end(more);
	return open_at(AT_FDCWD, path, flags, mode);
}

int
openat(int at, const char *path, int flags, ...)
{
	va_list more;
	mode_t mode;

	va_start(more, flags);
	mode = mode_of(flags, more);
	va_end(more);
	return open_at(at, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int at, const char *path, int flags, ...) __attribute__((alias("openat")));

int
stat(const char *restrict path, struct stat *restrict ret)
{
	return stat_at(AT_FDCWD, path, ret, 0);
}

int
stat64(const char *restrict path, struct stat64 *restrict ret)
{
	return stat_at(AT_FDCWD, path, ret, 0);
}

int
fstatat(int at, const char *restrict path, struct stat *restrict ret, int flags)
{
	return stat_at(at, path, ret, flags);
}

int
fstatat64(int at, const char *restrict path, struct stat64 *restrict ret, int flags)
{
	return stat_at(at, path, ret, flags);
}

ssize_t
readlink(const char *restrict path, char *restrict to, size_t len)
{
	return has_vanished(AT_FDCWD, path) ? -1 : syscall(SYS_readlink, path, to, len);
}

ssize_t
readlinkat(int at, const char *restrict path, char *restrict to, size_t len)
{
	return has_vanished(at, path) ? -1 : syscall(SYS_readlinkat, at, path, to, len);
}

DIR *
opendir(const char *path)
{
	static DIR *(*next)(const char *path);

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "opendir");
	return has_vanished(AT_FDCWD, path) ? NULL : next(path);
}
