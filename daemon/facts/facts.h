/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts: typed values with a path, made from one table (facts/fact_list.h), and snapshots: what one
 * collection of a topic brought for one subject. Builders that make snapshots of raw input are in
 * facts/build.h. Knows nothing of the world. */
#ifndef FACTS_FACTS_H
#define FACTS_FACTS_H

#include "expr/expr.h"
#include "expr/value.h"
#include "facts/fact_list.h"
#include "facts/topic.h"
#include <stdbool.h>

enum fact_flags {
	FACT_VOLATILE = 1 << 0,   /* ages, counters: never make drift by themselves */
	FACT_NAME_ONLY = 1 << 1,  /* of a map the keys may be shown, of a list of "k=v" the k */
	FACT_COUNT_ONLY = 1 << 2, /* nothing but how many there are */
	FACT_OCTAL = 1 << 3,      /* permission bits: shown as "0644" */
};

enum fact_id {
#define X(name, path, type, topic, flags, origin, doc) FACT_##name,
	FACT_LIST(X)
#undef X
	    _FACTS,
};

struct fact {
	const char *path;
	const struct type *type;
	enum topic topic;
	unsigned flags;
	const char *origin; /* "GET /containers/{id}/json HostConfig.Privileged" */
	const char *doc;
};

extern const struct fact fact_table[_FACTS];

/* Records that facts are lists of, with documented fields. */
extern const struct type type_mount, type_port, type_device, type_ulimit, type_security_opt,
    type_audit_watch, type_listener, type_exec;
extern const struct type type_list_mount, type_list_port, type_list_device, type_list_ulimit,
    type_list_security_opt, type_list_audit_watch, type_list_listener, type_list_exec;

/* The fact of that path, or -1. */
int fact_find(const char *path, size_t len);
/* Does a checked expression read a fact with one of these flags? */
bool facts_flagged(const struct expr *e, unsigned flags);
/* First fact of a topic, and how many it has: they stand together in the table. */
enum fact_id topic_first_fact(enum topic topic);
unsigned topic_fact_count(enum topic topic);

/* What one collection brought. Immutable, in one block of memory. `values[i]` is the fact
 * first + i. */
struct snapshot {
	enum topic topic;
	enum fact_id first; /* topic_first_fact(topic) */
	unsigned n;
	int64_t collected_ms; /* CLOCK_REALTIME */
	int64_t
	    changes_at_ms; /* CLOCK_REALTIME at which the topic goes stale by itself; 0: never */
	struct value values[];
};

struct snapshot *snapshot_free(struct snapshot *s); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct snapshot, snapshot_free)

/* The borrowed value of a fact; a static unreadable "not collected yet" when `s` is NULL. The fact
 * must be of the topic. */
const struct value *snapshot_get(const struct snapshot *s, enum fact_id fact);

/* A snapshot whose every fact is unreadable for one reason (copied), or absent. NULL when out of
 * memory. */
struct snapshot *snapshot_unreadable(enum topic topic, const char *reason);
struct snapshot *snapshot_absent(enum topic topic);

/* A snapshot in the making. Facts that are never set read unreadable "not in the reply". */
struct draft {
	enum topic topic;
	enum fact_id first;      /* topic_first_fact(topic) */
	struct arena *arena;     /* strings and lists live here; owned */
	struct value values[64]; /* no topic has more facts; asserted by a test */
};

int draft_init(struct draft *d, enum topic topic); /* 0 or -ENOMEM */
void draft_set(struct draft *d, enum fact_id fact,
    struct value v); /* `v` may point into d->arena or static memory */
void draft_deinit(struct draft *d);
/* Packs the draft into a snapshot (one malloc) with collected_ms set to now. 0 or -ENOMEM. */
int draft_finish(struct draft *d, struct snapshot **ret);

/* Ids of facts whose values differ between two snapshots of a topic (either may be NULL: all
 * differ). Returns how many; `ret` has room for topic_fact_count(). */
unsigned snapshot_diff(const struct snapshot *a, const struct snapshot *b, enum fact_id *ret);

/* What may be shown of a value of that fact: the one place that knows what stays hidden. Points
 * into `v` and into the arena. 0 or -ENOMEM. */
int fact_shown(struct value *ret, enum fact_id fact, const struct value *v, struct arena *a);

#endif
