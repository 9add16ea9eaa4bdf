/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/macros.h"
#include "util/path.h"

static void
test_behind(void **state)
{
	static const struct {
		const char *path, *folder, *behind;
	} cases[] = {
		{ "/etc/docker", "/etc/docker", "" },
		{ "/etc/docker/daemon.json", "/etc/docker", "/daemon.json" },
		{ "/etc/docker/daemon.json", "/etc/docker/", "/daemon.json" },
		{ "/etc/docker", "/etc/docker//", "" },
		{ "/etc/docker", "/", "/etc/docker" },
		{ "/", "/", "/" },
		{ "/etc/docker", "", "/etc/docker" },
		{ "/etc/docker.d", "/etc/docker", NULL },
		{ "/etc", "/etc/docker", NULL },
		{ "/srv/etc/docker", "/etc", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *behind = path_behind(cases[i].path, cases[i].folder);

		if (cases[i].behind == NULL)
			assert_null(behind);
		else
			assert_string_equal(behind, cases[i].behind);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
