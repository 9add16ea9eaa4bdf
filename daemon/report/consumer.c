/* SPDX-License-Identifier: Apache-2.0 */
#include "report/consumer.h"
#include "judge/ledger.h"
#include "report/writer.h"

#include <errno.h>
#include <json-c/json.h>

enum { ROWS_AT_ONCE = 64 };

struct consumer {
	const struct consumer_kind *kind;
	struct ledger *ledger;
	struct writer *writer;
	uint64_t read; /* the last row handed to the writer */
	uint64_t told; /* the last row that was written */
	uint64_t kept; /* the cursor in the ledger */
};

struct row_job {
	struct writer_job job; /* must be first */
	struct consumer *consumer;
	const struct consumer_kind *kind; /* the consumer may be gone when the job is dropped */
	uint64_t seq;
	void *prepared;
};

int
consumer_new(struct consumer **ret, const struct consumer_kind *kind, struct ledger *ledger,
    struct writer *writer)
{
	struct consumer *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->kind = kind;
	c->ledger = ledger;
	c->writer = writer;
	c->read =
	    kind->cursor == NULL ? ledger_last_seq(ledger) : ledger_cursor(ledger, kind->cursor);
	*ret = c;
	return 0;
}

/* Each is a commit: one for all that was written since the last. One that fails is tried again with
 * the next row; at worst rows are told twice. */
static void
keep_cursor(struct consumer *c)
{
	if (c->kind->cursor == NULL || c->told == c->kept)
		return;
	if (ledger_set_cursor(c->ledger, c->kind->cursor, c->told) == 0)
		c->kept = c->told;
}

struct consumer *
consumer_free(struct consumer *c)
{
	if (c == NULL)
		return NULL;
	keep_cursor(c);
	free(c);
	return NULL;
}

static bool
job_write(struct writer_job *job)
{
	struct row_job *row = (struct row_job *)job;

	return row->kind->write(row->prepared);
}

static void
job_drop(struct writer_job *job)
{
	struct row_job *row = (struct row_job *)job;

	row->kind->free(row->prepared);
	free(row);
}

static void
job_done(struct writer_job *job)
{
	struct row_job *row = (struct row_job *)job;

	row->consumer->told = row->seq;
	job_drop(job);
}

/* Hands one row to the writer. Other than 0: no room, or no memory; it is read again later. */
static int
take(void *arg, uint64_t seq, const char *line, size_t len)
{
	struct consumer *c = arg;
	struct json_object *row;
	struct row_job *job;

	if (writer_is_full(c->writer))
		return 1;
	job = calloc(1, sizeof(*job));
	row = json_tokener_parse(line);
	if (job != NULL)
		job->prepared = c->kind->prepare(row);
	(void)json_object_put(row);
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
	writer_add(c->writer, &job->job);
	c->read = seq;
	return 0;
}

void
consumer_run(struct consumer *c)
{
	keep_cursor(c);
	while (c->read < ledger_last_seq(c->ledger)) {
		uint64_t before = c->read;

		if (ledger_each_row(c->ledger, before, ROWS_AT_ONCE, take, c) != 0 ||
		    c->read == before)
			return;
	}
}
