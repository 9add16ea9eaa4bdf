/* SPDX-License-Identifier: Apache-2.0
 *
 * What several commands print. */
#ifndef CONTROL_SHOW_H
#define CONTROL_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;
struct options;
struct style;

/* JSON for people and programs: indented, one line behind it. */
void show_json(FILE *out, struct json_object *json);

/* Which verdicts a table of findings shows: those that ask for somebody, unless --all or --verdict
 * say otherwise. A bit set of enum verdict. */
uint32_t show_verdicts(const struct options *o);

/* The target of a question about the rule that the command names: `before`, the rule, and its
 * filters. Caller frees; NULL when out of memory. */
char *show_target(const struct options *o, const char *before);
/* Is the finding of the subject that an argument names: by kind, name, or the start of its id? */
bool show_is_subject(struct json_object *finding, const char *wanted);

/* A rule in full, as rule_json() has it. `subject` is filled into the audit command; NULL leaves
 * {subject} as it is. */
void show_rule(FILE *out, const struct style *style, struct json_object *rule, const char *subject);

#endif
