/* SPDX-License-Identifier: Apache-2.0
 *
 * conf/exceptions.d/example.yaml: an entry's lines stand after "#", words for people after "# ". */
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
	return 0;
}

static int
tear_down(void **state)
{
	fixture_deinit(&fixture);
	return 0;
}

/* Copies the file; without the sign of a comment before entries if `uncommented`. */
static void
put_example(bool uncommented)
{
	char path[PATH_MAX], line[256], text[8192];
	size_t len = 0;
	FILE *file;

	(void)snprintf(
	    path, sizeof(path), "%s/conf/exceptions.d/example.yaml", getenv("PLIMSOLL_SOURCE"));
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		bool entry = strncmp(line, "#- ", 3) == 0 ||
			     (strncmp(line, "#  ", 3) == 0 && line[3] != ' ');

		assert_true(len + strlen(line) < sizeof(text));
		(void)strcpy(text + len, line + (uncommented && entry));
		len += strlen(text + len);
	}
	(void)fclose(file);
	fixture_put(&fixture, "exceptions.d/example.yaml", text);
}

/* With our rules. */
static void
load(void)
{
	char rules[PATH_MAX], exceptions[PATH_MAX];
	const struct rulebook_paths paths = { .rules_dir = rules, .exceptions_dir = exceptions };
	char *errors = NULL;
	int r;

	(void)snprintf(rules, sizeof(rules), "%s/rules", getenv("PLIMSOLL_SOURCE"));
	(void)snprintf(exceptions, sizeof(exceptions), "%s/exceptions.d", fixture.dir);
	fixture.rb = rulebook_free(fixture.rb);
	r = rulebook_load(&fixture.rb, &paths, &errors);
	if (r != 0)
		fail_msg("%d: %s", r, errors);
}

static void
test_as_shipped(void **state)
{
	put_example(false);
	load();
	assert_int_equal(fixture.rb->n_exceptions, 0);
}

static void
test_as_meant(void **state)
{
	const struct exception *e;
	unsigned n;

	put_example(true);
	load();
	assert_int_equal(fixture.rb->n_exceptions, 3);
	e = rulebook_exceptions(fixture.rb, rulebook_find(fixture.rb, "5.13", NULL), &n);
	assert_int_equal(n, 1);
	assert_int_equal(e->match, EXCEPTION_LABEL);
	assert_string_equal(e->pattern, "tier=edge");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_as_shipped),
		TEST(test_as_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
