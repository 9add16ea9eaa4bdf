/* SPDX-License-Identifier: Apache-2.0
 *
 * An engine that plays given bytes, on a Unix socket and on the event base of the test. A request
 * is answered by the first entry of the script whose text its path contains. */
#ifndef TESTS_FAKE_ENGINE_H
#define TESTS_FAKE_ENGINE_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum play {
	PLAY_JSON,  /* 200 with that body */
	PLAY_RAW,   /* these bytes, then the connection stays open */
	PLAY_CLOSE, /* these bytes, then the connection is closed */
	PLAY_DROPS, /* JSON with its length, one byte an event */
	PLAY_HANG,  /* nothing, ever */
	PLAY_STATUS /* "404 Not Found" and a body that says so */
};

struct fake_answer {
	const char *path;
	enum play play;
	const char *text;
};

struct fake_engine {
	struct event_base *base;
	struct evconnlistener *listener;
	struct bufferevent *connections[64];
	unsigned n_connections, n_requests, n_open;
	char last[512]; /* first line of the last request */
	const struct fake_answer *script;
	char dir[40], socket[64];
	struct fake_drop {
		struct bufferevent *bev;
		struct event *timer;
		char *text;
		size_t at;
	} drop;
};

static inline void
fake_drop(evutil_socket_t fd, short what, void *arg)
{
	struct fake_engine *f = arg;
	static const struct timeval now;

	bufferevent_write(f->drop.bev, f->drop.text + f->drop.at, 1);
	if (f->drop.text[++f->drop.at] != '\0')
		event_add(f->drop.timer, &now);
}

static inline void
fake_play(struct fake_engine *f, struct bufferevent *bev, const struct fake_answer *a)
{
	struct evbuffer *out = bufferevent_get_output(bev);
	char *text;

	switch (a->play) {
	case PLAY_JSON:
		evbuffer_add_printf(out,
		    "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: %zu\r\n\r\n%s",
		    strlen(a->text), a->text);
		break;
	case PLAY_STATUS:
		text = NULL;
		if (asprintf(&text, "{\"message\":\"no\\nsuch %.3s\"}\n", a->text) < 0)
			abort();
		evbuffer_add_printf(out, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", a->text,
		    strlen(text), text);
		free(text);
		break;
	case PLAY_RAW:
		evbuffer_add(out, a->text, strlen(a->text));
		break;
	case PLAY_CLOSE:
		/* At once and from the descriptor: no callback of a flushed buffer is needed. */
		if (write(bufferevent_getfd(bev), a->text, strlen(a->text)) < 0)
			abort();
		shutdown(bufferevent_getfd(bev), SHUT_RDWR);
		break;
	case PLAY_DROPS:
		free(f->drop.text);
		if (asprintf(&f->drop.text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
			strlen(a->text), a->text) < 0)
			abort();
		f->drop.bev = bev;
		f->drop.at = 0;
		if (f->drop.timer == NULL)
			f->drop.timer = evtimer_new(f->base, fake_drop, f);
		fake_drop(-1, 0, f);
		break;
	case PLAY_HANG:
		break;
	}
}

static inline void
fake_read(struct bufferevent *bev, void *arg)
{
	static const struct fake_answer unknown = { "", PLAY_STATUS, "404 Not Found" };
	struct fake_engine *f = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	const struct fake_answer *a;
	struct evbuffer_ptr end;
	char *line;
	size_t len;

	while (end = evbuffer_search(in, "\r\n\r\n", 4, NULL), end.pos >= 0) {
		line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF);
		end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
		evbuffer_drain(in, (size_t)end.pos + 4);
		snprintf(f->last, sizeof(f->last), "%s", line);
		free(line);
		f->n_requests++;
		for (a = f->script; a->path != NULL && strstr(f->last, a->path) == NULL; a++)
			;
		fake_play(f, bev, a->path != NULL ? a : &unknown);
	}
}

static inline void
fake_event(struct bufferevent *bev, short what, void *arg)
{
	struct fake_engine *f = arg;

	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
		bufferevent_disable(bev, EV_READ | EV_WRITE);
		f->n_open--;
	}
}

static inline void
fake_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int len, void *arg)
{
	struct fake_engine *f = arg;
	struct bufferevent *bev = bufferevent_socket_new(f->base, fd, BEV_OPT_CLOSE_ON_FREE);

	if (bev == NULL || f->n_connections == 64)
		abort();
	f->connections[f->n_connections++] = bev;
	f->n_open++;
	bufferevent_setcb(bev, fake_read, NULL, fake_event, f);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static inline void
fake_engine_stop(struct fake_engine *f)
{
	if (f->listener != NULL)
		evconnlistener_free(f->listener);
	f->listener = NULL;
	if (f->drop.timer != NULL)
		event_free(f->drop.timer);
	f->drop.timer = NULL;
	for (unsigned i = 0; i < f->n_connections; i++)
		bufferevent_free(f->connections[i]);
	f->n_connections = 0;
	f->n_open = 0;
	unlink(f->socket);
}

static inline void
fake_engine_start(struct fake_engine *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->socket);
	f->listener = evconnlistener_new_bind(f->base, fake_accept, f, LEV_OPT_CLOSE_ON_FREE, -1,
	    (const struct sockaddr *)&address, sizeof(address));
	if (f->listener == NULL)
		abort();
}

static inline struct fake_engine *
fake_engine_new(struct event_base *base, const struct fake_answer *script)
{
	struct fake_engine *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->base = base;
	f->script = script;
	strcpy(f->dir, "/tmp/plimsoll-fake-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		abort();
	snprintf(f->socket, sizeof(f->socket), "%s/docker.sock", f->dir);
	fake_engine_start(f);
	return f;
}

static inline void
fake_engine_free(struct fake_engine *f)
{
	fake_engine_stop(f);
	free(f->drop.text);
	rmdir(f->dir);
	free(f);
}

static inline void
fake_late(evutil_socket_t fd, short what, void *arg)
{
	*(bool *)arg = true;
}

/* Runs the loop until *done, or until it has taken far too long. */
static inline bool
run_until(struct event_base *base, const bool *done)
{
	static const struct timeval much = { .tv_sec = 30 };
	bool late = false;
	struct event *timer = evtimer_new(base, fake_late, &late);

	event_add(timer, &much);
	while (!*done && !late)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(timer);
	return *done;
}

#endif
