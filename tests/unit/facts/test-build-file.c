/* SPDX-License-Identifier: Apache-2.0 */
#include "facts-test.h"

#include <errno.h>
#include <sys/stat.h>

static struct snapshot *
built(const struct file_stat_input *in)
{
	struct snapshot *s = NULL;

	assert_int_equal(build_file_stat(&s, in), 0);
	assert_types_hold(s);
	return s;
}

static void
a_file(void **state)
{
	const struct stat st = { .st_mode = S_IFREG | 04644, .st_uid = 0, .st_gid = 998 };
	const struct file_stat_input in = { .path = "/etc/docker/daemon.json",
		.st = &st,
		.lst = &st,
		.target = "/etc/docker/daemon.json",
		.acl_errno = ENODATA };
	_cleanup_(snapshot_freep) struct snapshot *s = built(&in);

	assert_fact(s, FACT_FILE_PATH, "\"/etc/docker/daemon.json\"");
	assert_fact(s, FACT_FILE_EXISTS, "true");
	assert_fact(s, FACT_FILE_TARGET, "\"/etc/docker/daemon.json\"");
	assert_fact(s, FACT_FILE_TYPE, "\"regular\"");
	assert_int_equal(snapshot_get(s, FACT_FILE_MODE)->integer, 04644);
	assert_fact(s, FACT_FILE_UID, "0");
	assert_fact(s, FACT_FILE_GID, "998");
	assert_fact(s, FACT_FILE_LINK_UID, "0");
	assert_fact(s, FACT_FILE_ACL, "[]");
}

static void
a_link(void **state)
{
	const struct stat st = { .st_mode = S_IFREG | 0644, .st_uid = 0 };
	const struct stat lst = { .st_mode = S_IFLNK | 0777, .st_uid = 1000 };
	const struct file_stat_input in = {
		.path = "/a", .st = &st, .lst = &lst, .target = "/b\xff", .acl_errno = EOPNOTSUPP
	};
	_cleanup_(snapshot_freep) struct snapshot *s = built(&in);

	assert_fact(s, FACT_FILE_UID, "0");
	assert_fact(s, FACT_FILE_LINK_UID, "1000");
	assert_fact(s, FACT_FILE_TYPE, "\"regular\"");
	assert_int_equal(snapshot_get(s, FACT_FILE_MODE)->integer, 0644);
	assert_fact(s, FACT_FILE_TARGET, "\"/b\xef\xbf\xbd\"");
}

static void
types_of_files(void **state)
{
	static const struct {
		mode_t mode;
		const char *name;
	} types[] = {
		{ S_IFREG, "\"regular\"" },
		{ S_IFDIR, "\"directory\"" },
		{ S_IFSOCK, "\"socket\"" },
		{ S_IFCHR, "\"device\"" },
		{ S_IFBLK, "\"device\"" },
		{ S_IFIFO, "\"fifo\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		const struct stat st = { .st_mode = types[i].mode | 0600 };
		const struct file_stat_input in = { .path = "/a", .st = &st };
		_cleanup_(snapshot_freep) struct snapshot *s = built(&in);

		assert_fact(s, FACT_FILE_TYPE, types[i].name);
		assert_unreadable(s, FACT_FILE_TARGET, "not known");
	}
}

static void
no_file(void **state)
{
	static const int errors[] = { ENOENT, ENOTDIR };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		const struct file_stat_input in = { .path = "/a", .error = errors[i] };
		_cleanup_(snapshot_freep) struct snapshot *s = built(&in);

		assert_fact(s, FACT_FILE_PATH, "\"/a\"");
		assert_fact(s, FACT_FILE_EXISTS, "false");
		for (enum fact_id f = FACT_FILE_TARGET; f <= FACT_FILE_ACL; f++)
			assert_fact(s, f, "absent");
	}
}

static void
a_file_that_cannot_be_looked_at(void **state)
{
	static const struct {
		int error;
		const char *why;
	} errors[] = {
		{ EACCES, "Permission denied" },
		{ ELOOP, "Too many levels of symbolic links" },
		{ EIO, "Input/output error" },
		{ 0, "nobody looked" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		const struct file_stat_input in = { .path = "/a", .error = errors[i].error };
		_cleanup_(snapshot_freep) struct snapshot *s = built(&in);

		assert_fact(s, FACT_FILE_PATH, "\"/a\"");
		for (enum fact_id f = FACT_FILE_EXISTS; f <= FACT_FILE_ACL; f++)
			assert_unreadable(s, f, errors[i].why);
	}
}

/* Lists as the kernel gave them for files made with setfacl. */
#define HEAD "\x02\0\0\0"
#define USER_OBJ "\x01\0\x06\0\xff\xff\xff\xff"
#define USER_1000(perm) "\x02\0" perm "\0\xe8\x03\0\0"
#define GROUP_OBJ "\x04\0\x04\0\xff\xff\xff\xff"
#define GROUP_10(perm) "\x08\0" perm "\0\x0a\0\0\0"
#define MASK(perm) "\x10\0" perm "\0\xff\xff\xff\xff"
#define OTHER "\x20\0\x04\0\xff\xff\xff\xff"
#define ACL(text) text, sizeof(text) - 1

static const struct {
	const char *acl;
	size_t len;
	const char *value; /* NULL: malformed */
} lists[] = {
	{ ACL(HEAD USER_OBJ GROUP_OBJ OTHER), "[]" },
	{ ACL(HEAD USER_OBJ USER_1000("\x06") GROUP_OBJ MASK("\x07") OTHER),
	    "[\"user:1000:rw-\"]" },
	{ ACL(HEAD USER_OBJ USER_1000("\x07") GROUP_OBJ GROUP_10("\x05") MASK("\x04") OTHER),
	    "[\"user:1000:r--\",\"group:10:r--\"]" },
	{ ACL(HEAD USER_OBJ USER_1000("\x07") GROUP_OBJ MASK("\0") OTHER), "[\"user:1000:---\"]" },
	{ ACL(HEAD USER_OBJ USER_1000("\x01") GROUP_OBJ MASK("\x07") OTHER),
	    "[\"user:1000:--x\"]" },
	{ ACL(HEAD), "[]" },
	{ "", 0, "[]" },
	{ ACL("\x02\0\0"), NULL },
	{ ACL("\x01\0\0\0" USER_OBJ), NULL },
	{ ACL(HEAD USER_OBJ "\x04"), NULL },
	{ ACL(HEAD "\x40\0\x04\0\xff\xff\xff\xff"), NULL },
	{ ACL(HEAD USER_1000("\x08")), NULL },
};

static void
access_lists(void **state)
{
	const struct stat st = { .st_mode = S_IFREG | 0644 };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct file_stat_input in = {
			.path = "/a", .st = &st, .acl = lists[i].acl, .acl_len = lists[i].len
		};
		_cleanup_(snapshot_freep) struct snapshot *s = built(&in);

		if (lists[i].value == NULL)
			assert_unreadable(s, FACT_FILE_ACL, "malformed");
		else
			assert_fact(s, FACT_FILE_ACL, lists[i].value);
	}
}

static void
an_access_list_that_cannot_be_read(void **state)
{
	const struct stat st = { .st_mode = S_IFREG | 0644 };
	const struct file_stat_input in = { .path = "/a", .st = &st, .acl_errno = EACCES };
	_cleanup_(snapshot_freep) struct snapshot *s = built(&in);

	assert_unreadable(s, FACT_FILE_ACL, "Permission denied");
	assert_fact(s, FACT_FILE_UID, "0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file),
		cmocka_unit_test(a_link),
		cmocka_unit_test(types_of_files),
		cmocka_unit_test(no_file),
		cmocka_unit_test(a_file_that_cannot_be_looked_at),
		cmocka_unit_test(access_lists),
		cmocka_unit_test(an_access_list_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
