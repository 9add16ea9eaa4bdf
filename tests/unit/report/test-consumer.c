/* SPDX-License-Identifier: Apache-2.0 */
#include <event2/event.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "judge/ledger.h"
#include "report/consumer.h"
#include "report/limiter.h"
#include "report/writer.h"
#include "util/clock.h"

struct world {
	char folder[32], path[64];
	struct event_base *base;
	struct ledger *ledger;
	struct writer *writer;
	struct consumer *consumer;
};

/* What the other side got: it outlives a process that is killed. Sequence numbers as they were
 * written; the thread alone writes, the test reads when it is done. */
static struct {
	volatile long written[4096];
	volatile unsigned n_written;
} * other_side;
#define written (other_side->written)
#define n_written (other_side->n_written)

static bool refuses; /* every write says "not now" */
/* So many writes, and the process is killed: before the next one, or before the last one returns.
 */
static unsigned dies_before, dies_in;

static void *
prepare(struct json_object *row)
{
	struct json_object *notice = json_object_object_get(row, "notice");
	long *seq = malloc(sizeof(*seq));

	/* A summary is the number of rows that were left out, below 0. */
	if (json_object_object_get_ex(row, "seq", NULL))
		*seq = json_object_get_int64(json_object_object_get(row, "seq"));
	else
		*seq = -json_object_get_int64(json_object_object_get(notice, "count"));
	return seq;
}

static bool
note(void *prepared)
{
	if (refuses)
		return false;
	if (dies_before > 0 && n_written == dies_before)
		_exit(0);
	written[n_written] = *(long *)prepared;
	n_written++;
	if (dies_in > 0 && n_written == dies_in)
		_exit(0);
	return true;
}

static const struct consumer_kind kept = { "test", prepare, note, free };
static char socket_path[64];
static const struct consumer_kind to_socket = { "test", prepare, note, free, socket_path };
static const struct consumer_kind fleeting = { NULL, prepare, note, free };

static void
on_room(void *arg)
{
	struct world *w = arg;

	consumer_run(w->consumer);
}

static void
add_text(struct world *w, const char *row, unsigned n)
{
	char *why = NULL;

	assert_int_equal(ledger_begin(w->ledger), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(ledger_add_drift(w->ledger, 1, row, strlen(row)), 0);
	assert_int_equal(ledger_commit(w->ledger, &why), 0);
}

static void
add_rows(struct world *w, unsigned n)
{
	add_text(w, "{\"type\":\"notice\"}", n);
}

/* Rows about one rule and one subject, some seconds ago. */
static void
add_moves(struct world *w, unsigned n, int64_t ago_s)
{
	char time[CLOCK_TEXT_SIZE], row[256];

	clock_text(clock_realtime_ms() - ago_s * 1000, time);
	(void)snprintf(row, sizeof(row),
	    "{\"time\":\"%s\",\"type\":\"regressed\",\"rule\":\"sshd\","
	    "\"subject\":{\"kind\":\"container\",\"name\":\"web\"},\"verdict\":\"fail\"}",
	    time);
	add_text(w, row, n);
}

static void
start_limited(struct world *w, const struct consumer_kind *kind, const struct limits *limits)
{
	assert_int_equal(writer_new(&w->writer, w->base, on_room, w), 0);
	assert_int_equal(
	    consumer_new(&w->consumer, kind, w->base, w->ledger, w->writer, w->folder, limits), 0);
}

static void
start(struct world *w, const struct consumer_kind *kind)
{
	start_limited(w, kind, NULL);
}

static void
stop(struct world *w)
{
	w->writer = writer_free(w->writer);
	w->consumer = consumer_free(w->consumer);
}

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char *why = NULL;

	other_side = mmap(
	    NULL, sizeof(*other_side), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(other_side, MAP_FAILED);
	refuses = false;
	dies_before = dies_in = 0;
	strcpy(w->folder, "/tmp/plimsoll-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/l.db", w->folder);
	w->base = event_base_new();
	assert_int_equal(ledger_open(&w->ledger, w->path, &why), 0);
	assert_int_equal(ledger_set_cursor(w->ledger, "test", 0), 0);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm" }, *const notes[] = { "test",
		"other" };
	struct world *w = *state;
	char path[80];

	stop(w);
	(void)munmap(other_side, sizeof(*other_side));
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s.sent", w->folder, notes[i]);
		(void)unlink(path);
	}
	w->ledger = ledger_free(w->ledger);
	event_base_free(w->base);
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", w->path, endings[i]);
		(void)unlink(path);
	}
	(void)rmdir(w->folder);
	free(w);
	return 0;
}

/* -1: it is a new one. */
static long
cursor_of(struct world *w)
{
	uint64_t cursor;
	int r = ledger_cursor(w->ledger, "test", &cursor);

	assert_true(r >= 0);
	return r == LEDGER_E_NO_CURSOR ? -1 : (long)cursor;
}

static void
run_until_told(struct world *w, long seq)
{
	while (cursor_of(w) < seq)
		assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
}

/* More rows than the queue holds arrive, in order, once each. */
static void
test_all_rows_in_order(void **state)
{
	struct world *w = *state;
	unsigned n = 3 * WRITER_QUEUE_MAX + 7;

	add_rows(w, n);
	start(w, &kept);
	consumer_run(w->consumer);
	run_until_told(w, n);
	assert_int_equal(n_written, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(written[i], i + 1);
}

static void
test_goes_on_where_it_stopped(void **state)
{
	struct world *w = *state;

	add_rows(w, 5);
	start(w, &kept);
	consumer_run(w->consumer);
	run_until_told(w, 5);
	stop(w);
	add_rows(w, 2);
	start(w, &kept);
	consumer_run(w->consumer);
	run_until_told(w, 7);
	assert_int_equal(n_written, 7);
	assert_int_equal(written[5], 6);
}

/* What nobody took is told later: the cursor stays. */
static void
test_what_was_not_written_is_told_again(void **state)
{
	struct world *w = *state;

	add_rows(w, 3);
	refuses = true;
	start(w, &kept);
	consumer_run(w->consumer);
	stop(w);
	assert_int_equal(cursor_of(w), 0);
	refuses = false;
	start(w, &kept);
	consumer_run(w->consumer);
	run_until_told(w, 3);
	assert_int_equal(n_written, 3);
}

static const struct consumer_kind other = { "other", prepare, note, free };

/* What was there before it is no news; what comes after it is, whatever becomes of this life. */
static void
test_new_begins_with_the_next_row(void **state)
{
	struct world *w = *state;

	add_rows(w, 3);
	start(w, &other);
	consumer_run(w->consumer);
	add_rows(w, 1);
	refuses = true;
	consumer_run(w->consumer);
	stop(w);
	refuses = false;
	add_rows(w, 1);
	start(w, &other);
	consumer_run(w->consumer);
	w->writer = writer_free(w->writer);
	assert_int_equal(n_written, 2);
	assert_int_equal(written[0], 4);
	assert_int_equal(written[1], 5);
}

static void
test_without_cursor_begins_with_the_next_row(void **state)
{
	struct world *w = *state;

	add_rows(w, 3);
	start(w, &fleeting);
	add_rows(w, 1);
	consumer_run(w->consumer);
	w->writer = writer_free(w->writer);
	assert_int_equal(n_written, 1);
	assert_int_equal(written[0], 4);
}

/* A life of the daemon that is killed while it tells: the cursor is where it was. */
static void
live_and_die_as(struct world *w, const struct consumer_kind *kind, const struct limits *limits)
{
	char *why = NULL;
	pid_t pid;
	int status;

	w->ledger = ledger_free(w->ledger);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct event_base *base = event_base_new();

		/* What fails here shows in what was written. */
		if (ledger_open(&w->ledger, w->path, &why) != 0 ||
		    writer_new(&w->writer, base, on_room, w) != 0 ||
		    consumer_new(
			&w->consumer, kind, base, w->ledger, w->writer, w->folder, limits) != 0)
			_exit(1);
		consumer_run(w->consumer);
		pause();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(ledger_open(&w->ledger, w->path, &why), 0);
	assert_int_equal(cursor_of(w), 0);
}

static void
live_and_die(struct world *w, const struct limits *limits)
{
	live_and_die_as(w, &kept, limits);
}

static void
expect_written(const long *want, unsigned n)
{
	assert_int_equal(n_written, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(written[i], want[i]);
}

/* Killed again and again before the cursor could move: what was written stays written. */
static void
test_killed_between_rows(void **state)
{
	struct world *w = *state;

	add_rows(w, 9);
	for (dies_before = 2; dies_before <= 6; dies_before += 2)
		live_and_die(w, NULL);
	dies_before = 0;
	start(w, &kept);
	consumer_run(w->consumer);
	run_until_told(w, 9);
	stop(w);
	expect_written((const long[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 9);
}

/* Killed after a row was written, and before that could be noted: that one is told twice, and no
 * other. */
static void
test_killed_in_a_row(void **state)
{
	struct world *w = *state;

	add_rows(w, 3);
	dies_in = 2;
	live_and_die(w, NULL);
	dies_in = 0;
	dies_before = 3;
	live_and_die(w, NULL);
	live_and_die(w, NULL);
	dies_before = 0;
	start(w, &kept);
	consumer_run(w->consumer);
	run_until_told(w, 3);
	stop(w);
	expect_written((const long[]){ 1, 2, 2, 3 }, 4);
}

/* The same numbers of another ledger, put in place of this one, are other rows. */
static void
test_notes_are_of_one_ledger(void **state)
{
	struct world *w = *state;
	char path[80], *why = NULL;

	add_rows(w, 2);
	dies_before = 1;
	live_and_die(w, NULL);
	dies_before = 0;
	(void)snprintf(path, sizeof(path), "%s-wal", w->path);
	w->ledger = ledger_free(w->ledger);
	(void)unlink(path);
	assert_int_equal(unlink(w->path), 0);
	assert_int_equal(ledger_open(&w->ledger, w->path, &why), 0);
	assert_int_equal(ledger_set_cursor(w->ledger, "test", 0), 0);
	add_rows(w, 2);
	start(w, &kept);
	consumer_run(w->consumer);
	run_until_told(w, 2);
	stop(w);
	expect_written((const long[]){ 1, 1, 2 }, 3);
}

/* A socket of datagrams with nobody who reads them. */
static int
listen_on_socket(struct world *w)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(socket_path, sizeof(socket_path), "%s/socket", w->folder);
	strcpy(at.sun_path, socket_path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* Killed whenever a row was written, before that can be noted: each is told twice, and no more. */
static void
test_killed_in_every_row(void **state)
{
	struct world *w = *state;
	int fd = listen_on_socket(w);

	add_rows(w, 3);
	for (dies_in = 1; dies_in <= 5; dies_in++)
		live_and_die_as(w, &to_socket, NULL);
	dies_in = 0;
	start(w, &to_socket);
	consumer_run(w->consumer);
	run_until_told(w, 3);
	stop(w);
	expect_written((const long[]){ 1, 1, 2, 2, 3, 3 }, 6);
	(void)close(fd);
	(void)unlink(socket_path);
}

/* While there is no room nothing is tried, so nothing of it counts. */
static void
test_waits_for_room(void **state)
{
	struct world *w = *state;
	int fd = listen_on_socket(w), sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char byte;

	strcpy(to.sun_path, socket_path);
	while (sendto(sender, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)) == 1)
		;
	add_rows(w, 2);
	for (int life = 0; life < 3; life++) {
		start(w, &to_socket);
		consumer_run(w->consumer);
		stop(w);
	}
	assert_int_equal(n_written, 0);
	while (recv(fd, &byte, 1, 0) == 1)
		;
	start(w, &to_socket);
	consumer_run(w->consumer);
	run_until_told(w, 2);
	stop(w);
	expect_written((const long[]){ 1, 2 }, 2);
	(void)close(sender);
	(void)close(fd);
	(void)unlink(socket_path);
}

static const struct limits three_in_a_minute = { .fold_after = 3, .fold_within_s = 60 };

/* The sum of what is left out is told when its time is over, by the clock. */
static void
test_left_out_and_summed_up(void **state)
{
	const struct limits limits = { .fold_after = 3, .fold_within_s = 1 };
	struct world *w = *state;

	start_limited(w, &kept, &limits);
	add_moves(w, 7, 0);
	consumer_run(w->consumer);
	run_until_told(w, 7);
	while (n_written < 4)
		assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
	expect_written((const long[]){ 1, 2, 3, -4 }, 4);
}

/* The sum survives a restart, and no row is told twice for it. */
static void
test_left_out_over_a_restart(void **state)
{
	struct world *w = *state;

	start_limited(w, &kept, &three_in_a_minute);
	add_moves(w, 7, 58);
	consumer_run(w->consumer);
	run_until_told(w, 7);
	stop(w);
	expect_written((const long[]){ 1, 2, 3 }, 3);
	start_limited(w, &kept, &three_in_a_minute);
	add_moves(w, 2, 58);
	consumer_run(w->consumer);
	run_until_told(w, 9);
	while (n_written < 4)
		assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
	stop(w);
	expect_written((const long[]){ 1, 2, 3, -6 }, 4);
	/* And it is told once. */
	start_limited(w, &kept, &three_in_a_minute);
	consumer_run(w->consumer);
	stop(w);
	expect_written((const long[]){ 1, 2, 3, -6 }, 4);
}

static void
test_summed_up_at_the_end(void **state)
{
	struct world *w = *state;

	start_limited(w, &kept, &three_in_a_minute);
	add_moves(w, 7, 0);
	consumer_end(w->consumer);
	stop(w);
	expect_written((const long[]){ 1, 2, 3, -4 }, 4);
	start_limited(w, &kept, &three_in_a_minute);
	consumer_end(w->consumer);
	stop(w);
	expect_written((const long[]){ 1, 2, 3, -4 }, 4);
}

/* The sum comes before what is told after its time. */
static void
test_sum_comes_in_order(void **state)
{
	struct world *w = *state;

	add_moves(w, 5, 300);
	add_text(w, "{\"time\":\"2999-01-01T00:00:00.000Z\",\"type\":\"notice\"}", 1);
	start_limited(w, &kept, &three_in_a_minute);
	consumer_run(w->consumer);
	run_until_told(w, 6);
	stop(w);
	expect_written((const long[]){ 1, 2, 3, -2, 6 }, 5);
}

/* A life that is killed takes what it has left out with it; what it has told counts nowhere twice.
 */
static void
test_left_out_by_a_life_that_was_killed(void **state)
{
	struct world *w = *state;

	add_moves(w, 7, 300);
	add_text(w, "{\"time\":\"2999-01-01T00:00:00.000Z\",\"type\":\"notice\"}", 1);
	dies_before = 2;
	live_and_die(w, &three_in_a_minute);
	dies_before = 0;
	start_limited(w, &kept, &three_in_a_minute);
	consumer_run(w->consumer);
	run_until_told(w, 8);
	stop(w);
	expect_written((const long[]){ 1, 2, 3, 4, 5, -2, 8 }, 7);
}

/* Rows that were deleted before they could be told are missed aloud. */
static void
test_deleted_rows_are_missed(void **state)
{
	struct world *w = *state;
	uint64_t removed = 0;
	char *why = NULL;

	start(w, &kept);
	add_rows(w, 2);
	consumer_run(w->consumer);
	run_until_told(w, 2);
	stop(w);
	add_rows(w, 3);
	assert_int_equal(ledger_begin(w->ledger), 0);
	assert_int_equal(ledger_prune(w->ledger, INT64_MAX, 0, 100, &removed), 0);
	assert_int_equal(ledger_commit(w->ledger, &why), 0);
	start(w, &kept);
	consumer_run(w->consumer);
	run_until_told(w, 5);
	stop(w);
	expect_written((const long[]){ 1, 2, 0, 5 }, 4);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_all_rows_in_order),
		TEST(test_goes_on_where_it_stopped),
		TEST(test_what_was_not_written_is_told_again),
		TEST(test_new_begins_with_the_next_row),
		TEST(test_without_cursor_begins_with_the_next_row),
		TEST(test_killed_between_rows),
		TEST(test_killed_in_a_row),
		TEST(test_notes_are_of_one_ledger),
		TEST(test_killed_in_every_row),
		TEST(test_waits_for_room),
		TEST(test_left_out_and_summed_up),
		TEST(test_left_out_over_a_restart),
		TEST(test_summed_up_at_the_end),
		TEST(test_sum_comes_in_order),
		TEST(test_left_out_by_a_life_that_was_killed),
		TEST(test_deleted_rows_are_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
