/* SPDX-License-Identifier: Apache-2.0
 *
 * Between load_rules.c and rule_examples.c. */
#ifndef RULEBOOK_LOAD_RULES_H
#define RULEBOOK_LOAD_RULES_H

#include "rulebook/loading.h"

/* Takes the list under `examples`. The rule is complete otherwise. 0 or a negative errno. */
int load_examples(struct loading *l, const struct yaml_node *list, struct rule *rule);

#endif
