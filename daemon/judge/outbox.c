/* SPDX-License-Identifier: Apache-2.0
 *
 * What waits to be committed. While the store can't be written it stays here, and the same rows are
 * tried again; findings themselves are in memory all the while. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

enum {
	ROWS_MAX = 10000, /* beyond, the oldest are forgotten, counted and said */
	RETRY_FIRST_MS = 1000,
	RETRY_MAX_MS = 60 * 1000,
	REPLACE_LEAST_MS = 60 * 1000, /* a disk that breaks every ledger gets no more than that */
	LOG_MAX = 4 * 1024 * 1024,    /* bytes of the store's log at which it is worked in soon */
	IDLE_MS = 5000,
	IDLE_SOON_MS = 50,
};

static void
row_clear(struct row *row)
{
	free(row->body);
	*row = (struct row){ 0 };
}

static void
put_clear(struct put *put)
{
	free(put->id);
	free(put->state);
	*put = (struct put){ 0 };
}

static void
record_clear(struct record *record)
{
	free(record->id);
	free(record->body);
	*record = (struct record){ 0 };
}

static void
outbox_clear(struct outbox *box)
{
	for (size_t i = 0; i < box->n_rows; i++)
		row_clear(&box->rows[i]);
	for (size_t i = 0; i < box->n_puts; i++)
		put_clear(&box->puts[i]);
	for (size_t i = 0; i < box->n_records; i++)
		record_clear(&box->records[i]);
	free(box->rows);
	free(box->puts);
	free(box->records);
	box->rows = NULL;
	box->puts = NULL;
	box->records = NULL;
	box->n_rows = box->n_puts = box->n_records = 0;
}

/* Room for one more element; arrays grow by 64. NULL when out of memory. */
static void *
grown(void *array, size_t n, size_t size)
{
	return n % 64 != 0 ? array : reallocarray(array, n + 64, size);
}

static void
forget_oldest(struct judge *j)
{
	struct outbox *box = &j->outbox;

	row_clear(&box->rows[0]);
	box->n_rows--;
	memmove(&box->rows[0], &box->rows[1], box->n_rows * sizeof(*box->rows));
	box->dropped++;
	j->counters.drops++;
}

int
outbox_row(struct judge *j, struct json_object *body)
{
	struct outbox *box = &j->outbox;
	const char *text = NULL;
	struct row *rows;
	size_t len = 0;

	if (body != NULL)
		text = json_object_to_json_string_length(
		    body, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (box->n_rows == ROWS_MAX)
		forget_oldest(j);
	rows = text == NULL ? NULL : grown(box->rows, box->n_rows, sizeof(*rows));
	if (rows != NULL) {
		box->rows = rows;
		rows[box->n_rows] = (struct row){ clock_realtime_ms(), strdup(text), len };
	}
	json_object_put(body);
	if (rows == NULL || rows[box->n_rows].body == NULL)
		return -ENOMEM;
	box->n_rows++;
	return 0;
}

static struct put *
find_put(const struct outbox *box, int kind, const char *id)
{
	for (size_t i = box->n_puts; i > 0; i--)
		if (box->puts[i - 1].kind == kind && strcmp(box->puts[i - 1].id, id) == 0)
			return &box->puts[i - 1];
	return NULL;
}

/* Takes the state; NULL: the subject is gone. */
int
outbox_put(struct judge *j, int kind, const char *id, char *state)
{
	struct outbox *box = &j->outbox;
	struct put *put = box->failing ? find_put(box, kind, id) : NULL, *puts;

	if (!ledger_has_store(j->ledger)) {
		free(state);
		return 0;
	}
	if (put != NULL) {
		free(put->state);
		put->state = state;
		return 0;
	}
	puts = grown(box->puts, box->n_puts, sizeof(*puts));
	if (puts != NULL) {
		box->puts = puts;
		puts[box->n_puts] = (struct put){ kind, strdup(id), state };
		if (puts[box->n_puts].id != NULL) {
			box->n_puts++;
			return 0;
		}
	}
	free(state);
	return -ENOMEM;
}

const char *
outbox_state(const struct judge *j, int kind, const char *id)
{
	const struct put *put = find_put(&j->outbox, kind, id);

	return put == NULL ? NULL : put->state;
}

/* Takes the body. */
int
outbox_record(struct judge *j, const char *kind, const char *id, int64_t until_ms, char *body)
{
	struct outbox *box = &j->outbox;
	struct record *records;

	records = ledger_has_store(j->ledger)
		      ? grown(box->records, box->n_records, sizeof(*records))
		      : NULL;
	if (records != NULL) {
		box->records = records;
		records[box->n_records] = (struct record){ kind, strdup(id), body, until_ms };
		if (records[box->n_records].id != NULL) {
			box->n_records++;
			return 0;
		}
	}
	free(body);
	return ledger_has_store(j->ledger) ? -ENOMEM : 0;
}

int
outbox_read_record(const struct judge *j, const char *kind, const char *id, char **ret)
{
	const struct outbox *box = &j->outbox;

	for (size_t i = box->n_records; i > 0; i--) {
		const struct record *record = &box->records[i - 1];

		if (strcmp(record->kind, kind) != 0 || strcmp(record->id, id) != 0)
			continue;
		*ret = strdup(record->body);
		return *ret == NULL ? -ENOMEM : 0;
	}
	return ledger_get_record(j->ledger, kind, id, ret);
}

/* Failures are the ledger's to remember: ledger_commit() reports the first. */
static void
write_all(struct judge *j)
{
	const struct outbox *box = &j->outbox;

	(void)ledger_begin(j->ledger);
	for (size_t i = 0; i < box->n_rows; i++)
		(void)ledger_add_drift(
		    j->ledger, box->rows[i].time_ms, box->rows[i].body, box->rows[i].len);
	for (size_t i = 0; i < box->n_puts; i++) {
		const struct put *put = &box->puts[i];

		if (put->state == NULL)
			(void)ledger_drop_subject(j->ledger, put->kind, put->id);
		else
			(void)ledger_put_subject(
			    j->ledger, put->kind, put->id, put->state, strlen(put->state));
	}
	for (size_t i = 0; i < box->n_records; i++)
		(void)ledger_put_record(j->ledger, box->records[i].kind, box->records[i].id,
		    box->records[i].until_ms, box->records[i].body, strlen(box->records[i].body));
	if (box->n_records > 0)
		(void)ledger_drop_records_before(j->ledger, clock_realtime_ms());
}

/* Rows about the daemon itself stay true. */
static bool
is_own_notice(const struct row *row)
{
	struct json_object *json = json_tokener_parse(row->body), *notice = NULL, *kind = NULL;
	bool own;

	(void)json_object_object_get_ex(json, "notice", &notice);
	own = json_object_object_get_ex(notice, "kind", &kind) &&
	      strcmp(json_object_get_string(kind), "baseline") != 0;
	json_object_put(json);
	return own;
}

void
outbox_forget_drift(struct judge *j)
{
	struct outbox *box = &j->outbox;
	size_t kept = 0;

	for (size_t i = 0; i < box->n_rows; i++) {
		if (is_own_notice(&box->rows[i]))
			box->rows[kept++] = box->rows[i];
		else
			row_clear(&box->rows[i]);
	}
	box->n_rows = kept;
	for (size_t i = 0; i < box->n_puts; i++)
		put_clear(&box->puts[i]);
	box->n_puts = 0;
}

static void
say_failing(struct judge *j, int r, const char *why)
{
	_cleanup_(freep) char *text = NULL;

	if (asprintf(&text,
		"the ledger can't be written: %s: %s; findings are kept in memory, and it is "
		"tried again",
		strerror(-r), why == NULL ? "no reason given" : why) < 0)
		text = NULL;
	judge_trouble(j, text == NULL ? "the ledger can't be written" : text);
}

static void
retry_later(struct judge *j)
{
	struct outbox *box = &j->outbox;
	struct timeval in = { box->retry_ms / 1000, box->retry_ms % 1000 * 1000 };

	(void)evtimer_add(box->retry, &in);
	box->retry_ms = box->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : box->retry_ms * 2;
}

static void
say_dropped(struct judge *j)
{
	struct object more = object_begin();

	object_int(&more, "count", (int64_t)j->outbox.dropped);
	object_string(&more, "why", "the ledger could not be written for too long");
	j->outbox.dropped = 0;
	(void)judge_notice(j, "dropped", object_end(&more));
}

void
outbox_plan_idle(struct judge *j)
{
	bool soon = ledger_log_bytes(j->ledger) > LOG_MAX;
	struct timeval in = { soon ? 0 : IDLE_MS / 1000, soon ? IDLE_SOON_MS * 1000 : 0 };

	if (ledger_has_store(j->ledger))
		(void)evtimer_add(j->idle, &in);
}

/* Opens the ledger if it waits, and one that is broken is replaced. */
static int
commit_all(struct judge *j, char **retwhy)
{
	struct outbox *box = &j->outbox;
	int r = 0;

	if (ledger_waits(j->ledger))
		r = late_open(j, retwhy);
	/* Before the first look is over, nothing is committed. */
	if (r < 0 || j->baseline)
		return r;
	write_all(j);
	r = ledger_commit(j->ledger, retwhy);
	if (r != -EBADMSG ||
	    (box->replaced_ms != 0 && clock_monotonic_ms() - box->replaced_ms < REPLACE_LEAST_MS))
		return r;
	box->replaced_ms = clock_monotonic_ms();
	free(*retwhy);
	*retwhy = NULL;
	r = late_replace(j);
	if (r < 0)
		return r;
	write_all(j);
	return ledger_commit(j->ledger, retwhy);
}

static void
try_commit(struct judge *j)
{
	_cleanup_(freep) char *why = NULL;
	struct outbox *box = &j->outbox;
	bool failed_before = box->failing, rows;
	int r;

	r = commit_all(j, &why);
	rows = box->n_rows > 0;
	if (r < 0) {
		box->failing = true;
		retry_later(j);
		if (!failed_before)
			say_failing(j, r, why);
		return;
	}
	box->failing = false;
	box->retry_ms = RETRY_FIRST_MS;
	(void)evtimer_del(box->retry);
	if (failed_before)
		judge_trouble(j, "the ledger can be written again");
	if (j->baseline)
		return;
	outbox_clear(box);
	outbox_plan_idle(j);
	if (rows && j->handlers.on_committed != NULL)
		j->handlers.on_committed(j->handlers.arg);
	if (box->dropped > 0)
		say_dropped(j);
}

void
outbox_dirty(struct judge *j, struct entry *e)
{
	e->dirty = j->outbox.dirty = true;
}

static void
save_dirty(struct judge *j)
{
	if (!j->outbox.dirty)
		return;
	for (size_t i = 0; i < j->n_entries; i++) {
		struct entry *e = j->entries[i];

		if (!e->dirty)
			continue;
		if (ledger_has_store(j->ledger) && state_save(j, e) < 0) {
			judge_trouble(j, "out of memory");
			judge_schedule(j, RETRY_MS);
			return;
		}
		e->dirty = false;
	}
	j->outbox.dirty = false;
}

void
outbox_flush(struct judge *j)
{
	struct outbox *box = &j->outbox;

	if (j->baseline)
		return;
	save_dirty(j);
	if (box->n_rows + box->n_puts + box->n_records == 0)
		return;
	if (!box->failing)
		try_commit(j);
}

static void
on_retry(evutil_socket_t fd, short events, void *arg)
{
	try_commit(arg);
}

static void
on_idle(evutil_socket_t fd, short events, void *arg)
{
	struct judge *j = arg;

	(void)ledger_checkpoint(j->ledger);
	/* What a burst of containers took is free now, but in pieces that malloc keeps. */
	(void)malloc_trim(0);
}

int
outbox_init(struct judge *j)
{
	j->outbox.retry_ms = RETRY_FIRST_MS;
	j->outbox.retry = evtimer_new(j->base, on_retry, j);
	j->idle = evtimer_new(j->base, on_idle, j);
	if (j->outbox.retry == NULL || j->idle == NULL)
		return -ENOMEM;
	j->outbox.failing = ledger_waits(j->ledger);
	if (j->outbox.failing)
		retry_later(j);
	return 0;
}

void
outbox_deinit(struct judge *j)
{
	outbox_clear(&j->outbox);
	if (j->outbox.retry != NULL)
		event_free(j->outbox.retry);
	if (j->idle != NULL)
		event_free(j->idle);
}
