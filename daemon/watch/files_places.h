/* SPDX-License-Identifier: Apache-2.0
 *
 * The directories and files on all ways, each once, with what lay there: a mount that covers one of
 * them shows in its device or inode. Ways have most directories in common, so that this is a tenth
 * of walking them. Knows nothing of which way leads over what. */
#ifndef WATCH_FILES_PLACES_H
#define WATCH_FILES_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct host;

struct files_place {
	char *path; /* without links */
	dev_t device;
	ino_t inode;
};

/* All zero: none. */
struct files_places {
	struct files_place *items;
	size_t n, room;
};

/* 0 or -ENOMEM. */
int files_places_note(struct files_places *p, const char *path, const struct stat *st);
/* At one of them lies something else now, or nothing. */
bool files_places_moved(const struct files_places *p, const struct host *host);
void files_places_clear(struct files_places *p);

#endif
