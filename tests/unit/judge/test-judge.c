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

#include <sys/stat.h>

static const struct rule_source rules[] = {
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
	    .severity = SEVERITY_LOW },
	{ .key = "live", .scope = SUBJECT_ENGINE, .test = "engine.live_restore" },
	{ .key = "modes",
	    .scope = SUBJECT_FILE,
	    .test = "file.mode == 420",
	    .when = "file.exists",
	    .pattern = "/etc/thing" },
	{ .key = "patched", .scope = SUBJECT_HOST, .test = "host.kernel == \"6\"" },
	{ .key = "privileged",
	    .scope = SUBJECT_CONTAINER,
	    .test = "!container.privileged",
	    .says = "{subject} runs privileged",
	    .severity = SEVERITY_CRITICAL },
};

static const char good_container[] =
    "{\"container.name\": \"web\", \"container.image\": \"nginx\", \"container.cap_add\": [],"
    " \"container.apparmor_profile\": \"docker-default\", \"container.privileged\": false}";

/* A host with an engine on which all is well, and no container. */
static void
make_good(struct world *w)
{
	world_set(w, SUBJECT_HOST, "", "{\"host.apparmor\": true, \"host.kernel\": \"6\"}");
	world_set(w, SUBJECT_ENGINE, "",
	    "{\"engine.live_restore\": true, \"engine.kind\": \"docker\","
	    " \"engine.version\": \"20.10\", \"engine.api\": \"1.41\"}");
	world_set(w, SUBJECT_FILE, "/etc/thing", "{\"file.exists\": true, \"file.mode\": 420}");
}

static int
setup(void **state)
{
	struct world *w = world_new(rules, ARRAY_SIZE(rules), true);

	make_good(w);
	*state = w;
	return 0;
}

struct wanted {
	struct world *w;
	const char *rule, *id;
	struct json_object *found;
	unsigned n;
};

static int
take_finding(void *arg, const struct finding_view *view)
{
	struct wanted *wanted = arg;

	wanted->n++;
	if (strcmp(view->rule->key, wanted->rule) == 0 &&
	    strcmp(view->subject->id, wanted->id) == 0) {
		json_object_put(wanted->found);
		wanted->found = judge_finding_json(wanted->w->judge, view);
	}
	return 0;
}

/* What is held of a rule for a subject: an object that the caller gives back. */
static struct json_object *
finding(struct world *w, const char *rule, const char *id)
{
	struct wanted wanted = { w, rule, id, NULL, 0 };

	assert_int_equal(judge_each_finding(w->judge, take_finding, &wanted), 0);
	if (wanted.found == NULL)
		fail_msg("no finding of %s for \"%s\"", rule, id);
	return wanted.found;
}

static void
expect(struct world *w, const char *rule, const char *id, const char *verdict, const char *because)
{
	struct json_object *f = finding(w, rule, id);

	assert_string_equal(json_text(f, "because"), because);
	assert_string_equal(json_text(f, "verdict"), verdict);
	json_object_put(f);
}

static void
test_first_look(void **state)
{
	struct world *w = *state;
	struct judge_summary summary;

	world_set(w, SUBJECT_CONTAINER, "aaa", good_container);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_start(w);
	assert_int_equal(w->settled, 1);
	expect(w, "privileged", "aaa", "fail", "container web runs privileged");
	expect(w, "caps", "aaa", "pass", "The title");
	expect(w, "live", "", "pass", "The title");
	expect(w, "patched", "", "pass", "The title");
	expect(w, "modes", "/etc/thing", "pass", "The title");
	summary = judge_summary(w->judge);
	assert_int_equal(summary.verdicts[VERDICT_PASS], 5);
	assert_int_equal(summary.verdicts[VERDICT_FAIL], 1);
	/* Each rule was judged once for each of its subjects, and each topic collected once. */
	assert_int_equal(judge_counters(w->judge)->evaluations, 6);
	assert_int_equal(judge_counters(w->judge)->collections, 6 + 5 + 2 + 1);
	assert_int_equal(judge_counters(w->judge)->drifts, 0);
}

/* The first look of a new ledger is one notice, not one alert a rule. */
static void
test_baseline(void **state)
{
	struct world *w = *state;
	struct json_object *rows;

	world_set(w, SUBJECT_CONTAINER, "aaa", good_container);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_start(w);
	rows = world_rows(w);
	assert_int_equal(json_object_array_length(rows), 1);
	assert_string_equal(json_text(rows, "0/type"), "notice");
	assert_string_equal(json_text(rows, "0/notice/kind"), "baseline");
	assert_string_equal(json_text(rows, "0/notice/summary/fail"), "1");
	assert_string_equal(json_text(rows, "0/notice/summary/pass"), "5");
	assert_string_equal(json_text(rows, "0/ledger"), ledger_id(w->ledger));
}

static void
test_finding_json(void **state)
{
	struct world *w = *state;
	struct json_object *f, *engine;

	world_set(w, SUBJECT_CONTAINER, "aaa", good_container);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.cap_add\": [\"SYS_ADMIN\"]}");
	world_start(w);
	f = finding(w, "caps", "aaa");
	assert_string_equal(json_text(f, "title"), "The title");
	assert_string_equal(json_text(f, "severity"), "high");
	assert_string_equal(json_text(f, "subject/kind"), "container");
	assert_string_equal(json_text(f, "subject/name"), "web");
	assert_string_equal(json_text(f, "subject/image"), "nginx");
	assert_string_equal(json_text(f, "because"), "container web adds capabilities: SYS_ADMIN");
	assert_string_equal(json_text(f, "evidence/0/fact"), "container.cap_add");
	assert_string_equal(json_text(f, "evidence/0/value/0"), "SYS_ADMIN");
	assert_int_equal(strlen(json_text(f, "since")), 24);
	assert_int_equal(strlen(json_text(f, "checked")), 24);
	assert_true(json_object_object_get_ex(f, "exception", NULL));
	assert_true(json_object_object_get_ex(f, "refs", NULL));
	json_object_put(f);
	engine = judge_engine_json(w->judge);
	assert_string_equal(json_text(engine, "kind"), "docker");
	assert_string_equal(json_text(engine, "api"), "1.41");
	assert_string_equal(json_text(engine, "socket"), "/run/docker.sock");
	json_object_put(engine);
}

/* A rule without a subject has one finding all the same, and it is not a pass. */
static void
test_no_subject(void **state)
{
	struct world *w = *state;

	world_start(w);
	expect(w, "caps", "", "not-applicable", "there is no container on this host");
	assert_int_equal(judge_summary(w->judge).verdicts[VERDICT_NOT_APPLICABLE], 3);
}

static void
test_no_engine(void **state)
{
	struct world *w = *state;

	world_engine_away(w, "no engine runs");
	world_start(w);
	expect(w, "caps", "", "unknown", "could not list the containers: no engine runs");
	expect(w, "live", "", "unknown", "could not read engine.live_restore: no engine runs");
	expect(w, "patched", "", "pass", "The title");
	assert_null(judge_engine_json(w->judge));
	assert_int_equal(w->settled, 1);
}

static void
test_file_that_is_not_there(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_FILE, "/etc/thing", "{\"file.exists\": false, \"file.mode\": null}");
	world_start(w);
	expect(w, "modes", "/etc/thing", "not-applicable", "it is not of that sort");
	/* It is watched for, and so are the files that topics are read from. */
	assert_non_null(strstr(w->files, " /etc/thing "));
	assert_non_null(strstr(w->files, "/etc/audit/audit.rules /etc/audit/rules.d/*.rules "
					 "/etc/environment /etc/group /etc/nsswitch.conf "
					 "/etc/passwd /etc/profile /etc/profile.d/*.sh "));
	assert_non_null(strstr(w->files, " /etc/systemd/system/docker.service.d/*.conf "));
	assert_int_equal(w->files_told, 1);
}

static void
add_containers(struct world *w, unsigned n)
{
	char id[65];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(id, sizeof(id), "%064u", i);
		world_set(w, SUBJECT_CONTAINER, id, good_container);
	}
}

static void
test_one_more_of_fifty(void **state)
{
	struct world *w = *state;
	struct judge_counters before;
	const struct judge_counters *after;

	add_containers(w, 50);
	world_start(w);
	before = *judge_counters(w->judge);
	assert_int_equal(before.evaluations, 3 + 50 * 3);

	world_set(w, SUBJECT_CONTAINER, "new", good_container);
	world_event(w, SUBJECT_CONTAINER, "new", TOPIC_ALL, "container create");
	world_settle(w);
	after = judge_counters(w->judge);
	assert_int_equal(after->evaluations - before.evaluations, 3);
	assert_int_equal(after->collections - before.collections, 2);
	assert_int_equal(after->events - before.events, 1);
	assert_int_equal(after->stale_marks - before.stale_marks, 2);
}

/* Ten events in a burst cost one collection; one that comes while it is under way, one more. */
static void
test_burst(void **state)
{
	struct world *w = *state;
	unsigned before;

	world_set(w, SUBJECT_CONTAINER, "aaa", good_container);
	world_start(w);
	before = world_asked(w);
	for (int i = 0; i < 10; i++)
		world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_CONTAINER_INSPECT, "container x");
	world_settle(w);
	assert_int_equal(world_asked(w) - before, 1);

	before = world_asked(w);
	world_hold(w, true);
	world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_CONTAINER_INSPECT, "container x");
	world_turn(w);
	assert_int_equal(world_asked(w) - before, 1);
	for (int i = 0; i < 10; i++)
		world_event(w, SUBJECT_CONTAINER, "aaa", TOPIC_CONTAINER_INSPECT, "container x");
	world_turn(w);
	assert_int_equal(world_asked(w) - before, 1);
	world_hold(w, false);
	world_settle(w);
	assert_int_equal(world_asked(w) - before, 2);
}

/* Only what has changed selects rules, and only for whom it belongs to. */
static void
test_changed_facts_select_rules(void **state)
{
	struct world *w = *state;
	uint64_t before;

	add_containers(w, 10);
	world_start(w);
	before = judge_counters(w->judge)->evaluations;
	world_event(w, SUBJECT_CONTAINER,
	    "0000000000000000000000000000000000000000000000000000000000"
	    "000003",
	    TOPIC_ALL, "container x");
	world_settle(w);
	assert_int_equal(judge_counters(w->judge)->evaluations, before);

	/* The host's fact is read by one rule of each container. */
	world_set(w, SUBJECT_HOST, "", "{\"host.apparmor\": false}");
	world_event(w, SUBJECT_HOST, NULL, TOPIC_HOST_SYSTEM, "x");
	world_settle(w);
	assert_int_equal(judge_counters(w->judge)->evaluations, before + 10);
}

static void
test_two_looks_at_once(void **state)
{
	struct world *w = *state;

	add_containers(w, 5);
	world_start(w);
	assert_int_equal(judge_look(w->judge, CAUSE_RESYNC), 0);
	assert_int_equal(judge_look(w->judge, CAUSE_RESYNC), 0);
	assert_false(judge_settled(w->judge));
	world_settle(w);
	assert_true(judge_settled(w->judge));
	assert_int_equal(w->settled, 2);
	assert_int_equal(judge_counters(w->judge)->resyncs, 2);
	assert_int_equal(judge_counters(w->judge)->missed_changes, 0);
}

static void
test_subjects_in_order(void **state)
{
	struct world *w = *state;
	const struct subject *const *subjects;
	size_t n;

	world_set(w, SUBJECT_CONTAINER, "aaa", good_container);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.name\": \"zebra\"}");
	world_set(w, SUBJECT_CONTAINER, "bbb", good_container);
	world_start(w);
	subjects = judge_subjects(w->judge, &n);
	assert_int_equal(n, 5);
	assert_int_equal(subjects[0]->kind, SUBJECT_HOST);
	assert_int_equal(subjects[1]->kind, SUBJECT_ENGINE);
	assert_string_equal(subjects[2]->id, "/etc/thing");
	assert_string_equal(subjects[3]->name, "web");
	assert_string_equal(subjects[4]->name, "zebra");
}

static bool
looked_again(struct world *w)
{
	return judge_counters(w->judge)->resyncs > 1 && judge_settled(w->judge);
}

/* What no watcher told of is found by the look that the clock begins. */
static void
test_resync(void **state)
{
	struct world *w = *state;

	w->rb->settings.resync_interval_s = 1;
	world_set(w, SUBJECT_CONTAINER, "aaa", good_container);
	world_start(w);
	world_set(w, SUBJECT_CONTAINER, "aaa", "{\"container.privileged\": true}");
	world_until(w, looked_again);
	expect(w, "privileged", "aaa", "fail", "container web runs privileged");
	assert_int_equal(judge_counters(w->judge)->missed_changes, 1);
}

static void
test_slots_have_room(void **state)
{
	unsigned n[_SUBJECT_KINDS] = { 0 };

	for (int topic = 0; topic < _TOPICS; topic++)
		assert_in_range(++n[topic_table[topic].kind], 1, 6);
}

int
main(void)
{
#define IN_A_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_first_look),
		IN_A_WORLD(test_baseline),
		IN_A_WORLD(test_finding_json),
		IN_A_WORLD(test_no_subject),
		IN_A_WORLD(test_no_engine),
		IN_A_WORLD(test_file_that_is_not_there),
		IN_A_WORLD(test_one_more_of_fifty),
		IN_A_WORLD(test_burst),
		IN_A_WORLD(test_changed_facts_select_rules),
		IN_A_WORLD(test_two_looks_at_once),
		IN_A_WORLD(test_subjects_in_order),
		IN_A_WORLD(test_resync),
		cmocka_unit_test(test_slots_have_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
