/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/facts.h"
#include <json-c/json.h>
#include <string.h>

/* A snapshot of container.inspect with one fact of each shape; its draft is gone. */
static struct snapshot *
some_container(const char *user, const char *mode)
{
	struct draft d;
	struct snapshot *s = NULL;
	struct value caps[2], labels[1];
	struct value_entry *entry;

	assert_int_equal(draft_init(&d, TOPIC_CONTAINER_INSPECT), 0);
	caps[0] = value_string(arena_strdup(d.arena, "NET_ADMIN"));
	caps[1] = value_unreadable(arena_strdup(d.arena, "not a string"));
	entry = arena_alloc(d.arena, sizeof(*entry));
	labels[0] = value_string(arena_strdup(d.arena, "secret"));
	*entry = (struct value_entry){ value_string(arena_strdup(d.arena, "key")),
		value_list(labels, 1) };
	draft_set(&d, FACT_CONTAINER_CAP_ADD, value_list(caps, 2));
	draft_set(&d, FACT_CONTAINER_LABELS, value_map(entry, 1));
	draft_set(&d, FACT_CONTAINER_USER, value_string(arena_strdup(d.arena, user)));
	draft_set(&d, FACT_CONTAINER_NETWORK_MODE, value_stringn(mode, strlen(mode)));
	draft_set(&d, FACT_CONTAINER_MEMORY, value_int(INT64_MIN));
	draft_set(&d, FACT_CONTAINER_PRIVILEGED, value_bool(true));
	draft_set(&d, FACT_CONTAINER_CAP_DROP, value_list(NULL, 0));
	assert_int_equal(draft_finish(&d, &s), 0);
	draft_deinit(&d);
	return s;
}

static void
a_snapshot_outlives_its_draft(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = some_container("web", "host");
	const struct value *v;

	assert_int_equal(s->topic, TOPIC_CONTAINER_INSPECT);
	assert_int_equal(s->n, topic_fact_count(TOPIC_CONTAINER_INSPECT));
	assert_true(s->collected_ms > INT64_C(1600000000000));
	assert_int_equal(s->changes_at_ms, 0);
	assert_string_equal(snapshot_get(s, FACT_CONTAINER_USER)->string, "web");
	v = snapshot_get(s, FACT_CONTAINER_CAP_ADD);
	assert_int_equal(v->len, 2);
	assert_string_equal(v->items[0].string, "NET_ADMIN");
	assert_int_equal(v->items[1].type, VALUE_UNREADABLE);
	assert_string_equal(v->items[1].string, "not a string");
	v = value_get(snapshot_get(s, FACT_CONTAINER_LABELS), "key");
	assert_string_equal(v->items[0].string, "secret");
	assert_int_equal(snapshot_get(s, FACT_CONTAINER_MEMORY)->integer, INT64_MIN);
	assert_true(snapshot_get(s, FACT_CONTAINER_PRIVILEGED)->boolean);
	assert_int_equal(snapshot_get(s, FACT_CONTAINER_CAP_DROP)->type, VALUE_LIST);
}

static void
what_is_never_set_is_unreadable(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = some_container("", "");
	const struct value *v = snapshot_get(s, FACT_CONTAINER_PID_MODE);

	assert_int_equal(v->type, VALUE_UNREADABLE);
	assert_string_equal(v->string, "not in the reply");
}

static void
nothing_collected_is_unreadable(void **state)
{
	const struct value *v = snapshot_get(NULL, FACT_FILE_MODE);

	assert_int_equal(v->type, VALUE_UNREADABLE);
	assert_string_equal(v->string, "not collected yet");
	assert_int_equal(v->len, strlen(v->string));
}

static void
uniform_snapshots(void **state)
{
	char reason[] = "no answer in 10 s";
	_cleanup_(snapshot_freep) struct snapshot *blind =
	    snapshot_unreadable(TOPIC_FILE_STAT, reason);
	_cleanup_(snapshot_freep) struct snapshot *none = snapshot_absent(TOPIC_CONTAINER_PROCESS);

	memset(reason, 'x', strlen(reason));
	for (unsigned i = 0; i < blind->n; i++) {
		assert_int_equal(blind->values[i].type, VALUE_UNREADABLE);
		assert_string_equal(blind->values[i].string, "no answer in 10 s");
	}
	assert_int_equal(none->n, topic_fact_count(TOPIC_CONTAINER_PROCESS));
	for (unsigned i = 0; i < none->n; i++)
		assert_int_equal(none->values[i].type, VALUE_ABSENT);
}

static void
differences(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *a = some_container("web", "host");
	_cleanup_(snapshot_freep) struct snapshot *b = some_container("web", "host");
	_cleanup_(snapshot_freep) struct snapshot *c = some_container("root", "bridge");
	enum fact_id ids[_FACTS];

	assert_int_equal(snapshot_diff(a, b, ids), 0);
	assert_int_equal(snapshot_diff(a, c, ids), 2);
	assert_int_equal(ids[0], FACT_CONTAINER_USER);
	assert_int_equal(ids[1], FACT_CONTAINER_NETWORK_MODE);
	assert_int_equal(snapshot_diff(a, NULL, ids), a->n);
	assert_int_equal(snapshot_diff(NULL, a, ids), a->n);
	assert_int_equal(ids[0], topic_first_fact(TOPIC_CONTAINER_INSPECT));
	assert_int_equal(snapshot_diff(NULL, NULL, ids), 0);
}

static void
assert_shown(enum fact_id fact, struct value v, const char *want)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(64 * 1024);
	struct json_object *json;
	struct value shown;

	assert_int_equal(fact_shown(&shown, fact, &v, a), 0);
	json = value_to_json(&shown);
	assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN), want);
	json_object_put(json);
}

static void
what_may_be_shown(void **state)
{
	struct value_entry labels[] = {
		{ value_string("com.example.token"), value_string("secret") },
		{ value_string("plain"), value_int(1) },
	};
	struct value test[] = { value_string("CMD"), value_string("curl -u me:secret") };
	struct value cut = value_list(test, 2);

	cut.cut = true;
	assert_shown(FACT_CONTAINER_PRIVILEGED, value_bool(true), "true");
	assert_shown(
	    FACT_CONTAINER_LABELS, value_map(labels, 2), "[\"com.example.token\",\"plain\"]");
	assert_shown(FACT_CONTAINER_LABELS, value_list(test, 2), "[\"CMD\",\"curl -u me:secret\"]");
	assert_shown(FACT_CONTAINER_LABELS, value_string("key=secret"), "\"key\"");
	assert_shown(FACT_CONTAINER_LABELS, value_absent(), "null");
	assert_shown(FACT_CONTAINER_HEALTHCHECK, value_list(test, 2), "{\"count\":2}");
	assert_shown(FACT_CONTAINER_HEALTHCHECK, cut, "{\"count\":2,\"cut\":true}");
	assert_shown(FACT_CONTAINER_HEALTHCHECK, value_string("secret"), "{\"hidden\":true}");
	assert_shown(FACT_CONTAINER_HEALTHCHECK, value_unreadable("no answer"),
	    "{\"unreadable\":\"no answer\"}");
	assert_shown(FACT_FILE_MODE, value_int(0644), "\"0644\"");
	assert_shown(FACT_FILE_MODE, value_int(04755), "\"04755\"");
	assert_shown(FACT_FILE_MODE, value_int(0), "\"0000\"");
	assert_shown(FACT_FILE_MODE, value_absent(), "null");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_outlives_its_draft),
		cmocka_unit_test(what_is_never_set_is_unreadable),
		cmocka_unit_test(nothing_collected_is_unreadable),
		cmocka_unit_test(uniform_snapshots),
		cmocka_unit_test(differences),
		cmocka_unit_test(what_may_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
