/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules as shipped: they load, the leading benchmark is whole, and every example gets the
 * verdict that it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "judge/judgement.h"

static struct rulebook *rb;

static int
set_up(void **state)
{
	_cleanup_(freep) char *errors = NULL;
	struct rulebook_paths paths = {};
	char dir[4096];
	int r;

	(void)snprintf(dir, sizeof(dir), "%s/rules", getenv("PLIMSOLL_SOURCE"));
	paths.rules_dir = dir;
	r = rulebook_load(&rb, &paths, &errors);
	if (r != 0)
		(void)fprintf(stderr, "%d\n%s", r, errors != NULL ? errors : "");
	return r;
}

static int
tear_down(void **state)
{
	rb = rulebook_free(rb);
	return 0;
}

static void
test_leading_benchmark(void **state)
{
	const struct benchmark *b = &rb->benchmarks[0];
	unsigned per_section[6] = {};

	assert_string_equal(b->id, "cis-docker-1.11.0");
	assert_int_equal(b->n_entries, 83);
	assert_int_equal(b->n_sections, 6);
	for (unsigned i = 0; i < b->n_entries; i++) {
		assert_non_null(b->entries[i].rule);
		per_section[b->entries[i].section[0] - '1']++;
	}
	assert_int_equal(per_section[0], 15);
	assert_int_equal(per_section[4], 25);
}

static void
test_all_are_selected(void **state)
{
	for (unsigned i = 0; i < rb->n_rules; i++)
		assert_true(rb->rules[i]->selected);
}

static void
test_examples(void **state)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < rb->n_rules; i++) {
		const struct rule *rule = rb->rules[i];

		for (unsigned k = 0; k < rule->n_examples; k++) {
			_cleanup_(freep) char *why = NULL;

			if (judgement_try_example(rule, rb, &rule->examples[k], &why) == 0)
				continue;
			print_error("%s:%u: %s: %s\n", rule->examples[k].source,
			    rule->examples[k].line, rule->key, why != NULL ? why : "?");
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leading_benchmark),
		cmocka_unit_test(test_all_are_selected),
		cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
