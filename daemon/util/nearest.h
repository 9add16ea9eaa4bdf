/* SPDX-License-Identifier: Apache-2.0
 *
 * "Did you mean": the one of many names that a mistyped name is nearest to. */
#ifndef UTIL_NEAREST_H
#define UTIL_NEAREST_H

#include <stddef.h>

enum {
	NEAREST_DISTANCE_MAX = 3, /* letters to add, drop or change, or neighbours to swap */
	NEAREST_NAME_MAX = 64,    /* bytes; longer names are near to nothing */
};

struct nearest {
	const char *text; /* the mistyped name; borrowed */
	size_t len;
	const char *name; /* the nearest one so far, or NULL */
	unsigned distance;
};

struct nearest nearest_to(const char *text, size_t len);
/* Offers a name, which is borrowed: the first one of the smallest distance is kept. */
void nearest_offer(struct nearest *n, const char *name);

#endif
