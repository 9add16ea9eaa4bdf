/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/filter.h"

static struct rule limits = { .key = "limits", .severity = SEVERITY_LOW };
static struct rule mode = { .index = 1, .key = "mode", .severity = SEVERITY_HIGH };
static struct rule privileged = { .index = 2, .key = "privileged" };
static struct rule *rules[] = { &limits, &mode, &privileged };
static struct benchmark_entry entries[] = {
	{ .id = "1.1.3", .section = "1.1", .level = 1, .rule = &mode },
	{ .id = "5.4", .section = "5", .level = 1, .rule = &privileged },
	{ .id = "5.10", .section = "5", .level = 2, .rule = &limits },
};
static struct benchmark_entry other_entries[] = {
	{ .id = "5.4", .section = "5", .level = 2, .rule = &limits },
};
static struct benchmark benchmarks[] = {
	{ .id = "first", .entries = entries, .n_entries = ARRAY_SIZE(entries) },
	{ .id = "other", .entries = other_entries, .n_entries = ARRAY_SIZE(other_entries) },
};
static const struct rulebook rb = { .rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.benchmarks = benchmarks,
	.n_benchmarks = ARRAY_SIZE(benchmarks) };

static struct value_entry labels[2];
static struct value label_map;

/* A container that fails, a file that passes, an image, and a notice. */
static const struct filter_view web = { .rule = &privileged,
	.verdict = VERDICT_FAIL,
	.covered = 1 + EXCEPTION_WAIVED,
	.kind = SUBJECT_CONTAINER,
	.id = "0123456789abcdef",
	.name = "web",
	.image = "docker.io/nginx:1.25",
	.labels = &label_map };
static const struct filter_view etc = { .rule = &mode,
	.verdict = VERDICT_PASS,
	.kind = SUBJECT_FILE,
	.id = "/etc/docker/daemon.json",
	.name = "/etc/docker/daemon.json" };
static const struct filter_view nginx = { .rule = &limits,
	.verdict = VERDICT_UNKNOWN,
	.covered = 1 + EXCEPTION_ATTESTED,
	.kind = SUBJECT_IMAGE,
	.id = "sha256:feedbeef",
	.name = "docker.io/nginx:1.25" };
static const struct filter_view notice = { .verdict = -1, .kind = -1 };

enum { WEB = 1, ETC = 2, NGINX = 4, NOTICE = 8 };

static const struct {
	const char *filters[4]; /* "name=value" */
	unsigned matched;
} cases[] = {
	{ { NULL }, WEB | ETC | NGINX | NOTICE },
	{ { "rule=privileged" }, WEB },
	{ { "rule=5.4" }, WEB },
	{ { "rule=5.4,5.10" }, WEB | NGINX },
	{ { "rule=5.4", "rule=mode" }, WEB | ETC },
	{ { "rule=5.4", "benchmark=other" }, NGINX },
	{ { "benchmark=first" }, WEB | ETC | NGINX },
	{ { "benchmark=other" }, NGINX },
	{ { "section=5" }, WEB | NGINX },
	{ { "section=1" }, ETC },
	{ { "section=1.1" }, ETC },
	{ { "level=1" }, WEB | ETC },
	{ { "level=2" }, NGINX },
	{ { "level=2", "benchmark=other" }, NGINX },
	{ { "severity=critical,high" }, WEB | ETC },
	{ { "verdict=fail" }, WEB },
	{ { "verdict=pass,unknown" }, ETC | NGINX },
	{ { "verdict=fail", "section=1" }, 0 },
	{ { "verdict=waived" }, WEB },
	{ { "verdict=attested,waived" }, WEB | NGINX },
	{ { "verdict=pass,attested" }, ETC | NGINX },
	{ { "verdict=waived", "section=1" }, 0 },
	{ { "container=web" }, WEB },
	{ { "container=w*" }, WEB },
	{ { "container=0123" }, WEB },
	{ { "container=123" }, 0 },
	{ { "container=docker*" }, 0 },
	{ { "image=docker.io/nginx" }, WEB | NGINX },
	{ { "image=docker.io/nginx:1.25" }, WEB | NGINX },
	{ { "image=docker.io/ngin" }, 0 },
	{ { "image=feed" }, NGINX },
	{ { "image=sha256:feed" }, NGINX },
	{ { "label=tier" }, WEB },
	{ { "label=tier=front" }, WEB },
	{ { "label=tier=back" }, 0 },
	{ { "label=a=b,c" }, 0 },
	{ { "file=/etc/docker/daemon.json" }, ETC },
	{ { "file=/etc/docker/*" }, ETC },
	{ { "file=/etc/docker" }, 0 },
};

static struct filter *
filter_of(const char *const *filters, size_t n)
{
	struct filter *f;
	char *why = NULL;

	assert_int_equal(filter_new(&f), 0);
	for (size_t i = 0; i < n && filters[i] != NULL; i++) {
		char name[32];
		const char *equals = strchr(filters[i], '=');
		int kind;

		memcpy(name, filters[i], (size_t)(equals - filters[i]));
		name[equals - filters[i]] = '\0';
		kind = filter_kind_from_name(name);
		assert_true(kind >= 0);
		assert_int_equal(filter_add(f, (enum filter_kind)kind, equals + 1, &why), 0);
	}
	return f;
}

static void
test_matches(void **state)
{
	static const struct filter_view *const views[] = { &web, &etc, &nginx, &notice };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(filter_freep) struct filter *f = filter_of(cases[i].filters, 4);
		char *why = NULL;
		unsigned matched = 0;

		assert_int_equal(filter_check(f, &rb, &why), 0);
		for (unsigned v = 0; v < ARRAY_SIZE(views); v++)
			matched |= filter_matches(f, &rb, views[v]) ? 1U << v : 0;
		if (matched != cases[i].matched)
			fail_msg("%s matches %x", cases[i].filters[0], matched);
		assert_int_equal(filter_is_empty(f), cases[i].filters[0] == NULL);
	}
}

static void
test_nonsense_is_refused(void **state)
{
	static const struct {
		const char *filter, *message;
	} bad[] = {
		{ "rule=5.99", "--rule 5.99: no such rule" },
		{ "rule=privilegd", "--rule privilegd: no such rule; did you mean privileged?" },
		{ "rule=none", "--rule none: no such rule" },
		{ "section=five", "--section five: no rule is in such a section" },
		{ "section=1.10", "--section 1.10: no rule is in such a section" },
		{ "level=0", "--level 0: no rule is of such a level" },
		{ "level=3", "--level 3: no rule is of such a level" },
		{ "level=one", "--level one: no rule is of such a level" },
		{ "benchmark=cis", "--benchmark cis: no such benchmark" },
		{ "benchmark=ohter", "--benchmark ohter: no such benchmark; did you mean other?" },
		{ "severity=bad",
		    "--severity bad: not a severity (critical, high, medium or low)" },
		{ "verdict=fail,failed",
		    "--verdict failed: not a verdict (pass, fail, review, unknown, "
		    "not-applicable, waived or attested)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(filter_freep) struct filter *f = filter_of(&bad[i].filter, 1);
		_cleanup_(freep) char *why = NULL;

		assert_int_equal(filter_check(f, &rb, &why), FILTER_E_INVALID);
		assert_string_equal(why, bad[i].message);
	}
	assert_int_equal(filter_kind_from_name("ruler"), -1);
}

static void
test_values_are_bounded(void **state)
{
	_cleanup_(filter_freep) struct filter *f = filter_of(NULL, 0);
	_cleanup_(freep) char *why = NULL, *empty = NULL;

	for (unsigned i = 0; i < FILTER_VALUES_MAX; i++)
		assert_int_equal(filter_add(f, FILTER_FILE, "/x", &why), 0);
	assert_int_equal(filter_add(f, FILTER_FILE, "/x", &why), FILTER_E_INVALID);
	assert_string_equal(why, "--file /x: too many values");
	assert_int_equal(filter_add(f, FILTER_RULE, "", &empty), FILTER_E_INVALID);
}

static void
test_query_is_encoded(void **state)
{
	static const char *const filters[] = { "verdict=fail,unknown", "label=a b=c&d", NULL };
	_cleanup_(filter_freep) struct filter *f = filter_of(filters, 2);
	_cleanup_(freep) char *query = filter_query(f);

	assert_string_equal(query, "verdict=fail&verdict=unknown&label=a%20b%3Dc%26d");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_values_are_bounded),
		cmocka_unit_test(test_query_is_encoded),
	};

	labels[0] = (struct value_entry){ value_string("tier"), value_string("front") };
	labels[1] = (struct value_entry){ value_string("a"), value_string("b") };
	label_map = value_map(labels, 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
