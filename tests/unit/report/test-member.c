/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/line.h"
#include "report/member.h"
#include "util/macros.h"

/* Whatever a double makes of it. */
static void
test_seconds_have_three_decimals(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = { { 0, "{\"s\":0.000}" }, { 3289, "{\"s\":3.289}" },
		{ 60010, "{\"s\":60.010}" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *json = json_object_new_object();

		assert_int_equal(member_put_seconds(json, "s", cases[i].ms), 0);
		assert_string_equal(member_line(json), cases[i].text);
		(void)json_object_put(json);
	}
}

static void
test_seconds_stay_so_in_a_line(void **state)
{
	struct json_object *row = json_tokener_parse(
	    "{\"type\":\"notice\",\"notice\":{\"kind\":\"heartbeat\",\"summary\":{\"pass\":1},"
	    "\"blind_s\":3.289}}");
	_cleanup_(freep) char *line = line_of_drift(row);

	assert_string_equal(line, "watching: 1 pass, blind for 3.289 s in all");
	(void)json_object_put(row);
}

static void
test_what_is_not_there_reads_as_nothing(void **state)
{
	struct json_object *json =
	    json_tokener_parse("{\"a\":{\"b\":1,\"c\":\"x\"},\"l\":[\"y\",2]}");

	assert_string_equal(member_text(json, "a/c"), "x");
	assert_string_equal(member_text(json, "a/b"), "");
	assert_string_equal(member_text(json, "a/c/d"), "");
	assert_string_equal(member_text(NULL, "a"), "");
	assert_int_equal(member_int(json, "a/b"), 1);
	assert_int_equal(member_int(json, "a/c"), 0);
	assert_int_equal(member_count(json, "l"), 2);
	assert_int_equal(member_count(json, "a"), 0);
	assert_string_equal(member_text_at(json, "l", 0), "y");
	assert_string_equal(member_text_at(json, "l", 1), "");
	assert_string_equal(member_text_at(json, "l", 2), "");
	assert_int_equal(member_put(json, "z", NULL), -ENOMEM);
	(void)json_object_put(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seconds_have_three_decimals),
		cmocka_unit_test(test_seconds_stay_so_in_a_line),
		cmocka_unit_test(test_what_is_not_there_reads_as_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
