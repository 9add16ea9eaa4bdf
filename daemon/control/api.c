/* SPDX-License-Identifier: Apache-2.0 */
#include "control/api.h"
#include "control/drift_feed.h"
#include "control/findings_feed.h"
#include "control/query.h"
#include "control/reload.h"
#include "control/server.h"
#include "control/status.h"
#include "report/member.h"
#include "report/metrics.h"
#include "report/rule_json.h"

#include <errno.h>
#include <event2/buffer.h>
#include <string.h>

struct api {
	struct api_config config;
	struct drift_feeds *drift;
	struct server *server;
};

static void
on_trouble(void *arg, const char *what)
{
	const struct api_config *c = &((const struct api *)arg)->config;

	if (c->on_trouble != NULL)
		c->on_trouble(c->arg, what);
}

static void
get_status(void *arg, struct request *rq, const char *rest)
{
	const struct api *a = arg;

	request_reply(
	    rq, status_json(&a->config, server_drops(a->server), server_refusals(a->server)));
}

static void
get_findings(void *arg, struct request *rq, const char *rest)
{
	const struct api *a = arg;
	struct filter *filter = query_filter(rq, judge_rulebook(a->config.judge), NULL);

	if (filter != NULL)
		findings_feed(rq, &a->config, filter);
}

static bool
is_wanted_rule(const void *arg, const struct rulebook *rb, const struct rule *rule)
{
	const struct filter_view view = { .rule = rule, .verdict = -1, .kind = -1 };

	return filter_matches(arg, rb, &view);
}

static void
get_rules(void *arg, struct request *rq, const char *rest)
{
	const struct api *a = arg;
	const struct rulebook *rb = judge_rulebook(a->config.judge);
	const char *name = request_param(rq, "benchmark");
	_cleanup_(filter_freep) struct filter *filter = NULL;
	const struct benchmark *b = NULL;

	for (unsigned i = 0; i < rb->n_benchmarks && name != NULL; i++)
		if (strcmp(rb->benchmarks[i].id, name) == 0)
			b = &rb->benchmarks[i];
	if (name != NULL && b == NULL) {
		request_fail(rq, 404, "no such benchmark", "GET /v1/status lists them");
		return;
	}
	filter = query_filter(rq, rb, NULL);
	if (filter != NULL)
		request_reply(rq, rules_json_of(rb, is_wanted_rule, filter));
}

static void
get_rule(void *arg, struct request *rq, const char *rest)
{
	const struct api *a = arg;
	const struct rulebook *rb = judge_rulebook(a->config.judge);
	const struct rule *rule = rulebook_find(rb, rest, request_param(rq, "benchmark"));
	const char *near = rulebook_nearest(rb, rest);
	char why[192];

	if (rule != NULL) {
		request_reply(rq, rule_json(rb, rule));
		return;
	}
	(void)snprintf(why, sizeof(why),
	    near != NULL ? "no such rule: %.64s; did you mean %s?" : "no such rule: %.64s", rest,
	    near);
	request_fail(rq, 404, why, "GET /v1/rules lists them");
}

static void
get_drift(void *arg, struct request *rq, const char *rest)
{
	struct api *a = arg;

	drift_feeds_open(a->drift, rq);
}

static void
get_metrics(void *arg, struct request *rq, const char *rest)
{
	const struct api_config *c = &((const struct api *)arg)->config;
	struct evbuffer *body = evbuffer_new();
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r = out == NULL || body == NULL
		    ? -ENOMEM
		    : metrics_write(c->metrics, c->judge, c->collector,
			  c->look->took_ms > 0 ? c->look->started_ms : 0, out);

	if (out != NULL && fclose(out) != 0)
		r = -ENOMEM;
	if (r == 0 && evbuffer_add(body, text, len) == 0)
		request_reply_body(rq, METRICS_TYPE, body);
	else
		request_fail(rq, 500, "out of memory", "try again");
	free(text);
	if (body != NULL)
		evbuffer_free(body);
}

static void
reply_done(struct request *rq, const char *what)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : member_put_text(json, "done", what);

	request_reply(rq, member_done(json, r));
}

static void
post_rescan(void *arg, struct request *rq, const char *rest)
{
	const struct api_config *c = &((const struct api *)arg)->config;

	if (c->rescan(c->arg) == 0)
		reply_done(rq, "rescan");
	else
		request_fail(rq, 500, "the rescan could not be started", "see the daemon's log");
}

static void
post_reload(void *arg, struct request *rq, const char *rest)
{
	const struct api_config *c = &((const struct api *)arg)->config;
	static const char hint[] = "what was in force before stays in force";
	_cleanup_(freep) char *why = NULL;
	struct json_object *answer = NULL;
	int r = c->reload(c->arg, &answer, &why);

	if (r == 0)
		request_reply(rq, answer);
	else
		request_fail(rq, r == RELOAD_E_INVALID ? 422 : 500,
		    why == NULL ? "out of memory" : why, hint);
}

static const char *const no_params[] = { NULL };
static const char *const rule_params[] = { "benchmark", NULL };

static const struct route routes[] = {
	{ "GET", "/v1/status", false, get_status, no_params },
	{ "GET", "/v1/findings", false, get_findings },
	{ "GET", "/v1/rules", false, get_rules },
	{ "GET", "/v1/rules/", false, get_rule, rule_params },
	{ "GET", "/v1/drift", false, get_drift },
	{ "GET", "/metrics", false, get_metrics, no_params },
	{ "POST", "/v1/rescan", true, post_rescan, no_params },
	{ "POST", "/v1/reload", true, post_reload, no_params },
};

int
api_new(struct api **ret, const struct api_config *config, int fd)
{
	_cleanup_(api_freep) struct api *a = calloc(1, sizeof(*a));
	_cleanup_(closep) int owned = fd;
	int r;

	if (a == NULL)
		return -ENOMEM;
	a->config = *config;
	r = drift_feeds_new(&a->drift, config->base, config->judge, config->ledger);
	if (r != 0)
		return r;
	owned = -1;
	r = server_new(&a->server, config->base, fd, routes, ARRAY_SIZE(routes), on_trouble, a);
	if (r != 0)
		return r;
	*ret = TAKE(a);
	return 0;
}

struct api *
api_free(struct api *a)
{
	if (a == NULL)
		return NULL;
	(void)server_free(a->server);
	(void)drift_feeds_free(a->drift);
	free(a);
	return NULL;
}

void
api_committed(struct api *a)
{
	drift_feeds_run(a->drift);
}
