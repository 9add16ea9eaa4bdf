/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files go into a rulebook, which are refused for what they are, and the digest. */
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
	return 0;
}

static int
tear_down(void **state)
{
	fixture_deinit(&fixture);
	return 0;
}

static const char *
path_of(const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", fixture.dir, name);
	return path;
}

/* What others may write is refused, but for the folder that whoever started us named. */
static const struct {
	const char *name;
	mode_t mode;
	const char *errors; /* NULL: taken */
} modes[] = {
	{ "plimsoll.yaml", 0664,
	    "plimsoll.yaml: refused: others than its owner may write it (mode 0664)" },
	{ "plimsoll.yaml", 0646,
	    "plimsoll.yaml: refused: others than its owner may write it (mode 0646)" },
	{ "plimsoll.yaml", 0600, NULL },
	{ "plimsoll.d", 0775,
	    "plimsoll.d: refused: others than its owner may write it (mode 0775)" },
	{ "plimsoll.d/a.yaml", 0666,
	    "plimsoll.d/a.yaml: refused: others than its owner may write it (mode 0666)" },
	{ "rules.d", 01777, "rules.d: refused: others than its owner may write it (mode 1777)" },
	{ "rules.d/a.yaml", 0620,
	    "rules.d/a.yaml: refused: others than its owner may write it (mode 0620)" },
	{ "rules", 0777, NULL },
	{ "rules/a.yaml", 0666, NULL },
	{ "rules/benchmarks", 0777, NULL },
};

static void
test_writable_by_others(void **state)
{
	struct stat st;

	fixture_put(&fixture, "plimsoll.d/a.yaml", "");
	fixture_put(&fixture, "rules.d/a.yaml", "");
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const char *path = path_of(modes[i].name);

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(chmod(path, modes[i].mode), 0);
		if (modes[i].errors != NULL)
			fixture_load_bad(&fixture, modes[i].errors);
		else
			fixture_load_good(&fixture);
		assert_int_equal(chmod(path_of(modes[i].name), st.st_mode & 07777), 0);
	}
	fixture_load_good(&fixture);
}

static void
test_owned_by_another(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(path_of("plimsoll.yaml"), 4711, 0), 0);
	fixture_load_bad(&fixture, "plimsoll.yaml: refused: owned by uid 4711, and not by root");
	assert_int_equal(chown(path_of("plimsoll.yaml"), 0, 0), 0);
	assert_int_equal(chown(path_of("rules.d"), 4711, 0), 0);
	fixture_load_bad(&fixture, "rules.d: refused: owned by uid 4711, and not by root");
	assert_int_equal(chown(path_of("rules.d"), 0, 0), 0);
	assert_int_equal(chown(path_of("rules/a.yaml"), 4711, 0), 0);
	fixture_load_good(&fixture);
}

/* By the open file, so a link is as good as what it leads to. */
static void
test_link(void **state)
{
	fixture_put(&fixture, "elsewhere", "report: {journal: off}\n");
	assert_int_equal(unlink(path_of("plimsoll.yaml")), 0);
	assert_int_equal(symlink("elsewhere", path_of("plimsoll.yaml")), 0);
	fixture_load_good(&fixture);
	assert_int_equal(fixture.rb->settings.report_journal, 0);
	assert_int_equal(chmod(path_of("elsewhere"), 0666), 0);
	fixture_load_bad(
	    &fixture, "plimsoll.yaml: refused: others than its owner may write it (mode 0666)");
}

static void
test_no_regular_file(void **state)
{
	assert_int_equal(mkfifo(path_of("plimsoll.d/a.yaml"), 0600), 0);
	fixture_folder(&fixture, "plimsoll.d/b.yaml");
	fixture_load_bad(&fixture, "plimsoll.d/a.yaml: not a regular file\n"
				   "plimsoll.d/b.yaml: not a regular file");
}

static void
test_too_big(void **state)
{
	assert_int_equal(truncate(path_of("plimsoll.yaml"), 1024 * 1024 + 1), 0);
	fixture_load_bad(&fixture, "plimsoll.yaml: over 1 MiB");
}

static void
test_what_may_be_absent(void **state)
{
	assert_int_equal(rmdir(path_of("plimsoll.d")), 0);
	assert_int_equal(rmdir(path_of("rules.d")), 0);
	assert_int_equal(rmdir(path_of("rules/benchmarks")), 0);
	fixture_load_good(&fixture);
	assert_int_equal(unlink(path_of("plimsoll.yaml")), 0);
	fixture_load_bad(&fixture, "plimsoll.yaml: No such file or directory");
}

static void
test_no_rules(void **state)
{
	assert_int_equal(unlink(path_of("rules/a.yaml")), 0);
	fixture_load_bad(&fixture, "rules: no rules are here");
	assert_int_equal(rmdir(path_of("rules/benchmarks")), 0);
	assert_int_equal(rmdir(path_of("rules")), 0);
	fixture_load_bad(&fixture, "rules: No such file or directory");
}

static void
test_other_ending(void **state)
{
	fixture_put(&fixture, "rules.d/mine.yml", "");
	fixture_put(&fixture, "rules.d/README", "");
	fixture_put(&fixture, "rules.d/mine.yaml~", "");
	fixture_load_bad(&fixture, "rules.d: `mine.yml` would be left out: the ending is .yaml");
}

static void
test_only_rules(void **state)
{
	const struct rulebook_paths paths = { .rules_dir = path_of("rules") };
	char *errors = NULL;

	assert_int_equal(rulebook_load(&fixture.rb, &paths, &errors), 0);
	assert_null(errors);
	assert_int_equal(fixture.rb->n_rules, 1);
	assert_string_equal(fixture.rb->settings.engine_socket, "/run/docker.sock");
}

/* The same for the same files wherever they are; another one for any other content or name. */
static void
test_digest(void **state)
{
	char digest[65];

	fixture_load_good(&fixture);
	assert_int_equal(strlen(fixture.rb->sha256), 64);
	(void)strcpy(digest, fixture.rb->sha256);
	fixture_load_good(&fixture);
	assert_string_equal(fixture.rb->sha256, digest);
	fixture_deinit(&fixture);
	assert_int_equal(set_up(NULL), 0);
	fixture_load_good(&fixture);
	assert_string_equal(fixture.rb->sha256, digest);
	fixture_put(&fixture, "plimsoll.yaml", "# nothing\n");
	fixture_load_good(&fixture);
	assert_string_not_equal(fixture.rb->sha256, digest);
	fixture_put(&fixture, "plimsoll.yaml", "");
	fixture_put(&fixture, "plimsoll.d/a.yaml", "");
	fixture_load_good(&fixture);
	assert_string_not_equal(fixture.rb->sha256, digest);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_writable_by_others),
		TEST(test_owned_by_another),
		TEST(test_link),
		TEST(test_no_regular_file),
		TEST(test_too_big),
		TEST(test_what_may_be_absent),
		TEST(test_no_rules),
		TEST(test_other_ending),
		TEST(test_only_rules),
		TEST(test_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
