/* SPDX-License-Identifier: Apache-2.0
 *
 * Findings as a table for people: the worst first, one line each; findings of one rule stand
 * together and, where there are many, fold into "and 480 more". What is unknown for one cause (no
 * engine, say) folds into one line with the rules' numbers below. Reads the JSON of findings as the
 * interface has it, so that the command shows what a daemon sent and what it found itself alike. */
#ifndef REPORT_FINDINGS_TABLE_H
#define REPORT_FINDINGS_TABLE_H

#include "report/text.h"
#include "util/macros.h"

enum {
	FINDINGS_TABLE_PER_RULE = 10,
	FINDINGS_TABLE_PER_CAUSE = 3,
};

struct json_object;
struct findings_table;

/* `benchmark`: the leading one, whose numbers stand alone; copied. 0 or -ENOMEM. */
int findings_table_new(struct findings_table **ret, const char *benchmark);
struct findings_table *findings_table_free(struct findings_table *t); /* takes NULL */
DEFINE_CLEANUP(struct findings_table, findings_table_free)

/* Borrows the finding for the call. 0 or -ENOMEM. */
int findings_table_add(struct findings_table *t, struct json_object *finding);
/* All of a list: of findings, or of what is not judged. */
int findings_table_add_list(struct findings_table *t, struct json_object *list);
/* `all`: nothing is folded. 0 or -ENOMEM. */
int findings_table_print(struct findings_table *t, FILE *out, const struct style *style, bool all);

/* The last line of an audit: how many of each verdict. `summary` as the interface has it. */
void findings_summary_print(struct json_object *summary, FILE *out, const struct style *style);

#endif
