/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/docker_private.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define SET(easy, option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

/* What is the same in all exchanges. */
static CURL *
easy_new(const struct docker *d)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		return NULL;
	if (!SET(easy, CURLOPT_UNIX_SOCKET_PATH, d->socket) ||
	    !SET(easy, CURLOPT_PROTOCOLS_STR, "http") || !SET(easy, CURLOPT_PROXY, "") ||
	    !SET(easy, CURLOPT_PATH_AS_IS, 1L) || !SET(easy, CURLOPT_HTTPGET, 1L) ||
	    !SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
	    !SET(easy, CURLOPT_USERAGENT, "plimsoll/" PLIMSOLL_VERSION) ||
	    !SET(easy, CURLOPT_NOSIGNAL, 1L)) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

static bool
set_up(struct transfer *t, const char *url, long deadline_ms, curl_write_callback on_body)
{
	return SET(t->easy, CURLOPT_PRIVATE, t) && SET(t->easy, CURLOPT_ERRORBUFFER, t->error) &&
	       SET(t->easy, CURLOPT_URL, url) &&
	       SET(t->easy, CURLOPT_CONNECTTIMEOUT_MS, t->docker->deadline_ms) &&
	       SET(t->easy, CURLOPT_TIMEOUT_MS, deadline_ms) &&
	       SET(t->easy, CURLOPT_WRITEFUNCTION, on_body) && SET(t->easy, CURLOPT_WRITEDATA, t) &&
	       SET(t->easy, CURLOPT_FRESH_CONNECT, (long)t->own_connection) &&
	       SET(t->easy, CURLOPT_FORBID_REUSE, (long)t->own_connection);
}

int
transfer_start(struct transfer *t, const char *path, long deadline_ms, curl_write_callback on_body,
    bool own_connection)
{
	struct docker *d = t->docker;
	char url[1100];

	if (snprintf(url, sizeof(url), "http://docker%s", path) >= (int)sizeof(url))
		return -ENAMETOOLONG;
	t->own_connection = own_connection;
	t->easy = !own_connection && d->n_spare > 0 ? d->spare[--d->n_spare] : easy_new(d);
	if (t->easy == NULL)
		return -ENOMEM;
	if (!set_up(t, url, deadline_ms, on_body) ||
	    curl_multi_add_handle(d->multi, t->easy) != CURLM_OK) {
		curl_easy_cleanup(TAKE(t->easy));
		return -ENOMEM;
	}
	d->counters.calls++;
	return 0;
}

/* A handle takes some ten allocations to make: a few are kept for the next request. */
void
transfer_stop(struct transfer *t)
{
	struct docker *d = t->docker;

	if (t->easy == NULL)
		return;
	/* Does nothing for a handle that isn't in there. */
	(void)curl_multi_remove_handle(d->multi, t->easy);
	if (!t->own_connection && d->n_spare < ARRAY_SIZE(d->spare) &&
	    SET(t->easy, CURLOPT_ERRORBUFFER, NULL))
		d->spare[d->n_spare++] = TAKE(t->easy);
	else
		curl_easy_cleanup(TAKE(t->easy));
}

void
transfers_forget(struct docker *d)
{
	while (d->n_spare > 0)
		curl_easy_cleanup(d->spare[--d->n_spare]);
}

long
transfer_status(const struct transfer *t)
{
	long status = 0;

	if (curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
		return 0;
	return status;
}

void
transfer_explain(const struct transfer *t, CURLcode code, char *ret, size_t size)
{
	long error = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_OPERATION_TIMEDOUT)
		(void)snprintf(ret, size, "no whole answer within %.3g s",
		    (double)t->docker->deadline_ms / 1000);
	else if (code == CURLE_COULDNT_CONNECT && error != 0)
		(void)snprintf(ret, size, "%.100s: %s", t->docker->socket, strerror((int)error));
	else if (code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING ||
		 code == CURLE_RECV_ERROR)
		(void)snprintf(ret, size, "no whole answer: the engine hung up");
	else
		(void)snprintf(ret, size, "no whole answer: %s",
		    t->error[0] != '\0' ? t->error : curl_easy_strerror(code));
}

void
refusal_add(struct refusal *f, const char *data, size_t len)
{
	size_t room = sizeof(f->text) - 1 - f->len;

	if (len > room)
		len = room;
	memcpy(f->text + f->len, data, len);
	f->len += len;
	f->text[f->len] = '\0';
}

/* The message goes into reasons that people read: one line of printable characters. */
void
refusal_explain(const struct refusal *f, long status, char *ret, size_t size)
{
	struct json_object *json = json_tokener_parse(f->text), *message = NULL;
	const char *text = "";

	if (json_object_is_type(json, json_type_object) &&
	    json_object_object_get_ex(json, "message", &message) &&
	    json_object_is_type(message, json_type_string))
		text = json_object_get_string(message);
	(void)snprintf(
	    ret, size, "the engine answers %ld%s%.200s", status, *text == '\0' ? "" : ": ", text);
	for (char *p = ret; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p) || (unsigned char)*p >= 0x80)
			*p = ' ';
	json_object_put(json);
}
