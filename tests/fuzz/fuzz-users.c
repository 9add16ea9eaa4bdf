/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may use the engine's socket. Parts: access list of the socket, /etc/passwd, /etc/group,
 * /etc/nsswitch.conf, the name service's answer. */
#include "fuzz.h"

#include "collect/name_service.h"
#include "facts/build.h"
#include <sys/stat.h>

static struct snapshot *
socket_of(const char *acl, size_t len, unsigned mode)
{
	const struct stat st = { .st_mode = S_IFSOCK | (mode & 07777), .st_uid = 7, .st_gid = 999 };
	const struct file_stat_input in = {
		.path = "/run/docker.sock",
		.st = &st,
		.lst = &st,
		.acl = acl,
		.acl_len = len,
	};
	struct snapshot *s = NULL;

	must(build_file_stat(&s, &in) == 0);
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = { .at = (const char *)data, .left = size };
	size_t acl_len = 0, answer_len = 0;
	_cleanup_(freep) char *acl = part_next(&parts, &acl_len);
	_cleanup_(freep) char *passwd = part_next(&parts, NULL);
	_cleanup_(freep) char *group = part_next(&parts, NULL);
	_cleanup_(freep) char *nsswitch = part_next(&parts, NULL);
	_cleanup_(freep) char *answer = part_next(&parts, &answer_len);
	_cleanup_(snapshot_freep) struct snapshot *socket =
	    socket_of(acl, acl_len, size % 2 == 0 ? 0660 : 0666);
	struct host_users_input in = {
		.socket = socket,
		.passwd = passwd,
		.group = group,
		.passwd_why = "there is no passwd",
		.group_why = "there is no group",
	};
	struct snapshot *s = NULL;
	int r;

	if (nsswitch != NULL && name_service_beside_files(nsswitch) && answer != NULL &&
	    !name_service_split(answer, answer_len, &in.service_passwd, &in.service_group))
		in.service_why = "its answer makes no sense";
	r = build_host_users(&s, &in);
	snapshot_must_hold(r, s);
	return 0;
}
