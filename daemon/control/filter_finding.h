/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters over what the judge holds and what its ledger tells. */
#ifndef CONTROL_FILTER_FINDING_H
#define CONTROL_FILTER_FINDING_H

#include "control/filter.h"
#include "judge/judge.h"
#include "report/left_out.h"

/* By the filters of that set; UINT32_MAX: all. A finding that is unknown because its subjects could
 * not be listed may be about any of them, and matches whatever they are called. */
bool filter_matches_finding(const struct filter *f, uint32_t filters, const struct rulebook *rb,
    const struct finding_view *view);
/* What is not judged has no verdict and no subject that a filter could name. */
bool filter_matches_left_out(
    const struct filter *f, const struct rulebook *rb, const struct left_out *left_out);
/* A row of drift as JSON: itself, or one of the findings in it. Labels are those that the subject
 * has now. */
bool filter_matches_row(const struct filter *f, const struct judge *judge, struct json_object *row);

#endif
