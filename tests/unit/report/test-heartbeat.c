/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../judge/rules.h"
#include "../judge/world.h"
#include "report/heartbeat.h"

static const struct rule_source rules[] = {
	{ .key = "live", .scope = SUBJECT_ENGINE, .test = "engine.live_restore" },
	{ .key = "privileged",
	    .scope = SUBJECT_CONTAINER,
	    .test = "!container.privileged",
	    .says = "{subject} runs privileged",
	    .severity = SEVERITY_CRITICAL },
};

enum { FAILING = HEARTBEAT_OPEN_PER_RULE + 2 };

/* More containers fail than are said one by one, and the engine passes. */
static int
set_up(void **state)
{
	struct world *w = world_new(rules, ARRAY_SIZE(rules), true);

	world_set(w, SUBJECT_ENGINE, "", "{\"engine.live_restore\": true}");
	for (int i = 0; i < FAILING; i++) {
		char id[8], facts[128];

		(void)snprintf(id, sizeof(id), "c%02d", i);
		(void)snprintf(facts, sizeof(facts),
		    "{\"container.name\": \"%s\", \"container.image\": \"nginx\","
		    " \"container.privileged\": true}",
		    id);
		world_set(w, SUBJECT_CONTAINER, id, facts);
	}
	(void)strcpy(w->rb->sha256, "0123");
	world_begin(w);
	*state = w;
	return 0;
}

static uint64_t rows_wanted;

static bool
rows_came(struct world *w)
{
	return ledger_last_seq(w->ledger) >= w->read + rows_wanted;
}

static void
test_beats(void **state)
{
	_cleanup_(heartbeat_freep) struct heartbeat *h = NULL;
	struct world *w = *state;
	struct json_object *row;

	w->rb->settings.heartbeat_interval_s = 1;
	assert_int_equal(heartbeat_new(&h, w->base, w->judge, w->ledger), 0);
	rows_wanted = 1;
	world_until(w, rows_came);
	row = json_at(world_rows(w), "0");
	assert_string_equal(json_text(row, "type"), "notice");
	assert_string_equal(json_text(row, "notice/kind"), "heartbeat");
	assert_string_equal(json_text(row, "notice/summary/fail"), "22");
	assert_string_equal(json_text(row, "notice/summary/pass"), "1");
	assert_string_equal(json_text(row, "notice/rulebook"), "0123");
	assert_non_null(json_at(row, "notice/blind_s"));
}

static void
test_says_what_stands(void **state)
{
	_cleanup_(heartbeat_freep) struct heartbeat *h = NULL;
	struct world *w = *state;
	struct json_object *rows, *row;

	w->rb->settings.open_interval_s = 1;
	assert_int_equal(heartbeat_new(&h, w->base, w->judge, w->ledger), 0);
	rows_wanted = HEARTBEAT_OPEN_PER_RULE;
	world_until(w, rows_came);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), HEARTBEAT_OPEN_PER_RULE);
	row = json_at(rows, "0");
	assert_string_equal(json_text(row, "notice/kind"), "open");
	assert_string_equal(json_text(row, "notice/rule"), "privileged");
	assert_string_equal(json_text(row, "notice/severity"), "critical");
	assert_string_equal(json_text(row, "notice/verdict"), "fail");
	assert_string_equal(json_text(row, "notice/because"), "container c00 runs privileged");
	assert_null(json_at(row, "notice/more"));
	/* The last one counts the rest. */
	row = json_object_array_get_idx(rows, HEARTBEAT_OPEN_PER_RULE - 1);
	assert_string_equal(json_text(row, "notice/more"), "2");
}

static void
test_is_silent_when_off(void **state)
{
	struct world *w = *state;
	struct heartbeat *h = NULL;
	struct json_object *rows;

	assert_int_equal(heartbeat_new(&h, w->base, w->judge, w->ledger), 0);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 0);
	assert_null(heartbeat_free(h));
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_beats),
		IN_A_WORLD(test_says_what_stands),
		IN_A_WORLD(test_is_silent_when_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
