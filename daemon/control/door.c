/* SPDX-License-Identifier: Apache-2.0 */
#include "control/door.h"
#include "util/clock.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	RESERVE = 4, /* clients that are answered when no descriptor can be had */
	REFILL_MS = 20,
	BREATH_MS = 10,         /* of accepting, when many come at once */
	PAUSE_MS = 100,         /* of accepting, when too many descriptors are open */
	TROUBLE_MS = 60 * 1000, /* between two complaints */
	PLACES = DOOR_DESCRIPTORS_MAX + DOOR_AT_ONCE,
};

/* Who is on a descriptor. The server closes descriptors without telling us, and the kernel gives
 * them out again: the cookie of the socket says whether it is still the same. */
struct visitor {
	uint64_t cookie; /* 0: nobody */
	uid_t uid;
	int64_t since_ms; /* since when a whole request is waited for; -1: it isn't */
	bool refused;
};

struct door {
	LIST_ENTRY(door) link;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *resume, *greet, *sweep;
	int reserve[RESERVE]; /* descriptors that make way for a client; -1: spent */
	int priority;
	door_trouble_fn *on_trouble;
	void *arg;
	struct bufferevent *fresh[DOOR_AT_ONCE]; /* accepted, and not looked at yet */
	unsigned n_fresh;
	bool looked;                     /* who has gone, in this turn */
	struct visitor visitors[PLACES]; /* by descriptor */
	uint64_t refused;
	int64_t complained_ms;
};

/* A listener's errors are told with evhttp's argument instead of ours: whose it is, is looked up
 * here. */
static LIST_HEAD(, door) doors = LIST_HEAD_INITIALIZER(doors);

/* --- who it is --- */

static bool
peer_uid(int fd, uid_t *ret)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*ret = peer.uid;
	return true;
}

static bool
is_privileged(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

bool
door_is_privileged(int fd)
{
	uid_t uid;

	return peer_uid(fd, &uid) && is_privileged(uid);
}

/* 0: no socket, or a closed descriptor. */
static uint64_t
cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

/* The visitor on a descriptor; NULL: nobody who came in here. */
static struct visitor *
visitor_on(struct door *d, int fd)
{
	struct visitor *v;

	if (fd < 0 || fd >= PLACES)
		return NULL;
	v = &d->visitors[fd];
	if (v->cookie != 0 && v->cookie != cookie_of(fd))
		v->cookie = 0;
	return v->cookie == 0 ? NULL : v;
}

static unsigned
count_of(const struct door *d, uid_t uid)
{
	unsigned n = 0;

	for (int fd = 0; fd < PLACES; fd++)
		n += d->visitors[fd].cookie != 0 && !d->visitors[fd].refused &&
		     d->visitors[fd].uid == uid;
	return n;
}

static void
forget_gone(struct door *d)
{
	for (int fd = 0; fd < PLACES; fd++)
		(void)visitor_on(d, fd);
}

/* Who has gone is looked for once in each turn, and only where it matters. */
static bool
has_place(struct door *d, uid_t uid)
{
	if (count_of(d, uid) < DOOR_OF_ONE_USER_MAX)
		return true;
	if (d->looked)
		return false;
	forget_gone(d);
	d->looked = true;
	return count_of(d, uid) < DOOR_OF_ONE_USER_MAX;
}

/* --- turning away --- */

static void
complain(struct door *d, const char *what, uid_t uid)
{
	int64_t now = clock_monotonic_ms();
	char text[128];

	d->refused++;
	if (d->on_trouble == NULL || (d->complained_ms != 0 && now - d->complained_ms < TROUBLE_MS))
		return;
	d->complained_ms = now;
	(void)snprintf(text, sizeof(text), "socket: uid %u: %s", (unsigned)uid, what);
	d->on_trouble(d->arg, text);
}

/* The server sees the end of the connection, and closes it. */
static void
turn_away(struct door *d, int fd, uid_t uid)
{
	static const char body[] =
	    "{\"error\":\"too many connections\",\"hint\":\"close what isn't used\"}\n";
	char text[256];
	int n = snprintf(text, sizeof(text),
	    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
	    strlen(body), body);

	(void)send(fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_RDWR);
	complain(d, "too many connections, some are turned away", uid);
}

/* --- coming in --- */

static bool
may_come_in(struct door *d, int fd, uid_t uid)
{
	if (fd >= PLACES)
		return false;
	if (is_privileged(uid))
		return true;
	return fd < DOOR_DESCRIPTORS_OTHERS && has_place(d, uid);
}

static void
look_at(struct door *d, int fd)
{
	struct visitor v = { .since_ms = clock_monotonic_ms() };
	bool known = fd >= 0 && peer_uid(fd, &v.uid);

	if (fd < 0)
		return;
	v.refused = !known || !may_come_in(d, fd, v.uid);
	if (v.refused)
		turn_away(d, fd, v.uid);
	if (fd < PLACES) {
		v.cookie = cookie_of(fd);
		d->visitors[fd] = v;
	}
}

/* Descriptors are handed out from the lowest on: the number of the next one is how many are open.
 */
static bool
is_crowded(void)
{
	int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (next >= 0)
		(void)close(next);
	return next >= DOOR_DESCRIPTORS_MAX;
}

/* Whoever asks how things stand when no descriptor can be had is to be answered all the same. */
static bool
fill_reserve(struct door *d)
{
	bool full = true;

	for (unsigned i = 0; i < RESERVE; i++) {
		if (d->reserve[i] < 0)
			d->reserve[i] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
		full &= d->reserve[i] >= 0;
	}
	return full;
}

static bool
spend_reserve(struct door *d)
{
	for (unsigned i = 0; i < RESERVE; i++) {
		if (d->reserve[i] < 0)
			continue;
		(void)close(d->reserve[i]);
		d->reserve[i] = -1;
		return true;
	}
	return false;
}

static void
plan_resume(struct door *d, int in_ms)
{
	const struct timeval in = { .tv_usec = in_ms * 1000 };

	(void)event_add(d->resume, &in);
}

static void
pause_accepting(struct door *d, int ms)
{
	(void)evconnlistener_disable(d->listener);
	plan_resume(d, ms);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct door *d = arg;

	if (is_crowded()) {
		plan_resume(d, PAUSE_MS);
		return;
	}
	if (!fill_reserve(d))
		plan_resume(d, REFILL_MS);
	(void)evconnlistener_enable(d->listener);
}

static void
start_sweeping(struct door *d)
{
	static const struct timeval every = { .tv_sec = DOOR_SWEEP_MS / 1000 };

	if (!evtimer_pending(d->sweep, NULL))
		(void)event_add(d->sweep, &every);
}

/* -1: the server could not take the connection, or has let go of it; the descriptor may be somebody
 * else's by now. */
static int
descriptor_of(struct bufferevent *bev)
{
	bufferevent_event_cb on_event = NULL;

	bufferevent_getcb(bev, NULL, NULL, &on_event, NULL);
	return on_event == NULL ? -1 : bufferevent_getfd(bev);
}

static void
on_greet(evutil_socket_t fd, short what, void *arg)
{
	struct door *d = arg;
	bool many = d->n_fresh == DOOR_AT_ONCE;

	d->looked = false;
	for (unsigned i = 0; i < d->n_fresh; i++) {
		look_at(d, descriptor_of(d->fresh[i]));
		(void)bufferevent_decref(d->fresh[i]);
	}
	d->n_fresh = 0;
	start_sweeping(d);
	if (many || is_crowded())
		pause_accepting(d, many ? BREATH_MS : PAUSE_MS);
}

struct bufferevent *
door_enter(struct door *d)
{
	struct bufferevent *bev = bufferevent_socket_new(d->base, -1, 0);

	if (bev == NULL)
		return NULL;
	if (d->n_fresh == DOOR_AT_ONCE)
		on_greet(-1, 0, d);
	(void)bufferevent_priority_set(bev, d->priority);
	/* What a client sends while it is being answered waits in the kernel. */
	bufferevent_setwatermark(bev, EV_READ, 0, DOOR_UNREAD_MAX);
	bufferevent_incref(bev);
	d->fresh[d->n_fresh++] = bev;
	if (d->n_fresh == DOOR_AT_ONCE)
		(void)evconnlistener_disable(d->listener); /* until they were greeted */
	event_active(d->greet, EV_TIMEOUT, 0);
	return bev;
}

/* Out of descriptors: one of the reserve makes way. When it is spent the listener, which would call
 * again at once, waits until one of the clients has gone. */
static void
on_accept_error(struct evconnlistener *listener, void *server)
{
	struct door *d;

	LIST_FOREACH(d, &doors, link)
	if (d->listener == listener)
		break;
	if (d == NULL)
		return;
	if (!spend_reserve(d))
		(void)evconnlistener_disable(d->listener);
	plan_resume(d, REFILL_MS);
}

/* --- staying --- */

static void
on_sweep(evutil_socket_t none, short what, void *arg)
{
	struct door *d = arg;
	int64_t now = clock_monotonic_ms();
	bool any = false;

	for (int fd = 0; fd < PLACES; fd++) {
		const struct visitor *v = visitor_on(d, fd);

		if (v == NULL || v->refused || v->since_ms < 0)
			continue;
		any = true;
		if (now - v->since_ms <= DOOR_REQUEST_MS)
			continue;
		(void)shutdown(fd, SHUT_RDWR);
		complain(d, "no whole request in a minute, or no answer taken", v->uid);
	}
	if (any)
		start_sweeping(d);
}

bool
door_asked(struct door *d, int fd)
{
	struct visitor *v = visitor_on(d, fd);

	if (v == NULL)
		return true; /* nobody has looked yet */
	v->since_ms = clock_monotonic_ms();
	return !v->refused;
}

bool
door_limits(struct door *d, int fd, uid_t *ret)
{
	const struct visitor *v = visitor_on(d, fd);

	if (v == NULL || is_privileged(v->uid))
		return false;
	*ret = v->uid;
	return true;
}

void
door_stays(struct door *d, int fd)
{
	struct visitor *v = visitor_on(d, fd);

	if (v != NULL)
		v->since_ms = -1;
}

uint64_t
door_refused(const struct door *d)
{
	return d->refused;
}

/* --- life --- */

int
door_new(struct door **ret, struct event_base *base, struct evconnlistener *listener, int priority,
    door_trouble_fn *on_trouble, void *arg)
{
	_cleanup_(door_freep) struct door *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	LIST_INSERT_HEAD(&doors, d, link);
	for (unsigned i = 0; i < RESERVE; i++)
		d->reserve[i] = -1;
	(void)fill_reserve(d);
	d->base = base;
	d->listener = listener;
	d->priority = priority;
	d->on_trouble = on_trouble;
	d->arg = arg;
	d->resume = evtimer_new(base, on_resume, d);
	d->greet = evtimer_new(base, on_greet, d);
	d->sweep = evtimer_new(base, on_sweep, d);
	if (d->resume == NULL || d->greet == NULL || d->sweep == NULL)
		return -ENOMEM;
	evconnlistener_set_error_cb(listener, on_accept_error);
	*ret = TAKE(d);
	return 0;
}

struct door *
door_free(struct door *d)
{
	if (d == NULL)
		return NULL;
	LIST_REMOVE(d, link);
	while (spend_reserve(d))
		;
	for (unsigned i = 0; i < d->n_fresh; i++)
		(void)bufferevent_decref(d->fresh[i]);
	if (d->resume != NULL)
		event_free(d->resume);
	if (d->greet != NULL)
		event_free(d->greet);
	if (d->sweep != NULL)
		event_free(d->sweep);
	free(d);
	return NULL;
}
