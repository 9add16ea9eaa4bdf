/* SPDX-License-Identifier: Apache-2.0
 *
 * The shipped rules: each example gets its verdict, and each mutant of an expression is caught by
 * an example. What the expressions of a review say gives no verdict, so those aren't mutated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/judgement.h"
#include "mutate.h"
#include "util/macros.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rulebook *rulebook;

static int
load(void **state)
{
	_cleanup_(freep) char *directory = NULL, *errors = NULL;
	struct rulebook_paths paths = {};

	(void)state;
	if (asprintf(&directory, "%s/rules", getenv("PLIMSOLL_SOURCE")) < 0)
		return -1;
	paths.rules_dir = directory;
	if (rulebook_load(&rulebook, &paths, &errors) != 0) {
		print_error("%s\n", errors != NULL ? errors : "out of memory");
		return -1;
	}
	return 0;
}

static int
unload(void **state)
{
	(void)state;
	rulebook = rulebook_free(rulebook);
	return 0;
}

/* Does every example get its verdict? */
static bool
examples_hold(const struct rule *rule, bool say)
{
	bool hold = true;

	for (unsigned i = 0; i < rule->n_examples && (hold || say); i++) {
		_cleanup_(freep) char *why = NULL;
		int r = judgement_try_example(rule, rulebook, &rule->examples[i], &why);

		assert_true(r >= 0);
		if (r != 0 && say)
			print_error(
			    "%s:%u: %s\n", rule->examples[i].source, rule->examples[i].line, why);
		hold = hold && r == 0;
	}
	return hold;
}

/* A rule with a hole where a mutant goes. */
struct trial {
	struct rule rule;
	struct expr **hole;
	const struct type *type;
	unsigned tried, survived;
};

static int
try_mutant(void *context, const char *text)
{
	_cleanup_(expr_freep) struct expr *mutant = NULL;
	_cleanup_(freep) char *error = NULL;
	struct trial *t = context;

	if (expr_parse(&mutant, text, strlen(text), &error) != 0 ||
	    expr_check(mutant, rulebook_names(t->rule.scope), t->type, &error) != 0)
		return 0;
	*t->hole = mutant;
	t->tried++;
	if (examples_hold(&t->rule, false)) {
		print_error("no example tells %s from: %s\n", t->rule.key, text);
		t->survived++;
	}
	return 0;
}

static void
mutate_hole(struct trial *t, struct expr **hole, const struct type *type)
{
	struct expr *whole = *hole;

	if (whole == NULL)
		return;
	t->hole = hole;
	t->type = type;
	assert_int_equal(mutate(expr_text(whole), try_mutant, t), 0);
	*hole = whole;
}

static void
test_rule(void **state)
{
	const struct rule *rule = *state;
	struct trial t = { .rule = *rule };

	assert_true(examples_hold(rule, true));
	mutate_hole(&t, &t.rule.when, &type_bool);
	mutate_hole(&t, &t.rule.test, rule->kind == RULE_PASS ? &type_bool : &type_list_dyn);
	if (rule->kind != RULE_REVIEW && strchr(expr_text(rule->test), ' ') != NULL)
		assert_true(t.tried > 0);
	assert_int_equal(t.survived, 0);
}

static const struct benchmark *
find_benchmark(const char *id)
{
	for (unsigned i = 0; i < rulebook->n_benchmarks; i++)
		if (strcmp(rulebook->benchmarks[i].id, id) == 0)
			return &rulebook->benchmarks[i];
	fail_msg("no benchmark %s", id);
	return NULL;
}

static void
test_editions(void **state)
{
	static const struct {
		const char *id;
		unsigned numbers, scored;
	} editions[] = {
		{ "cis-docker-1.11.0", 83, 69 },
		{ "cis-docker-1.6.0", 117, 21 },
		{ "cis-docker-1.7.0", 117, 23 },
		{ "cis-docker-1.8.0", 118, 23 },
	};
	const struct benchmark *b;
	unsigned scored;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(editions); i++) {
		b = find_benchmark(editions[i].id);
		assert_int_equal(b->n_entries, editions[i].numbers);
		scored = 0;
		for (unsigned j = 0; j < b->n_entries; j++)
			scored += b->entries[j].scored;
		assert_int_equal(scored, editions[i].scored);
	}
}

/* --- against the list of editions --- */

enum {
	LISTED_RULE,
	LISTED_FIRST,                    /* number, scored and level in 1.11.0 */
	LISTED_SIXTH = LISTED_FIRST + 3, /* number and mark in 1.6.0 */
	LISTED_SEVENTH = LISTED_SIXTH + 2,
	LISTED_EIGHTH,
	_LISTED,
	LISTED_MAX = 512, /* bytes of a line */
};

static bool
is_listed(const char *text)
{
	return strcmp(text, "-") != 0;
}

static const struct benchmark_entry *
find_entry(const struct benchmark *b, const char *id)
{
	for (unsigned i = 0; i < b->n_entries; i++)
		if (strcmp(b->entries[i].id, id) == 0)
			return &b->entries[i];
	fail_msg("%s has no %s", b->id, id);
	return NULL;
}

static void
compare_with(const char *const *listed, const struct benchmark_entry *e, const char *scored)
{
	const struct rule *rule = e->rule;

	if (rule != NULL && rule->reading_of != NULL)
		rule = rule->reading_of;
	if (rule != NULL && strcmp(rule->key, listed[LISTED_RULE]) != 0)
		fail_msg("%s is %s, and %s in the list", e->id, rule->key, listed[LISTED_RULE]);
	if (is_listed(scored) && e->scored != (strcmp(scored, "yes") == 0))
		fail_msg("%s %s: another mark in the list", e->id, listed[LISTED_RULE]);
}

/* Where a number of each edition stands in a line, and its mark; 0: no mark is listed. */
static const struct {
	const char *id;
	unsigned number, scored;
} listed_editions[] = {
	{ "cis-docker-1.11.0", LISTED_FIRST, LISTED_FIRST + 1 },
	{ "cis-docker-1.6.0", LISTED_SIXTH, LISTED_SIXTH + 1 },
	{ "cis-docker-1.7.0", LISTED_SEVENTH, 0 },
	{ "cis-docker-1.8.0", LISTED_EIGHTH, 0 },
};

static void
compare_line(char *line, unsigned *counts)
{
	const struct benchmark_entry *e;
	const char *listed[_LISTED];
	unsigned n = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *rest = line; rest != NULL && n < _LISTED; n++)
		listed[n] = strsep(&rest, "\t");
	assert_int_equal(n, _LISTED);
	for (size_t i = 0; i < ARRAY_SIZE(listed_editions); i++) {
		if (!is_listed(listed[listed_editions[i].number]))
			continue;
		e = find_entry(
		    find_benchmark(listed_editions[i].id), listed[listed_editions[i].number]);
		compare_with(listed, e,
		    listed_editions[i].scored != 0 ? listed[listed_editions[i].scored] : "-");
		if (i == 0)
			assert_int_equal(e->level, atoi(listed[LISTED_FIRST + 2]));
		counts[i]++;
	}
}

static void
test_numbers_levels_and_marks(void **state)
{
	unsigned counts[ARRAY_SIZE(listed_editions)] = { 0 };
	_cleanup_(freep) char *path = NULL;
	char line[LISTED_MAX];
	FILE *f;

	(void)state;
	assert_true(asprintf(&path, "%s/tests/data/editions.tsv", getenv("PLIMSOLL_SOURCE")) > 0);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (line[0] != '#')
			compare_line(line, counts);
	assert_int_equal(fclose(f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(listed_editions); i++)
		assert_int_equal(counts[i], find_benchmark(listed_editions[i].id)->n_entries);
}

/* The later editions agree on the level of each rule. */
static void
test_levels_of_later_editions(void **state)
{
	static const char *const ids[] = { "cis-docker-1.6.0", "cis-docker-1.7.0",
		"cis-docker-1.8.0" };
	const struct benchmark_entry *before, *now;

	(void)state;
	for (unsigned r = 0; r < rulebook->n_rules; r++) {
		before = NULL;
		for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
			now = benchmark_entry_of(find_benchmark(ids[i]), rulebook->rules[r]);
			if (now != NULL && before != NULL && now->level != before->level)
				fail_msg(
				    "%s: another level in %s", rulebook->rules[r]->key, ids[i]);
			before = now != NULL ? now : before;
		}
	}
}

static void
test_first_edition_is_whole(void **state)
{
	static const unsigned groups[] = { 15, 13, 20, 5, 25, 5 };
	const struct benchmark *b = find_benchmark("cis-docker-1.11.0");
	unsigned n = 0;
	char id[16];

	(void)state;
	for (unsigned group = 0; group < ARRAY_SIZE(groups); group++) {
		for (unsigned i = 1; i <= groups[group]; i++, n++) {
			(void)snprintf(id, sizeof(id), "%u.%u", group + 1, i);
			assert_string_equal(b->entries[n].id, id);
			assert_non_null(b->entries[n].rule);
		}
	}
	assert_int_equal(n, b->n_entries);
}

/* What a numbered rule leaves open: 2.12 is about the engine, and containers may opt out of it. */
static const char without_number[] = "container-central-logging";

static void
test_every_rule_has_a_number(void **state)
{
	bool found;

	(void)state;
	for (unsigned i = 0; i < rulebook->n_rules; i++) {
		found = strcmp(rulebook->rules[i]->key, without_number) == 0;
		for (unsigned j = 0; j < rulebook->n_benchmarks; j++)
			found = found || benchmark_entry_of(
					     &rulebook->benchmarks[j], rulebook->rules[i]) != NULL;
		if (!found)
			fail_msg("%s is in no benchmark", rulebook->rules[i]->key);
	}
}

int
main(void)
{
	_cleanup_(freep) struct CMUnitTest *tests = NULL;
	const struct CMUnitTest editions[] = {
		cmocka_unit_test(test_editions),
		cmocka_unit_test(test_first_edition_is_whole),
		cmocka_unit_test(test_every_rule_has_a_number),
		cmocka_unit_test(test_numbers_levels_and_marks),
		cmocka_unit_test(test_levels_of_later_editions),
	};
	size_t n = ARRAY_SIZE(editions);
	int failed;

	if (load(NULL) < 0)
		return 1;
	tests = calloc(n + rulebook->n_rules, sizeof(*tests));
	if (tests == NULL)
		return 1;
	memcpy(tests, editions, sizeof(editions));
	for (unsigned i = 0; i < rulebook->n_rules; i++)
		if (rulebook->rules[i]->reading_of ==
		    NULL) /* a reading's examples are the rule's */
			tests[n++] = (struct CMUnitTest){ .name = rulebook->rules[i]->key,
				.test_func = test_rule,
				.initial_state = rulebook->rules[i] };
	failed = _cmocka_run_group_tests("rules", tests, n, NULL, NULL);
	(void)unload(NULL);
	return failed;
}
