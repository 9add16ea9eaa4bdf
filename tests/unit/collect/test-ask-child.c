/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/ask_child.h"
#include "util/macros.h"
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LONG_MS = 60 * 1000,
	LARGE = 1024 * 1024,
};

struct answer {
	struct event_base *base;
	struct ask_child *child;
	char *text;
	size_t len;
	char why[128];
	unsigned times;
	bool free_within;
};

static void
on_done(void *arg, const char *why, const char *answer, size_t len)
{
	struct answer *a = arg;

	a->times++;
	a->len = len;
	(void)snprintf(a->why, sizeof(a->why), "%s", why != NULL ? why : "");
	if (answer != NULL) {
		assert_int_equal(answer[len], '\0');
		a->text = strdup(answer);
	}
	if (a->free_within)
		a->child = ask_child_free(a->child);
	event_base_loopbreak(a->base);
}

static void
ask(struct answer *a, ask_child_fn *fn, const void *question, unsigned deadline_ms)
{
	a->base = event_base_new();
	assert_non_null(a->base);
	assert_int_equal(
	    ask_child_new(&a->child, a->base, fn, question, deadline_ms, on_done, a), 0);
}

static void
settle(struct answer *a)
{
	while (a->times == 0)
		assert_int_equal(event_base_loop(a->base, EVLOOP_ONCE), 0);
}

/* No child may be left behind, dead or alive. */
static void
answer_clear(struct answer *a)
{
	a->child = ask_child_free(a->child);
	event_base_free(a->base);
	free(a->text);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static int
say(int fd, const void *question)
{
	return dprintf(fd, "%s", (const char *)question) < 0 ? errno : 0;
}

static void
test_answer(void **state)
{
	struct answer a = { .free_within = true };

	(void)state;
	ask(&a, say, "hello", LONG_MS);
	settle(&a);
	assert_string_equal(a.text, "hello");
	assert_string_equal(a.why, "");
	answer_clear(&a);
}

static void
test_nothing_said(void **state)
{
	struct answer a = { 0 };

	(void)state;
	ask(&a, say, "", LONG_MS);
	settle(&a);
	assert_string_equal(a.text, "");
	answer_clear(&a);
}

static int
say_much(int fd, const void *question)
{
	static char block[64 * 1024];
	size_t left = *(const size_t *)question;
	ssize_t n;

	memset(block, 'x', sizeof(block));
	while (left > 0) {
		n = write(fd, block, left < sizeof(block) ? left : sizeof(block));
		if (n < 0)
			return errno;
		left -= (size_t)n;
	}
	return 0;
}

static void
test_more_than_a_pipe_holds(void **state)
{
	const size_t len = LARGE;
	struct answer a = { 0 };

	(void)state;
	ask(&a, say_much, &len, LONG_MS);
	settle(&a);
	assert_int_equal(a.len, LARGE);
	answer_clear(&a);
}

static void
test_too_much(void **state)
{
	const size_t len = ASK_CHILD_ANSWER_MAX * 2;
	struct answer a = { 0 };

	(void)state;
	ask(&a, say_much, &len, LONG_MS);
	settle(&a);
	assert_null(a.text);
	assert_string_equal(a.why, strerror(EFBIG));
	answer_clear(&a);
}

static int
give_up(int fd, const void *question)
{
	(void)say(fd, "half of it");
	return EACCES;
}

static void
test_error(void **state)
{
	struct answer a = { 0 };

	(void)state;
	ask(&a, give_up, NULL, LONG_MS);
	settle(&a);
	assert_null(a.text);
	assert_string_equal(a.why, strerror(EACCES));
	answer_clear(&a);
}

static int
die(int fd, const void *question)
{
	(void)say(fd, "half of it");
	(void)raise(SIGKILL);
	return 0;
}

static void
test_death(void **state)
{
	struct answer a = { 0 };

	(void)state;
	ask(&a, die, NULL, LONG_MS);
	settle(&a);
	assert_null(a.text);
	assert_string_equal(a.why, "the process that asks ended by signal 9");
	answer_clear(&a);
}

static int
hang(int fd, const void *question)
{
	(void)say(fd, "half of it");
	for (;;)
		(void)pause();
	return 0;
}

static void
test_late(void **state)
{
	struct answer a = { 0 };

	(void)state;
	ask(&a, hang, NULL, 20);
	settle(&a);
	assert_null(a.text);
	assert_string_equal(a.why, "no answer in time");
	answer_clear(&a);
}

static void
test_freed_before(void **state)
{
	struct answer a = { 0 };

	(void)state;
	ask(&a, hang, NULL, LONG_MS);
	answer_clear(&a);
	assert_int_equal(a.times, 0);
}

/* 0, 1, 2, the pipe, and the folder that is being read. */
static int
count_descriptors(int fd, const void *question)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int n = 0;

	if (dir == NULL)
		return errno;
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	return dprintf(fd, "%d", n) < 0 ? errno : 0;
}

static void
test_descriptors_stay_here(void **state)
{
	struct answer a = { 0 };

	(void)state;
	ask(&a, count_descriptors, NULL, LONG_MS);
	settle(&a);
	assert_in_range(atoi(a.text), 2, 5);
	answer_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_nothing_said),
		cmocka_unit_test(test_more_than_a_pipe_holds),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_freed_before),
		cmocka_unit_test(test_descriptors_stay_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
