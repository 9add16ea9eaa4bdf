/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/ledger.h"

#include "judge/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-id128.h>

enum {
	ID_TEXT = 37, /* a UUID and its zero */
};

struct ledger {
	struct store *store; /* NULL: none, or none yet */
	char *path;          /* NULL: there will be none */
	unsigned generation;
	uint64_t opened_at; /* last_seq then */
	char id[ID_TEXT];
	uint64_t last_seq; /* committed */
	uint64_t pending;  /* rows of the open transaction */
	bool fresh;        /* nothing was ever committed */
	bool open;         /* a transaction is */
	int failure;       /* -errno of the first failure within it */
	char *failure_text;
	char *line; /* room for a row */
	size_t line_size;
};

/* Remembers the first failure of a transaction: commit reports it. */
static int
failed(struct ledger *l, int r)
{
	if (r < 0 && l->open && l->failure == 0) {
		l->failure = r;
		l->failure_text =
		    strdup(l->store == NULL ? "it is not open" : sqlite3_errmsg(l->store->db));
	}
	return r;
}

static int
bind_text(sqlite3_stmt *statement, int at, const char *text, size_t len)
{
	return sqlite3_bind_text64(statement, at, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

static int
new_id(char id[static ID_TEXT])
{
	sd_id128_t random;
	int r;

	r = sd_id128_randomize(&random);
	if (r < 0)
		return r;
	(void)snprintf(id, ID_TEXT, SD_ID128_UUID_FORMAT_STR, SD_ID128_FORMAT_VAL(random));
	return 0;
}

/* The id of the store, made at the first start. */
static int
read_id(struct ledger *l)
{
	sqlite3_stmt *statement = store_statement(l->store, STORE_META);
	bool found;
	int r;

	if (statement == NULL)
		return store_errno(l->store);
	(void)bind_text(statement, 1, "id", 2);
	found = sqlite3_step(statement) == SQLITE_ROW;
	if (found)
		(void)snprintf(
		    l->id, sizeof(l->id), "%s", (const char *)sqlite3_column_text(statement, 0));
	(void)sqlite3_reset(statement);
	if (found)
		return 0;
	r = new_id(l->id);
	if (r < 0)
		return r;
	statement = store_statement(l->store, STORE_SET_META);
	(void)bind_text(statement, 1, "id", 2);
	(void)bind_text(statement, 2, l->id, strlen(l->id));
	return store_run(l->store, statement);
}

static int
any_subject(void *arg, int kind, const char *id, const char *state, size_t len)
{
	return 1;
}

static int
read_place(struct ledger *l)
{
	int64_t last = 0;
	int r;

	r = store_number(l->store, store_statement(l->store, STORE_LAST_SEQ), &last);
	if (r < 0)
		return r;
	l->last_seq = (uint64_t)last;
	r = ledger_each_subject(l, any_subject, NULL);
	if (r < 0)
		return r;
	l->fresh = last == 0 && r == 0;
	return 0;
}

/* Takes up what a store holds. */
static int
take_store(struct ledger *l, struct store *store, char **retwhy)
{
	int r;

	l->store = store;
	r = read_id(l);
	if (r == 0)
		r = read_place(l);
	if (r == 0) {
		l->opened_at = l->last_seq;
		l->generation++;
		return 0;
	}
	l->store = store_free(store);
	l->id[0] = '\0';
	l->last_seq = 0;
	l->fresh = true;
	free(*retwhy);
	if (asprintf(retwhy, "%s: %s", l->path, strerror(-r)) < 0)
		*retwhy = NULL;
	return r;
}

int
ledger_retry(struct ledger *l, char **retwhy)
{
	struct store *store = NULL;
	int opened, r;

	opened = store_open(&store, l->path, retwhy);
	if (opened < 0)
		return opened;
	r = take_store(l, store, retwhy);
	if (r < 0)
		return r;
	return opened == STORE_E_SET_ASIDE ? LEDGER_E_SET_ASIDE : 0;
}

int
ledger_replace(struct ledger *l, char **retwhy)
{
	struct store *store = NULL;
	int r;

	l->store = store_free(l->store);
	l->id[0] = '\0';
	l->last_seq = 0;
	l->fresh = true;
	r = store_open_anew(&store, l->path, "it is broken", retwhy);
	return r < 0 ? r : take_store(l, store, retwhy);
}

/* Who else has it, or what we lack, doesn't pass by waiting. */
static bool
may_wait(int r)
{
	return r != -EBUSY && r != -ENOMEM;
}

int
ledger_open(struct ledger **ret, const char *path, char **retwhy)
{
	_cleanup_(ledger_freep) struct ledger *l = calloc(1, sizeof(*l));
	int r;

	if (l == NULL)
		return -ENOMEM;
	l->fresh = true;
	if (path == NULL) {
		r = new_id(l->id);
	} else {
		l->path = strdup(path);
		r = l->path == NULL ? -ENOMEM : ledger_retry(l, retwhy);
		if (r < 0 && may_wait(r))
			r = LEDGER_E_WAITS;
	}
	if (r < 0)
		return r;
	*ret = TAKE(l);
	return r;
}

struct ledger *
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return NULL;
	ledger_rollback(l);
	store_free(l->store);
	free(l->path);
	free(l->line);
	free(l);
	return NULL;
}

bool
ledger_waits(const struct ledger *l)
{
	return l->path != NULL && l->store == NULL;
}

unsigned
ledger_generation(const struct ledger *l)
{
	return l->generation;
}

uint64_t
ledger_opened_at(const struct ledger *l)
{
	return l->opened_at;
}

bool
ledger_has_store(const struct ledger *l)
{
	return l->path != NULL;
}

bool
ledger_is_new(const struct ledger *l)
{
	return l->fresh;
}

const char *
ledger_id(const struct ledger *l)
{
	return l->id;
}

uint64_t
ledger_last_seq(const struct ledger *l)
{
	return l->last_seq;
}

static void
forget_transaction(struct ledger *l)
{
	l->open = false;
	l->pending = 0;
	l->failure = 0;
	free(l->failure_text);
	l->failure_text = NULL;
}

int
ledger_begin(struct ledger *l)
{
	int r = 0;

	forget_transaction(l);
	l->open = true;
	if (ledger_waits(l))
		r = failed(l, -ENODEV);
	else if (l->store != NULL)
		r = failed(l, store_run(l->store, store_statement(l->store, STORE_BEGIN)));
	return r;
}

int
ledger_add_drift(struct ledger *l, int64_t time_ms, const char *body, size_t len)
{
	sqlite3_stmt *statement;
	int r;

	if (l->store == NULL) {
		l->pending++;
		return 0;
	}
	statement = store_statement(l->store, STORE_ADD_DRIFT);
	if (statement == NULL)
		return failed(l, store_errno(l->store));
	(void)sqlite3_bind_int64(statement, 1, (int64_t)(l->last_seq + l->pending + 1));
	(void)sqlite3_bind_int64(statement, 2, time_ms);
	(void)bind_text(statement, 3, body, len);
	r = failed(l, store_run(l->store, statement));
	if (r == 0)
		l->pending++;
	return r;
}

int
ledger_put_subject(struct ledger *l, int kind, const char *id, const char *state, size_t len)
{
	sqlite3_stmt *statement;

	if (l->store == NULL)
		return 0;
	statement = store_statement(l->store, STORE_PUT_SUBJECT);
	if (statement == NULL)
		return failed(l, store_errno(l->store));
	(void)sqlite3_bind_int(statement, 1, kind);
	(void)bind_text(statement, 2, id, strlen(id));
	(void)bind_text(statement, 3, state, len);
	return failed(l, store_run(l->store, statement));
}

int
ledger_drop_subject(struct ledger *l, int kind, const char *id)
{
	sqlite3_stmt *statement;

	if (l->store == NULL)
		return 0;
	statement = store_statement(l->store, STORE_DROP_SUBJECT);
	if (statement == NULL)
		return failed(l, store_errno(l->store));
	(void)sqlite3_bind_int(statement, 1, kind);
	(void)bind_text(statement, 2, id, strlen(id));
	return failed(l, store_run(l->store, statement));
}

int
ledger_put_record(struct ledger *l, const char *kind, const char *id, int64_t until_ms,
    const char *body, size_t len)
{
	sqlite3_stmt *statement;

	if (l->store == NULL)
		return 0;
	statement = store_statement(l->store, STORE_PUT_RECORD);
	if (statement == NULL)
		return failed(l, store_errno(l->store));
	(void)bind_text(statement, 1, kind, strlen(kind));
	(void)bind_text(statement, 2, id, strlen(id));
	(void)sqlite3_bind_int64(statement, 3, until_ms);
	(void)bind_text(statement, 4, body, len);
	return failed(l, store_run(l->store, statement));
}

int
ledger_drop_records_before(struct ledger *l, int64_t now_ms)
{
	sqlite3_stmt *statement;

	if (l->store == NULL)
		return 0;
	statement = store_statement(l->store, STORE_DROP_RECORDS);
	if (statement == NULL)
		return failed(l, store_errno(l->store));
	(void)sqlite3_bind_int64(statement, 1, now_ms);
	return failed(l, store_run(l->store, statement));
}

void
ledger_rollback(struct ledger *l)
{
	/* A full disk makes SQLite roll back by itself. */
	if (l->store != NULL && !sqlite3_get_autocommit(l->store->db))
		(void)store_run(l->store, store_statement(l->store, STORE_ROLLBACK));
	forget_transaction(l);
}

int
ledger_commit(struct ledger *l, char **retwhy)
{
	int r = l->failure;

	if (l->store != NULL && r == 0)
		r = failed(l, store_run(l->store, store_statement(l->store, STORE_COMMIT)));
	if (r < 0) {
		*retwhy = TAKE(l->failure_text);
		ledger_rollback(l);
		return r;
	}
	l->last_seq += l->pending;
	l->fresh = false;
	forget_transaction(l);
	return 0;
}

/* Runs a bound statement that yields at most one text, the caller's to free. */
static int
get_text(struct ledger *l, sqlite3_stmt *statement, char **ret)
{
	char *text = NULL;
	int step, r = 0;

	step = sqlite3_step(statement);
	if (step == SQLITE_ROW) {
		text = strdup((const char *)sqlite3_column_text(statement, 0));
		r = text == NULL ? -ENOMEM : 0;
	} else if (step != SQLITE_DONE) {
		r = store_errno(l->store);
	}
	(void)sqlite3_reset(statement);
	*ret = text;
	return r;
}

int
ledger_get_subject(struct ledger *l, int kind, const char *id, char **ret)
{
	sqlite3_stmt *statement;

	*ret = NULL;
	if (l->store == NULL)
		return 0;
	statement = store_statement(l->store, STORE_SUBJECT);
	if (statement == NULL)
		return store_errno(l->store);
	(void)sqlite3_bind_int(statement, 1, kind);
	(void)bind_text(statement, 2, id, strlen(id));
	return get_text(l, statement, ret);
}

int
ledger_get_record(struct ledger *l, const char *kind, const char *id, char **ret)
{
	sqlite3_stmt *statement;

	*ret = NULL;
	if (l->store == NULL)
		return 0;
	statement = store_statement(l->store, STORE_RECORD);
	if (statement == NULL)
		return store_errno(l->store);
	(void)bind_text(statement, 1, kind, strlen(kind));
	(void)bind_text(statement, 2, id, strlen(id));
	return get_text(l, statement, ret);
}

int
ledger_each_subject(struct ledger *l, ledger_subject_fn *fn, void *arg)
{
	sqlite3_stmt *statement;
	int step = SQLITE_DONE, r = 0;

	if (l->store == NULL)
		return 0;
	statement = store_statement(l->store, STORE_SUBJECTS);
	if (statement == NULL)
		return store_errno(l->store);
	while (r == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW)
		r = fn(arg, sqlite3_column_int(statement, 0),
		    (const char *)sqlite3_column_text(statement, 1),
		    (const char *)sqlite3_column_text(statement, 2),
		    (size_t)sqlite3_column_bytes(statement, 2));
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		r = store_errno(l->store);
	(void)sqlite3_reset(statement);
	return r;
}

int
ledger_each_record(struct ledger *l, ledger_record_fn *fn, void *arg)
{
	sqlite3_stmt *statement;
	int step = SQLITE_DONE, r = 0;

	if (l->store == NULL)
		return 0;
	statement = store_statement(l->store, STORE_RECORDS);
	if (statement == NULL)
		return store_errno(l->store);
	while (r == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW)
		r = fn(arg, (const char *)sqlite3_column_text(statement, 0),
		    (const char *)sqlite3_column_text(statement, 1),
		    sqlite3_column_int64(statement, 2),
		    (const char *)sqlite3_column_text(statement, 3),
		    (size_t)sqlite3_column_bytes(statement, 3));
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		r = store_errno(l->store);
	(void)sqlite3_reset(statement);
	return r;
}

/* Puts a row's line together: who says it and its number, then what is kept of it. */
static int
make_line(struct ledger *l, uint64_t seq, const char *body, size_t len, size_t *ret_len)
{
	size_t need = len + 128;
	char *line;
	int n;

	if (len < 2 || body[0] != '{')
		return -EBADMSG;
	if (need > l->line_size) {
		line = realloc(l->line, need);
		if (line == NULL)
			return -ENOMEM;
		l->line = line;
		l->line_size = need;
	}
	n = snprintf(l->line, l->line_size, "{\"ledger\":\"%s\",\"seq\":%" PRIu64 "%s", l->id, seq,
	    len > 2 ? "," : "");
	memcpy(l->line + n, body + 1, len - 1);
	*ret_len = (size_t)n + len - 1;
	l->line[*ret_len] = '\0';
	return 0;
}

int
ledger_each_row(struct ledger *l, uint64_t after, unsigned max, ledger_row_fn *fn, void *arg)
{
	int step = SQLITE_DONE, r = 0;
	sqlite3_stmt *statement;
	size_t len = 0;
	uint64_t seq;

	if (l->store == NULL || after >= l->last_seq)
		return 0;
	statement = store_statement(l->store, STORE_ROWS);
	if (statement == NULL)
		return store_errno(l->store);
	(void)sqlite3_bind_int64(statement, 1, (int64_t)after);
	(void)sqlite3_bind_int64(statement, 2, max);
	while (r == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		seq = (uint64_t)sqlite3_column_int64(statement, 0);
		r = make_line(l, seq, (const char *)sqlite3_column_text(statement, 1),
		    (size_t)sqlite3_column_bytes(statement, 1), &len);
		if (r == 0)
			r = fn(arg, seq, l->line, len);
	}
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		r = store_errno(l->store);
	(void)sqlite3_reset(statement);
	return r;
}

uint64_t
ledger_first_seq(struct ledger *l)
{
	int64_t first = 0;

	if (l->store != NULL)
		(void)store_number(l->store, store_statement(l->store, STORE_FIRST_SEQ), &first);
	return (uint64_t)first;
}

uint64_t
ledger_bytes(struct ledger *l)
{
	int64_t bytes = 0;

	if (l->store != NULL)
		(void)store_number(l->store, store_statement(l->store, STORE_SIZE), &bytes);
	return (uint64_t)bytes;
}

/* The first row since a moment that is before another row; that one, where there is none. */
static int
first_since(struct ledger *l, int64_t since_ms, uint64_t before, uint64_t *ret)
{
	sqlite3_stmt *statement = store_statement(l->store, STORE_FIRST_SINCE);
	int64_t seq = 0;
	int r;

	if (statement == NULL)
		return store_errno(l->store);
	(void)sqlite3_bind_int64(statement, 1, since_ms);
	(void)sqlite3_bind_int64(statement, 2, (int64_t)before);
	r = store_number(l->store, statement, &seq);
	*ret = seq == 0 ? before : (uint64_t)seq;
	return r;
}

/* Deletes rows before `seq`. */
static int
prune_before(struct ledger *l, uint64_t seq)
{
	sqlite3_stmt *statement = store_statement(l->store, STORE_PRUNE);

	if (statement == NULL)
		return store_errno(l->store);
	(void)sqlite3_bind_int64(statement, 1, (int64_t)seq);
	return store_run(l->store, statement);
}

int
ledger_prune(
    struct ledger *l, int64_t before_ms, uint64_t keep_bytes, unsigned max, uint64_t *ret_removed)
{
	uint64_t first = ledger_first_seq(l), keep_from = first + max;
	int r = 0;

	*ret_removed = 0;
	if (l->store == NULL || first == 0)
		return 0;
	if (keep_from > l->last_seq)
		keep_from = l->last_seq;
	if (keep_bytes == 0 || ledger_bytes(l) <= keep_bytes)
		r = first_since(l, before_ms, keep_from, &keep_from);
	if (r == 0 && keep_from > first)
		r = prune_before(l, keep_from);
	if (r == 0)
		*ret_removed = keep_from - first;
	return failed(l, r);
}

int
ledger_cursor(struct ledger *l, const char *consumer, uint64_t *ret)
{
	sqlite3_stmt *statement;
	int64_t seq = -1;
	int r;

	*ret = 0;
	if (l->store == NULL)
		return LEDGER_E_NO_CURSOR;
	statement = store_statement(l->store, STORE_CURSOR);
	if (statement == NULL)
		return store_errno(l->store);
	(void)bind_text(statement, 1, consumer, strlen(consumer));
	r = store_number(l->store, statement, &seq);
	if (r < 0)
		return r;
	if (seq < 0)
		return LEDGER_E_NO_CURSOR;
	*ret = (uint64_t)seq;
	return 0;
}

int
ledger_set_cursor(struct ledger *l, const char *consumer, uint64_t seq)
{
	sqlite3_stmt *statement;

	if (l->store == NULL)
		return 0;
	statement = store_statement(l->store, STORE_SET_CURSOR);
	if (statement == NULL)
		return failed(l, store_errno(l->store));
	(void)bind_text(statement, 1, consumer, strlen(consumer));
	(void)sqlite3_bind_int64(statement, 2, (int64_t)seq);
	return failed(l, store_run(l->store, statement));
}

uint64_t
ledger_log_bytes(const struct ledger *l)
{
	return l->store == NULL ? 0 : (uint64_t)l->store->log_pages * (uint64_t)l->store->page_size;
}

int
ledger_checkpoint(struct ledger *l)
{
	return l->store == NULL ? 0 : store_checkpoint(l->store);
}
