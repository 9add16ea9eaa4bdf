/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/facts.h"

#include <string.h>

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

bool
facts_flagged(const struct expr *e, unsigned flags)
{
	const unsigned *reads;
	size_t n;

	reads = expr_reads(e, &n);
	for (size_t i = 0; i < n; i++)
		if (reads[i] < _FACTS && (fact_table[reads[i]].flags & flags) != 0)
			return true;
	return false;
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
