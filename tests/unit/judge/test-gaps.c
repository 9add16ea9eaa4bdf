/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "judge/inner.h"
#include "sample.h"
#include "util/clock.h"

#include <sqlite3.h>

/* --- gaps --- */

static int
count_stale(void *arg, const struct finding_view *view)
{
	unsigned *n = arg;

	*n += view->verdict == VERDICT_UNKNOWN;
	return 0;
}

static void
test_gap(void **state)
{
	struct world *w = *state;
	struct json_object *rows;
	unsigned unknown = 0;
	const char *why;
	int64_t since;

	world_begin(w);
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	expect_rows(world_rows(w), 0);
	assert_true(judge_source_sees(w->judge, WATCH_EVENTS, &since, &why));

	/* The engine goes: nothing that it tells can be read, and that is one notice. */
	world_blind(w, WATCH_EVENTS, "the stream ended");
	world_engine_away(w, "connection refused");
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_ALL, "container die");
	world_event(w, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_INFO, "x");
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "gap-opened");
	assert_string_equal(json_text(rows, "0/notice/source"), "docker-events");
	assert_string_equal(json_text(rows, "0/notice/why"), "the stream ended");
	(void)judge_each_finding(w->judge, count_stale, &unknown);
	assert_int_equal(unknown, 5); /* all but the host's and the two about files */
	assert_false(judge_source_sees(w->judge, WATCH_EVENTS, &since, &why));
	assert_string_equal(why, "the stream ended");
	assert_int_equal(judge_gaps(w->judge, WATCH_EVENTS), 1);

	/* It comes back with one change: that is the difference from before the gap. */
	world_engine_away(w, NULL);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 2);
	assert_string_equal(json_text(rows, "0/notice/kind"), "gap-closed");
	expect_row(json_at(rows, "1"), "regressed privileged pass fail");
	assert_null(json_at(rows, "1/latency_ms"));
	assert_string_equal(json_text(rows, "1/cause/source"), "engine-restart");
	assert_int_equal(judge_counters(w->judge)->missed_changes, 0);
	assert_int_equal(judge_counters(w->judge)->gaps, 1);
}

/* A watcher that begins to see has what it tells of looked at, and nothing else. */
static void
test_what_a_watcher_covers(void **state)
{
	struct world *w = *state;
	unsigned asked;

	world_begin(w);
	asked = world_asked(w);
	world_sees(w, WATCH_AUDIT);
	world_settle(w);
	assert_int_equal(world_asked(w), asked + 1); /* host.audit */

	/* After a gap of the engine it may be another one. */
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	world_blind(w, WATCH_EVENTS, "the stream ended");
	world_settle(w);
	asked = world_asked(w);
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	assert_in_range(world_asked(w) - asked,
	    kind_topics[SUBJECT_HOST].n + kind_topics[SUBJECT_ENGINE].n, UINT32_MAX);
}

/* Collections in a first look in which the stream of events opens when the daemon is `age_ms` old.
 */
static unsigned
asked_in_first_look(struct world *w, int64_t age_ms)
{
	unsigned before;

	world_open(w);
	before = world_asked(w);
	world_hold(w, true);
	assert_int_equal(judge_look(w->judge, CAUSE_START), 0);
	world_turn(w);
	w->judge->started_mono_ms = clock_monotonic_ms() - age_ms;
	w->judge->started_ms = clock_realtime_ms() - age_ms;
	world_sees(w, WATCH_EVENTS);
	world_turn(w);
	world_hold(w, false);
	world_settle(w);
	world_stop(w);
	return world_asked(w) - before;
}

/* What is told from before the first look on was not missed by it, as long as the engine remembers.
 */
static void
test_a_stream_that_opens_in_the_first_look(void **state)
{
	struct world *w = *state;
	unsigned alone;

	world_start(w);
	alone = world_asked(w);
	world_stop(w);
	assert_int_equal(asked_in_first_look(w, 0), alone);
	assert_in_range(asked_in_first_look(w, 1000), alone + 1, UINT32_MAX);
}

#define SOCKET "/srv/docker.sock"

static void
set_socket(struct world *w, const char *facts)
{
	world_set(w, SUBJECT_FILE, SOCKET, facts);
	world_event(w, SUBJECT_FILE, SOCKET, TOPIC_FILE_STAT, "socket changed");
}

/* An engine takes its socket along and makes it anew, root's own at first: all that is the gap. */
static void
test_the_engines_socket_goes_and_comes(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_ENGINE, "",
	    "{\"engine.units.service_files\": [\"" SOCKET
	    "\"], \"engine.settings.unix_hosts\": [\"" SOCKET "\"]}");
	world_set(w, SUBJECT_FILE, SOCKET,
	    "{\"file.exists\": true, \"file.mode\": 420, \"file.gid\": 9}");
	world_begin(w);
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	(void)world_rows(w);

	world_blind(w, WATCH_EVENTS, "the stream ended");
	set_socket(w, "{\"file.exists\": false, \"file.mode\": null, \"file.gid\": null}");
	world_settle(w);
	set_socket(w, "{\"file.exists\": true, \"file.mode\": 0, \"file.gid\": 0}");
	world_turn(w);
	set_socket(w, "{\"file.exists\": true, \"file.mode\": 420, \"file.gid\": 9}");
	world_settle(w);
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 2);
	assert_string_equal(json_text(rows, "0/notice/kind"), "gap-opened");
	assert_string_equal(json_text(rows, "1/notice/kind"), "gap-closed");

	/* What lasts is believed, in a gap too. */
	world_blind(w, WATCH_EVENTS, "the stream ended");
	set_socket(w, "{\"file.exists\": true, \"file.mode\": 511, \"file.gid\": 9}");
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 2);
	expect_row(json_at(rows, "1"), "regressed units pass fail");
}

/* One answer that says nothing at all is asked for once more before it is believed. */
static void
test_moment_of_trouble(void **state)
{
	struct world *w = *state;

	world_begin(w);
	world_engine_away(w, "connection reset");
	world_event(w, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_INFO, "x");
	world_turn(w);
	world_engine_away(w, NULL);
	world_settle(w);
	expect_rows(world_rows(w), 0);

	world_set(
	    w, SUBJECT_ENGINE, "", "{\"engine.live_restore\": {\"unreadable\": \"status 500\"}}");
	world_event(w, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_INFO, "x");
	world_settle(w);
	expect_row(json_at(world_rows(w), "0"), "regressed live pass unknown");
}

static bool
all_is_known(struct world *w)
{
	struct judge_summary s = judge_summary(w->judge);

	return s.verdicts[VERDICT_UNKNOWN] == 0 && judge_is_idle(w->judge);
}

/* Nothing tells when a fault is over: what could not be read is asked for again by itself. */
static void
test_trouble_that_ends_without_a_word(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_set(w, SUBJECT_ENGINE, "",
	    "{\"engine.live_restore\": {\"unreadable\": \"too many open files\"}}");
	world_event(w, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_INFO, "x");
	world_settle(w);
	expect_row(json_at(world_rows(w), "0"), "regressed live pass unknown");
	world_set(w, SUBJECT_ENGINE, "", "{\"engine.live_restore\": true}");
	world_until(w, all_is_known);
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "restored live unknown pass");
	assert_string_equal(json_text(rows, "0/cause/source"), "clock");
}

static bool
has_containers(struct world *w)
{
	const struct judge_summary s = judge_summary(w->judge);

	return s.verdicts[VERDICT_FAIL] == 1 && all_is_known(w);
}

static void
test_list_that_comes_late(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_engine_away(w, "too many open files");
	world_begin(w);
	world_engine_away(w, NULL);
	world_until(w, has_containers);
}

static bool
has_failed(struct world *w)
{
	return judge_summary(w->judge).verdicts[VERDICT_FAIL] == 1;
}

/* A look whose questions the engine doesn't answer for long holds up nothing that is none of its.
 */
static void
test_engine_that_stands_still(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_ENGINE, "", "{\"engine.units.service_files\": [\"/u\"]}");
	world_set(w, SUBJECT_FILE, "/u", "{\"file.exists\": true, \"file.mode\": 420}");
	world_begin(w);
	world_freeze(w, true);
	assert_int_equal(judge_look(w->judge, CAUSE_RESYNC), 0);
	world_set(w, SUBJECT_FILE, "/u", "{\"file.exists\": true, \"file.mode\": 511}");
	world_event(w, SUBJECT_FILE, "/u", TOPIC_FILE_STAT, "x");
	world_until(w, has_failed);
	world_freeze(w, false);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "regressed units pass fail");
}

static bool
was_doubted(struct world *w)
{
	return world_asked(w) >= 12 + 7 + 2; /* the first look, the second, and two answers */
}

/* An engine that stops takes its socket away long before its stream of events ends. */
static void
test_engine_goes_away_slowly(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	world_engine_away(w, "no such file");
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_CONTAINER_INSPECT, "container kill");
	world_until(w, was_doubted);
	expect_rows(world_rows(w), 0);
	world_blind(w, WATCH_EVENTS, "the stream ended");
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "gap-opened");
	world_engine_away(w, NULL);
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "gap-closed");
}

/* In a gap, verdicts that can change all the same are kept as they are. */
static void
test_change_in_a_gap_is_kept(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_ENGINE, "", "{\"engine.units.service_files\": [\"/u\"]}");
	world_set(w, SUBJECT_FILE, "/u", "{\"file.exists\": true, \"file.mode\": 420}");
	world_begin(w);
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	world_blind(w, WATCH_EVENTS, "the stream ended");
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	sample_event(w, "aaa", "x");
	expect_row(json_at(world_rows(w), "1"), "regressed privileged pass fail");
	world_stop(w);
	world_start(w);
	expect_rows(world_rows(w), 0);
}

/* --- exec sessions --- */

static void
say_exec(struct world *w, const char *exec, bool privileged, int64_t ago_s)
{
	const struct cause cause = { .source = CAUSE_DOCKER_EVENT,
		.detail = "container exec_create" };
	const struct watch_sink *sink = judge_sink(w->judge);
	char json[256];

	(void)snprintf(json, sizeof(json),
	    "{\"id\": \"%s\", \"privileged\": %s, \"user\": \"\", \"default_user\": \"\","
	    " \"time\": %lld}",
	    exec, privileged ? "true" : "false", (long long)(clock_realtime_ms() / 1000 - ago_s));
	world_exec(w, exec, json);
	sink->exec(sink->arg, "aaa", exec, &cause);
}

static void
test_execs(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	say_exec(w, "e1", false, 0);
	world_settle(w);
	expect_rows(world_rows(w), 0);
	say_exec(w, "e2", true, 0);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "regressed execs pass fail");
	assert_string_equal(json_text(rows, "0/added/0/id"), "e2");
	assert_string_equal(json_text(rows, "0/cause/detail"), "container exec_create");

	/* It is the deed that counts: it stays over a restart, and a look at everything. */
	world_stop(w);
	world_start(w);
	expect_rows(world_rows(w), 0);
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_FAIL], 1);
}

static bool
restored(struct world *w)
{
	return judge_summary(w->judge).verdicts[VERDICT_FAIL] == 0;
}

static bool
execs_are_answered(struct world *w)
{
	return judge_is_idle(w->judge);
}

/* A health check every few seconds costs an answer, and nothing is written or judged. */
static void
test_execs_that_are_alike(void **state)
{
	struct world *w = *state;
	uint64_t judged;
	unsigned committed;
	char id[16];

	world_start(w);
	say_exec(w, "e1", false, 0);
	world_settle(w);
	(void)world_rows(w);
	committed = w->committed;
	judged = judge_counters(w->judge)->evaluations;
	for (unsigned i = 0; i < 300; i++) {
		(void)snprintf(id, sizeof(id), "h%u", i);
		say_exec(w, id, false, 0);
		world_until(w, execs_are_answered);
	}
	expect_rows(world_rows(w), 0);
	assert_int_equal(w->committed, committed);
	assert_int_equal(judge_counters(w->judge)->evaluations, judged);
	/* They hide nothing. */
	say_exec(w, "e2", true, 0);
	world_settle(w);
	expect_row(json_at(world_rows(w), "0"), "regressed execs pass fail");
}

static void
test_exec_is_long_ago(void **state)
{
	struct world *w = *state;

	w->rb->settings.exec_keep_s = 10;
	world_begin(w);
	say_exec(w, "e1", true, 8);
	world_settle(w);
	expect_row(json_at(world_rows(w), "0"), "regressed execs pass fail");
	world_until(w, restored);
	expect_row(json_at(world_rows(w), "0"), "restored execs fail pass");
}

/* A session that could not be read never lets the rule pass. */
static void
test_exec_that_was_too_quick(void **state)
{
	const struct cause cause = { .source = CAUSE_DOCKER_EVENT, .detail = "x" };
	struct world *w = *state;
	const struct watch_sink *sink;

	world_begin(w);
	sink = judge_sink(w->judge);
	sink->exec(sink->arg, "aaa", "e9", &cause);
	world_settle(w);
	expect_row(json_at(world_rows(w), "0"), "regressed execs pass unknown");
	say_exec(w, "e1", true, 0);
	world_settle(w);
	expect_row(json_at(world_rows(w), "0"), "changed execs unknown fail");
}

/* --- the store --- */

static void
run_sql(struct world *w, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static bool
written_again(struct world *w)
{
	return strstr(w->trouble, "can be written again") != NULL;
}

static void
test_store_that_fails(void **state)
{
	struct world *w = *state;
	struct json_object *rows;
	const char *first;

	world_begin(w);
	run_sql(w, "CREATE TRIGGER no BEFORE INSERT ON drift BEGIN SELECT RAISE(ABORT, 'full');"
		   "END");
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	sample_event(w, "aaa", "container start");
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"A\"]}");
	sample_event(w, "aaa", "container start");
	expect_rows(world_rows(w), 0);
	first = strstr(w->trouble, "can't be written");
	assert_non_null(first);
	assert_null(strstr(first + 1, "can't be written"));
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_FAIL], 2);

	run_sql(w, "DROP TRIGGER no");
	world_until(w, written_again);
	rows = world_rows(w);
	expect_rows(rows, 2);
	expect_row(json_at(rows, "0"), "regressed privileged pass fail");
	expect_row(json_at(rows, "1"), "regressed caps pass fail");
}

static bool
rows_came(struct world *w)
{
	return ledger_last_seq(w->ledger) > w->read;
}

/* What is older than may be kept is forgotten, a part at a time, and that is said once. */
static void
test_old_rows_are_pruned(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	w->rb->settings.keep_days = 1;
	world_begin(w);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(judge_notice(w->judge, "heartbeat", NULL), 0);
	judge_prune(w->judge);
	world_turn(w);
	expect_rows(world_rows(w), 1000);
	run_sql(w, "UPDATE drift SET time = 0 WHERE seq <= 900");
	judge_prune(w->judge);
	world_until(w, rows_came);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "pruned");
	assert_string_equal(json_text(rows, "0/notice/rows"), "900");
	assert_int_equal(ledger_first_seq(w->ledger), 901);
	world_turn(w);
	expect_rows(world_rows(w), 0);
}

/* The present state is no history. */
static void
test_state_is_not_pruned(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	w->rb->settings.keep_bytes = 1;
	world_begin(w);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(judge_notice(w->judge, "heartbeat", NULL), 0);
	(void)world_rows(w);
	judge_prune(w->judge);
	world_until(w, rows_came);
	(void)world_rows(w);
	world_stop(w);
	world_start(w);
	expect_rows(world_rows(w), 0);
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_FAIL], 1);
}

static void
test_without_store(void **state)
{
	struct world *w = *state;

	w->path[0] = '\0';
	world_start(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	sample_event(w, "aaa", "container start");
	assert_int_equal(judge_counters(w->judge)->drifts, 1);
	/* Nobody watched for exec sessions. */
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_REVIEW], 1);
}

static void
test_notice(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	assert_int_equal(
	    judge_notice(w->judge, "stopping", json_tokener_parse("{\"signal\": 15}")), 0);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/type"), "notice");
	assert_string_equal(json_text(rows, "0/notice/kind"), "stopping");
	assert_string_equal(json_text(rows, "0/notice/signal"), "15");
}

int
main(void)
{
#define IN_A_WORLD(name) cmocka_unit_test_setup_teardown(name, sample_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_gap),
		IN_A_WORLD(test_what_a_watcher_covers),
		IN_A_WORLD(test_a_stream_that_opens_in_the_first_look),
		IN_A_WORLD(test_the_engines_socket_goes_and_comes),
		IN_A_WORLD(test_moment_of_trouble),
		IN_A_WORLD(test_trouble_that_ends_without_a_word),
		IN_A_WORLD(test_list_that_comes_late),
		IN_A_WORLD(test_engine_that_stands_still),
		IN_A_WORLD(test_engine_goes_away_slowly),
		IN_A_WORLD(test_change_in_a_gap_is_kept),
		IN_A_WORLD(test_execs),
		IN_A_WORLD(test_execs_that_are_alike),
		IN_A_WORLD(test_exec_is_long_ago),
		IN_A_WORLD(test_exec_that_was_too_quick),
		IN_A_WORLD(test_store_that_fails),
		IN_A_WORLD(test_old_rows_are_pruned),
		IN_A_WORLD(test_state_is_not_pruned),
		IN_A_WORLD(test_without_store),
		IN_A_WORLD(test_notice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
