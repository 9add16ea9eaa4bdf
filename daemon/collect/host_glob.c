/* SPDX-License-Identifier: Apache-2.0
 *
 * A glob below the host's root, one component at a time: each folder is opened by its path from the
 * root, so that no link leads out. Literal components are never listed. */
#include "collect/host.h"
#include "util/file.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	GLOB_DEPTH_MAX = 32,       /* components with glob signs above one another */
	GLOB_ENTRIES_MAX = 262144, /* entries looked at in all */
};

struct walk {
	const struct host *host;
	char **paths;
	size_t n, room, entries;
	unsigned depth;
	bool cut;
};

static bool
is_magic(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("*?[", text[i]) != NULL)
			return true;
	return false;
}

static int
add_path(struct walk *w, const char *path)
{
	char **grown;

	if (w->n == w->room) {
		w->room = w->room == 0 ? 16 : w->room * 2;
		grown = reallocarray(w->paths, w->room, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		w->paths = grown;
	}
	w->paths[w->n] = strdup(path);
	if (w->paths[w->n] == NULL)
		return -ENOMEM;
	w->n++;
	return 0;
}

/* What is not there matches nothing. What can't be looked at is an error: it may match. */
static bool
means_nothing(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP;
}

static int
add_existing(struct walk *w, const char *path)
{
	_cleanup_(closep) int fd = host_open_path(w->host, path, false);

	if (fd < 0)
		return means_nothing(fd) ? 0 : fd;
	return add_path(w, path);
}

static int walk_from(struct walk *w, const char *base, const char *rest);

static int
walk_entry(struct walk *w, const char *base, const char *name, const char *rest)
{
	_cleanup_(freep) char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s", base, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	w->depth++;
	r = walk_from(w, path, rest);
	w->depth--;
	return r;
}

static int
walk_dir(struct walk *w, const char *base, const char *pattern, const char *rest)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	struct dirent *entry;
	int fd, r;

	fd = host_open_dir(w->host, *base == '\0' ? "/" : base);
	if (fd < 0)
		return means_nothing(fd) ? 0 : fd;
	dir = fdopendir(fd);
	if (dir == NULL) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (++w->entries > GLOB_ENTRIES_MAX) {
			w->cut = true;
			return 0;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0)
			continue;
		r = walk_entry(w, base, entry->d_name, rest);
		if (r < 0)
			return r;
	}
	return -errno;
}

/* `base` is done, `rest` begins with a slash or is empty. */
static int
walk_from(struct walk *w, const char *base, const char *rest)
{
	char path[PATH_MAX], pattern[NAME_MAX + 1];
	size_t len, done = strlen(base);

	if (done >= sizeof(path) || w->depth > GLOB_DEPTH_MAX)
		return -ENAMETOOLONG;
	memcpy(path, base, done + 1);
	for (;;) {
		rest += strspn(rest, "/");
		if (*rest == '\0')
			return add_existing(w, path);
		len = strcspn(rest, "/");
		if (is_magic(rest, len))
			break;
		if (done + 1 + len >= sizeof(path))
			return -ENAMETOOLONG;
		path[done++] = '/';
		memcpy(path + done, rest, len);
		done += len;
		path[done] = '\0';
		rest += len;
	}
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(pattern, rest, len);
	pattern[len] = '\0';
	return walk_dir(w, path, pattern, rest + len);
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int
host_glob(const struct host *h, const char *pattern, char ***ret, size_t *ret_n)
{
	struct walk w = { .host = h };
	int r;

	r = is_magic(pattern, strlen(pattern)) ? walk_from(&w, "", pattern) : add_path(&w, pattern);
	if (r < 0) {
		host_glob_free(w.paths, w.n);
		return r;
	}
	if (w.n > 0)
		qsort(w.paths, w.n, sizeof(*w.paths), compare_paths);
	for (; w.n > HOST_GLOB_MAX; w.cut = true)
		free(w.paths[--w.n]);
	*ret = w.paths;
	*ret_n = w.n;
	return w.cut ? HOST_E_CUT : 0;
}

void
host_glob_free(char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}
