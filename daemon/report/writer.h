/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread for writes that can hang: the journal, syslog, a terminal that was stopped. Jobs wait in
 * a bounded queue; whoever has jobs stops when it is full and is called when there is room again.
 * A job that failed for now is tried again once a second. */
#ifndef REPORT_WRITER_H
#define REPORT_WRITER_H

#include "util/macros.h"
#include <stdbool.h>

enum { WRITER_QUEUE_MAX = 256 };

struct event_base;
struct writer;

struct writer_job {
	struct writer_job *next;
	/* In the thread. False: not now, try again. Touches nothing but the job. */
	bool (*write)(struct writer_job *job);
	/* From the event loop, once written. Frees the job. */
	void (*done)(struct writer_job *job);
	/* Instead of done(), where the writer ends before. Frees the job. */
	void (*drop)(struct writer_job *job);
};

/* on_room() comes from the event loop, after done() of the jobs that made room. */
int writer_new(struct writer **ret, struct event_base *base, void (*on_room)(void *arg), void *arg);
/* Waits up to a second for what is queued, then leaves the thread behind if it hangs. Behind a job
 * that can't be written by then none is. */
struct writer *writer_free(struct writer *w); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct writer, writer_free)

bool writer_is_full(const struct writer *w);
void writer_add(struct writer *w, struct writer_job *job); /* takes the job over */

#endif
