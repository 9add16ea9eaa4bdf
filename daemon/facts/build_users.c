/* SPDX-License-Identifier: Apache-2.0
 *
 * host.users: the accounts that can reach the engine's socket, which is as good as being root.
 *
 * To connect takes write permission on the socket. The folder above may keep some out who are
 * listed here: that is no reason to trust them. */
#include "facts/build.h"

#include "facts/read.h"
#include "util/lines.h"
#include <errno.h>
#include <string.h>

enum {
	ENTRIES_MAX = 128 * 1024, /* lines of one text */
	WRITE_OWNER = 0200,
	WRITE_GROUP = 0020,
	WRITE_OTHER = 0002,
};

/* The list in the making. `roots` holds names of uid 0, who needs no socket. */
struct users {
	struct list_draft names, roots;
	const struct socket_ids *ids;
	bool named[SOCKET_IDS_MAX]; /* uids[i] has a name */
	bool cut;
};

static bool
has_id(const uint32_t *ids, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

static bool
add_id(uint32_t *ids, size_t *n, uint32_t id)
{
	if (has_id(ids, *n, id))
		return true;
	if (*n == SOCKET_IDS_MAX)
		return false;
	ids[(*n)++] = id;
	return true;
}

static bool
add_uid(struct socket_ids *ids, uint32_t uid)
{
	return uid == 0 || add_id(ids->uids, &ids->n_uids, uid);
}

/* "user:1000:rw-" */
static bool
add_acl_entry(struct socket_ids *ids, const struct value *entry)
{
	struct span text, tag, id;
	uint64_t number;

	if (entry->type != VALUE_STRING)
		return false;
	text = (struct span){ entry->string, entry->len };
	if (!span_field(&text, ':', &tag) || !span_field(&text, ':', &id) ||
	    !span_number(id, &number) || number > UINT32_MAX || text.text == NULL)
		return false;
	if (memchr(text.text, 'w', text.len) == NULL)
		return true;
	return span_is(tag, "user") ? add_uid(ids, (uint32_t)number)
				    : add_id(ids->gids, &ids->n_gids, (uint32_t)number);
}

static const char *
read_ids(struct socket_ids *ids, const struct snapshot *socket)
{
	static const enum fact_id needed[] = { FACT_FILE_TYPE, FACT_FILE_MODE, FACT_FILE_UID,
		FACT_FILE_GID, FACT_FILE_ACL };
	const struct value *acl = snapshot_get(socket, FACT_FILE_ACL), *v;
	int64_t mode;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		v = snapshot_get(socket, needed[i]);
		if (v->type == VALUE_UNREADABLE)
			return v->string;
		if (v->type == VALUE_ABSENT)
			return "the engine has no socket file";
	}
	if (strcmp(snapshot_get(socket, FACT_FILE_TYPE)->string, "socket") != 0)
		return "what is there in the socket's place is none";
	mode = snapshot_get(socket, FACT_FILE_MODE)->integer;
	ids->everyone = mode & WRITE_OTHER;
	if (mode & WRITE_OWNER)
		(void)add_uid(ids, (uint32_t)snapshot_get(socket, FACT_FILE_UID)->integer);
	if (mode & WRITE_GROUP)
		(void)add_id(ids->gids, &ids->n_gids,
		    (uint32_t)snapshot_get(socket, FACT_FILE_GID)->integer);
	for (uint32_t i = 0; i < acl->len; i++) {
		if (!add_acl_entry(ids, &acl->items[i]))
			return "the socket's access list is too long or makes no sense";
	}
	return acl->cut ? "the socket's access list is too long" : NULL;
}

bool
socket_ids_of(struct socket_ids *ret, const struct snapshot *socket, const char **why)
{
	*ret = (struct socket_ids){ 0 };
	*why = read_ids(ret, socket);
	return *why == NULL;
}

static bool
has_name(const struct list_draft *l, struct span name)
{
	for (size_t i = 0; i < l->n; i++) {
		if (span_is(name, l->items[i].string))
			return true;
	}
	return false;
}

static void
add_name(struct list_draft *l, struct span name)
{
	if (name.len > 0 && !has_name(l, name))
		list_add(l, read_text(l->arena, name.text, name.len));
}

/* "name:x:uid:gid:..." of /etc/passwd. What isn't like that gives nobody an account. */
static void
take_account(struct users *u, struct span line)
{
	struct span name, password, uid_text, gid_text;
	uint64_t uid, gid;

	if (!span_field(&line, ':', &name) || !span_field(&line, ':', &password) ||
	    !span_field(&line, ':', &uid_text) || !span_field(&line, ':', &gid_text) ||
	    !span_number(uid_text, &uid) || !span_number(gid_text, &gid))
		return;
	if (uid == 0) {
		add_name(&u->roots, name);
		return;
	}
	for (size_t i = 0; i < u->ids->n_uids; i++)
		u->named[i] |= u->ids->uids[i] == uid;
	if (has_id(u->ids->uids, u->ids->n_uids, uid) || has_id(u->ids->gids, u->ids->n_gids, gid))
		add_name(&u->names, name);
}

/* "name:x:gid:member,member" of /etc/group. */
static void
take_group(struct users *u, struct span line)
{
	struct span name, password, gid_text, members, member;
	uint64_t gid;

	if (!span_field(&line, ':', &name) || !span_field(&line, ':', &password) ||
	    !span_field(&line, ':', &gid_text) || !span_field(&line, ':', &members) ||
	    !span_number(gid_text, &gid) || !has_id(u->ids->gids, u->ids->n_gids, gid))
		return;
	while (span_field(&members, ',', &member)) {
		if (!has_name(&u->roots, member))
			add_name(&u->names, member);
	}
}

static void
take_lines(struct users *u, const char *text, void (*take)(struct users *u, struct span line))
{
	struct lines lines = { .at = text, .left = ENTRIES_MAX };
	struct span line;

	if (text == NULL)
		return;
	while (lines_next(&lines, &line)) {
		/* + and - refer to the name service, which is asked by itself. */
		if (line.len > 0 && strchr("#+-", line.text[0]) == NULL)
			take(u, line);
	}
	u->cut |= lines.cut;
}

/* An account that only the access list knows, by its number. */
static void
add_nameless(struct users *u)
{
	const char *number;

	for (size_t i = 0; i < u->ids->n_uids; i++) {
		if (u->named[i])
			continue;
		number = arena_printf(u->names.arena, "%u", (unsigned)u->ids->uids[i]);
		list_add(&u->names,
		    number == NULL ? value_unreadable("too large to keep") : value_string(number));
	}
}

static struct value
list_users(struct arena *a, const struct host_users_input *in, const struct socket_ids *ids)
{
	struct users u = { .names.arena = a, .roots.arena = a, .ids = ids };

	add_name(&u.roots, (struct span){ "root", strlen("root") });
	if (ids->everyone)
		list_add(&u.names, value_string("*"));
	take_lines(&u, in->passwd, take_account);
	take_lines(&u, in->service_passwd, take_account);
	take_lines(&u, in->group, take_group);
	take_lines(&u, in->service_group, take_group);
	add_nameless(&u);
	u.names.cut |= u.cut;
	return list_finish(&u.names);
}

/* Why the accounts can't be told; NULL: they can. Nobody needs a name where no number is let in. */
static const char *
why_not(const struct host_users_input *in, const struct socket_ids *ids)
{
	if (ids->n_gids == 0 && ids->n_uids == 0)
		return NULL;
	if (in->passwd == NULL)
		return in->passwd_why;
	if (in->group == NULL)
		return in->group_why;
	return in->service_why;
}

int
build_host_users(struct snapshot **ret, const struct host_users_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	struct socket_ids ids;
	const char *why;
	int r;

	r = draft_init(&d, TOPIC_HOST_USERS);
	if (r < 0)
		return r;
	if (socket_ids_of(&ids, in->socket, &why))
		why = why_not(in, &ids);
	draft_set(&d, FACT_HOST_ENGINE_USERS,
	    why == NULL ? list_users(d.arena, in, &ids) : unreadable_printf(d.arena, "%s", why));
	return draft_finish(&d, ret);
}
