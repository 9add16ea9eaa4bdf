/* SPDX-License-Identifier: Apache-2.0
 *
 * container.process of a container that doesn't run, or whose process has ended, is another's, or
 * can't be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "collect/proc.h"
#include "collector-world.h"
#include "util/clock.h"

static void
test_process_absent(void **state)
{
	static const struct fake_answer script[] = { PING,
		{ "/containers/", PLAY_JSON, INSPECT("0") }, END };
	struct world w = world_new(script);

	assert_absent(collect(&w, ID, TOPIC_CONTAINER_PROCESS));
	/* It may have been started since: asked again. */
	assert_absent(collect(&w, ID, TOPIC_CONTAINER_PROCESS));
	assert_int_equal(w.engine->n_requests, 3);
	world_free(&w);
}

static void
test_process_has_ended(void **state)
{
	char text[256];
	const struct fake_answer script[] = { PING, { "/containers/", PLAY_JSON, text }, END };
	struct world w = world_new(script);
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	(void)snprintf(text, sizeof(text), INSPECT("%d"), pid);
	/* First not buried, then gone. */
	while (waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) != 0)
		;
	assert_absent(collect(&w, ID, TOPIC_CONTAINER_PROCESS));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_absent(collect(&w, ID, TOPIC_CONTAINER_PROCESS));
	world_free(&w);
}

/* On its way out a process runs, and has handed back its memory: a thread of the kernel looks the
 * same, and stays. */
static void
test_process_is_ending(void **state)
{
	char name[PROC_COMM_SIZE];
	const struct fake_answer script[] = { PING, { "/containers/", PLAY_JSON, INSPECT("2") },
		END };
	struct world w;

	if (proc_comm(2, name) != 0 || strcmp(name, "kthreadd") != 0)
		skip();
	w = world_new(script);
	assert_absent(collect(&w, ID, TOPIC_CONTAINER_PROCESS));
	world_free(&w);
}

static void *
stay(void *arg)
{
	for (;;)
		(void)pause();
	return arg;
}

/* It lives, and what it may do can't be seen: that is not what doesn't run. */
static void
test_process_without_its_first_thread(void **state)
{
	char text[256];
	const struct fake_answer script[] = { PING, { "/containers/", PLAY_JSON, text }, END };
	struct world w = world_new(script);
	pid_t pid = fork();
	char *status = NULL;
	pthread_t thread;

	if (pid == 0) {
		(void)alarm(60); /* whatever becomes of the test */
		if (pthread_create(&thread, NULL, stay, NULL) == 0)
			pthread_exit(NULL);
		_exit(1);
	}
	do {
		free(status);
		assert_int_equal(proc_read(pid, "status", 65536, &status, NULL), 0);
	} while (strstr(status, "\nState:\tZ") == NULL);
	free(status);
	(void)snprintf(text, sizeof(text), INSPECT("%d"), pid);
	assert_unreadable(collect(&w, ID, TOPIC_CONTAINER_PROCESS), "first thread");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	world_free(&w);
}

/* A pid that was used again is another's process, here our own. */
static void
test_process_of_another(void **state)
{
	char text[256];
	const struct fake_answer script[] = { PING, { "/containers/", PLAY_JSON, text }, END };
	struct world w = world_new(script);

	(void)snprintf(text, sizeof(text), INSPECT("%d"), getpid());
	assert_unreadable(
	    collect(&w, ID, TOPIC_CONTAINER_PROCESS), "is in no cgroup of the container");
	world_free(&w);
}

/* --- a process in a control group of the container's name --- */

struct member {
	char group[160];
	pid_t pid;
};

static void
write_number(const char *folder, const char *name, int number)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "%d\n", number) > 0);
	assert_int_equal(fclose(f), 0);
}

/* False where groups can't be made. */
static bool
member_group(struct member *m)
{
	static const char *const roots[] = { "/sys/fs/cgroup/pids", "/sys/fs/cgroup" };

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		(void)snprintf(m->group, sizeof(m->group), "%s/" ID, roots[i]);
		if (mkdir(m->group, 0755) == 0 || errno == EEXIST)
			return true;
	}
	return false;
}

/* The first one's pid is the kernel's choice; from then on the same one is asked for. */
static void
member_start(struct member *m, bool no_new_privileges)
{
	struct clone_args how = { .exit_signal = SIGCHLD };
	pid_t pid = m->pid;
	int go[2];

	how.set_tid = pid > 0 ? (uintptr_t)&pid : 0;
	how.set_tid_size = pid > 0;
	assert_int_equal(pipe(go), 0);
	pid = (pid_t)syscall(SYS_clone3, &how, sizeof(how));
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NO_NEW_PRIVS, no_new_privileges, 0, 0, 0);
		_exit(write(go[1], "", 1) == 1 && pause());
	}
	assert_true(pid > 0);
	assert_int_equal(read(go[0], &(char){ 0 }, 1), 1);
	(void)close(go[0]);
	(void)close(go[1]);
	m->pid = pid;
	write_number(m->group, "cgroup.procs", pid);
}

static void
member_end(struct member *m)
{
	assert_int_equal(kill(m->pid, SIGKILL), 0);
	assert_int_equal(waitpid(m->pid, NULL, 0), m->pid);
}

/* Pids don't come round within one, where nobody asks for them. */
static void
wait_for_a_tick(pid_t pid)
{
	int64_t started_ms, now_ms;

	do {
		assert_int_equal(proc_started_ms(pid, &started_ms), 0);
		now_ms = clock_realtime_ms();
	} while (now_ms <= started_ms + 1000 / sysconf(_SC_CLK_TCK));
}

/* What a session in the container shows is not what its first process shows, though it has the pid
 * now that the first process had. */
static void
test_process_whose_pid_is_used_again(void **state)
{
	char text[256];
	const struct fake_answer script[] = { PING, { "/containers/", PLAY_JSON, text }, END };
	struct member m = { 0 };
	struct answer a;
	struct world w;

	if (!member_group(&m))
		skip();
	w = world_new(script);
	member_start(&m, false);
	(void)snprintf(text, sizeof(text), INSPECT("%d"), m.pid);
	for (int i = 0; i < 2; i++) {
		a = collect(&w, ID, TOPIC_CONTAINER_PROCESS);
		assert_int_equal(a.r, 0);
		assert_false(
		    snapshot_get(a.snapshot, FACT_CONTAINER_PROC_NO_NEW_PRIVILEGES)->boolean);
		snapshot_free(a.snapshot);
	}
	assert_int_equal(w.engine->n_requests, 2); /* with the ping */

	wait_for_a_tick(m.pid);
	member_end(&m);
	member_start(&m, true);
	(void)snprintf(text, sizeof(text), INSPECT("0"));
	assert_absent(collect(&w, ID, TOPIC_CONTAINER_PROCESS));
	assert_int_equal(w.engine->n_requests, 3);

	member_end(&m);
	world_free(&w);
	assert_int_equal(rmdir(m.group), 0);
}

static unsigned
count_unreadable(const struct snapshot *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		n += s->values[i].type == VALUE_UNREADABLE;
	return n;
}

/* What can't be looked at for want of descriptors is unreadable: neither absent nor left out. */
static void
test_process_without_descriptors(void **state)
{
	char text[256];
	const struct fake_answer script[] = { PING, { "/containers/", PLAY_JSON, text }, END };
	struct member m = { 0 };
	struct rlimit before, few;
	unsigned least;
	struct answer a;
	struct world w;

	if (!member_group(&m))
		skip();
	w = world_new(script);
	member_start(&m, false);
	(void)snprintf(text, sizeof(text), INSPECT("%d"), m.pid);
	a = collect(&w, ID, TOPIC_CONTAINER_PROCESS);
	least = count_unreadable(a.snapshot);
	snapshot_free(a.snapshot);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	/* From none at all to as many as it takes. */
	for (unsigned spare = 0, n = least + 1; n > least; spare++) {
		const struct value *v;
		int next = dup(0);

		assert_true(next >= 0 && close(next) == 0);
		few = (struct rlimit){ (rlim_t)next + spare, before.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		a = collect(&w, ID, TOPIC_CONTAINER_PROCESS);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(a.r, 0);
		v = snapshot_get(a.snapshot, FACT_CONTAINER_PROC_PROGRAMS);
		if (v->type == VALUE_LIST && !v->cut)
			assert_int_equal(v->len, 1);
		else
			assert_int_equal(v->type, VALUE_UNREADABLE);
		n = count_unreadable(a.snapshot);
		snapshot_free(a.snapshot);
		assert_true(spare < 16);
	}
	member_end(&m);
	world_free(&w);
	assert_int_equal(rmdir(m.group), 0);
}

static void
test_process_nonsense(void **state)
{
	static const char *const texts[] = { "{}", INSPECT("-1"), INSPECT("\"1\""), INSPECT("null"),
		"{\"State\":[]}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct fake_answer script[] = { PING, { "/containers/", PLAY_JSON, texts[i] },
			END };
		struct world w = world_new(script);

		assert_unreadable(collect(&w, ID, TOPIC_CONTAINER_PROCESS), "makes no sense");
		assert_int_equal(collector_counters(w.collector)->api_errors, 1);
		world_free(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_absent),
		cmocka_unit_test(test_process_has_ended),
		cmocka_unit_test(test_process_is_ending),
		cmocka_unit_test(test_process_without_its_first_thread),
		cmocka_unit_test(test_process_of_another),
		cmocka_unit_test(test_process_whose_pid_is_used_again),
		cmocka_unit_test(test_process_without_descriptors),
		cmocka_unit_test(test_process_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
