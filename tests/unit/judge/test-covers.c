/* SPDX-License-Identifier: Apache-2.0
 *
 * Exceptions in force: what the judge counts, tells and keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"
#include "world.h"

#include "util/clock.h"

static const struct rule_source rules[] = {
	{ .key = "exposed",
	    .scope = SUBJECT_CONTAINER,
	    .kind = RULE_REVIEW,
	    .test = "container.exposed",
	    .severity = SEVERITY_LOW },
	{ .key = "privileged",
	    .scope = SUBJECT_CONTAINER,
	    .test = "!container.privileged",
	    .says = "{subject} runs privileged",
	    .severity = SEVERITY_CRITICAL },
};

enum { EXPOSED, PRIVILEGED };

static struct exception exceptions[4];

static int
setup(void **state)
{
	struct world *w = world_new(rules, ARRAY_SIZE(rules), true);

	memset(exceptions, 0, sizeof(exceptions));
	w->rb->exceptions = exceptions;
	*state = w;
	return 0;
}

static void
set_container(struct world *w, const char *id, const char *name, bool privileged)
{
	char facts[256];

	(void)snprintf(facts, sizeof(facts),
	    "{\"container.name\": \"%s\", \"container.image\": \"nginx\", \"container.labels\": "
	    "{\"tier\": \"db\"}, \"container.privileged\": %s, \"container.exposed\": "
	    "[\"80/tcp\"]}",
	    name, privileged ? "true" : "false");
	world_set(w, SUBJECT_CONTAINER, id, facts);
}

/* Exceptions are in the order of rules. */
static struct exception *
except(struct world *w, unsigned rule, enum exception_match match, const char *pattern,
    int64_t expires_ms)
{
	struct exception *e = &exceptions[w->rb->n_exceptions++];

	*e = (struct exception){ .rule = w->rb->rules[rule],
		.match = match,
		.pattern = pattern,
		.state = rule == EXPOSED ? EXCEPTION_ATTESTED : EXCEPTION_WAIVED,
		.owner = "jane",
		.reason = "needed",
		.expires = "2030-01-01",
		.expires_ms = expires_ms,
		.source = "a.yaml" };
	return e;
}

static unsigned
waived(struct world *w)
{
	return judge_summary(w->judge).waived;
}

static unsigned
failed(struct world *w)
{
	return judge_summary(w->judge).verdicts[VERDICT_FAIL];
}

static int
take_privileged(void *arg, const struct finding_view *view)
{
	struct json_object **ret = arg;
	struct world *w = (struct world *)*ret;

	if (strcmp(view->rule->key, "privileged") != 0)
		return 0;
	*ret = judge_finding_json(w->judge, view);
	return 1;
}

static void
test_counts_under_it_alone(void **state)
{
	struct world *w = *state;
	struct json_object *found = (struct json_object *)w;

	set_container(w, "aaa", "web-1", true);
	set_container(w, "bbb", "db-1", true);
	(void)except(w, PRIVILEGED, EXCEPTION_NAME, "web-*", INT64_MAX);
	world_start(w);
	assert_int_equal(waived(w), 1);
	assert_int_equal(failed(w), 1);
	assert_int_equal(judge_each_finding(w->judge, take_privileged, &found), 1);
	/* db-1 comes first. */
	assert_true(json_object_object_get_ex(found, "exception", NULL));
	assert_null(json_at(found, "exception"));
	json_object_put(found);
}

static void
test_finding_tells_it(void **state)
{
	struct world *w = *state;
	struct json_object *found = (struct json_object *)w;

	set_container(w, "aaa", "web-1", true);
	(void)except(w, PRIVILEGED, EXCEPTION_LABEL, "tier=d*", INT64_MAX);
	exceptions[0].ticket = "OPS-1";
	world_start(w);
	assert_int_equal(judge_each_finding(w->judge, take_privileged, &found), 1);
	assert_string_equal(json_text(found, "verdict"), "fail");
	assert_string_equal(json_text(found, "exception/state"), "waived");
	assert_string_equal(json_text(found, "exception/owner"), "jane");
	assert_string_equal(json_text(found, "exception/reason"), "needed");
	assert_string_equal(json_text(found, "exception/expires"), "2030-01-01");
	assert_string_equal(json_text(found, "exception/ticket"), "OPS-1");
	json_object_put(found);
}

/* A fail that comes up under an exception is told, with the exception. */
static void
test_new_fails_are_told_with_it(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	set_container(w, "aaa", "web-1", false);
	(void)except(w, PRIVILEGED, EXCEPTION_ALL, NULL, INT64_MAX);
	world_begin(w);
	set_container(w, "aaa", "web-1", true);
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_ALL, "container x");
	world_settle(w);
	set_container(w, "bbb", "web-2", true);
	world_event(w, SUBJECT_CONTAINER, "bbb", TOPIC_ALL, "container create");
	world_settle(w);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 2);
	assert_string_equal(json_text(rows, "0/type"), "regressed");
	assert_string_equal(json_text(rows, "0/cause/source"), "docker-event");
	assert_string_equal(json_text(rows, "0/exception/state"), "waived");
	assert_string_equal(json_text(rows, "1/type"), "appeared");
	assert_string_equal(json_text(rows, "1/findings/0/exception/owner"), "jane");
	assert_int_equal(waived(w), 2);
}

static bool
has_rows(struct world *w)
{
	return ledger_last_seq(w->ledger) > w->read;
}

static void
test_end_is_kept_to_the_moment(void **state)
{
	struct world *w = *state;
	struct json_object *rows;
	int64_t end_ms;

	set_container(w, "aaa", "web-1", true);
	set_container(w, "bbb", "web-2", true);
	end_ms = clock_realtime_ms() + 300;
	(void)except(w, PRIVILEGED, EXCEPTION_NAME, "web-*", end_ms);
	world_start(w);
	assert_int_equal(waived(w), 2);
	(void)world_rows(w);
	world_until(w, has_rows);
	assert_true(clock_realtime_ms() >= end_ms);
	assert_int_equal(waived(w), 0);
	assert_int_equal(failed(w), 2);
	world_settle(w);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 3);
	assert_string_equal(json_text(rows, "0/notice/kind"), "exception-expired");
	assert_string_equal(json_text(rows, "0/notice/rule"), "privileged");
	assert_string_equal(json_text(rows, "0/notice/subject"), "name web-*");
	assert_string_equal(json_text(rows, "0/notice/owner"), "jane");
	assert_string_equal(json_text(rows, "0/notice/findings"), "2");
	for (int i = 1; i < 3; i++) {
		struct json_object *row = json_object_array_get_idx(rows, (size_t)i);

		assert_string_equal(json_text(row, "type"), "changed");
		assert_string_equal(json_text(row, "was"), "fail");
		assert_string_equal(json_text(row, "verdict"), "fail");
		assert_null(json_at(row, "exception"));
		assert_string_equal(json_text(row, "cause/source"), "exception");
		assert_string_equal(
		    json_text(row, "cause/detail"), "exception of jane ended 2030-01-01");
	}
}

/* Another one takes over: there is a notice and nothing to count. */
static void
test_end_under_another_one(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	set_container(w, "aaa", "web-1", true);
	(void)except(w, PRIVILEGED, EXCEPTION_ALL, NULL, clock_realtime_ms() + 300);
	(void)except(w, PRIVILEGED, EXCEPTION_ALL, NULL, INT64_MAX);
	world_begin(w);
	world_until(w, has_rows);
	world_settle(w);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 1);
	assert_string_equal(json_text(rows, "0/notice/findings"), "0");
	assert_int_equal(waived(w), 1);
}

/* What ended while nobody was there is said at the next start, once. */
static void
test_end_between_two_lives(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	set_container(w, "aaa", "web-1", true);
	set_container(w, "bbb", "web-2", true);
	(void)except(w, PRIVILEGED, EXCEPTION_ALL, NULL, INT64_MAX);
	world_begin(w);
	world_stop(w);
	exceptions[0].expires_ms = clock_realtime_ms() - 1;
	world_start(w);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 3);
	assert_string_equal(json_text(rows, "0/notice/kind"), "exception-expired");
	assert_string_equal(json_text(rows, "1/cause/source"), "exception");
	assert_string_equal(json_text(rows, "2/cause/source"), "exception");
	world_stop(w);
	world_start(w);
	assert_int_equal(json_object_array_length(world_rows(w)), 0);
	assert_int_equal(failed(w), 2);
}

/* Added and taken away while nobody was there. */
static void
test_files_changed_between_two_lives(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	set_container(w, "aaa", "web-1", true);
	world_begin(w);
	world_stop(w);
	(void)except(w, PRIVILEGED, EXCEPTION_ALL, NULL, INT64_MAX);
	world_start(w);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 1);
	assert_string_equal(json_text(rows, "0/type"), "changed");
	assert_string_equal(json_text(rows, "0/cause/source"), "exception");
	assert_string_equal(json_text(rows, "0/cause/detail"), "waived by jane until 2030-01-01");
	assert_string_equal(json_text(rows, "0/exception/state"), "waived");
	world_stop(w);
	w->rb->n_exceptions = 0;
	world_start(w);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 1);
	assert_string_equal(json_text(rows, "0/cause/source"), "exception");
	assert_string_equal(json_text(rows, "0/cause/detail"), "no exception covers it now");
	assert_null(json_at(rows, "0/exception"));
}

/* A container that takes a name under an exception, and gives it up. */
static void
test_name_moves(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	set_container(w, "aaa", "db-1", true);
	(void)except(w, PRIVILEGED, EXCEPTION_NAME, "web-*", INT64_MAX);
	world_begin(w);
	set_container(w, "aaa", "web-1", true);
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_ALL, "container rename");
	world_settle(w);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 1);
	assert_string_equal(json_text(rows, "0/exception/state"), "waived");
	assert_string_equal(json_text(rows, "0/cause/source"), "exception");
	set_container(w, "aaa", "db-1", true);
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_ALL, "container rename");
	world_settle(w);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 1);
	assert_null(json_at(rows, "0/exception"));
	assert_string_equal(json_text(rows, "0/cause/source"), "docker-event");
	assert_int_equal(failed(w), 1);
}

static void
expose(struct world *w, const char *ports)
{
	char facts[128];

	(void)snprintf(facts, sizeof(facts), "{\"container.exposed\": %s}", ports);
	world_set(w, SUBJECT_CONTAINER, "aaa", facts);
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_ALL, "container x");
	world_settle(w);
}

/* printf 'exposed\0["80/tcp"]\0' | sha256sum */
static void
test_attestation_opens_again(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	set_container(w, "aaa", "web-1", false);
	except(w, EXPOSED, EXCEPTION_ALL, NULL, INT64_MAX)->evidence =
	    "8009524e392671d8d168a9226e81d5a9c8e26e7505ac89ef2629abf2397fda43";
	world_start(w);
	assert_int_equal(judge_summary(w->judge).attested, 1);
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_REVIEW], 0);
	(void)world_rows(w);
	expose(w, "[\"80/tcp\", \"81/tcp\"]");
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 1);
	assert_string_equal(json_text(rows, "0/type"), "changed");
	assert_string_equal(json_text(rows, "0/verdict"), "review");
	assert_null(json_at(rows, "0/exception"));
	assert_string_equal(json_text(rows, "0/cause/source"), "docker-event");
	assert_int_equal(judge_summary(w->judge).attested, 0);
	expose(w, "[\"80/tcp\"]");
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 1);
	assert_string_equal(json_text(rows, "0/exception/state"), "attested");
	assert_int_equal(judge_summary(w->judge).attested, 1);
}

/* While nothing is heard, nothing counts under anything but unknown. */
static void
test_blind(void **state)
{
	struct world *w = *state;
	const struct watch_sink *sink;

	set_container(w, "aaa", "web-1", true);
	(void)except(w, PRIVILEGED, EXCEPTION_ALL, NULL, INT64_MAX);
	world_start(w);
	sink = judge_sink(w->judge);
	sink->sees(sink->arg, WATCH_EVENTS);
	world_settle(w);
	sink->blind(sink->arg, WATCH_EVENTS, "gone");
	assert_int_equal(waived(w), 0);
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_UNKNOWN], 2);
	sink->sees(sink->arg, WATCH_EVENTS);
	world_settle(w);
	assert_int_equal(waived(w), 1);
}

int
main(void)
{
#define IN_A_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_counts_under_it_alone),
		IN_A_WORLD(test_finding_tells_it),
		IN_A_WORLD(test_new_fails_are_told_with_it),
		IN_A_WORLD(test_end_is_kept_to_the_moment),
		IN_A_WORLD(test_end_under_another_one),
		IN_A_WORLD(test_end_between_two_lives),
		IN_A_WORLD(test_files_changed_between_two_lives),
		IN_A_WORLD(test_name_moves),
		IN_A_WORLD(test_attestation_opens_again),
		IN_A_WORLD(test_blind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
