/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"
#include "world.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

static const struct rule_source rules[] = {
	{ .key = "modes",
	    .scope = SUBJECT_FILE,
	    .test = "file.mode == 420",
	    .when = "file.exists",
	    .says = "{subject} has mode {file.mode}",
	    .pattern = "/etc/x" },
	{ .key = "privileged",
	    .scope = SUBJECT_CONTAINER,
	    .test = "!container.privileged",
	    .says = "{subject} runs privileged",
	    .severity = SEVERITY_CRITICAL },
};

#define FACTS(name, privileged)                                               \
	"{\"container.name\": \"" name "\", \"container.image\": \"nginx\", " \
	"\"container.labels\": {}, \"container.privileged\": " privileged "}"

static int
setup(void **state)
{
	struct world *w = world_new(rules, ARRAY_SIZE(rules), true);

	world_set(w, SUBJECT_CONTAINER, "aaa", FACTS("web", "false"));
	world_set(w, SUBJECT_CONTAINER, "bbb", FACTS("db", "true"));
	world_set(w, SUBJECT_FILE, "/etc/x", "{\"file.exists\": true, \"file.mode\": 420}");
	*state = w;
	return 0;
}

static bool
rows_came(struct world *w)
{
	return ledger_last_seq(w->ledger) > w->read && judge_is_idle(w->judge) &&
	       judge_settled(w->judge);
}

static void
expect(struct world *w, const char *want)
{
	struct json_object *rows = world_rows(w);
	char got[1024] = "";

	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		size_t len = strlen(got);

		(void)snprintf(got + len, sizeof(got) - len, "%s %s%s%s; ", json_text(row, "type"),
		    json_text(row, "notice/kind"), json_text(row, "rule"),
		    json_text(row, "subject/name"));
	}
	assert_string_equal(got, want);
}

static unsigned
fails(struct world *w)
{
	return judge_summary(w->judge).verdicts[VERDICT_FAIL];
}

/* Nothing was there before: all goes on as it began, a little later. */
static void
test_new_ledger_comes_late(void **state)
{
	struct world *w = *state;

	world_store_away(w, true);
	world_start(w);
	assert_int_equal(fails(w), 1);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_ALL, "container update");
	world_settle(w);
	assert_int_equal(fails(w), 2);
	assert_int_equal(w->committed, 0);
	expect(w, "");
	world_store_away(w, false);
	world_until(w, rows_came);
	expect(w, "notice baseline; regressed privilegedweb; ");
	assert_non_null(strstr(w->trouble, "the ledger can be written again"));
	/* What is kept is whole: nothing is news after a restart. */
	world_stop(w);
	world_start(w);
	expect(w, "");
	assert_int_equal(fails(w), 2);
}

enum { ROWS_KEPT = 10000 };

static bool
all_rows_came(struct world *w)
{
	return ledger_last_seq(w->ledger) > w->read + ROWS_KEPT;
}

/* Away for so long that the oldest rows have to be forgotten: how many is said. */
static void
test_too_late_for_all(void **state)
{
	enum { TOO_MANY = 3 };
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_stop(w);
	world_store_away(w, true);
	world_start(w);
	for (int i = 0; i < ROWS_KEPT + TOO_MANY; i++)
		assert_int_equal(judge_notice(w->judge, "heartbeat", NULL), 0);
	/* And the notice of the first look. */
	assert_int_equal(judge_counters(w->judge)->drops, TOO_MANY + 1);
	world_store_away(w, false);
	world_until(w, all_rows_came);
	assert_int_equal(
	    json_object_array_length(world_rows(w)), ROWS_KEPT); /* as many as it reads at once */
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "dropped");
	assert_string_equal(json_text(rows, "0/notice/count"), "4");
}

/* With a history: drift is the difference from what it keeps. */
static void
test_history_comes_late(void **state)
{
	struct world *w = *state;

	world_begin(w);
	world_stop(w);
	world_store_away(w, true);
	world_remove(w, SUBJECT_CONTAINER, "bbb");
	world_set(w, SUBJECT_CONTAINER, "ccc", FACTS("job", "true"));
	world_set(w, SUBJECT_FILE, "/etc/x", "{\"file.mode\": 438}");
	world_start(w);
	assert_int_equal(fails(w), 2);
	assert_int_equal(judge_notice(w->judge, "heartbeat", NULL), 0);
	/* There and back while nothing could be written: that is no drift. */
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_ALL, "container update");
	world_settle(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": false}");
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_ALL, "container update");
	world_settle(w);
	world_store_away(w, false);
	world_until(w, rows_came);
	expect(w, "notice heartbeat; regressed modes/etc/x; gone db; appeared job; ");
	assert_int_equal(fails(w), 2);
	world_stop(w);
	world_start(w);
	expect(w, "");
}

/* Another one writes, so that nothing is read from memory, and all of it is in the file. */
static void
write_beside(struct world *w)
{
	static const char sql[] = "INSERT INTO meta VALUES ('x', 'y'); PRAGMA wal_checkpoint";
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* It breaks while the judge runs: set aside, and all that is known goes into a new one. */
static void
test_broken_on_the_way(void **state)
{
	struct world *w = *state;
	char id[64];
	int fd;

	world_begin(w);
	(void)snprintf(id, sizeof(id), "%s", ledger_id(w->ledger));
	write_beside(w);
	fd = open(w->path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (int page = 1; page < 64; page++)
		(void)!pwrite(fd, "broken", 6, page * 4096);
	assert_int_equal(close(fd), 0);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_ALL, "container update");
	world_settle(w);
	assert_string_not_equal(ledger_id(w->ledger), id);
	assert_non_null(strstr(w->trouble, "it is broken, so it was renamed to "));
	w->read = 0;
	expect(w, "regressed privilegedweb; notice baseline; ");
	world_stop(w);
	world_start(w);
	expect(w, "");
	assert_int_equal(fails(w), 2);
}

int
main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_new_ledger_comes_late),
		IN_A_WORLD(test_too_late_for_all),
		IN_A_WORLD(test_history_comes_late),
		IN_A_WORLD(test_broken_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
