/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host_users.h"

#include "collect/ask_child.h"
#include "collect/file_stat.h"
#include "collect/host.h"
#include "collect/name_service.h"
#include "facts/build.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	FILE_MAX = 16 * 1024 * 1024,
};

struct host_users {
	host_users_done_fn *done;
	void *arg;
	struct snapshot *socket;
	char *passwd, *group;
	char passwd_why[128], group_why[128];
	struct ask_child *child;
};

struct host_users *
host_users_free(struct host_users *u)
{
	if (u == NULL)
		return NULL;
	u->child = ask_child_free(u->child);
	u->socket = snapshot_free(u->socket);
	free(u->passwd);
	free(u->group);
	free(u);
	return NULL;
}

/* The socket is where this process sees it, whatever the root of the host's files is. */
static int
look_at_socket(struct snapshot **ret, const char *path)
{
	_cleanup_(host_freep) struct host *ours = NULL;
	int r = host_new(&ours, "/");

	return r < 0 ? r : file_stat_collect(ret, ours, path);
}

/* `why` stays empty when there is a text. */
static int
read_text(const struct host *host, const char *path, char **ret, char *why, size_t size)
{
	int r = host_read(host, path, FILE_MAX, ret, NULL);

	if (r < 0 && r != -ENOMEM)
		(void)snprintf(why, size, "%s: %s", path, strerror(-r));
	return r == -ENOMEM ? r : 0;
}

static int
build(struct snapshot **ret, const struct host_users *u, const char *service_passwd,
    const char *service_group, const char *service_why)
{
	const struct host_users_input in = {
		.socket = u->socket,
		.passwd = u->passwd,
		.group = u->group,
		.passwd_why = u->passwd_why,
		.group_why = u->group_why,
		.service_passwd = service_passwd,
		.service_group = service_group,
		.service_why = service_why,
	};

	return build_host_users(ret, &in);
}

static void
on_answer(void *arg, const char *why, const char *answer, size_t len)
{
	const char *passwd = NULL, *group = NULL;
	struct snapshot *snapshot = NULL;
	struct host_users *u = arg;
	char text[160];
	int r;

	if (why == NULL && !name_service_split(answer, len, &passwd, &group))
		why = "it makes no sense";
	if (why != NULL)
		(void)snprintf(text, sizeof(text), "the name service: %s", why);
	r = build(&snapshot, u, passwd, group, why != NULL ? text : NULL);
	u->done(u->arg, r, snapshot);
}

/* Whether the name service has to be asked. 0 or 1, or -errno with `why`. */
static int
has_service(const struct host *host, char *why, size_t size)
{
	_cleanup_(freep) char *nsswitch = NULL;
	int r = host_read(host, "/etc/nsswitch.conf", FILE_MAX, &nsswitch, NULL);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0; /* then it is the files alone */
	if (r < 0) {
		(void)snprintf(why, size, "/etc/nsswitch.conf: %s", strerror(-r));
		return r;
	}
	if (!name_service_beside_files(nsswitch))
		return 0;
	if (*host_root(host) == '\0')
		return 1;
	(void)snprintf(why, size, "the name service of another root can't be asked");
	return -EXDEV;
}

static int
begin(struct host_users *u, const struct host *host, const char *socket)
{
	int r;

	r = look_at_socket(&u->socket, socket);
	if (r == 0)
		r = read_text(
		    host, "/etc/passwd", &u->passwd, u->passwd_why, sizeof(u->passwd_why));
	if (r == 0)
		r = read_text(host, "/etc/group", &u->group, u->group_why, sizeof(u->group_why));
	return r;
}

int
host_users_collect(struct snapshot **ret, struct host_users **ret_asking, struct event_base *base,
    const struct host *host, const char *socket, host_users_done_fn *done, void *arg)
{
	_cleanup_(host_users_freep) struct host_users *u = calloc(1, sizeof(*u));
	struct socket_ids ids;
	const char *hidden;
	char why[160] = "";
	int r;

	if (u == NULL)
		return -ENOMEM;
	u->done = done;
	u->arg = arg;
	r = begin(u, host, socket);
	if (r < 0)
		return r;
	/* Nobody is asked for names when there are no numbers. */
	if (!socket_ids_of(&ids, u->socket, &hidden) || ids.n_gids + ids.n_uids == 0)
		return build(ret, u, NULL, NULL, NULL);
	r = has_service(host, why, sizeof(why));
	if (r == 1)
		r = ask_child_new(&u->child, base, name_service_answer, &ids, ASK_CHILD_DEADLINE_MS,
		    on_answer, u);
	else if (r == 0)
		return build(ret, u, NULL, NULL, NULL);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		if (why[0] == '\0')
			(void)snprintf(why, sizeof(why), "the name service: %s", strerror(-r));
		return build(ret, u, NULL, NULL, why);
	}
	*ret_asking = TAKE(u);
	return HOST_USERS_E_ASKING;
}
