/* SPDX-License-Identifier: Apache-2.0
 *
 * What the judge holds, as a table for people. */
#ifndef REPORT_AUDIT_TABLE_H
#define REPORT_AUDIT_TABLE_H

#include "report/findings_json.h"
#include "report/text.h"

/* Verdicts that ask for somebody: what a table shows unless told otherwise. */
#define AUDIT_TABLE_BAD (1U << VERDICT_FAIL | 1U << VERDICT_UNKNOWN | 1U << VERDICT_REVIEW)

/* In such a set: those too that an exception covers; and what is not judged at all. */
#define AUDIT_TABLE_EXCEPTED (1U << 31)
#define AUDIT_TABLE_LEFT_OUT (1U << 30)

/* The findings that are meant and have one of these verdicts (a bit set of enum verdict), folded
 * unless `all`, and the counts of all that are meant. 0 or -ENOMEM. */
int audit_table_print(const struct findings_query *query, uint32_t verdicts, bool all, FILE *out,
    const struct style *style);

#endif
