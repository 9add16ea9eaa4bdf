/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/files_places.h"

#include "collect/host.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct files_place *
find(const struct files_places *p, const char *path)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->items[i].path, path) == 0)
			return &p->items[i];
	return NULL;
}

static struct files_place *
append(struct files_places *p, const char *path)
{
	size_t room = p->room == 0 ? 64 : p->room * 2;
	struct files_place *grown;
	char *copy;

	if (p->n == p->room) {
		grown = reallocarray(p->items, room, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		p->items = grown;
		p->room = room;
	}
	copy = strdup(path);
	if (copy == NULL)
		return NULL;
	p->items[p->n].path = copy;
	return &p->items[p->n++];
}

int
files_places_note(struct files_places *p, const char *path, const struct stat *st)
{
	struct files_place *place = find(p, path);

	if (place == NULL)
		place = append(p, path);
	if (place == NULL)
		return -ENOMEM;
	place->device = st->st_dev;
	place->inode = st->st_ino;
	return 0;
}

bool
files_places_moved(const struct files_places *p, const struct host *host)
{
	struct stat st;

	for (size_t i = 0; i < p->n; i++)
		if (host_stat(host, p->items[i].path, &st) < 0 || st.st_dev != p->items[i].device ||
		    st.st_ino != p->items[i].inode)
			return true;
	return false;
}

void
files_places_clear(struct files_places *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->items[i].path);
	free(p->items);
	*p = (struct files_places){ 0 };
}
