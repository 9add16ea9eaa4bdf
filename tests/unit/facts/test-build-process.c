/* SPDX-License-Identifier: Apache-2.0 */
#include "facts-test.h"

#include <errno.h>

static char *
recorded_text(const char *name)
{
	char path[4096], *text = calloc(1, 8192);
	FILE *file;

	recorded_path(engines[0], name, path, sizeof(path));
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 8191, file) > 100);
	(void)fclose(file);
	return text;
}

static const char *const programs[] = { "sh\n", "sshd", "\xff\n" };

/* A process that could be looked at in every way. */
static const struct container_process_input whole = {
	.status = "Name:\tsh\nUid:\t1000\t0\t0\t0\nCapEff:\t0000000000000001\n"
		  "CapBnd:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n",
	.ns = { 1, 2, 3, 4, 5 },
	.host_ns = { 1, 9, 3, 9, 5 },
	.memory_max = "67108864\n",
	.pids_max = "max\n",
	.label = "docker-default (enforce)\n",
	.programs = programs,
	.n_programs = ARRAY_SIZE(programs),
};

static struct snapshot *
built(const struct container_process_input *in)
{
	struct snapshot *s = NULL;

	assert_int_equal(build_container_process(&s, in), 0);
	assert_types_hold(s);
	return s;
}

#define DOCKER_CAPS                                                                         \
	"[\"CHOWN\",\"DAC_OVERRIDE\",\"FOWNER\",\"FSETID\",\"KILL\",\"SETGID\",\"SETUID\"," \
	"\"SETPCAP\",\"NET_BIND_SERVICE\",\"NET_RAW\",\"SYS_CHROOT\",\"MKNOD\","            \
	"\"AUDIT_WRITE\",\"SETFCAP\"]"

static void
a_process(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = built(&whole);

	assert_fact(s, FACT_CONTAINER_PROC_UID, "0");
	assert_fact(s, FACT_CONTAINER_PROC_CAP_EFFECTIVE, "[\"CHOWN\"]");
	assert_fact(s, FACT_CONTAINER_PROC_CAP_BOUNDING, DOCKER_CAPS);
	assert_fact(s, FACT_CONTAINER_PROC_SECCOMP, "2");
	assert_fact(s, FACT_CONTAINER_PROC_NO_NEW_PRIVILEGES, "true");
	assert_fact(s, FACT_CONTAINER_PROC_HOST_NETWORK, "true");
	assert_fact(s, FACT_CONTAINER_PROC_HOST_PID, "false");
	assert_fact(s, FACT_CONTAINER_PROC_HOST_IPC, "true");
	assert_fact(s, FACT_CONTAINER_PROC_HOST_UTS, "false");
	assert_fact(s, FACT_CONTAINER_PROC_HOST_USER, "true");
	assert_fact(s, FACT_CONTAINER_PROC_MEMORY_MAX, "67108864");
	assert_fact(s, FACT_CONTAINER_PROC_PIDS_MAX, "-1");
	assert_fact(s, FACT_CONTAINER_PROC_LABEL, "\"docker-default (enforce)\"");
	assert_fact(s, FACT_CONTAINER_PROC_PROGRAMS, "[\"sh\",\"sshd\",\"\xef\xbf\xbd\"]");
}

static void
recorded_processes(void **state)
{
	_cleanup_(freep) char *limited = recorded_text("status-limits-running");
	_cleanup_(freep) char *root = recorded_text("status-host-network-running");
	struct container_process_input in = whole;
	_cleanup_(snapshot_freep) struct snapshot *a = NULL, *b = NULL;

	in.status = limited;
	a = built(&in);
	in.status = root;
	b = built(&in);
	assert_fact(a, FACT_CONTAINER_PROC_UID, "1000");
	assert_fact(a, FACT_CONTAINER_PROC_CAP_EFFECTIVE, "[]");
	assert_fact(a, FACT_CONTAINER_PROC_CAP_BOUNDING, DOCKER_CAPS);
	assert_fact(a, FACT_CONTAINER_PROC_SECCOMP, "0");
	assert_fact(a, FACT_CONTAINER_PROC_NO_NEW_PRIVILEGES, "true");
	assert_fact(b, FACT_CONTAINER_PROC_UID, "0");
	assert_fact(b, FACT_CONTAINER_PROC_CAP_EFFECTIVE, DOCKER_CAPS);
	assert_fact(b, FACT_CONTAINER_PROC_SECCOMP, "2");
	assert_fact(b, FACT_CONTAINER_PROC_NO_NEW_PRIVILEGES, "false");
}

static const struct {
	const char *status;
	enum fact_id fact;
	const char *value; /* NULL: unreadable */
} lines[] = {
	{ "", FACT_CONTAINER_PROC_UID, NULL },
	{ "Uid:\t0\n", FACT_CONTAINER_PROC_UID, NULL },
	{ "Uid:\t0\nGid:\t0\n", FACT_CONTAINER_PROC_UID, NULL },
	{ "Uid:\t0\tx\n", FACT_CONTAINER_PROC_UID, NULL },
	{ "Uid:\t\n0\t0\n", FACT_CONTAINER_PROC_UID, NULL },
	{ "Uid:\t7\t4294967295\t0\t0\n", FACT_CONTAINER_PROC_UID, "4294967295" },
	{ "Uid:\t7\t4294967296\t0\t0\n", FACT_CONTAINER_PROC_UID, NULL },
	{ "Uid:\t-1\t-1\t0\t0\n", FACT_CONTAINER_PROC_UID, NULL },
	{ "Name:\tUid: 5 5\nUid:\t1\t2\n", FACT_CONTAINER_PROC_UID, "2" },
	{ "XUid:\t1\t2\n", FACT_CONTAINER_PROC_UID, NULL },
	{ "CapEff:\t\n", FACT_CONTAINER_PROC_CAP_EFFECTIVE, NULL },
	{ "CapEff:\t0000000000000000\n", FACT_CONTAINER_PROC_CAP_EFFECTIVE, "[]" },
	{ "CapEff:\tx\n", FACT_CONTAINER_PROC_CAP_EFFECTIVE, NULL },
	{ "CapEff:\t10000000000000000\n", FACT_CONTAINER_PROC_CAP_EFFECTIVE, NULL },
	{ "CapEff:\t0000000000200000", FACT_CONTAINER_PROC_CAP_EFFECTIVE, "[\"SYS_ADMIN\"]" },
	/* One that no library knows yet. */
	{ "CapEff:\t8000000000000000\n", FACT_CONTAINER_PROC_CAP_EFFECTIVE, "[\"63\"]" },
	{ "CapBnd:\t1\n", FACT_CONTAINER_PROC_CAP_EFFECTIVE, NULL },
	{ "Seccomp_filters:\t1\n", FACT_CONTAINER_PROC_SECCOMP, NULL },
	{ "Seccomp_filters:\t1\nSeccomp:\t0\n", FACT_CONTAINER_PROC_SECCOMP, "0" },
	{ "NoNewPrivs:\tyes\n", FACT_CONTAINER_PROC_NO_NEW_PRIVILEGES, NULL },
	{ "NoNewPrivs:\t0\n", FACT_CONTAINER_PROC_NO_NEW_PRIVILEGES, "false" },
};

static void
status_lines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct container_process_input in = whole;
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;

		in.status = lines[i].status;
		s = built(&in);
		if (lines[i].value == NULL)
			assert_unreadable(s, lines[i].fact, "/proc/<pid>/status");
		else
			assert_fact(s, lines[i].fact, lines[i].value);
	}
}

static const struct {
	const char *text, *value;
} limits[] = {
	{ "0\n", "0" },
	{ "67108864", "67108864" },
	{ "max", "-1" },
	{ "9223372036854771712\n", "-1" }, /* cgroup v1 without a limit */
	{ "4611686018427387904\n", "-1" },
	{ "4611686018427387903\n", "4611686018427387903" },
	{ "", NULL },
	{ "maximum\n", NULL },
	{ "-1\n", NULL },
	{ "12 monkeys", "12" },
	{ "12monkeys", NULL },
	{ "99999999999999999999999\n", NULL },
};

static void
cgroup_limits(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct container_process_input in = whole;
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;

		in.memory_max = in.pids_max = limits[i].text;
		s = built(&in);
		for (enum fact_id f = FACT_CONTAINER_PROC_MEMORY_MAX;
		     f <= FACT_CONTAINER_PROC_PIDS_MAX; f++) {
			if (limits[i].value == NULL)
				assert_unreadable(s, f, "is no number");
			else
				assert_fact(s, f, limits[i].value);
		}
	}
}

static void
what_could_not_be_read(void **state)
{
	const struct container_process_input in = {
		.status_errno = ESRCH,
		.ns = { 0, 2, 3, 4, 5 },
		.ns_errno = { EACCES },
		.host_ns = { 1, 0, 3, 4, 5 },
		.host_ns_errno = { 0, EPERM },
		.cgroup_why = "no such group",
		.label_errno = EACCES,
	};
	_cleanup_(snapshot_freep) struct snapshot *s = built(&in);

	for (enum fact_id f = FACT_CONTAINER_PROC_UID; f <= FACT_CONTAINER_PROC_NO_NEW_PRIVILEGES;
	     f++)
		assert_unreadable(s, f, "No such process");
	assert_unreadable(s, FACT_CONTAINER_PROC_HOST_NETWORK, "/ns/net: Permission denied");
	assert_unreadable(
	    s, FACT_CONTAINER_PROC_HOST_PID, "the host's pid namespace: Operation not permitted");
	assert_fact(s, FACT_CONTAINER_PROC_HOST_USER, "true");
	assert_unreadable(s, FACT_CONTAINER_PROC_MEMORY_MAX, "no such group");
	assert_unreadable(s, FACT_CONTAINER_PROC_PIDS_MAX, "no such group");
	assert_unreadable(s, FACT_CONTAINER_PROC_LABEL, "Permission denied");
	assert_unreadable(s, FACT_CONTAINER_PROC_PROGRAMS, "could not be read");
}

static void
labels_and_programs(void **state)
{
	struct container_process_input in = whole;
	_cleanup_(snapshot_freep) struct snapshot *none = NULL, *cut = NULL;

	in.label = NULL;
	in.label_errno = EINVAL; /* no module that labels */
	in.n_programs = 0;
	none = built(&in);
	assert_fact(none, FACT_CONTAINER_PROC_LABEL, "\"\"");
	assert_fact(none, FACT_CONTAINER_PROC_PROGRAMS, "[]");
	in.programs_cut = true;
	cut = built(&in);
	assert_fact(cut, FACT_CONTAINER_PROC_PROGRAMS, "[] cut");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process),
		cmocka_unit_test(recorded_processes),
		cmocka_unit_test(status_lines),
		cmocka_unit_test(cgroup_limits),
		cmocka_unit_test(what_could_not_be_read),
		cmocka_unit_test(labels_and_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
