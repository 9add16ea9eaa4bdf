/* SPDX-License-Identifier: Apache-2.0 */
#include "control/client.h"
#include "util/clock.h"

#include <curl/curl.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	CONNECT_MS = 5 * 1000,
	CROWD_PAUSE_US = 200, /* between two tries to be let in: a place is soon taken */
	SILENCE_S = 60,       /* of a daemon that should be answering */
};

struct answer {
	CURL *curl;
	char *text; /* the body, or the line that is not complete yet */
	size_t len, room;
	client_line_fn *fn; /* NULL: the body is kept whole */
	void *arg;
	bool stopped, too_big;
};

static void
curlp(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static void
answer_deinit(struct answer *a)
{
	free(a->text);
}

static bool
keep(struct answer *a, const char *data, size_t len)
{
	if (len > CLIENT_BODY_MAX - a->len) {
		a->too_big = true;
		return false;
	}
	if (a->len + len + 1 > a->room) {
		size_t room = (a->len + len + 1) * 2;
		char *text = realloc(a->text, room);

		if (text == NULL)
			return false;
		a->text = text;
		a->room = room;
	}
	memcpy(a->text + a->len, data, len);
	a->len += len;
	a->text[a->len] = '\0';
	return true;
}

/* Hands complete lines over. */
static bool
take_lines(struct answer *a)
{
	char *line = a->text, *newline;

	while (!a->stopped && (newline = strchr(line, '\n')) != NULL) {
		*newline = '\0';
		a->stopped = a->fn(a->arg, line, (size_t)(newline - line)) != 0;
		line = newline + 1;
	}
	a->len -= (size_t)(line - a->text);
	memmove(a->text, line, a->len + 1);
	return !a->stopped;
}

static size_t
on_data(char *data, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;
	long status = 0;

	if (!keep(a, data, n))
		return 0;
	(void)curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	if (a->fn != NULL && status == 200 && !take_lines(a))
		return 0;
	return n;
}

static int
no_answer(const char *socket, const char *why, char **reterr)
{
	if (asprintf(reterr,
		"no answer at %s: %s\nis the daemon running? systemctl status plimsolld", socket,
		why) < 0)
		return -ENOMEM;
	return CLIENT_E_NO_ANSWER;
}

static int
not_connected(const char *socket, int error, char **reterr)
{
	if (error != EACCES)
		return no_answer(socket, strerror(error), reterr);
	if (asprintf(reterr,
		"no answer at %s: %s\nroot and the group plimsoll may ask: try it with sudo, or "
		"become a member with adduser YOU plimsoll",
		socket, strerror(error)) < 0)
		return -ENOMEM;
	return CLIENT_E_NO_ANSWER;
}

/* The daemon's own words, from {"error", "hint"}. */
static int
refused(const struct answer *a, long status, char **reterr)
{
	struct json_object *json = a->text == NULL ? NULL : json_tokener_parse(a->text);
	struct json_object *error = NULL, *hint = NULL;
	int n;

	(void)json_object_object_get_ex(json, "error", &error);
	(void)json_object_object_get_ex(json, "hint", &hint);
	if (error == NULL)
		n = asprintf(reterr, "the daemon answered with status %ld", status);
	else if (hint == NULL)
		n = asprintf(reterr, "%s", json_object_get_string(error));
	else
		n = asprintf(reterr, "%s%c(%s)", json_object_get_string(error),
		    strchr(json_object_get_string(error), '\n') == NULL ? ' ' : '\n',
		    json_object_get_string(hint));
	(void)json_object_put(json);
	return n < 0 ? -ENOMEM : CLIENT_E_REFUSED;
}

static CURL *
handle_new(struct answer *a, const char *socket, const char *url, bool post)
{
	CURL *curl = curl_easy_init();

	if (curl == NULL)
		return NULL;
	(void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
	if (post)
		(void)curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, "");
	if (a->fn == NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
	}
	return curl;
}

/* So many knock at once that the kernel queues no more of them. */
static bool
is_crowded(CURL *curl, CURLcode code)
{
	long error = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
	return (code == CURLE_COULDNT_CONNECT && error == EAGAIN) ||
	       (code == CURLE_SEND_ERROR && error == ENOTCONN); /* libcurl took it for begun */
}

static CURLcode
perform(CURL *curl)
{
	static const struct timespec pause = { .tv_nsec = CROWD_PAUSE_US * 1000 };
	int64_t end = clock_monotonic_ms() + CONNECT_MS;
	CURLcode code = curl_easy_perform(curl);

	while (is_crowded(curl, code) && clock_monotonic_ms() < end) {
		(void)nanosleep(&pause, NULL);
		code = curl_easy_perform(curl);
	}
	return code;
}

static int
ask(struct answer *a, const char *socket, const char *target, bool post, char **reterr)
{
	_cleanup_(freep) char *url = NULL;
	_cleanup_(curlp) CURL *curl = NULL;
	long status = 0;
	CURLcode code;

	if (asprintf(&url, "http://plimsoll%s", target) < 0)
		return -ENOMEM;
	curl = a->curl = handle_new(a, socket, url, post);
	if (curl == NULL)
		return -ENOMEM;
	code = perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (a->stopped)
		return 0;
	if (code == CURLE_WRITE_ERROR)
		return no_answer(
		    socket, a->too_big ? "the answer is too big" : "out of memory", reterr);
	if (code == CURLE_COULDNT_CONNECT) {
		long error = 0;

		(void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
		if (error != 0)
			return not_connected(socket, (int)error, reterr);
	}
	if (code != CURLE_OK)
		return no_answer(socket, curl_easy_strerror(code), reterr);
	return status >= 200 && status < 300 ? 0 : refused(a, status, reterr);
}

static int
ask_json(const char *socket, const char *target, bool post, struct json_object **ret, char **reterr)
{
	struct answer a = { 0 };
	int r = ask(&a, socket, target, post, reterr);

	if (r == 0) {
		*ret = a.text == NULL ? NULL : json_tokener_parse(a.text);
		if (*ret == NULL)
			r = no_answer(socket, "what it says is no JSON", reterr);
	}
	answer_deinit(&a);
	return r;
}

int
client_get(const char *socket, const char *target, struct json_object **ret, char **reterr)
{
	return ask_json(socket, target, false, ret, reterr);
}

int
client_post(const char *socket, const char *target, struct json_object **ret, char **reterr)
{
	return ask_json(socket, target, true, ret, reterr);
}

int
client_lines(const char *socket, const char *target, client_line_fn *fn, void *arg, char **reterr)
{
	struct answer a = { .fn = fn, .arg = arg };
	int r = ask(&a, socket, target, false, reterr);

	answer_deinit(&a);
	return r;
}
