/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"
#include "util/clock.h"
#include "world.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct rule_text rules[] = {
	{ .key = "caps",
	    .scope = SUBJECT_CONTAINER,
	    .kind = RULE_OFFENDERS,
	    .test = "container.cap_add",
	    .says = "{subject} adds capabilities",
	    .severity = SEVERITY_HIGH },
	{ .key = "confined",
	    .scope = SUBJECT_CONTAINER,
	    .when = "host.apparmor",
	    .test = "container.apparmor_profile != \"unconfined\"",
	    .says = "{subject} is not confined",
	    .severity = SEVERITY_LOW },
	{ .key = "execs",
	    .scope = SUBJECT_CONTAINER,
	    .kind = RULE_OFFENDERS,
	    .test = "container.execs.filter(e, e.privileged)",
	    .says = "privileged exec sessions in {subject}",
	    .severity = SEVERITY_CRITICAL },
	{ .key = "live",
	    .scope = SUBJECT_ENGINE,
	    .test = "engine.live_restore",
	    .says = "{subject} takes its containers along",
	    .severity = SEVERITY_MEDIUM },
	{ .key = "modes",
	    .scope = SUBJECT_FILE,
	    .test = "file.mode == 420",
	    .when = "file.exists",
	    .says = "{subject} has mode {file.mode}",
	    .pattern = "/etc/*.d/x" },
	{ .key = "patched",
	    .scope = SUBJECT_HOST,
	    .test = "host.kernel == \"6\"",
	    .says = "{subject} runs an old kernel",
	    .severity = SEVERITY_MEDIUM },
	{ .key = "privileged",
	    .scope = SUBJECT_CONTAINER,
	    .test = "!container.privileged",
	    .says = "{subject} runs privileged",
	    .severity = SEVERITY_CRITICAL },
	{ .key = "units",
	    .scope = SUBJECT_FILE,
	    .test = "file.mode == 420",
	    .says = "{subject} has mode {file.mode}",
	    .files_expr = "engine.units.service_files" },
};

static const char good_container[] =
    "{\"container.name\": \"web\", \"container.image\": \"nginx\", \"container.cap_add\": [],"
    " \"container.apparmor_profile\": \"docker-default\", \"container.privileged\": false}";

static int
setup(void **state)
{
	struct world *w = world_new(rules, ARRAY_SIZE(rules), true);

	world_set(w, SUBJECT_HOST, "", "{\"host.apparmor\": true, \"host.kernel\": \"6\"}");
	world_set(w, SUBJECT_ENGINE, "",
	    "{\"engine.live_restore\": true, \"engine.units.service_files\": []}");
	world_set(w, SUBJECT_CONTAINER, "aaa", good_container);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	world_free(*state);
	return 0;
}

/* Starts, and forgets the rows of the beginning. */
static void
start(struct world *w)
{
	world_start(w);
	(void)world_rows(w);
}

static void
event(struct world *w, const char *id, const char *detail)
{
	world_event(w, SUBJECT_CONTAINER, id, TOPIC_ALL, detail);
	world_settle(w);
}

static void
expect_rows(struct json_object *rows, size_t n)
{
	if (json_object_array_length(rows) != n)
		fail_msg("%zu rows instead of %zu: %s", json_object_array_length(rows), n,
		    json_object_to_json_string_ext(rows, JSON_C_TO_STRING_PRETTY));
}

/* A row's type, rule and moves in one line: "regressed caps pass fail". */
static void
expect_row(struct json_object *row, const char *want)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "%s %s %s %s", json_text(row, "type"),
	    json_text(row, "rule"), json_text(row, "was"), json_text(row, "verdict"));
	assert_string_equal(line, want);
}

static void
test_regressed_and_restored(void **state)
{
	struct world *w = *state;
	struct json_object *rows;
	unsigned committed;

	start(w);
	committed = w->committed;
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	event(w, "aaa", "container start");
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
	event(w, "aaa", "container start");
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

	start(w);
	world_set(w, SUBJECT_CONTAINER, "aaa",
	    "{\"container.privileged\": {\"unreadable\": \"nonsense\"}}");
	event(w, "aaa", "container start");
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "regressed privileged pass unknown");
	assert_string_equal(
	    json_text(rows, "0/because"), "could not read container.privileged: nonsense");

	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	event(w, "aaa", "container start");
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
	start(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"B\", \"A\"]}");
	event(w, "aaa", "container update");
	expect_rows(world_rows(w), 0);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"B\", \"C\"]}");
	event(w, "aaa", "container update");
	rows = world_rows(w);
	expect_rows(rows, 1);
	expect_row(json_at(rows, "0"), "changed caps fail fail");
	assert_string_equal(json_text(rows, "0/added"), "[ \"C\" ]");
	assert_string_equal(json_text(rows, "0/removed"), "[ \"A\" ]");
}

static void
test_appeared(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	start(w);
	world_set(w, SUBJECT_CONTAINER, "bbb", good_container);
	event(w, "bbb", "container create");
	expect_rows(world_rows(w), 0);

	world_set(w, SUBJECT_CONTAINER, "ccc", good_container);
	world_set(w, SUBJECT_CONTAINER, "ccc",
	    "{\"container.name\": \"bad\", \"container.privileged\": true,"
	    " \"container.apparmor_profile\": \"unconfined\","
	    " \"container.cap_add\": {\"unreadable\": \"why not\"}}");
	event(w, "ccc", "container create");
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
	start(w);
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
	event(w, "aaa", "container die");
	expect_rows(world_rows(w), 0);
}

/* Gone before it could be read: nothing is known of it, and that is said. */
static void
test_unseen(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	start(w);
	event(w, "quick", "container create");
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "unseen");
	assert_string_equal(json_text(rows, "0/notice/subject/id"), "quick");
}

/* The host's facts are read by rules about containers. */
static void
test_shared_fact(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_CONTAINER, "bbb", good_container);
	start(w);
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

	start(w);
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

	start(w);
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
	start(w);
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
	world_set(w, SUBJECT_CONTAINER, "bbb", good_container);
	world_set(w, SUBJECT_CONTAINER, "bbb", "{\"container.privileged\": true}");
	start(w);
	world_stop(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"B\", \"C\"]}");
	world_remove(w, SUBJECT_CONTAINER, "bbb");
	world_set(w, SUBJECT_CONTAINER, "ccc", good_container);
	world_set(w, SUBJECT_CONTAINER, "ccc", "{\"container.privileged\": true}");
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

	start(w);
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
	start(w);
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

	start(w);
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

/* One answer that says nothing at all is asked for once more before it is believed. */
static void
test_moment_of_trouble(void **state)
{
	struct world *w = *state;

	start(w);
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

	start(w);
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
	start(w);
	world_sees(w, WATCH_EVENTS);
	world_settle(w);
	world_blind(w, WATCH_EVENTS, "the stream ended");
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	event(w, "aaa", "x");
	expect_row(json_at(world_rows(w), "1"), "regressed privileged pass fail");
	world_stop(w);
	world_start(w);
	expect_rows(world_rows(w), 0);
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
	start(w);
	expect_watched(w, "*a");

	make_file(w, "b.d");
	world_set(w, SUBJECT_FILE, "/etc/b.d/x", "{\"file.mode\": 511}");
	judge_files_changed(w->judge, "/etc/*.d/x");
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
	start(w);
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

	start(w);
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

static void
test_exec_is_long_ago(void **state)
{
	struct world *w = *state;

	w->rb->settings.exec_keep_s = 10;
	start(w);
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

	start(w);
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

	start(w);
	run_sql(w, "CREATE TRIGGER no BEFORE INSERT ON drift BEGIN SELECT RAISE(ABORT, 'full');"
		   "END");
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	event(w, "aaa", "container start");
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"A\"]}");
	event(w, "aaa", "container start");
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

/* What is older than may be kept is forgotten, and that is said. */
static void
test_old_rows_are_pruned(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	w->rb->settings.keep_days = 1;
	start(w);
	assert_int_equal(judge_notice(w->judge, "stopping", NULL), 0);
	judge_prune(w->judge);
	rows = world_rows(w);
	expect_rows(rows, 1);
	run_sql(w, "UPDATE drift SET time = 0");
	judge_prune(w->judge);
	rows = world_rows(w);
	expect_rows(rows, 1);
	assert_string_equal(json_text(rows, "0/notice/kind"), "pruned");
	assert_string_equal(json_text(rows, "0/notice/rows"), "1");
	assert_int_equal(ledger_first_seq(w->ledger), 2);
}

static void
test_without_store(void **state)
{
	struct world *w = *state;

	w->path[0] = '\0';
	world_start(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	event(w, "aaa", "container start");
	assert_int_equal(judge_counters(w->judge)->drifts, 1);
	/* Nobody watched for exec sessions. */
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_REVIEW], 1);
}

static void
test_notice(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	start(w);
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
#define IN_A_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_regressed_and_restored),
		IN_A_WORLD(test_unknown_regresses),
		IN_A_WORLD(test_other_offenders),
		IN_A_WORLD(test_appeared),
		IN_A_WORLD(test_gone),
		IN_A_WORLD(test_unseen),
		IN_A_WORLD(test_shared_fact),
		IN_A_WORLD(test_only_the_resync_found_it),
		IN_A_WORLD(test_event_beats_resync),
		IN_A_WORLD(test_restart_without_change),
		IN_A_WORLD(test_changes_while_away),
		IN_A_WORLD(test_since_survives),
		IN_A_WORLD(test_start_without_engine),
		IN_A_WORLD(test_gap),
		IN_A_WORLD(test_moment_of_trouble),
		IN_A_WORLD(test_engine_goes_away_slowly),
		IN_A_WORLD(test_change_in_a_gap_is_kept),
		IN_A_WORLD(test_globbed_files),
		IN_A_WORLD(test_files_of_the_engine),
		IN_A_WORLD(test_execs),
		IN_A_WORLD(test_exec_is_long_ago),
		IN_A_WORLD(test_exec_that_was_too_quick),
		IN_A_WORLD(test_store_that_fails),
		IN_A_WORLD(test_old_rows_are_pruned),
		IN_A_WORLD(test_without_store),
		IN_A_WORLD(test_notice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
