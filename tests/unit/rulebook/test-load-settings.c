/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rulebook/fixture.h"
#include "rulebook/params.h"

static struct fixture fixture;

static const char benchmark[] = "id: first\n"
				"title: The first\n"
				"version: 1.0\n"
				"sections: {1: One}\n"
				"rules:\n"
				"- {id: 1.1, level: 1, scored: true, rule: a-rule}\n"
				"- {id: 1.2, level: 2, scored: true, rule: b-rule}\n";

static int
set_up(void **state)
{
	fixture_init(&fixture);
	fixture_put(&fixture, "rules/a.yaml", GOOD_RULE("a-rule") GOOD_RULE("b-rule"));
	fixture_put(&fixture, "rules/benchmarks/a.yaml", benchmark);
	return 0;
}

static int
tear_down(void **state)
{
	fixture_deinit(&fixture);
	return 0;
}

static const struct value *
param(const char *name)
{
	int i = param_find(name, strlen(name));

	assert_true(i >= 0);
	return &fixture.rb->params[i];
}

static void
test_all_settings(void **state)
{
	const struct settings *s;

	fixture_put(&fixture, "plimsoll.yaml",
	    "engine: {socket: \"unix:///run/other.sock\"}\n"
	    "benchmarks: [first]\n"
	    "select:\n"
	    "  levels: [1]\n"
	    "  exclude:\n"
	    "  - {rule: a-rule, reason: not here}\n"
	    "params:\n"
	    "  trusted_users: [app, 1000]\n"
	    "  kernel_minimum: 4.19\n"
	    "  image_age_days: 30\n"
	    "  cpu_alternatives: true\n"
	    "report:\n"
	    "  journal: on\n"
	    "  syslog: off\n"
	    "  syslog_facility: local3\n"
	    "  heartbeat_interval: off\n"
	    "  open_interval: 90s\n"
	    "  carried_within: 2m\n"
	    "  per_minute: 0\n"
	    "  fold_after: 7\n"
	    "  fold_within: 90s\n"
	    "limits: {resync_interval: 5m, keep_days: 30, keep_size: 1GiB, exec_keep: 2h}\n");
	fixture_load_good(&fixture);
	s = &fixture.rb->settings;
	assert_string_equal(s->engine_socket, "/run/other.sock");
	assert_int_equal(s->report_journal, 1);
	assert_int_equal(s->report_syslog, 0);
	assert_string_equal(s->syslog_facility, "local3");
	assert_int_equal(s->heartbeat_interval_s, 0);
	assert_int_equal(s->open_interval_s, 90);
	assert_int_equal(s->carried_within_s, 120);
	assert_int_equal(s->per_minute, 0);
	assert_int_equal(s->fold_after, 7);
	assert_int_equal(s->fold_within_s, 90);
	assert_int_equal(s->resync_interval_s, 300);
	assert_int_equal(s->keep_days, 30);
	assert_int_equal(s->keep_bytes, UINT64_C(1) << 30);
	assert_int_equal(s->exec_keep_s, 7200);
	assert_int_equal(param("trusted_users")->len, 2);
	assert_string_equal(param("trusted_users")->items[1].string, "1000");
	assert_string_equal(param("kernel_minimum")->string, "4.19");
	assert_int_equal(param("image_age_days")->integer, 30);
	assert_true(param("cpu_alternatives")->boolean);
	assert_int_equal(param("stopped_containers_max")->integer, 25);
}

/* A later file wins key by key, lists as a whole. */
static void
test_drop_ins(void **state)
{
	fixture_put(&fixture, "plimsoll.yaml",
	    "report: {journal: on, syslog: on}\n"
	    "params: {trusted_users: [a, b], image_age_days: 1}\n"
	    "select: {exclude: [{rule: a-rule, reason: one}]}\n");
	fixture_put(&fixture, "plimsoll.d/20.yaml", "report: {syslog: auto}\n");
	fixture_put(&fixture, "plimsoll.d/10.yaml",
	    "report: {syslog: off}\n"
	    "params: {trusted_users: [c]}\n"
	    "select: {exclude: [{rule: b-rule, reason: two}]}\n");
	fixture_put(&fixture, "plimsoll.d/30.yaml.save", "nonsense\n");
	fixture_put(&fixture, "plimsoll.d/.hidden.yaml", "nonsense\n");
	fixture_load_good(&fixture);
	assert_int_equal(fixture.rb->settings.report_journal, 1);
	assert_int_equal(fixture.rb->settings.report_syslog, -1);
	assert_int_equal(param("trusted_users")->len, 1);
	assert_int_equal(param("image_age_days")->integer, 1);
	assert_string_equal(fixture.rb->rules[0]->unselected_why, "excluded: one");
	assert_string_equal(fixture.rb->rules[1]->unselected_why, "excluded: two");
}

static void
test_parts_that_are_all_comments(void **state)
{
	fixture_put(&fixture, "plimsoll.yaml",
	    "engine:\n#  socket: /x\nselect:\nparams:\nreport:\nlimits:\n");
	fixture_load_good(&fixture);
}

static const struct {
	const char *text, *errors;
} bad[] = {
	{ "- a\n", "plimsoll.yaml:1: a file of settings must be a map, not a list" },
	{ "engines: {}\n", "plimsoll.yaml:1: unknown key `engines`; did you mean `engine`?" },
	{ "engine: {sock: /x}\n", "plimsoll.yaml:1: unknown key `sock`; did you mean `socket`?" },
	{ "engine: /run/docker.sock\n", "plimsoll.yaml:1: `engine` must be a map, not a text" },
	{ "engine: {socket: tcp://127.0.0.1:2375}\n",
	    "plimsoll.yaml:1: `socket` must be the absolute path of a Unix socket, at most 107 "
	    "bytes" },
	{ "engine: {socket: unix://}\n",
	    "plimsoll.yaml:1: `socket` must be the absolute path of a Unix socket, at most 107 "
	    "bytes" },
	{ "engine: {socket: }\n", "plimsoll.yaml:1: `socket` is empty" },
	{ "benchmarks: first\n", "plimsoll.yaml:1: `benchmarks` must be a list, not a text" },
	{ "benchmarks: []\n", "plimsoll.yaml:1: `benchmarks` is empty" },
	{ "# c\nbenchmarks: [first, frist, second]\n",
	    "plimsoll.yaml:2: no benchmark `frist`; did you mean `first`?\n"
	    "plimsoll.yaml:2: no benchmark `second`" },
	{ "select: {levels: [1, two, 10]}\n",
	    "plimsoll.yaml:1: `levels` must be a number from 1 to 9\n"
	    "plimsoll.yaml:1: `levels` must be a number from 1 to 9" },
	{ "select: {levels: 1}\n", "plimsoll.yaml:1: `levels` must be a list, not a text" },
	{ "select: {levels: []}\n", "plimsoll.yaml:1: `levels` is empty" },
	{ "select:\n  exclude:\n  - rule: a-rule\n  - {rule: c-rule, reason: x}\n"
	  "  - {rule: 7.7, reason: x}\n  - {rule: 1.1, reason: x, who: y}\n",
	    "plimsoll.yaml:3: an entry of `exclude` needs `reason`\n"
	    "plimsoll.yaml:6: unknown key `who`\n"
	    "plimsoll.yaml:4: no rule `c-rule`; did you mean `a-rule`?\n"
	    "plimsoll.yaml:5: no rule `7.7`" },
	{ "params:\n  trusted_user: []\n  zzz: 1\n",
	    "plimsoll.yaml:2: unknown parameter `trusted_user`; did you mean `trusted_users`?\n"
	    "plimsoll.yaml:3: unknown parameter `zzz`" },
	{ "params:\n  trusted_users: app\n  image_age_days: \"30\"\n  unused_images_max: -1\n"
	  "  cpu_alternatives: yes\n  kernel_minimum: [4]\n  allowed_ports: [[80]]\n",
	    "plimsoll.yaml:2: params.trusted_users must be list(string), not string\n"
	    "plimsoll.yaml:3: params.image_age_days must be int, not string\n"
	    "plimsoll.yaml:4: params.unused_images_max must not be below 0\n"
	    "plimsoll.yaml:5: params.cpu_alternatives must be bool, not string\n"
	    "plimsoll.yaml:6: params.kernel_minimum must be string, not a list\n"
	    "plimsoll.yaml:7: params.allowed_ports must be int, not a list" },
	{ "report: {journal: true, syslog: 1}\n",
	    "plimsoll.yaml:1: `journal` must be off, on or auto\n"
	    "plimsoll.yaml:1: `syslog` must be off, on or auto" },
	{ "report: {heartbeat_interval: 3600, open_interval: 31d}\n",
	    "plimsoll.yaml:1: `heartbeat_interval` must be a duration such as 90s, 5m, 6h or 1d\n"
	    "plimsoll.yaml:1: `open_interval` must be from 1s to 2592000s, and this is "
	    "2678400s" },
	{ "limits: {resync_interval: off, keep_days: 0, keep_size: 512M, exec_keep: 1s}\n",
	    "plimsoll.yaml:1: `resync_interval` must be a duration such as 90s, 5m, 6h or 1d\n"
	    "plimsoll.yaml:1: `keep_days` must be a number from 1 to 36500\n"
	    "plimsoll.yaml:1: `keep_size` must be a size such as 100KiB, 512MiB or 1GiB\n"
	    "plimsoll.yaml:1: `exec_keep` must be from 60s to 2592000s, and this is 1s" },
	{ "limits: {keep_size: 4KiB}\n",
	    "plimsoll.yaml:1: `keep_size` must be from 1048576B to 1099511627776B, and this is "
	    "4096B" },
	{ "report: {syslog_facility: local8}\n",
	    "plimsoll.yaml:1: `syslog_facility` must be auth, authpriv, cron, daemon, ftp, kern, "
	    "lpr, mail, news, syslog, user, uucp, local0, local1, local2, local3, local4, local5, "
	    "local6 or local7" },
	{ "limits: {keep_days: 1}\nlimits: {}\n", "plimsoll.yaml:2: key `limits` is given twice" },
};

static void
test_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fixture_put(&fixture, "plimsoll.yaml", bad[i].text);
		fixture_load_bad(&fixture, bad[i].errors);
	}
}

static void
test_defaults_of_parameters(void **state)
{
	fixture_load_good(&fixture);
	assert_true(param_count <= 64); /* a bit each in a set */
	for (unsigned i = 0; i < param_count; i++) {
		assert_true(type_holds(param_table[i].type, &fixture.rb->params[i]));
		assert_int_equal(param_find(param_table[i].name, strlen(param_table[i].name)), i);
		assert_string_equal(
		    rulebook_name_of(PARAM_ID_FIRST + i) + strlen("params."), param_table[i].name);
	}
	assert_int_equal(param("sensitive_paths")->len, 8);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_all_settings),
		TEST(test_drop_ins),
		TEST(test_parts_that_are_all_comments),
		TEST(test_refused),
		TEST(test_defaults_of_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
