/* SPDX-License-Identifier: Apache-2.0
 *
 * Values in words, for the reason of a finding. One line whatever the value holds: control
 * characters become '?', long lists and long strings are cut. What must stay hidden is decided by
 * fact_shown() and nowhere else. */
#ifndef JUDGE_DESCRIBE_H
#define JUDGE_DESCRIBE_H

#include "facts/facts.h"

enum {
	DESCRIBE_MAX = 2048,     /* bytes of a text */
	DESCRIBE_ITEM_MAX = 160, /* bytes of one string in it */
	DESCRIBE_ITEMS = 8,      /* elements of a list, before "and N more" */
};

/* To be cleared before use: zeros all over would cost more than what is written. */
struct text {
	char bytes[DESCRIBE_MAX];
	size_t len;
	bool cut;
};

void text_clear(struct text *t);
void text_add(struct text *t, const char *bytes, size_t len);
void text_puts(struct text *t, const char *words);
void text_printf(struct text *t, const char *format, ...) _printf_(2, 3);
/* The text so far, in the arena; NULL when out of memory. */
const char *text_end(const struct text *t, struct arena *a);

void describe_value(struct text *t, const struct value *v);
/* The same of a fact, with what may not be shown left out. 0 or -ENOMEM. */
int describe_fact(struct text *t, enum fact_id fact, const struct value *v, struct arena *a);

#endif
