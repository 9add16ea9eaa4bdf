/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/table.h"

static const struct column columns[] = { { "NAME", true }, { "N", false }, { "WHY", true } };

static char *
printed(const struct table *t, const struct style *style)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	table_print(t, out, style);
	assert_int_equal(fclose(out), 0);
	return text;
}

static struct table *
filled(const char *const *cells, size_t n)
{
	struct table *t;

	assert_int_equal(table_new(&t, columns, ARRAY_SIZE(columns)), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(table_cell(t, COLOUR_NONE, cells[i]), 0);
	return t;
}

static void
test_columns_are_aligned(void **state)
{
	static const char *const cells[] = { "web", "1", "a", "database", "10", "bc" };
	_cleanup_(table_freep) struct table *t = filled(cells, ARRAY_SIZE(cells));
	_cleanup_(freep) char *text = printed(t, &(struct style){ 0 });

	assert_string_equal(text, "NAME      N   WHY\n"
				  "web       1   a\n"
				  "database  10  bc\n");
}

static void
test_wide_characters_count_twice(void **state)
{
	static const char *const cells[] = { "日本", "1", "a", "ü", "2", "b" };
	_cleanup_(table_freep) struct table *t = filled(cells, ARRAY_SIZE(cells));
	_cleanup_(freep) char *text = printed(t, &(struct style){ 0 });

	assert_string_equal(text, "NAME  N  WHY\n"
				  "日本  1  a\n"
				  "ü     2  b\n");
}

static void
test_fits_the_terminal(void **state)
{
	static const char *const cells[] = { "a-short-name", "12345",
		"a reason that is by far too long for a line of a terminal" };
	_cleanup_(table_freep) struct table *t = filled(cells, ARRAY_SIZE(cells));
	_cleanup_(freep) char *text = printed(t, &(struct style){ .width = 40 });

	assert_string_equal(text, "NAME          N      WHY\n"
				  "a-short-name  12345  a reason that is b…\n");
}

static void
test_notes_stand_alone(void **state)
{
	static const char *const cells[] = { "web", "1", "a" };
	_cleanup_(table_freep) struct table *t = filled(cells, ARRAY_SIZE(cells));
	_cleanup_(freep) char *text = NULL;

	assert_int_equal(table_note(t, "and 480 more of the same"), 0);
	assert_int_equal(table_cell(t, COLOUR_RED, "db"), 0);
	text = printed(t, &(struct style){ .colour = true });
	assert_string_equal(text, "\033[1mNAME\033[0m  \033[1mN\033[0m  \033[1mWHY\033[0m\n"
				  "web   1  a\n"
				  "\033[2mand 480 more of the same\033[0m\n"
				  "\033[31mdb\033[0m    ");
}

/* What a terminal would obey, or show as something else, must not get through. */
static void
test_nothing_that_a_terminal_obeys(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "a\033[31mb", "a?[31mb" },
		{ "a\nb\tc\rd", "a?b?c?d" },
		{ "a\177b", "a?b" },
		{ "\xc2\x9b"
		  "31m",
		    "?31m" },
		{ "\xff\xfe", "??" },
		{ "gpj\xe2\x80\xae"
		  "exe",
		    "gpj?exe" },
		{ "caf\xc3\xa9", "café" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *shown = NULL;
		size_t len;
		FILE *out = open_memstream(&shown, &len);
		unsigned width = text_put(out, cases[i].text, 0);

		assert_int_equal(fclose(out), 0);
		assert_string_equal(shown, cases[i].shown);
		assert_int_equal(width, text_width(cases[i].text));
	}
}

static void
test_prose_is_wrapped(void **state)
{
	_cleanup_(freep) char *shown = NULL;
	size_t len;
	FILE *out = open_memstream(&shown, &len);

	text_put_wrapped(out, &(struct style){ .width = 30 }, 4,
	    "words that do not\nfit one line\n\nand a line of its own\n  - more\n");
	assert_int_equal(fclose(out), 0);
	assert_string_equal(shown, "    words that do not fit one\n"
				   "    line\n"
				   "\n"
				   "    and a line of its own\n"
				   "      - more\n");
}

static void
test_no_terminal_no_colours(void **state)
{
	int fds[2];
	struct style style;

	assert_int_equal(pipe(fds), 0);
	style = style_of(fds[1]);
	assert_false(style.colour);
	assert_int_equal(style.width, 0);
	closep(&fds[0]);
	closep(&fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_aligned),
		cmocka_unit_test(test_wide_characters_count_twice),
		cmocka_unit_test(test_fits_the_terminal),
		cmocka_unit_test(test_notes_stand_alone),
		cmocka_unit_test(test_nothing_that_a_terminal_obeys),
		cmocka_unit_test(test_prose_is_wrapped),
		cmocka_unit_test(test_no_terminal_no_colours),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
