/* SPDX-License-Identifier: Apache-2.0 */
#include "util/nearest.h"

#include <string.h>

struct nearest
nearest_to(const char *text, size_t len)
{
	return (struct nearest){ .text = text, .len = len, .distance = NEAREST_DISTANCE_MAX + 1 };
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits that turn one text into the other; two swapped neighbours are one edit. Row by row, as only
 * the last three rows matter. */
static unsigned
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][NEAREST_NAME_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2], *spare;

	for (size_t j = 0; j <= b_len; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

/* A short name may differ in less, or everything would be near to it. */
static unsigned
allowed(size_t len)
{
	return least((unsigned)(len + 1) / 3, NEAREST_DISTANCE_MAX);
}

void
nearest_offer(struct nearest *n, const char *name)
{
	size_t len = strlen(name);
	unsigned d;

	if (len > NEAREST_NAME_MAX || n->len > NEAREST_NAME_MAX)
		return;
	d = distance(n->text, n->len, name, len);
	if (d < n->distance && d <= allowed(len)) {
		n->distance = d;
		n->name = name;
	}
}
