/* SPDX-License-Identifier: Apache-2.0 */
#include "util/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t
now_ns(clockid_t clock)
{
	struct timespec ts;

	/* Fails for clocks that don't exist alone. */
	(void)clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
clock_monotonic_ns(void)
{
	return now_ns(CLOCK_MONOTONIC);
}

int64_t
clock_monotonic_ms(void)
{
	return now_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t
clock_realtime_ns(void)
{
	return now_ns(CLOCK_REALTIME);
}

int64_t
clock_realtime_ms(void)
{
	return now_ns(CLOCK_REALTIME) / 1000000;
}

void
clock_text(int64_t realtime_ms, char *ret)
{
	time_t seconds = (time_t)(realtime_ms / 1000);
	char date[32];
	struct tm tm;

	if (realtime_ms < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		seconds = 0;
		(void)gmtime_r(&seconds, &tm);
	}
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(ret, CLOCK_TEXT_SIZE, "%.19s.%03dZ", date,
	    (int)(realtime_ms < 0 ? 0 : realtime_ms % 1000));
}
