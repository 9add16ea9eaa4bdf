/* SPDX-License-Identifier: Apache-2.0
 *
 * Says whether text that comes in pieces is UTF-8: a character may be split between them. */
#ifndef UTIL_UTF8_FEED_H
#define UTIL_UTF8_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at the start. */
struct utf8_feed {
	uint8_t need;      /* bytes that the character under way still lacks */
	uint8_t low, high; /* limits of the next of them */
};

/* False: what came until now is no beginning of UTF-8 (overlong forms, surrogates and what is over
 * U+10FFFF are none). */
bool utf8_feed(struct utf8_feed *f, const char *data, size_t len);

#endif
