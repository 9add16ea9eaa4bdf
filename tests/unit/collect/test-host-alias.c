/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/host.h"
#include "collect/host_alias.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

/* A file system of the test's own, with folders, of which one is bound to another place. */
static int
set_up(void **state)
{
	char from[128], to[128];

	strcpy(dir, "/tmp/plimsoll-alias-XXXXXX");
	assert_non_null(mkdtemp(dir));
	*state = NULL;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("test", dir, "tmpfs", 0, NULL) < 0)
		return 0;
	(void)snprintf(from, sizeof(from), "%s/etc", dir);
	(void)snprintf(to, sizeof(to), "%s/bound here", dir);
	assert_int_equal(mkdir(from, 0755), 0);
	assert_int_equal(mkdir(to, 0755), 0);
	(void)snprintf(from, sizeof(from), "%s/etc/ssl", dir);
	assert_int_equal(mkdir(from, 0755), 0);
	(void)snprintf(from, sizeof(from), "%s/etc", dir);
	assert_int_equal(mount(from, to, NULL, MS_BIND, NULL), 0);
	*state = dir;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)umount2(dir, MNT_DETACH);
	return rmdir(dir);
}

static void
assert_named(struct aliases *a, const char *path, const char *name)
{
	char full[128], expected[128];
	_cleanup_(freep) char *got = NULL;

	(void)snprintf(full, sizeof(full), "%s%s", dir, path);
	assert_int_equal(aliases_find(a, full, &got), 0);
	if (name == NULL) {
		assert_null(got);
		return;
	}
	(void)snprintf(expected, sizeof(expected), "%s%s", dir, name);
	assert_non_null(got);
	assert_string_equal(got, expected);
}

static void
test_what_is_bound(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(aliases_freep) struct aliases *a = NULL;
	char over[128];

	if (*state == NULL)
		skip();
	(void)snprintf(over, sizeof(over), "%s/bound here/ssl", dir);
	assert_int_equal(host_new(&host, "/"), 0);
	assert_int_equal(aliases_new(&a, host), 0);
	assert_named(a, "/bound here", "/etc");
	assert_named(a, "/bound here/ssl", "/etc/ssl");
	assert_named(a, "/bound here/none", NULL);
	assert_named(a, "/bound heretoo", NULL);
	assert_named(a, "/etc", NULL);
	assert_named(a, "", NULL);
	/* What is mounted within is another file, also before the table is read again. */
	assert_int_equal(mount("test", over, "tmpfs", 0, NULL), 0);
	assert_named(a, "/bound here/ssl", NULL);
	assert_int_equal(umount(over), 0);
}

static void
test_below_another_root(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(aliases_freep) struct aliases *a = NULL;
	char *name = NULL;

	if (*state == NULL)
		skip();
	assert_int_equal(host_new(&host, dir), 0);
	assert_int_equal(aliases_new(&a, host), 0);
	assert_int_equal(aliases_find(a, "/bound here", &name), 0);
	assert_null(name);
	assert_null(aliases_free(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_bound),
		cmocka_unit_test(test_below_another_root),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
