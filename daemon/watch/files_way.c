/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/files_way.h"

#include "collect/host.h"
#include "util/macros.h"
#include "watch/files.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	ENTRIES_MAX = 4096, /* of a directory that a glob looks through */
};

struct walk {
	const struct host *host;
	files_step_fn *step;
	void *arg;
	unsigned links; /* followed so far, on all branches of a glob */
};

bool
files_is_glob(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

static int
join(char *ret, size_t size, const char *a, const char *b)
{
	const char *slash = a[0] != '\0' && a[strlen(a) - 1] == '/' ? "" : "/";

	while (b[0] == '/')
		b++;
	return snprintf(ret, size, "%s%s%s", a, slash, b) < (int)size ? 0 : -ENAMETOOLONG;
}

static int walk_from(struct walk *w, const char *dir, const char *rest);

/* The entry is a link: the walk goes on from where it leads to. */
static int
walk_link(struct walk *w, const char *dir, int link_fd, const char *rest)
{
	char target[PATH_MAX], way[PATH_MAX];
	ssize_t n;
	int r;

	if (++w->links > FILES_LINKS_MAX)
		return -ELOOP;
	n = readlinkat(link_fd, "", target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	r = join(way, sizeof(way), target, rest);
	if (r < 0)
		return r;
	return walk_from(w, target[0] == '/' ? "/" : dir, rest[0] == '\0' ? target : way);
}

static int
walk_entry(struct walk *w, const char *dir, const char *name, const char *rest)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];
	struct stat st;
	int r;

	r = join(path, sizeof(path), dir, name);
	if (r < 0)
		return r;
	fd = host_open_path(w->host, path, false);
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return walk_link(w, dir, fd, rest);
	if (rest[0] == '\0')
		return w->step(w->arg, fd, path, NULL, true);
	return S_ISDIR(st.st_mode) ? walk_from(w, path, rest) : 0;
}

static int
walk_glob(struct walk *w, const char *dir, const char *pattern, const char *rest)
{
	_cleanup_(closep) int fd = host_open_path(w->host, dir, true);
	char self[64];
	struct dirent *entry;
	unsigned n = 0;
	DIR *stream;
	int r = 0;

	if (fd < 0)
		return 0;
	/* An O_PATH descriptor can't be read from; its name in /proc is opened anew. */
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	stream = opendir(self);
	if (stream == NULL)
		return 0;
	while (r == 0 && n++ < ENTRIES_MAX && (entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] != '.' && fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0)
			r = walk_entry(w, dir, entry->d_name, rest);
	}
	(void)closedir(stream);
	return r;
}

/* `dir` exists when this is called, or did; `rest` is looked up in it. */
static int
walk_from(struct walk *w, const char *dir, const char *rest)
{
	_cleanup_(closep) int fd = -1;
	char name[NAME_MAX + 1], parent[PATH_MAX];
	size_t len;
	int r;

	while (rest[0] == '/')
		rest++;
	len = strcspn(rest, "/");
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, rest);
	rest += len;
	while (rest[0] == '/')
		rest++;
	if (len == 0)
		return 0;
	if (strcmp(name, ".") == 0)
		return walk_from(w, dir, rest);
	if (strcmp(name, "..") == 0) {
		/* `dir` holds no link: its parent is what stands before its last slash. */
		(void)snprintf(parent, sizeof(parent), "%s", dir);
		len = strlen(parent);
		while (len > 1 && parent[len - 1] != '/')
			len--;
		parent[len > 1 ? len - 1 : 1] = '\0';
		return walk_from(w, parent, rest);
	}

	fd = host_open_path(w->host, dir, true);
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	r = w->step(w->arg, fd, dir, files_is_glob(name) ? NULL : name, false);
	if (r != 0)
		return r;
	return files_is_glob(name) ? walk_glob(w, dir, name, rest) : walk_entry(w, dir, name, rest);
}

int
files_walk(const struct host *host, const char *path, files_step_fn *step, void *arg)
{
	struct walk w = { .host = host, .step = step, .arg = arg };

	return walk_from(&w, "/", path);
}
