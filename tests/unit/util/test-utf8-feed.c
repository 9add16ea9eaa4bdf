/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/utf8_feed.h"

static bool
in_pieces(const char *text, size_t piece)
{
	struct utf8_feed f = { 0 };
	size_t len = strlen(text), n;

	for (size_t at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		if (!utf8_feed(&f, text + at, n))
			return false;
	}
	return f.need == 0;
}

static void
test_pieces(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "plain", true },
		{ "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", true },
		{ "\xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf", true },
		{ "\xe9t\xe9", false },
		{ "\xc0\x80", false },
		{ "\xc1\xbf", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xed\xa0\x80", false },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false },
		{ "\x80", false },
		{ "a\xc3", false },
		{ "\xe2\x82", false },
		{ "\xc3\xc3\xa9", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t piece = 1; piece < 8; piece++)
			assert_int_equal(in_pieces(cases[i].text, piece), cases[i].good);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pieces) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
