/* SPDX-License-Identifier: Apache-2.0
 *
 * What the last inspection of each container said that other questions need: its first process and
 * the user that it asks for. A hint, to be checked before use. */
#ifndef COLLECT_KNOWN_H
#define COLLECT_KNOWN_H

#include "util/macros.h"
#include <stdbool.h>

enum {
	KNOWN_BUCKETS = 1024,
	KNOWN_MAX = 65536, /* containers; more are not remembered */
};

struct known_container {
	struct known_container *next;
	char *id;
	char *user;        /* NULL: not known */
	int pid;           /* 0: not known, or none */
	long long started; /* of the pid: proc_started_ticks() */
	bool listed;
};

struct known {
	struct known_container *buckets[KNOWN_BUCKETS];
	unsigned n;
};

void known_deinit(struct known *k);
struct known_container *known_find(const struct known *k, const char *id); /* or NULL */
/* The entry of that id, made where there is none. NULL: no memory, or too many. */
struct known_container *known_add(struct known *k, const char *id);
/* Marks an entry as seen in a list; known_forget_unlisted() drops those that were not, and takes
 * the marks away. */
void known_mark_listed(struct known *k, const char *id);
void known_forget_unlisted(struct known *k);
void known_forget(struct known *k, const char *id);

#endif
