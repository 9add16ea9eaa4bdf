/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/facts.h"

#include <string.h>

enum {
	PATH_MAX_LEN = 63, /* no fact's path is longer; asserted by a test */
	NEAR_MAX = 3,      /* edits by which a mistyped path may differ */
};

const struct fact fact_table[_FACTS] = {
#define X(name, path_, type_, topic_, flags_, origin_, doc_) \
	[FACT_##name] = { path_, &type_, topic_, flags_, origin_, doc_ },
	FACT_LIST(X)
#undef X
};

int
fact_find(const char *path, size_t len)
{
	for (int i = 0; i < _FACTS; i++)
		if (strlen(fact_table[i].path) == len && memcmp(fact_table[i].path, path, len) == 0)
			return i;
	return -1;
}

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Insertions, deletions and replacements that make one of the other. */
static unsigned
edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned row[PATH_MAX_LEN + NEAR_MAX + 1], above_left, above;

	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		above_left = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			above = row[j];
			row[j] =
			    min3(row[j - 1] + 1, above + 1, above_left + (a[i - 1] != b[j - 1]));
			above_left = above;
		}
	}
	return row[b_len];
}

const char *
fact_nearest(const char *path, size_t len)
{
	unsigned least = NEAR_MAX + 1, distance;
	const char *nearest = NULL;
	size_t n;

	if (len > PATH_MAX_LEN + NEAR_MAX)
		return NULL;
	for (int i = 0; i < _FACTS; i++) {
		n = strlen(fact_table[i].path);
		if (n + NEAR_MAX < len || len + NEAR_MAX < n)
			continue;
		distance = edit_distance(fact_table[i].path, n, path, len);
		if (distance < least) {
			least = distance;
			nearest = fact_table[i].path;
		}
	}
	return nearest;
}

/* The first fact whose topic is not before this one: facts stand in the order of topics. */
static unsigned
first_not_before(unsigned topic)
{
	unsigned low = 0, high = _FACTS, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (fact_table[middle].topic < topic)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum fact_id
topic_first_fact(enum topic topic)
{
	return (enum fact_id)first_not_before(topic);
}

unsigned
topic_fact_count(enum topic topic)
{
	return first_not_before(topic + 1) - first_not_before(topic);
}
