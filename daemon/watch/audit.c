/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/audit.h"

#include "util/clock.h"
#include "watch/audit_socket.h"
#include <errno.h>
#include <event2/event.h>
#include <libaudit.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READS_MAX = 64, /* in one turn of the loop */
};

struct audit_watch {
	const struct watch_sink *sink;
	struct event *event;
	int fd;
};

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct audit_watch *w = arg;
	struct cause cause = {
		.source = CAUSE_AUDIT,
		.detail = "audit rules changed",
		.woke_ns = clock_monotonic_ns(),
	};
	bool any = false, lost = false;
	char record[256];

	for (unsigned i = 0; i < READS_MAX; i++) {
		/* What the record says doesn't matter: the list is read anew. */
		ssize_t n = recv(fd, record, sizeof(record), MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			lost = true;
			continue;
		}
		if (n <= 0)
			break;
		any = true;
	}
	if (lost) {
		w->sink->blind(w->sink->arg, WATCH_AUDIT, "the audit socket's queue ran over");
		w->sink->sees(w->sink->arg, WATCH_AUDIT);
	}
	if (any)
		w->sink->stale(w->sink->arg, SUBJECT_HOST, NULL, TOPIC_HOST_AUDIT, &cause);
}

static const char *
why_not(int error)
{
	if (error == EPERM || error == EACCES)
		return "the audit multicast group needs CAP_AUDIT_READ";
	if (error == EPROTONOSUPPORT || error == ECONNREFUSED)
		return "the kernel's auditing can't be reached from here";
	return strerror(error);
}

int
audit_watch_new(struct audit_watch **ret, struct event_base *base, const struct watch_sink *sink)
{
	_cleanup_(audit_watch_freep) struct audit_watch *w = calloc(1, sizeof(*w));
	const uint16_t types = AUDIT_CONFIG_CHANGE;

	if (w == NULL)
		return -ENOMEM;
	w->sink = sink;
	w->fd = audit_socket_open(&types, 1);
	if (w->fd < 0) {
		sink->blind(sink->arg, WATCH_AUDIT, why_not(-w->fd));
		w->fd = -1;
		*ret = TAKE(w);
		return 0;
	}
	w->event = event_new(base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
	if (w->event == NULL || event_add(w->event, NULL) < 0)
		return -ENOMEM;
	sink->sees(sink->arg, WATCH_AUDIT);
	*ret = TAKE(w);
	return 0;
}

struct audit_watch *
audit_watch_free(struct audit_watch *w)
{
	if (w == NULL)
		return NULL;
	if (w->event != NULL)
		event_free(w->event);
	closep(&w->fd);
	free(w);
	return NULL;
}
