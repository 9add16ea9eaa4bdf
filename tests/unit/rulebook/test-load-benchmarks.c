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

/* --- readings --- */

static const char read_otherwise[] =
    "- key: p-rule\n"
    "  title: Title of p-rule\n"
    "  severity: low\n"
    "  scope: container\n"
    "  pass: container.user != \"\" && params.image_age_days > 100 && params.cpu_alternatives\n"
    "  why: Because.\n"
    "  audit: docker inspect {subject}\n"
    "  fix: Do it.\n"
    "  examples:\n"
    "    - {verdict: pass, facts: {container.user: app, params.cpu_alternatives: true}}\n"
    "    - {verdict: fail, facts: {container.user: \"\"}}\n"
    "    - {verdict: unknown, unreadable: [container.user]}\n";

#define READ "- {id: 1.9, level: 1, scored: true, "

static void
put_readings(const char *name, const char *entries)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
	    "id: %s\ntitle: X\nversion: 1\nsections: {1: One}\nrules:\n%s", name, entries);
	fixture_put(&fixture, "rules/p.yaml", read_otherwise);
	(void)snprintf(text + 600, sizeof(text) - 600, "rules/benchmarks/%s.yaml", name);
	fixture_put(&fixture, text + 600, text);
}

static bool
param_is_on(const struct rule *r, const char *name)
{
	for (unsigned i = 0; i < param_count; i++)
		if (strcmp(param_table[i].name, name) == 0)
			return rulebook_param(fixture.rb, r, PARAM_ID_FIRST + i)->boolean;
	fail();
	return false;
}

/* Two editions read alike, a third as the rule itself says. */
static void
test_readings(void **state)
{
	const struct rule *own, *reading;

	put_readings("x-1", READ "rule: p-rule, as: lax-rule, title: Laxer, "
				 "params: {cpu_alternatives: true}}\n");
	put_readings("x-2", READ "rule: p-rule, params: {cpu_alternatives: true}, as: lax-rule}\n");
	put_readings("x-3", READ "rule: p-rule}\n");
	fixture_put(&fixture, "plimsoll.yaml", "params: {image_age_days: 7}\n");
	fixture_load_good(&fixture);
	own = rule("p-rule");
	reading = rule("lax-rule");
	assert_int_equal(fixture.rb->n_rules, 6);
	for (unsigned i = 0; i < fixture.rb->n_rules; i++)
		assert_int_equal(fixture.rb->rules[i]->index, i);
	assert_ptr_equal(reading->reading_of, own);
	assert_null(own->reading_of);
	assert_string_equal(reading->title, "Laxer");
	assert_ptr_equal(reading->test, own->test);
	assert_int_equal(reading->n_examples, 0);
	assert_true(param_is_on(reading, "cpu_alternatives"));
	assert_false(param_is_on(own, "cpu_alternatives"));
	assert_true(reading->selected);
	assert_ptr_equal(rulebook_find(fixture.rb, "1.9", "x-1"), reading);
	assert_ptr_equal(rulebook_find(fixture.rb, "1.9", "x-2"), reading);
	assert_ptr_equal(rulebook_find(fixture.rb, "1.9", "x-3"), own);
}

/* What the entry fixes holds whatever the settings say; the rest is theirs. */
static void
test_readings_and_settings(void **state)
{
	const struct rule *reading;
	int64_t days = 0;

	put_readings(
	    "x-1", READ "rule: p-rule, as: strict-rule, params: {cpu_alternatives: false}}\n");
	fixture_put(&fixture, "plimsoll.yaml",
	    "params: {image_age_days: 7, cpu_alternatives: true}\n"
	    "benchmarks: [cis-1.6]\n");
	fixture_load_good(&fixture);
	reading = rule("strict-rule");
	assert_true(param_is_on(rule("p-rule"), "cpu_alternatives"));
	assert_false(param_is_on(reading, "cpu_alternatives"));
	for (unsigned i = 0; i < param_count; i++)
		if (strcmp(param_table[i].name, "image_age_days") == 0)
			days = rulebook_param(fixture.rb, reading, PARAM_ID_FIRST + i)->integer;
	assert_int_equal(days, 7);
	assert_false(reading->selected);
	assert_string_equal(reading->unselected_why, "no enabled benchmark has it");
}

/* An operator's words for one reading don't cover another. */
static void
test_reading_has_exceptions_of_its_own(void **state)
{
	unsigned n;

	put_readings("x-1", READ "rule: p-rule, as: lax-rule, params: {cpu_alternatives: true}}\n");
	fixture_put(&fixture, "exceptions.d/a.yaml",
	    "- {rule: lax-rule, state: waived, owner: o, reason: r, expires: 2030-01-01}\n");
	fixture_load_good(&fixture);
	assert_non_null(rulebook_exceptions(fixture.rb, rule("lax-rule"), &n));
	assert_null(rulebook_exceptions(fixture.rb, rule("p-rule"), &n));
}

static const struct {
	const char *entries, *errors;
} bad_readings[] = {
	{ READ "rule: p-rule, as: x}\n",
	    "rules/benchmarks/x.yaml:6: `as` and `params` go together, with `rule`" },
	{ READ "rule: p-rule, params: {cpu_alternatives: true}}\n",
	    "rules/benchmarks/x.yaml:6: `as` and `params` go together, with `rule`" },
	{ READ "title: T, as: x, params: {cpu_alternatives: true}}\n",
	    "rules/benchmarks/x.yaml:6: `as` and `params` go together, with `rule`" },
	{ READ "rule: p-rule, as: X, params: {cpu_alternatives: true}}\n",
	    "rules/benchmarks/x.yaml:6: `as` must be of a-z, 0-9 and -, start with a letter, and "
	    "have at most 64: X" },
	{ READ "rule: p-rule, as: x,\n   params: {cpu_alternative: true}}\n",
	    "rules/benchmarks/x.yaml:7: unknown parameter `cpu_alternative`; did you mean "
	    "`cpu_alternatives`?" },
	{ READ "rule: p-rule, as: x,\n   params: {cpu_alternatives: 1}}\n",
	    "rules/benchmarks/x.yaml:7: params.cpu_alternatives must be bool, not int" },
	{ READ "rule: p-rule, as: x,\n   params: {image_age_days: -1}}\n",
	    "rules/benchmarks/x.yaml:7: params.image_age_days must not be below 0" },
	{ READ "rule: p-rule, as: x, params: [1]}\n",
	    "rules/benchmarks/x.yaml:6: `params` must be a map, not a list" },
	{ READ "rule: p-rule, as: x, params: {}}\n",
	    "rules/benchmarks/x.yaml:6: `params` is empty" },
	{ READ "rule: p-rule, as: x, params: {cpu_alternatives: true, kernel_minimum: '4'}}\n",
	    "rules/benchmarks/x.yaml:6: rule `p-rule` does not read params.kernel_minimum" },
	{ READ "rule: p-rule, as: a-rule, params: {cpu_alternatives: true}}\n",
	    "rules/benchmarks/x.yaml:6: rule `a-rule` is in rules/a.yaml:37 already" },
	{ READ "rule: p-rule, as: x, params: {cpu_alternatives: true}}\n"
	       "- {id: 1.8, level: 1, scored: true, rule: p-rule, as: x, "
	       "params: {cpu_alternatives: false}}\n",
	    "rules/benchmarks/x.yaml:7: another reading `x` is in rules/benchmarks/x.yaml:6 "
	    "already" },
	{ READ "rule: p-rul, as: x, params: {cpu_alternatives: true}}\n",
	    "rules/benchmarks/x.yaml:6: no rule `p-rul`; did you mean `p-rule`?" },
};

static void
test_bad_readings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_readings); i++) {
		put_readings("x", bad_readings[i].entries);
		fixture_load_bad(&fixture, bad_readings[i].errors);
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
		TEST(test_readings),
		TEST(test_readings_and_settings),
		TEST(test_reading_has_exceptions_of_its_own),
		TEST(test_bad_readings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
