/* SPDX-License-Identifier: Apache-2.0
 *
 * Time: the two clocks, and the text forms that all outputs use. */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_monotonic_ns(void);
int64_t clock_monotonic_ms(void);
int64_t clock_realtime_ns(void);
int64_t clock_realtime_ms(void);

enum { CLOCK_TEXT_SIZE = sizeof("2026-11-23T17:00:00.000Z") };

/* RFC 3339 in UTC with milliseconds. `ret` has room for CLOCK_TEXT_SIZE. */
void clock_text(int64_t realtime_ms, char *ret);
/* The other way round: "2026-11-23T17:00:00Z", with or without a fraction of the second, or with an
 * offset such as +01:00; or a day, "2026-11-23", which starts at midnight UTC. False: it is none,
 * or one before 1970. */
bool clock_parse(const char *text, int64_t *ret_realtime_ms, bool *ret_is_day);

enum { CLOCK_SPAN_SIZE = 32 };

/* "12 d 3 h", "4 h 12 min", "3 min 5 s", "14 s", "0.4 s". `ret` has room for CLOCK_SPAN_SIZE. */
void clock_span_text(int64_t ms, char *ret);

#endif
