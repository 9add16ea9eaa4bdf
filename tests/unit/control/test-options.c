/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/options.h"
#include "control/when.h"
#include "util/clock.h"

enum { WORDS = 8 };

/* Parses words; getopt_long() wants them writable. */
static int
parse(struct options *o, uint32_t groups, const char *const *words, char **why)
{
	static char copies[WORDS][64];
	static char *argv[WORDS + 2];
	static char name[] = "x";
	int n = 0;

	argv[n++] = name;
	for (; n <= WORDS && words[n - 1] != NULL; n++) {
		(void)snprintf(copies[n - 1], sizeof(copies[0]), "%s", words[n - 1]);
		argv[n] = copies[n - 1];
	}
	argv[n] = NULL;
	return options_parse(o, groups, n, argv, why);
}

static void
test_values(void **state)
{
	static const char *const words[] = { "--socket", "/a", "one", "--format=json", "--fail-on",
		"fail,unknown", "two", NULL };
	struct options o;
	char *why = NULL;

	assert_int_equal(
	    parse(&o, OPTIONS_SOCKET | OPTIONS_FORMAT | OPTIONS_VERDICT, words, &why), 0);
	assert_string_equal(o.socket, "/a");
	assert_int_equal(o.format, FORMAT_JSON);
	assert_int_equal(o.fail_on, 1U << VERDICT_FAIL | 1U << VERDICT_UNKNOWN);
	assert_int_equal(o.n_args, 2);
	assert_string_equal(o.args[0], "one");
	assert_string_equal(o.args[1], "two");
	options_deinit(&o);
}

static void
test_defaults(void **state)
{
	static const char *const words[] = { NULL };
	struct options o;
	char *why = NULL;

	assert_int_equal(parse(&o, 0, words, &why), 0);
	assert_string_equal(o.socket, "/run/plimsoll/plimsoll.sock");
	assert_string_equal(o.host_root, "/");
	assert_null(o.engine);
	assert_null(o.config);
	assert_int_equal(o.fail_on, 1U << VERDICT_FAIL);
	assert_true(filter_is_empty(o.filter));
	options_deinit(&o);
}

static void
test_filters(void **state)
{
	static const char *const words[] = { "--rule", "5.4", "--container=web", NULL };
	struct options o;
	char *why = NULL;

	assert_int_equal(parse(&o, OPTIONS_FILTER, words, &why), 0);
	assert_true(filter_has(o.filter, FILTER_RULE));
	assert_true(filter_has(o.filter, FILTER_CONTAINER));
	assert_false(filter_has(o.filter, FILTER_IMAGE));
	options_deinit(&o);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *words[3], *message;
	} bad[] = {
		{ { "--engine", "/x" }, "no such option here: --engine" },
		{ { "--rule", "5.4" }, "no such option here: --rule" },
		{ { "-x" }, "no such option here: -x" },
		{ { "--fromat", "json" }, "no such option here: --fromat; did you mean --format?" },
		{ { "--unitl=now" }, "no such option here: --unitl=now; did you mean --until?" },
		{ { "--format", "xml" }, "no such format: xml" },
		{ { "--format" }, "this option needs a value: --format" },
		{ { "--fail-on", "bad" },
		    "--fail-on takes pass, fail, review, unknown and not-applicable, not: bad" },
		{ { "--since", "soon" }, "not a time (" WHEN_FORMS "): soon" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(freep) char *why = NULL;
		struct options o;

		assert_int_equal(
		    parse(&o, OPTIONS_FORMAT | OPTIONS_VERDICT | OPTIONS_TIMES, bad[i].words, &why),
		    OPTIONS_E_INVALID);
		assert_string_equal(why, bad[i].message);
	}
}

static void
test_moments(void **state)
{
	static const struct {
		const char *text, *moment; /* NULL: it means nothing */
	} cases[] = {
		{ "2026-11-23", "2026-11-23T00:00:00.000Z" },
		{ "2026-11-23 17:05", "2026-11-23T17:05:00.000Z" },
		{ "2026-11-23 17:05:06", "2026-11-23T17:05:06.000Z" },
		{ "2026-11-23T17:05:06Z", "2026-11-23T17:05:06.000Z" },
		{ "2026-11-23T17:05:06.789Z", "2026-11-23T17:05:06.789Z" },
		{ "07:30", "2026-11-30T07:30:00.000Z" },
		{ "now", "2026-11-30T12:00:00.000Z" },
		{ "today", "2026-11-30T00:00:00.000Z" },
		{ "yesterday", "2026-11-29T00:00:00.000Z" },
		{ "90m", "2026-11-30T10:30:00.000Z" },
		{ "2d ago", "2026-11-28T12:00:00.000Z" },
		{ "", NULL },
		{ "90", NULL },
		{ "9999999999999d", NULL },
		{ "2026-13-01", NULL },
		{ "2026-11-23x", NULL },
		{ "2d later", NULL },
	};
	int64_t now, ms;

	assert_true(when_parse("2026-11-30T12:00:00Z", 0, &now));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool known = when_parse(cases[i].text, now, &ms);
		char text[CLOCK_TEXT_SIZE];

		if (known != (cases[i].moment != NULL))
			fail_msg("%s", cases[i].text);
		if (!known)
			continue;
		clock_text(ms, text);
		assert_string_equal(text, cases[i].moment);
	}
}

static void
test_help_names_what_is_taken(void **state)
{
	_cleanup_(freep) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	options_print(out, OPTIONS_SOCKET | OPTIONS_FILTER);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "--socket PATH"));
	assert_non_null(strstr(text, "--label KEY[=VALUE]"));
	assert_non_null(strstr(text, "-h, --help"));
	assert_true(strstr(text, "--version") < strstr(text, "Filters: "));
	assert_true(strstr(text, "Filters: ") < strstr(text, "--rule RULE"));
	assert_null(strstr(text, "--engine"));
}

/* The help of an option begins in the same column for all of them. */
static void
test_help_is_aligned(void **state)
{
	_cleanup_(freep) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	options_print(out, OPTIONS_FORMAT | OPTIONS_PERIOD);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "\n  -h, --help                    this help\n"));
	assert_non_null(strstr(text, "\n      --format table|json|csv|html\n"
				     "                                how it is printed\n"));
	assert_null(strstr(text, "Filters: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_help_names_what_is_taken),
		cmocka_unit_test(test_help_is_aligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
