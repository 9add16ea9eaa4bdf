/* SPDX-License-Identifier: Apache-2.0
 *
 * file.stat. */
#include "facts/build.h"

#include "facts/read.h"
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The extended attribute as the kernel gives it: a head, then entries, all little-endian. */
struct acl_head {
	uint32_t version;
};

struct acl_entry {
	uint16_t tag;
	uint16_t perm;
	uint32_t id;
};

enum {
	ACL_VERSION = 2,
};

enum acl_tag {
	ACL_USER_OBJ = 0x01,
	ACL_USER = 0x02,
	ACL_GROUP_OBJ = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20,
};

static const char malformed[] = "system.posix_acl_access is malformed";

static struct acl_entry
acl_entry_at(const struct file_stat_input *in, size_t i)
{
	struct acl_entry e;

	memcpy(&e, (const char *)in->acl + sizeof(struct acl_head) + i * sizeof(e), sizeof(e));
	return (struct acl_entry){ le16toh(e.tag), le16toh(e.perm), le32toh(e.id) };
}

/* How many entries there are; -1 when that is no list of entries. */
static ssize_t
acl_count(const struct file_stat_input *in)
{
	struct acl_head head;

	if (in->acl_len < sizeof(head))
		return -1;
	memcpy(&head, in->acl, sizeof(head));
	if (le32toh(head.version) != ACL_VERSION ||
	    (in->acl_len - sizeof(head)) % sizeof(struct acl_entry) != 0)
		return -1;
	return (ssize_t)((in->acl_len - sizeof(head)) / sizeof(struct acl_entry));
}

/* "user:1000:rw-", with what the mask leaves of it: what is in force is judged. */
static struct value
acl_text(struct arena *a, const struct acl_entry *e, unsigned mask)
{
	unsigned perm = e->perm & mask;
	const char *text = arena_printf(a, "%s:%u:%c%c%c", e->tag == ACL_USER ? "user" : "group",
	    (unsigned)e->id, perm & 4 ? 'r' : '-', perm & 2 ? 'w' : '-', perm & 1 ? 'x' : '-');

	return text == NULL ? value_unreadable("too large to keep") : value_string(text);
}

static bool
acl_mask(const struct file_stat_input *in, ssize_t n, unsigned *ret)
{
	struct acl_entry e;

	*ret = 7;
	for (ssize_t i = 0; i < n; i++) {
		e = acl_entry_at(in, (size_t)i);
		if (e.perm > 7)
			return false;
		if (e.tag == ACL_MASK)
			*ret = e.perm;
	}
	return true;
}

static struct value
acl_value(struct arena *a, const struct file_stat_input *in)
{
	struct list_draft l = { .arena = a };
	struct acl_entry e;
	unsigned mask;
	ssize_t n;

	if (in->acl_errno == ENODATA || in->acl_errno == EOPNOTSUPP)
		return value_list(NULL, 0);
	if (in->acl_errno != 0)
		return unreadable_printf(a, "system.posix_acl_access: %s", strerror(in->acl_errno));
	if (in->acl_len == 0)
		return value_list(NULL, 0);
	n = acl_count(in);
	if (n < 0 || !acl_mask(in, n, &mask))
		return value_unreadable(malformed);
	for (ssize_t i = 0; i < n; i++) {
		e = acl_entry_at(in, (size_t)i);
		switch (e.tag) {
		case ACL_USER:
		case ACL_GROUP:
			list_add(&l, acl_text(a, &e, mask));
			break;
		case ACL_USER_OBJ:
		case ACL_GROUP_OBJ:
		case ACL_MASK:
		case ACL_OTHER:
			break;
		default:
			return value_unreadable(malformed);
		}
	}
	return list_finish(&l);
}

static struct value
type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return value_string("regular");
	case S_IFDIR:
		return value_string("directory");
	case S_IFSOCK:
		return value_string("socket");
	case S_IFCHR:
	case S_IFBLK:
		return value_string("device");
	case S_IFIFO:
		return value_string("fifo");
	case S_IFLNK:
		return value_string("link");
	}
	return value_unreadable("a file of no known type");
}

/* All but the path. */
static void
set_all(struct draft *d, struct value v)
{
	for (enum fact_id f = FACT_FILE_EXISTS; f <= FACT_FILE_ACL; f++)
		draft_set(d, f, v);
}

static void
set_found(struct draft *d, const struct file_stat_input *in)
{
	const struct stat *st = in->st;
	bool is_link = in->lst != NULL && S_ISLNK(in->lst->st_mode);

	draft_set(d, FACT_FILE_EXISTS, value_bool(true));
	draft_set(d, FACT_FILE_TYPE, type_name(st->st_mode));
	draft_set(d, FACT_FILE_MODE, value_int(st->st_mode & 07777));
	draft_set(d, FACT_FILE_UID, value_int(st->st_uid));
	draft_set(d, FACT_FILE_GID, value_int(st->st_gid));
	draft_set(d, FACT_FILE_LINK_UID, value_int(is_link ? in->lst->st_uid : st->st_uid));
	draft_set(d, FACT_FILE_ACL, acl_value(d->arena, in));
	draft_set(d, FACT_FILE_TARGET,
	    in->target == NULL ? value_unreadable("the path that links lead to is not known")
			       : read_text(d->arena, in->target, strlen(in->target)));
}

int
build_file_stat(struct snapshot **ret, const struct file_stat_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	int r;

	r = draft_init(&d, TOPIC_FILE_STAT);
	if (r < 0)
		return r;
	draft_set(&d, FACT_FILE_PATH, read_text(d.arena, in->path, strlen(in->path)));
	if (in->error == ENOENT || in->error == ENOTDIR) {
		set_all(&d, value_absent());
		draft_set(&d, FACT_FILE_EXISTS, value_bool(false));
	} else if (in->error != 0 || in->st == NULL) {
		set_all(&d, unreadable_printf(d.arena, "%s",
				in->error != 0 ? strerror(in->error) : "nobody looked"));
	} else {
		set_found(&d, in);
	}
	return draft_finish(&d, ret);
}
