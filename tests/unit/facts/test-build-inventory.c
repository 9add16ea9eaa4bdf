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

static struct json_object *
parse(const char *text)
{
	struct json_object *json = text == NULL ? NULL : json_tokener_parse(text);

	assert_true(text == NULL || json != NULL);
	return json;
}

/* A list as its elements, each followed by a space; an int; or what else it is. */
static void
text_of(const struct value *v, char *ret, size_t size)
{
	if (v->type == VALUE_INT) {
		(void)snprintf(ret, size, "%lld", (long long)v->integer);
		return;
	}
	if (v->type != VALUE_LIST) {
		(void)snprintf(ret, size, "%s", value_type_name(v->type));
		return;
	}
	ret[0] = '\0';
	for (uint32_t i = 0; i < v->len; i++) {
		size_t n = strlen(ret);

		(void)snprintf(ret + n, size - n, "%s ", v->items[i].string);
	}
}

static void
assert_fact(const struct snapshot *s, enum fact_id fact, const char *wanted)
{
	char text[512];

	text_of(snapshot_get(s, fact), text, sizeof(text));
	assert_string_equal(text, wanted);
}

#define IMAGE(id, tags) "{\"Id\":\"sha256:" id "\",\"RepoTags\":" tags "}"
#define CONTAINER(id, state) "{\"ImageID\":\"sha256:" id "\",\"State\":\"" state "\"}"

static const struct {
	const char *what, *containers, *images, *volumes;
	const char *n_containers, *n_stopped, *n_images, *unused, *volume_names;
} cases[] = {
	{ "nothing", "[]", "[]", "{\"Volumes\":null}", "0", "0", "0", "", "" },
	{ "many containers of one image",
	    "[" CONTAINER("aa", "running") "," CONTAINER("aa", "exited") "," CONTAINER(
		"aa", "paused") "," CONTAINER("aa", "created") "," CONTAINER("aa", "dead") "]",
	    "[" IMAGE("aa", "[\"web:1\",\"web:2\"]") "," IMAGE("bb", "[\"db:1\",\"db:2\"]") "]",
	    "{\"Volumes\":[{\"Name\":\"data\"},{\"Name\":\"logs\"}]}", "5", "3", "2", "db:1 ",
	    "data logs " },
	{ "images without names", "[]",
	    "[" IMAGE("0123456789abcdef", "null") "," IMAGE("b", "[\"<none>:<none>\"]") "]",
	    "{\"Volumes\":[]}", "0", "0", "2", "0123456789ab b ", "" },
	{ "no list of containers", NULL, "[" IMAGE("aa", "null") "]", "{\"Volumes\":[]}",
	    "unreadable", "unreadable", "1", "unreadable", "" },
	{ "no list of images", "[]", NULL, NULL, "0", "0", "unreadable", "unreadable",
	    "unreadable" },
	{ "objects in place of lists", "{}", "{}", "{}", "unreadable", "unreadable", "unreadable",
	    "unreadable", "unreadable" },
	{ "a container without its image", "[{\"State\":\"running\"}]", "[" IMAGE("aa", "null") "]",
	    "{\"Volumes\":[{}]}", "1", "0", "1", "unreadable", "unreadable" },
	{ "a container without its state", "[{\"ImageID\":\"x\"}]", "[{}]", "{\"Volumes\":{}}", "1",
	    "unreadable", "1", "unreadable", "unreadable" },
};

static void
test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(json_clear) struct json_object *containers = parse(cases[i].containers),
							 *images = parse(cases[i].images),
							 *volumes = parse(cases[i].volumes);
		const struct engine_inventory_input in = {
			.containers = containers,
			.images = images,
			.volumes = volumes,
			.containers_why = containers == NULL ? "no answer" : NULL,
			.images_why = images == NULL ? "no answer" : NULL,
			.volumes_why = volumes == NULL ? "no answer" : NULL,
		};
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;

		print_message("%s\n", cases[i].what);
		assert_int_equal(build_engine_inventory(&s, &in), 0);
		assert_fact(s, FACT_ENGINE_CONTAINERS, cases[i].n_containers);
		assert_fact(s, FACT_ENGINE_CONTAINERS_STOPPED, cases[i].n_stopped);
		assert_fact(s, FACT_ENGINE_IMAGES, cases[i].n_images);
		assert_fact(s, FACT_ENGINE_IMAGES_UNUSED, cases[i].unused);
		assert_fact(s, FACT_ENGINE_VOLUMES, cases[i].volume_names);
	}
}

static struct json_object *
recorded(const char *engine, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/data/docker-%s/%s", getenv("PLIMSOLL_SOURCE"),
	    engine, name);
	return json_object_from_file(path);
}

static void
test_recorded(void **state)
{
	static const char *const engines[] = { "20.10", "26.1", "28.5" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		_cleanup_(json_clear) struct json_object *containers =
		    recorded(engines[i], "containers.json");
		_cleanup_(json_clear) struct json_object *images =
		    recorded(engines[i], "images.json");
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;

		assert_int_equal(
		    build_engine_inventory(&s,
			&(struct engine_inventory_input){
			    .containers = containers, .images = images, .volumes_why = "x" }),
		    0);
		assert_int_equal(snapshot_get(s, FACT_ENGINE_CONTAINERS)->integer,
		    json_object_array_length(containers));
		assert_fact(s, FACT_ENGINE_IMAGES_UNUSED, "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
