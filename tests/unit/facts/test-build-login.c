/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/build.h"
#include "util/macros.h"
#include <stdio.h>
#include <string.h>

/* The list as its elements, each followed by a space. */
static const char *
listed(const struct snapshot *s, char *text, size_t size)
{
	const struct value *v = snapshot_get(s, FACT_HOST_CONTENT_TRUST);
	size_t n = 0;

	assert_int_equal(v->type, VALUE_LIST);
	text[0] = '\0';
	for (uint32_t i = 0; i < v->len; i++)
		n += (size_t)snprintf(text + n, size - n, "%s ", v->items[i].string);
	return text;
}

/* environment is no script; profile and late are, and are read after it in this order. */
static const struct {
	const char *environment, *profile, *late, *places;
} trust[] = {
	{ "", "", "", "" },
	{ "DOCKER_CONTENT_TRUST=1\n", "", "", "/etc/environment " },
	{ "PATH=/bin\nDOCKER_CONTENT_TRUST=\"1\"\n", "", "", "/etc/environment " },
	{ "#DOCKER_CONTENT_TRUST=1\n", "", "", "" },
	{ "DOCKER_CONTENT_TRUST=0\n", "", "", "" },
	{ "DOCKER_CONTENT_TRUST=\n", "", "", "" },
	{ "DOCKER_CONTENT_TRUST_SERVER=1\n", "", "", "" },
	{ "XDOCKER_CONTENT_TRUST=1\n", "", "", "" },
	{ "DOCKER_CONTENT_TRUST=yes\n", "", "", "/etc/environment " },
	{ "", "export DOCKER_CONTENT_TRUST=1", "", "profile " },
	{ "", "DOCKER_CONTENT_TRUST=1\n", "", "" },
	{ "", "DOCKER_CONTENT_TRUST=1\nexport DOCKER_CONTENT_TRUST\n", "", "profile " },
	{ "", "DOCKER_CONTENT_TRUST=1; export DOCKER_CONTENT_TRUST # for all\n", "", "profile " },
	{ "", "export DOCKER_CONTENT_TRUST\nDOCKER_CONTENT_TRUST=1\n", "", "profile " },
	{ "", "export A=b DOCKER_CONTENT_TRUST='1'\n", "", "profile " },
	{ "", "export A=b # DOCKER_CONTENT_TRUST=1\n", "", "" },
	{ "", "export DOCKER_CONTENT_TRUST=$TRUST\n", "", "" },
	{ "", "  export DOCKER_CONTENT_TRUST=1\n", "", "" },
	{ "", "echo DOCKER_CONTENT_TRUST=1\n", "", "" },
	{ "", "unset DOCKER_CONTENT_TRUST\n", "export DOCKER_CONTENT_TRUST=1\n", "late " },
	{ "DOCKER_CONTENT_TRUST=1\n", "export DOCKER_CONTENT_TRUST=1\n", "",
	    "/etc/environment profile " },
	{ "DOCKER_CONTENT_TRUST=1\n", "", "unset DOCKER_CONTENT_TRUST\n", "" },
	{ "DOCKER_CONTENT_TRUST=1\n", "\tunset DOCKER_CONTENT_TRUST\n", "", "" },
	{ "DOCKER_CONTENT_TRUST=1\n", "export DOCKER_CONTENT_TRUST=1\n", "DOCKER_CONTENT_TRUST=0\n",
	    "" },
	{ "", "export DOCKER_CONTENT_TRUST=0\nexport DOCKER_CONTENT_TRUST=1\n", "", "profile " },
};

static void
test_content_trust(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(trust); i++) {
		const struct environment_file files[] = {
			{ "/etc/environment", trust[i].environment, true },
			{ "profile", trust[i].profile, false },
			{ "late", trust[i].late, false },
		};
		const struct host_login_input in = { .files = files, .n_files = 3 };
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;
		char text[256];

		print_message("%zu\n", i);
		assert_int_equal(build_host_login(&s, &in), 0);
		assert_string_equal(listed(s, text, sizeof(text)), trust[i].places);
	}
}

static void
test_content_trust_unreadable(void **state)
{
	const struct host_login_input in = { .files_why = "Permission denied" };
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;

	(void)state;
	assert_int_equal(build_host_login(&s, &in), 0);
	assert_int_equal(snapshot_get(s, FACT_HOST_CONTENT_TRUST)->type, VALUE_UNREADABLE);
	assert_string_equal(snapshot_get(s, FACT_HOST_CONTENT_TRUST)->string, "Permission denied");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_trust),
		cmocka_unit_test(test_content_trust_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
