/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/build.h"
#include "util/macros.h"
#include <json-c/json.h>
#include <string.h>

static void
json_clear(struct json_object **json)
{
	json_object_put(*json);
}

static void
assert_fact(const struct host_services_input *in, enum fact_id fact, const char *wanted)
{
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;
	_cleanup_(json_clear) struct json_object *json = NULL;

	assert_int_equal(build_host_services(&s, in), 0);
	json = value_to_json(snapshot_get(s, fact));
	assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN), wanted);
}

static void
test_listeners(void **state)
{
	/* As the kernel gives them: in no order, and once for each socket. */
	static const struct host_listener listeners[] = {
		{ "udp", "127.0.0.1", 53, "resolved" },
		{ "tcp", "::", 22, "sshd" },
		{ "tcp", "0.0.0.0", 8080, "" },
		{ "tcp", "0.0.0.0", 22, "sshd" },
		{ "tcp", "::", 22, "sshd" },
	};
	const struct host_services_input in = { .listeners = listeners,
		.n_listeners = ARRAY_SIZE(listeners) };

	(void)state;
	assert_fact(&in, FACT_HOST_LISTENERS,
	    "[{\"protocol\":\"tcp\",\"address\":\"0.0.0.0\",\"port\":22,\"program\":\"sshd\"},"
	    "{\"protocol\":\"tcp\",\"address\":\"::\",\"port\":22,\"program\":\"sshd\"},"
	    "{\"protocol\":\"tcp\",\"address\":\"0.0.0.0\",\"port\":8080,\"program\":\"\"},"
	    "{\"protocol\":\"udp\",\"address\":\"127.0.0.1\",\"port\":53,\"program\":"
	    "\"resolved\"}]");
}

static void
test_no_listeners(void **state)
{
	const struct host_services_input none = { 0 }, late = { .listeners_why = "late" };

	(void)state;
	assert_fact(&none, FACT_HOST_LISTENERS, "[]");
	assert_fact(&late, FACT_HOST_LISTENERS, "{\"unreadable\":\"late\"}");
}

static void
test_cut(void **state)
{
	const struct host_services_input in = { .listeners_cut = true };
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;

	(void)state;
	assert_int_equal(build_host_services(&s, &in), 0);
	assert_true(snapshot_get(s, FACT_HOST_LISTENERS)->cut);
}

static void
test_sysctls(void **state)
{
	static const struct host_sysctl sysctls[] = {
		{ "kernel.kptr_restrict", "2\n", NULL },
		{ "kernel.printk", "4\t4\n", NULL },
		{ "net.x", "-1\n", NULL },
		{ "kernel.hidden", NULL, "Permission denied" },
	};
	const struct host_services_input in = { .sysctls = sysctls,
		.n_sysctls = ARRAY_SIZE(sysctls) };

	(void)state;
	assert_fact(&in, FACT_HOST_SYSCTLS,
	    "{\"kernel.kptr_restrict\":2,\"kernel.printk\":\"4\\t4\",\"net.x\":-1,"
	    "\"kernel.hidden\":{\"unreadable\":\"Permission denied\"}}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_no_listeners),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_sysctls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
