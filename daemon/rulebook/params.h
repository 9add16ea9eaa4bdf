/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters by name, within the rulebook; the table itself is in rulebook/rulebook.h. */
#ifndef RULEBOOK_PARAMS_H
#define RULEBOOK_PARAMS_H

#include "rulebook/loading.h"

/* Index of the parameter of that name, or -1. */
int param_find(const char *name, size_t len);
/* "params.trusted_users" */
const char *param_path(unsigned index);
/* Those that a map of a file sets, into their places among `values`. 0, also after complaints, or
 * -ENOMEM. */
int params_of_node(
    struct loading *l, const struct yaml_node *map, struct value *values, uint64_t *ret_set);
/* The defaults, param_count of them, in the arena. 0 or -ENOMEM. */
int params_default(struct value **ret, struct arena *a);

#endif
