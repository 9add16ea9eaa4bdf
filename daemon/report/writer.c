/* SPDX-License-Identifier: Apache-2.0 */
#include "report/writer.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	RETRY_S = 1,
	END_WITHIN_S = 1,
};

struct queue {
	struct writer_job *first, **last;
};

/* What both threads touch. It outlives the writer where the thread hangs: whoever comes last frees
 * it. */
struct shared {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue todo, written;
	int written_fd; /* an eventfd: jobs were written */
	bool ending, ended, left;
	bool refused; /* at the end, a job could not be written: nothing behind it is */
};

struct writer {
	struct shared *shared;
	struct event *on_written;
	pthread_t thread;
	unsigned queued; /* added, and not yet done */
	void (*on_room)(void *arg);
	void *arg;
};

static void
queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void
queue_add(struct queue *q, struct writer_job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

static struct writer_job *
queue_take(struct queue *q)
{
	struct writer_job *job = q->first;

	if (job == NULL)
		return NULL;
	q->first = job->next;
	if (q->first == NULL)
		q->last = &q->first;
	return job;
}

static struct shared *
shared_free(struct shared *s)
{
	struct writer_job *job;

	while ((job = queue_take(&s->todo)) != NULL)
		job->drop(job);
	while ((job = queue_take(&s->written)) != NULL)
		job->drop(job);
	closep(&s->written_fd);
	(void)pthread_cond_destroy(&s->wake);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

static struct timespec
seconds_from_now(int seconds)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += seconds;
	return t;
}

/* Writes one job, with the lock given back meanwhile. */
static void
write_job(struct shared *s, struct writer_job *job)
{
	const uint64_t one = 1;
	bool written;

	for (;;) {
		struct timespec retry;

		(void)pthread_mutex_unlock(&s->lock);
		written = job->write(job);
		(void)pthread_mutex_lock(&s->lock);
		if (written || s->ending)
			break;
		retry = seconds_from_now(RETRY_S);
		(void)pthread_cond_timedwait(&s->wake, &s->lock, &retry);
	}
	if (!written || s->left) {
		s->refused = true;
		job->drop(job);
		return;
	}
	queue_add(&s->written, job);
	(void)!write(s->written_fd, &one, sizeof(one));
}

static void *
run(void *arg)
{
	struct shared *s = arg;
	struct writer_job *job;
	bool left;

	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		job = queue_take(&s->todo);
		if (job != NULL && !s->left && !s->refused)
			write_job(s, job);
		else if (job != NULL)
			job->drop(job);
		else if (s->ending)
			break;
		else
			(void)pthread_cond_wait(&s->wake, &s->lock);
	}
	s->ended = true;
	left = s->left;
	(void)pthread_cond_broadcast(&s->wake);
	(void)pthread_mutex_unlock(&s->lock);
	if (left)
		(void)shared_free(s);
	return NULL;
}

/* Calls done() of what was written. */
static void
finish_written(struct writer *w)
{
	struct queue written;
	struct writer_job *job;

	(void)pthread_mutex_lock(&w->shared->lock);
	written = w->shared->written;
	if (written.first == NULL)
		queue_init(&written);
	queue_init(&w->shared->written);
	(void)pthread_mutex_unlock(&w->shared->lock);
	while ((job = queue_take(&written)) != NULL) {
		w->queued--;
		job->done(job);
	}
}

static void
on_written(evutil_socket_t fd, short what, void *arg)
{
	struct writer *w = arg;
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
	finish_written(w);
	w->on_room(w->arg);
}

static struct shared *
shared_new(void)
{
	struct shared *s = calloc(1, sizeof(*s));
	pthread_condattr_t attributes;

	if (s == NULL)
		return NULL;
	queue_init(&s->todo);
	queue_init(&s->written);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->wake, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	s->written_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return s->written_fd < 0 ? shared_free(s) : s;
}

/* Signals are the event loop's. */
static int
start_thread(struct writer *w)
{
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, NULL, run, w->shared);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

int
writer_new(struct writer **ret, struct event_base *base, void (*on_room)(void *arg), void *arg)
{
	struct writer *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return -ENOMEM;
	w->on_room = on_room;
	w->arg = arg;
	w->shared = shared_new();
	if (w->shared != NULL)
		w->on_written =
		    event_new(base, w->shared->written_fd, EV_READ | EV_PERSIST, on_written, w);
	r = w->on_written == NULL || event_add(w->on_written, NULL) != 0 ? -ENOMEM
									 : start_thread(w);
	if (r != 0) {
		if (w->on_written != NULL)
			event_free(w->on_written);
		if (w->shared != NULL)
			(void)shared_free(w->shared);
		free(w);
		return r;
	}
	*ret = w;
	return 0;
}

/* Tells the thread to end, and waits a while. True: it has ended. */
static bool
end_thread(struct shared *s)
{
	struct timespec end = seconds_from_now(END_WITHIN_S);
	bool ended;

	(void)pthread_mutex_lock(&s->lock);
	s->ending = true;
	(void)pthread_cond_broadcast(&s->wake);
	while (!s->ended)
		if (pthread_cond_timedwait(&s->wake, &s->lock, &end) != 0)
			break;
	ended = s->ended;
	s->left = !ended;
	(void)pthread_mutex_unlock(&s->lock);
	return ended;
}

struct writer *
writer_free(struct writer *w)
{
	if (w == NULL)
		return NULL;
	if (end_thread(w->shared)) {
		(void)pthread_join(w->thread, NULL);
		finish_written(w);
		(void)shared_free(w->shared);
	} else {
		(void)pthread_detach(w->thread);
	}
	event_free(w->on_written);
	free(w);
	return NULL;
}

bool
writer_is_full(const struct writer *w)
{
	return w->queued >= WRITER_QUEUE_MAX;
}

void
writer_add(struct writer *w, struct writer_job *job)
{
	w->queued++;
	(void)pthread_mutex_lock(&w->shared->lock);
	queue_add(&w->shared->todo, job);
	(void)pthread_cond_broadcast(&w->shared->wake);
	(void)pthread_mutex_unlock(&w->shared->lock);
}
