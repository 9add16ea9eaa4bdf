/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client sends to the daemon's socket, over a judge and a ledger. Whatever it is, the server
 * must let go of a client that has hung up. */
#include "fuzz.h"

#include "control/api.h"
#include "control/reload.h"
#include "house.h"
#include "report/metrics.h"
#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TURNS_MAX = 10000 };

static struct event_base *base;
static struct api *api;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len;

static int
rescan(void *arg)
{
	return 0;
}

static int
reload(void *arg, struct json_object **ret, char **reterr)
{
	*reterr = strdup("plimsoll.yaml:3: unknown key");
	return RELOAD_E_INVALID;
}

static void
start(void)
{
	static struct api_look look = { .started_ms = 1, .took_ms = 1 };
	struct world *w = house_new();
	struct api_config config = { .rescan = rescan, .reload = reload, .look = &look };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	world_start(w);
	must(metrics_new(&config.metrics, w->ledger) == 0);
	base = config.base = w->base;
	config.judge = w->judge;
	config.ledger = w->ledger;
	config.collector = w->collector;
	(void)signal(SIGPIPE, SIG_IGN);
	/* In the abstract namespace: there is nothing to be removed. */
	address_len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			(size_t)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			    "plimsoll-fuzz-%d", (int)getpid()));
	must(fd >= 0);
	must(bind(fd, (const struct sockaddr *)&address, address_len) == 0 && listen(fd, 8) == 0);
	must(api_new(&api, &config, fd) == 0);
}

/* Reads until the server has closed. */
static bool
is_let_go(int fd)
{
	char bytes[4096];

	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return true;
		if (n < 0)
			return false;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned turns = 0;

	if (base == NULL)
		start();
	must(fd >= 0 && connect(fd, (const struct sockaddr *)&address, address_len) == 0);
	for (size_t at = 0; at < size;) {
		ssize_t n = send(fd, data + at, size - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
		at += n > 0 ? (size_t)n : 0;
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
		if (is_let_go(fd))
			break;
	}
	(void)shutdown(fd, SHUT_WR);
	while (!is_let_go(fd)) {
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
		must(++turns < TURNS_MAX);
	}
	(void)close(fd);
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	return 0;
}
