/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/proc.h"
#include "util/clock.h"

/* A name like this misleads who counts the fields of stat by blanks. */
static const char odd_name[] = "a) R 1 (b";

static bool
is_child_of(void *arg, int pid)
{
	return proc_parent(pid) == *(const int *)arg;
}

static pid_t
start_child(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, odd_name);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static void
test_a_child(void **state)
{
	int64_t before = clock_realtime_ms(), started;
	pid_t pid = start_child();
	char name[PROC_COMM_SIZE];
	int mine = getpid(), of_init = 1;
	long long ticks, same;

	assert_int_equal(proc_comm(pid, name), 0);
	assert_string_equal(name, odd_name);
	assert_int_equal(proc_parent(pid), getpid());
	assert_int_equal(proc_find(odd_name, is_child_of, &mine), pid);
	assert_int_equal(proc_find(odd_name, is_child_of, &of_init), 0);
	/* A tick is 10 ms. */
	assert_int_equal(proc_started_ms(pid, &started), 0);
	assert_in_range(started, before - 20, clock_realtime_ms() + 20);
	assert_int_equal(proc_started_ticks(pid, &ticks), 0);
	assert_int_equal(proc_started_ticks(pid, &same), 0);
	assert_true(ticks > 0 && same == ticks);

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(proc_is_gone(proc_comm(pid, name)));
	assert_int_equal(proc_find(odd_name, is_child_of, &mine), 0);
}

static void
test_exe(void **state)
{
	_cleanup_(freep) char *exe = NULL;

	assert_int_equal(proc_exe(getpid(), &exe), 0);
	assert_non_null(strstr(exe, "/test-collect-proc"));
}

static int
listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void
test_unix_listeners(void **state)
{
	char dir[] = "/tmp/plimsoll-proc-XXXXXX", path[64], other[64];
	ino_t inodes[4];
	int first, second, elsewhere;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/a.sock", dir);
	(void)snprintf(other, sizeof(other), "%s/b.sock", dir);
	assert_int_equal(proc_unix_listeners(path, inodes, 4), 0);
	first = listen_at(path);
	elsewhere = listen_at(other);
	assert_int_equal(proc_unix_listeners(path, inodes, 4), 1);
	assert_int_equal(proc_socket_fd(getpid(), inodes, 1), first);
	assert_int_equal(proc_socket_inode(getpid(), first), inodes[0]);

	/* One bound in the other's place. */
	assert_int_equal(unlink(path), 0);
	second = listen_at(path);
	assert_int_equal(proc_unix_listeners(path, inodes, 4), 2);
	assert_int_equal(proc_unix_listeners(path, inodes, 1), 1);
	(void)close(first);
	assert_int_equal(proc_unix_listeners(path, inodes, 4), 1);
	assert_int_equal(proc_socket_fd(getpid(), inodes, 1), second);
	(void)close(second);
	assert_int_equal(proc_socket_fd(getpid(), inodes, 1), -ENOENT);
	(void)close(elsewhere);
	(void)unlink(path);
	(void)unlink(other);
	(void)rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_child),
		cmocka_unit_test(test_exe),
		cmocka_unit_test(test_unix_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
