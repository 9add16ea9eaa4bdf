/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sink.h"
#include "util/macros.h"
#include "watch/docker_events.h"
#include <json-c/json.h>

/* What each event makes its listener hear. "" is nothing. */
static const struct {
	const char *event, *heard;
} cases[] = {
	{ "{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":{\"ID\":\"abc\",\"Attributes\":{"
	  "\"name\":\"web\",\"image\":\"nginx\"}},\"timeNano\":5}",
	    "named abc made web of nginx\nstale 4 abc all\nstale 1 - one\n" },
	{ "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"abc\"}}",
	    "named abc \nstale 4 abc all\n" },
	{ "{\"Type\":\"container\",\"Action\":\"destroy\",\"Actor\":{\"ID\":\"abc\"}}",
	    "named abc \ngone abc \nstale 1 - one\n" },
	{ "{\"Type\":\"container\",\"Action\":\"exec_create: sh -c "
	  "secret\",\"Actor\":{\"ID\":\"abc\",\"Attributes\":"
	  "{\"execID\":\"e1\"}}}",
	    "exec abc e1\n" },
	{ "{\"Type\":\"container\",\"Action\":\"exec_start: sh -c "
	  "secret\",\"Actor\":{\"ID\":\"abc\"}}",
	    "" },
	{ "{\"Type\":\"container\",\"Action\":\"health_status: "
	  "healthy\",\"Actor\":{\"ID\":\"abc\"}}",
	    "named abc \nstale 4 abc one\n" },
	{ "{\"Type\":\"network\",\"Action\":\"connect\",\"Actor\":{\"ID\":\"net\",\"Attributes\":{"
	  "\"container\":\"abc\"}}}",
	    "stale 4 abc one\n" },
	{ "{\"Type\":\"network\",\"Action\":\"connect\",\"Actor\":{\"ID\":\"net\",\"Attributes\":{}"
	  "}}",
	    "" },
	{ "{\"Type\":\"daemon\",\"Action\":\"reload\",\"Actor\":{\"ID\":\"x\"}}",
	    "stale 1 - all\n" },
	{ "{\"Type\":\"image\",\"Action\":\"tag\",\"Actor\":{\"ID\":\"sha256:1\"}}",
	    "stale 3 sha256:1 all\nstale 1 - one\n" },
	/* The old form alone, as API 1.52 no longer has it; and nonsense. */
	{ "{\"status\":\"start\",\"id\":\"abc\",\"from\":\"busybox\"}", "" },
	{ "{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":{\"ID\":7}}", "" },
	{ "{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":null}", "" },
	{ "{\"Type\":[],\"Action\":{},\"Actor\":{\"ID\":\"abc\"}}", "" },
	{ "[1,2]", "" },
	{ "null", "" },
};

static void
test_events_say_what_is_stale(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct heard heard = { 0 };
		const struct watch_sink sink = HEARD_SINK(&heard);
		struct json_object *event = json_tokener_parse(cases[i].event);

		(void)docker_event_deliver(&sink, event);
		assert_string_equal(heard.text, cases[i].heard);
		json_object_put(event);
	}
}

static void
test_the_command_of_an_exec_goes_no_further(void **state)
{
	struct heard heard = { 0 };
	const struct watch_sink sink = HEARD_SINK(&heard);
	struct json_object *event = json_tokener_parse(cases[3].event);

	(void)state;
	(void)docker_event_deliver(&sink, event);
	assert_string_equal(heard.last.detail, "container exec_create");
	json_object_put(event);
}

static void
test_the_engines_time_is_kept(void **state)
{
	struct heard heard = { 0 };
	const struct watch_sink sink = HEARD_SINK(&heard);
	struct json_object *event = json_tokener_parse(cases[0].event);

	(void)state;
	assert_int_equal(docker_event_deliver(&sink, event), 5);
	assert_int_equal(heard.last.event_ns, 5);
	assert_int_equal(heard.last.source, CAUSE_DOCKER_EVENT);
	json_object_put(event);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_say_what_is_stale),
		cmocka_unit_test(test_the_command_of_an_exec_goes_no_further),
		cmocka_unit_test(test_the_engines_time_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
