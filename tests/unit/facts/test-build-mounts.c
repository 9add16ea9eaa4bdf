/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/build.h"
#include "util/macros.h"
#include <string.h>

#define ROOT "27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"

/* device NULL: unreadable. */
static const struct {
	const char *what, *mountinfo, *data_root;
	bool mounted;
	const char *device;
} cases[] = {
	{ "a directory of the root", ROOT, "/var/lib/docker", false, "8:1" },
	{ "a mount of its own", ROOT "40 27 8:17 / /var/lib/docker rw - ext4 /dev/sdb1 rw\n",
	    "/var/lib/docker", true, "8:17" },
	{ "a slash behind", ROOT "40 27 8:17 / /var/lib/docker rw - ext4 /dev/sdb1 rw\n",
	    "/var/lib/docker/", true, "8:17" },
	{ "a name that only starts like it",
	    ROOT "40 27 8:17 / /var/lib/docker2 rw - ext4 /dev/sdb1 rw\n", "/var/lib/docker", false,
	    "8:1" },
	{ "a mount above alone", ROOT "40 27 8:17 / /var rw - ext4 /dev/sdb1 rw\n",
	    "/var/lib/docker", false, "8:17" },
	{ "a mount below alone", ROOT "40 27 8:17 / /var/lib/docker/x rw - ext4 /dev/sdb1 rw\n",
	    "/var/lib/docker", false, "8:1" },
	{ "a bind mount of the same device",
	    ROOT "40 27 8:1 /srv/docker /var/lib/docker rw - ext4 /dev/sda1 rw\n",
	    "/var/lib/docker", false, "8:1" },
	{ "a bind mount of another device",
	    ROOT "40 27 8:17 / /srv rw - ext4 /dev/sdb1 rw\n"
		 "41 27 8:17 /docker /var/lib/docker rw - ext4 /dev/sdb1 rw\n",
	    "/var/lib/docker", true, "8:17" },
	{ "the same device as the mount above",
	    ROOT "40 27 8:17 / /var rw - ext4 /dev/sdb1 rw\n"
		 "41 40 8:17 /x /var/lib/docker rw - ext4 /dev/sdb1 rw\n",
	    "/var/lib/docker", false, "8:17" },
	{ "the last of two at one place",
	    ROOT "40 27 8:17 / /var/lib/docker rw - ext4 /dev/sdb1 rw\n"
		 "41 40 8:1 /x /var/lib/docker rw - ext4 /dev/sda1 rw\n",
	    "/var/lib/docker", false, "8:1" },
	{ "a mount that a later one above covers",
	    ROOT "40 27 8:17 / /var/lib/docker rw - ext4 /dev/sdb1 rw\n"
		 "41 27 8:33 / /var rw - ext4 /dev/sdc1 rw\n",
	    "/var/lib/docker", false, "8:33" },
	{ "a root that covers another",
	    "1 1 0:2 / / rw - rootfs rootfs rw\n27 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	    "40 27 8:17 / /d rw - ext4 /dev/sdb1 rw\n",
	    "/d", true, "8:17" },
	{ "blanks in the name", ROOT "40 27 8:17 / /srv/my\\040data\\134x rw - ext4 /dev/sdb1 rw\n",
	    "/srv/my data\\x", true, "8:17" },
	{ "remapped: the level above counts",
	    ROOT "40 27 8:17 / /var/lib/docker rw - ext4 /dev/sdb1 rw\n",
	    "/var/lib/docker/165536.165536", true, "8:17" },
	{ "remapped: its own level",
	    ROOT "40 27 8:17 / /var/lib/docker/1.1 rw - ext4 /dev/sdb1 rw\n", "/var/lib/docker/1.1",
	    true, "8:17" },
	{ "a level above that is no remapping",
	    ROOT "40 27 8:17 / /var/lib/docker rw - ext4 /dev/sdb1 rw\n", "/var/lib/docker/1.x",
	    false, "8:17" },
	{ "the root itself", ROOT, "/", false, "8:1" },
	{ "no root", "40 27 8:17 / /var rw - ext4 /dev/sdb1 rw\n", "/srv", false, NULL },
	{ "a broken line", ROOT "40 x 8:17 / /var rw\n", "/var/lib/docker", false, NULL },
	{ "a line cut short", ROOT "40 27 8:17\n", "/var/lib/docker", false, NULL },
	{ "a relative data root", ROOT, "docker", false, NULL },
	{ "nothing at all", "", "/var/lib/docker", false, NULL },
};

static struct snapshot *
build(const char *mountinfo, const char *data_root)
{
	const struct host_mounts_input in = {
		.mountinfo = mountinfo,
		.mountinfo_why = "no mounts",
		.data_root = data_root,
		.data_root_why = "no engine",
	};
	struct snapshot *s = NULL;

	assert_int_equal(build_host_mounts(&s, &in), 0);
	return s;
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s =
		    build(cases[i].mountinfo, cases[i].data_root);
		const struct value *mounted = snapshot_get(s, FACT_HOST_DATA_ROOT_MOUNTED),
				   *device = snapshot_get(s, FACT_HOST_DATA_ROOT_DEVICE);

		print_message("%s\n", cases[i].what);
		if (cases[i].device == NULL) {
			assert_int_equal(mounted->type, VALUE_UNREADABLE);
			assert_int_equal(device->type, VALUE_UNREADABLE);
			continue;
		}
		assert_int_equal(mounted->type, VALUE_BOOL);
		assert_int_equal(mounted->boolean, cases[i].mounted);
		assert_string_equal(device->string, cases[i].device);
	}
}

static void
test_missing_input(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *no_engine = build(ROOT, NULL),
						  *no_mounts = build(NULL, "/var/lib/docker");

	(void)state;
	assert_string_equal(
	    snapshot_get(no_engine, FACT_HOST_DATA_ROOT_MOUNTED)->string, "no engine");
	assert_string_equal(
	    snapshot_get(no_mounts, FACT_HOST_DATA_ROOT_DEVICE)->string, "no mounts");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_missing_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
