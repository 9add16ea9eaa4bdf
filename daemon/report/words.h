/* SPDX-License-Identifier: Apache-2.0
 *
 * How findings read to people: verdicts as words, their order and colours, subjects by name. One
 * place, so that a table, a line in the journal and `explain` say the same. */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include "report/text.h"
#include "rulebook/rulebook.h"

#include <stddef.h>

struct json_object;

/* "FAIL", "NOT APPLICABLE"; a word that is no verdict comes back as it is. */
const char *words_verdict(const char *verdict);
/* Worst first: fail, unknown, review, pass, not-applicable, anything else. */
unsigned words_verdict_rank(const char *verdict);
unsigned words_severity_rank(const char *severity);
bool words_verdict_is_bad(const char *verdict); /* fail, unknown or review */

/* FAIL of a critical or high rule is bad red, of others red; unknown yellow, review cyan. */
enum colour words_colour(const char *verdict, const char *severity);

/* "container web", "file /etc/docker", "host". Caller frees; NULL when out of memory. */
char *words_subject(struct json_object *subject);

/* A reason often begins with its subject, which has a column of its own: what follows it. */
const char *words_without_subject(const char *because, const char *subject);

/* Why a finding is unknown, whatever the fact: what could not be read says why; else the reason
 * does, behind what could not be done. Borrowed. */
const char *words_cause(struct json_object *finding);

/* What a rule is called where there is little room, by the references of a finding: "5.4"; of
 * another benchmark than the leading one "1.6.0:5.5"; of none its key. Caller frees; NULL when out
 * of memory. */
char *words_rule_id(struct json_object *finding, const char *leading);

/* Orders numbers in words as numbers: "5.4" before "5.10". */
int words_compare_ids(const char *a, const char *b);

/* ", by uid 1000 (as uid 0) with /usr/bin/vim", the first one being who logged in; nothing for
 * NULL.
 */
void words_put_actor(FILE *out, struct json_object *actor);

#endif
