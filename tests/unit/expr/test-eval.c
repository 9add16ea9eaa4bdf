/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "expr/names.h"

static struct arena *arena;
static struct value world[_FACT_N];

static struct value
read_json(const char *text)
{
	struct json_object *json = json_tokener_parse(text);
	struct value v;

	assert_int_equal(value_from_json(&v, json, arena), 0);
	json_object_put(json);
	return v;
}

static struct value
marked_cut(struct value v)
{
	v.cut = true;
	return v;
}

/* Three mounts: one whole, one with holes, one that nobody could look at. */
static struct value
make_mounts(void)
{
	struct value_entry *entries = arena_alloc(arena, 3 * sizeof(*entries));
	struct value *items = arena_alloc(arena, 3 * sizeof(*items));

	entries[0] = (struct value_entry){ value_string("type"), value_string("bind") };
	entries[1] = (struct value_entry){ value_string("source"), value_absent() };
	entries[2] = (struct value_entry){ value_string("writable"), value_unreadable("EACCES") };
	items[0] = read_json("{\"type\": \"bind\", \"source\": \"/etc\", \"writable\": true}");
	items[1] = value_map(entries, 3);
	items[2] = value_unreadable("gone");
	return value_list(items, 3);
}

static int
set_up(void **state)
{
	arena = arena_new(16 * 1024 * 1024);
	if (arena == NULL)
		return 1;
	world[FACT_PRIVILEGED] = value_unreadable("permission denied");
	world[FACT_PIDS] = value_int(42);
	world[FACT_USER] = value_absent();
	world[FACT_CAPS] = marked_cut(read_json("[\"NET_ADMIN\", \"CHOWN\"]"));
	world[FACT_MOUNTS] = make_mounts();
	world[FACT_LABELS] = read_json("{\"team\": \"web\", \"tier\": null, \"list\": [1, 2]}");
	world[FACT_HOST] = marked_cut(read_json("{\"os\": \"debian\"}"));
	world[FACT_HOST_NAME] = value_string("h\xc3\xb6st");
	return 0;
}

static int
tear_down(void **state)
{
	arena = arena_free(arena);
	return 0;
}

static const struct value *
get_fact(void *context, unsigned id)
{
	return &world[id];
}

static const char *
render(const struct expr_outcome *outcome)
{
	struct json_object *json;
	const char *text;

	if (outcome->error != NULL && outcome->unreadable_fact >= 0)
		return arena_printf(
		    arena, "error: %s (%s)", outcome->error, facts[outcome->unreadable_fact].name);
	if (outcome->error != NULL)
		return arena_printf(arena, "error: %s", outcome->error);
	json = value_to_json(&outcome->value);
	text = arena_printf(arena, "%s%s",
	    json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
	    outcome->value.type == VALUE_LIST && outcome->value.cut ? " cut" : "");
	json_object_put(json);
	return text;
}

/* The outcome of a checked expression, as text. */
static const char *
evaluate(const char *text, struct arena *a)
{
	const struct expr_input input = { .fact = get_fact };
	_cleanup_(expr_freep) struct expr *e = NULL;
	_cleanup_(freep) char *why = NULL;
	struct expr_outcome outcome;

	if (expr_parse(&e, text, strlen(text), &why) != 0 || expr_check(e, &names, NULL, &why) != 0)
		fail_msg("%s: %s", text, why);
	assert_int_equal(expr_eval(&outcome, e, &input, a), 0);
	return render(&outcome);
}

struct row {
	const char *text, *outcome;
};

static void
run_table(const struct row *rows, size_t n)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);
	unsigned failed = 0;
	const char *is;

	for (size_t i = 0; i < n; i++) {
		arena_reset(a);
		is = evaluate(rows[i].text, a);
		if (strcmp(is, rows[i].outcome) == 0)
			continue;
		failed++;
		print_error("%s\n  is     %s\n  wanted %s\n", rows[i].text, is, rows[i].outcome);
	}
	assert_int_equal(failed, 0);
}

static const struct row operators[] = {
	{ "1 + 2 * 3 - 4 % 3", "6" },
	{ "2 - 3 - 4", "-5" },
	{ "1 + 1 == 2 && 2 < 3", "true" },
	{ "false && false || true", "true" },
	{ "true ? 1 : true ? 2 : 3", "1" },
	{ "(true ? false : true) ? 1 : 2", "2" },
	{ "-1 - -1", "0" },
	{ "--1", "1" },
	{ "- -9223372036854775808", "error: integer overflow" },
	{ "-container.pids", "-42" },
	{ "-9223372036854775807 - 1 == -9223372036854775808", "true" },
	{ "-9223372036854775808 % -1", "error: integer overflow" },
	{ "1 / 0", "error: division by zero" },
	{ "1 % 0", "error: division by zero" },
	{ "'b' > 'abc'", "true" },
	{ "'ab' < 'abc'", "true" },
	{ "[1] + ['a']", "[1,\"a\"]" },
	{ "'a\\000b' == 'a\\000c'", "false" },
	{ "size('a\\000b')", "3" },
	{ "{'a': 1, 'b': [2]} == {'b': [2], 'a': 1}", "true" },
	{ "dyn(1) == '1'", "false" },
	{ "dyn(1) < '1'", "error: no such overload: int < string" },
	{ "dyn(1) + '1'", "error: no such overload: int + string" },
	{ "{'a': 1, container.labels.team: 2, 'web': 3}", "error: a key is there twice" },
	{ "{'a': 1, 'a': 2}", "error: a key is there twice" },
	{ "{dyn(null): 2}", "error: a key can't be null" },
	{ "{container.labels.team: container.pids}", "{\"web\":42}" },
	{ "[1, 2][1]", "2" },
	{ "[1, 2][-1]", "error: index out of range: -1" },
	{ "{1: 2}[3]", "error: no such key: 3" },
	{ "{'a': 2}['b']", "error: no such key: b" },
	{ "dyn(1)[1]", "error: no such overload: int[int]" },
	{ "dyn(1).a", "error: a of int: it has no fields" },
	{ "dyn('a') ? 1 : 2", "error: no such overload: string ? :" },
	{ "2 in {1: 'a', 2: 'b'}", "true" },
	{ "'x' in {'y': 1}", "false" },
	{ "dyn(1) in dyn(1)", "error: no such overload: int in int" },
};

static void
test_operators(void **state)
{
	run_table(operators, ARRAY_SIZE(operators));
}

static const struct row logic[] = {
	{ "1 / 0 == 1 || true", "true" },
	{ "true || 1 / 0 == 1", "true" },
	{ "1 / 0 == 1 && false", "false" },
	{ "1 / 0 == 1 && true", "error: division by zero" },
	{ "1 / 0 == 1 || 1 % 0 == 1 || true", "true" },
	{ "1 / 0 == 1 || {'a': 1}['b'] == 1", "error: division by zero" },
	{ "(1 / 0 == 1 || true) && {'a': 1}['b'] == 1", "error: no such key: b" },
	{ "dyn(1) && true", "error: no such overload: && on int" },
	{ "dyn(1) && false", "false" },
	{ "!dyn(1)", "error: no such overload: !int" },
	{ "true ? 1 : 1 / 0", "1" },
	{ "[0, 1].exists(x, 1 / x == 1)", "true" },
	{ "[0, 2].exists(x, 1 / x == 1)", "error: division by zero" },
	{ "[0, 2].all(x, 1 / x == 1)", "false" },
	{ "[0, 1].all(x, 1 / x == 1)", "error: division by zero" },
	{ "[dyn(1)].all(x, x)", "error: the condition of all() is int, not bool" },
	{ "[1, 1].exists_one(x, x == 1)", "false" },
	{ "[0, 1].exists_one(x, 1 / x == 1)", "error: division by zero" },
	{ "[0, 1].filter(x, 1 / x == 1)", "error: division by zero" },
	{ "[0, 1].map(x, 1 / x)", "error: division by zero" },
	{ "[1, 2, 3].map(x, x > 1, x * 2)", "[4,6]" },
	{ "[1, 2].map(x, [3, 4].map(y, x * y))", "[[3,4],[6,8]]" },
	{ "[1, 2].map(x, [3, 4].map(x, x))", "[[3,4],[3,4]]" },
	{ "[[1], [2]].map(x, x.map(x, x + 1)[0])", "[2,3]" },
	{ "{'a': 1, 'b': 2}.filter(k, k != 'a')", "[\"b\"]" },
	{ "dyn(1).exists(x, true)", "error: exists() goes through a list or a map, not int" },
	/* an error that is absorbed must not silence one that is told */
	{ "[0].exists(x, 1 / x == 1 || true) && 1 % 0 == 1", "error: division by zero" },
	{ "[0, 0].exists(x, [0, 1].exists(y, 1 / y == 1)) ? {'a': 1}['b'] : 1",
	    "error: no such key: b" },
};

static void
test_logic(void **state)
{
	run_table(logic, ARRAY_SIZE(logic));
}

static const struct row reading[] = {
	{ "container.pids", "42" },
	{ "container.privileged",
	    "error: container.privileged: permission denied (container.privileged)" },
	{ "!container.privileged",
	    "error: container.privileged: permission denied (container.privileged)" },
	{ "container.privileged || true", "true" },
	{ "false && container.privileged", "false" },
	{ "container.privileged && false", "false" },
	{ "has(container.privileged)",
	    "error: container.privileged: permission denied (container.privileged)" },
	{ "container.user == 'root'", "error: container.user: absent (container.user)" },
	{ "has(container.user)", "false" },
	{ "has(container.user) && container.user == 'root'", "false" },
	{ "has(container.pids)", "true" },
	{ "container.labels.team", "\"web\"" },
	{ "container.labels['team']", "\"web\"" },
	{ "container.labels.tier", "null" },
	{ "container.labels.nothing == 'a'", "error: no such key: nothing" },
	{ "has(container.labels.tier)", "true" },
	{ "has(container.labels.nothing)", "false" },
	{ "has(container.labels.nothing.more)", "error: no such key: nothing" },
	{ "has(container.labels.team.more)", "error: has(more) of string: it has no fields" },
	{ "host.name.size()", "4" },
	{ "host.os", "\"debian\"" },
	/* holes within a fact */
	{ "container.mounts[0].source", "\"/etc\"" },
	{ "container.mounts[1].source", "error: source: absent (container.mounts)" },
	{ "has(container.mounts[1].source)", "false" },
	{ "'source' in container.mounts[1]", "false" },
	{ "container.mounts[1].writable", "error: writable: EACCES (container.mounts)" },
	{ "has(container.mounts[1].writable)", "error: writable: EACCES (container.mounts)" },
	{ "'writable' in container.mounts[1]", "error: entry: EACCES (container.mounts)" },
	{ "container.mounts[1]['writable']", "error: writable: EACCES (container.mounts)" },
	{ "container.mounts[2]", "error: element: gone (container.mounts)" },
	{ "container.mounts.exists(m, m.type == 'bind')", "true" },
	{ "container.mounts.exists(m, m.type == 'volume')", "error: m: gone (container.mounts)" },
	{ "container.mounts.all(m, m.type == 'volume')", "false" },
	{ "container.mounts.all(m, m.type == 'bind')", "error: m: gone (container.mounts)" },
	{ "container.mounts.filter(m, m.type == 'bind')", "error: m: gone (container.mounts)" },
	{ "container.mounts.map(m, m.type)", "error: m: gone (container.mounts)" },
	{ "container.mounts == container.mounts",
	    "error: ==: a part of it is cut or unreadable (container.mounts)" },
	{ "container.mounts != []", "true" },
	{ "{} in container.mounts",
	    "error: in: a part of it is cut or unreadable (container.mounts)" },
};

static void
test_reading(void **state)
{
	run_table(reading, ARRAY_SIZE(reading));
}

static const struct row cuts[] = {
	{ "container.caps.exists(c, c == 'CHOWN')", "true" },
	{ "container.caps.exists(c, c == 'SYS_ADMIN')",
	    "error: cut at 2 entries (container.caps)" },
	{ "container.caps.all(c, c == 'CHOWN')", "false" },
	{ "container.caps.all(c, c != 'SYS_ADMIN')", "error: cut at 2 entries (container.caps)" },
	{ "container.caps.filter(c, c == 'CHOWN')", "[\"CHOWN\"] cut" },
	{ "container.caps.filter(c, c == 'SYS_ADMIN')", "[] cut" },
	{ "container.caps.map(c, size(c))", "[9,5] cut" },
	{ "container.caps.map(c, c == 'CHOWN', 1)", "[1] cut" },
	{ "container.caps + ['X']", "[\"NET_ADMIN\",\"CHOWN\",\"X\"] cut" },
	{ "['X'] + container.caps", "[\"X\",\"NET_ADMIN\",\"CHOWN\"] cut" },
	{ "size(container.caps)", "error: cut at 2 entries (container.caps)" },
	{ "size(container.caps.filter(c, false)) == 0",
	    "error: cut at 0 entries (container.caps)" },
	{ "container.caps == ['NET_ADMIN', 'CHOWN']",
	    "error: ==: a part of it is cut or unreadable (container.caps)" },
	{ "['a'] != container.caps",
	    "error: !=: a part of it is cut or unreadable (container.caps)" },
	{ "'CHOWN' in container.caps", "true" },
	{ "'SYS_ADMIN' in container.caps", "error: cut at 2 entries (container.caps)" },
	{ "!('SYS_ADMIN' in container.caps)", "error: cut at 2 entries (container.caps)" },
	{ "container.caps.exists_one(c, c == 'CHOWN')",
	    "error: cut at 2 entries (container.caps)" },
	{ "container.caps[0]", "error: cut at 2 entries (container.caps)" },
	/* maps */
	{ "host.os == 'debian'", "true" },
	{ "host.arch == 'arm'", "error: cut at 1 entries (host)" },
	{ "host['arch'] == 'arm'", "error: cut at 1 entries (host)" },
	{ "has(host.arch)", "error: cut at 1 entries (host)" },
	{ "'arch' in host", "error: cut at 1 entries (host)" },
	{ "'os' in host", "true" },
	{ "size(host)", "error: cut at 1 entries (host)" },
	{ "host.all(k, k == 'os')", "error: cut at 1 entries (host)" },
};

static void
test_cut(void **state)
{
	run_table(cuts, ARRAY_SIZE(cuts));
}

static const struct row functions[] = {
	{ "mode_within(420, '0644')", "true" },
	{ "mode_within(384, '644')", "true" },
	{ "mode_within(33188, '0644')", "true" },
	{ "mode_within(402, '0644')", "false" },
	{ "mode_within(2468, '0644')", "false" },
	{ "mode_within(511, '00000')", "false" },
	{ "mode_within(420, container.labels.team)",
	    "error: mode_within(): not an octal mode: web" },
	{ "mode_within(420, dyn(''))", "error: mode_within(): not an octal mode: " },
	{ "mode_within(dyn('a'), '0644')",
	    "error: no such overload: mode_within() takes an int, not string" },
	{ "under('/etc', '/etc')", "true" },
	{ "under('/etc/passwd', '/etc')", "true" },
	{ "under('/etc//passwd', '//etc/')", "true" },
	{ "under('/etc/', '/etc')", "true" },
	{ "under('/etcetera', '/etc')", "false" },
	{ "under('/', '/etc')", "false" },
	{ "under('/', '/')", "true" },
	{ "under('/etc', '/')", "true" },
	{ "under('/var/./run', '/var/run')", "true" },
	{ "under('volume', '/')", "false" },
	{ "under('', '/')", "false" },
	{ "under('/var/../etc', '/etc')", "error: under(): a path with .. in it: /var/../etc" },
	{ "under('/a', 'b' + '')", "error: under(): not an absolute path: b" },
	{ "glob('docker.io/library/nginx:1', '*/nginx:*')", "true" },
	{ "glob('/usr/lib', '/usr/*/x')", "false" },
	{ "glob('ab', 'a[a-c]')", "true" },
	{ "glob('.hidden', '*')", "true" },
	{ "glob('ab', 'a?c')", "false" },
	{ "glob('a\\000b', '*')", "error: glob(): a zero byte" },
	{ "version_at_least('20.10.24+dfsg1', '20.10')", "true" },
	{ "version_at_least('20.10', '20.10.0')", "true" },
	{ "version_at_least('20.9.1', '20.10')", "false" },
	{ "version_at_least('24.0.7-ce', '24.0.7')", "true" },
	{ "version_at_least('1.6.20~ds1', '1.6.21')", "false" },
	{ "version_at_least('100', '20')", "true" },
	{ "version_at_least('v1.2', '1')", "error: version_at_least(): not a version: v1.2" },
	{ "version_at_least('', '1')", "error: version_at_least(): not a version: " },
	{ "version_at_least('5:20.10', '1')", "error: version_at_least(): not a version: 5:20.10" },
	{ "version_at_least('99999999999999999999', '1')",
	    "error: version_at_least(): not a version: 99999999999999999999" },
	{ "'h\xc3\xb6st'.size() == size(host.name)", "true" },
	{ "'abc'.contains('d')", "false" },
	{ "dyn(1).startsWith('a')",
	    "error: no such overload: startsWith() takes a string, not int" },
};

static void
test_functions(void **state)
{
	run_table(functions, ARRAY_SIZE(functions));
}

/* What was only parsed takes its names from variables, the longest path first. */
static void
test_unchecked(void **state)
{
	static const struct row rows[] = {
		{ "a + 1", "8" },
		{ "a.b", "\"dotted\"" },
		{ "a.b.size()", "6" },
		{ "c.b", "\"inner\"" },
		{ "c.b.d", "\"path\"" },
		{ "has(c.b) && has(c.b.d) && !has(c.x)", "true" },
		{ "[5].map(a, a)", "[5]" },
		{ "[5].map(a, .a)", "[7]" },
		{ "[{'b': 1}].map(a, a.b)", "[1]" },
		{ "nothing", "error: no such name: nothing" },
		{ "nothing || true", "true" },
		{ "f(1)", "error: no such function: f()" },
		{ "f(1) || true", "true" },
		{ "size(1, 2)", "error: no such overload: size() of 2 arguments" },
		{ "1 == 'a'", "false" },
	};
	const struct value vars = read_json("{\"a\": 7, \"a.b\": \"dotted\","
					    " \"c\": {\"b\": \"inner\"}, \"c.b.d\": \"path\"}");
	const struct expr_input input = { .vars = &vars };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(expr_freep) struct expr *e = NULL;
		_cleanup_(freep) char *why = NULL;
		struct expr_outcome outcome;

		if (expr_parse(&e, rows[i].text, strlen(rows[i].text), &why) != 0)
			fail_msg("%s: %s", rows[i].text, why);
		assert_int_equal(expr_eval(&outcome, e, &input, arena), 0);
		assert_string_equal(render(&outcome), rows[i].outcome);
	}
}

static const char ten[] = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";

/* `levels` loops of ten in each other around `inner`. */
static const char *
nested_loops(const char *macro, int levels, const char *inner)
{
	const char *text = inner;

	for (int i = 0; i < levels; i++)
		text = arena_printf(arena, "%s.%s(x%d, %s)", ten, macro, i, text);
	return text;
}

static void
test_steps_bound(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);
	const char *message = "error: the evaluation takes too many steps";

	assert_string_equal(evaluate(nested_loops("all", 4, "true"), a), "true");
	assert_string_equal(evaluate(nested_loops("all", 9, "true"), a), message);
	/* Nothing absorbs it, nor runs on for long. */
	assert_string_equal(evaluate(nested_loops("exists", 9, "1 / 0 == 1"), a), message);
	assert_string_equal(
	    evaluate(arena_printf(arena, "%s || true", nested_loops("all", 9, "true")), a),
	    message);
	/* Comparing long lists counts, too. */
	world[FACT_CAPS] = value_list(arena_alloc(arena, 10000 * sizeof(struct value)), 10000);
	assert_string_equal(
	    evaluate(nested_loops("all", 3, "container.caps == container.caps"), a), message);
}

static void
test_memory_bound(void **state)
{
	const char *message = "error: the evaluation takes too much memory";
	const char *text = "'0123456789'", *list = ten;

	for (int i = 0; i < 10; i++) {
		text = arena_printf(
		    arena, "[%s].map(s%d, s%d + s%d + s%d + s%d)[0]", text, i, i, i, i, i);
		list = arena_printf(
		    arena, "[%s].map(s%d, s%d + s%d + s%d + s%d)[0]", list, i, i, i, i, i);
		_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);

		if (i < 3) {
			assert_null(strstr(evaluate(text, a), "error"));
		} else if (i == 9) {
			assert_string_equal(evaluate(text, a), message);
			assert_string_equal(evaluate(list, a), message);
			assert_string_equal(
			    evaluate(arena_printf(arena, "size(%s) > 0 || true", text), a),
			    message);
		}
	}
}

/* Errors that macros absorb don't use the memory up. */
static void
test_absorbed_errors_are_free(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(4096);

	assert_string_equal(
	    evaluate(nested_loops("exists", 4, "x0 / 0 == 1 || x1 + x2 + x3 == 27"), a), "true");
	assert_string_equal(evaluate(nested_loops("exists", 4, "container.labels.b == 1"), a),
	    "error: no such key: b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_logic),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_unchecked),
		cmocka_unit_test(test_absorbed_errors_are_free),
		cmocka_unit_test(test_steps_bound),
		cmocka_unit_test(test_memory_bound),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
