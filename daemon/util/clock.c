/* SPDX-License-Identifier: Apache-2.0 */
#include "util/clock.h"

#include "util/macros.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
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

/* A number of `n` digits and what stands behind it. */
static char *
put_number(char *at, unsigned n, int number, char behind)
{
	for (unsigned i = n; i > 0; i--, number /= 10)
		at[i - 1] = (char)('0' + number % 10);
	at[n] = behind;
	return at + n + 1;
}

/* By hand: a document has tens of thousands of times, and strftime() is slow. */
void
clock_text(int64_t realtime_ms, char *ret)
{
	time_t seconds = (time_t)(realtime_ms / 1000);
	struct tm tm;

	if (realtime_ms < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		seconds = 0;
		(void)gmtime_r(&seconds, &tm);
	}
	ret = put_number(ret, 4, tm.tm_year + 1900, '-');
	ret = put_number(ret, 2, tm.tm_mon + 1, '-');
	ret = put_number(ret, 2, tm.tm_mday, 'T');
	ret = put_number(ret, 2, tm.tm_hour, ':');
	ret = put_number(ret, 2, tm.tm_min, ':');
	ret = put_number(ret, 2, tm.tm_sec, '.');
	ret = put_number(ret, 3, realtime_ms < 0 ? 0 : (int)(realtime_ms % 1000), 'Z');
	*ret = '\0';
}

/* Does the text start with that form? 0 stands for a digit, all else for itself. */
static bool
has_form(const char *text, const char *form)
{
	for (; *form != '\0'; text++, form++)
		if (*form == '0' ? !isdigit((unsigned char)*text) : *text != *form)
			return false;
	return true;
}

static int
digits(const char *text, unsigned n)
{
	int number = 0;

	for (unsigned i = 0; i < n; i++)
		number = number * 10 + text[i] - '0';
	return number;
}

static bool
parse_day(const char *text, struct tm *ret)
{
	struct tm tm = { 0 }, back;
	time_t seconds;

	if (!has_form(text, "0000-00-00"))
		return false;
	tm.tm_year = digits(text, 4) - 1900;
	tm.tm_mon = digits(text + 5, 2) - 1;
	tm.tm_mday = digits(text + 8, 2);
	/* The 30th of February comes back as another day. */
	seconds = timegm(&tm);
	if (seconds < 0 || gmtime_r(&seconds, &back) == NULL)
		return false;
	*ret = tm;
	return back.tm_mon == digits(text + 5, 2) - 1 && back.tm_mday == digits(text + 8, 2);
}

static const char *
skip_fraction(const char *text, int *ret_ms)
{
	int unit = 100;

	*ret_ms = 0;
	if (*text != '.' || !isdigit((unsigned char)text[1]))
		return text;
	for (text++; isdigit((unsigned char)*text); text++, unit /= 10)
		*ret_ms += unit * (*text - '0');
	return text;
}

/* Minutes east of Greenwich. */
static bool
parse_offset(const char *text, int *ret_minutes)
{
	int hours, minutes;

	*ret_minutes = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if ((*text != '+' && *text != '-') || !has_form(text + 1, "00:00") || text[6] != '\0')
		return false;
	hours = digits(text + 1, 2);
	minutes = digits(text + 4, 2);
	*ret_minutes = (hours * 60 + minutes) * (*text == '-' ? -1 : 1);
	return hours < 24 && minutes < 60;
}

bool
clock_parse(const char *text, int64_t *ret_realtime_ms, bool *ret_is_day)
{
	bool is_day = strlen(text) == strlen("0000-00-00");
	int ms = 0, minutes = 0;
	struct tm tm;

	if (!parse_day(text, &tm))
		return false;
	if (!is_day) {
		text += strlen("0000-00-00");
		if ((*text != 'T' && *text != 't') || !has_form(text + 1, "00:00:00"))
			return false;
		tm.tm_hour = digits(text + 1, 2);
		tm.tm_min = digits(text + 4, 2);
		tm.tm_sec = digits(text + 7, 2);
		if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
			return false;
		text = skip_fraction(text + strlen("T00:00:00"), &ms);
		if (!parse_offset(text, &minutes))
			return false;
	}
	*ret_realtime_ms = ((int64_t)timegm(&tm) - minutes * 60) * 1000 + ms;
	*ret_is_day = is_day;
	return *ret_realtime_ms >= 0;
}

void
clock_span_text(int64_t ms, char *ret)
{
	static const struct {
		int64_t ms, part_ms;
		const char *name, *part;
	} units[] = {
		{ 24LL * 3600 * 1000, 3600 * 1000, "d", "h" },
		{ 3600 * 1000, 60 * 1000, "h", "min" },
		{ 60 * 1000, 1000, "min", "s" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ms < units[i].ms)
			continue;
		(void)snprintf(ret, CLOCK_SPAN_SIZE, "%" PRIi64 " %s %" PRIi64 " %s",
		    ms / units[i].ms, units[i].name, ms % units[i].ms / units[i].part_ms,
		    units[i].part);
		return;
	}
	if (ms >= 10 * 1000)
		(void)snprintf(ret, CLOCK_SPAN_SIZE, "%" PRIi64 " s", ms / 1000);
	else
		(void)snprintf(
		    ret, CLOCK_SPAN_SIZE, "%" PRIi64 ".%" PRIi64 " s", ms / 1000, ms % 1000 / 100);
}
