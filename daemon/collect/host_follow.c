/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host_follow.h"

#include "collect/host.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/mount_line.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Our own: it is our look that may hang. */
static const char table[] = "/proc/self/mountinfo";

enum {
	TABLE_MAX = 16 * 1024 * 1024,
	LINES_MAX = 64 * 1024,
};

struct follower {
	const struct host *host;
	char **far; /* mount points that are not to be entered */
	size_t n_far, room;
	bool read;
	int64_t read_ms; /* monotonic */
};

/* A walk under way: `done` leads through no link, `rest` is still to be gone. */
struct walk {
	char done[PATH_MAX], rest[PATH_MAX]; /* each is empty, or begins with a slash */
	unsigned links;
	int64_t changed_ms; /* the latest change of a link */
};

int
follower_new(struct follower **ret, const struct host *h)
{
	struct follower *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -ENOMEM;
	f->host = h;
	*ret = f;
	return 0;
}

static void
forget(struct follower *f)
{
	while (f->n_far > 0)
		free(f->far[--f->n_far]);
}

struct follower *
follower_free(struct follower *f)
{
	if (f == NULL)
		return NULL;
	forget(f);
	free(f->far);
	free(f);
	return NULL;
}

/* --- the table of mounts --- */

/* What has a block device is on this machine, and so is some of what has none. There is a mount of
 * nsfs for each container. Links of proc lead elsewhere for each process, so they aren't followed.
 */
bool
follow_is_near(struct span type, struct span device)
{
	static const char *const types[] = { "tmpfs", "ramfs", "devtmpfs", "devpts", "overlay",
		"btrfs", "zfs", "bcachefs", "nsfs", "sysfs", "cgroup", "cgroup2" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (span_is(type, types[i]))
			return true;
	if (type.len >= 4 && memcmp(type.text, "fuse", 4) == 0)
		return false;
	return device.len > 2 && memcmp(device.text, "0:", 2) != 0;
}

static int
keep(struct follower *f, const char *point)
{
	char **grown;

	if (f->n_far == f->room) {
		f->room = f->room == 0 ? 16 : f->room * 2;
		grown = reallocarray(f->far, f->room, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		f->far = grown;
	}
	f->far[f->n_far] = strdup(point);
	if (f->far[f->n_far] == NULL)
		return -ENOMEM;
	f->n_far++;
	return 0;
}

static int
take_line(struct follower *f, struct span line)
{
	struct mount_line fields;
	char path[PATH_MAX];

	if (!mount_line_read(line, &fields) || fields.type.len == 0 ||
	    follow_is_near(fields.type, fields.device) || span_is(fields.point, "/") ||
	    !span_unescape(fields.point, path, sizeof(path)))
		return 0;
	return keep(f, path);
}

static int
read_table(struct follower *f)
{
	int64_t now = clock_monotonic_ms();
	_cleanup_(freep) char *text = NULL;
	struct lines lines = { .left = LINES_MAX };
	struct span line;
	int r;

	if (f->read && now - f->read_ms < FOLLOW_TABLE_AGE_MS)
		return 0;
	f->read = false;
	forget(f);
	r = file_read(table, TABLE_MAX, &text, NULL);
	lines.at = text;
	while (r == 0 && lines_next(&lines, &line))
		r = take_line(f, line);
	if (r == 0 && lines.cut)
		r = -E2BIG;
	f->read = r == 0;
	f->read_ms = now;
	return r;
}

static bool
is_far(const struct follower *f, const char *path)
{
	const char *root = host_root(f->host);
	size_t len = strlen(root);

	for (size_t i = 0; i < f->n_far; i++)
		if (strncmp(f->far[i], root, len) == 0 && strcmp(f->far[i] + len, path) == 0)
			return true;
	return false;
}

/* --- the walk --- */

/* The first component of `rest` leaves it. Its length; 0 when there is none. */
static size_t
next_component(struct walk *w, char *ret)
{
	size_t slashes = strspn(w->rest, "/"), len = strcspn(w->rest + slashes, "/");

	memcpy(ret, w->rest + slashes, len);
	ret[len] = '\0';
	memmove(w->rest, w->rest + slashes + len, strlen(w->rest + slashes + len) + 1);
	return len;
}

static int
go_down(struct walk *w, const char *component)
{
	size_t done = strlen(w->done), len = strlen(component);

	if (done + 1 + len >= sizeof(w->done))
		return -ENAMETOOLONG;
	w->done[done] = '/';
	memcpy(w->done + done + 1, component, len + 1);
	return 0;
}

static void
go_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	if (slash != NULL)
		*slash = '\0';
}

static int64_t
in_ms(const struct statx_timestamp *t)
{
	return t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

/* When it was made counts where a file system keeps the time of change through a rename. */
static int
change_of(int fd, int64_t *ret)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_CTIME | STATX_BTIME, &st) < 0)
		return -errno;
	if ((st.stx_mask & STATX_CTIME) == 0)
		return -EOPNOTSUPP;
	*ret = in_ms(&st.stx_ctime);
	if ((st.stx_mask & STATX_BTIME) != 0 && in_ms(&st.stx_btime) > *ret)
		*ret = in_ms(&st.stx_btime);
	return 0;
}

static int
note_change(struct walk *w, int fd)
{
	int64_t changed = 0;
	int r = change_of(fd, &changed);

	if (changed > w->changed_ms)
		w->changed_ms = changed;
	return r;
}

/* What `done` leads to is put before the rest, and its own last component goes. */
static int
go_along(struct walk *w, int link)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (++w->links > FOLLOW_LINKS_MAX)
		return -ELOOP;
	if (snprintf(rest, sizeof(rest), "%s%s", target, w->rest) >= (int)sizeof(rest))
		return -ENAMETOOLONG;
	memcpy(w->rest, rest, strlen(rest) + 1);
	if (target[0] == '/')
		w->done[0] = '\0';
	else
		go_up(w);
	return 0;
}

/* 1: this is as far as a look goes. */
static int
step(struct follower *f, struct walk *w, const char *component)
{
	_cleanup_(closep) int fd = -1;
	struct stat st;
	int r;

	if (strcmp(component, ".") == 0)
		return 0;
	if (strcmp(component, "..") == 0) {
		go_up(w);
		return 0;
	}
	r = go_down(w, component);
	if (r < 0)
		return r;
	if (is_far(f, w->done))
		return 1;
	fd = host_open_path(f->host, w->done, false);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 1;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISLNK(st.st_mode))
		return 0;
	r = note_change(w, fd);
	return r < 0 ? r : go_along(w, fd);
}

static int
finish(struct walk *w, char **ret)
{
	const char *rest = w->rest + strspn(w->rest, "/");
	int r;

	if (*rest == '\0')
		r = asprintf(ret, "%s", w->done[0] != '\0' ? w->done : "/");
	else
		r = asprintf(ret, "%s/%s", w->done, rest);
	return r < 0 ? -ENOMEM : 0;
}

/* As far as there is something; 1 when the walk ended before. */
static int
walk_along(struct follower *f, struct walk *w, const char *path)
{
	char component[PATH_MAX];
	int r;

	if (strlen(path) >= sizeof(w->rest))
		return -ENAMETOOLONG;
	r = read_table(f);
	if (r < 0)
		return r;
	memcpy(w->rest, path, strlen(path) + 1);
	while (r == 0 && next_component(w, component) > 0)
		r = step(f, w, component);
	return r;
}

int
follower_follow(struct follower *f, const char *path, char **ret)
{
	struct walk w = { 0 };
	int r = walk_along(f, &w, path);

	if (r == -ELOOP) {
		*ret = strdup(path);
		return *ret == NULL ? -ENOMEM : 0;
	}
	return r < 0 ? r : finish(&w, ret);
}

int
follower_change(struct follower *f, const char *path, struct follow_change *ret)
{
	_cleanup_(closep) int fd = -1;
	struct walk w = { 0 };
	int r = walk_along(f, &w, path);

	if (r < 0)
		return r;
	if (is_far(f, w.done))
		return -EREMOTE;
	*ret = (struct follow_change){ 0 };
	fd = host_open_path(f->host, path, true);
	ret->missing = fd == -ENOENT || fd == -ENOTDIR;
	if (ret->missing) {
		go_up(&w);
		(void)snprintf(
		    ret->folder, sizeof(ret->folder), "%s", w.done[0] != '\0' ? w.done : "/");
		fd = host_open_path(f->host, ret->folder, true);
	}
	if (fd < 0)
		return fd;
	r = note_change(&w, fd);
	ret->changed_ms = w.changed_ms;
	return r;
}
