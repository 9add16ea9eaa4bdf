/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sink.h"
#include "watch/mounts.h"
#include <event2/event.h>
#include <sched.h>
#include <sys/mount.h>

static void
count(void *arg)
{
	(*(unsigned *)arg)++;
}

static unsigned
count_lines(const char *text)
{
	unsigned n = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

/* A mount table of the test's own; without the right to one there is nothing to see. */
static void
unshare_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
}

static void
test_a_mount_is_told(void **state)
{
	struct heard heard = { 0 };
	const struct watch_sink sink = HEARD_SINK(&heard);
	struct event_base *base;
	struct mounts_watch *w;
	unsigned changes = 0;

	(void)state;
	unshare_mounts();
	base = event_base_new();
	assert_int_equal(
	    mounts_watch_new(&w, base, "/proc/self/mountinfo", &sink, count, &changes), 0);
	assert_int_equal(heard.sees, 1);
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	heard.text[0] = '\0';
	changes = 0;

	/* The check of files follows each, once for all mounts of a burst. */
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(mount("none", "/mnt", "tmpfs", 0, NULL), 0);
		changes = 0;
		while (count_lines(heard.text) < i || changes == 0)
			(void)event_base_loop(base, EVLOOP_ONCE);
	}
	assert_memory_equal(heard.text, "stale 0 - one\n", strlen("stale 0 - one\n"));
	mounts_watch_free(w);
	event_base_free(base);
}

/* What comes while nobody listens is told at the end, with the rest. */
static void
test_a_burst_is_told_once(void **state)
{
	struct heard heard = { 0 };
	const struct watch_sink sink = HEARD_SINK(&heard);
	struct event_base *base;
	struct mounts_watch *w;
	unsigned changes = 0;

	(void)state;
	unshare_mounts();
	base = event_base_new();
	assert_int_equal(
	    mounts_watch_new(&w, base, "/proc/self/mountinfo", &sink, count, &changes), 0);
	heard.text[0] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(mount("none", "/mnt", "tmpfs", 0, NULL), 0);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	while (changes == 0)
		(void)event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(count_lines(heard.text), changes);
	/* The next one is heard again. */
	assert_int_equal(umount("/mnt"), 0);
	while (changes == 1)
		(void)event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(count_lines(heard.text), changes);
	mounts_watch_free(w);
	event_base_free(base);
}

static void
test_an_unreadable_table_is_said(void **state)
{
	struct heard heard = { 0 };
	const struct watch_sink sink = HEARD_SINK(&heard);
	struct event_base *base = event_base_new();
	struct mounts_watch *w;

	(void)state;
	assert_int_equal(
	    mounts_watch_new(&w, base, "/proc/self/no-such-table", &sink, NULL, NULL), 0);
	assert_string_equal(heard.text, "blind No such file or directory \n");
	mounts_watch_free(w);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mount_is_told),
		cmocka_unit_test(test_a_burst_is_told_once),
		cmocka_unit_test(test_an_unreadable_table_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
