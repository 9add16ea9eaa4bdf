/* SPDX-License-Identifier: Apache-2.0
 *
 * What to do about evidence that can't be read: one table from reasons to advice. */
#ifndef REPORT_ADVICE_H
#define REPORT_ADVICE_H

#include <stdint.h>

/* Never NULL. */
const char *advice_for(const char *reason);

/* A capability that some of the evidence needs. */
struct advice_capability {
	int number;
	const char *name, *needed_for;
};
extern const struct advice_capability advice_capabilities[];
extern const unsigned advice_capability_count;

/* Those that this process lacks, in its effective set: a bit set of places in the table. All of
 * them where it can't be known. */
unsigned advice_lacking(void);
/* The place of that name, or -1. */
int advice_capability_from_name(const char *name);

#endif
