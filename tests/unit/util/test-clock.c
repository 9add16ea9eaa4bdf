/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/clock.h"
#include "util/macros.h"

#define DAY INT64_C(1795392000000) /* 2026-11-23T00:00:00Z */

static const struct {
	const char *text;
	int64_t ms;
	bool is_day;
} good[] = {
	{ "1970-01-01", 0, true },
	{ "2026-11-23", DAY, true },
	{ "2024-02-29", INT64_C(1709164800000), true },
	{ "2026-11-23T00:00:00Z", DAY, false },
	{ "2026-11-23t17:30:05z", DAY + ((17 * 60 + 30) * 60 + 5) * 1000, false },
	{ "2026-11-23T00:00:00.5Z", DAY + 500, false },
	{ "2026-11-23T00:00:00.123456789Z", DAY + 123, false },
	{ "2026-11-23T01:30:00+01:30", DAY, false },
	{ "2026-11-22T19:00:00-05:00", DAY, false },
	{ "2026-11-22T23:59:60Z", DAY, false },
};

static void
test_good_times(void **state)
{
	int64_t ms;
	bool is_day;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!clock_parse(good[i].text, &ms, &is_day))
			fail_msg("%s", good[i].text);
		if (ms != good[i].ms || is_day != good[i].is_day)
			fail_msg("%s: %lld", good[i].text, (long long)ms);
	}
}

static const char *const bad[] = { "", "now", "2026", "2026-11-2", "2026-11-23 ", "2026-11-23T",
	"2026-1-23", "2026-13-01", "2026-00-10", "2026-02-30", "2025-02-29", "26-11-23",
	"1969-12-31", "-026-11-23", "2026/11/23", "2026-11-23T10:00Z", "2026-11-23T24:00:00Z",
	"2026-11-23T10:60:00Z", "2026-11-23T10:00:61Z", "2026-11-23T10:00:00",
	"2026-11-23T10:00:00.Z", "2026-11-23T10:00:00ZZ", "2026-11-23T10:00:00+1:00",
	"2026-11-23T10:00:00+24:00", "2026-11-23T10:00:00+01:60", "2026-11-23T10:00:00+01:00x",
	"2026-11-23 10:00:00Z", "1970-01-01T00:00:00+01:00" };

static void
test_bad_times(void **state)
{
	int64_t ms;
	bool is_day;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (clock_parse(bad[i], &ms, &is_day))
			fail_msg("\"%s\"", bad[i]);
}

static void
test_text_there_and_back(void **state)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t ms;
	bool is_day;

	clock_text(DAY + 1234, text);
	assert_string_equal(text, "2026-11-23T00:00:01.234Z");
	assert_true(clock_parse(text, &ms, &is_day));
	assert_int_equal(ms, DAY + 1234);
	assert_false(is_day);
}

static void
test_spans(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0.0 s" },
		{ 450, "0.4 s" },
		{ 9999, "9.9 s" },
		{ 10000, "10 s" },
		{ 61000, "1 min 1 s" },
		{ 3599999, "59 min 59 s" },
		{ 3600 * 1000, "1 h 0 min" },
		{ 26 * 3600 * 1000, "1 d 2 h" },
		{ 400LL * 24 * 3600 * 1000, "400 d 0 h" },
	};
	char text[CLOCK_SPAN_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		clock_span_text(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_good_times),
		cmocka_unit_test(test_bad_times),
		cmocka_unit_test(test_text_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
