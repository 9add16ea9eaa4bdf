/* SPDX-License-Identifier: Apache-2.0 */
#include "control/when.h"
#include "util/macros.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* Forms that strptime() reads; they must match to the end, but for a fraction and a Z. */
static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S",
	"%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M" };

static int64_t
midnight(int64_t ms)
{
	return ms - ms % DAY_MS;
}

/* ".250Z": milliseconds, or -1. */
static int
take_fraction(const char *text)
{
	char *end = NULL;
	int ms = 0;

	if (*text == '.') {
		double fraction = strtod(text, &end);

		ms = (int)(fraction * 1000 + 0.5);
		text = end;
	}
	text += *text == 'Z';
	return *text == '\0' ? ms : -1;
}

static bool
parse_form(const char *form, const char *text, int64_t now_ms, int64_t *ret)
{
	time_t today = (time_t)(midnight(now_ms) / 1000);
	struct tm tm;
	const char *rest;
	int ms;

	(void)gmtime_r(&today, &tm);
	rest = strptime(text, form, &tm);
	if (rest == NULL)
		return false;
	ms = take_fraction(rest);
	if (ms < 0)
		return false;
	*ret = (int64_t)timegm(&tm) * 1000 + ms;
	return true;
}

/* "90m", "6h ago" */
static bool
parse_ago(const char *text, int64_t now_ms, int64_t *ret)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60 * 1000 }, { 'h', 60 * 60 * 1000 }, { 'd', DAY_MS },
		{ 'w', 7LL * DAY_MS } };
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return false;
	n = strtol(text, &end, 10);
	if (n > 100 * 1000 * 1000)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (*end != units[i].unit)
			continue;
		if (end[1] != '\0' && strcmp(end + 1, " ago") != 0)
			return false;
		*ret = now_ms - n * units[i].ms;
		return true;
	}
	return false;
}

bool
when_parse(const char *text, int64_t now_ms, int64_t *ret)
{
	if (strcmp(text, "now") == 0)
		*ret = now_ms;
	else if (strcmp(text, "today") == 0)
		*ret = midnight(now_ms);
	else if (strcmp(text, "yesterday") == 0)
		*ret = midnight(now_ms) - DAY_MS;
	else if (!parse_ago(text, now_ms, ret)) {
		for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
			if (parse_form(forms[i], text, now_ms, ret))
				return true;
		return false;
	}
	return true;
}
