/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/docker_private.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

int
request_new(struct docker_request **ret, struct docker *d, const char *path, docker_done_fn *done,
    void *arg)
{
	_cleanup_(request_freep) struct docker_request *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return -ENOMEM;
	q->transfer.docker = d;
	q->done = done;
	q->arg = arg;
	q->plain = strcmp(path, "/_ping") == 0;
	q->path = strdup(path);
	if (q->path == NULL)
		return -ENOMEM;
	*ret = TAKE(q);
	return 0;
}

struct docker_request *
request_free(struct docker_request *q)
{
	if (q == NULL)
		return NULL;
	transfer_stop(&q->transfer);
	if (q->tokener != NULL)
		json_tokener_free(q->tokener);
	json_object_put(q->json);
	free(q->path);
	free(q);
	return NULL;
}

static void
explain_json(struct docker_request *q, const char *what)
{
	(void)snprintf(q->why, sizeof(q->why), "the reply is not JSON: %s", what);
}

/* What follows a complete reply can only be white space. */
static bool
is_blank(struct docker_request *q, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] == '\0' || strchr(" \t\r\n", data[i]) == NULL) {
			explain_json(q, "something follows it");
			return false;
		}
	return true;
}

/* The reply is parsed as it comes, so that its text is never held as a whole. */
static bool
parse(struct docker_request *q, const char *data, size_t len)
{
	enum json_tokener_error e;
	size_t end;

	if (q->complete)
		return is_blank(q, data, len);
	if (!utf8_feed(&q->utf8, data, len)) {
		explain_json(q, "it is not UTF-8");
		return false;
	}
	q->json = json_tokener_parse_ex(q->tokener, data, (int)len);
	e = json_tokener_get_error(q->tokener);
	if (e != json_tokener_success && e != json_tokener_continue) {
		explain_json(q, json_tokener_error_desc(e));
		return false;
	}
	q->complete = e == json_tokener_success;
	end = json_tokener_get_parse_end(q->tokener);
	return !q->complete || is_blank(q, data + end, len - end);
}

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
	struct docker_request *q = arg;

	q->got += len;
	if (q->got > DOCKER_BODY_MAX) {
		(void)snprintf(q->why, sizeof(q->why), "the reply is larger than %d MiB",
		    DOCKER_BODY_MAX / 1024 / 1024);
		return CURL_WRITEFUNC_ERROR;
	}
	if (transfer_status(&q->transfer) != 200)
		refusal_add(&q->refusal, data, len);
	else if (!q->plain && !parse(q, data, len))
		return CURL_WRITEFUNC_ERROR;
	return len;
}

int
request_start(struct docker_request *q, const char *version)
{
	char path[1024];

	if (!q->plain) {
		q->tokener = json_tokener_new_ex(DOCKER_JSON_DEPTH);
		if (q->tokener == NULL)
			return -ENOMEM;
		json_tokener_set_flags(q->tokener, DOCKER_JSON_FLAGS);
	}
	if (snprintf(path, sizeof(path), "%s%s", version, q->path) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return transfer_start(&q->transfer, path, q->transfer.docker->deadline_ms, on_body, false);
}

bool
request_settle(struct docker_request *q, CURLcode code)
{
	q->status = transfer_status(&q->transfer);
	if (code != CURLE_OK && q->why[0] == '\0') {
		/* Half an answer is none. */
		q->status = 0;
		transfer_explain(&q->transfer, code, q->why, sizeof(q->why));
	} else if (code == CURLE_OK && q->status != 200)
		refusal_explain(&q->refusal, q->status, q->why, sizeof(q->why));
	else if (code == CURLE_OK && !q->plain && !q->complete)
		explain_json(q, q->got == 0 ? "it is empty" : "it ends in the middle");
	else if (code == CURLE_OK && !q->plain && q->json == NULL)
		explain_json(q, "it is null");
	if (q->why[0] != '\0') {
		json_object_put(q->json);
		q->json = NULL;
	}
	return q->status == 404 || q->why[0] == '\0';
}
