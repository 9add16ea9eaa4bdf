/* SPDX-License-Identifier: Apache-2.0
 *
 * A row of drift as fields, as the journal and syslog get them: names and texts of the interface,
 * MESSAGE and MESSAGE_ID among them. A name may stand more than once. */
#ifndef REPORT_FIELDS_H
#define REPORT_FIELDS_H

#include "util/macros.h"

enum {
	FIELDS_MAX = 192, /* what a row makes beyond is left out */
	FIELDS_EVIDENCE_MAX =
	    4 * 1000,               /* bytes of PLIMSOLL_EVIDENCE: journalctl hides longer ones */
	FIELDS_TEXT_MAX = 2 * 1024, /* of any other field */
};

struct json_object;

struct fields {
	char *texts[FIELDS_MAX]; /* "NAME=text" */
	unsigned n;
	int priority;
};

/* A row has no fix, for that is the rulebook's: a member "fix" that was added to it becomes
 * PLIMSOLL_FIX, where the catalog shows that. 0 or -ENOMEM. */
int fields_new(struct fields **ret, struct json_object *row);
struct fields *fields_free(struct fields *f); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct fields, fields_free)

/* The rule that a row is about, the worst of a new subject; "": none. */
const char *fields_rule(struct json_object *row);

/* The same as one line for syslog: @cee: {"msg": ..., fields}. A name that stands more than once
 * becomes a list. Caller frees; NULL when out of memory. */
char *fields_cee(const struct fields *f);

/* The MESSAGE_ID of a type of drift, or of a kind of notice; NULL: it has none. The catalog in
 * systemd/ explains each. */
const char *fields_message_id(const char *type, const char *notice_kind);

#endif
