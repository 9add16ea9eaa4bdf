/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host_alias.h"

#include "collect/host.h"
#include "collect/host_follow.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/mount_line.h"
#include "util/path.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Our own: it is in our view that the names are compared. */
static const char table[] = "/proc/self/mountinfo";

enum {
	TABLE_MAX = 16 * 1024 * 1024,
	LINES_MAX = 64 * 1024,
	DEVICE_SIZE = 24,
};

/* A part of a file system, and where it is mounted. `root` is empty where a look may never end. */
struct part {
	char device[DEVICE_SIZE];
	char *root, *point;
};

/* Where the whole of a file system is mounted. */
struct whole {
	char device[DEVICE_SIZE];
	char *point; /* NULL: nowhere, or nobody looked */
};

struct aliases {
	const struct host *host;
	struct part top; /* what is mounted at / */
	struct part *parts;
	size_t n, room;
	struct whole wholes[ALIASES_DEVICES_MAX];
	size_t n_wholes;
	bool read;
	int64_t read_ms; /* monotonic */
};

int
aliases_new(struct aliases **ret, const struct host *h)
{
	struct aliases *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -ENOMEM;
	a->host = h;
	*ret = a;
	return 0;
}

static void
part_clear(struct part *p)
{
	free(p->root);
	free(p->point);
	*p = (struct part){ 0 };
}

static void
forget(struct aliases *a)
{
	while (a->n > 0)
		part_clear(&a->parts[--a->n]);
	while (a->n_wholes > 0)
		free(a->wholes[--a->n_wholes].point);
	part_clear(&a->top);
}

struct aliases *
aliases_free(struct aliases *a)
{
	if (a == NULL)
		return NULL;
	forget(a);
	free(a->parts);
	free(a);
	return NULL;
}

/* --- the table of mounts --- */

/* False when it makes no sense. */
static bool
parse_line(struct span line, struct span *device, char *root, char *point)
{
	struct mount_line fields;

	if (!mount_line_read(line, &fields) || fields.type.len == 0 ||
	    fields.device.len >= DEVICE_SIZE || !span_unescape(fields.root, root, PATH_MAX) ||
	    !span_unescape(fields.point, point, PATH_MAX))
		return false;
	if (!follow_is_near(fields.type, fields.device))
		root[0] = '\0';
	*device = fields.device;
	return true;
}

static int
part_set(struct part *p, struct span device, const char *root, const char *point)
{
	*p = (struct part){ .root = strdup(root), .point = strdup(point) };
	memcpy(p->device, device.text, device.len);
	if (p->root != NULL && p->point != NULL)
		return 0;
	part_clear(p);
	return -ENOMEM;
}

static int
add_part(struct aliases *a, struct span device, const char *root, const char *point)
{
	struct part *grown;
	int r;

	if (a->n == a->room) {
		a->room = a->room == 0 ? 16 : a->room * 2;
		grown = reallocarray(a->parts, a->room, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		a->parts = grown;
	}
	r = part_set(&a->parts[a->n], device, root, point);
	a->n += r == 0;
	return r;
}

/* The file system of a part, to be looked for. */
static int
want_whole(struct aliases *a, struct span device)
{
	for (size_t i = 0; i < a->n_wholes; i++)
		if (span_is(device, a->wholes[i].device))
			return 0;
	if (a->n_wholes == ALIASES_DEVICES_MAX)
		return -E2BIG;
	a->wholes[a->n_wholes] = (struct whole){ 0 };
	memcpy(a->wholes[a->n_wholes++].device, device.text, device.len);
	return 0;
}

/* The last one at / is the one that is seen. */
static int
take_part(struct aliases *a, struct span line)
{
	char root[PATH_MAX], point[PATH_MAX];
	struct span device;
	int r;

	if (!parse_line(line, &device, root, point) || (root[0] != '/' && root[0] != '\0'))
		return 0;
	if (strcmp(point, "/") == 0) {
		part_clear(&a->top);
		return part_set(&a->top, device, root, point);
	}
	if (strcmp(root, "/") == 0)
		return 0;
	r = add_part(a, device, root, point);
	return r < 0 || root[0] == '\0' ? r : want_whole(a, device);
}

static int
take_whole(struct aliases *a, struct span line)
{
	char root[PATH_MAX], point[PATH_MAX];
	struct span device;

	if (!parse_line(line, &device, root, point) || strcmp(root, "/") != 0)
		return 0;
	for (size_t i = 0; i < a->n_wholes; i++) {
		struct whole *w = &a->wholes[i];

		if (w->point != NULL || !span_is(device, w->device))
			continue;
		w->point = strdup(point);
		return w->point == NULL ? -ENOMEM : 0;
	}
	return 0;
}

static int
each_line(struct aliases *a, const char *text, int (*take)(struct aliases *a, struct span line))
{
	struct lines lines = { .at = text, .left = LINES_MAX };
	struct span line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line))
		r = take(a, line);
	return r == 0 && lines.cut ? -E2BIG : r;
}

static int
read_table(struct aliases *a)
{
	int64_t now = clock_monotonic_ms();
	_cleanup_(freep) char *text = NULL;
	int r;

	if (a->read && now - a->read_ms < ALIASES_TABLE_AGE_MS)
		return 0;
	a->read = false;
	forget(a);
	r = file_read(table, TABLE_MAX, &text, NULL);
	if (r == 0)
		r = each_line(a, text, take_part);
	if (r == 0 && a->n > 0)
		r = each_line(a, text, take_whole);
	a->read = r == 0;
	a->read_ms = now;
	return r;
}

/* --- names --- */

/* The part that a path lies in: the nearest, and of several at one point the last. */
static const struct part *
part_of(const struct aliases *a, const char *path)
{
	const struct part *found = NULL;

	for (size_t i = 0; i < a->n; i++)
		if (path_behind(path, a->parts[i].point) != NULL &&
		    (found == NULL || strlen(a->parts[i].point) >= strlen(found->point)))
			found = &a->parts[i];
	return found;
}

/* What the host has at / goes before. */
static bool
name_elsewhere(const struct aliases *a, const struct part *p, const char *rest, char *ret)
{
	const char *root = NULL, *point = "";

	if (a->top.device[0] != '\0' && strcmp(a->top.device, p->device) == 0)
		root = path_behind(p->root, a->top.root);
	for (size_t i = 0; root == NULL && i < a->n_wholes; i++) {
		if (a->wholes[i].point == NULL || strcmp(a->wholes[i].device, p->device) != 0)
			continue;
		root = p->root;
		point = a->wholes[i].point;
	}
	return root != NULL && snprintf(ret, PATH_MAX, "%s%s%s", point, root, rest) < PATH_MAX;
}

static bool
is_same_file(const struct host *h, const char *one, const char *other)
{
	struct stat a, b;

	return host_stat(h, one, &a) == 0 && host_stat(h, other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int
aliases_find(struct aliases *a, const char *path, char **ret)
{
	const struct part *p;
	char name[PATH_MAX];
	int r;

	*ret = NULL;
	if (host_root(a->host)[0] != '\0')
		return 0;
	r = read_table(a);
	if (r < 0)
		return r;
	p = part_of(a, path);
	if (p == NULL || p->root[0] == '\0' ||
	    !name_elsewhere(a, p, path_behind(path, p->point), name) || strcmp(name, path) == 0 ||
	    !is_same_file(a->host, path, name))
		return 0;
	*ret = strdup(name[0] != '\0' ? name : "/");
	return *ret == NULL ? -ENOMEM : 0;
}
