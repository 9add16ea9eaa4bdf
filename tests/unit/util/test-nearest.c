/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/macros.h"
#include "util/nearest.h"

static const char *const names[] = { "title", "severity", "scope", "when", "why", "fix", "files",
	"file.mode", "container.privileged" };

static const struct {
	const char *text, *nearest;
} cases[] = {
	{ "title", "title" },
	{ "tilte", "title" },
	{ "severty", "severity" },
	{ "severities", "severity" },
	{ "file", "files" },
	{ "file.moed", "file.mode" },
	{ "container.priviledged", "container.privileged" },
	{ "container.prvlgd", NULL }, /* four letters away */
	{ "xyz", NULL },
	{ "f", NULL },
	{ "", NULL },
};

static void
test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nearest n = nearest_to(cases[i].text, strlen(cases[i].text));

		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			nearest_offer(&n, names[j]);
		if (cases[i].nearest == NULL)
			assert_null(n.name);
		else
			assert_string_equal(n.name, cases[i].nearest);
	}
}

static void
test_long_names_are_near_to_nothing(void **state)
{
	char text[NEAREST_NAME_MAX + 2];
	struct nearest n;

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	n = nearest_to(text, sizeof(text) - 1);
	nearest_offer(&n, text + 1);
	assert_null(n.name);
	n = nearest_to(text + 1, sizeof(text) - 2);
	nearest_offer(&n, text);
	assert_null(n.name);
	nearest_offer(&n, text + 2);
	assert_ptr_equal(n.name, text + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_long_names_are_near_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
