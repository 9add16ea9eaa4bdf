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
#include <unistd.h>

#include <cmocka.h>

#include "judge/ledger.h"
#include "report/consumer.h"
#include "report/writer.h"

struct world {
	char folder[32], path[64];
	struct event_base *base;
	struct ledger *ledger;
	struct writer *writer;
	struct consumer *consumer;
};

/* Sequence numbers as they were written; the thread alone writes, the test reads when it is done.
 */
static long written[4096];
static volatile unsigned n_written;
static bool refuses; /* every write says "not now" */

static void *
prepare(struct json_object *row)
{
	long *seq = malloc(sizeof(*seq));

	*seq = json_object_get_int64(json_object_object_get(row, "seq"));
	return seq;
}

static bool
note(void *prepared)
{
	if (refuses)
		return false;
	written[n_written] = *(long *)prepared;
	n_written++;
	return true;
}

static const struct consumer_kind kept = { "test", prepare, note, free };
static const struct consumer_kind fleeting = { NULL, prepare, note, free };

static void
on_room(void *arg)
{
	struct world *w = arg;

	consumer_run(w->consumer);
}

static void
add_rows(struct world *w, unsigned n)
{
	static const char row[] = "{\"type\":\"notice\"}";
	char *why = NULL;

	assert_int_equal(ledger_begin(w->ledger), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(ledger_add_drift(w->ledger, 1, row, strlen(row)), 0);
	assert_int_equal(ledger_commit(w->ledger, &why), 0);
}

static void
start(struct world *w, const struct consumer_kind *kind)
{
	assert_int_equal(writer_new(&w->writer, w->base, on_room, w), 0);
	assert_int_equal(consumer_new(&w->consumer, kind, w->ledger, w->writer), 0);
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

	n_written = 0;
	refuses = false;
	strcpy(w->folder, "/tmp/plimsoll-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/l.db", w->folder);
	w->base = event_base_new();
	assert_int_equal(ledger_open(&w->ledger, w->path, &why), 0);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	struct world *w = *state;
	char path[80];

	stop(w);
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

static void
run_until_told(struct world *w, uint64_t seq)
{
	while (ledger_cursor(w->ledger, "test") < seq)
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
	assert_int_equal(ledger_cursor(w->ledger, "test"), 0);
	refuses = false;
	start(w, &kept);
	consumer_run(w->consumer);
	run_until_told(w, 3);
	assert_int_equal(n_written, 3);
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

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_all_rows_in_order),
		TEST(test_goes_on_where_it_stopped),
		TEST(test_what_was_not_written_is_told_again),
		TEST(test_without_cursor_begins_with_the_next_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
