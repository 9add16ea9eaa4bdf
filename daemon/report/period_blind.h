/* SPDX-License-Identifier: Apache-2.0
 *
 * Times in which a watcher, or the whole daemon, saw nothing, and which rules that concerns. */
#ifndef REPORT_PERIOD_BLIND_H
#define REPORT_PERIOD_BLIND_H

#include "util/macros.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The watchers by the names that notices have, and the daemon itself, without which nothing is
 * watched. */
enum period_source {
	PERIOD_EVENTS,
	PERIOD_FILES,
	PERIOD_AUDIT,
	PERIOD_MOUNTS,
	PERIOD_DAEMON,
	_PERIOD_SOURCES,
};

struct period_blind {
	enum period_source source;
	int64_t from_ms, to_ms; /* PERIOD_OPEN: it lasts */
	char *why;
};

struct period_span {
	int64_t from_ms, to_ms;
};

struct period_spans {
	struct period_span *items; /* in order, apart from one another */
	size_t n;
};

struct period_blinds {
	struct period_blind *items;
	size_t n;
	struct period_spans
	    merged[1U << _PERIOD_SOURCES]; /* by set of sources; made when asked for */
	bool made[1U << _PERIOD_SOURCES];
};

struct json_object;

struct period_blinds *period_blinds_new(void);                     /* NULL: out of memory */
struct period_blinds *period_blinds_free(struct period_blinds *b); /* takes NULL, returns NULL */

const char *period_source_name(enum period_source source);
int period_source_from_name(const char *name); /* -1: no such one */
/* The watchers of a rule's facts, from the topics that it reads; without topics, of all that can be
 * read of subjects of that kind. A bit set, the daemon always in it. */
unsigned period_sources_of(struct json_object *topics, const char *kind);

/* A source goes blind, unless it is. 0 or -ENOMEM. */
int period_blinds_open(
    struct period_blinds *b, enum period_source source, int64_t at_ms, const char *why);
void period_blinds_close(struct period_blinds *b, enum period_source source, int64_t at_ms);
/* The spans in which one of these sources saw nothing. Borrowed; NULL: out of memory. */
const struct period_spans *period_blinds_of(struct period_blinds *b, unsigned sources);
/* How much of [from, to) lies in them. */
int64_t period_spans_within(const struct period_spans *spans, int64_t from_ms, int64_t to_ms);

#endif
