/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/listening.h"

#include "collect/proc.h"
#include "collect/tcp_listeners.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	UNIX_TABLE_MAX = 16 * 1024 * 1024,
};

static bool
has_inode(const ino_t *inodes, size_t n, ino_t wanted)
{
	for (size_t i = 0; i < n; i++)
		if (inodes[i] == wanted)
			return true;
	return false;
}

static int
add(struct listening *l, const struct net_socket *socket)
{
	bool six = strchr(socket->address, ':') != NULL;
	char *text;

	if (asprintf(&text, six ? "[%s]:%u" : "%s:%u", socket->address, socket->port) < 0)
		return -ENOMEM;
	l->addresses[l->n++] = text;
	return 0;
}

static int
pick(struct listening *l, const struct tcp_listeners *all, const ino_t *inodes, size_t n)
{
	int r = all->cut ? -E2BIG : 0;

	if (r == 0 && all->n > 0) {
		l->addresses = calloc(all->n, sizeof(*l->addresses));
		r = l->addresses == NULL ? -ENOMEM : 0;
	}
	for (size_t i = 0; r == 0 && i < all->n; i++)
		if (has_inode(inodes, n, all->items[i].inode))
			r = add(l, &all->items[i]);
	return r;
}

static int
pick_paths(struct listening *l, char *table, const ino_t *inodes, size_t n)
{
	const char *path;
	ino_t inode;

	l->paths = calloc(n + 1, sizeof(*l->paths));
	if (l->paths == NULL)
		return -ENOMEM;
	while (l->n_paths < n && (inode = proc_unix_next(&table, &path)) != 0) {
		if (!has_inode(inodes, n, inode))
			continue;
		l->paths[l->n_paths] = strdup(path);
		if (l->paths[l->n_paths] == NULL)
			return -ENOMEM;
		l->n_paths++;
	}
	return 0;
}

int
listening_read(struct listening *ret, int pid)
{
	_cleanup_(tcp_listeners_clear) struct tcp_listeners all = { 0 };
	_cleanup_(freep) ino_t *inodes = NULL;
	_cleanup_(freep) char *table = NULL;
	size_t n = 0;
	int r;

	*ret = (struct listening){ 0 };
	r = proc_sockets(pid, &inodes, &n);
	if (r == 0)
		r = tcp_listeners_read(&all, pid);
	if (r == 0)
		r = pick(ret, &all, inodes, n);
	if (r == 0)
		r = proc_read(pid, "net/unix", UNIX_TABLE_MAX, &table, NULL);
	return r < 0 ? r : pick_paths(ret, table, inodes, n);
}

void
listening_clear(struct listening *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->addresses[i]);
	for (size_t i = 0; i < l->n_paths; i++)
		free(l->paths[i]);
	free(l->addresses);
	free(l->paths);
	*l = (struct listening){ 0 };
}
