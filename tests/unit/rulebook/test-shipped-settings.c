/* SPDX-License-Identifier: Apache-2.0
 *
 * conf/plimsoll.yaml shows every setting with its default, commented out. A setting stands after
 * "#" or "#  ", words for people after "# ". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rulebook/fixture.h"

static struct fixture fixture;

static int
set_up(void **state)
{
	fixture_init(&fixture);
	fixture_put(&fixture, "rules/a.yaml", GOOD_RULE("a-rule"));
	fixture_put(&fixture, "rules/benchmarks/a.yaml",
	    "id: cis-docker-1.11.0\ntitle: A\nversion: 1\nsections: {}\nrules: []\n");
	return 0;
}

static int
tear_down(void **state)
{
	fixture_deinit(&fixture);
	return 0;
}

/* The shipped file, read whole; its settings without the sign of a comment if `uncommented`. */
static char *
shipped(bool uncommented)
{
	char path[PATH_MAX], line[256], *text = test_calloc(1, 16384);
	size_t len = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/conf/plimsoll.yaml", getenv("PLIMSOLL_SOURCE"));
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		bool setting = line[0] == '#' && line[1] != '\n' && line[1] != '#' &&
			       (line[1] != ' ' || (line[2] == ' ' && line[3] != ' '));

		assert_true(len + strlen(line) < 16384);
		(void)strcpy(text + len, line + (uncommented && setting));
		len += strlen(text + len);
	}
	(void)fclose(file);
	return text;
}

static void
assert_defaults(const struct settings *s)
{
	assert_string_equal(s->engine_socket, "/run/docker.sock");
	assert_int_equal(s->resync_interval_s, 6 * 3600);
	assert_int_equal(s->heartbeat_interval_s, 3600);
	assert_int_equal(s->open_interval_s, 24 * 3600);
	assert_int_equal(s->carried_within_s, 600);
	assert_int_equal(s->per_minute, 60);
	assert_int_equal(s->fold_after, 5);
	assert_int_equal(s->fold_within_s, 600);
	assert_int_equal(s->report_journal, -1);
	assert_int_equal(s->report_syslog, -1);
	assert_string_equal(s->syslog_facility, "authpriv");
	assert_int_equal(s->keep_days, 400);
	assert_int_equal(s->keep_bytes, UINT64_C(512) << 20);
	assert_int_equal(s->exec_keep_s, 24 * 3600);
}

/* As shipped it changes nothing. */
static void
test_as_shipped(void **state)
{
	char *text = shipped(false);

	fixture_put(&fixture, "plimsoll.yaml", text);
	test_free(text);
	fixture_load_good(&fixture);
	assert_defaults(&fixture.rb->settings);
	assert_true(fixture.rb->rules[0]->selected);
}

/* The defaults that it tells are those that hold. */
static void
test_documented_defaults(void **state)
{
	_cleanup_(rulebook_freep) struct rulebook *defaults = NULL;
	char *text = shipped(true);

	fixture_load_good(&fixture);
	defaults = TAKE(fixture.rb);
	fixture_put(&fixture, "plimsoll.yaml", text);
	test_free(text);
	fixture_load_good(&fixture);
	assert_defaults(&fixture.rb->settings);
	for (unsigned i = 0; i < param_count; i++)
		if (!value_same(&defaults->params[i], &fixture.rb->params[i]))
			fail_msg("the default of %s is another one", param_table[i].name);
}

static void
test_every_parameter_is_documented(void **state)
{
	char *text = shipped(true), setting[80];

	for (unsigned i = 0; i < param_count; i++) {
		(void)snprintf(setting, sizeof(setting), "\n  %s: ", param_table[i].name);
		if (strstr(text, setting) == NULL)
			fail_msg("%s is not in it", param_table[i].name);
	}
	test_free(text);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_as_shipped),
		TEST(test_documented_defaults),
		TEST(test_every_parameter_is_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
