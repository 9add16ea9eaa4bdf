/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "expr/expr.h"

/* Append a row per mistake that was ever made. */
static const struct {
	const char *text, *message;
} bad[] = {
	{ "", "1:1: expected an expression, but the expression ends" },
	{ "  // nothing", "1:13: expected an expression, but the expression ends" },
	{ "1 +", "1:4: expected an expression, but the expression ends" },
	{ "1 2", "1:3: expected an operator, not 2" },
	{ "a\n  && b c", "2:8: expected an operator, not c" },
	{ "(1", "1:3: expected ), but the expression ends" },
	{ "[1, 2", "1:6: expected , or ], but the expression ends" },
	{ "[1 2]", "1:4: expected , or ], not 2" },
	{ "[,]", "1:2: expected an expression, not ," },
	{ "{1}", "1:3: expected :, not }" },
	{ "{'a': 1 'b': 2}", "1:9: expected , or }, not 'b'" },
	{ "size(1,)", "1:8: expected an argument, not )" },
	{ "size(", "1:6: expected an expression, but the expression ends" },
	{ "a[1", "1:4: expected ], but the expression ends" },
	{ "a.", "1:3: expected the name of a field, but the expression ends" },
	{ "a.in", "1:3: expected the name of a field, not in" },
	{ "a.'b'", "1:3: expected the name of a field, not 'b'" },
	{ "true ? 1", "1:9: expected :, but the expression ends" },
	{ "true ? true ? 1 : 2 : 3", "1:13: expected :, not ?" },
	{ "as + 1", "1:1: as is a reserved word" },
	{ "for(1)", "1:1: for is a reserved word" },
	{ "in", "1:1: in is a reserved word" },
	{ ".1", "1:1: a fraction: there are integers alone" },
	{ "1.5", "1:1: a fraction: there are integers alone" },
	{ "2e3", "1:1: a fraction: there are integers alone" },
	{ "1u", "1:2: a letter follows the number" },
	{ "0x", "1:1: hexadecimal digits are missing" },
	{ "9223372036854775808", "1:1: the integer is over 64 bits" },
	{ "-9223372036854775809", "1:2: the integer is over 64 bits" },
	{ "0xffffffffffffffffff", "1:1: the integer is over 64 bits" },
	{ "!-1", "1:2: expected an expression, not -" },
	{ "a = 1", "1:3: equality is ==" },
	{ "a & b", "1:3: no such operator" },
	{ "a.?b", "1:3: expected the name of a field, not ?" },
	{ "b'bytes'", "1:2: expected an operator, not 'bytes'" },
	{ "Type{a: 1}", "1:5: expected an operator, not {" },
	{ "'a", "1:1: the string has no end" },
	{ "'a\\'", "1:1: the string has no end" },
	{ "'''a''", "1:1: the string has no end" },
	{ "'a\nb'", "1:3: a line ends within a string; use three quotes" },
	{ "'\\s'", "1:2: no such escape; a raw string (r\"...\") takes none" },
	{ "'\\x4'", "1:2: an escape lacks digits" },
	{ "'\\477'", "1:2: no such escape; a raw string (r\"...\") takes none" },
	{ "'\\18'", "1:2: an escape lacks digits" },
	{ "'\\ud83d'", "1:2: an escape is no Unicode character" },
	{ "'\\U00110000'", "1:2: an escape is no Unicode character" },
	{ "'\xff'", "1:2: not UTF-8" },
	{ "'\xc0\x80'", "1:2: not UTF-8" },
	{ "'\xed\xa0\x80'", "1:2: not UTF-8" },
	{ "has(a)", "1:1: has() takes a selection, as in has(a.b)" },
	{ "has(a['b'])", "1:1: has() takes a selection, as in has(a.b)" },
	{ "has(a.b, a.c)", "1:1: has() takes a selection, as in has(a.b)" },
	{ "a.exists(1, true)", "1:10: expected the name of a variable, not 1" },
	{ "a.exists(true, true)", "1:10: expected the name of a variable, not true" },
	{ "a.exists(x.y, true)", "1:11: expected , and what is to hold of the variable, not ." },
	{ "a.exists(x)", "1:11: expected , and what is to hold of the variable, not )" },
	{ "a.exists(x, true, true)", "1:3: exists() takes a variable and a condition" },
	{ "a.filter(x,)", "1:3: filter() takes a variable and a condition" },
	{ "a.map(x, 1, 2, 3)", "1:3: map() takes a variable and one or two expressions" },
};

static void
test_refused(void **state)
{
	unsigned failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(expr_freep) struct expr *e = NULL;
		_cleanup_(freep) char *why = NULL;
		int r = expr_parse(&e, bad[i].text, strlen(bad[i].text), &why);

		if (r == EXPR_E_INVALID && strcmp(why, bad[i].message) == 0)
			continue;
		failed++;
		print_error("%s\n  is     %s\n  wanted %s\n", bad[i].text, r == 0 ? "parsed" : why,
		    bad[i].message);
	}
	assert_int_equal(failed, 0);
}

static const char *const good[] = {
	"1 // a comment",
	"// first\n1",
	"[1, 2,]",
	"{'a': 1,}",
	".a.b",
	"a.for.package",
	"a.package()",
	"f()",
	"- 5",
	"- - 5",
	"!!a",
	"1.size()",
	"\"\"\"two\r\nlines\"\"\"",
	"a ? b : c ? d : e",
	"'\xf4\x8f\xbf\xbf'",
};

static void
test_accepted(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(expr_freep) struct expr *e = NULL;
		_cleanup_(freep) char *why = NULL;

		if (expr_parse(&e, good[i], strlen(good[i]), &why) != 0)
			fail_msg("%s: %s", good[i], why);
		assert_string_equal(expr_text(e), good[i]);
	}
}

/* `part` `n` times between `before` and `after`: NULL if it parses, else the message. */
static char *
parse_repeated(const char *before, const char *part, size_t n, const char *after)
{
	_cleanup_(expr_freep) struct expr *e = NULL;
	_cleanup_(freep) char *text = malloc(strlen(before) + strlen(part) * n + strlen(after) + 1);
	char *why = NULL, *to = stpcpy(text, before);
	int r;

	for (size_t i = 0; i < n; i++)
		to = stpcpy(to, part);
	to = stpcpy(to, after);
	r = expr_parse(&e, text, (size_t)(to - text), &why);
	assert_true(r == 0 || r == EXPR_E_INVALID);
	return why;
}

static void
assert_bound(
    const char *before, const char *part, size_t most, const char *after, const char *message)
{
	_cleanup_(freep) char *within = parse_repeated(before, part, most, after);
	_cleanup_(freep) char *beyond = parse_repeated(before, part, most + 1, after);

	if (within != NULL)
		fail_msg("%s, %zu times: %s", part, most, within);
	if (beyond == NULL || strstr(beyond, message) == NULL)
		fail_msg("%s, %zu times: %s", part, most + 1, beyond == NULL ? "parsed" : beyond);
}

static void
assert_message(const char *before, const char *part, size_t n, const char *message)
{
	_cleanup_(freep) char *why = parse_repeated(before, part, n, "");

	assert_non_null(why);
	assert_non_null(strstr(why, message));
}

static void
test_text_bound(void **state)
{
	assert_bound("1", " ", EXPR_TEXT_MAX - 1, "", "1:1: the expression is over 16384 bytes");
}

static void
test_depth_bound(void **state)
{
	const char *message = "nested deeper than 64";

	assert_bound("a", ".b", EXPR_DEPTH_MAX - 1, "", message);
	assert_bound("a", "[0]", EXPR_DEPTH_MAX - 1, "", message);
	assert_bound("a", " + 1", EXPR_DEPTH_MAX - 1, "", message);
	assert_bound("", "!", EXPR_DEPTH_MAX - 1, "a", message);
	assert_bound("", "-", EXPR_DEPTH_MAX - 1, "a", message);
	/* Brackets count as well, though they leave nothing in the tree. */
	assert_message("", "f(", EXPR_DEPTH_MAX - 1, "the expression ends");
	assert_message("", "(", 10000, message);
	assert_message("", "[", 10000, message);
	assert_message("", "{1:", 3000, message);
	assert_message("", "a?b:", 3000, message);
	assert_message("", "a.all(x,", 1500, message);
}

static void
test_long_rows_are_not_deep(void **state)
{
	assert_null(parse_repeated("a", " && a", 1000, ""));
	assert_null(parse_repeated("a", "||a", 1000, ""));
	assert_null(parse_repeated("[1", ",1", 1000, "]"));
}

static void
test_nodes_bound(void **state)
{
	assert_bound("[1", ",1", EXPR_NODES_MAX - 2, "]", "the expression has over 4096 parts");
	assert_null(parse_repeated("[", "'''''',", 2000, "]"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_text_bound),
		cmocka_unit_test(test_depth_bound),
		cmocka_unit_test(test_long_rows_are_not_deep),
		cmocka_unit_test(test_nodes_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
