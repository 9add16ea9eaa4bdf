/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/name_service.h"
#include "facts/build.h"
#include "util/macros.h"
#include <string.h>
#include <unistd.h>

static const struct {
	const char *nsswitch;
	bool beside;
} cases[] = {
	{ "", false },
	{ "passwd: files\ngroup: files\n", false },
	{ "passwd:\tfiles\ngroup:files\n", false },
	{ "# passwd: ldap\npasswd: files # ldap\n", false },
	{ "passwd: files [NOTFOUND=return]\n", false },
	{ "passwd: files [NOTFOUND=return SUCCESS=return] sss\n", true },
	{ "passwd: files systemd\n", true },
	{ "group: files sss\n", true },
	{ "initgroups: sss\n", true },
	{ " group : compat", true },
	{ "hosts: files dns\nshadow: files sss\n", false },
};

static void
test_beside_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("%s\n", cases[i].nsswitch);
		assert_int_equal(name_service_beside_files(cases[i].nsswitch), cases[i].beside);
	}
}

/* Whatever the host's name service is, it knows root. */
static void
test_answer(void **state)
{
	const struct socket_ids ids = { .gids = { 0 }, .n_gids = 1 };
	const char *passwd, *group;
	char answer[4096];
	int ends[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(name_service_answer(ends[1], &ids), 0);
	n = read(ends[0], answer, sizeof(answer));
	assert_true(n > 0);
	assert_true(name_service_split(answer, (size_t)n, &passwd, &group));
	assert_non_null(strstr(passwd, "root:*:0:0::\n"));
	assert_non_null(strstr(group, ":*:0:"));
	(void)close(ends[0]);
}

static void
test_split(void **state)
{
	const char *passwd, *group;

	(void)state;
	assert_true(name_service_split("a\0b", 4, &passwd, &group));
	assert_string_equal(passwd, "a");
	assert_string_equal(group, "b");
	assert_true(name_service_split("\0", 2, &passwd, &group));
	assert_false(name_service_split("", 0, &passwd, &group));
	assert_false(name_service_split("a", 2, &passwd, &group));
	assert_false(name_service_split("a\0b", 3, &passwd, &group));
	assert_false(name_service_split("a\0b\0c", 5, &passwd, &group));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beside_files),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
