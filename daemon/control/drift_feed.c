/* SPDX-License-Identifier: Apache-2.0 */
#include "control/drift_feed.h"
#include "control/filter_finding.h"
#include "control/query.h"
#include "control/server.h"
#include "report/member.h"
#include "util/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

/* Read in one turn of the event loop. */
enum {
	ROWS_AT_ONCE = 256,
	BYTES_AT_ONCE = 32 * 1024, /* and one row */
};

struct drift_feed {
	struct drift_feeds *all;
	struct drift_feed *next, **at; /* in the list */
	struct feed *feed;
	struct event *again; /* the next turn, where nothing has to drain first */
	struct filter *filter;
	uint64_t read;                                       /* the last row that was read */
	unsigned generation;                                 /* of the ledger, which it is of */
	char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE]; /* "" for none; until is not in it */
	bool follow, caught_up;
	bool live; /* has caught up once: who then doesn't read is cut off */
};

struct drift_feeds {
	struct event_base *base;
	const struct judge *judge;
	struct ledger *ledger;
	struct drift_feed *first;
	struct event *news; /* rows may be new: those who wait get them when there is time */
};

static const char *const own_params[] = { "after", "follow", "since", "until", NULL };

static void
feed_free(struct drift_feed *f)
{
	if (f->at != NULL) {
		*f->at = f->next;
		if (f->next != NULL)
			f->next->at = f->at;
	}
	if (f->again != NULL)
		event_free(f->again);
	(void)filter_free(f->filter);
	free(f);
}

/* Not all loops have priorities. */
static struct event *
timer_new(struct event_base *base, event_callback_fn fn, void *arg)
{
	struct event *timer = evtimer_new(base, fn, arg);

	if (timer != NULL)
		(void)event_priority_set(timer, SERVER_PRIORITY);
	return timer;
}

/* --- rows --- */

struct turn {
	struct drift_feed *f;
	struct evbuffer *data;
	unsigned rows;
	size_t bytes;
	bool over; /* past `until` */
};

static bool
is_meant(const struct drift_feed *f, struct json_object *row)
{
	if (*f->since != '\0' && strcmp(member_text(row, "time"), f->since) < 0)
		return false;
	return filter_is_empty(f->filter) || filter_matches_row(f->filter, f->all->judge, row);
}

static bool
is_enough(const struct turn *turn)
{
	return turn->rows >= ROWS_AT_ONCE || turn->bytes >= BYTES_AT_ONCE;
}

/* Puts one row, if it is meant. Times grow with the sequence, but for clocks that were set. */
static int
put_row(void *arg, uint64_t seq, const char *line, size_t len)
{
	struct turn *turn = arg;
	struct drift_feed *f = turn->f;
	struct json_object *row = NULL;
	bool meant = true;

	f->read = seq;
	turn->rows++;
	turn->bytes += len;
	if (!filter_is_empty(f->filter) || *f->since != '\0' || *f->until != '\0') {
		row = json_tokener_parse(line);
		turn->over = *f->until != '\0' && strcmp(member_text(row, "time"), f->until) >= 0;
		meant = !turn->over && is_meant(f, row);
		(void)json_object_put(row);
	}
	if (meant &&
	    (evbuffer_add(turn->data, line, len) != 0 || evbuffer_add(turn->data, "\n", 1) != 0))
		return -ENOMEM;
	return turn->over || is_enough(turn);
}

static void
end_feed(struct drift_feed *f)
{
	(void)feed_end(f->feed);
	feed_free(f);
}

static void
cut_feed(struct drift_feed *f)
{
	(void)feed_cut(f->feed);
	feed_free(f);
}

/* After a turn: on with the rest, wait for more, or the end. */
static void
go_on(struct drift_feed *f, const struct turn *turn, bool put)
{
	static const struct timeval now = { 0 };

	f->caught_up = !is_enough(turn) && !turn->over;
	f->live |= f->caught_up;
	if (turn->over || (f->caught_up && !f->follow))
		end_feed(f);
	else if (!f->caught_up && !put)
		(void)event_add(f->again, &now); /* nothing was meant: nothing drains */
}

/* One turn: some rows more. */
static void
pump(struct drift_feed *f)
{
	struct turn turn = { .f = f, .data = evbuffer_new() };
	bool put;
	int r = turn.data == NULL
		    ? -ENOMEM
		    : ledger_each_row(f->all->ledger, f->read, ROWS_AT_ONCE, put_row, &turn);

	if (r < 0) {
		cut_feed(f);
	} else {
		put = evbuffer_get_length(turn.data) > 0;
		if (put)
			feed_put(f->feed, turn.data);
		if (f->live && feed_is_full(f->feed)) {
			(void)feed_cut_full(f->feed);
			feed_free(f);
		} else {
			go_on(f, &turn, put);
		}
	}
	if (turn.data != NULL)
		evbuffer_free(turn.data);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	pump(arg);
}

static void
on_drained(void *arg)
{
	struct drift_feed *f = arg;

	if (!f->caught_up)
		pump(f);
}

static void
on_closed(void *arg)
{
	feed_free(arg);
}

static void
on_news(evutil_socket_t fd, short what, void *arg)
{
	struct drift_feeds *d = arg;
	struct drift_feed *next;

	for (struct drift_feed *f = d->first; f != NULL; f = next) {
		next = f->next;
		/* Its numbers mean nothing in another ledger: it may ask again. */
		if (f->generation != ledger_generation(d->ledger))
			cut_feed(f);
		/* One who is still catching up reads the new ones when it comes to them. */
		else if (f->live)
			pump(f);
	}
}

void
drift_feeds_run(struct drift_feeds *d)
{
	if (d->first != NULL)
		event_active(d->news, EV_TIMEOUT, 0);
}

/* --- requests --- */

/* "YYYY-MM-DDTHH:MM:SS.mmmZ", as rows have it: texts compare as times do. */
static bool
take_time(const char *text, char *ret)
{
	if (text == NULL)
		return true;
	if (strlen(text) != CLOCK_TEXT_SIZE - 1 || text[10] != 'T' ||
	    text[CLOCK_TEXT_SIZE - 2] != 'Z')
		return false;
	memcpy(ret, text, CLOCK_TEXT_SIZE);
	return true;
}

static bool
take_params(struct drift_feed *f, const struct request *rq)
{
	const char *after = request_param(rq, "after"), *follow = request_param(rq, "follow");
	char *end = NULL;

	if (after != NULL) {
		errno = 0;
		f->read = strtoull(after, &end, 10);
		if (*after < '0' || *after > '9' || *end != '\0' || errno != 0)
			return false;
	}
	f->follow = follow != NULL && strcmp(follow, "1") == 0;
	if (follow != NULL && !f->follow && strcmp(follow, "0") != 0)
		return false;
	return take_time(request_param(rq, "since"), f->since) &&
	       take_time(request_param(rq, "until"), f->until);
}

/* What was asked for is not kept any more, or was another ledger's: said first, and all that is
 * kept follows. It has the number before the first row, so that whoever resumes goes on rightly. */
static int
say_truncated(struct drift_feed *f)
{
	struct ledger *ledger = f->all->ledger;
	uint64_t first = ledger_first_seq(ledger), last = ledger_last_seq(ledger);
	char now[CLOCK_TEXT_SIZE];
	struct evbuffer *data;

	if (f->read == 0 || (f->read <= last && (first == 0 || f->read + 1 >= first)))
		return 0;
	data = evbuffer_new();
	if (data == NULL)
		return -ENOMEM;
	f->read = first == 0 ? 0 : first - 1;
	clock_text(clock_realtime_ms(), now);
	(void)evbuffer_add_printf(data,
	    "{\"ledger\":\"%s\",\"seq\":%llu,\"time\":\"%s\",\"type\":\"notice\","
	    "\"notice\":{\"kind\":\"truncated\",\"first\":%llu}}\n",
	    ledger_id(ledger), (unsigned long long)f->read, now, (unsigned long long)first);
	feed_put(f->feed, data);
	evbuffer_free(data);
	return 0;
}

static struct drift_feed *
drift_feed_new(struct drift_feeds *d, struct request *rq)
{
	struct drift_feed *f = calloc(1, sizeof(*f));

	if (f != NULL)
		f->again = timer_new(d->base, on_again, f);
	if (f == NULL || f->again == NULL) {
		request_fail(rq, 500, "out of memory", "try again");
		free(f);
		return NULL;
	}
	f->all = d;
	f->generation = ledger_generation(d->ledger);
	if (!take_params(f, rq)) {
		request_fail(rq, 400,
		    "after is a number, follow is 0 or 1, since and until are times",
		    "?after=17&since=2026-11-23T17:00:00.000Z");
		feed_free(f);
		return NULL;
	}
	f->filter = query_filter(rq, judge_rulebook(d->judge), own_params);
	if (f->filter == NULL) {
		feed_free(f);
		return NULL;
	}
	return f;
}

void
drift_feeds_open(struct drift_feeds *d, struct request *rq)
{
	struct feed_handlers handlers = { .on_drained = on_drained, .on_closed = on_closed };
	struct drift_feed *f;

	if (ledger_waits(d->ledger)) {
		request_fail(rq, 503, "the ledger can't be opened yet",
		    "findings are kept in memory meanwhile; the daemon's log says why");
		return;
	}
	f = drift_feed_new(d, rq);
	if (f == NULL)
		return;
	handlers.arg = f;
	if (request_feed(rq, &f->feed, "application/x-ndjson", &handlers) != 0) {
		feed_free(f);
		return;
	}
	f->at = &d->first;
	f->next = d->first;
	if (f->next != NULL)
		f->next->at = &f->next;
	d->first = f;
	if (say_truncated(f) != 0)
		cut_feed(f);
	else
		pump(f);
}

/* --- life --- */

int
drift_feeds_new(struct drift_feeds **ret, struct event_base *base, const struct judge *judge,
    struct ledger *ledger)
{
	_cleanup_(drift_feeds_freep) struct drift_feeds *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	d->base = base;
	d->judge = judge;
	d->ledger = ledger;
	d->news = timer_new(base, on_news, d);
	if (d->news == NULL)
		return -ENOMEM;
	*ret = TAKE(d);
	return 0;
}

struct drift_feeds *
drift_feeds_free(struct drift_feeds *d)
{
	if (d == NULL)
		return NULL;
	if (d->news != NULL)
		event_free(d->news);
	free(d);
	return NULL;
}
