/* SPDX-License-Identifier: Apache-2.0
 *
 * What rules of each scope may read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rulebook/rulebook.h"

static const struct {
	enum subject_kind scope;
	const char *path;
	bool known;
	const char *nearest, *elsewhere;
} cases[] = {
	{ SUBJECT_HOST, "host.kernel", true },
	{ SUBJECT_HOST, "engine.kind", true },
	{ SUBJECT_HOST, "params.trusted_users", true },
	{ SUBJECT_HOST, "container.privileged", false, NULL, "is a fact of containers" },
	{ SUBJECT_ENGINE, "host.kernel", true },
	{ SUBJECT_ENGINE, "file.mode", false, NULL, "is a fact of files" },
	{ SUBJECT_FILE, "file.mode", true },
	{ SUBJECT_FILE, "image.user", false, NULL, "is a fact of images" },
	{ SUBJECT_IMAGE, "image.user", true },
	{ SUBJECT_CONTAINER, "container.process.uid", true },
	{ SUBJECT_CONTAINER, "engine.userns", true },
	{ SUBJECT_CONTAINER, "container.process", false, NULL, NULL },
	{ SUBJECT_CONTAINER, "container.priviledged", false, "container.privileged", NULL },
	{ SUBJECT_CONTAINER, "container.proces.uid", false, "container.process.uid", NULL },
	{ SUBJECT_CONTAINER, "container.something.quite.else", false, NULL, NULL },
	{ SUBJECT_FILE, "file.mod", false, "file.mode", NULL },
	{ SUBJECT_FILE, "File.Mode", false, "file.mode", NULL },
	{ SUBJECT_FILE, "mode", false, NULL, NULL },
	{ SUBJECT_FILE, "", false, NULL, NULL },
	{ SUBJECT_HOST,
	    "a.path.that.is.far.longer.than.any.path.of.any.fact.could.ever.be.in.this.table",
	    false, NULL, NULL },
	{ SUBJECT_CONTAINER, "params.trusted_user", false, "params.trusted_users", NULL },
	{ SUBJECT_CONTAINER, "params.", false, NULL, NULL },
	{ SUBJECT_CONTAINER, "params", false, NULL, NULL },
	{ SUBJECT_CONTAINER, "trusted_users", false, NULL, NULL },
	{ SUBJECT_SWARM, "engine.swarm", true },
	{ SUBJECT_SWARM, "container.service", false, NULL, "is a fact of containers" },
	/* Not what it could not read anyway. */
	{ SUBJECT_HOST, "container.priviledged", false, NULL, NULL },
};

static void
assert_text(const char *got, const char *want)
{
	if (want == NULL)
		assert_null(got);
	else
		assert_string_equal(got, want);
}

static void
test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct expr_names *names = rulebook_names(cases[i].scope);
		const char *path = cases[i].path;
		const struct type *type = NULL;
		unsigned id;

		assert_int_equal(
		    names->resolve(names, path, strlen(path), &id, &type), cases[i].known);
		if (cases[i].known) {
			assert_non_null(type);
			assert_string_equal(rulebook_name_of(id), path);
			continue;
		}
		assert_text(names->nearest(names, path, strlen(path)), cases[i].nearest);
		assert_text(names->elsewhere(names, path, strlen(path)), cases[i].elsewhere);
	}
}

static void
test_words(void **state)
{
	for (int i = 0; i < _VERDICTS; i++)
		assert_int_equal(verdict_from_name(verdict_name((enum verdict)i)), i);
	for (int i = 0; i < _SEVERITIES; i++)
		assert_int_equal(severity_from_name(severity_name((enum severity)i)), i);
	assert_string_equal(verdict_name(VERDICT_NOT_APPLICABLE), "not-applicable");
	assert_string_equal(severity_name(SEVERITY_CRITICAL), "critical");
	assert_int_equal(verdict_from_name("passed"), -1);
	assert_int_equal(severity_from_name(""), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
