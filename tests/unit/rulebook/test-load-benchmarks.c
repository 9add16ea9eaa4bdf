/* SPDX-License-Identifier: Apache-2.0
 *
 * Benchmarks, and which rules they and the settings select. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rulebook/fixture.h"

static struct fixture fixture;

static const char first[] = "id: cis-1.11\n"
			    "title: The first\n"
			    "version: 1.11\n"
			    "sections:\n"
			    "  1: Host\n"
			    "  1.1: Files of the host\n"
			    "  5: Containers\n"
			    "rules:\n"
			    "- {id: 1.1.3, level: 1, scored: true, rule: a-rule}\n"
			    "- {id: 1.2, level: 2, scored: false, rule: b-rule, title: Other}\n"
			    "- {id: 5.4.10.1, level: 1, scored: true, title: Not yet}\n";

static const char second[] = "id: cis-1.6\n"
			     "title: The second\n"
			     "version: 1.6\n"
			     "sections: {5: Containers}\n"
			     "rules:\n"
			     "- {id: 5.1, level: 1, scored: true, rule: b-rule}\n"
			     "- {id: 5.2, level: 1, scored: true, rule: c-rule}\n";

static int
set_up(void **state)
{
	fixture_init(&fixture);
	fixture_put(&fixture, "rules/a.yaml",
	    GOOD_RULE("d-rule") GOOD_RULE("c-rule") GOOD_RULE("b-rule") GOOD_RULE("a-rule"));
	fixture_put(&fixture, "rules/benchmarks/1.11.yaml", first);
	fixture_put(&fixture, "rules/benchmarks/1.6.yaml", second);
	return 0;
}

static int
tear_down(void **state)
{
	fixture_deinit(&fixture);
	return 0;
}

static const struct rule *
rule(const char *name)
{
	const struct rule *found = rulebook_find(fixture.rb, name, NULL);

	assert_non_null(found);
	return found;
}

static void
test_entries(void **state)
{
	const struct benchmark *b;

	fixture_load_good(&fixture);
	assert_int_equal(fixture.rb->n_benchmarks, 2);
	b = &fixture.rb->benchmarks[0];
	assert_string_equal(b->id, "cis-1.11");
	assert_string_equal(b->title, "The first");
	assert_string_equal(b->version, "1.11");
	assert_true(b->enabled);
	assert_int_equal(b->n_sections, 3);
	assert_string_equal(b->sections[1].title, "Files of the host");
	assert_int_equal(b->n_entries, 3);
	assert_string_equal(b->entries[0].id, "1.1.3");
	assert_string_equal(b->entries[0].section, "1.1");
	assert_string_equal(b->entries[0].title, "Title of a-rule");
	assert_ptr_equal(b->entries[0].rule, rule("a-rule"));
	assert_true(b->entries[0].scored);
	assert_string_equal(b->entries[1].section, "1");
	assert_string_equal(b->entries[1].title, "Other");
	assert_int_equal(b->entries[1].level, 2);
	assert_false(b->entries[1].scored);
	assert_string_equal(b->entries[2].section, "5");
	assert_null(b->entries[2].rule);
}

static void
test_find(void **state)
{
	fixture_load_good(&fixture);
	for (unsigned i = 0; i < fixture.rb->n_rules; i++)
		assert_int_equal(fixture.rb->rules[i]->index, i);
	assert_string_equal(fixture.rb->rules[0]->key, "a-rule");
	assert_ptr_equal(rule("1.2"), rule("b-rule"));
	assert_ptr_equal(rulebook_find(fixture.rb, "5.2", "cis-1.6"), rule("c-rule"));
	assert_null(rulebook_find(fixture.rb, "5.2", NULL));
	assert_null(rulebook_find(fixture.rb, "5.4.10.1", NULL)); /* nothing judges it yet */
	assert_null(rulebook_find(fixture.rb, "5.2", "cis-1.7"));
	assert_ptr_equal(rulebook_find(fixture.rb, "1.6:5.2", NULL), rule("c-rule"));
	assert_ptr_equal(rulebook_find(fixture.rb, "cis-1.6:5.2", "cis-1.7"), rule("c-rule"));
	assert_null(rulebook_find(fixture.rb, "1.7:5.2", NULL));
	assert_null(rulebook_find(fixture.rb, ":5.2", NULL));
	assert_null(rulebook_find(fixture.rb, "1.6:", NULL));
	assert_null(rulebook_find(fixture.rb, "e-rule", NULL));
	assert_null(rulebook_find(fixture.rb, "", NULL));
	assert_string_equal(
	    benchmark_entry_of(&fixture.rb->benchmarks[1], rule("b-rule"))->id, "5.1");
	assert_null(benchmark_entry_of(&fixture.rb->benchmarks[0], rule("c-rule")));
}

static void
test_all_are_selected(void **state)
{
	fixture_load_good(&fixture);
	for (unsigned i = 0; i < fixture.rb->n_rules; i++) {
		assert_true(fixture.rb->rules[i]->selected);
		assert_null(fixture.rb->rules[i]->unselected_why);
	}
}

/* What no benchmark has is the site's own and stays. */
static void
test_one_benchmark(void **state)
{
	fixture_put(&fixture, "plimsoll.yaml", "benchmarks: [cis-1.11]\n");
	fixture_load_good(&fixture);
	assert_false(fixture.rb->benchmarks[1].enabled);
	assert_true(rule("a-rule")->selected);
	assert_true(rule("b-rule")->selected);
	assert_string_equal(rule("c-rule")->unselected_why, "no enabled benchmark has it");
	assert_true(rule("d-rule")->selected);
}

static void
test_named_order(void **state)
{
	fixture_put(&fixture, "plimsoll.yaml", "benchmarks: [cis-1.6, cis-1.11, cis-1.6]\n");
	fixture_load_good(&fixture);
	assert_string_equal(fixture.rb->benchmarks[0].id, "cis-1.6");
	assert_string_equal(fixture.rb->benchmarks[1].id, "cis-1.11");
	assert_ptr_equal(rule("5.2"), rule("c-rule"));
}

static void
test_levels(void **state)
{
	fixture_put(&fixture, "plimsoll.yaml", "benchmarks: [cis-1.11]\nselect: {levels: [1]}\n");
	fixture_load_good(&fixture);
	assert_true(rule("a-rule")->selected);
	assert_false(rule("b-rule")->selected);
	assert_string_equal(rule("b-rule")->unselected_why, "level 2 is not selected");
	/* Another enabled benchmark has it at level 1. */
	fixture_put(&fixture, "plimsoll.yaml", "select: {levels: [1]}\n");
	fixture_load_good(&fixture);
	assert_true(rule("b-rule")->selected);
}

static void
test_exclusion_by_number(void **state)
{
	fixture_put(&fixture, "plimsoll.yaml",
	    "benchmarks: [cis-1.6]\nselect: {exclude: [{rule: 5.2, reason: by hand}]}\n");
	fixture_load_good(&fixture);
	assert_false(rule("c-rule")->selected);
	assert_string_equal(rule("c-rule")->unselected_why, "excluded: by hand");
}

static void
test_benchmark_of_the_site(void **state)
{
	fixture_folder(&fixture, "rules.d/benchmarks");
	fixture_put(&fixture, "rules.d/a.yaml", GOOD_RULE("e-rule"));
	fixture_put(&fixture, "rules.d/benchmarks/a.yaml",
	    "id: house\ntitle: House\nversion: 1\nsections: {1: One}\n"
	    "rules: [{id: 1.1, level: 1, scored: true, rule: e-rule}]\n");
	fixture_load_good(&fixture);
	assert_int_equal(fixture.rb->n_benchmarks, 3);
	assert_string_equal(fixture.rb->benchmarks[2].id, "house");
	assert_ptr_equal(rulebook_find(fixture.rb, "1.1", "house"), rule("e-rule"));
}

#define HEAD "id: x\ntitle: X\nversion: 1\n"

static const struct {
	const char *text, *errors;
} bad[] = {
	{ "[]\n", "rules/benchmarks/x.yaml:1: a benchmark must be a map, not a list" },
	{ "id: x\nrule: []\n",
	    "rules/benchmarks/x.yaml:2: unknown key `rule`; did you mean `rules`?\n"
	    "rules/benchmarks/x.yaml:1: a benchmark needs `title`\n"
	    "rules/benchmarks/x.yaml:1: a benchmark needs `version`\n"
	    "rules/benchmarks/x.yaml:1: a benchmark needs `sections`\n"
	    "rules/benchmarks/x.yaml:1: a benchmark needs `rules`" },
	{ "id: cis-1.6\ntitle: X\nversion: 1\nsections: {}\nrules: []\n",
	    "rules/benchmarks/x.yaml:1: benchmark cis-1.6 is there already" },
	{ HEAD "sections: []\nrules: []\n",
	    "rules/benchmarks/x.yaml:4: `sections` must be a map, not a list" },
	{ HEAD "sections: {1: One}\nrules: {}\n",
	    "rules/benchmarks/x.yaml:5: `rules` must be a list, not a map" },
	{ HEAD "sections: {1: }\nrules: []\n",
	    "rules/benchmarks/x.yaml:4: the title of a section is empty" },
	{ HEAD "sections: {1: One}\nrules:\n"
	       "- {id: 1.1, level: 1, scored: yes, rule: a-rule}\n"
	       "- {id: 1.2, level: one, scored: true, rule: a-rul}\n"
	       "- {id: 2.1, level: 1, scored: true, rule: a-rule}\n"
	       "- {id: A.1, level: 1, scored: true, rule: a-rule}\n"
	       "- {id: 1.1, level: 1, scored: true, rule: nothing}\n"
	       "- {id: 1.3, level: 0, scored: true}\n"
	       "- {id: 1.4, rule: a-rule}\n",
	    "rules/benchmarks/x.yaml:6: `scored` must be true or false\n"
	    "rules/benchmarks/x.yaml:7: `level` must be a number from 1 to 9\n"
	    "rules/benchmarks/x.yaml:8: `sections` has no section that 2.1 is in\n"
	    "rules/benchmarks/x.yaml:9: `id` must be a number such as 5.4, not A.1\n"
	    "rules/benchmarks/x.yaml:10: 1.1 is there already\n"
	    "rules/benchmarks/x.yaml:11: `level` must be a number from 1 to 9\n"
	    "rules/benchmarks/x.yaml:12: an entry of a benchmark needs `level`\n"
	    "rules/benchmarks/x.yaml:12: an entry of a benchmark needs `scored`\n"
	    "rules/benchmarks/x.yaml:7: no rule `a-rul`; did you mean `a-rule`?\n"
	    "rules/benchmarks/x.yaml:10: no rule `nothing`\n"
	    "rules/benchmarks/x.yaml:11: an entry needs `title` where it has no `rule`" },
};

static void
test_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fixture_put(&fixture, "rules/benchmarks/x.yaml", bad[i].text);
		fixture_load_bad(&fixture, bad[i].errors);
	}
}

/* A file of rules that can't be read is one complaint, not one for each entry that names a rule of
 * it. */
static void
test_no_echo(void **state)
{
	fixture_put(&fixture, "rules/a.yaml", "- [\n");
	fixture_put(&fixture, "plimsoll.yaml", "select: {exclude: [{rule: a-rule, reason: x}]}\n");
	assert_int_equal(fixture_load(&fixture), RULEBOOK_E_INVALID);
	assert_null(strchr(fixture.errors, '\n'));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_entries),
		TEST(test_find),
		TEST(test_all_are_selected),
		TEST(test_one_benchmark),
		TEST(test_named_order),
		TEST(test_levels),
		TEST(test_exclusion_by_number),
		TEST(test_benchmark_of_the_site),
		TEST(test_refused),
		TEST(test_no_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
