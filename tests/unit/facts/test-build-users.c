/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/build.h"
#include "util/macros.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PASSWD                                                       \
	"root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n" \
	"# a comment\n+nis:x:77:999::/:/bin/sh\nbroken\n"            \
	"bob:x:1000:1000::/home/bob:/bin/sh\nann:x:1001:999::/home/ann:/bin/sh\n"
#define GROUP "root:x:0:\ndocker:x:999:bob,eve,root,toor\nstaff:x:50:joe,bob\nempty:x:60:\n"

/* An access list as the kernel gives it, little-endian. */
#define ACL_HEAD 2, 0, 0, 0
#define ACL(tag, perm, low, high) tag, 0, perm, 0, low, high, 0, 0
#define ACL_NONE 0xff, 0xff, 0xff, 0xff
static const unsigned char acl_user_1000_group_50[] = { ACL_HEAD, 1, 0, 6, 0, ACL_NONE,
	ACL(2, 6, 0xe8, 3), 4, 0, 6, 0, ACL_NONE, ACL(8, 6, 50, 0), 0x10, 0, 6, 0, ACL_NONE, 0x20,
	0, 0, 0, ACL_NONE };
static const unsigned char acl_user_1000_reads[] = { ACL_HEAD, 1, 0, 6, 0, ACL_NONE,
	ACL(2, 4, 0xe8, 3), 4, 0, 0, 0, ACL_NONE, 0x10, 0, 4, 0, ACL_NONE, 0x20, 0, 0, 0,
	ACL_NONE };

/* users NULL: unreadable. */
static const struct {
	const char *what;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	const unsigned char *acl;
	size_t acl_len;
	const char *passwd, *group, *service_passwd, *service_group, *service_why;
	const char *users; /* each followed by a space */
} cases[] = {
	{ "group and primary group", 0660, 0, 999, NULL, 0, PASSWD, GROUP, NULL, NULL, NULL,
	    "ann bob eve " },
	{ "an empty group", 0660, 0, 60, NULL, 0, PASSWD, GROUP, NULL, NULL, NULL, "" },
	{ "a group without a name", 0660, 0, 4711, NULL, 0, PASSWD, GROUP, NULL, NULL, NULL, "" },
	{ "the group may only read", 0640, 0, 999, NULL, 0, PASSWD, GROUP, NULL, NULL, NULL, "" },
	{ "root alone", 0600, 0, 0, NULL, 0, PASSWD, GROUP, NULL, NULL, NULL, "" },
	{ "root alone, nothing to read", 0600, 0, 999, NULL, 0, NULL, NULL, NULL, NULL, "late",
	    "" },
	{ "root's group", 0660, 0, 0, NULL, 0, PASSWD "op:x:7:0::/:/bin/sh\n", GROUP, NULL, NULL,
	    NULL, "op " },
	{ "everyone", 0666, 0, 0, NULL, 0, PASSWD, GROUP, NULL, NULL, NULL, "* " },
	{ "an owner who isn't root", 0600, 1000, 999, NULL, 0, PASSWD, GROUP, NULL, NULL, NULL,
	    "bob " },
	{ "an owner without a name", 0600, 4711, 999, NULL, 0, PASSWD, GROUP, NULL, NULL, NULL,
	    "4711 " },
	{ "two names of one group", 0660, 0, 999, NULL, 0, PASSWD, GROUP "dock2:x:999:zoe\n", NULL,
	    NULL, NULL, "ann bob eve zoe " },
	{ "members whose names begin alike", 0660, 0, 999, NULL, 0, PASSWD, "d:x:999:bobby,bob\n",
	    NULL, NULL, NULL, "ann bobby bob " },
	{ "an access list", 0660, 0, 0, acl_user_1000_group_50, sizeof(acl_user_1000_group_50),
	    PASSWD, GROUP, NULL, NULL, NULL, "bob joe " },
	{ "an access list that lets read", 0640, 0, 0, acl_user_1000_reads,
	    sizeof(acl_user_1000_reads), PASSWD, GROUP, NULL, NULL, NULL, "" },
	{ "a broken access list", 0660, 0, 999, acl_user_1000_reads, 7, PASSWD, GROUP, NULL, NULL,
	    NULL, NULL },
	{ "the name service", 0660, 0, 999, NULL, 0, PASSWD, GROUP, "max:x:5000:999::/:\n",
	    "docker:*:999:mia,bob\n", NULL, "ann max bob eve mia " },
	{ "a name service that is late", 0660, 0, 999, NULL, 0, PASSWD, GROUP, NULL, NULL, "late",
	    NULL },
	{ "no passwd", 0660, 0, 999, NULL, 0, NULL, GROUP, NULL, NULL, NULL, NULL },
	{ "no group", 0660, 0, 999, NULL, 0, PASSWD, NULL, NULL, NULL, NULL, NULL },
};

static struct snapshot *
socket_of(const struct stat *st, const unsigned char *acl, size_t acl_len, int error)
{
	const struct file_stat_input in = {
		.path = "/run/docker.sock",
		.error = error,
		.st = st,
		.lst = st,
		.target = "/run/docker.sock",
		.acl = acl,
		.acl_len = acl_len,
		.acl_errno = acl == NULL ? ENODATA : 0,
	};
	struct snapshot *s = NULL;

	assert_int_equal(build_file_stat(&s, &in), 0);
	return s;
}

static void
names_of(const struct value *list, char *ret, size_t size)
{
	ret[0] = '\0';
	assert_int_equal(list->type, VALUE_LIST);
	for (uint32_t i = 0; i < list->len; i++) {
		size_t n = strlen(ret);

		(void)snprintf(ret + n, size - n, "%s ", list->items[i].string);
	}
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct stat st = { .st_mode = S_IFSOCK | cases[i].mode,
			.st_uid = cases[i].uid,
			.st_gid = cases[i].gid };
		_cleanup_(snapshot_freep) struct snapshot *socket = socket_of(&st, cases[i].acl,
							      cases[i].acl_len, 0),
							  *s = NULL;
		const struct host_users_input in = {
			.socket = socket,
			.passwd = cases[i].passwd,
			.group = cases[i].group,
			.passwd_why = "no passwd",
			.group_why = "no group",
			.service_passwd = cases[i].service_passwd,
			.service_group = cases[i].service_group,
			.service_why = cases[i].service_why,
		};
		char names[256];

		print_message("%s\n", cases[i].what);
		assert_int_equal(build_host_users(&s, &in), 0);
		if (cases[i].users == NULL) {
			assert_int_equal(
			    snapshot_get(s, FACT_HOST_ENGINE_USERS)->type, VALUE_UNREADABLE);
			continue;
		}
		names_of(snapshot_get(s, FACT_HOST_ENGINE_USERS), names, sizeof(names));
		assert_string_equal(names, cases[i].users);
	}
}

static void
test_no_socket(void **state)
{
	const struct stat file = { .st_mode = S_IFREG | 0600 };
	_cleanup_(snapshot_freep) struct snapshot *gone = socket_of(NULL, NULL, 0, ENOENT),
						  *hidden = socket_of(NULL, NULL, 0, EACCES),
						  *regular = socket_of(&file, NULL, 0, 0);
	const struct snapshot *sockets[] = { gone, hidden, regular };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;
		const struct host_users_input in = {
			.socket = sockets[i], .passwd = PASSWD, .group = GROUP
		};

		assert_int_equal(build_host_users(&s, &in), 0);
		assert_int_equal(snapshot_get(s, FACT_HOST_ENGINE_USERS)->type, VALUE_UNREADABLE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_no_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
