/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/ledger.h"

/* A folder of the test's own, with the path of a ledger in it. */
struct place {
	char dir[64], path[96];
};

static int
setup(void **state)
{
	static struct place place;

	(void)snprintf(place.dir, sizeof(place.dir), "/tmp/plimsoll-ledger-XXXXXX");
	assert_non_null(mkdtemp(place.dir));
	(void)snprintf(place.path, sizeof(place.path), "%s/plimsoll.db", place.dir);
	*state = &place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;
	DIR *dir = opendir(place->dir);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
	assert_int_equal(rmdir(place->dir), 0);
	return 0;
}

static struct ledger *
open_ledger(const char *path)
{
	_cleanup_(freep) char *why = NULL;
	struct ledger *l = NULL;

	assert_int_equal(ledger_open(&l, path, &why), 0);
	assert_null(why);
	return l;
}

static void
commit(struct ledger *l)
{
	_cleanup_(freep) char *why = NULL;

	assert_int_equal(ledger_commit(l, &why), 0);
	assert_null(why);
}

static void
add(struct ledger *l, int64_t time_ms, const char *body)
{
	assert_int_equal(ledger_add_drift(l, time_ms, body, strlen(body)), 0);
}

static void
add_rows(struct ledger *l, int n)
{
	assert_int_equal(ledger_begin(l), 0);
	for (int i = 0; i < n; i++)
		add(l, 1000 + i, "{\"type\":\"notice\"}");
	commit(l);
}

struct rows {
	unsigned n;
	uint64_t seqs[64];
	char last[512];
};

static int
take_row(void *arg, uint64_t seq, const char *line, size_t len)
{
	struct rows *rows = arg;

	assert_int_equal(strlen(line), len);
	assert_true(len < sizeof(rows->last));
	memcpy(rows->last, line, len + 1);
	rows->seqs[rows->n++] = seq;
	return 0;
}

static struct rows
rows_after(struct ledger *l, uint64_t after, unsigned max)
{
	struct rows rows = { 0 };

	assert_int_equal(ledger_each_row(l, after, max, take_row, &rows), 0);
	return rows;
}

static void
test_without_store_counts(void **state)
{
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(NULL);

	assert_false(ledger_has_store(l));
	assert_true(ledger_is_new(l));
	assert_int_equal(strlen(ledger_id(l)), 36);
	add_rows(l, 3);
	assert_int_equal(ledger_last_seq(l), 3);
	assert_false(ledger_is_new(l));
	assert_int_equal(rows_after(l, 0, 10).n, 0);
	assert_int_equal(ledger_first_seq(l), 0);
	assert_int_equal(ledger_begin(l), 0);
	add(l, 1, "{}");
	ledger_rollback(l);
	assert_int_equal(ledger_last_seq(l), 3);
}

static void
test_lines(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	struct rows rows;
	char want[256];

	assert_int_equal(ledger_begin(l), 0);
	add(l, 1, "{\"type\":\"regressed\",\"was\":\"pass\"}");
	add(l, 2, "{}");
	assert_int_equal(ledger_last_seq(l), 0);
	commit(l);
	assert_int_equal(ledger_last_seq(l), 2);

	rows = rows_after(l, 0, 1);
	assert_int_equal(rows.n, 1);
	(void)snprintf(want, sizeof(want),
	    "{\"ledger\":\"%s\",\"seq\":1,\"type\":\"regressed\",\"was\":\"pass\"}", ledger_id(l));
	assert_string_equal(rows.last, want);
	rows = rows_after(l, 1, 10);
	assert_int_equal(rows.n, 1);
	(void)snprintf(want, sizeof(want), "{\"ledger\":\"%s\",\"seq\":2}", ledger_id(l));
	assert_string_equal(rows.last, want);
	assert_int_equal(rows_after(l, 2, 10).n, 0);
}

static int
stop_at_two(void *arg, uint64_t seq, const char *line, size_t len)
{
	unsigned *n = arg;

	return ++*n == 2 ? 77 : 0;
}

static void
test_callback_stops(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	unsigned n = 0;

	add_rows(l, 5);
	assert_int_equal(ledger_each_row(l, 0, 10, stop_at_two, &n), 77);
	assert_int_equal(n, 2);
	assert_int_equal(rows_after(l, 0, 10).n, 5);
}

static void
test_goes_on_after_reopening(void **state)
{
	struct place *place = *state;
	struct ledger *l = open_ledger(place->path);
	struct rows rows;
	uint64_t cursor;
	struct stat st;
	char id[40];

	assert_true(ledger_is_new(l));
	(void)snprintf(id, sizeof(id), "%s", ledger_id(l));
	add_rows(l, 4);
	assert_int_equal(ledger_set_cursor(l, "journal", 3), 0);
	ledger_free(l);

	assert_int_equal(stat(place->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	l = open_ledger(place->path);
	assert_false(ledger_is_new(l));
	assert_string_equal(ledger_id(l), id);
	assert_int_equal(ledger_last_seq(l), 4);
	assert_int_equal(ledger_cursor(l, "journal", &cursor), 0);
	assert_int_equal(cursor, 3);
	assert_int_equal(ledger_cursor(l, "syslog", &cursor), LEDGER_E_NO_CURSOR);
	assert_int_equal(cursor, 0);
	assert_int_equal(ledger_set_cursor(l, "syslog", 0), 0);
	assert_int_equal(ledger_cursor(l, "syslog", &cursor), 0);
	add_rows(l, 1);
	rows = rows_after(l, 3, 10);
	assert_int_equal(rows.n, 2);
	assert_int_equal(rows.seqs[0], 4);
	assert_int_equal(rows.seqs[1], 5);
	ledger_free(l);
}

static void
test_rollback_leaves_nothing(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	struct rows rows;

	assert_int_equal(ledger_begin(l), 0);
	add(l, 1, "{\"n\":1}");
	assert_int_equal(ledger_put_subject(l, 1, "", "{}", 2), 0);
	ledger_rollback(l);
	assert_true(ledger_is_new(l));
	assert_int_equal(rows_after(l, 0, 10).n, 0);
	add_rows(l, 1);
	rows = rows_after(l, 0, 10);
	assert_int_equal(rows.n, 1);
	assert_int_equal(rows.seqs[0], 1);
}

struct kept {
	unsigned n;
	char text[256];
};

static int
take_subject(void *arg, int kind, const char *id, const char *state, size_t len)
{
	struct kept *kept = arg;
	size_t used = strlen(kept->text);

	assert_int_equal(strlen(state), len);
	(void)snprintf(kept->text + used, sizeof(kept->text) - used, "%i/%s=%s;", kind, id, state);
	kept->n++;
	return 0;
}

static int
take_record(
    void *arg, const char *kind, const char *id, int64_t until_ms, const char *body, size_t len)
{
	struct kept *kept = arg;
	size_t used = strlen(kept->text);

	assert_int_equal(strlen(body), len);
	(void)snprintf(kept->text + used, sizeof(kept->text) - used, "%s/%s=%s until %i;", kind, id,
	    body, (int)until_ms);
	kept->n++;
	return 0;
}

static void
test_subjects(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	struct kept kept = { 0 };

	assert_int_equal(ledger_begin(l), 0);
	assert_int_equal(ledger_put_subject(l, 0, "", "old", 3), 0);
	assert_int_equal(ledger_put_subject(l, 4, "abc", "two", 3), 0);
	assert_int_equal(ledger_put_subject(l, 0, "", "new", 3), 0);
	assert_int_equal(ledger_put_subject(l, 4, "def", "three", 5), 0);
	assert_int_equal(ledger_drop_subject(l, 4, "abc"), 0);
	commit(l);
	assert_int_equal(ledger_each_subject(l, take_subject, &kept), 0);
	assert_int_equal(kept.n, 2);
	assert_non_null(strstr(kept.text, "0/=new;"));
	assert_non_null(strstr(kept.text, "4/def=three;"));
	assert_false(ledger_is_new(l));
	assert_int_equal(ledger_last_seq(l), 0);
}

static void
test_records_until(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	struct kept kept = { 0 };

	assert_int_equal(ledger_begin(l), 0);
	assert_int_equal(ledger_put_record(l, "exec", "a", 100, "{}", 2), 0);
	assert_int_equal(ledger_put_record(l, "exec", "b", 200, "{}", 2), 0);
	assert_int_equal(ledger_put_record(l, "exec", "b", 300, "[]", 2), 0);
	assert_int_equal(ledger_drop_records_before(l, 100), 0);
	commit(l);
	assert_int_equal(ledger_each_record(l, take_record, &kept), 0);
	assert_string_equal(kept.text, "exec/b=[] until 300;");
}

static void
test_prune(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	uint64_t removed = 0;

	add_rows(l, 10); /* of the times 1000 to 1009 */
	assert_int_equal(ledger_begin(l), 0);
	assert_int_equal(ledger_prune(l, 1004, 0, 3, &removed), 0);
	commit(l);
	assert_int_equal(removed, 3);
	assert_int_equal(ledger_begin(l), 0);
	assert_int_equal(ledger_prune(l, 1004, 0, 3, &removed), 0);
	commit(l);
	assert_int_equal(removed, 1);
	assert_int_equal(ledger_first_seq(l), 5);
	assert_int_equal(rows_after(l, 0, 20).n, 6);

	/* The newest one stays, or the sequence would begin anew. */
	assert_int_equal(ledger_begin(l), 0);
	assert_int_equal(ledger_prune(l, 999999, 0, 1000, &removed), 0);
	commit(l);
	assert_int_equal(removed, 5);
	assert_int_equal(ledger_first_seq(l), 10);
	l = ledger_free(l);
	l = open_ledger(place->path);
	assert_int_equal(ledger_last_seq(l), 10);
}

static void
test_prune_by_size(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	static char body[4096];
	uint64_t removed = 0;

	memset(body, 'x', sizeof(body));
	body[0] = '{';
	body[sizeof(body) - 1] = '\0';
	assert_int_equal(ledger_begin(l), 0);
	for (int i = 0; i < 200; i++)
		add(l, i, body);
	commit(l);
	for (uint64_t n = 1; n > 0; removed += n) {
		assert_int_equal(ledger_begin(l), 0);
		assert_int_equal(ledger_prune(l, 0, 512 * 1024, 7, &n), 0);
		commit(l);
	}
	assert_in_range(removed, 60, 130);
	assert_int_equal(ledger_first_seq(l), removed + 1);
	assert_int_equal(ledger_last_seq(l), 200);
}

/* How many files in the folder have `part` in their names. */
static int
count_files(const struct place *place, const char *part)
{
	DIR *dir = opendir(place->dir);
	struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += strstr(entry->d_name, part) != NULL;
	(void)closedir(dir);
	return n;
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
expect_set_aside(const struct place *place, const char *because)
{
	_cleanup_(ledger_freep) struct ledger *l = NULL;
	_cleanup_(freep) char *why = NULL;

	assert_int_equal(ledger_open(&l, place->path, &why), LEDGER_E_SET_ASIDE);
	assert_non_null(strstr(why, because));
	assert_true(ledger_is_new(l));
	add_rows(l, 1);
	assert_int_equal(ledger_last_seq(l), 1);
	assert_int_equal(count_files(place, "plimsoll.db.set-aside-"), 1);
}

static void
test_garbage_is_set_aside(void **state)
{
	struct place *place = *state;

	write_file(place->path, "this is not a database, by any stretch of the imagination; it is "
				"text that someone wrote over it");
	expect_set_aside(place, "broken");
}

static void
test_newer_is_set_aside(void **state)
{
	struct place *place = *state;
	sqlite3 *db = NULL;

	ledger_free(open_ledger(place->path));
	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	expect_set_aside(place, "another version");
}

static void
test_foreign_database_is_set_aside(void **state)
{
	struct place *place = *state;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	expect_set_aside(place, "no ledger");
}

static void
test_torn_pages_are_set_aside(void **state)
{
	struct place *place = *state;
	struct ledger *l = open_ledger(place->path);
	static char page[4096];
	struct stat st;
	int fd;

	assert_int_equal(ledger_begin(l), 0);
	memset(page, 'y', sizeof(page) - 1);
	for (int i = 0; i < 40; i++)
		assert_int_equal(ledger_put_subject(l, i, "", page, sizeof(page) - 1), 0);
	commit(l);
	ledger_free(l);
	fd = open(place->path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 4096; at < st.st_size; at += 4096)
		assert_int_equal(pwrite(fd, page, 64, at), 64);
	(void)close(fd);
	expect_set_aside(place, "broken");
}

static void
test_second_process_is_refused(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path), *other = NULL;
	_cleanup_(freep) char *why = NULL;

	assert_int_equal(ledger_open(&other, place->path, &why), -EBUSY);
	assert_non_null(strstr(why, "another process"));
	add_rows(l, 1);
	assert_int_equal(count_files(place, "set-aside"), 0);
}

static void
add_rows_in_vain(struct ledger *l)
{
	_cleanup_(freep) char *why = NULL;

	assert_int_equal(ledger_begin(l), -ENODEV);
	(void)ledger_add_drift(l, 1, "{}", 2);
	assert_int_equal(ledger_commit(l, &why), -ENODEV);
	assert_string_equal(why, "it is not open");
	assert_int_equal(ledger_last_seq(l), 0);
}

static void
test_folder_that_is_not_there(void **state)
{
	_cleanup_(ledger_freep) struct ledger *l = NULL;
	_cleanup_(freep) char *why = NULL;

	assert_int_equal(ledger_open(&l, "/nonexistent/deep/plimsoll.db", &why), LEDGER_E_WAITS);
	assert_true(ledger_waits(l));
	assert_string_equal(why, "/nonexistent/deep/plimsoll.db: No such file or directory");
	free(TAKE(why));
	add_rows_in_vain(l);
	assert_int_equal(ledger_retry(l, &why), -ENOENT);
	assert_true(ledger_waits(l));
}

/* A ledger whose folder comes later. */
static void
test_waits_for_its_folder(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = NULL;
	_cleanup_(freep) char *why = NULL, *path = NULL, *link = NULL;
	unsigned generation;

	assert_true(asprintf(&link, "%s/later", place->dir) > 0);
	assert_true(asprintf(&path, "%s/later/plimsoll.db", place->dir) > 0);
	assert_int_equal(symlink("nowhere/at/all", link), 0);
	assert_int_equal(ledger_open(&l, path, &why), LEDGER_E_WAITS);
	assert_int_equal(ledger_last_seq(l), 0);
	assert_string_equal(ledger_id(l), "");
	add_rows_in_vain(l);
	generation = ledger_generation(l);
	assert_int_equal(unlink(link), 0);
	free(TAKE(why));
	assert_int_equal(ledger_retry(l, &why), 0);
	assert_false(ledger_waits(l));
	assert_int_equal(strlen(ledger_id(l)), 36);
	assert_int_equal(ledger_generation(l), generation + 1);
	add_rows(l, 3);
	l = ledger_free(l);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(link), 0);
}

static void
test_replaced(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	_cleanup_(freep) char *why = NULL;
	char id[64];

	add_rows(l, 3);
	(void)snprintf(id, sizeof(id), "%s", ledger_id(l));
	assert_int_equal(ledger_replace(l, &why), 0);
	assert_non_null(strstr(why, "it is broken, so it was renamed to "));
	assert_int_equal(count_files(place, "plimsoll.db.set-aside-"), 1);
	assert_string_not_equal(ledger_id(l), id);
	assert_true(ledger_is_new(l));
	add_rows(l, 1);
	assert_int_equal(ledger_last_seq(l), 1);
}

/* A row whose number is taken stands for every write that fails in the middle. */
static void
take_number(const struct place *place, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static void
test_failed_commit_makes_no_hole(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	_cleanup_(freep) char *why = NULL;
	struct rows rows;

	add_rows(l, 1);
	take_number(place, "INSERT INTO drift (seq, time, body) VALUES (3, 0, '{}')");
	assert_int_equal(ledger_begin(l), 0);
	add(l, 1, "{\"n\":2}");
	assert_true(ledger_add_drift(l, 1, "{\"n\":3}", 7) < 0);
	assert_true(ledger_commit(l, &why) < 0);
	assert_non_null(why);
	assert_int_equal(ledger_last_seq(l), 1);

	take_number(place, "DELETE FROM drift WHERE seq = 3");
	assert_int_equal(ledger_begin(l), 0);
	add(l, 1, "{\"n\":2}");
	add(l, 1, "{\"n\":3}");
	commit(l);
	rows = rows_after(l, 0, 10);
	assert_int_equal(rows.n, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rows.seqs[i], i + 1);
}

/* What is committed is there when the process dies at once, and nothing else is. */
static void
test_survives_a_kill(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = NULL;
	int status = 0;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		l = open_ledger(place->path);
		add_rows(l, 7);
		if (ledger_begin(l) == 0)
			add(l, 1, "{\"never\":true}");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	l = open_ledger(place->path);
	assert_int_equal(ledger_last_seq(l), 7);
	assert_int_equal(rows_after(l, 0, 20).n, 7);
}

static void
test_log_is_worked_in_when_asked(void **state)
{
	struct place *place = *state;
	_cleanup_(ledger_freep) struct ledger *l = open_ledger(place->path);
	uint64_t grown;

	for (int i = 0; i < 20; i++)
		add_rows(l, 3);
	grown = ledger_log_bytes(l);
	assert_true(grown >= 20 * 4096);
	assert_int_equal(ledger_checkpoint(l), 0);
	assert_int_equal(ledger_log_bytes(l), 0);
	add_rows(l, 1);
	assert_in_range(ledger_log_bytes(l), 1, grown - 1);
}

int
main(void)
{
#define IN_A_FOLDER(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_store_counts),
		IN_A_FOLDER(test_lines),
		IN_A_FOLDER(test_callback_stops),
		IN_A_FOLDER(test_goes_on_after_reopening),
		IN_A_FOLDER(test_rollback_leaves_nothing),
		IN_A_FOLDER(test_subjects),
		IN_A_FOLDER(test_records_until),
		IN_A_FOLDER(test_prune),
		IN_A_FOLDER(test_prune_by_size),
		IN_A_FOLDER(test_garbage_is_set_aside),
		IN_A_FOLDER(test_newer_is_set_aside),
		IN_A_FOLDER(test_foreign_database_is_set_aside),
		IN_A_FOLDER(test_torn_pages_are_set_aside),
		IN_A_FOLDER(test_second_process_is_refused),
		cmocka_unit_test(test_folder_that_is_not_there),
		IN_A_FOLDER(test_waits_for_its_folder),
		IN_A_FOLDER(test_replaced),
		IN_A_FOLDER(test_failed_commit_makes_no_hole),
		IN_A_FOLDER(test_survives_a_kill),
		IN_A_FOLDER(test_log_is_worked_in_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
