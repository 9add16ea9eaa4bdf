/* SPDX-License-Identifier: Apache-2.0
 *
 * Findings as JUnit XML, for what shows test results: a suite is a rule, a case is a subject. A
 * fail is a failure, an unknown is an error; what a person must judge, what does not apply and what
 * an exception covers is skipped, with the reason. */
#ifndef REPORT_JUNIT_H
#define REPORT_JUNIT_H

#include "report/findings_json.h"
#include <stdio.h>

/* 0 or -ENOMEM. */
int junit_print(const struct findings_query *query, FILE *out);

#endif
