/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/docker_alive.h"
#include "util/macros.h"

static char dir[40], path[64], pid_file[64];

static int
set_up(void **state)
{
	strcpy(dir, "/tmp/plimsoll-alive-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/docker.sock", dir);
	(void)snprintf(pid_file, sizeof(pid_file), "%s/docker.pid", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)unlink(path);
	(void)unlink(pid_file);
	return rmdir(dir);
}

static int
listen_at(const char *at)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", at);
	(void)unlink(at);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static bool
was_connected_to(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* A process of that name, with or without the listening socket, whose pid is in the pid file. */
static pid_t
start_process(const char *name, int *listener, bool keeps_listener)
{
	int ready[2];
	char byte;
	FILE *f;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, name);
		if (!keeps_listener)
			closep(listener);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	f = fopen(pid_file, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "%d", pid) > 0);
	assert_int_equal(fclose(f), 0);
	return pid;
}

static void
end_process(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
test_no_socket(void **state)
{
	struct docker_alive a;

	docker_alive_init(&a, path);
	assert_false(docker_alive_check(&a));
	assert_non_null(strstr(a.why, "No such file"));
}

static void
test_a_file_is_no_socket(void **state)
{
	struct docker_alive a;
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	(void)fclose(f);
	docker_alive_init(&a, path);
	assert_false(docker_alive_check(&a));
	assert_non_null(strstr(a.why, "is not a socket"));
}

static void
test_nobody_listens(void **state)
{
	struct docker_alive a;

	(void)close(listen_at(path));
	docker_alive_init(&a, path);
	assert_false(docker_alive_check(&a));
	assert_non_null(strstr(a.why, "refused"));
}

static void
test_connect_decides(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	struct docker_alive a;

	docker_alive_init(&a, path);
	assert_true(docker_alive_check(&a));
	assert_true(was_connected_to(fd));
	/* Who listens is this test, which is no engine. */
	assert_int_equal(a.pid, 0);
}

/* The socket is systemd's, as it were: a connection would start dockerd. */
static void
test_activated_is_never_connected_to(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	struct docker_alive a;

	docker_alive_init(&a, path);
	a.activated = true;
	assert_false(docker_alive_check(&a));
	assert_non_null(strstr(a.why, "dockerd does not run"));
	assert_false(was_connected_to(fd));
}

static void
test_activated_with_dockerd(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	pid_t pid = start_process("dockerd", &fd, true);
	struct docker_alive a;

	docker_alive_init(&a, path);
	a.activated = true;
	assert_true(docker_alive_check(&a));
	assert_int_equal(a.pid, pid);
	docker_alive_forget(&a);
	assert_true(docker_alive_check(&a)); /* by what was found the last time */
	end_process(pid);
	docker_alive_forget(&a);
	assert_false(docker_alive_check(&a));
	assert_int_equal(a.pid, 0);
	assert_false(was_connected_to(fd));
}

static void
test_activated_with_another_pid_file(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	pid_t pid = start_process("dockerd", &fd, true);
	struct docker_alive a;

	assert_int_equal(unlink(pid_file), 0);
	docker_alive_init(&a, path);
	a.activated = true;
	assert_true(docker_alive_check(&a));
	assert_int_equal(a.pid, pid);
	assert_false(was_connected_to(fd));
	end_process(pid);
}

/* dockerd closes its listener first when it stops; who connects then starts it again. */
static void
test_activated_while_dockerd_stops(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	pid_t pid = start_process("dockerd", &fd, false);
	struct docker_alive a;

	docker_alive_init(&a, path);
	a.activated = true;
	assert_false(docker_alive_check(&a));
	assert_non_null(strstr(a.why, "starts or stops"));
	assert_false(was_connected_to(fd));
	end_process(pid);
}

static void
test_pid_of_another_program(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	pid_t pid = start_process("sleep", &fd, true);
	struct docker_alive a;

	docker_alive_init(&a, path);
	a.activated = true;
	assert_false(docker_alive_check(&a));
	assert_int_equal(a.pid, 0);
	end_process(pid);
}

static void
test_answer_is_kept(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	struct docker_alive a;

	assert_true(fd >= 0);
	docker_alive_init(&a, path);
	assert_true(docker_alive_check(&a));
	assert_int_equal(unlink(path), 0);
	a.checked_ms = INT64_MAX; /* long to come */
	assert_true(docker_alive_check(&a));
	a.checked_ms = 1; /* long ago */
	assert_false(docker_alive_check(&a));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_no_socket),
		TEST(test_a_file_is_no_socket),
		TEST(test_nobody_listens),
		TEST(test_connect_decides),
		TEST(test_activated_is_never_connected_to),
		TEST(test_activated_with_dockerd),
		TEST(test_activated_with_another_pid_file),
		TEST(test_activated_while_dockerd_stops),
		TEST(test_pid_of_another_program),
		TEST(test_answer_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
