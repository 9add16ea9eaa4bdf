/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/macros.h"
#include "util/utf8.h"
#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	size_t len;
} cases[] = {
	{ "a", 1 },
	{ "\x7f", 1 },
	{ "\x80", 0 },
	{ "\xc0\x80", 0 }, /* overlong */
	{ "\xc1\xbf", 0 },
	{ "\xc2\x80", 2 },
	{ "\xdf\xbf", 2 },
	{ "\xc2", 0 },
	{ "\xc2z", 0 },
	{ "\xe0\x9f\xbf", 0 },
	{ "\xe0\xa0\x80", 3 },
	{ "\xed\x9f\xbf", 3 },
	{ "\xed\xa0\x80", 0 }, /* a surrogate */
	{ "\xee\x80\x80", 3 },
	{ "\xef\xbf\xbd!", 3 },
	{ "\xef\xbf", 0 },
	{ "\xef\xbfz", 0 },
	{ "\xf0\x8f\xbf\xbf", 0 },
	{ "\xf0\x90\x80\x80", 4 },
	{ "\xf4\x8f\xbf\xbf", 4 },
	{ "\xf4\x90\x80\x80", 0 }, /* over U+10FFFF */
	{ "\xf5\x80\x80\x80", 0 },
	{ "\xff", 0 },
};

static void
characters(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(utf8_char(cases[i].text, strlen(cases[i].text)), cases[i].len);
	assert_int_equal(utf8_char("", 0), 0);
	assert_int_equal(utf8_char("\0", 1), 1);
	assert_int_equal(utf8_char("\xc2\x80", 1), 0);
}

static void
ascii(void **state)
{
	char text[20];

	memset(text, 'a', sizeof(text));
	text[3] = '\0';
	text[4] = '\x7f';
	for (size_t len = 0; len <= sizeof(text); len++)
		assert_int_equal(utf8_ascii(text, len), len);
	for (size_t at = 0; at < sizeof(text); at++) {
		char broken[sizeof(text)];

		memcpy(broken, text, sizeof(text));
		broken[at] = '\x80';
		assert_int_equal(utf8_ascii(broken, sizeof(broken)), at);
	}
}

/* What is UTF-8 is not copied. */
static void
assert_same_text(const char *text, const char *mended)
{
	_cleanup_(freep) char *copy = NULL;
	const char *same = utf8_text(text, &copy);

	assert_string_equal(same, mended);
	assert_ptr_equal(same, strcmp(text, mended) == 0 ? text : copy);
}

static void
mended(void **state)
{
	static const struct {
		const char *text, *mended;
	} texts[] = {
		{ "", "" },
		{ "plain, and longer than a word", "plain, and longer than a word" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "caf\xc3", "caf?" },
		{ "\xff\xffz\x80", "??z?" },
		{ "\xe0\x82\xa0", "???" },
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		(void)snprintf(text, sizeof(text), "%s", texts[i].text);
		utf8_mend(text);
		assert_string_equal(text, texts[i].mended);
		assert_same_text(texts[i].text, texts[i].mended);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters),
		cmocka_unit_test(ascii),
		cmocka_unit_test(mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
