/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/canonical.h"
#include "util/macros.h"
#include <json-c/json.h>
#include <string.h>

static const struct {
	const char *json, *canonical;
} cases[] = {
	{ "null", "null" },
	{ "true", "true" },
	{ "-12", "-12" },
	{ "\"a/b \\\" \\u00e9\\n\"", "\"a/b \\\" \xc3\xa9\\n\"" },
	{ "[]", "[]" },
	{ "{}", "{}" },
	{ "[3, 1, 2]", "[1,2,3]" },
	{ "[10, 9]", "[10,9]" },
	{ "[\"b\", \"a\", \"b\"]", "[\"a\",\"b\"]" },
	{ "{\"b\": 1, \"a\": {\"d\": [2, 1], \"c\": null}}",
	    "{\"a\":{\"c\":null,\"d\":[1,2]},\"b\":1}" },
	{ "[{\"x\": 1, \"y\": 2}, {\"y\": 2, \"x\": 1}]", "[{\"x\":1,\"y\":2}]" },
	{ "[[2, 1], [1, 2], []]", "[[1,2],[]]" },
	{ "[1.5]", "[{\"unreadable\":true}]" },
};

static void
test_forms(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(arena_freep) struct arena *a = arena_new(65536);
		_cleanup_(freep) char *text = NULL;
		struct json_object *json = json_tokener_parse(cases[i].json);
		struct value v;

		assert_int_equal(value_from_json(&v, json, a), 0);
		(void)json_object_put(json);
		text = canonical_json(&v);
		assert_string_equal(text, cases[i].canonical);
	}
}

static void
test_keys_of_other_types(void **state)
{
	struct value_entry entries[] = {
		{ value_bool(false), value_int(1) },
		{ value_int(-3), value_absent() },
	};
	struct value map = value_map(entries, ARRAY_SIZE(entries));
	_cleanup_(freep) char *text = canonical_json(&map);

	assert_string_equal(text, "{\"-3\":null,\"false\":1}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_keys_of_other_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
