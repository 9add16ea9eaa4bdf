/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/build.h"
#include "util/macros.h"
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static void
json_clear(struct json_object **json)
{
	json_object_put(*json);
}

static struct snapshot *
build(struct json_object *inspect, const bool *in_use, int64_t now_ms)
{
	struct snapshot *s = NULL;

	assert_int_equal(build_image_inspect(&s, inspect, in_use, "nobody knows", now_ms), 0);
	return s;
}

static struct snapshot *
build_text(const char *text, int64_t now_ms)
{
	_cleanup_(json_clear) struct json_object *inspect = json_tokener_parse(text);

	assert_non_null(inspect);
	return build(inspect, NULL, now_ms);
}

/* What the fact reads, as JSON. */
static void
assert_fact(const struct snapshot *s, enum fact_id fact, const char *wanted)
{
	_cleanup_(json_clear) struct json_object *json = value_to_json(snapshot_get(s, fact));

	assert_string_equal(
	    json == NULL ? "null" : json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN),
	    wanted);
}

static void
test_recorded(void **state)
{
	static const struct {
		const char *engine, *env, *size;
	} recorded[] = {
		{ "20.10", "[\"PATH=\\/bin\"]", "1982278" },
		{ "26.1", "[]", "1982429" },
		{ "28.5", "[]", "1982429" },
	};
	const bool yes = true;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(recorded); i++) {
		_cleanup_(json_clear) struct json_object *inspect = NULL;
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/tests/data/docker-%s/image-bb.json",
		    getenv("PLIMSOLL_SOURCE"), recorded[i].engine);
		inspect = json_object_from_file(path);
		assert_non_null(inspect);
		s = build(inspect, &yes, INT64_C(1796092740000));
		assert_fact(s, FACT_IMAGE_TAGS, "[\"bb:latest\"]");
		assert_fact(s, FACT_IMAGE_DIGESTS, "[]");
		assert_fact(s, FACT_IMAGE_USER, "\"\"");
		assert_fact(s, FACT_IMAGE_HEALTHCHECK, "[]");
		assert_fact(s, FACT_IMAGE_ENV, recorded[i].env);
		assert_fact(s, FACT_IMAGE_EXPOSED, "[]");
		assert_fact(s, FACT_IMAGE_LAYERS, "1");
		assert_fact(s, FACT_IMAGE_SIZE, recorded[i].size);
		assert_fact(s, FACT_IMAGE_IN_USE, "true");
		assert_fact(s, FACT_IMAGE_AGE_DAYS, "0");
	}
}

/* The time of asking is the start of 2024. */
static const struct {
	const char *created, *age;
} ages[] = {
	{ "\"2023-12-31T00:00:00Z\"", "1" },
	{ "\"2023-12-31T23:59:59.999999999Z\"", "0" },
	{ "\"2023-01-01T00:00:00Z\"", "365" },
	{ "\"2023-12-31T01:00:00+02:00\"", "1" },
	{ "\"2023-12-30T23:00:00-02:00\"", "0" },
	{ "\"1970-01-01T00:00:00Z\"", "19723" },
	{ "\"0001-01-01T00:00:00Z\"", "null" },
	{ "\"\"", "null" },
	{ "null", "null" },
	{ "\"yesterday\"", "{\"unreadable\":\"Created is no time\"}" },
	{ "\"2023-12-31T00:00:00\"", "{\"unreadable\":\"Created is no time\"}" },
	{ "17", "{\"unreadable\":\"Created is of type int, not string\"}" },
};

static void
test_ages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;
		char text[128];

		(void)snprintf(text, sizeof(text), "{\"Created\":%s}", ages[i].created);
		s = build_text(text, INT64_C(1704067200000));
		assert_fact(s, FACT_IMAGE_AGE_DAYS, ages[i].age);
	}
}

static void
test_config(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = build_text(
	    "{\"RepoTags\":null,\"RepoDigests\":[\"a@sha256:1\"],\"Config\":{\"User\":\"app\","
	    "\"ExposedPorts\":{\"22/tcp\":{}},\"Healthcheck\":{\"Test\":[\"NONE\"]}}}",
	    0);

	(void)state;
	assert_fact(s, FACT_IMAGE_TAGS, "[]");
	assert_fact(s, FACT_IMAGE_DIGESTS, "[\"a@sha256:1\"]");
	assert_fact(s, FACT_IMAGE_USER, "\"app\"");
	assert_fact(s, FACT_IMAGE_EXPOSED, "[\"22\\/tcp\"]");
	assert_fact(s, FACT_IMAGE_HEALTHCHECK, "[\"NONE\"]");
	assert_fact(s, FACT_IMAGE_IN_USE, "{\"unreadable\":\"nobody knows\"}");
	assert_fact(s, FACT_IMAGE_SIZE, "{\"unreadable\":\"Size is not in the reply\"}");
}

static void
test_no_config(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = build_text("{\"Config\":7}", 0);
	struct snapshot *none = NULL;

	(void)state;
	assert_int_equal(snapshot_get(s, FACT_IMAGE_USER)->type, VALUE_UNREADABLE);
	assert_int_equal(snapshot_get(s, FACT_IMAGE_HEALTHCHECK)->type, VALUE_UNREADABLE);
	assert_int_equal(build_image_inspect(&none, NULL, NULL, "", 0), BUILD_E_NONSENSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_no_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
