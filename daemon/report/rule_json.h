/* SPDX-License-Identifier: Apache-2.0
 *
 * A rule as JSON, as `plimsoll rules --format json` and GET /v1/rules have it. */
#ifndef REPORT_RULE_JSON_H
#define REPORT_RULE_JSON_H

#include "rulebook/rulebook.h"
#include <stdbool.h>

struct json_object;

/* A new reference; NULL when out of memory. */
struct json_object *rule_json(const struct rulebook *rb, const struct rule *rule);
/* Its numbers, by benchmark; one of them. */
struct json_object *rule_refs_json(const struct rulebook *rb, const struct rule *rule);
struct json_object *rule_ref_json(const struct benchmark_entry *entry);

/* A list of those that are wanted. */
typedef bool rule_wanted_fn(const void *arg, const struct rulebook *rb, const struct rule *rule);
struct json_object *rules_json_of(
    const struct rulebook *rb, rule_wanted_fn *wanted, const void *arg);

#endif
