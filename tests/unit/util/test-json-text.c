/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/json_text.h"
#include "util/macros.h"
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

static void
expect(struct json_text *t, const char *want)
{
	assert_false(t->failed);
	assert_int_equal(t->len, strlen(want));
	assert_memory_equal(t->bytes, want, t->len);
	json_text_deinit(t);
}

static void
test_commas(void **state)
{
	struct json_text t = { 0 };

	(void)state;
	json_text_open(&t, '{');
	json_text_key(&t, "empty");
	json_text_open(&t, '[');
	json_text_close(&t, ']');
	json_text_key(&t, "list");
	json_text_open(&t, '[');
	json_text_int(&t, 1);
	json_text_open(&t, '{');
	json_text_close(&t, '}');
	json_text_line(&t);
	json_text_value(&t, "null", 4);
	json_text_close(&t, ']');
	json_text_key(&t, "last");
	json_text_string(&t, "", 0);
	json_text_close(&t, '}');
	expect(&t, "{\"empty\":[],\"list\":[1,{},\nnull],\"last\":\"\"}");
}

static void
test_a_cleared_text_goes_on(void **state)
{
	struct json_text t = { 0 };

	(void)state;
	json_text_open(&t, '[');
	json_text_int(&t, 1);
	json_text_clear(&t);
	json_text_int(&t, 2);
	json_text_close(&t, ']');
	expect(&t, ",2]");
}

static void
test_taking(void **state)
{
	struct json_text t = { 0 };
	_cleanup_(freep) char *text = NULL;

	(void)state;
	json_text_int(&t, 1);
	text = json_text_take(&t);
	assert_string_equal(text, "1");
	json_text_int(&t, 2);
	expect(&t, "2");
	t.failed = true;
	assert_null(json_text_take(&t));
}

static void
test_numbers(void **state)
{
	struct json_text t = { 0 };

	(void)state;
	json_text_open(&t, '[');
	json_text_int(&t, 0);
	json_text_int(&t, -7);
	json_text_int(&t, INT64_MAX);
	json_text_int(&t, INT64_MIN);
	json_text_close(&t, ']');
	expect(&t, "[0,-7,9223372036854775807,-9223372036854775808]");
}

/* Each character at each place of a text, as the library that reads it writes it. */
static void
test_strings(void **state)
{
	char text[20];

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < sizeof(text); at++) {
			struct json_object *json;
			struct json_text t = { 0 };

			memset(text, 'x', sizeof(text));
			text[at] = (char)c;
			json = json_object_new_string_len(text, sizeof(text));
			json_text_string(&t, text, sizeof(text));
			expect(&t, json_object_to_json_string_ext(json,
				       JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
			(void)json_object_put(json);
		}
}

static void
test_a_long_text(void **state)
{
	enum { LONG = 100 * 1000 };
	_cleanup_(freep) char *text = malloc(LONG);
	struct json_text t = { 0 };

	(void)state;
	assert_non_null(text);
	memset(text, '"', LONG);
	json_text_string(&t, text, LONG);
	assert_false(t.failed);
	assert_int_equal(t.len, 2 * LONG + 2);
	assert_memory_equal(t.bytes + t.len - 3, "\\\"\"", 3);
	json_text_deinit(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commas),
		cmocka_unit_test(test_a_cleared_text_goes_on),
		cmocka_unit_test(test_taking),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_a_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
