/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/mounts.h"

#include "util/clock.h"
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* libevent has no word for POLLPRI: an epoll descriptor of our own turns it into readability. The
 * kernel clears the mark each time that it is polled, and libevent's own poll did so already:
 * nobody waits on this descriptor a second time. A container's start changes the table again and
 * again, and one wake-up does for a burst: after the first nobody listens until it has settled. */
struct mounts_watch {
	const struct watch_sink *sink;
	void (*changed)(void *arg);
	void *arg;
	struct event *event, *settled;
	int epoll_fd, file_fd;
	int64_t woke_ns;    /* monotonic: the first change of the burst */
	int64_t settled_ms; /* monotonic: the end of the last burst; 0: there was none */
};

/* 0 or -ENOMEM. */
static int
wait_until_settled(struct mounts_watch *w)
{
	int64_t in_ms = MOUNTS_SETTLE_MS;
	struct timeval in;

	if (w->settled_ms != 0 && w->settled_ms + MOUNTS_LEAST_MS - clock_monotonic_ms() > in_ms)
		in_ms = w->settled_ms + MOUNTS_LEAST_MS - clock_monotonic_ms();
	in = (struct timeval){ in_ms / 1000, in_ms % 1000 * 1000 };
	return evtimer_add(w->settled, &in) < 0 ? -ENOMEM : 0;
}

static void
tell(struct mounts_watch *w)
{
	const struct cause cause = {
		.source = CAUSE_MOUNT,
		.detail = "mount table changed",
		.woke_ns = w->woke_ns,
	};

	w->sink->stale(w->sink->arg, SUBJECT_HOST, NULL, TOPIC_HOST_MOUNTS, &cause);
	if (w->changed != NULL)
		w->changed(w->arg);
}

static void
on_change(evutil_socket_t fd, short what, void *arg)
{
	struct mounts_watch *w = arg;

	w->woke_ns = clock_monotonic_ns();
	if (wait_until_settled(w) == 0)
		(void)event_del(w->event);
	else
		tell(w);
}

/* Listens first and tells then: a change in between is looked at, whoever polled its mark away. */
static void
on_settled(evutil_socket_t fd, short what, void *arg)
{
	struct mounts_watch *w = arg;

	w->settled_ms = clock_monotonic_ms();
	if (event_add(w->event, NULL) < 0 && wait_until_settled(w) < 0)
		w->sink->blind(w->sink->arg, WATCH_MOUNTS, "out of memory");
	tell(w);
}

static int
open_descriptors(struct mounts_watch *w, const char *path)
{
	struct epoll_event event = { .events = EPOLLPRI };

	w->file_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (w->file_fd < 0)
		return -errno;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0 || epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->file_fd, &event) < 0)
		return -errno;
	return 0;
}

int
mounts_watch_new(struct mounts_watch **ret, struct event_base *base, const char *path,
    const struct watch_sink *sink, void (*changed)(void *arg), void *arg)
{
	_cleanup_(mounts_watch_freep) struct mounts_watch *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return -ENOMEM;
	*w = (struct mounts_watch){
		.sink = sink, .changed = changed, .arg = arg, .epoll_fd = -1, .file_fd = -1
	};
	r = open_descriptors(w, path);
	if (r < 0) {
		sink->blind(sink->arg, WATCH_MOUNTS, strerror(-r));
		*ret = TAKE(w);
		return 0;
	}
	w->event = event_new(base, w->epoll_fd, EV_READ | EV_PERSIST, on_change, w);
	w->settled = evtimer_new(base, on_settled, w);
	if (w->event == NULL || w->settled == NULL || event_add(w->event, NULL) < 0)
		return -ENOMEM;
	sink->sees(sink->arg, WATCH_MOUNTS);
	*ret = TAKE(w);
	return 0;
}

struct mounts_watch *
mounts_watch_free(struct mounts_watch *w)
{
	if (w == NULL)
		return NULL;
	if (w->event != NULL)
		event_free(w->event);
	if (w->settled != NULL)
		event_free(w->settled);
	closep(&w->epoll_fd);
	closep(&w->file_fd);
	free(w);
	return NULL;
}
