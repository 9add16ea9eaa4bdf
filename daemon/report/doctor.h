/* SPDX-License-Identifier: Apache-2.0
 *
 * What keeps an audit from being complete, and what soon will: from what the daemon says of itself
 * and of its findings, and from what the process that looks may do. Looks at documents alone, and
 * knows nothing of where they come from. */
#ifndef REPORT_DOCTOR_H
#define REPORT_DOCTOR_H

#include "util/macros.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doctor_kind {
	DOCTOR_UNREADABLE, /* evidence that can't be read */
	DOCTOR_BLIND,      /* a watcher that hears nothing */
	DOCTOR_PRIVILEGE,  /* a right that the process lacks */
	DOCTOR_EXCEPTION,  /* one that ends soon */
	DOCTOR_RULEBOOK,   /* older than what it judges */
	DOCTOR_HINT,       /* what would tell more */
	_DOCTOR_KINDS,
};

struct doctor_problem {
	enum doctor_kind kind;
	char *what, *why;   /* "the kernel's audit rules"; why is "" where `what` says it all */
	const char *advice; /* static */
	char **rules;       /* that are unknown for it, by the names that people use */
	size_t n_rules, findings;
};

struct doctor {
	struct doctor_problem *problems; /* in order of kinds; the most findings first */
	size_t n;
};

struct doctor_who {
	bool daemon;      /* plimsolld runs: it is its rights that count */
	uint32_t uid;     /* effective */
	unsigned lacking; /* capabilities, as advice_lacking() has them */
};

struct json_object;

/* `status` may be NULL: no daemon. 0 or -ENOMEM. */
int doctor_new(struct doctor **ret, struct json_object *status, struct json_object *findings,
    const struct doctor_who *who, int64_t now_ms);
struct doctor *doctor_free(struct doctor *d); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct doctor, doctor_free)

/* It makes the audit incomplete, now. */
bool doctor_kind_matters(enum doctor_kind kind);
bool doctor_is_complete(const struct doctor *d);
/* The list of problems. A new reference; NULL when out of memory. */
struct json_object *doctor_json(const struct doctor *d);

#endif
