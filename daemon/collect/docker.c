/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/docker_private.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

/* An event for a socket that curl wants to hear of. */
struct socket_watch {
	TAILQ_ENTRY(socket_watch) link;
	struct event *event;
};

void
docker_schedule_turn(struct docker *d)
{
	event_active(d->turn, 0, 0);
}

/* --- curl driven by libevent --- */

static void
socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct docker *d = arg;
	int mask =
	    (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	(void)curl_multi_socket_action(d->multi, fd, mask, &running);
	docker_schedule_turn(d);
}

static void
time_over(evutil_socket_t fd, short what, void *arg)
{
	struct docker *d = arg;
	int running;

	(void)curl_multi_socket_action(d->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	docker_schedule_turn(d);
}

static void
watch_free(struct docker *d, struct socket_watch *w)
{
	TAILQ_REMOVE(&d->watches, w, link);
	event_free(w->event);
	free(w);
}

static struct socket_watch *
watch_new(struct docker *d, curl_socket_t fd)
{
	struct socket_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->event = event_new(d->base, fd, 0, socket_ready, d);
	if (w->event == NULL) {
		free(w);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&d->watches, w, link);
	(void)curl_multi_assign(d->multi, fd, w);
	return w;
}

/* A socket that can't be watched for want of memory is left to its exchange's deadline. */
static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
	struct docker *d = arg;
	struct socket_watch *w = of_socket;
	short events = EV_PERSIST;

	if (what == CURL_POLL_REMOVE) {
		if (w != NULL)
			watch_free(d, w);
		(void)curl_multi_assign(d->multi, fd, NULL);
		return 0;
	}
	if (w == NULL)
		w = watch_new(d, fd);
	if (w == NULL)
		return 0;
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	(void)event_del(w->event);
	(void)event_assign(w->event, d->base, fd, events, socket_ready, d);
	(void)event_add(w->event, NULL);
	return 0;
}

static int
want_timer(CURLM *multi, long ms, void *arg)
{
	struct docker *d = arg;
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (ms < 0)
		return event_del(d->timer);
	return event_add(d->timer, &tv);
}

/* --- requests --- */

/* Takes a request from the front of one list to the end of those to be told. */
static void
answer(struct docker *d, struct docker_requests *from, struct docker_request *q)
{
	TAILQ_REMOVE(from, q, link);
	if (from == &d->running)
		d->n_running--;
	TAILQ_INSERT_TAIL(&d->answered, q, link);
}

static void
refuse(struct docker *d, struct docker_request *q, const char *why)
{
	(void)snprintf(q->why, sizeof(q->why), "%s", why);
	answer(d, &d->waiting, q);
}

/* Nothing that waits can be had, for one reason. */
static void
refuse_all(struct docker *d, const char *why)
{
	struct docker_stream *s;

	while (!TAILQ_EMPTY(&d->waiting))
		refuse(d, TAILQ_FIRST(&d->waiting), why);
	TAILQ_FOREACH(s, &d->streams, link)
	if (stream_waits(s))
		stream_end(s, why);
}

static bool
was_our_own(CURLcode code)
{
	return code == CURLE_OK || code == CURLE_WRITE_ERROR;
}

static void
request_over(struct transfer *t, CURLcode code)
{
	struct docker_request *q = (struct docker_request *)t;
	struct docker *d = t->docker;

	if (!request_settle(q, code))
		d->counters.errors++;
	if (!was_our_own(code))
		docker_connection_failed(d);
	answer(d, &d->running, q);
}

void
docker_connection_failed(struct docker *d)
{
	docker_alive_forget(&d->alive);
	if (d->api_state == API_KNOWN)
		d->api_state = API_UNKNOWN;
}

/* --- the version of the API --- */

/* Ours is the lesser of what the engine speaks and what we know. */
static const char *
negotiate(struct docker *d, unsigned major, unsigned minor, char *why, size_t size)
{
	if (major < DOCKER_API_LEAST_MAJOR ||
	    (major == DOCKER_API_LEAST_MAJOR && minor < DOCKER_API_LEAST_MINOR)) {
		(void)snprintf(why, size, "engine too old: API %u.%u, %d.%d or newer is needed",
		    major, minor, DOCKER_API_LEAST_MAJOR, DOCKER_API_LEAST_MINOR);
		return why;
	}
	if (major > DOCKER_API_KNOWN_MAJOR ||
	    (major == DOCKER_API_KNOWN_MAJOR && minor > DOCKER_API_KNOWN_MINOR)) {
		major = DOCKER_API_KNOWN_MAJOR;
		minor = DOCKER_API_KNOWN_MINOR;
	}
	(void)snprintf(d->api, sizeof(d->api), "%u.%u", major, minor);
	return NULL;
}

/* NULL: the version is agreed on. Else why it is not, perhaps in `why`. */
static const char *
read_ping(struct docker *d, struct docker_request *ping, CURLcode code, char *why, size_t size)
{
	struct curl_header *header;
	unsigned major, minor;

	if (!request_settle(ping, code))
		d->counters.errors++;
	if (ping->status != 200)
		return ping->why;
	if (curl_easy_header(ping->transfer.easy, "Api-Version", 0, CURLH_HEADER, -1, &header) !=
		CURLHE_OK ||
	    sscanf(header->value, "%4u.%4u", &major, &minor) != 2) {
		d->counters.errors++;
		return "no Docker engine: its answer to /_ping has no Api-Version";
	}
	return negotiate(d, major, minor, why, size);
}

static void
ping_over(struct transfer *t, CURLcode code)
{
	struct docker *d = t->docker;
	char why[DOCKER_WHY_SIZE];
	const char *refusal = read_ping(d, d->ping, code, why, sizeof(why));

	d->api_state = refusal == NULL ? API_KNOWN : API_UNKNOWN;
	if (refusal != NULL) {
		d->api[0] = '\0';
		docker_alive_forget(&d->alive);
		refuse_all(d, refusal);
	}
	d->ping = request_free(d->ping);
}

static void
ask_version(struct docker *d)
{
	if (d->api_state == API_ASKED)
		return;
	if (request_new(&d->ping, d, "/_ping", NULL, NULL) < 0 || request_start(d->ping, "") < 0) {
		d->ping = request_free(d->ping);
		refuse_all(d, "out of memory");
		return;
	}
	d->ping->transfer.over = ping_over;
	d->api_state = API_ASKED;
}

/* --- the turn --- */

static void
reap(struct docker *d)
{
	struct transfer *t;
	CURLMsg *message;
	CURLcode code;
	char *of_easy;
	int left;

	while ((message = curl_multi_info_read(d->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &of_easy);
		t = (struct transfer *)(void *)of_easy;
		(void)curl_multi_remove_handle(d->multi, t->easy);
		t->over(t, code);
	}
}

static bool
something_waits(const struct docker *d)
{
	struct docker_stream *s;

	TAILQ_FOREACH(s, &d->streams, link)
	if (stream_waits(s))
		return true;
	return !TAILQ_EMPTY(&d->waiting) && d->n_running < d->parallel;
}

static void
start_requests(struct docker *d, const char *version)
{
	struct docker_request *q;

	while (d->n_running < d->parallel && (q = TAILQ_FIRST(&d->waiting)) != NULL) {
		if (request_start(q, version) < 0) {
			refuse(d, q, "out of memory");
			continue;
		}
		q->transfer.over = request_over;
		TAILQ_REMOVE(&d->waiting, q, link);
		TAILQ_INSERT_TAIL(&d->running, q, link);
		d->n_running++;
	}
}

static void
start(struct docker *d)
{
	char version[24], why[DOCKER_WHY_SIZE];
	struct docker_stream *s;

	if (!something_waits(d))
		return;
	if (!docker_alive_check(&d->alive)) {
		(void)snprintf(why, sizeof(why), "no engine: %s", d->alive.why);
		refuse_all(d, why);
		return;
	}
	if (d->api_state != API_KNOWN) {
		ask_version(d);
		return;
	}
	(void)snprintf(version, sizeof(version), "/v%s", d->api);
	start_requests(d, version);
	TAILQ_FOREACH(s, &d->streams, link)
	if (stream_waits(s) && stream_start(s, version) < 0)
		stream_end(s, "out of memory");
}

/* Both return false when who was called has freed the client. */
static bool
tell_one_request(struct docker *d, const bool *gone)
{
	struct docker_request *q = TAILQ_FIRST(&d->answered);

	TAILQ_REMOVE(&d->answered, q, link);
	d->n_requests--;
	transfer_stop(&q->transfer);
	q->done(q->arg, q->status, q->json, q->why[0] != '\0' ? q->why : NULL);
	(void)request_free(q);
	return !*gone;
}

static bool
tell_streams(struct docker *d, const bool *gone)
{
	struct docker_stream *s;

	for (;;) {
		TAILQ_FOREACH(s, &d->streams, link)
		if (stream_has_news(s))
			break;
		if (s == NULL)
			return true;
		stream_deliver(s);
		if (*gone)
			return false;
	}
}

static void
take_turn(evutil_socket_t fd, short what, void *arg)
{
	struct docker *d = arg;
	bool gone = false;

	reap(d);
	start(d);
	d->gone = &gone;
	if (!tell_streams(d, &gone))
		return;
	while (!TAILQ_EMPTY(&d->answered))
		if (!tell_one_request(d, &gone))
			return;
	d->gone = NULL;
}

/* --- life --- */

static int
set_up_multi(struct docker *d)
{
	d->multi = curl_multi_init();
	if (d->multi == NULL)
		return -ENOMEM;
	if (curl_multi_setopt(d->multi, CURLMOPT_SOCKETFUNCTION, want_socket) != CURLM_OK ||
	    curl_multi_setopt(d->multi, CURLMOPT_SOCKETDATA, d) != CURLM_OK ||
	    curl_multi_setopt(d->multi, CURLMOPT_TIMERFUNCTION, want_timer) != CURLM_OK ||
	    curl_multi_setopt(d->multi, CURLMOPT_TIMERDATA, d) != CURLM_OK ||
	    curl_multi_setopt(d->multi, CURLMOPT_MAXCONNECTS, (long)d->parallel + 1) != CURLM_OK)
		return -ENOMEM;
	return 0;
}

int
docker_new(struct docker **ret, struct event_base *base, const char *socket, unsigned parallel)
{
	static const char scheme[] = "unix://";
	_cleanup_(docker_freep) struct docker *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	d->base = base;
	d->parallel = parallel > 0 ? parallel : 1;
	d->deadline_ms = DOCKER_DEADLINE_MS;
	TAILQ_INIT(&d->watches);
	TAILQ_INIT(&d->waiting);
	TAILQ_INIT(&d->running);
	TAILQ_INIT(&d->answered);
	TAILQ_INIT(&d->streams);

	if (strncmp(socket, scheme, sizeof(scheme) - 1) == 0)
		socket += sizeof(scheme) - 1;
	d->socket = strdup(socket);
	if (d->socket == NULL)
		return -ENOMEM;
	docker_alive_init(&d->alive, d->socket);
	d->timer = evtimer_new(base, time_over, d);
	d->turn = event_new(base, -1, 0, take_turn, d);
	if (d->timer == NULL || d->turn == NULL)
		return -ENOMEM;
	if (set_up_multi(d) < 0)
		return -ENOMEM;
	*ret = TAKE(d);
	return 0;
}

static void
free_requests(struct docker_requests *list)
{
	struct docker_request *q;

	while ((q = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, q, link);
		(void)request_free(q);
	}
}

struct docker *
docker_free(struct docker *d)
{
	if (d == NULL)
		return NULL;
	if (d->gone != NULL)
		*d->gone = true;
	while (!TAILQ_EMPTY(&d->streams))
		(void)docker_stream_close(TAILQ_FIRST(&d->streams));
	d->ping = request_free(d->ping);
	free_requests(&d->waiting);
	free_requests(&d->running);
	free_requests(&d->answered);
	transfers_forget(d);
	if (d->multi != NULL)
		(void)curl_multi_cleanup(d->multi);
	while (!TAILQ_EMPTY(&d->watches))
		watch_free(d, TAILQ_FIRST(&d->watches));
	if (d->timer != NULL)
		event_free(d->timer);
	if (d->turn != NULL)
		event_free(d->turn);
	free(d->socket);
	free(d);
	return NULL;
}

void
docker_set_deadline(struct docker *d, long ms)
{
	d->deadline_ms = ms;
}

bool
docker_alive(struct docker *d, const char **why)
{
	bool alive = docker_alive_check(&d->alive);

	if (why != NULL)
		*why = alive ? NULL : d->alive.why;
	return alive;
}

const char *
docker_socket(const struct docker *d)
{
	return d->socket;
}

int
docker_pid(struct docker *d)
{
	return docker_alive_check(&d->alive) ? d->alive.pid : 0;
}

const char *
docker_api(const struct docker *d)
{
	return d->api[0] != '\0' ? d->api : NULL;
}

int
docker_get(struct docker *d, const char *path, docker_done_fn *done, void *arg)
{
	struct docker_request *q;
	int r;

	if (d->n_requests >= DOCKER_QUEUE_MAX)
		return -ENOBUFS;
	r = request_new(&q, d, path, done, arg);
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&d->waiting, q, link);
	d->n_requests++;
	docker_schedule_turn(d);
	return 0;
}

const struct docker_counters *
docker_counters(const struct docker *d)
{
	return &d->counters;
}
