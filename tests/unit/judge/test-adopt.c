/* SPDX-License-Identifier: Apache-2.0
 *
 * Another rulebook is put in force under a running judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"
#include "world.h"

#define CAPS                                                                       \
	{                                                                          \
		.key = "caps", .scope = SUBJECT_CONTAINER, .kind = RULE_OFFENDERS, \
		.test = "container.cap_add"                                        \
	}
#define KERNEL                                                                         \
	{                                                                              \
		.key = "kernel", .scope = SUBJECT_HOST, .test = "host.kernel == \"6\"" \
	}
#define PRIVILEGED                                                                               \
	{                                                                                        \
		.key = "privileged", .scope = SUBJECT_CONTAINER, .test = "!container.privileged" \
	}
#define THING                                                                      \
	{                                                                          \
		.key = "thing", .scope = SUBJECT_FILE, .test = "file.mode == 420", \
		.pattern = "/etc/thing"                                            \
	}

static const struct rule_source two_rules[] = { KERNEL, PRIVILEGED };

static int
setup(void **state)
{
	struct world *w = world_new(two_rules, ARRAY_SIZE(two_rules), true);

	world_set(w, SUBJECT_HOST, "", "{\"host.kernel\": \"5\"}");
	world_set(w, SUBJECT_CONTAINER, "aaa",
	    "{\"container.name\": \"web\", \"container.image\": \"nginx\", \"container.cap_add\": "
	    "[\"SYS_ADMIN\"], \"container.privileged\": true}");
	*state = w;
	return 0;
}

/* The old rulebook goes at once: nothing may look at it any more. */
static void
adopt(struct world *w, const struct rule_source *rules, unsigned n, struct exception *exception)
{
	struct rulebook *before = w->rb;

	w->rb = test_rulebook(rules, n);
	if (exception != NULL) {
		exception->rule = rulebook_find(w->rb, "privileged", NULL);
		w->rb->exceptions = exception;
		w->rb->n_exceptions = 1;
	}
	assert_int_equal(judge_adopt(w->judge, w->rb, NULL), 0);
	test_rulebook_free(before);
}

static struct json_object *
rows_after(struct world *w, size_t n)
{
	struct json_object *rows;

	world_settle(w);
	rows = world_rows(w);
	if (json_object_array_length(rows) != n)
		fail_msg("%s", json_object_to_json_string(rows));
	return rows;
}

static int64_t
since(struct world *w, const char *id, const char *key)
{
	size_t n;
	const struct subject *const *subjects = judge_subjects(w->judge, &n);

	for (size_t i = 0; i < n; i++)
		for (unsigned f = 0; f < subjects[i]->n_findings; f++)
			if (strcmp(subjects[i]->id, id) == 0 &&
			    strcmp(w->rb->rules[subjects[i]->findings[f].rule]->key, key) == 0)
				return subjects[i]->findings[f].since_ms;
	fail_msg("%s is not judged for %s", key, id);
	return 0;
}

static void
test_same_rules(void **state)
{
	struct world *w = *state;
	struct json_object *rows;
	int64_t before;

	world_begin(w);
	before = since(w, "aaa", "privileged");
	adopt(w, two_rules, ARRAY_SIZE(two_rules), NULL);
	rows = rows_after(w, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "reloaded");
	assert_string_equal(json_text(rows, "0/notice/changed"), "0");
	assert_string_equal(json_text(rows, "0/notice/rules"), "2");
	assert_string_equal(json_text(rows, "0/notice/added"), "0");
	assert_string_equal(json_text(rows, "0/notice/removed"), "0");
	assert_int_equal(since(w, "aaa", "privileged"), before);
	assert_int_equal(w->settled, 2);
	assert_int_equal(judge_counters(w->judge)->missed_changes, 0);
}

static void
test_rule_added_before_others(void **state)
{
	static const struct rule_source three_rules[] = { CAPS, KERNEL, PRIVILEGED };
	struct world *w = *state;
	struct json_object *rows;
	int64_t before;

	world_begin(w);
	before = since(w, "aaa", "privileged");
	adopt(w, three_rules, ARRAY_SIZE(three_rules), NULL);
	rows = rows_after(w, 2);
	assert_string_equal(json_text(rows, "0/type"), "changed");
	assert_string_equal(json_text(rows, "0/rule"), "caps");
	assert_string_equal(json_text(rows, "0/was"), "notselected");
	assert_string_equal(json_text(rows, "0/verdict"), "fail");
	assert_string_equal(json_text(rows, "0/cause/source"), "reload");
	assert_string_equal(json_text(rows, "1/notice/changed"), "1");
	assert_string_equal(json_text(rows, "1/notice/added"), "1");
	assert_int_equal(since(w, "aaa", "privileged"), before);
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_FAIL], 3);
}

static void
test_rule_taken_away(void **state)
{
	static const struct rule_source one_rule[] = { KERNEL };
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	adopt(w, one_rule, ARRAY_SIZE(one_rule), NULL);
	rows = rows_after(w, 2);
	assert_string_equal(json_text(rows, "0/rule"), "privileged");
	assert_string_equal(json_text(rows, "0/was"), "fail");
	assert_string_equal(json_text(rows, "0/verdict"), "notselected");
	assert_string_equal(json_text(rows, "0/because"), "there is no such rule any more");
	assert_string_equal(json_text(rows, "0/cause/source"), "reload");
	assert_string_equal(json_text(rows, "1/notice/changed"), "1");
	assert_string_equal(json_text(rows, "1/notice/removed"), "1");
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_FAIL], 1);
	/* It is forgotten, not kept for later. */
	adopt(w, two_rules, ARRAY_SIZE(two_rules), NULL);
	rows = rows_after(w, 2);
	assert_string_equal(json_text(rows, "0/was"), "notselected");
	assert_string_equal(json_text(rows, "0/verdict"), "fail");
}

static void
test_rule_that_says_otherwise(void **state)
{
	static const struct rule_source turned[] = {
		{ .key = "kernel", .scope = SUBJECT_HOST, .test = "host.kernel == \"5\"" },
		PRIVILEGED,
	};
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	adopt(w, turned, ARRAY_SIZE(turned), NULL);
	rows = rows_after(w, 2);
	assert_string_equal(json_text(rows, "0/type"), "restored");
	assert_string_equal(json_text(rows, "0/was"), "fail");
	assert_string_equal(json_text(rows, "0/cause/source"), "reload");
	assert_string_equal(json_text(rows, "1/notice/changed"), "1");
}

/* A scope is another subject's: nothing of the old finding is meant any more. */
static void
test_rule_of_another_scope(void **state)
{
	static const struct rule_source turned[] = {
		{ .key = "kernel", .scope = SUBJECT_CONTAINER, .test = "container.privileged" },
		PRIVILEGED,
	};
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	adopt(w, turned, ARRAY_SIZE(turned), NULL);
	rows = rows_after(w, 2);
	assert_string_equal(json_text(rows, "0/verdict"), "notselected");
	assert_string_equal(json_text(rows, "0/because"), "it is about other subjects now");
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_PASS], 1);
}

/* What the host did meanwhile is the host's, and what came in before is judged as before. */
static void
test_host_is_told_apart(void **state)
{
	static const struct rule_source three_rules[] = { CAPS, KERNEL, PRIVILEGED };
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_set(w, SUBJECT_HOST, "", "{\"host.kernel\": \"6\"}");
	adopt(w, three_rules, ARRAY_SIZE(three_rules), NULL);
	rows = rows_after(w, 3);
	assert_string_equal(json_text(rows, "0/rule"), "caps");
	assert_string_equal(json_text(rows, "0/cause/source"), "reload");
	assert_string_equal(json_text(rows, "1/rule"), "kernel");
	assert_string_equal(json_text(rows, "1/cause/source"), "resync");
	assert_string_equal(json_text(rows, "2/notice/changed"), "1");
}

static void
test_exception_added_and_taken_away(void **state)
{
	struct exception exception = { .state = EXCEPTION_WAIVED,
		.owner = "jane",
		.reason = "needed",
		.expires = "2030-01-01",
		.expires_ms = INT64_MAX };
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	adopt(w, two_rules, ARRAY_SIZE(two_rules), &exception);
	rows = rows_after(w, 2);
	assert_string_equal(json_text(rows, "0/type"), "changed");
	assert_string_equal(json_text(rows, "0/exception/state"), "waived");
	assert_string_equal(json_text(rows, "0/cause/source"), "exception");
	assert_string_equal(json_text(rows, "1/notice/changed"), "0");
	assert_string_equal(json_text(rows, "1/notice/excepted"), "1");
	assert_string_equal(json_text(rows, "1/notice/exceptions"), "1");
	assert_int_equal(judge_summary(w->judge).waived, 1);
	adopt(w, two_rules, ARRAY_SIZE(two_rules), NULL);
	rows = rows_after(w, 2);
	assert_null(json_at(rows, "0/exception"));
	assert_string_equal(json_text(rows, "0/cause/source"), "exception");
	assert_int_equal(judge_summary(w->judge).waived, 0);
}

static void
test_files_of_new_rules(void **state)
{
	static const struct rule_source three_rules[] = { KERNEL, PRIVILEGED, THING };
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_FILE, "/etc/thing", "{\"file.exists\": true, \"file.mode\": 511}");
	world_begin(w);
	adopt(w, three_rules, ARRAY_SIZE(three_rules), NULL);
	assert_non_null(strstr(w->files, "/etc/thing "));
	rows = rows_after(w, 2);
	assert_string_equal(json_text(rows, "0/type"), "appeared");
	assert_string_equal(json_text(rows, "0/subject/id"), "/etc/thing");
	assert_string_equal(json_text(rows, "0/cause/source"), "reload");
	assert_string_equal(json_text(rows, "1/notice/changed"), "1");
	adopt(w, two_rules, ARRAY_SIZE(two_rules), NULL);
	rows = rows_after(w, 3);
	assert_string_equal(json_text(rows, "0/verdict"), "notselected");
	assert_string_equal(json_text(rows, "1/type"), "gone");
	assert_string_equal(json_text(rows, "1/cause/source"), "reload");
	assert_null(strstr(w->files, "/etc/thing "));
}

static void
test_twice_at_once(void **state)
{
	static const struct rule_source three_rules[] = { CAPS, KERNEL, PRIVILEGED };
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	adopt(w, three_rules, ARRAY_SIZE(three_rules), NULL);
	adopt(w, two_rules, ARRAY_SIZE(two_rules), NULL);
	rows = rows_after(w, 4);
	assert_string_equal(json_text(rows, "0/verdict"), "fail");
	assert_string_equal(json_text(rows, "1/notice/changed"), "1");
	assert_string_equal(json_text(rows, "2/verdict"), "notselected");
	assert_string_equal(json_text(rows, "3/notice/changed"), "1");
}

/* Before the first look is over there is nothing that could have changed. */
static void
test_during_the_first_look(void **state)
{
	static const struct rule_source three_rules[] = { CAPS, KERNEL, PRIVILEGED };
	struct world *w = *state;
	struct json_object *rows;

	world_hold(w, true);
	world_open(w);
	assert_int_equal(judge_look(w->judge, CAUSE_START), 0);
	world_turn(w);
	adopt(w, three_rules, ARRAY_SIZE(three_rules), NULL);
	world_hold(w, false);
	rows = rows_after(w, 2);
	assert_string_equal(json_text(rows, "0/notice/kind"), "baseline");
	assert_string_equal(json_text(rows, "0/notice/summary/fail"), "3");
	assert_string_equal(json_text(rows, "1/notice/kind"), "reloaded");
	assert_string_equal(json_text(rows, "1/notice/changed"), "0");
}

/* What is kept for the next life goes by keys. */
static void
test_restart_after_it(void **state)
{
	static const struct rule_source three_rules[] = { CAPS, KERNEL, PRIVILEGED };
	struct world *w = *state;

	world_start(w);
	adopt(w, three_rules, ARRAY_SIZE(three_rules), NULL);
	world_settle(w);
	(void)world_rows(w);
	world_stop(w);
	world_start(w);
	assert_int_equal(json_object_array_length(world_rows(w)), 0);
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_FAIL], 3);
}

int
main(void)
{
#define IN_A_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_same_rules),
		IN_A_WORLD(test_rule_added_before_others),
		IN_A_WORLD(test_rule_taken_away),
		IN_A_WORLD(test_rule_that_says_otherwise),
		IN_A_WORLD(test_rule_of_another_scope),
		IN_A_WORLD(test_host_is_told_apart),
		IN_A_WORLD(test_exception_added_and_taken_away),
		IN_A_WORLD(test_files_of_new_rules),
		IN_A_WORLD(test_twice_at_once),
		IN_A_WORLD(test_during_the_first_look),
		IN_A_WORLD(test_restart_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
