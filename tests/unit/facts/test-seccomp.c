/* SPDX-License-Identifier: Apache-2.0 */
#include "facts-test.h"

#include "facts/seccomp.h"

#define ALLOW "\"defaultAction\":\"SCMP_ACT_ALLOW\""
#define RULE(names, action) "\"syscalls\":[{" names ",\"action\":\"" action "\"}]"

static const struct {
	const char *profile;
	const char *verdict; /* NULL: unreadable */
} profiles[] = {
	{ "{" ALLOW "}", "forbids-nothing" },
	{ "{" ALLOW "}\n", "forbids-nothing" },
	{ "{\"DEFAULTACTION\":\"SCMP_ACT_ALLOW\",\"syscalls\":null}", "forbids-nothing" },
	{ "{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[]}", "forbids-nothing" },
	{ "{" ALLOW "," RULE("\"names\":[\"read\"]", "SCMP_ACT_ALLOW") "}", "forbids-nothing" },
	{ "{" ALLOW "," RULE("\"names\":[]", "SCMP_ACT_ERRNO") "}", "forbids-nothing" },
	{ "{" ALLOW "," RULE("\"names\":null", "SCMP_ACT_ERRNO") "}", "forbids-nothing" },
	/* Without a default and rules there is no filter at all. */
	{ "{}", "forbids-nothing" },
	{ "{\"defaultAction\":\"\"}", "forbids-nothing" },
	{ "null", NULL },
	{ "{\"architectures\":[\"SCMP_ARCH_X86_64\"]}", "forbids-nothing" },

	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", "forbids" },
	{ "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"}", "forbids" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultaction\":\"SCMP_ACT_ERRNO\"}",
	    "forbids" },
	{ "{" ALLOW "," RULE("\"names\":[\"mount\"]", "SCMP_ACT_ERRNO") "}", "forbids" },
	{ "{" ALLOW "," RULE("\"Names\":[\"mount\"]", "SCMP_ACT_TRAP") "}", "forbids" },
	{ "{" ALLOW "," RULE("\"name\":\"mount\"", "SCMP_ACT_KILL") "}", "forbids" },
	{ "{" ALLOW ",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	  "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\"}]}",
	    "forbids" },

	{ "", NULL },
	{ "/etc/profile.json", NULL },
	{ "{" ALLOW, NULL },
	{ "[]", NULL },
	{ "7", NULL },
	{ "{\"defaultAction\":7}", NULL },
	{ "{\"defaultAction\":null," RULE("\"names\":[\"a\"]", "SCMP_ACT_ERRNO") "}", NULL },
	{ "{" ALLOW ",\"syscalls\":{}}", NULL },
	{ "{" ALLOW ",\"syscalls\":[7]}", NULL },
	{ "{" ALLOW ",\"syscalls\":[{\"names\":[\"mount\"]}]}", NULL },
	{ "{\"defaultAction\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
	  "\"a\":{\"a\":"
	  "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}}}}}}}}}",
	    NULL },
};

static void
test_what_a_profile_comes_to(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(64 * 1024);

	assert_non_null(a);
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct value v = seccomp_judge(a, profiles[i].profile, strlen(profiles[i].profile));

		if (profiles[i].verdict == NULL
			? v.type != VALUE_UNREADABLE
			: v.type != VALUE_STRING || strcmp(v.string, profiles[i].verdict) != 0)
			fail_msg("%s is %s", profiles[i].profile, v.string);
	}
}

static const struct {
	const char *options;
	const char *value; /* NULL: unreadable */
} options[] = {
	{ "null", "" },
	{ "[]", "" },
	{ "[\"seccomp\",\"seccompx=unconfined\",\"no-new-privileges\"]", "" },
	{ "[\"seccomp=unconfined\"]", "unconfined" },
	{ "[\"seccomp:unconfined\"]", "unconfined" },
	{ "[\"seccomp=builtin\"]", "builtin" },
	{ "[\"label=disable\",\"seccomp={"
	  "\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\"}\"]",
	    "forbids-nothing" },
	{ "[\"seccomp={\\\"defaultAction\\\":\\\"SCMP_ACT_ERRNO\\\"}\"]", "forbids" },
	/* The last one holds. */
	{ "[\"seccomp=builtin\",\"seccomp:unconfined\"]", "unconfined" },
	{ "[\"seccomp=unconfined\",\"seccomp=builtin\"]", "builtin" },
	{ "[\"seccomp=\"]", NULL },
	{ "[\"seccomp=/etc/profile.json\"]", NULL },
	{ "[7]", NULL },
	{ "{}", NULL },
};

static void
test_what_a_container_asks_for(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(64 * 1024);

	assert_non_null(a);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct json_object *doc = json_object_new_object();
		struct value v;

		json_object_object_add(doc, "SecurityOpt", json_tokener_parse(options[i].options));
		v = read_seccomp(a, doc, "SecurityOpt", READ_NULL_IS_EMPTY);
		json_object_put(doc);
		if (options[i].value == NULL
			? v.type != VALUE_UNREADABLE
			: v.type != VALUE_STRING || strcmp(v.string, options[i].value) != 0)
			fail_msg("%s is %s", options[i].options, v.string);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_profile_comes_to),
		cmocka_unit_test(test_what_a_container_asks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
