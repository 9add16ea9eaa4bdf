/* SPDX-License-Identifier: Apache-2.0
 *
 * The cases of CEL's own conformance suite that lie in our subset: {expr, bindings, value or
 * error}. The file comes with the design, beside the repository: a clone that stands alone skips
 * them, and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>
#include <unistd.h>

#include "expr/expr.h"

enum {
	CASES = 335,
};

static struct json_object *
member(struct json_object *object, const char *key)
{
	struct json_object *json = NULL;

	return json_object_object_get_ex(object, key, &json) ? json : NULL;
}

static bool
same_as_json(const struct value *v, struct json_object *json)
{
	struct json_object *is = value_to_json(v);
	bool same = json_object_equal(is, json);

	json_object_put(is);
	return same;
}

/* What went wrong, in `a`; NULL if nothing did. */
static const char *
judge(const struct expr_outcome *outcome, struct json_object *test, struct arena *a)
{
	struct json_object *wanted = NULL, *is;
	const char *text;

	if (outcome->error != NULL && member(test, "error") != NULL)
		return NULL;
	if (outcome->error != NULL)
		return arena_printf(a, "error: %s", outcome->error);
	if (json_object_object_get_ex(test, "value", &wanted) &&
	    same_as_json(&outcome->value, wanted))
		return NULL;
	is = value_to_json(&outcome->value);
	text = arena_printf(a, "value: %s", json_object_to_json_string(is));
	json_object_put(is);
	return text;
}

static const char *
run(struct json_object *test, struct arena *a)
{
	struct json_object *text = member(test, "expr"), *bindings = member(test, "bindings");
	_cleanup_(expr_freep) struct expr *e = NULL;
	_cleanup_(freep) char *why = NULL;
	struct value vars = value_map(NULL, 0);
	struct expr_input input = { .vars = &vars };
	struct expr_outcome outcome;
	int r;

	r = expr_parse(
	    &e, json_object_get_string(text), (size_t)json_object_get_string_len(text), &why);
	if (r != 0 && member(test, "error") != NULL)
		return NULL;
	if (r != 0)
		return arena_printf(a, "%s", why == NULL ? "out of memory" : why);
	if (bindings != NULL && value_from_json(&vars, bindings, a) < 0)
		return "out of memory";
	if (expr_eval(&outcome, e, &input, a) < 0)
		return "out of memory";
	return judge(&outcome, test, a);
}

/* Where they are not, the test ends here; the caller has nothing to free then. */
static struct json_object *
read_cases(void)
{
	const char *root = getenv("PLIMSOLL_SOURCE");
	struct json_object *tests;
	char path[4096];

	if (root == NULL)
		fail_msg("PLIMSOLL_SOURCE is not set to the root of the repository");
	(void)snprintf(path, sizeof(path), "%s/../shared/cel/given.json", root);
	if (access(path, F_OK) != 0) {
		print_message("%s is not here\n", path);
		skip();
	}
	tests = json_object_from_file(path);
	if (tests == NULL)
		fail_msg("%s: %s", path, json_util_get_last_err());
	assert_int_equal(json_object_array_length(tests), CASES);
	return tests;
}

static void
test_given_cases(void **state)
{
	struct json_object *tests = read_cases(), *test;
	_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);
	unsigned failed = 0;
	const char *wrong;

	for (size_t i = 0; i < CASES; i++) {
		test = json_object_array_get_idx(tests, i);
		arena_reset(a);
		wrong = run(test, a);
		if (wrong == NULL)
			continue;
		failed++;
		print_error("%s/%s: %s: %s\n", json_object_get_string(member(test, "file")),
		    json_object_get_string(member(test, "name")),
		    json_object_get_string(member(test, "expr")), wrong);
	}
	json_object_put(tests);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
