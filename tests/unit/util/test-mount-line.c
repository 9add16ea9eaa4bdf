/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/mount_line.h"

static bool
look(const char *line, struct mount_line *ret)
{
	return mount_line_read((struct span){ line, strlen(line) }, ret);
}

static void
test_whole_line(void **state)
{
	struct mount_line m;

	assert_true(look("36 35 98:0 /a\\040b /mnt rw,noatime master:1 - ext3 /dev/root rw", &m));
	assert_true(span_is(m.id, "36") && span_is(m.parent, "35"));
	assert_true(span_is(m.device, "98:0"));
	assert_true(span_is(m.root, "/a\\040b") && span_is(m.point, "/mnt"));
	assert_true(span_is(m.type, "ext3"));
	/* Without optional fields. */
	assert_true(look("1 0 0:2 / / rw - tmpfs none rw", &m));
	assert_true(span_is(m.type, "tmpfs"));
}

static void
test_short_lines(void **state)
{
	static const char *const typeless[] = { "1 0 0:2 / /", "1 0 0:2 / / rw shared:1",
		"1 0 0:2 / / rw -" };
	struct mount_line m;

	for (size_t i = 0; i < sizeof(typeless) / sizeof(*typeless); i++) {
		assert_true(look(typeless[i], &m));
		assert_true(span_is(m.point, "/"));
		assert_int_equal(m.type.len, 0);
	}
	assert_false(look("1 0 0:2 /", &m));
	assert_false(look("", &m));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_line),
		cmocka_unit_test(test_short_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
