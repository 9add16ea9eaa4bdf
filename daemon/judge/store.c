/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

enum {
	APPLICATION_ID = 0x504c494d, /* "PLIM" */
	SCHEMA_VERSION = 1,
	BUSY_MS = 2000, /* a person who looks with sqlite3 may hold a lock for a moment */
};

static const char settings_sql[] = "PRAGMA journal_mode = WAL;"
				   "PRAGMA synchronous = FULL;"
				   "PRAGMA cache_size = -256;"
				   "PRAGMA temp_store = MEMORY;"
				   "PRAGMA journal_size_limit = 4194304;"
				   "PRAGMA wal_autocheckpoint = 0;";

static const char schema_sql[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE drift (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, body TEXT NOT NULL);"
    "CREATE TABLE subjects (kind INTEGER NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL,"
    "  PRIMARY KEY (kind, id));"
    "CREATE TABLE records (kind TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL,"
    "  body TEXT NOT NULL, PRIMARY KEY (kind, id));"
    "CREATE TABLE cursors (consumer TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA application_id = 0x504c494d;"
    "PRAGMA user_version = 1;"
    "COMMIT;";

static const char *const statement_sql[_STORE_STATEMENTS] = {
	[STORE_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_COMMIT] = "COMMIT",
	[STORE_ROLLBACK] = "ROLLBACK",
	[STORE_META] = "SELECT value FROM meta WHERE key = ?1",
	[STORE_SET_META] = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
	[STORE_ADD_DRIFT] = "INSERT INTO drift (seq, time, body) VALUES (?1, ?2, ?3)",
	[STORE_ROWS] = "SELECT seq, body FROM drift WHERE seq > ?1 ORDER BY seq LIMIT ?2",
	[STORE_FIRST_SEQ] = "SELECT min(seq) FROM drift",
	[STORE_LAST_SEQ] = "SELECT max(seq) FROM drift",
	[STORE_FIRST_SINCE] =
	    "SELECT seq FROM drift WHERE time >= ?1 AND seq < ?2 ORDER BY seq LIMIT 1",
	[STORE_PRUNE] = "DELETE FROM drift WHERE seq < ?1",
	[STORE_SIZE] = "SELECT (c.page_count - f.freelist_count) * s.page_size"
		       " FROM pragma_page_count c, pragma_freelist_count f, pragma_page_size s",
	[STORE_PUT_SUBJECT] = "INSERT INTO subjects (kind, id, state) VALUES (?1, ?2, ?3)"
			      " ON CONFLICT (kind, id) DO UPDATE SET state = excluded.state",
	[STORE_DROP_SUBJECT] = "DELETE FROM subjects WHERE kind = ?1 AND id = ?2",
	[STORE_SUBJECT] = "SELECT state FROM subjects WHERE kind = ?1 AND id = ?2",
	[STORE_SUBJECTS] = "SELECT kind, id, state FROM subjects",
	[STORE_PUT_RECORD] = "INSERT INTO records (kind, id, until, body) VALUES (?1, ?2, ?3, ?4)"
			     " ON CONFLICT (kind, id) DO UPDATE SET until = excluded.until,"
			     " body = excluded.body",
	[STORE_DROP_RECORDS] = "DELETE FROM records WHERE until <= ?1",
	[STORE_RECORD] = "SELECT body FROM records WHERE kind = ?1 AND id = ?2",
	[STORE_RECORDS] = "SELECT kind, id, until, body FROM records",
	[STORE_CURSOR] = "SELECT coalesce(max(seq), -1) FROM cursors WHERE consumer = ?1",
	[STORE_SET_CURSOR] = "INSERT OR REPLACE INTO cursors (consumer, seq) VALUES (?1, ?2)",
};

static int
errno_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

int
store_errno(const struct store *s)
{
	return errno_of(sqlite3_errcode(s->db));
}

static int
on_log_grown(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *s = arg;

	s->log_pages = pages;
	return SQLITE_OK;
}

sqlite3_stmt *
store_statement(struct store *s, enum store_statement which)
{
	sqlite3_stmt **statement = &s->statements[which];

	if (*statement == NULL && sqlite3_prepare_v3(s->db, statement_sql[which], -1,
				      SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
		return NULL;
	(void)sqlite3_reset(*statement);
	return *statement;
}

int
store_run(struct store *s, sqlite3_stmt *statement)
{
	int r;

	if (statement == NULL)
		return store_errno(s);
	r = sqlite3_step(statement);
	(void)sqlite3_reset(statement);
	return r == SQLITE_DONE || r == SQLITE_ROW ? 0 : errno_of(r);
}

int
store_number(struct store *s, sqlite3_stmt *statement, int64_t *ret)
{
	int64_t number = 0;
	int r;

	if (statement == NULL)
		return store_errno(s);
	r = sqlite3_step(statement);
	if (r == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	(void)sqlite3_reset(statement);
	if (r != SQLITE_ROW && r != SQLITE_DONE)
		return errno_of(r);
	*ret = number;
	return 0;
}

int
store_checkpoint(struct store *s)
{
	int in_log = 0, done = 0, r;

	r = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
	if (r != SQLITE_OK)
		return errno_of(r);
	s->log_pages = in_log > done ? in_log - done : 0;
	return 0;
}

/* Runs PRAGMAs and the like, once. */
static int
exec(struct store *s, const char *sql)
{
	int r = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return r == SQLITE_OK ? 0 : errno_of(r);
}

static int
pragma(struct store *s, const char *sql, int64_t *ret)
{
	sqlite3_stmt *statement = NULL;
	int r;

	if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_errno(s);
	r = store_number(s, statement, ret);
	(void)sqlite3_finalize(statement);
	return r;
}

/* A table that can't be read now is not broken for that. */
static int
check_table(struct store *s, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	const char *text;
	int r = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_errno(s);
	if (sqlite3_step(statement) != SQLITE_ROW) {
		r = store_errno(s);
	} else {
		text = (const char *)sqlite3_column_text(statement, 0);
		if (text == NULL || strcmp(text, "ok") != 0)
			r = -EBADMSG;
	}
	(void)sqlite3_finalize(statement);
	return r;
}

/* The tables that are read whole at the start. The history is long, so it is not walked through. */
static int
check_tables(struct store *s)
{
	static const char *const tables[] = { "PRAGMA quick_check(meta)",
		"PRAGMA quick_check(subjects)", "PRAGMA quick_check(records)",
		"PRAGMA quick_check(cursors)" };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		r = check_table(s, tables[i]);
		if (r < 0)
			return r;
	}
	for (int i = 0; i < _STORE_STATEMENTS; i++)
		if (store_statement(s, (enum store_statement)i) == NULL)
			return store_errno(s);
	return 0;
}

/* Makes the tables of a new database, or sees whether those that are there are ours. */
static int
ready_schema(struct store *s)
{
	int64_t application = 0, version = 0, tables = 0;
	int r;

	r = pragma(s, "PRAGMA application_id", &application);
	if (r == 0)
		r = pragma(s, "PRAGMA user_version", &version);
	if (r == 0)
		r = pragma(s, "SELECT count(*) FROM sqlite_schema", &tables);
	if (r < 0)
		return r;
	if (application == 0 && version == 0 && tables == 0) {
		r = exec(s, schema_sql);
		return r < 0 ? r : check_tables(s);
	}
	if (application != APPLICATION_ID)
		return -EMEDIUMTYPE;
	if (version != SCHEMA_VERSION)
		return -EPROTONOSUPPORT;
	return check_tables(s);
}

static int
open_or_make(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
}

static int
make_folder_of(const char *path)
{
	_cleanup_(freep) char *folder = strdup(path);
	char *end = folder == NULL ? NULL : strrchr(folder, '/');

	if (end == NULL || end == folder)
		return -ENOENT;
	*end = '\0';
	return mkdir(folder, 0700) < 0 ? -errno : 0;
}

/* The lock is of another kind than SQLite's own, and beside them. */
static int
lock_file(const char *path)
{
	int fd = open_or_make(path);

	if (fd < 0 && errno == ENOENT && make_folder_of(path) == 0)
		fd = open_or_make(path);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fchmod(fd, 0600) < 0) {
		int r = errno == EWOULDBLOCK ? -EBUSY : -errno;

		closep(&fd);
		return r;
	}
	return fd;
}

static int
try_open(struct store **ret, const char *path)
{
	_cleanup_(store_freep) struct store *s = calloc(1, sizeof(*s));
	int64_t page_size = 0;
	int r;

	if (s == NULL)
		return -ENOMEM;
	s->lock_fd = lock_file(path);
	if (s->lock_fd < 0)
		return s->lock_fd;
	r = sqlite3_open_v2(
	    path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (r != SQLITE_OK)
		return errno_of(r);
	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 512, 32);
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	r = exec(s, settings_sql);
	if (r < 0)
		return r;
	(void)sqlite3_wal_hook(s->db, on_log_grown, s);
	r = ready_schema(s);
	if (r == 0)
		r = pragma(s, "PRAGMA page_size", &page_size);
	if (r < 0)
		return r;
	s->page_size = (int)page_size;
	*ret = TAKE(s);
	return 0;
}

struct store *
store_free(struct store *s)
{
	if (s == NULL)
		return NULL;
	for (int i = 0; i < _STORE_STATEMENTS; i++)
		(void)sqlite3_finalize(s->statements[i]);
	(void)sqlite3_close(s->db);
	closep(&s->lock_fd);
	free(s);
	return NULL;
}

static int
rename_part(const char *path, const char *aside, const char *ending)
{
	_cleanup_(freep) char *from = NULL, *to = NULL;

	if (asprintf(&from, "%s%s", path, ending) < 0 || asprintf(&to, "%s%s", aside, ending) < 0)
		return -ENOMEM;
	if (rename(from, to) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* The log goes first: an old log beside a new database would be worked into it. */
static int
set_aside(const char *path, char **ret_aside)
{
	static const char *const endings[] = { "-wal", "-shm", "" };
	_cleanup_(freep) char *aside = NULL;
	struct timespec now;
	char stamp[32] = "";
	struct tm tm;
	int r;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &tm);
	if (asprintf(&aside, "%s.set-aside-%s.%03ldZ", path, stamp, now.tv_nsec / 1000000) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		r = rename_part(path, aside, endings[i]);
		if (r < 0)
			return r;
	}
	*ret_aside = TAKE(aside);
	return 0;
}

/* Why a database can't be used that is not going to get better; NULL: that is not the reason. */
static const char *
unusable_because(int r)
{
	switch (-r) {
	case EBADMSG:
		return "it is broken";
	case EMEDIUMTYPE:
		return "it is no ledger";
	case EPROTONOSUPPORT:
		return "it is of another version";
	default:
		return NULL;
	}
}

static int
say_why_not(const char *path, int r, char **retwhy)
{
	if (asprintf(retwhy, "%s: %s", path,
		r == -EBUSY ? "another process has it open" : strerror(-r)) < 0)
		return -ENOMEM;
	return r;
}

int
store_open_anew(struct store **ret, const char *path, const char *because, char **retwhy)
{
	_cleanup_(freep) char *aside = NULL;
	int r;

	r = set_aside(path, &aside);
	if (r == 0)
		r = try_open(ret, path);
	if (r < 0)
		return say_why_not(path, r, retwhy);
	if (asprintf(retwhy, "%s: %s, so it was renamed to %s and a new one made", path, because,
		aside) < 0) {
		*ret = store_free(*ret);
		return -ENOMEM;
	}
	return STORE_E_SET_ASIDE;
}

int
store_open(struct store **ret, const char *path, char **retwhy)
{
	const char *because;
	int r;

	r = try_open(ret, path);
	if (r == 0)
		return 0;
	because = unusable_because(r);
	return because == NULL ? say_why_not(path, r, retwhy)
			       : store_open_anew(ret, path, because, retwhy);
}
