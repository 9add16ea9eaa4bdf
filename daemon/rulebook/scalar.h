/* SPDX-License-Identifier: Apache-2.0
 *
 * What a YAML scalar means: numbers, booleans, durations, sizes. Only plain scalars are numbers or
 * booleans; in quotes they are text. */
#ifndef RULEBOOK_SCALAR_H
#define RULEBOOK_SCALAR_H

#include "rulebook/yaml_reader.h"
#include <stdint.h>

/* Each is false when the node isn't one, or is one beyond the range of the type. */
bool scalar_bool(const struct yaml_node *n, bool *ret); /* true, false */
/* 12, -3; 0644 and 0o644 are octal, as permission bits are written */
bool scalar_int(const struct yaml_node *n, int64_t *ret);
/* Looks like an integer, whether it fits or not. */
bool scalar_is_int(const struct yaml_node *n);
bool scalar_duration(const struct yaml_node *n, uint64_t *ret_s); /* 90s, 5m, 6h, 1d */
bool scalar_size(const struct yaml_node *n, uint64_t *ret_bytes); /* 100B, 4KiB, 512MiB, 1GiB */

#endif
