/* SPDX-License-Identifier: Apache-2.0
 *
 * What daemon.json said when dockerd started, as far as it was seen in time. dockerd reads the file
 * when it starts: whoever saw it then, or that there is none, knows what is in force, whatever was
 * written since.
 *
 * Times of files and of dockerd's start are by a clock that may step. They are held against each
 * other once for each dockerd, as early as can be; what was found then stays, over a restart of
 * ours as well where there is a file to keep it in. A process is named by the boot, its pid and its
 * start, so that the file is never taken for another dockerd's. */
#ifndef COLLECT_CONFIG_MEMORY_H
#define COLLECT_CONFIG_MEMORY_H

#include "util/macros.h"
#include <stdbool.h>
#include <stdint.h>

struct engine_settings_input;

enum {
	CONFIG_REMEMBERED_MAX = 64 * 1024, /* bytes of the file */
};

struct config_memory {
	int pid; /* of the dockerd that it holds for; 0: nothing is known */
	long long started_ticks;
	int64_t started_ms; /* CLOCK_REALTIME, as it was when this dockerd was first seen */
	bool known;         /* `text` is what it has read */
	bool too_late;      /* the file was another already, and what it has read is lost */
	char *text;         /* NULL: there was no file */
	char *path;         /* where it is kept; NULL: nowhere */
};

/* Keeps it in a file of that folder from now on, and begins with what is there. What can't be read,
 * or written later, is as if it had not been seen. 0 or -ENOMEM. */
int config_memory_keep(struct config_memory *m, const char *folder);
void config_memory_deinit(struct config_memory *m);
/* When that dockerd started, where it is said to have started at `started_ms` by today's clock. */
int64_t config_memory_started(
    struct config_memory *m, int pid, long long ticks, int64_t started_ms);
/* Puts in place what is remembered, or remembers what is there; of the dockerd that was named last.
 */
void config_memory_recall(struct config_memory *m, struct engine_settings_input *in);

#endif
