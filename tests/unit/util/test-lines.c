/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/lines.h"
#include "util/macros.h"
#include <string.h>

static void
test_lines(void **state)
{
	struct lines l = { .at = "one\n\nlast", .left = 10 };
	struct span line;

	(void)state;
	assert_true(lines_next(&l, &line) && span_is(line, "one"));
	assert_true(lines_next(&l, &line) && span_is(line, ""));
	assert_true(lines_next(&l, &line) && span_is(line, "last"));
	assert_false(lines_next(&l, &line));
	assert_false(l.cut);

	l = (struct lines){ .at = "one\ntwo\n", .left = 1 };
	assert_true(lines_next(&l, &line));
	assert_false(lines_next(&l, &line));
	assert_true(l.cut);
}

static const struct {
	const char *line;
	char separator;
	const char *fields[5];
} fields[] = {
	{ "a:b:c", ':', { "a", "b", "c" } },
	{ "a::", ':', { "a", "", "" } },
	{ "", ':', { "" } },
	{ "  a \t b  ", ' ', { "a", "b" } },
	{ "", ' ', { NULL } },
};

static void
test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		struct span line = { fields[i].line, strlen(fields[i].line) }, field;

		for (size_t k = 0; fields[i].fields[k] != NULL; k++) {
			assert_true(span_field(&line, fields[i].separator, &field));
			assert_true(span_is(field, fields[i].fields[k]));
		}
		assert_false(span_field(&line, fields[i].separator, &field));
	}
}

static void
test_numbers(void **state)
{
	static const char *const wrong[] = { "", "-1", "1 ", "x", "18446744073709551616" };
	uint64_t n;

	(void)state;
	assert_true(span_number((struct span){ "18446744073709551615", 20 }, &n));
	assert_true(n == UINT64_MAX);
	assert_true(span_number((struct span){ "0", 1 }, &n));
	assert_true(n == 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(span_number((struct span){ wrong[i], strlen(wrong[i]) }, &n));
}

static void
test_escapes(void **state)
{
	static const struct {
		const char *text, *plain;
	} cases[] = {
		{ "/a\\040b", "/a b" },
		{ "\\134\\011", "\\\t" },
		{ "/a\\08", "/a\\08" },
		{ "\\04", "\\04" },
		{ "", "" },
	};
	char plain[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct span s = { cases[i].text, strlen(cases[i].text) };

		assert_true(span_unescape(s, plain, sizeof(plain)));
		assert_string_equal(plain, cases[i].plain);
	}
	assert_false(span_unescape((struct span){ "12345678", 8 }, plain, sizeof(plain)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
