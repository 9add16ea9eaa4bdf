/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters over what the judge holds and what its ledger tells. */
#ifndef CONTROL_FILTER_FINDING_H
#define CONTROL_FILTER_FINDING_H

#include "control/filter.h"
#include "judge/judge.h"

bool filter_matches_finding(
    const struct filter *f, const struct rulebook *rb, const struct finding_view *view);
/* A row of drift as JSON: itself, or one of the findings in it. Labels are those that the subject
 * has now. */
bool filter_matches_row(const struct filter *f, const struct judge *judge, struct json_object *row);

#endif
