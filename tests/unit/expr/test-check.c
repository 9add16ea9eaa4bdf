/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "expr/names.h"

static int
check_text(struct expr **ret, const char *text, const struct type *want, char **reterr)
{
	_cleanup_(expr_freep) struct expr *e = NULL;
	int r = expr_parse(&e, text, strlen(text), reterr);

	if (r == 0)
		r = expr_check(e, &names, want, reterr);
	if (r == 0)
		*ret = TAKE(e);
	return r;
}

/* Append a row per mistake that was ever made. */
static const struct {
	const char *text, *message;
} bad[] = {
	{ "container.privilegd",
	    "1:1: no such fact: container.privilegd; did you mean container.privileged?" },
	{ "true &&\n  container.mountz.exists(m, true)",
	    "2:3: no such fact: container.mountz; did you mean container.mounts?" },
	{ "container.mountz.source.deeper",
	    "1:1: no such fact: container.mountz.source; did you mean container.mounts?" },
	{ "x", "1:1: no such fact: x" },
	{ "1 + a.b.c", "1:5: no such fact: a.b.c" },
	{ "container", "1:1: no such fact: container" },
	{ "has(a.b)", "1:5: no such fact: a.b" },
	{ "[1].all(x, .x == 1)", "1:13: no such fact: x" },
	{ "[1].all(x, true) && x == 1", "1:21: no such fact: x" },
	{ "container.privileged.foo", "1:22: bool has no fields" },
	{ "container.mounts.source", "1:18: list(mount) has no fields" },
	{ "container.mounts[0].sorce",
	    "1:21: mount has no field: sorce; it has type, source, writable" },
	{ "container.mounts[0]['sorce']", "1:21: mount has no field: sorce" },
	{ "container.mounts.all(m, has(m.sorce))",
	    "1:31: mount has no field: sorce; it has type, source, writable" },
	{ "container.mounts['a']", "1:18: list(mount) is indexed by int, not string" },
	{ "container.labels[1]", "1:18: map(dyn) is indexed by string, not int" },
	{ "container.mounts[0][1]", "1:21: mount is indexed by string, not int" },
	{ "container.pids[0]", "1:15: int has no elements" },
	{ "container.caps == 'SYS_ADMIN'", "1:16: list(string) compared with string" },
	{ "container.pids != null", "1:16: int compared with null" },
	{ "container.caps == [1]", "1:16: list(string) compared with list(int)" },
	{ "1 == dyn(1) == 'a'", "1:13: bool compared with string" },
	{ "1 < 'a'", "1:3: int compared with string" },
	{ "[1] < [2]", "1:5: list(int) has no order" },
	{ "null < dyn(1)", "1:6: null has no order" },
	{ "1 in container.caps", "1:3: int looked for in list(string)" },
	{ "1 in container.labels", "1:3: int looked for in map(dyn)" },
	{ "'a' in container.user", "1:8: in takes a list or a map, not string" },
	{ "1 + 'a'", "1:3: + takes two of one type, not int and string" },
	{ "true + true", "1:6: + takes int, string or list, not bool" },
	{ "{'a': 1} + {'b': 2}", "1:10: + takes int, string or list, not map(int)" },
	{ "1 - 'a'", "1:5: - takes int, not string" },
	{ "-'a'", "1:2: - takes int, not string" },
	{ "!1", "1:2: ! takes bool, not int" },
	{ "true && 1", "1:9: && takes bool, not int" },
	{ "true || false || container.user", "1:18: || takes bool, not string" },
	{ "1 ? 2 : 3", "1:1: the condition before ? is int, not bool" },
	{ "true ? 1 : 'a'", "1:6: ? : gives int or string" },
	{ "{[1]: 2}", "1:2: a key can't be list(int)" },
	{ "{container.caps: 2}", "1:2: a key can't be list(string)" },
	{ "size()", "1:1: size() takes 1 argument, not 0" },
	{ "size('a', 'b')", "1:1: size() takes 1 argument, not 2" },
	{ "size(container.pids)", "1:6: size() takes a string, list or map, not int" },
	{ "'a'.startsWith()", "1:5: startsWith() takes 2 arguments, not 1" },
	{ "'a'.startsWith(1)", "1:16: startsWith() takes a string, not int" },
	{ "container.caps.contains('a')", "1:1: contains() takes a string, not list(string)" },
	{ "startsWith('a', 'b')", "1:1: startsWith() is called on a value: x.startsWith(...)" },
	{ "'a'.under('/b')", "1:5: under() isn't called on a value: under(x, ...)" },
	{ "matches('a', 'b')", "1:1: no such function: matches()" },
	{ "siez('a')", "1:1: no such function: siez(); did you mean size()?" },
	{ "container.caps.fliter('a')",
	    "1:16: no such function: fliter(); did you mean filter()?" },
	{ "mode_within(420, '0888')", "1:18: mode_within(): not an octal mode" },
	{ "under('/a', 'b')", "1:13: under(): not an absolute path" },
	{ "under('/a', '/b/../c')", "1:13: under(): a path with .. in it" },
	{ "version_at_least('1', 'v2')", "1:23: version_at_least(): not a version" },
	{ "container.pids.exists(x, true)",
	    "1:16: exists() goes through a list or a map, not int" },
	{ "container.caps.all(x, x)", "1:23: the condition of all() is string, not bool" },
	{ "container.caps.filter(x, size(x))", "1:26: the condition of filter() is int, not bool" },
	{ "container.caps.map(x, x, x)", "1:23: the condition of map() is string, not bool" },
	{ "container.labels.all(k, k == 1)", "1:27: string compared with int" },
	{ "container.caps.map(x, size(x)) == ['a']", "1:32: list(int) compared with list(string)" },
};

static void
test_refused(void **state)
{
	unsigned failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(expr_freep) struct expr *e = NULL;
		_cleanup_(freep) char *why = NULL;
		int r = check_text(&e, bad[i].text, NULL, &why);

		if (r == EXPR_E_INVALID && strcmp(why, bad[i].message) == 0)
			continue;
		failed++;
		print_error("%s\n  is     %s\n  wanted %s\n", bad[i].text, r == 0 ? "checked" : why,
		    bad[i].message);
	}
	assert_int_equal(failed, 0);
}

static const struct {
	const char *text, *type;
} good[] = {
	{ "container.privileged", "bool" },
	{ "container.mounts", "list(mount)" },
	{ "container.mounts[0].source", "string" },
	{ "container.mounts[0]['source']", "string" },
	{ "container.mounts[0][container.user]", "dyn" },
	{ "container.mounts.filter(m, m.writable)", "list(mount)" },
	{ "container.mounts.map(m, m.source)", "list(string)" },
	{ "container.mounts.map(m, m.writable, m)", "list(mount)" },
	{ "container.labels.map(k, k)", "list(string)" },
	{ "container.labels.foo.bar", "dyn" },
	{ "container.labels.foo[3] == 'x'", "bool" },
	{ "has(container.labels.foo)", "bool" },
	{ "has(container.user)", "bool" },
	{ "host", "map(dyn)" },
	{ "host.name", "string" },
	{ "host.name.size()", "int" },
	{ "host.other", "dyn" },
	{ "host.other.name", "dyn" },
	{ "[1, 2]", "list(int)" },
	{ "[1, 'a']", "list(dyn)" },
	{ "[container.user, 1]", "list(dyn)" },
	{ "[container.user, 'a']", "list(string)" },
	{ "[[1], []]", "list(list(dyn))" },
	{ "[]", "list(dyn)" },
	{ "[] == container.caps", "bool" },
	{ "{}", "map(dyn)" },
	{ "{'a': [1]}", "map(list(int))" },
	{ "{'a': container.pids}", "map(int)" },
	{ "{'a': container.pids, 'b': ''}", "map(dyn)" },
	{ "{1: 'a'}[1]", "dyn" },
	{ "{container.user: 1}", "map(int)" },
	{ "{container.pids: 1}", "dyn" },
	{ "null", "null" },
	{ "true ? [1] : []", "list(dyn)" },
	{ "true ? 1 : dyn('a')", "dyn" },
	{ "dyn(1) == 'a'", "bool" },
	{ "dyn(1) < 'a'", "bool" },
	{ "dyn(1) + 'a'", "dyn" },
	{ "container.caps + ['a']", "list(string)" },
	{ "container.caps + [1]", "list(dyn)" },
	{ "'a' + 'b'", "string" },
	{ "-container.pids * 2", "int" },
	{ "container.mounts[0] == container.mounts[1]", "bool" },
	{ "container.mounts[0] == {'type': dyn('bind')}", "bool" },
	{ "container.mounts.exists_one(m, under(m.source, '/'))", "bool" },
	{ "[1].all(host, host == 1)", "bool" },
	{ "[{'name': 1}].all(host, host.name == 1)", "bool" },
	{ "mode_within(420, container.user)", "bool" },
	{ "'type' in container.mounts[0]", "bool" },
};

static void
test_types(void **state)
{
	unsigned failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(expr_freep) struct expr *e = NULL;
		_cleanup_(freep) char *why = NULL;
		int r = check_text(&e, good[i].text, NULL, &why);

		if (r == 0 && strcmp(expr_type(e)->name, good[i].type) == 0)
			continue;
		failed++;
		print_error("%s: %s\n", good[i].text, r == 0 ? expr_type(e)->name : why);
	}
	assert_int_equal(failed, 0);
}

static const struct {
	const char *text;
	const struct type *want;
	const char *message;
} wanted[] = {
	{ "container.privileged", &type_bool, NULL },
	{ "container.labels.a", &type_bool, NULL },
	{ "container.mounts", &type_list_dyn, NULL },
	{ "container.caps", &type_bool, "1:1: bool is wanted here, not list(string)" },
	{ " 1 +\n2", &type_bool, "1:2: bool is wanted here, not int" },
	{ "container.caps", &type_list_int, "1:1: list(int) is wanted here, not list(string)" },
	{ "null", &type_list_dyn, "1:1: list(dyn) is wanted here, not null" },
};

static void
test_wanted(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		_cleanup_(expr_freep) struct expr *e = NULL;
		_cleanup_(freep) char *why = NULL;
		int r = check_text(&e, wanted[i].text, wanted[i].want, &why);

		assert_int_equal(r, wanted[i].message == NULL ? 0 : EXPR_E_INVALID);
		if (r != 0)
			assert_string_equal(why, wanted[i].message);
	}
}

static void
test_reads(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		unsigned ids[4];
	} cases[] = {
		{ "1 + 1", 0, { 0 } },
		{ "container.user == container.user", 1, { FACT_USER } },
		{ "host.name == 'a' || container.privileged || container.pids > host.pids", 4,
		    { FACT_PRIVILEGED, FACT_PIDS, FACT_HOST, FACT_HOST_NAME } },
		{ "has(container.mounts)", 1, { FACT_MOUNTS } },
		{ "container.mounts.exists(host, host.source == container.labels.a.b)", 2,
		    { FACT_MOUNTS, FACT_LABELS } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(expr_freep) struct expr *e = NULL;
		_cleanup_(freep) char *why = NULL;
		const unsigned *ids;
		size_t n;

		if (check_text(&e, cases[i].text, NULL, &why) != 0)
			fail_msg("%s", why);
		ids = expr_reads(e, &n);
		assert_int_equal(n, cases[i].n);
		assert_memory_equal(ids, cases[i].ids, n * sizeof(ids[0]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
