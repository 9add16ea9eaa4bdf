/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "report/advice.h"
#include "report/doctor.h"
#include "util/clock.h"

#define DOCUMENT(findings, more) \
	"{\"benchmarks\":[\"cis-docker-1.11.0\"],\"findings\":[" findings "]" more "}"
#define UNKNOWN(rule, id, why)                                                                  \
	"{\"rule\":\"" rule "\",\"verdict\":\"unknown\",\"because\":\"could not read a.b: " why \
	"\",\"refs\":{\"cis-docker-1.11.0\":{\"id\":\"" id "\"}}}"

static struct json_object *
parsed(const char *text)
{
	struct json_object *json = json_tokener_parse(text);

	if (json == NULL)
		fail_msg("no JSON: %s", text);
	return json;
}

static struct doctor *
asked(const char *status, const char *findings, const struct doctor_who *who)
{
	struct json_object *s = status == NULL ? NULL : parsed(status), *f = parsed(findings);
	struct doctor *d;
	int64_t now_ms;
	bool is_day;

	assert_true(clock_parse("2026-11-23", &now_ms, &is_day));
	assert_int_equal(doctor_new(&d, s, f, who, now_ms), 0);
	json_object_put(s);
	json_object_put(f);
	return d;
}

static const struct doctor_who root = { 0 };

static void
test_all_is_well(void **state)
{
	_cleanup_(doctor_freep) struct doctor *d = asked(NULL,
	    DOCUMENT(
		"{\"rule\":\"r\",\"verdict\":\"pass\"}", ",\"engine\":{\"version\":\"20.10.24\"}"),
	    &root);

	assert_int_equal(d->n, 0);
	assert_true(doctor_is_complete(d));
}

/* One reason is one problem, whatever the fact; the one with the most findings first. */
static void
test_reasons_are_put_together(void **state)
{
	_cleanup_(doctor_freep) struct doctor *d = asked(NULL,
	    DOCUMENT(UNKNOWN("a", "5.10", "x: Permission denied") "," UNKNOWN(
			 "b", "5.10", "no engine: /s: No such file or directory") "," UNKNOWN("c",
			 "5.9", "no engine: /s: No such file or directory") "," UNKNOWN("c", "5.9",
			 "no engine: /s: No such file or directory"),
		""),
	    &root);

	assert_int_equal(d->n, 2);
	assert_false(doctor_is_complete(d));
	assert_string_equal(d->problems[0].why, "no engine: /s: No such file or directory");
	assert_int_equal(d->problems[0].findings, 3);
	assert_int_equal(d->problems[0].n_rules, 2);
	assert_string_equal(d->problems[0].rules[0], "5.9");
	assert_string_equal(d->problems[0].rules[1], "5.10");
	assert_non_null(strstr(d->problems[0].advice, "systemctl start docker"));
	assert_non_null(strstr(d->problems[1].advice, "CAP_DAC_READ_SEARCH"));
}

static void
test_advice(void **state)
{
	static const struct {
		const char *reason, *part;
	} cases[] = {
		{ "no engine: systemd holds /run/docker.sock and dockerd does not run",
		    "wakes no" },
		{ "no engine: /run/docker.sock: Permission denied", "run as root" },
		{ "no engine: engine too old: API 1.20, 1.24 or newer is needed", "maintained" },
		{ "the kernel's audit rules need CAP_AUDIT_CONTROL in the first user namespace",
		    "not in a container" },
		{ "/sys/kernel/security/lsm: No such file or directory", "securityfs" },
		{ "ns/pid: Operation not permitted", "CAP_SYS_PTRACE" },
		{ "something that nobody thought of", "plimsoll explain" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (strstr(advice_for(cases[i].reason), cases[i].part) == NULL)
			fail_msg("%s: %s", cases[i].reason, advice_for(cases[i].reason));
}

static void
test_rights(void **state)
{
	const struct doctor_who nobody = { .uid = 65534, .lacking = 15 };
	const struct doctor_who caged = { .daemon = true,
		.lacking = 1U << advice_capability_from_name("CAP_SYS_PTRACE") };
	_cleanup_(doctor_freep) struct doctor *a = asked(NULL, DOCUMENT("", ""), &nobody);
	_cleanup_(doctor_freep) struct doctor *b = asked(NULL, DOCUMENT("", ""), &caged);

	assert_int_equal(a->n, 1);
	assert_string_equal(a->problems[0].why, "not root");
	assert_int_equal(b->n, 1);
	assert_string_equal(b->problems[0].what, "plimsolld lacks CAP_SYS_PTRACE");
	assert_false(doctor_is_complete(b));
	assert_int_equal(advice_capability_from_name("CAP_KILL"), -1);
}

#define WAIVED(expires)                                                                     \
	"{\"rule\":\"r\",\"verdict\":\"fail\",\"exception\":{\"owner\":\"ann\",\"reason\":" \
	"\"why\","                                                                          \
	"\"expires\":\"" expires "\"}}"

static void
test_what_does_not_make_it_incomplete(void **state)
{
	_cleanup_(doctor_freep) struct doctor *d = asked(
	    "{\"sources\":{\"files\":{\"state\":\"up\"}}}",
	    DOCUMENT(
		WAIVED("2026-12-01") "," WAIVED("2026-12-01") "," WAIVED(
		    "2027-12-01") ","
				  "{\"rule\":\"q\",\"verdict\":\"fail\",\"evidence\":[{\"fact\":"
				  "\"host.audit.enabled\",\"value\":false}]}",
		",\"engine\":{\"version\":\"31.0.1\"}"),
	    &root);

	assert_int_equal(d->n, 3);
	assert_true(doctor_is_complete(d));
	assert_string_equal(d->problems[0].what, "the exception of r by ann ends 2026-12-01");
	assert_non_null(strstr(d->problems[1].what, "Docker 31.0.1"));
	assert_string_equal(d->problems[2].what, "kernel auditing is off");
}

static void
test_blind_source(void **state)
{
	_cleanup_(doctor_freep) struct doctor *d =
	    asked("{\"sources\":{\"files\":{\"state\":\"up\"},\"audit\":{\"state\":\"blind\","
		  "\"since\":\"2026-11-22T00:00:00.000Z\",\"why\":\"no right\"}}}",
		DOCUMENT("", ""), &root);
	struct json_object *json = doctor_json(d);

	assert_int_equal(d->n, 1);
	assert_int_equal(d->problems[0].kind, DOCTOR_BLIND);
	assert_string_equal(d->problems[0].why, "no right");
	assert_false(json_object_get_boolean(json_object_object_get(json, "complete")));
	json_object_put(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_well),
		cmocka_unit_test(test_reasons_are_put_together),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_what_does_not_make_it_incomplete),
		cmocka_unit_test(test_blind_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
