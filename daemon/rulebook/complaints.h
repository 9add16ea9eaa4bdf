/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with the files of a rulebook, a line each: "FILE:LINE: what". Loading goes on after
 * a complaint, so that a person sees all of them at once. */
#ifndef RULEBOOK_COMPLAINTS_H
#define RULEBOOK_COMPLAINTS_H

#include "util/macros.h"
#include <stdarg.h>

enum { COMPLAINTS_MAX = 50 };

struct complaints {
	char *text; /* NULL: none yet */
	size_t len;
	unsigned n; /* those beyond COMPLAINTS_MAX are counted alone */
	int error;  /* -ENOMEM: a complaint got lost */
};

void complaints_deinit(struct complaints *c);

/* `line` and `column` count from 1; 0: not known. */
void complain(struct complaints *c, const char *file, unsigned line, unsigned column,
    const char *format, ...) _printf_(5, 6);
void complainv(struct complaints *c, const char *file, unsigned line, unsigned column,
    const char *format, va_list args) _printf_(5, 0);

/* Hands the text over, with a last line that says how many more there are, or returns NULL when it
 * doesn't fit into memory. */
char *complaints_take(struct complaints *c);

#endif
