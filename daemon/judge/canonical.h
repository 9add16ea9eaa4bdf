/* SPDX-License-Identifier: Apache-2.0
 *
 * A value as JSON that is the same text whenever it means the same: keys sorted, lists as sets
 * (sorted, each element once), no blanks. For hashes that people keep in files: the form is fixed
 * for ever. */
#ifndef JUDGE_CANONICAL_H
#define JUDGE_CANONICAL_H

#include "expr/value.h"

/* Caller frees; NULL when out of memory. */
char *canonical_json(const struct value *v);

#endif
