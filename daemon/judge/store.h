/* SPDX-License-Identifier: Apache-2.0
 *
 * The ledger's SQLite database: opening, its schema, its prepared statements. A database that can't
 * be used is moved aside and a new one made; the folder is made, too, if its own folder is there.
 * One process at a time has it open for writing (a lock on the file says so); others may read it.
 * Knows nothing of what the rows mean. */
#ifndef JUDGE_STORE_H
#define JUDGE_STORE_H

#include "util/macros.h"
#include <sqlite3.h>
#include <stdint.h>

enum store_statement {
	STORE_BEGIN,
	STORE_COMMIT,
	STORE_ROLLBACK,
	STORE_META,
	STORE_SET_META,
	STORE_ADD_DRIFT,
	STORE_ROWS,
	STORE_FIRST_SEQ,
	STORE_LAST_SEQ,
	STORE_FIRST_SINCE,
	STORE_PRUNE,
	STORE_SIZE,
	STORE_PUT_SUBJECT,
	STORE_DROP_SUBJECT,
	STORE_SUBJECT,
	STORE_SUBJECTS,
	STORE_PUT_RECORD,
	STORE_DROP_RECORDS,
	STORE_RECORD,
	STORE_RECORDS,
	STORE_CURSOR,
	STORE_SET_CURSOR,
	_STORE_STATEMENTS,
};

enum {
	_STORE_E_SUCCESS,
	STORE_E_SET_ASIDE, /* what was there is aside; *retwhy says why and where */
};

struct store {
	int lock_fd; /* the database file: closed last, since a close drops SQLite's locks too */
	sqlite3 *db;
	sqlite3_stmt *statements[_STORE_STATEMENTS];
	int log_pages, page_size; /* pages of the log that are not worked in yet */
};

/* 0, STORE_E_SET_ASIDE with *ret usable, or -errno; the last two with *retwhy set (caller frees).
 * -EBUSY: another process has it. */
int store_open(struct store **ret, const char *path, char **retwhy);
/* The same, but what is there is set aside whatever it is: STORE_E_SET_ASIDE or -errno. */
int store_open_anew(struct store **ret, const char *path, const char *because, char **retwhy);
struct store *store_free(struct store *s); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct store, store_free)

/* A statement, ready to be bound. NULL when it could not be prepared: then store_errno(). */
sqlite3_stmt *store_statement(struct store *s, enum store_statement which);
/* Runs a bound statement that yields no rows. 0 or -errno. */
int store_run(struct store *s, sqlite3_stmt *statement);
/* Runs a bound statement that yields at most one number; 0 when it yields none. 0 or -errno. */
int store_number(struct store *s, sqlite3_stmt *statement, int64_t *ret);
int store_errno(const struct store *s); /* -errno of the last failure */
int store_checkpoint(struct store *s);

#endif
