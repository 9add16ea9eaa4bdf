/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/unit_bus.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

enum {
	SERVICE,
	SOCKET,
	_UNITS,
	DROP_INS_MAX = 256,
	ROUNDS_MAX = 256, /* messages handled before other events get their turn */
};

struct unit {
	char *fragment;
	char **drop_ins;
	const char *paths[DROP_INS_MAX + 1];
	struct unit_files files;
};

struct unit_query {
	struct event_base *base;
	sd_bus *bus;
	struct event *io, *deadline;
	struct unit units[_UNITS];
	unsigned pending;
	bool over;
	char why[256];
	unit_query_fn *done;
	void *arg;
};

static const char *const objects[_UNITS] = {
	[SERVICE] = "/org/freedesktop/systemd1/unit/docker_2eservice",
	[SOCKET] = "/org/freedesktop/systemd1/unit/docker_2esocket",
};

static void
fail(struct unit_query *q, const char *why)
{
	if (q->why[0] == '\0')
		(void)snprintf(q->why, sizeof(q->why), "systemd over D-Bus: %s", why);
}

/* --- replies --- */

static bool
is_error(struct unit_query *q, sd_bus_message *m)
{
	const sd_bus_error *e = sd_bus_message_get_error(m);

	if (e != NULL)
		fail(q, e->message != NULL ? e->message : e->name);
	return e != NULL;
}

static int
on_fragment(struct unit_query *q, struct unit *u, sd_bus_message *m)
{
	const char *path;
	int r;

	q->pending--;
	if (is_error(q, m))
		return 0;
	r = sd_bus_message_read(m, "v", "s", &path);
	if (r >= 0)
		u->fragment = strdup(path);
	if (u->fragment == NULL)
		fail(q, strerror(r < 0 ? -r : ENOMEM));
	return 0;
}

static int
on_drop_ins(struct unit_query *q, struct unit *u, sd_bus_message *m)
{
	int r;

	q->pending--;
	if (is_error(q, m))
		return 0;
	r = sd_bus_message_enter_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_read_strv(m, &u->drop_ins);
	if (r < 0)
		fail(q, strerror(-r));
	return 0;
}

static int
on_service_fragment(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct unit_query *q = arg;

	return on_fragment(q, &q->units[SERVICE], m);
}

static int
on_service_drop_ins(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct unit_query *q = arg;

	return on_drop_ins(q, &q->units[SERVICE], m);
}

static int
on_socket_fragment(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct unit_query *q = arg;

	return on_fragment(q, &q->units[SOCKET], m);
}

static int
on_socket_drop_ins(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct unit_query *q = arg;

	return on_drop_ins(q, &q->units[SOCKET], m);
}

static const struct {
	unsigned unit;
	const char *property;
	sd_bus_message_handler_t on_reply;
} questions[] = {
	{ SERVICE, "FragmentPath", on_service_fragment },
	{ SERVICE, "DropInPaths", on_service_drop_ins },
	{ SOCKET, "FragmentPath", on_socket_fragment },
	{ SOCKET, "DropInPaths", on_socket_drop_ins },
};

/* --- the end --- */

/* A unit that systemd doesn't know has an empty fragment and no drop-ins. */
static void
gather(struct unit *u)
{
	size_t n = 0;

	if (u->fragment[0] != '\0')
		u->paths[n++] = u->fragment;
	for (size_t i = 0; u->drop_ins != NULL && u->drop_ins[i] != NULL; i++) {
		if (n == ARRAY_SIZE(u->paths)) {
			u->files.cut = true;
			break;
		}
		u->paths[n++] = u->drop_ins[i];
	}
	u->files.paths = u->paths;
	u->files.n = n;
}

/* The last thing done with the query: who is told may free it. */
static void
tell(struct unit_query *q)
{
	if (q->over)
		return;
	q->over = true;
	(void)event_del(q->io);
	(void)event_del(q->deadline);
	if (q->why[0] != '\0') {
		q->done(q->arg, q->why, NULL, NULL);
		return;
	}
	gather(&q->units[SERVICE]);
	gather(&q->units[SOCKET]);
	q->done(q->arg, NULL, &q->units[SERVICE].files, &q->units[SOCKET].files);
}

static void
deadline_over(evutil_socket_t fd, short what, void *arg)
{
	struct unit_query *q = arg;

	fail(q, "no answer within the deadline");
	tell(q);
}

/* --- sd-bus driven by libevent --- */

static void bus_ready(evutil_socket_t fd, short what, void *arg);

/* What it waits for changes with each message. */
static int
await(struct unit_query *q)
{
	int fd = sd_bus_get_fd(q->bus), events = sd_bus_get_events(q->bus);
	short what = 0;

	if (fd < 0 || events < 0)
		return fd < 0 ? fd : events;
	if (events & POLLIN)
		what |= EV_READ;
	if (events & POLLOUT)
		what |= EV_WRITE;
	(void)event_del(q->io);
	if (event_assign(q->io, q->base, fd, what, bus_ready, q) < 0 || event_add(q->io, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static void
bus_ready(evutil_socket_t fd, short what, void *arg)
{
	struct unit_query *q = arg;
	int r = 1;

	for (int i = 0; r > 0 && q->pending > 0 && i < ROUNDS_MAX; i++)
		r = sd_bus_process(q->bus, NULL);
	if (r >= 0 && q->pending > 0)
		r = await(q);
	if (r < 0)
		fail(q, strerror(-r));
	if (r < 0 || q->pending == 0)
		tell(q);
}

static int
ask(struct unit_query *q)
{
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		r = sd_bus_call_method_async(q->bus, NULL, "org.freedesktop.systemd1",
		    objects[questions[i].unit], "org.freedesktop.DBus.Properties", "Get",
		    questions[i].on_reply, q, "ss", "org.freedesktop.systemd1.Unit",
		    questions[i].property);
		if (r < 0)
			return r;
		q->pending++;
	}
	return 0;
}

static int
connect_bus(struct unit_query *q, const char *address)
{
	int r = sd_bus_new(&q->bus);

	if (r >= 0)
		r = sd_bus_set_address(
		    q->bus, address != NULL ? address : "unix:path=/run/systemd/private");
	if (r >= 0)
		r = sd_bus_start(q->bus);
	return r;
}

int
unit_query_new(struct unit_query **ret, struct event_base *base, const char *address,
    unit_query_fn *done, void *arg)
{
	static const struct timeval deadline = { .tv_usec = UNIT_BUS_DEADLINE_MS * 1000 };
	_cleanup_(unit_query_freep) struct unit_query *q = calloc(1, sizeof(*q));
	int r;

	if (q == NULL)
		return -ENOMEM;
	q->base = base;
	q->done = done;
	q->arg = arg;
	q->io = event_new(base, -1, 0, bus_ready, q);
	q->deadline = evtimer_new(base, deadline_over, q);
	if (q->io == NULL || q->deadline == NULL)
		return -ENOMEM;
	r = connect_bus(q, address);
	if (r >= 0)
		r = ask(q);
	if (r >= 0)
		r = await(q);
	if (r < 0)
		return r;
	if (event_add(q->deadline, &deadline) < 0)
		return -ENOMEM;
	*ret = TAKE(q);
	return 0;
}

static void
unit_clear(struct unit *u)
{
	free(u->fragment);
	for (size_t i = 0; u->drop_ins != NULL && u->drop_ins[i] != NULL; i++)
		free(u->drop_ins[i]);
	free(u->drop_ins);
}

struct unit_query *
unit_query_free(struct unit_query *q)
{
	if (q == NULL)
		return NULL;
	if (q->io != NULL)
		event_free(q->io);
	if (q->deadline != NULL)
		event_free(q->deadline);
	sd_bus_close_unref(q->bus);
	unit_clear(&q->units[SERVICE]);
	unit_clear(&q->units[SOCKET]);
	free(q);
	return NULL;
}
