/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_regressed_and_restored(void **state)
{
	struct world *w = *state;
	struct json_object *rows;
	unsigned committed;

	world_begin(w);
	committed = w->committed;
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	sample_event(w, "aaa", "container start");
	assert_int_equal(w->committed, committed + 1);
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "regressed privileged pass fail");
	assert_string_equal(json_text(rows, "0/severity"), "critical");
	assert_string_equal(json_text(rows, "0/subject/id"), "aaa");
	assert_string_equal(json_text(rows, "0/because"), "container web runs privileged");
	assert_string_equal(json_text(rows, "0/evidence/0/fact"), "container.privileged");
	assert_string_equal(json_text(rows, "0/cause/source"), "docker-event");
	assert_string_equal(json_text(rows, "0/cause/detail"), "container start");
	assert_int_equal(strlen(json_text(rows, "0/cause/time")), 24);
	assert_true(json_object_object_get_ex(json_at(rows, "0/cause"), "actor", NULL));
	assert_true(json_object_get_double(json_at(rows, "0/latency_ms")) > 0);

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": false}");
	sample_event(w, "aaa", "container start");
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "restored privileged fail pass");
	assert_int_equal(judge_counters(w->judge)->drifts, 2);
	assert_int_equal(judge_counters(w->judge)->missed_changes, 0);
}

static void
test_unknown_regresses(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_set(w, SUBJECT_CONTAINER, "aaa",
	    "{\"container.privileged\": {\"unreadable\": \"nonsense\"}}");
	sample_event(w, "aaa", "container start");
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "regressed privileged pass unknown");
	assert_string_equal(
	    json_text(rows, "0/because"), "could not read container.privileged: nonsense");

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	sample_event(w, "aaa", "container start");
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "changed privileged unknown fail");
}

static void
test_other_offenders(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"A\", \"B\"]}");
	world_begin(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"B\", \"A\"]}");
	sample_event(w, "aaa", "container update");
	expect_rows(world_rows(w), 0);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"B\", \"C\"]}");
	sample_event(w, "aaa", "container update");
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "changed caps fail fail");
	assert_string_equal(json_text(rows, "0/added"), "[ \"C\" ]");
	assert_string_equal(json_text(rows, "0/removed"), "[ \"A\" ]");
}

static void
test_offender_that_is_null(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"NULL\"]}");
	world_begin(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"A\"]}");
	sample_event(w, "aaa", "container update");
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/removed"), "[ null ]");
	assert_string_equal(w->trouble, "");
}

static void
test_appeared(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_set(w, SUBJECT_CONTAINER, "bbb", sample_container);
	sample_event(w, "bbb", "container create");
	expect_rows(world_rows(w), 0);

	world_set(w, SUBJECT_CONTAINER, "ccc", sample_container);
	world_set(w, SUBJECT_CONTAINER, "ccc",
	    "{\"container.name\": \"bad\", \"container.privileged\": true,"
	    " \"container.apparmor_profile\": \"unconfined\","
	    " \"container.cap_add\": {\"unreadable\": \"why not\"}}");
	sample_event(w, "ccc", "container create");
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "appeared   ");
	assert_string_equal(json_text(rows, "0/subject/name"), "bad");
	/* The worst first, and all that could not be looked at behind. */
	assert_int_equal(json_object_array_length(json_at(rows, "0/findings")), 3);
	assert_string_equal(json_text(rows, "0/findings/0/rule"), "privileged");
	assert_string_equal(json_text(rows, "0/findings/0/severity"), "critical");
	assert_string_equal(
	    json_text(rows, "0/findings/0/because"), "container bad runs privileged");
	assert_string_equal(json_text(rows, "0/findings/1/rule"), "confined");
	assert_string_equal(json_text(rows, "0/findings/2/rule"), "caps");
	assert_string_equal(json_text(rows, "0/findings/2/verdict"), "unknown");
	assert_string_equal(json_text(rows, "0/cause/detail"), "container create");
}

static void
say_gone(struct world *w, const char *id)
{
	const struct cause cause = { .source = CAUSE_DOCKER_EVENT, .detail = "container destroy" };
	const struct watch_sink *sink = judge_sink(w->judge);

	world_remove(w, SUBJECT_CONTAINER, id);
	sink->gone(sink->arg, SUBJECT_CONTAINER, id, &cause);
}

static void
test_gone(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_begin(w);
	say_gone(w, "aaa");
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "gone   ");
	assert_string_equal(json_text(rows, "0/subject/name"), "web");
	assert_int_equal(json_object_array_length(json_at(rows, "0/findings")), 1);
	assert_string_equal(
	    json_text(rows, "0/findings/0/because"), "container web runs privileged");
	/* An event that comes late doesn't bring it back. */
	sample_event(w, "aaa", "container die");
	expect_rows(world_rows(w), 0);
}

/* Gone before it could be read: nothing is known of it, and that is said. */
static void
test_unseen(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_named(w, "quick", "job", "busybox");
	sample_event(w, "quick", "container create");
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "unseen");
	assert_string_equal(json_text(rows, "0/notice/subject/id"), "quick");
	assert_string_equal(json_text(rows, "0/notice/subject/name"), "job");
	assert_string_equal(json_text(rows, "0/notice/subject/image"), "busybox");
	assert_true(json_object_is_type(json_at(rows, "0/notice/lifetime_ms"), json_type_double));
	/* What comes late of it is no news. */
	world_named(w, "quick", "job", "busybox");
	sample_event(w, "quick", "container die");
	world_gone(w, "quick", 0);
	world_settle(w);
	expect_rows(world_rows(w), 0);
}

/* Its end is heard of before anybody could ask: it lived from the one event to the other. */
static void
test_unseen_between_two_events(void **state)
{
	struct world *w = *state;
	struct json_object *rows;
	double lived;

	world_begin(w);
	world_hold(w, true);
	world_named(w, "quick", "job", "busybox");
	world_event(w, SUBJECT_CONTAINER, "quick", TOPIC_ALL, "container create");
	world_turn(w);
	world_gone(w, "quick", 1500);
	world_hold(w, false);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "unseen");
	lived = json_object_get_double(json_at(rows, "0/notice/lifetime_ms"));
	assert_true(lived >= 1500);
}

/* Only its end was heard of: how long it lived, nobody knows. */
static void
test_unseen_but_for_its_end(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_named(w, "quick", "job", "busybox");
	world_gone(w, "quick", -60 * 60 * 1000);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/subject/name"), "job");
	assert_null(json_at(rows, "0/notice/lifetime_ms"));
}

/* The host's facts are read by rules about containers. */
static void
test_shared_fact(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_CONTAINER, "bbb", sample_container);
	world_begin(w);
	world_set(w, SUBJECT_HOST, "", "{\"host.apparmor\": false}");
	world_event(w, SUBJECT_HOST, NULL, TOPIC_HOST_SYSTEM, "apparmor");
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 2);
	expect_row(json_at(rows, "0"), "changed confined pass not-applicable");
	expect_row(json_at(rows, "1"), "changed confined pass not-applicable");
	assert_string_equal(json_text(rows, "1/cause/detail"), "apparmor");
}

static void
test_only_the_resync_found_it(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_set(w, SUBJECT_HOST, "", "{\"host.kernel\": \"5\"}");
	assert_int_equal(judge_look(w->judge, CAUSE_RESYNC), 0);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "regressed patched pass fail");
	assert_string_equal(json_text(rows, "0/cause/source"), "resync");
	assert_int_equal(judge_counters(w->judge)->missed_changes, 1);
}

/* An event that comes while the resync's question is under way is the cause. */
static void
test_event_beats_resync(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_begin(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	assert_int_equal(judge_look(w->judge, CAUSE_RESYNC), 0);
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_CONTAINER_INSPECT, "container update");
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/cause/source"), "docker-event");
	assert_int_equal(judge_counters(w->judge)->missed_changes, 0);
}

/* --- restarts --- */

static void
test_restart_without_change(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_begin(w);
	world_stop(w);
	world_start(w);
	expect_rows(world_rows(w), 0);
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_FAIL], 1);
}

static void
test_changes_while_away(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"A\", \"B\"]}");
	world_set(w, SUBJECT_CONTAINER, "bbb", sample_container);
	world_set(w, SUBJECT_CONTAINER, "bbb", "{\"container.privileged\": true}");
	world_begin(w);
	world_stop(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"B\", \"C\"]}");
	world_remove(w, SUBJECT_CONTAINER, "bbb");
	world_set(w, SUBJECT_CONTAINER, "ccc", sample_container);
	world_set(w, SUBJECT_CONTAINER, "ccc",
	    "{\"container.name\": \"db\", \"container.privileged\": true}");
	world_set(w, SUBJECT_HOST, "", "{\"host.kernel\": \"5\"}");
	world_start(w);
	rows = world_rows(w);
	expect_rows(rows, 4);
	for (size_t i = 0; i < 4; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		const char *type = json_text(row, "type");

		assert_string_equal(json_text(row, "cause/source"), "start");
		assert_null(json_at(row, "latency_ms"));
		if (strcmp(type, "gone") == 0) {
			assert_string_equal(
			    json_text(row, "findings/0/because"), "container web runs privileged");
			assert_string_equal(json_text(row, "findings/0/evidence/0/value"), "true");
		} else if (strcmp(type, "changed") == 0) {
			assert_string_equal(json_text(row, "added"), "[ \"C\" ]");
			assert_string_equal(json_text(row, "removed"), "[ \"A\" ]");
		} else if (strcmp(type, "appeared") == 0) {
			assert_string_equal(json_text(row, "subject/id"), "ccc");
		} else {
			expect_row(row, "regressed patched pass fail");
		}
	}
	assert_int_equal(judge_counters(w->judge)->missed_changes, 0);
}

static int
since_of(void *arg, const struct finding_view *view)
{
	int64_t *since = arg;

	if (strcmp(view->rule->key, "privileged") == 0 && view->finding != NULL)
		*since = view->finding->since_ms;
	return 0;
}

static void
test_since_survives(void **state)
{
	struct world *w = *state;
	int64_t before = 0, after = 0;

	world_begin(w);
	(void)judge_each_finding(w->judge, since_of, &before);
	assert_true(before != 0);
	world_stop(w);
	world_start(w);
	(void)judge_each_finding(w->judge, since_of, &after);
	assert_true(before == after);
}

/* Containers that the ledger has stay while the engine is away, and nothing is said of them. */
static void
test_start_without_engine(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_begin(w);
	world_stop(w);
	world_engine_away(w, "no engine runs");
	world_open(w);
	world_blind(w, WATCH_EVENTS, "no engine runs");
	world_look(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "gap-opened");
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_FAIL], 0);

	world_engine_away(w, NULL);
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "gap-closed");
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_FAIL], 1);
}

/* --- files --- */

static void
make_file(struct world *w, const char *name)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/etc", w->dir);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/etc/%s", w->dir, name);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/etc/%s/x", w->dir, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "/etc/%s/x", name);
	world_set(w, SUBJECT_FILE, path, "{\"file.exists\": true, \"file.mode\": 420}");
}

/* Which of the files of these tests are watched: one letter each. */
static void
expect_watched(struct world *w, const char *want)
{
	static const char *const paths[] = { " /etc/*.d/x ", " /etc/a.d/x ", " /etc/b.d/x ",
		" /u " };
	char got[8] = "", files[sizeof(w->files) + 1];
	size_t n = 0;

	(void)snprintf(files, sizeof(files), " %s", w->files);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (strstr(files, paths[i]) != NULL)
			got[n++] = "*abu"[i];
	assert_string_equal(got, want);
}

static void
test_globbed_files(void **state)
{
	struct world *w = *state;
	struct json_object *rows;
	char path[256];

	make_file(w, "a.d");
	world_begin(w);
	expect_watched(w, "*a");

	make_file(w, "b.d");
	world_set(w, SUBJECT_FILE, "/etc/b.d/x", "{\"file.mode\": 511}");
	judge_files_changed(w->judge, "/etc/*.d/x", true);
	world_settle(w);
	expect_watched(w, "*ab");
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "appeared   ");
	assert_string_equal(json_text(rows, "0/subject/id"), "/etc/b.d/x");
	assert_string_equal(
	    json_text(rows, "0/findings/0/because"), "file /etc/b.d/x has mode 0777");

	(void)snprintf(path, sizeof(path), "%s/etc/b.d/x", w->dir);
	assert_int_equal(unlink(path), 0);
	world_set(w, SUBJECT_FILE, "/etc/b.d/x", "{\"file.exists\": false, \"file.mode\": null}");
	world_event(w, SUBJECT_FILE, "/etc/b.d/x", TOPIC_FILE_STAT, "/etc/b.d/x changed");
	world_settle(w);
	expect_watched(w, "*a");
	rows = world_rows(w);
	expect_row(json_object_array_get_idx(rows, json_object_array_length(rows) - 1), "gone   ");
}

/* Which files a rule is about may hang on the engine. */
static void
test_files_of_the_engine(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_FILE, "/u", "{\"file.exists\": true, \"file.mode\": 420}");
	world_begin(w);
	expect_watched(w, "*");
	world_set(w, SUBJECT_ENGINE, "", "{\"engine.units.service_files\": [\"/u\"]}");
	world_event(w, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_UNITS, "x");
	world_settle(w);
	expect_watched(w, "*u");
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_PASS], 7);
	/* While it can't be told, what was known stays. */
	world_set(w, SUBJECT_ENGINE, "",
	    "{\"engine.units.service_files\": {\"unreadable\": \"no bus\"}}");
	world_event(w, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_UNITS, "x");
	world_settle(w);
	expect_watched(w, "*u");
}

int
main(void)
{
#define IN_A_WORLD(name) cmocka_unit_test_setup_teardown(name, sample_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_regressed_and_restored),
		IN_A_WORLD(test_unknown_regresses),
		IN_A_WORLD(test_other_offenders),
		IN_A_WORLD(test_offender_that_is_null),
		IN_A_WORLD(test_appeared),
		IN_A_WORLD(test_gone),
		IN_A_WORLD(test_unseen),
		IN_A_WORLD(test_unseen_between_two_events),
		IN_A_WORLD(test_unseen_but_for_its_end),
		IN_A_WORLD(test_shared_fact),
		IN_A_WORLD(test_only_the_resync_found_it),
		IN_A_WORLD(test_event_beats_resync),
		IN_A_WORLD(test_restart_without_change),
		IN_A_WORLD(test_changes_while_away),
		IN_A_WORLD(test_since_survives),
		IN_A_WORLD(test_start_without_engine),
		IN_A_WORLD(test_globbed_files),
		IN_A_WORLD(test_files_of_the_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
