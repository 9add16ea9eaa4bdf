/* SPDX-License-Identifier: Apache-2.0 */
#include "report/consumer.h"
#include "judge/ledger.h"
#include "report/fields.h"
#include "report/limiter.h"
#include "report/member.h"
#include "report/room.h"
#include "report/sent.h"
#include "report/writer.h"
#include "util/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

enum {
	ROWS_AT_ONCE = 64,
	WAIT_MAX_S = 60 * 60,
	ROOM_MS = 500, /* then the writer looks whether it is to end */
};

/* Of the record in which the ledger keeps what a limiter has left out. */
#define RECORD_LEFT_OUT "left-out"

struct consumer {
	const struct consumer_kind *kind;
	struct ledger *ledger;
	struct writer *writer;
	struct limiter *limiter; /* NULL: none */
	consumer_fix_fn *fix_of; /* NULL: nobody knows */
	void *fix_arg;
	struct event *due;   /* the next summary */
	char *folder;        /* of its notes; NULL: it takes none */
	struct sent *sent;   /* NULL: no notes */
	uint64_t read;       /* the last row handed to the writer, or left out */
	uint64_t told;       /* the last row that was written, or left out */
	uint64_t kept;       /* the cursor in the ledger */
	unsigned generation; /* of the ledger, which they are of */
	unsigned writing;    /* rows that the writer has */
	bool paused;
	bool left_out;  /* the ledger has a record of some */
	bool summed_up; /* which is older than a summary */
};

struct row_job {
	struct writer_job job; /* must be first */
	struct consumer *consumer;
	const struct consumer_kind *kind; /* the consumer may be gone when the job is dropped */
	uint64_t seq;
	unsigned generation; /* of the ledger */
	void *prepared;
	struct sent *sent; /* where it is noted; NULL: nowhere */
	struct sent_row row;
};

/* What was left out before the restart is still to be summed up. */
static int
read_left_out(struct consumer *c)
{
	_cleanup_(freep) char *text = NULL;
	struct json_object *state;
	int r;

	r = ledger_get_record(c->ledger, RECORD_LEFT_OUT, c->kind->cursor, &text);
	if (r == 0 && text != NULL) {
		state = json_tokener_parse(text);
		limiter_restore(c->limiter, state);
		(void)json_object_put(state);
		c->left_out = true;
	}
	return r == -ENOMEM ? r : 0;
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	consumer_run(arg);
}

/* Without notes all is told just the same, some of it twice. */
static void
open_notes(struct consumer *c)
{
	c->sent = sent_unref(c->sent);
	if (c->folder != NULL && c->kind->cursor != NULL && !ledger_waits(c->ledger))
		(void)sent_open(&c->sent, c->folder, c->kind->cursor, ledger_id(c->ledger));
}

/* Where it is in the ledger that is open now; one that is new to it begins behind `begin`. That is
 * kept at once: what comes from here on is told, whatever becomes of this life. */
static int
find_place(struct consumer *c, uint64_t begin)
{
	const char *cursor = c->kind->cursor;
	uint64_t at = begin;
	int r = cursor == NULL ? 0 : ledger_cursor(c->ledger, cursor, &at);

	if (r == LEDGER_E_NO_CURSOR) {
		at = begin;
		r = ledger_set_cursor(c->ledger, cursor, at);
	}
	if (r < 0)
		return r;
	open_notes(c);
	c->generation = ledger_generation(c->ledger);
	c->read = c->told = c->kept = at;
	return c->limiter == NULL || cursor == NULL ? 0 : read_left_out(c);
}

int
consumer_new(struct consumer **ret, const struct consumer_kind *kind, struct event_base *base,
    struct ledger *ledger, struct writer *writer, const char *folder, const struct limits *limits)
{
	_cleanup_(consumer_freep) struct consumer *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL)
		return -ENOMEM;
	c->kind = kind;
	c->ledger = ledger;
	c->writer = writer;
	c->folder = folder == NULL ? NULL : strdup(folder);
	if (folder != NULL && c->folder == NULL)
		return -ENOMEM;
	if (limits != NULL) {
		c->due = evtimer_new(base, on_due, c);
		if (c->due == NULL || limiter_new(&c->limiter, limits) != 0)
			return -ENOMEM;
	}
	r = find_place(c, ledger_last_seq(ledger));
	if (r < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

void
consumer_advise(struct consumer *c, consumer_fix_fn *fix_of, void *arg)
{
	c->fix_of = fix_of;
	c->fix_arg = arg;
}

void
consumer_limit(struct consumer *c, const struct limits *limits)
{
	if (c->limiter != NULL)
		limiter_set(c->limiter, limits);
}

void
consumer_pause(struct consumer *c, bool pause)
{
	c->paused = pause;
	consumer_run(c);
}

/* The record of what is left out, written or, where nothing is, forgotten. */
static int
put_left_out(struct consumer *c, struct json_object *state)
{
	bool any = json_object_array_length(state) > 0;
	const char *text = member_line(state);

	if (!any && !c->left_out)
		return 0;
	return ledger_put_record(
	    c->ledger, RECORD_LEFT_OUT, c->kind->cursor, any ? INT64_MAX : 0, text, strlen(text));
}

/* What is left out, and up to where, are of one piece: kept together or not at all. */
static int
keep_both(struct consumer *c, struct json_object *state)
{
	_cleanup_(freep) char *why = NULL;
	int r;

	r = ledger_begin(c->ledger);
	if (r == 0)
		r = ledger_set_cursor(c->ledger, c->kind->cursor, c->told);
	if (r == 0)
		r = put_left_out(c, state);
	if (r == 0)
		r = ledger_commit(c->ledger, &why);
	else
		ledger_rollback(c->ledger);
	if (r == 0)
		c->left_out = json_object_array_length(state) > 0;
	return r;
}

/* Each is a commit: one for all that was written since the last. One that fails is tried again with
 * the next row; at worst rows are told twice. What is left out is known up to the last row that was
 * read, so it is kept when that one is written. */
static void
keep_cursor(struct consumer *c)
{
	struct json_object *state;
	bool any;

	if (c->kind->cursor == NULL || (c->told == c->kept && !c->summed_up))
		return;
	state = c->limiter == NULL ? json_object_new_array() : limiter_state(c->limiter);
	any = c->left_out || c->summed_up || json_object_array_length(state) > 0;
	if (state != NULL && (!any || c->writing == 0) && keep_both(c, state) == 0) {
		c->kept = c->told;
		c->summed_up = false;
	}
	(void)json_object_put(state);
}

struct consumer *
consumer_free(struct consumer *c)
{
	if (c == NULL)
		return NULL;
	keep_cursor(c);
	if (c->due != NULL)
		event_free(c->due);
	(void)limiter_free(c->limiter);
	(void)sent_unref(c->sent);
	free(c->folder);
	free(c);
	return NULL;
}

static bool
job_write(struct writer_job *job)
{
	struct row_job *row = (struct row_job *)job;
	enum room room =
	    row->kind->socket == NULL ? ROOM_UNKNOWN : room_wait(row->kind->socket, ROOM_MS);
	bool counts = row->sent != NULL && room == ROOM_IS_THERE, written;

	if (room == ROOM_NONE)
		return false;
	/* A try that can wait for room says nothing of what the other side has. */
	if (counts)
		sent_try(row->sent, &row->row);
	written = row->kind->write(row->prepared);
	if (row->sent != NULL && written)
		sent_note(row->sent, &row->row);
	else if (counts)
		sent_untry(row->sent, &row->row);
	return written;
}

static void
job_drop(struct writer_job *job)
{
	struct row_job *row = (struct row_job *)job;

	row->kind->free(row->prepared);
	(void)sent_unref(row->sent);
	free(row);
}

static void
job_done(struct writer_job *job)
{
	struct row_job *row = (struct row_job *)job;
	struct consumer *c = row->consumer;

	/* What was left out behind the last one that is written needs no writing. */
	c->writing--;
	if (c->generation == row->generation)
		c->told = c->writing == 0 ? c->read : row->seq;
	job_drop(job);
}

/* By the rules of now: a row may be older than they are. Without memory it goes without. */
static void
add_fix(const struct consumer *c, struct json_object *row)
{
	const char *rule = fields_rule(row);
	const char *fix = c->fix_of == NULL || *rule == '\0' ? NULL : c->fix_of(c->fix_arg, rule);

	if (fix != NULL)
		(void)member_put_text(row, "fix", fix);
}

/* Hands a row to the writer; `seq`: the last row of the ledger that is told with it; `note`: what
 * is noted then, or NULL. 0 or -ENOMEM. */
static int
hand(struct consumer *c, struct json_object *row, uint64_t seq, const struct sent_row *note)
{
	struct row_job *job = calloc(1, sizeof(*job));

	add_fix(c, row);
	if (job != NULL)
		job->prepared = c->kind->prepare(row);
	if (job == NULL || job->prepared == NULL) {
		free(job);
		return -ENOMEM;
	}
	job->job.write = job_write;
	job->job.done = job_done;
	job->job.drop = job_drop;
	job->consumer = c;
	job->kind = c->kind;
	job->seq = seq;
	job->generation = c->generation;
	if (note != NULL) {
		job->sent = sent_ref(c->sent);
		job->row = *note;
	}
	c->writing++;
	writer_add(c->writer, &job->job);
	return 0;
}

/* Hands over the summaries that are due. Other than 0: no room, or no memory. */
static int
sum_up(struct consumer *c, int64_t now_ms)
{
	struct json_object *row;
	int r = 0;

	while (r == 0 && c->limiter != NULL && limiter_due_ms(c->limiter) <= now_ms) {
		row = writer_is_full(c->writer) ? NULL : limiter_summary(c->limiter, now_ms, false);
		r = row == NULL ? 1 : hand(c, row, c->read, NULL);
		c->summed_up |= row != NULL;
		(void)json_object_put(row);
	}
	return r;
}

/* Rows that are not kept any more were never told here: that much is said. */
static int
say_truncated(struct consumer *c, uint64_t seq)
{
	struct json_object *row = json_object_new_object(), *notice = json_object_new_object();
	int r = row == NULL || notice == NULL ? -ENOMEM : 0;

	if (r == 0)
		r = member_put_time(row, "time", clock_realtime_ms());
	if (r == 0)
		r = member_put_text(row, "type", "notice");
	if (r == 0)
		r = member_put_text(notice, "kind", "truncated");
	if (r == 0)
		r = member_put_int(notice, "first", (int64_t)seq);
	if (r == 0)
		r = member_put(row, "notice", json_object_get(notice));
	if (r == 0)
		r = hand(c, row, c->read, NULL);
	if (r == 0)
		c->read = seq - 1;
	(void)json_object_put(notice);
	(void)json_object_put(row);
	return r;
}

/* A life that was killed has told it already. What was added since the ledger was opened is of this
 * life. */
static bool
is_told(const struct consumer *c, const struct sent_row *row)
{
	return c->sent != NULL && row->seq <= ledger_opened_at(c->ledger) && sent_has(c->sent, row);
}

/* Hands over one row, if it is told. Other than 0: no room, or no memory; it is read again later.
 */
static int
take_row(struct consumer *c, struct json_object *json, const struct sent_row *row)
{
	uint64_t seq = row->seq;
	int r = 0;

	if (!writer_is_full(c->writer) && seq > c->read + 1)
		r = say_truncated(c, seq);
	if (r == 0 && c->limiter != NULL)
		r = sum_up(c, limiter_time_of(json));
	if (r != 0)
		return r;
	if (writer_is_full(c->writer))
		return 1;
	if (!is_told(c, row) && (c->limiter == NULL || limiter_take(c->limiter, json)))
		r = hand(c, json, seq, row);
	if (r != 0)
		return r;
	c->read = seq;
	if (c->writing == 0)
		c->told = seq;
	return 0;
}

static int
take(void *arg, uint64_t seq, const char *line, size_t len)
{
	struct json_object *json = json_tokener_parse(line);
	const struct sent_row row = sent_row_of(seq, line, len);
	int r = take_row(arg, json, &row);

	(void)json_object_put(json);
	return r;
}

static void
read_rows(struct consumer *c)
{
	while (c->read < ledger_last_seq(c->ledger)) {
		uint64_t before = c->read;

		if (ledger_each_row(c->ledger, before, ROWS_AT_ONCE, take, c) != 0 ||
		    c->read == before)
			return;
	}
}

/* Clocks are set, so it never sleeps for long. */
static void
wait_until_due(struct consumer *c)
{
	int64_t due_ms = limiter_due_ms(c->limiter), in_ms = due_ms - clock_realtime_ms();
	struct timeval in = { WAIT_MAX_S, 0 };

	if (due_ms == INT64_MAX) {
		(void)evtimer_del(c->due);
		return;
	}
	if (in_ms < 1)
		in_ms = 1;
	if (in_ms < WAIT_MAX_S * 1000)
		in = (struct timeval){ in_ms / 1000, in_ms % 1000 * 1000 };
	(void)evtimer_add(c->due, &in);
}

void
consumer_run(struct consumer *c)
{
	if (ledger_waits(c->ledger))
		return;
	/* All that a ledger was given since it was opened is news. */
	if (c->generation != ledger_generation(c->ledger) &&
	    find_place(c, ledger_opened_at(c->ledger)) < 0)
		return;
	keep_cursor(c);
	if (c->paused) {
		if (c->due != NULL)
			(void)evtimer_del(c->due);
		return;
	}
	read_rows(c);
	if (c->limiter != NULL && c->read == ledger_last_seq(c->ledger)) {
		(void)sum_up(c, clock_realtime_ms());
		wait_until_due(c);
	}
	/* Where all was left out, nothing comes back from the writer. */
	if (c->writing == 0)
		keep_cursor(c);
}

void
consumer_end(struct consumer *c)
{
	struct json_object *row;

	consumer_run(c);
	while (!c->paused && c->limiter != NULL && !writer_is_full(c->writer) &&
	       (row = limiter_summary(c->limiter, clock_realtime_ms(), true)) != NULL) {
		c->summed_up |= hand(c, row, c->read, NULL) == 0;
		(void)json_object_put(row);
	}
}
