/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../judge/rules.h"
#include "../judge/world.h"
#include "control/api.h"
#include "control/listen.h"
#include "control/reload.h"
#include "control/server.h"
#include "report/metrics.h"
#include "wire.h"

static const struct rule_source rules[] = {
	{ .key = "live",
	    .scope = SUBJECT_ENGINE,
	    .test = "engine.live_restore",
	    .severity = SEVERITY_LOW },
	{ .key = "privileged",
	    .scope = SUBJECT_CONTAINER,
	    .test = "!container.privileged",
	    .says = "{subject} runs privileged",
	    .severity = SEVERITY_CRITICAL },
};

struct house {
	struct world *world;
	struct metrics *metrics;
	struct api_look look;
	struct api *api;
	char path[160];
	unsigned rescans;
};

static int
rescan(void *arg)
{
	struct house *h = arg;

	h->rescans++;
	return 0;
}

static int
reload(void *arg, struct json_object **ret, char **reterr)
{
	*reterr = strdup("plimsoll.yaml:3: unknown key");
	return RELOAD_E_INVALID;
}

static int
set_up(void **state)
{
	struct house *h = calloc(1, sizeof(*h));
	struct api_config config = { .rescan = rescan, .reload = reload, .arg = h };
	char *why = NULL;
	int fd;

	h->world = world_new(rules, ARRAY_SIZE(rules), true);
	world_set(h->world, SUBJECT_HOST, "", "{\"host.kernel\": \"6\"}");
	world_set(h->world, SUBJECT_ENGINE, "",
	    "{\"engine.live_restore\": true, \"engine.kind\": \"docker\"}");
	world_set(h->world, SUBJECT_CONTAINER, "c1",
	    "{\"container.name\": \"web\", \"container.labels\": {\"tier\": \"front\"},"
	    " \"container.privileged\": true}");
	world_start(h->world);
	(void)snprintf(h->path, sizeof(h->path), "%s/s.sock", h->world->dir);
	fd = listen_at(h->path, &why);
	if (fd < 0)
		fail_msg("%s", why);
	assert_int_equal(metrics_new(&h->metrics, h->world->ledger), 0);
	config.base = h->world->base;
	config.judge = h->world->judge;
	config.ledger = h->world->ledger;
	config.collector = h->world->collector;
	config.metrics = h->metrics;
	config.look = &h->look;
	assert_int_equal(api_new(&h->api, &config, fd), 0);
	*state = h;
	return 0;
}

static int
tear_down(void **state)
{
	struct house *h = *state;

	h->api = api_free(h->api);
	h->metrics = metrics_free(h->metrics);
	(void)unlink(h->path);
	world_stop(h->world);
	world_free(h->world);
	free(h);
	return 0;
}

static char *
get(struct house *h, const char *target)
{
	return ask(h->world->base, h->path, "GET", target);
}

/* The body of an answer in chunks, or in one piece, as JSON. */
static struct json_object *
get_json(struct house *h, const char *target)
{
	_cleanup_(freep) char *text = get(h, target);
	char *body = strstr(text, "\r\n\r\n"), *joined = calloc(1, strlen(text) + 1);
	struct json_object *json;

	assert_non_null(body);
	body += 4;
	if (strstr(text, "Transfer-Encoding: chunked") == NULL) {
		strcpy(joined, body);
	} else {
		unsigned long size;

		while ((size = strtoul(body, &body, 16)) > 0) {
			strncat(joined, body + 2, size);
			body += 2 + size + 2;
		}
	}
	json = json_tokener_parse(joined);
	if (json == NULL)
		fail_msg("no JSON: %s", text);
	free(joined);
	return json;
}

static void
test_status(void **state)
{
	struct house *h = *state;
	struct json_object *json = get_json(h, "/v1/status");

	assert_string_equal(json_text(json, "plimsoll"), PLIMSOLL_VERSION);
	assert_true(json_object_get_boolean(json_at(json, "settled")));
	assert_int_equal(json_object_get_int(json_at(json, "summary/fail")), 1);
	assert_int_equal(json_object_get_int(json_at(json, "summary/pass")), 1);
	assert_string_equal(json_text(json, "ledger/id"), ledger_id(h->world->ledger));
	assert_int_equal(
	    json_object_get_int(json_at(json, "ledger/seq")), ledger_last_seq(h->world->ledger));
	assert_non_null(json_at(json, "sources/docker-events/state"));
	assert_true(json_object_get_int(json_at(json, "counters/evaluations")) >= 2);
	json_object_put(json);
}

static void
test_findings(void **state)
{
	static const struct {
		const char *target;
		unsigned n, fail, pass;
	} cases[] = {
		{ "/v1/findings", 2, 1, 1 },
		{ "/v1/findings?rule=live", 1, 0, 1 },
		{ "/v1/findings?rule=live,privileged", 2, 1, 1 },
		{ "/v1/findings?rule=live&rule=privileged", 2, 1, 1 },
		{ "/v1/findings?verdict=fail", 1, 1, 0 },
		{ "/v1/findings?severity=critical&verdict=pass", 0, 0, 0 },
		{ "/v1/findings?container=w*", 1, 1, 0 },
		{ "/v1/findings?label=tier%3Dfront", 1, 1, 0 },
		{ "/v1/findings?label=tier%3Dback", 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *json = get_json(*state, cases[i].target);
		struct json_object *list = json_at(json, "findings");

		if (json_object_array_length(list) != cases[i].n)
			fail_msg("%s: %s", cases[i].target, json_object_to_json_string(json));
		assert_int_equal(json_object_get_int(json_at(json, "summary/fail")), cases[i].fail);
		assert_int_equal(json_object_get_int(json_at(json, "summary/pass")), cases[i].pass);
		json_object_put(json);
	}
}

static void
test_rules(void **state)
{
	struct json_object *all = get_json(*state, "/v1/rules");
	struct json_object *one = get_json(*state, "/v1/rules/privileged");

	assert_int_equal(json_object_array_length(all), 2);
	assert_string_equal(json_text(one, "key"), "privileged");
	assert_string_equal(json_text(one, "expression"), "!container.privileged");
	assert_string_equal(json_text(one, "kind"), "check");
	assert_string_equal(
	    json_object_get_string(json_object_array_get_idx(json_at(one, "reads"), 0)),
	    "container.privileged");
	json_object_put(all);
	json_object_put(one);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *method, *target, *status, *error;
	} cases[] = {
		{ "GET", "/v1/rules/none", "404", "no such rule" },
		{ "GET", "/v1/rules?benchmark=none", "404", "no such benchmark" },
		{ "GET", "/v1/findings?rule=none", "400", "--rule none: no such rule" },
		{ "GET", "/v1/findings?rul=live", "400", "no such parameter: rul" },
		{ "GET", "/v1/findings?after=1", "400", "no such parameter: after" },
		{ "GET", "/v1/drift?after=-1", "400", "after is a number" },
		{ "GET", "/v1/drift?since=now", "400", "since and until are times" },
		{ "GET", "/v1/drift?verdict=bad", "400", "not a verdict" },
		{ "POST", "/v1/reload", "422", "plimsoll.yaml:3: unknown key" },
	};
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text =
		    ask(h->world->base, h->path, cases[i].method, cases[i].target);

		if (strncmp(text + strlen("HTTP/1.1 "), cases[i].status, 3) != 0 ||
		    strstr(text, cases[i].error) == NULL || strstr(text, "\"hint\":") == NULL)
			fail_msg("%s: %s", cases[i].target, text);
	}
}

static void
test_rescan(void **state)
{
	struct house *h = *state;
	_cleanup_(freep) char *text = ask(h->world->base, h->path, "POST", "/v1/rescan");

	assert_non_null(strstr(text, "200 OK"));
	assert_int_equal(h->rescans, 1);
}

static void
test_metrics(void **state)
{
	static const char *const lines[] = {
		"plimsoll_findings{rule=\"privileged\",verdict=\"pass\"} 1\n",
		"plimsoll_findings{rule=\"live\",verdict=\"pass\"} 1\n",
		"plimsoll_drifts_total{type=\"restored\"} 1\n",
		"plimsoll_source_up{source=\"docker-events\"} ",
		"plimsoll_event_lag_seconds_bucket{le=\"+Inf\"} ",
		"# TYPE plimsoll_drifts_total counter\n",
		"process_resident_memory_bytes ",
	};
	struct house *h = *state;
	_cleanup_(freep) char *text = NULL;

	world_set(h->world, SUBJECT_CONTAINER, "c1", "{\"container.privileged\": false}");
	world_event(h->world, SUBJECT_CONTAINER, "c1", TOPIC_CONTAINER_INSPECT, "container update");
	world_settle(h->world);
	metrics_run(h->metrics);
	text = get(h, "/metrics");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (strstr(text, lines[i]) == NULL)
			fail_msg("not there: %s", lines[i]);
}

/* --- drift --- */

/* Notices of that kind, in one commit: as many rows would be as many waits for the disk. */
static void
add_notices(struct house *h, const char *kind, unsigned n)
{
	_cleanup_(freep) char *row = NULL;
	char *why = NULL;
	int len = asprintf(&row, "{\"type\":\"notice\",\"notice\":{\"kind\":\"%s\"}}", kind);

	assert_true(len > 0);
	assert_int_equal(ledger_begin(h->world->ledger), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(ledger_add_drift(h->world->ledger, 1, row, (size_t)len), 0);
	assert_int_equal(ledger_commit(h->world->ledger, &why), 0);
	api_committed(h->api);
}

static unsigned
count_rows(const char *text)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, "{\"ledger\":")) != NULL; at++)
		n++;
	return n;
}

static void
test_drift_that_is_kept(void **state)
{
	struct house *h = *state;
	_cleanup_(freep) char *all = NULL, *rest = NULL, *notices = NULL, *future = NULL;
	uint64_t last;
	char target[64];

	add_notices(h, "heartbeat", 600);
	last = ledger_last_seq(h->world->ledger);
	all = get(h, "/v1/drift?after=0");
	assert_int_equal(count_rows(all), last);
	(void)snprintf(
	    target, sizeof(target), "/v1/drift?after=%llu", (unsigned long long)last - 3);
	rest = get(h, target);
	assert_int_equal(count_rows(rest), 3);
	notices = get(h, "/v1/drift?after=0&rule=privileged");
	assert_int_equal(count_rows(notices), 0);
	future = get(h, "/v1/drift?after=0&since=2999-01-01T00:00:00.000Z");
	assert_int_equal(count_rows(future), 0);
}

/* A number that this ledger never gave out, or gives out no more. */
static void
test_drift_that_is_not_kept(void **state)
{
	struct house *h = *state;
	_cleanup_(freep) char *text = get(h, "/v1/drift?after=99999");

	assert_non_null(strstr(text, "\"kind\":\"truncated\""));
	assert_int_equal(count_rows(text), 1 + ledger_last_seq(h->world->ledger));
}

static int
follow(struct house *h)
{
	int fd = dial(h->path);

	say(fd, "GET /v1/drift?after=0&follow=1 HTTP/1.1\r\n\r\n");
	return fd;
}

static void
test_follower_hears_at_once(void **state)
{
	struct house *h = *state;
	_cleanup_(closep) int fd = follow(h);
	_cleanup_(freep) char *news = NULL;

	free(hear(h->world->base, fd, "\"baseline\""));
	world_set(h->world, SUBJECT_CONTAINER, "c1", "{\"container.privileged\": false}");
	world_event(h->world, SUBJECT_CONTAINER, "c1", TOPIC_CONTAINER_INSPECT, "container update");
	world_settle(h->world);
	api_committed(h->api);
	news = hear(h->world->base, fd, "\"restored\"");
	assert_int_equal(count_rows(news), 1);
}

/* A burst is more than one turn reads. */
static void
test_follower_hears_a_burst(void **state)
{
	struct house *h = *state;
	_cleanup_(closep) int fd = follow(h);
	_cleanup_(freep) char *news = NULL;

	free(hear(h->world->base, fd, "\"baseline\""));
	add_notices(h, "heartbeat", 700);
	add_notices(h, "stopping", 1);
	news = hear(h->world->base, fd, "\"stopping\"");
	assert_int_equal(count_rows(news), 701);
}

static void
test_follower_that_does_not_read(void **state)
{
	struct house *h = *state;
	_cleanup_(closep) int fd = follow(h);
	_cleanup_(freep) char *rest = NULL;
	char kind[4001];
	unsigned rows = 0;

	free(hear(h->world->base, fd, "\"baseline\""));
	memset(kind, 'x', sizeof(kind) - 1);
	kind[sizeof(kind) - 1] = '\0';
	/* More than the bounded buffer and all that sockets hold. */
	for (; rows < 1000; rows += 10) {
		add_notices(h, kind, 10);
		(void)event_base_loop(h->world->base, EVLOOP_NONBLOCK);
	}
	rest = hear(h->world->base, fd, NULL);
	assert_true(count_rows(rest) < rows);
	assert_true(strlen(rest) < 3 * SERVER_PENDING_MAX);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_status),
		TEST(test_findings),
		TEST(test_rules),
		TEST(test_refused),
		TEST(test_rescan),
		TEST(test_metrics),
		TEST(test_drift_that_is_kept),
		TEST(test_drift_that_is_not_kept),
		TEST(test_follower_hears_at_once),
		TEST(test_follower_hears_a_burst),
		TEST(test_follower_that_does_not_read),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
