/* SPDX-License-Identifier: Apache-2.0
 *
 * host.mounts: whether the engine's data root is a mount of its own.
 *
 * Which of the mounts at or above a directory is the one that a path reaches follows from the
 * mounts' parents: a mount that another one covers has no way down to it. So the walk starts at the
 * root and takes the nearest mount on the way to the directory until there is none. */
#include "facts/build.h"

#include "facts/read.h"
#include "util/mount_line.h"
#include "util/path.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

enum {
	LINES_MAX = 64 * 1024,
	ABOVE_MAX = 256, /* mounts at or above one directory */
};

struct mount {
	uint64_t id, parent;
	struct span device;
	size_t point_len; /* the mount point is that much of the directory's path */
};

struct mounts {
	const char *path; /* of the directory */
	struct mount items[ABOVE_MAX];
	size_t n;
};

/* False when the line makes no sense. */
static bool
take_line(struct mounts *m, struct span line)
{
	char point[PATH_MAX];
	struct mount_line fields;
	struct mount mount;
	const char *behind;

	if (!mount_line_read(line, &fields) || !span_number(fields.id, &mount.id) ||
	    !span_number(fields.parent, &mount.parent))
		return false;
	behind =
	    span_unescape(fields.point, point, sizeof(point)) ? path_behind(m->path, point) : NULL;
	if (behind == NULL)
		return true;
	mount.device = fields.device;
	mount.point_len = (size_t)(behind - m->path);
	if (m->n == ABOVE_MAX)
		return false;
	m->items[m->n++] = mount;
	return true;
}

static const struct mount *
mount_root(const struct mounts *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct mount *root = &m->items[i];
		bool covers = false;

		for (size_t k = 0; k < m->n; k++)
			covers |= k != i && m->items[k].id == root->parent;
		if (root->point_len == 0 && !covers)
			return root;
	}
	return NULL;
}

/* The mount that the first `len` bytes of the path reach. NULL: the table has no root. */
static const struct mount *
mount_of(const struct mounts *m, size_t len)
{
	const struct mount *at = mount_root(m), *next;

	for (size_t steps = 0; at != NULL && steps < m->n; steps++) {
		next = NULL;
		for (size_t i = 0; i < m->n; i++) {
			const struct mount *child = &m->items[i];

			if (child != at && child->parent == at->id && child->point_len <= len &&
			    (next == NULL || child->point_len < next->point_len))
				next = child;
		}
		if (next == NULL)
			break;
		at = next;
	}
	return at;
}

static size_t
parent_len(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

/* The first `len` bytes of the path are a mount point of another device than what is above. A bind
 * mount of the same device holds nobody's data apart. */
static bool
is_apart(const struct mounts *m, size_t len)
{
	const struct mount *own = mount_of(m, len), *above = mount_of(m, parent_len(m->path, len));

	return len > 0 && own->point_len == len &&
	       (own->device.len != above->device.len ||
		   memcmp(own->device.text, above->device.text, own->device.len) != 0);
}

/* With remapped user namespaces the data root has a level more: <uid>.<gid>. */
static bool
is_remapped(const char *path, size_t len)
{
	size_t at = parent_len(path, len);
	struct span name, uid;
	uint64_t id;

	if (len <= at + 1)
		return false;
	name = (struct span){ path + at + 1, len - at - 1 };
	return span_field(&name, '.', &uid) && span_number(uid, &id) && span_number(name, &id);
}

static void
set_mounted(struct draft *d, const struct mounts *m)
{
	size_t len = strlen(m->path);
	const struct mount *own = mount_of(m, len);
	bool apart;

	if (own == NULL) {
		draft_set(d, FACT_HOST_DATA_ROOT_MOUNTED,
		    value_unreadable("the mount table has no root"));
		draft_set(
		    d, FACT_HOST_DATA_ROOT_DEVICE, value_unreadable("the mount table has no root"));
		return;
	}
	apart = is_apart(m, len) ||
		(is_remapped(m->path, len) && is_apart(m, parent_len(m->path, len)));
	draft_set(d, FACT_HOST_DATA_ROOT_MOUNTED, value_bool(apart));
	draft_set(
	    d, FACT_HOST_DATA_ROOT_DEVICE, read_text(d->arena, own->device.text, own->device.len));
}

static const char *
look(struct mounts *m, const struct host_mounts_input *in)
{
	struct lines lines = { .at = in->mountinfo, .left = LINES_MAX };
	struct span line;

	while (lines_next(&lines, &line)) {
		if (!take_line(m, line))
			return "a line of the mount table makes no sense";
	}
	return lines.cut ? "the mount table is too long" : NULL;
}

/* Without slashes at its end; "/" is empty. NULL when out of memory. */
static const char *
plain_path(struct arena *a, const char *path)
{
	size_t len = strlen(path);

	while (len > 0 && path[len - 1] == '/')
		len--;
	return arena_strndup(a, path, len);
}

int
build_host_mounts(struct snapshot **ret, const struct host_mounts_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	struct mounts m = { 0 };
	const char *why = NULL;
	int r;

	assert(in->data_root != NULL || in->data_root_why != NULL);
	r = draft_init(&d, TOPIC_HOST_MOUNTS);
	if (r < 0)
		return r;
	if (in->data_root == NULL)
		why = in->data_root_why;
	else if (in->data_root[0] != '/')
		why = "the data root is no absolute path";
	else if (in->mountinfo == NULL)
		why = in->mountinfo_why;
	if (why == NULL) {
		m.path = plain_path(d.arena, in->data_root);
		if (m.path == NULL)
			return -ENOMEM;
		why = look(&m, in);
	}
	if (why == NULL) {
		set_mounted(&d, &m);
	} else {
		draft_set(&d, FACT_HOST_DATA_ROOT_MOUNTED, unreadable_printf(d.arena, "%s", why));
		draft_set(&d, FACT_HOST_DATA_ROOT_DEVICE, unreadable_printf(d.arena, "%s", why));
	}
	return draft_finish(&d, ret);
}
