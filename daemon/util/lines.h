/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks over the lines of a text and the fields of a line without copying: tables of /proc,
 * /etc/passwd. Bounded; knows nothing of what the text says. */
#ifndef UTIL_LINES_H
#define UTIL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *text; /* borrowed, no zero behind */
	size_t len;
};

struct lines {
	const char *at;
	unsigned left; /* lines that may still be taken */
	bool cut;      /* there were more */
};

/* The next line without its end. False at the end of the text, or when none is left to take. */
bool lines_next(struct lines *l, struct span *ret);

/* Takes the next field off the front of `line`. Blanks: runs of them part as one, and stand around
 * no field; any other separator parts each time. False when nothing is left. */
bool span_field(struct span *line, char separator, struct span *ret);
bool span_is(struct span s, const char *text);
/* Copies it, with \040 and its like undone, as tables of mounts have them. False when it doesn't
 * fit. */
bool span_unescape(struct span s, char *ret, size_t size);
/* The whole of it is one decimal number of at most 64 bits. */
bool span_number(struct span s, uint64_t *ret);

#endif
