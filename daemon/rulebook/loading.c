/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/loading.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_MAX = 64 }; /* bytes of a file's own text in a message */

int
loading_init(struct loading *l)
{
	*l = (struct loading){};
	l->selection.exclusions_tail = &l->selection.exclusions;
	l->references_tail = &l->references;
	l->exceptions_tail = &l->exceptions;
	l->rb = calloc(1, sizeof(*l->rb));
	if (l->rb == NULL)
		return -ENOMEM;
	l->rb->arena = arena_new(LOADING_MEMORY_MAX);
	l->scratch = arena_new(YAML_READER_MEMORY_MAX);
	if (l->rb->arena == NULL || l->scratch == NULL)
		return -ENOMEM;
	l->rb->rules = arena_alloc(l->rb->arena, LOADING_RULES_MAX * sizeof(*l->rb->rules));
	l->rb->benchmarks =
	    arena_alloc(l->rb->arena, LOADING_BENCHMARKS_MAX * sizeof(*l->rb->benchmarks));
	if (l->rb->rules == NULL || l->rb->benchmarks == NULL)
		return -ENOMEM;
	return sha256_new(&l->digest);
}

void
loading_deinit(struct loading *l)
{
	l->rb = rulebook_free(l->rb);
	l->scratch = arena_free(l->scratch);
	l->digest = sha256_free(l->digest);
	complaints_deinit(&l->complaints);
}

void
loading_complain(struct loading *l, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complainv(&l->complaints, l->file, line, 0, format, args);
	va_end(args);
}

const char *
loading_shown(struct loading *l, const char *text)
{
	size_t len = strnlen(text, SHOWN_MAX);
	char *shown = arena_strndup(l->scratch, text, len);

	if (shown == NULL)
		return "...";
	for (char *p = shown; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return shown;
}

/* What others may write says whatever they like: a rule that passes, a socket that is not the
 * engine's. Judged by the open file, as a name may mean another one by now. */
static bool
others_may_write(struct loading *l, const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		loading_complain(l, 0, "refused: owned by uid %u, and not by root", st->st_uid);
		return true;
	}
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		loading_complain(l, 0, "refused: others than its owner may write it (mode %04o)",
		    st->st_mode & 07777);
		return true;
	}
	return false;
}

/* 0, LOADING_E_REFUSED, or -ENOMEM. */
static int
read_whole(struct loading *l, int fd, size_t size, char **ret)
{
	_cleanup_(freep) char *text = malloc(size + 1);
	size_t len = 0;
	ssize_t n;

	if (text == NULL)
		return -ENOMEM;
	while (len < size) {
		n = read(fd, text + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			loading_complain(
			    l, 0, "%s", n < 0 ? strerror(errno) : "changed while it was read");
			return LOADING_E_REFUSED;
		}
		len += (size_t)n;
	}
	text[len] = '\0';
	*ret = TAKE(text);
	return 0;
}

static int
read_text(struct loading *l, int fd, unsigned flags, char **ret, size_t *ret_len)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0) {
		loading_complain(l, 0, "%s", strerror(errno));
		return LOADING_E_REFUSED;
	}
	if (!S_ISREG(st.st_mode)) {
		loading_complain(l, 0, "not a regular file");
		return LOADING_E_REFUSED;
	}
	if ((flags & LOADING_GUARDED) != 0 && others_may_write(l, &st))
		return LOADING_E_REFUSED;
	if (st.st_size > YAML_READER_SIZE_MAX) {
		loading_complain(l, 0, "over 1 MiB");
		return LOADING_E_REFUSED;
	}
	r = read_whole(l, fd, (size_t)st.st_size, ret);
	if (r == 0)
		*ret_len = (size_t)st.st_size;
	return r;
}

/* Names and lengths go in too, so that moving a line from one file to another shows. */
static void
digest_file(struct loading *l, const char *path, const char *text, size_t len)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	char head[32];

	sha256_add(l->digest, name, strlen(name) + 1);
	(void)snprintf(head, sizeof(head), "%zu", len);
	sha256_add(l->digest, head, strlen(head) + 1);
	sha256_add(l->digest, text, len);
}

static int
take_text_of_file(struct loading *l, const char *text, size_t len, loading_fn *take)
{
	struct yaml_error error;
	struct yaml_node *root = NULL;
	int r;

	arena_reset(l->scratch);
	digest_file(l, l->file, text, len);
	r = yaml_read(&root, l->scratch, text, len, &error);
	if (r > 0) {
		loading_complain(l, error.line, "%s", error.what);
		return LOADING_E_REFUSED;
	}
	return r < 0 || root == NULL ? r : take(l, root);
}

static int
load_at(struct loading *l, int dir, const char *name, unsigned flags, loading_fn *take)
{
	_cleanup_(freep) char *text = NULL;
	_cleanup_(closep) int fd = -1;
	size_t len;
	int r;

	/* Without O_NONBLOCK a pipe put there would hold us up. */
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		if (errno == ENOENT && (flags & LOADING_NEEDED) == 0)
			return 0;
		loading_complain(l, 0, "%s", strerror(errno));
		return LOADING_E_REFUSED;
	}
	r = read_text(l, fd, flags, &text, &len);
	return r != 0 ? r : take_text_of_file(l, text, len, take);
}

static int
note_file(struct loading *l, const char *folder, const char *name)
{
	l->file = folder == NULL ? arena_strdup(l->rb->arena, name)
				 : arena_printf(l->rb->arena, "%s/%s", folder, name);
	return l->file == NULL ? -ENOMEM : 0;
}

/* Other files may name the rules of one that wasn't taken; they are not to blame. */
static int
settle(struct loading *l, int r, loading_fn *take)
{
	if (r > 0 && take == load_rules)
		l->rules_missing = true;
	return r < 0 ? r : 0;
}

int
loading_file(struct loading *l, const char *path, unsigned flags, loading_fn *take)
{
	int r = note_file(l, NULL, path);

	return r < 0 ? r : settle(l, load_at(l, AT_FDCWD, path, flags, take), take);
}

struct listing {
	char *names[LOADING_FILES_MAX];
	unsigned n;
};

static void
listing_deinit(struct listing *list)
{
	for (unsigned i = 0; i < list->n; i++)
		free(list->names[i]);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len > strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static int
list_names(struct loading *l, DIR *dir, struct listing *list)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (ends_with(entry->d_name, ".yml"))
			loading_complain(l, 0, "`%s` would be left out: the ending is .yaml",
			    loading_shown(l, entry->d_name));
		if (!ends_with(entry->d_name, ".yaml"))
			continue;
		if (list->n == LOADING_FILES_MAX) {
			loading_complain(l, 0, "over %d files", LOADING_FILES_MAX);
			return LOADING_E_REFUSED;
		}
		list->names[list->n] = strdup(entry->d_name);
		if (list->names[list->n] == NULL)
			return -ENOMEM;
		list->n++;
	}
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
load_listed(struct loading *l, int fd, const char *folder, unsigned flags, loading_fn *take)
{
	_cleanup_(listing_deinit) struct listing list = {};
	DIR *dir = fdopendir(fd);
	int r;

	if (dir == NULL) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	r = list_names(l, dir, &list);
	qsort(list.names, list.n, sizeof(list.names[0]), compare_names);
	for (unsigned i = 0; i < list.n && r == 0; i++) {
		r = note_file(l, folder, list.names[i]);
		if (r == 0)
			r = settle(l,
			    load_at(l, dirfd(dir), list.names[i], flags | LOADING_NEEDED, take),
			    take);
	}
	(void)closedir(dir);
	return r;
}

int
loading_folder(struct loading *l, const char *path, unsigned flags, loading_fn *take)
{
	struct stat st;
	int fd, r;

	r = note_file(l, NULL, path);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT || (flags & LOADING_NEEDED) != 0)
			loading_complain(l, 0, "%s", strerror(errno));
		return 0;
	}
	if ((flags & LOADING_GUARDED) != 0 && (fstat(fd, &st) < 0 || others_may_write(l, &st))) {
		(void)close(fd);
		return 0;
	}
	return settle(l, load_listed(l, fd, path, flags, take), take);
}
