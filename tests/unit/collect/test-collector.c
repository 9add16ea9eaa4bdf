/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "collect/docker.h"
#include "collector-world.h"

static void
test_recorded_documents(void **state)
{
	char *version = recorded("version.json"), *info = recorded("info.json");
	char *bridge = recorded("bridge.json"), *container = recorded("container-paused.json");
	char *image = recorded("image-bb.json"), *containers = recorded("containers.json");
	const struct fake_answer script[] = { PING, { "/version", PLAY_JSON, version },
		{ "/info", PLAY_JSON, info }, { "/networks/bridge", PLAY_JSON, bridge },
		{ "/containers/" ID, PLAY_JSON, container },
		{ "/images/sha256:", PLAY_JSON, image },
		{ "/containers/json", PLAY_JSON, containers }, END };
	struct world w = world_new(script);
	struct answer a;

	assert_fact_text(collect(&w, NULL, TOPIC_ENGINE_INFO), FACT_ENGINE_KIND, "docker");
	a = collect(&w, NULL, TOPIC_ENGINE_BRIDGE);
	assert_true(snapshot_get(a.snapshot, FACT_ENGINE_BRIDGE_EXISTS)->boolean);
	snapshot_free(a.snapshot);
	assert_fact_text(collect(&w, ID, TOPIC_CONTAINER_INSPECT), FACT_CONTAINER_STATUS, "paused");
	a = collect(&w, "sha256:" ID, TOPIC_IMAGE_INSPECT);
	assert_int_equal(snapshot_get(a.snapshot, FACT_IMAGE_IN_USE)->type, VALUE_BOOL);
	snapshot_free(a.snapshot);
	assert_int_equal(collector_counters(w.collector)->api_errors, 0);
	assert_int_equal(collector_counters(w.collector)->collections, 4);
	world_free(&w);
	free(version);
	free(info);
	free(bridge);
	free(container);
	free(image);
	free(containers);
}

/* The number of mounts; 0: unreadable. */
static size_t
mounts_with(const struct fake_answer *script)
{
	struct world w = world_new(script);
	struct answer a = collect(&w, ID, TOPIC_CONTAINER_INSPECT);
	const struct value *mounts = snapshot_get(a.snapshot, FACT_CONTAINER_MOUNTS);
	size_t n = mounts->type == VALUE_LIST ? mounts->len : 0;

	assert_int_equal(w.engine->n_requests, 3); /* with the ping */
	snapshot_free(a.snapshot);
	world_free(&w);
	return n;
}

static void
test_volumes_of_a_container(void **state)
{
	char *container = recorded("container-mounts-running.json");
	char *volumes = recorded("volumes.json");
	const struct fake_answer told[] = { PING, { "/containers/" ID, PLAY_JSON, container },
		{ "/volumes?filters=", PLAY_JSON, volumes }, END };
	const struct fake_answer not_told[] = { PING, { "/containers/" ID, PLAY_JSON, container },
		END };

	assert_int_equal(mounts_with(told), 3);
	assert_int_equal(mounts_with(not_told), 0);
	free(container);
	free(volumes);
}

static void
test_gone(void **state)
{
	static const struct fake_answer script[] = { PING, END };
	struct world w = world_new(script);
	static const enum topic topics[] = { TOPIC_CONTAINER_INSPECT, TOPIC_CONTAINER_PROCESS,
		TOPIC_IMAGE_INSPECT };

	for (size_t i = 0; i < ARRAY_SIZE(topics); i++)
		assert_int_equal(collect(&w, ID, topics[i]).r, COLLECT_E_GONE);
	assert_int_equal(collector_counters(w.collector)->api_errors, 0);
	world_free(&w);
}

static void
test_no_bridge(void **state)
{
	static const struct fake_answer script[] = { PING, END };
	struct world w = world_new(script);
	struct answer a = collect(&w, NULL, TOPIC_ENGINE_BRIDGE);
	const struct value *exists = snapshot_get(a.snapshot, FACT_ENGINE_BRIDGE_EXISTS);

	assert_int_equal(exists->type, VALUE_BOOL);
	assert_false(exists->boolean);
	snapshot_free(a.snapshot);
	world_free(&w);
}

static const enum topic of_the_engine[] = { TOPIC_ENGINE_INFO, TOPIC_ENGINE_BRIDGE,
	TOPIC_CONTAINER_INSPECT, TOPIC_CONTAINER_PROCESS, TOPIC_IMAGE_INSPECT };

/* Whatever goes wrong, no fact may come out of it. */
static void
test_bad_engines(void **state)
{
	static const struct {
		struct fake_answer script[2];
		const char *why;
	} cases[] = {
		{ { PING, { "/v1.41/", PLAY_STATUS, "500 Internal Server Error" } },
		    "answers 500" },
		{ { PING, { "/v1.41/", PLAY_JSON, "<html>" } }, "not JSON" },
		{ { PING, { "/v1.41/", PLAY_JSON, "[]" } }, "makes no sense" },
		{ { PING, { "/v1.41/", PLAY_JSON, "null\n" } }, "null" },
		{ { PING,
		      { "/v1.41/", PLAY_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}" } },
		    "no whole answer" },
		{ { PING, { "/v1.41/", PLAY_HANG, NULL } }, "no whole answer within" },
		{ { { "/_ping", PLAY_HANG, NULL }, { "/v1.41/", PLAY_JSON, "{}" } },
		    "no whole answer within" },
		{ { { "/_ping", PLAY_RAW,
			"HTTP/1.1 200 OK\r\nApi-Version: 1.40\r\nContent-Length: 0\r\n\r\n" },
		      { "/v1.41/", PLAY_JSON, "{}" } },
		    "engine too old: API 1.40, 1.41 or newer is needed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct fake_answer script[] = { cases[i].script[0], cases[i].script[1], END };
		struct world w = world_new(script);

		docker_set_deadline(collector_docker(w.collector), 100);
		for (size_t t = 0; t < ARRAY_SIZE(of_the_engine); t++)
			assert_unreadable(collect(&w, ID, of_the_engine[t]), cases[i].why);
		assert_true(collector_counters(w.collector)->api_errors > 0 ||
			    strstr(cases[i].why, "too old") != NULL);
		world_free(&w);
	}
}

static void
test_no_engine(void **state)
{
	static const struct fake_answer script[] = { END };
	struct world w = world_new(script);

	fake_engine_stop(w.engine);
	for (size_t t = 0; t < ARRAY_SIZE(of_the_engine); t++)
		assert_unreadable(collect(&w, ID, of_the_engine[t]), "no engine: /tmp/");
	assert_unreadable(collect(&w, NULL, TOPIC_ENGINE_SETTINGS), "no engine: /tmp/");
	assert_int_equal(collector_counters(w.collector)->api_calls, 0);
	assert_int_equal(collector_counters(w.collector)->api_errors, 0);
	world_free(&w);
}

/* Without dockerd's process nothing is known of its settings, and nothing taken for a default. */
static void
test_settings_without_process(void **state)
{
	static const struct fake_answer script[] = { PING, END };
	struct world w = world_new(script);
	struct answer a = collect(&w, NULL, TOPIC_ENGINE_SETTINGS);

	assert_int_equal(a.r, 0);
	assert_int_equal(snapshot_get(a.snapshot, FACT_ENGINE_SET_ICC)->type, VALUE_UNREADABLE);
	assert_int_equal(
	    snapshot_get(a.snapshot, FACT_ENGINE_SET_TCP_HOSTS)->type, VALUE_UNREADABLE);
	snapshot_free(a.snapshot);
	world_free(&w);
}

/* A dockerd that ends between being found and being read has an empty command line, which is not
 * one without flags; nothing tells of the next dockerd's settings but another look. */
static void
test_settings_of_an_ended_process(void **state)
{
	static const struct fake_answer script[] = { PING, END };
	struct world w = world_new(script);
	struct collector_config config = { .base = w.base, .host_root = w.root, .parallel = 4 };
	pid_t pid = fork();
	char path[128], other[128];
	struct answer a;
	FILE *f;

	if (pid == 0)
		_exit(prctl(PR_SET_NAME, "dockerd"));
	while (waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) != 0)
		;
	/* By another name nobody can tell who listens, and the pid file is believed. */
	(void)snprintf(other, sizeof(other), "%s/other", w.engine->dir);
	assert_int_equal(symlink(w.engine->socket, other), 0);
	config.engine_socket = other;
	w.collector = collector_free(w.collector);
	assert_int_equal(collector_new(&w.collector, &config), 0);
	(void)snprintf(path, sizeof(path), "%s/docker.pid", w.engine->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "%d\n", pid) > 0);
	assert_int_equal(fclose(f), 0);
	a = collect(&w, NULL, TOPIC_ENGINE_SETTINGS);
	assert_int_equal(a.r, 0);
	assert_int_equal(snapshot_get(a.snapshot, FACT_ENGINE_SET_ICC)->type, VALUE_UNREADABLE);
	assert_int_equal(a.snapshot->changes_at_ms, a.snapshot->collected_ms + 1000);
	snapshot_free(a.snapshot);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(unlink(path) | unlink(other), 0);
	world_free(&w);
}

static void
test_bad_ids(void **state)
{
	static const char *const ids[] = { "", "../info", "a/b", "a?b", "a b", ".", "a\r\nb" };
	static const struct fake_answer script[] = { PING, { "/", PLAY_JSON, "{}" }, END };
	struct world w = world_new(script);

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		assert_unreadable(collect(&w, ids[i], TOPIC_CONTAINER_INSPECT), "not an id");
		assert_unreadable(collect(&w, ids[i], TOPIC_IMAGE_INSPECT), "not an id");
	}
	assert_int_equal(w.engine->n_requests, 0);
	world_free(&w);
}

/* --- one GET for several jobs --- */

static void
test_get_is_shared(void **state)
{
	static const struct fake_answer script[] = { PING,
		{ "/containers/", PLAY_JSON, INSPECT("0") }, END };
	struct world w = world_new(script);
	struct answer process, inspect;

	ask(&w, &process, ID, TOPIC_CONTAINER_PROCESS);
	ask(&w, &inspect, ID, TOPIC_CONTAINER_INSPECT);
	assert_true(run_until(w.base, &process.done) && run_until(w.base, &inspect.done));
	assert_int_equal(w.engine->n_requests, 2); /* with the ping */
	assert_absent(process);
	snapshot_free(inspect.snapshot);
	world_free(&w);
}

static void
test_get_that_was_sent_before_is_not_shared(void **state)
{
	static const struct fake_answer script[] = { PING, { "/containers/", PLAY_HANG, NULL },
		END };
	struct world w = world_new(script);
	struct answer before, after;

	ask(&w, &before, ID, TOPIC_CONTAINER_INSPECT);
	while (w.engine->n_requests < 2)
		event_base_loop(w.base, EVLOOP_ONCE);
	w.engine->script =
	    (const struct fake_answer[]){ PING, { "/containers/", PLAY_JSON, INSPECT("0") }, END };
	ask(&w, &after, ID, TOPIC_CONTAINER_PROCESS);
	assert_true(run_until(w.base, &after.done));
	assert_absent(after);
	assert_false(before.done);
	world_free(&w);
}

/* What waited for its turn, but not for a newer state, may share it. */
static void
test_get_that_was_sent_since_is_shared(void **state)
{
	static const struct fake_answer script[] = { PING,
		{ "/containers/", PLAY_JSON, INSPECT("0") }, END };
	struct world w = world_new(script);
	uint64_t since = collector_now(w.collector);
	struct answer inspect, process = { 0 };

	ask(&w, &inspect, ID, TOPIC_CONTAINER_INSPECT);
	while (w.engine->n_requests < 2)
		event_base_loop(w.base, EVLOOP_ONCE);
	assert_int_equal(collector_collect(w.collector, SUBJECT_CONTAINER, ID,
			     TOPIC_CONTAINER_PROCESS, since, take_answer, &process),
	    0);
	assert_true(run_until(w.base, &process.done) && run_until(w.base, &inspect.done));
	assert_int_equal(w.engine->n_requests, 2);
	assert_absent(process);
	snapshot_free(inspect.snapshot);
	world_free(&w);
}

/* --- lists --- */

struct told {
	bool done;
	char why[256], text[1024];
};

static void
take_list(void *arg, const char *why, const struct listed *items, size_t n)
{
	struct told *t = arg;

	assert_false(t->done);
	t->done = true;
	(void)snprintf(t->why, sizeof(t->why), "%s", why != NULL ? why : "");
	assert_true(why == NULL || n == 0);
	for (size_t i = 0; i < n; i++)
		(void)snprintf(t->text + strlen(t->text), sizeof(t->text) - strlen(t->text),
		    "%s=%s,%s;", items[i].id, items[i].name,
		    items[i].image != NULL ? items[i].image : "-");
}

static struct told
list(struct world *w, enum subject_kind kind)
{
	struct told t = { 0 };

	assert_int_equal(collector_list(w->collector, kind, take_list, &t), 0);
	assert_false(t.done);
	assert_true(run_until(w->base, &t.done));
	return t;
}

static void
test_lists(void **state)
{
	static const struct {
		enum subject_kind kind;
		const char *reply, *text, *why;
	} cases[] = {
		{ SUBJECT_CONTAINER,
		    "[{\"Id\":\"a1\",\"Names\":[\"/web\"],\"Image\":\"nginx\"},"
		    "{\"Id\":\"b2\",\"Names\":[\"/web/db\",\"/db\"],\"Image\":\"pg\"},"
		    "{\"Id\":\"c3\",\"Names\":null}]",
		    "a1=web,nginx;b2=db,pg;c3=c3,-;", "" },
		{ SUBJECT_CONTAINER, "[]", "", "" },
		/* A list with one entry that makes no sense is not complete. */
		{ SUBJECT_CONTAINER, "[{\"Id\":\"a1\",\"Names\":[\"/web\"]},{\"Names\":[\"/x\"]}]",
		    "", "the engine's list of containers makes no sense" },
		{ SUBJECT_CONTAINER, "{}", "", "the engine's list of containers makes no sense" },
		{ SUBJECT_IMAGE,
		    "[{\"Id\":\"sha256:a\",\"RepoTags\":[\"nginx:1\",\"nginx:2\"]},"
		    "{\"Id\":\"sha256:b\",\"RepoTags\":[\"<none>:<none>\"]},"
		    "{\"Id\":\"sha256:c\",\"RepoTags\":null}]",
		    "sha256:a=nginx:1,-;sha256:b=sha256:b,-;sha256:c=sha256:c,-;", "" },
		{ SUBJECT_IMAGE, "[1]", "", "the engine's list of images makes no sense" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct fake_answer script[] = { PING, { "/json", PLAY_JSON, cases[i].reply },
			END };
		struct world w = world_new(script);
		struct told t = list(&w, cases[i].kind);

		assert_string_equal(t.text, cases[i].text);
		assert_string_equal(t.why, cases[i].why);
		world_free(&w);
	}
}

static void
test_list_without_engine(void **state)
{
	static const struct fake_answer script[] = { END };
	struct world w = world_new(script);
	struct told t;

	fake_engine_stop(w.engine);
	t = list(&w, SUBJECT_CONTAINER);
	assert_non_null(strstr(t.why, "no engine: "));
	world_free(&w);
}

/* --- exec sessions --- */

static void
take_exec(void *arg, const struct value *exec, const char *why)
{
	struct told *t = arg;

	assert_false(t->done);
	t->done = true;
	(void)snprintf(t->why, sizeof(t->why), "%s", why != NULL ? why : "");
	if (exec != NULL)
		(void)snprintf(t->text, sizeof(t->text), "%s %d %s %s",
		    value_get(exec, "id")->string, value_get(exec, "privileged")->boolean,
		    value_get(exec, "user")->string, value_get(exec, "default_user")->string);
}

static void
test_execs(void **state)
{
	static const struct {
		const char *exec, *container; /* replies; the container's NULL: it is gone */
		const char *text, *why;
	} cases[] = {
		{ "{\"ProcessConfig\":{\"privileged\":true,\"user\":\"root\"}}", INSPECT("0"),
		    "e1 1 root app", "" },
		{ "{\"ProcessConfig\":{\"privileged\":false}}", INSPECT("0"), "e1 0 app app", "" },
		{ "{\"ProcessConfig\":{\"privileged\":null,\"user\":\"\"}}", NULL, "e1 0  ", "" },
		{ "{\"ProcessConfig\":{\"user\":\"root\"}}", NULL, "e1 0 root ", "" },
		{ "{\"ProcessConfig\":{\"privileged\":1}}", INSPECT("0"), "",
		    "the engine's reply makes no sense" },
		{ "{}", INSPECT("0"), "", "the engine's reply makes no sense" },
		{ "nonsense", INSPECT("0"), "", "the reply is not JSON: " },
		{ NULL, INSPECT("0"), "", "the engine has forgotten the session" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct fake_answer script[] = { PING,
			{ "/exec/e1/json", cases[i].exec != NULL ? PLAY_JSON : PLAY_STATUS,
			    cases[i].exec != NULL ? cases[i].exec : "404 Not Found" },
			{ "/containers/", cases[i].container != NULL ? PLAY_JSON : PLAY_STATUS,
			    cases[i].container != NULL ? cases[i].container : "404 Not Found" },
			END };
		struct world w = world_new(script);
		struct told t = { 0 };

		assert_int_equal(collector_exec(w.collector, ID, "e1", take_exec, &t), 0);
		assert_false(t.done);
		assert_true(run_until(w.base, &t.done));
		assert_string_equal(t.text, cases[i].text);
		assert_int_equal(strncmp(t.why, cases[i].why, strlen(cases[i].why)), 0);
		assert_int_equal(t.why[0] == '\0', t.text[0] != '\0');
		world_free(&w);
	}
}

/* --- files --- */

static void
test_file(void **state)
{
	static const struct fake_answer script[] = { END };
	struct world w = world_new(script);
	struct answer a;

	make_file(&w, "/etc/docker/daemon.json", "{}");
	assert_fact_text(
	    collect(&w, "/etc/docker/daemon.json", TOPIC_FILE_STAT), FACT_FILE_TYPE, "regular");
	a = collect(&w, "/etc/docker/key.json", TOPIC_FILE_STAT);
	assert_int_equal(snapshot_get(a.snapshot, FACT_FILE_EXISTS)->type, VALUE_BOOL);
	assert_false(snapshot_get(a.snapshot, FACT_FILE_EXISTS)->boolean);
	snapshot_free(a.snapshot);
	world_free(&w);
}

static void
assert_files(const struct value *v, const char *const *paths, size_t n)
{
	assert_int_equal(v->type, VALUE_LIST);
	assert_int_equal(v->len, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(v->items[i].string, paths[i]);
}

static void
test_units_are_searched(void **state)
{
	static const char *const service[] = { "/etc/systemd/system/docker.service",
		"/usr/lib/systemd/system/docker.service",
		"/etc/systemd/system/docker.service.d/10-flags.conf",
		"/etc/systemd/system/docker.service.d/link.conf",
		"/run/systemd/system/docker.service.d/a.conf" };
	static const char *const socket[] = { "/usr/lib/systemd/system/docker.socket" };
	static const struct fake_answer script[] = { END };
	struct world w = world_new(script);
	struct answer a;
	char lib[128], link[160];

	for (size_t i = 0; i < ARRAY_SIZE(service); i++)
		make_file(&w, service[i], "");
	/* Who owns a link says where it leads, also when that has a place of its own. */
	(void)snprintf(link, sizeof(link), "%s%s", w.root, service[3]);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink(service[2], link), 0);
	make_file(&w, socket[0], "");
	make_file(&w, "/etc/systemd/system/docker.service.d/README", "");
	(void)snprintf(lib, sizeof(lib), "%s/lib", w.root);
	assert_int_equal(symlink("usr/lib", lib), 0);

	a = collect(&w, NULL, TOPIC_ENGINE_UNITS);
	assert_files(snapshot_get(a.snapshot, FACT_ENGINE_UNITS_SERVICE), service, 5);
	assert_files(snapshot_get(a.snapshot, FACT_ENGINE_UNITS_SOCKET), socket, 1);
	snapshot_free(a.snapshot);
	world_free(&w);
}

/* --- the end --- */

static void
never(void *arg, int r, struct snapshot *snapshot)
{
	fail_msg("called after the collector was freed");
}

static void
test_free_with_work_outstanding(void **state)
{
	static const struct fake_answer script[] = { PING, { "/", PLAY_HANG, NULL }, END };
	struct world w = world_new(script);

	for (enum topic t = 0; t < _TOPICS; t++)
		if (topic_table[t].kind == SUBJECT_CONTAINER)
			assert_int_equal(collector_collect(
					     w.collector, SUBJECT_CONTAINER, ID, t, 0, never, NULL),
			    0);
	/* Not started yet, then under way. */
	w.collector = collector_free(w.collector);
	event_base_loop(w.base, EVLOOP_NONBLOCK);
	world_free(&w);

	w = world_new(script);
	assert_int_equal(collector_collect(w.collector, SUBJECT_CONTAINER, ID,
			     TOPIC_CONTAINER_INSPECT, 0, never, NULL),
	    0);
	assert_int_equal(
	    collector_collect(w.collector, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_INFO, 0, never, NULL),
	    0);
	while (w.engine->n_requests < 3)
		event_base_loop(w.base, EVLOOP_ONCE);
	w.collector = collector_free(w.collector);
	event_base_loop(w.base, EVLOOP_NONBLOCK);
	world_free(&w);
}

static void
free_collector(void *arg, int r, struct snapshot *snapshot)
{
	struct world *w = arg;

	snapshot_free(snapshot);
	w->collector = collector_free(w->collector);
}

static void
test_free_from_callbacks(void **state)
{
	static const struct fake_answer script[] = { PING,
		{ "/containers/", PLAY_JSON, INSPECT("0") }, END };
	static const enum topic first[] = { TOPIC_CONTAINER_INSPECT, TOPIC_HOST_SYSTEM };

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		struct world w = world_new(script);

		assert_int_equal(collector_collect(w.collector, topic_table[first[i]].kind, ID,
				     first[i], 0, free_collector, &w),
		    0);
		assert_int_equal(collector_collect(w.collector, SUBJECT_CONTAINER, ID,
				     TOPIC_CONTAINER_INSPECT, 0, never, NULL),
		    0);
		while (w.collector != NULL)
			event_base_loop(w.base, EVLOOP_ONCE);
		event_base_loop(w.base, EVLOOP_NONBLOCK);
		world_free(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded_documents),
		cmocka_unit_test(test_volumes_of_a_container),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_no_bridge),
		cmocka_unit_test(test_bad_engines),
		cmocka_unit_test(test_no_engine),
		cmocka_unit_test(test_settings_without_process),
		cmocka_unit_test(test_settings_of_an_ended_process),
		cmocka_unit_test(test_bad_ids),
		cmocka_unit_test(test_get_is_shared),
		cmocka_unit_test(test_get_that_was_sent_before_is_not_shared),
		cmocka_unit_test(test_get_that_was_sent_since_is_shared),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_list_without_engine),
		cmocka_unit_test(test_execs),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_units_are_searched),
		cmocka_unit_test(test_free_with_work_outstanding),
		cmocka_unit_test(test_free_from_callbacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
