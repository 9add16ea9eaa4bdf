/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "report/writer.h"

struct note {
	struct writer_job job; /* must be first */
	unsigned number;
	unsigned failures; /* how often it says "not now" */
	int wait_fd;       /* written once a byte can be read here; -1: at once */
};

static unsigned written[1024], n_written, n_done, n_dropped;

static bool
note_write(struct writer_job *job)
{
	struct note *note = (struct note *)job;
	char byte;

	if (note->failures > 0) {
		note->failures--;
		return false;
	}
	if (note->wait_fd >= 0)
		(void)!read(note->wait_fd, &byte, 1);
	written[n_written++] = note->number;
	return true;
}

static void
note_done(struct writer_job *job)
{
	n_done++;
	free(job);
}

static void
note_drop(struct writer_job *job)
{
	n_dropped++;
	free(job);
}

static void
add(struct writer *w, unsigned number, unsigned failures, int wait_fd)
{
	struct note *note = calloc(1, sizeof(*note));

	assert_non_null(note);
	note->job = (struct writer_job){ NULL, note_write, note_done, note_drop };
	note->number = number;
	note->failures = failures;
	note->wait_fd = wait_fd;
	writer_add(w, &note->job);
}

static void
on_room(void *arg)
{
	unsigned *rooms = arg;

	(*rooms)++;
}

static int
set_up(void **state)
{
	n_written = n_done = n_dropped = 0;
	*state = event_base_new();
	return *state == NULL;
}

static int
tear_down(void **state)
{
	event_base_free(*state);
	return 0;
}

static void
run_until_done(struct event_base *base, unsigned n)
{
	while (n_done < n)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

static void
test_in_order(void **state)
{
	_cleanup_(writer_freep) struct writer *w = NULL;
	unsigned rooms = 0;

	assert_int_equal(writer_new(&w, *state, on_room, &rooms), 0);
	for (unsigned i = 0; i < WRITER_QUEUE_MAX; i++) {
		assert_false(writer_is_full(w));
		add(w, i, i == 3 ? 1 : 0, -1);
	}
	assert_true(writer_is_full(w));
	run_until_done(*state, WRITER_QUEUE_MAX);
	assert_false(writer_is_full(w));
	assert_true(rooms > 0);
	for (unsigned i = 0; i < WRITER_QUEUE_MAX; i++)
		assert_int_equal(written[i], i);
}

static void
test_the_end_waits_for_what_is_queued(void **state)
{
	struct writer *w = NULL;
	unsigned rooms = 0;

	assert_int_equal(writer_new(&w, *state, on_room, &rooms), 0);
	for (unsigned i = 0; i < 100; i++)
		add(w, i, 0, -1);
	assert_null(writer_free(w));
	assert_int_equal(n_done, 100);
	assert_int_equal(n_dropped, 0);
}

/* And all that is behind it: whoever counts by the last one that was written would lose it. */
static void
test_what_is_not_written_is_dropped(void **state)
{
	struct writer *w = NULL;
	unsigned rooms = 0;

	assert_int_equal(writer_new(&w, *state, on_room, &rooms), 0);
	add(w, 0, 1000 * 1000, -1);
	add(w, 1, 0, -1);
	assert_null(writer_free(w));
	assert_int_equal(n_written, 0);
	assert_int_equal(n_dropped, 2);
}

/* A write that hangs must not hold the end up. */
static void
test_the_end_leaves_a_thread_that_hangs(void **state)
{
	struct writer *w = NULL;
	unsigned rooms = 0;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(writer_new(&w, *state, on_room, &rooms), 0);
	add(w, 0, 0, fds[0]);
	assert_null(writer_free(w));
	assert_int_equal(n_done, 0);
	closep(&fds[1]); /* lets the thread end */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_the_end_waits_for_what_is_queued, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_what_is_not_written_is_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_the_end_leaves_a_thread_that_hangs, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
