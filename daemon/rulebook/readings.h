/* SPDX-License-Identifier: Apache-2.0
 *
 * Readings: rules as an entry of a benchmark reads them, with parameters that it fixes. Each has a
 * key of its own, so that what is said of it is a finding of its own; editions that read alike name
 * the same one. */
#ifndef RULEBOOK_READINGS_H
#define RULEBOOK_READINGS_H

#include "rulebook/loading.h"

/* Takes `as` and `params` of an entry into its reference, while the file is at hand; either may be
 * NULL. Returns 0, also after complaints (then as an entry without both), or -ENOMEM. */
int reading_take(struct loading *l, const struct yaml_node *entry, const char *as,
    const struct yaml_node *params, struct reference *ref);

/* The reading that a reference names of a rule: made, or found among those made. *ret is NULL after
 * a complaint. 0 or -ENOMEM. */
int reading_of(struct loading *l, const struct reference *ref, const struct rule *rule,
    const struct rule **ret);

#endif
