/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/limiter.h"
#include "report/line.h"
#include "report/member.h"
#include "util/clock.h"

enum { BEGIN_MS = 1800000000, MINUTE_MS = 60 * 1000 };

static const struct limits limits = { .per_minute = 4, .fold_after = 2, .fold_within_s = 600 };

struct desk {
	struct limiter *limiter;
	int64_t now_ms, seq;
};

static int
set_up(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	d->now_ms = BEGIN_MS;
	assert_int_equal(limiter_new(&d->limiter, &limits), 0);
	*state = d;
	return 0;
}

static int
tear_down(void **state)
{
	struct desk *d = *state;

	d->limiter = limiter_free(d->limiter);
	free(d);
	return 0;
}

/* A row with these members, at this time. */
static bool
take(struct desk *d, const char *members)
{
	char time[CLOCK_TEXT_SIZE], text[1024];
	struct json_object *row;
	bool told;

	clock_text(d->now_ms, time);
	(void)snprintf(text, sizeof(text), "{\"seq\":%lld,\"time\":\"%s\",%s}", (long long)++d->seq,
	    time, members);
	row = json_tokener_parse(text);
	assert_non_null(row);
	told = limiter_take(d->limiter, row);
	json_object_put(row);
	return told;
}

static bool
move(struct desk *d, const char *rule, const char *name, const char *verdict)
{
	char members[512];

	(void)snprintf(members, sizeof(members),
	    "\"type\":\"%s\",\"rule\":\"%s\",\"severity\":\"critical\",\"subject\":"
	    "{\"kind\":\"container\",\"id\":\"%lld\",\"name\":\"%s\"},\"verdict\":\"%s\"",
	    strcmp(verdict, "pass") == 0 ? "restored" : "regressed", rule, (long long)d->seq, name,
	    verdict);
	return take(d, members);
}

static bool
appear(struct desk *d, const char *name, const char *rules)
{
	char members[512];

	(void)snprintf(members, sizeof(members),
	    "\"type\":\"appeared\",\"subject\":{\"kind\":\"container\",\"name\":\"%s\"},"
	    "\"findings\":[%s]",
	    name, rules);
	return take(d, members);
}

static void
expect_summary(struct desk *d, const char *want)
{
	struct json_object *row = limiter_summary(d->limiter, d->now_ms, false);
	char *line = row == NULL ? NULL : line_of_drift(row);

	if (want == NULL)
		assert_null(row);
	else if (line == NULL || strncmp(line, want, strlen(want)) != 0)
		fail_msg("'%s' instead of '%s'", line == NULL ? "(nothing)" : line, want);
	free(line);
	json_object_put(row);
}

static void
test_what_goes_on_is_folded(void **state)
{
	struct desk *d = *state;

	assert_int_equal(limiter_due_ms(d->limiter), INT64_MAX);
	assert_true(move(d, "sshd", "web", "fail"));
	assert_true(move(d, "sshd", "web", "pass"));
	for (int i = 0; i < 20; i++) {
		d->now_ms += 10 * 1000;
		assert_false(move(d, "sshd", "web", i % 2 == 0 ? "fail" : "pass"));
	}
	/* Another subject, and another rule, are told. */
	assert_true(move(d, "sshd", "db", "fail"));
	assert_true(move(d, "caps", "web", "fail"));
	assert_int_equal(limiter_due_ms(d->limiter), BEGIN_MS + 10 * MINUTE_MS);
	d->now_ms = BEGIN_MS + 10 * MINUTE_MS - 1;
	expect_summary(d, NULL);
	d->now_ms++;
	expect_summary(d, "left out: sshd about container web, 20 times in 10 min, now PASS "
			  "(rows 3 to 22 of plimsoll drift)");
	expect_summary(d, NULL);
	/* It goes on: folded from the first row on, until it has been quiet as long. */
	assert_false(move(d, "sshd", "web", "fail"));
	d->now_ms += 10 * MINUTE_MS;
	expect_summary(d, "left out: sshd about container web, 1 times in 10 min, now FAIL");
	d->now_ms += 10 * MINUTE_MS;
	expect_summary(d, NULL);
	assert_true(move(d, "sshd", "web", "fail"));
	assert_int_equal(limiter_due_ms(d->limiter), INT64_MAX);
}

/* A container that is made anew under one name, again and again. */
static void
test_restart_loop(void **state)
{
	struct desk *d = *state;
	unsigned told = 0;

	for (int i = 0; i < 50; i++) {
		char gone[256];

		d->now_ms += 60 * 1000;
		told += appear(d, "job", "{\"rule\":\"caps\",\"verdict\":\"fail\"}");
		(void)snprintf(gone, sizeof(gone),
		    "\"type\":\"gone\",\"findings\":[],\"subject\":{\"kind\":\"container\","
		    "\"id\":\"%d\",\"name\":\"job\"}",
		    i);
		told += take(d, gone);
	}
	assert_int_equal(told, 4);
	expect_summary(d, "left out: appeared about container job, 48 times in 10 min");
	expect_summary(d, "left out: gone about container job, 48 times in 10 min");
}

static void
test_flood_is_cut_by_rule(void **state)
{
	struct desk *d = *state;
	unsigned told = 0;
	char name[16];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i);
		d->now_ms += 10;
		told += appear(d, name,
		    "{\"rule\":\"caps\",\"verdict\":\"fail\"},"
		    "{\"rule\":\"user\",\"verdict\":\"fail\"}");
	}
	assert_int_equal(told, 4);
	/* One that says something else is told. */
	assert_true(appear(d, "root",
	    "{\"rule\":\"caps\",\"verdict\":\"fail\"},{\"rule\":\"privileged\",\"verdict\":"
	    "\"fail\"}"));
	d->now_ms = BEGIN_MS + 2 * MINUTE_MS;
	expect_summary(d, "left out: caps, 996 times in 1 min (rows 5 to 1000 of plimsoll drift)");
	expect_summary(d, NULL);
	assert_true(appear(d, "next", "{\"rule\":\"caps\",\"verdict\":\"fail\"}"));
}

/* A summary is as bad as the worst of what it sums up. */
static void
test_priority_is_the_worst(void **state)
{
	struct desk *d = *state;
	struct json_object *row;

	for (int i = 0; i < 9; i++)
		(void)move(d, "sshd", "web", i == 5 ? "fail" : "pass");
	d->now_ms += 10 * MINUTE_MS;
	row = limiter_summary(d->limiter, d->now_ms, false);
	assert_int_equal(line_priority(row), 2);
	assert_string_equal(member_text(row, "notice/rule"), "sshd");
	assert_string_equal(member_text(row, "notice/subject/name"), "web");
	json_object_put(row);
}

static void
test_notices_are_always_told(void **state)
{
	struct desk *d = *state;

	for (int i = 0; i < 100; i++) {
		assert_true(take(d, "\"type\":\"notice\",\"notice\":{\"kind\":\"gap-opened\"}"));
		assert_true(take(
		    d, "\"type\":\"notice\",\"notice\":{\"kind\":\"open\",\"rule\":\"caps\"}"));
	}
}

static void
test_quick_containers_are_cut(void **state)
{
	struct desk *d = *state;
	unsigned told = 0;
	char members[256];

	for (int i = 0; i < 100; i++) {
		(void)snprintf(members, sizeof(members),
		    "\"type\":\"notice\",\"notice\":{\"kind\":\"unseen\",\"subject\":"
		    "{\"kind\":\"container\",\"name\":\"c%d\"}}",
		    i);
		told += take(d, members);
	}
	assert_int_equal(told, 4);
	d->now_ms += MINUTE_MS;
	expect_summary(d, "left out: unseen, 96 times in 1 min");
}

static void
test_no_limits(void **state)
{
	struct desk *d = *state;

	limiter_set(d->limiter, &(struct limits){ .fold_within_s = 600 });
	for (int i = 0; i < 1000; i++)
		assert_true(move(d, "sshd", "web", "fail"));
}

/* More subjects at once than there are windows: the limit of the rule holds all the same. */
static void
test_many_subjects(void **state)
{
	struct desk *d = *state;
	unsigned told = 0;
	char name[16];

	for (int i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i % 1000);
		told += move(d, "sshd", name, "fail");
	}
	assert_int_equal(told, 4);
}

/* Before the end, nothing waits for its time. */
static void
test_all_at_once(void **state)
{
	struct desk *d = *state;
	struct json_object *row;

	for (int i = 0; i < 5; i++)
		(void)move(d, "sshd", "web", "fail");
	row = limiter_summary(d->limiter, d->now_ms, true);
	assert_int_equal(member_int(row, "notice/count"), 3);
	json_object_put(row);
	assert_null(limiter_summary(d->limiter, d->now_ms, true));
}

static void
test_clock_set_back(void **state)
{
	struct desk *d = *state;

	for (int i = 0; i < 3; i++)
		(void)move(d, "sshd", "web", "fail");
	d->now_ms -= 60 * MINUTE_MS;
	expect_summary(d, "left out: sshd about container web, 1 times");
}

static void
test_state_survives(void **state)
{
	struct desk *d = *state;
	struct json_object *kept, *again;

	for (int i = 0; i < 5; i++)
		(void)move(d, "sshd", "web", "fail");
	kept = limiter_state(d->limiter);
	d->limiter = limiter_free(d->limiter);
	assert_int_equal(limiter_new(&d->limiter, &limits), 0);
	limiter_restore(d->limiter, kept);
	again = limiter_state(d->limiter);
	assert_true(json_object_equal(kept, again));
	json_object_put(kept);
	json_object_put(again);
	assert_false(move(d, "sshd", "web", "pass"));
	d->now_ms += 10 * MINUTE_MS;
	expect_summary(d, "left out: sshd about container web, 4 times in 10 min, now PASS "
			  "(rows 3 to 6 of plimsoll drift)");
	kept = limiter_state(d->limiter);
	assert_int_equal(json_object_array_length(kept), 0);
	json_object_put(kept);
}

static void
test_nonsense_restores_nothing(void **state)
{
	static const char *const texts[] = { "null", "{}", "[1]", "[{}]", "[{\"key\":\"1\"}]",
		"[{\"key\":\"1\",\"left\":1}]", "[{\"key\":\"1\",\"left\":-1,\"about\":{}}]" };
	struct desk *d = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct json_object *json = json_tokener_parse(texts[i]);

		limiter_restore(d->limiter, json);
		json_object_put(json);
	}
	assert_int_equal(limiter_due_ms(d->limiter), INT64_MAX);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_goes_on_is_folded),
		TEST(test_restart_loop),
		TEST(test_flood_is_cut_by_rule),
		TEST(test_priority_is_the_worst),
		TEST(test_notices_are_always_told),
		TEST(test_quick_containers_are_cut),
		TEST(test_no_limits),
		TEST(test_many_subjects),
		TEST(test_all_at_once),
		TEST(test_clock_set_back),
		TEST(test_state_survives),
		TEST(test_nonsense_restores_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
