/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rulebook/fixture.h"
#include "util/macros.h"

static struct fixture fixture;

#define SMALL_RULE(key, scope, rest)             \
	"- key: " key "\n"                       \
	"  title: T\n"                           \
	"  severity: low\n"                      \
	"  scope: " scope "\n" rest "  why: w\n" \
	"  audit: a\n"                           \
	"  fix: f\n"

static const char site_rules[] = SMALL_RULE("an-image", "image", "  pass: image.layers < 10\n")
    SMALL_RULE("a-file", "file", "  files: [/etc/passwd]\n  pass: file.exists\n")
	SMALL_RULE("a-host", "host", "  pass: host.apparmor\n")
	    SMALL_RULE("a-review", "container", "  review: [container.user]\n");

static const char benchmark[] = "id: first\n"
				"title: The first\n"
				"version: 1.0\n"
				"sections: {1: One}\n"
				"rules:\n"
				"- {id: 1.1, level: 1, scored: true, rule: a-rule}\n"
				"- {id: 1.10, level: 1, scored: true, rule: b-rule}\n"
				"- {id: 1.2, level: 1, scored: true, title: Nobody's}\n";

static int
set_up(void **state)
{
	fixture_init(&fixture);
	fixture_put(&fixture, "rules/a.yaml", GOOD_RULE("a-rule") GOOD_RULE("b-rule"));
	fixture_put(&fixture, "rules.d/a.yaml", site_rules);
	fixture_put(&fixture, "rules/benchmarks/a.yaml", benchmark);
	return 0;
}

static int
tear_down(void **state)
{
	fixture_deinit(&fixture);
	return 0;
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define WAIVED(rule, rest) \
	"- {rule: " rule ", state: waived, owner: o, reason: r, expires: 2030-01-31" rest "}\n"
#define ATTESTED(rest) "- {rule: a-review, state: attested, owner: o, reason: r" rest "}\n"

static const struct exception *
only_exception(const char *key)
{
	const struct exception *e;
	unsigned n;

	e = rulebook_exceptions(fixture.rb, rulebook_find(fixture.rb, key, NULL), &n);
	assert_int_equal(n, 1);
	return e;
}

static void
test_whole_entry(void **state)
{
	const struct exception *e;

	fixture_put(&fixture, "exceptions.d/web.yaml",
	    "# Agreed in the meeting of June.\n"
	    "- rule: a-rule\n"
	    "  subject: {name: \"web-*\"}\n"
	    "  state: waived\n"
	    "  owner: jane@example.org\n"
	    "  reason: |\n"
	    "    Needs it.\n"
	    "  expires: 2026-11-23T18:00:00+01:00\n"
	    "  ticket: OPS-12\n");
	fixture_load_good(&fixture);
	e = only_exception("a-rule");
	assert_string_equal(e->rule->key, "a-rule");
	assert_int_equal(e->match, EXCEPTION_NAME);
	assert_string_equal(e->pattern, "web-*");
	assert_int_equal(e->state, EXCEPTION_WAIVED);
	assert_string_equal(e->owner, "jane@example.org");
	assert_string_equal(e->reason, "Needs it.");
	assert_string_equal(e->ticket, "OPS-12");
	assert_string_equal(e->expires, "2026-11-23T18:00:00+01:00");
	assert_int_equal(e->expires_ms, INT64_C(1795392000000) + 17 * 3600 * 1000);
	assert_null(e->evidence);
	assert_non_null(strstr(e->source, "/exceptions.d/web.yaml"));
	assert_int_equal(e->line, 2);
}

/* A day is covered to its end. */
static void
test_day_counts_whole(void **state)
{
	fixture_put(&fixture, "exceptions.d/a.yaml",
	    "- {rule: a-rule, state: waived, owner: o, reason: r, expires: 2026-11-22}\n");
	fixture_load_good(&fixture);
	assert_int_equal(only_exception("a-rule")->expires_ms, INT64_C(1795392000000));
	assert_int_equal(only_exception("a-rule")->match, EXCEPTION_ALL);
	assert_null(only_exception("a-rule")->pattern);
}

static void
test_attested(void **state)
{
	const struct exception *e;

	fixture_put(&fixture, "exceptions.d/a.yaml", ATTESTED(", evidence: \"sha256:" HASH "\""));
	fixture_load_good(&fixture);
	e = only_exception("a-review");
	assert_int_equal(e->state, EXCEPTION_ATTESTED);
	assert_string_equal(e->evidence, HASH);
	assert_true(e->expires_ms == INT64_MAX);
	assert_null(e->expires);
	fixture_put(
	    &fixture, "exceptions.d/a.yaml", ATTESTED(", evidence: any, expires: 2030-01-01"));
	fixture_load_good(&fixture);
	assert_null(only_exception("a-review")->evidence);
}

static void
test_patterns(void **state)
{
	unsigned n;

	fixture_put(&fixture, "exceptions.d/a.yaml",
	    WAIVED("a-rule", ", subject: {image: \"registry.example/*\"}") WAIVED("a-rule",
		", subject: {label: tier=db}") WAIVED("an-image", ", subject: {name: \"old:*\"}")
		WAIVED("a-file", ", subject: {path: /etc/passwd}") WAIVED("a-host", ""));
	fixture_load_good(&fixture);
	assert_int_equal(fixture.rb->n_exceptions, 5);
	assert_int_equal(only_exception("a-file")->match, EXCEPTION_PATH);
	assert_int_equal(only_exception("an-image")->match, EXCEPTION_NAME);
	assert_int_equal(only_exception("a-host")->match, EXCEPTION_ALL);
	(void)rulebook_exceptions(fixture.rb, rulebook_find(fixture.rb, "b-rule", NULL), &n);
	assert_int_equal(n, 0);
}

/* The order in which they are asked: by file, then by line. */
static void
test_order(void **state)
{
	const struct exception *e;
	unsigned n;

	fixture_put(&fixture, "exceptions.d/b.yaml", WAIVED("a-rule", ", ticket: three"));
	fixture_put(&fixture, "exceptions.d/a.yaml",
	    WAIVED("a-rule", ", ticket: one") WAIVED("b-rule", "")
		WAIVED("a-rule", ", ticket: two"));
	fixture_load_good(&fixture);
	e = rulebook_exceptions(fixture.rb, rulebook_find(fixture.rb, "a-rule", NULL), &n);
	assert_int_equal(n, 3);
	assert_string_equal(e[0].ticket, "one");
	assert_string_equal(e[1].ticket, "two");
	assert_string_equal(e[2].ticket, "three");
}

static void
test_rule_by_number(void **state)
{
	fixture_put(&fixture, "exceptions.d/a.yaml", WAIVED("1.10", ""));
	fixture_load_good(&fixture);
	assert_string_equal(only_exception("b-rule")->rule->key, "b-rule");
}

static void
test_no_exceptions(void **state)
{
	unsigned n;

	fixture_put(&fixture, "exceptions.d/a.yaml", "# none yet\n");
	fixture_load_good(&fixture);
	assert_int_equal(fixture.rb->n_exceptions, 0);
	(void)rulebook_exceptions(fixture.rb, fixture.rb->rules[0], &n);
	assert_int_equal(n, 0);
}

/* What is excepted is part of what was judged by. */
static void
test_digest(void **state)
{
	char before[sizeof(fixture.rb->sha256)];

	fixture_load_good(&fixture);
	memcpy(before, fixture.rb->sha256, sizeof(before));
	fixture_put(&fixture, "exceptions.d/a.yaml", WAIVED("a-rule", ""));
	fixture_load_good(&fixture);
	assert_string_not_equal(before, fixture.rb->sha256);
}

/* Each is a file of exceptions. */
static const struct {
	const char *text, *errors;
} bad[] = {
	{ "rule: a-rule\n", "1: a file of exceptions must be a list, not a map" },
	{ "- a-rule\n", "1: an exception must be a map, not a text" },
	{ "- {}\n", "1: an exception needs `rule`\n"
		    "exceptions.d/x.yaml:1: an exception needs `state`\n"
		    "exceptions.d/x.yaml:1: an exception needs `owner`\n"
		    "exceptions.d/x.yaml:1: an exception needs `reason`" },
	{ WAIVED("a-rule", "") "- rule: a-rule\n  ownr: x\n  state: waived\n  owner: x\n"
			       "  reason: y\n  expires: 2030-01-01\n",
	    "3: unknown key `ownr`; did you mean `owner`?" },
	{ "- rule: a-rule\n  rule: b-rule\n", "2: key `rule` is given twice" },
	{ WAIVED("a-rul", ""), "1: no rule `a-rul`; did you mean `a-rule`?" },
	{ WAIVED("nothing-like-it", ""), "1: no rule `nothing-like-it`" },
	{ WAIVED("1.2", ""), "1: no rule `1.2`" },
	{ WAIVED("1.3", ""), "1: no rule `1.3`" },
	{ "- {rule: a-rule, state: waved, owner: o, reason: r, expires: 2030-01-01}\n",
	    "1: `state` must be waived or attested" },
	{ "- {rule: a-rule, state: waived, owner: \"\", reason: r, expires: 2030-01-01}\n",
	    "1: `owner` is empty" },
	{ "- {rule: a-rule, state: waived, owner: o, reason: r}\n",
	    "1: an exception needs `expires`" },
	{ "- {rule: a-rule, state: waived, owner: o, reason: r, expires: }\n",
	    "1: `expires` is empty" },
	{ "- rule: a-rule\n  state: waived\n  owner: o\n  reason: r\n  expires: 2030-02-30\n",
	    "5: `expires` must be a day such as 2027-03-31, or a time such as "
	    "2027-03-31T18:00:00Z" },
	{ "- {rule: a-rule, state: waived, owner: o, reason: r, expires: never}\n",
	    "1: `expires` must be a day such as 2027-03-31, or a time such as "
	    "2027-03-31T18:00:00Z" },
	{ WAIVED("a-rule", ", evidence: any"), "1: `evidence` goes with `state: attested`" },
	{ ATTESTED(""), "1: an attestation of any evidence needs `expires`" },
	{ ATTESTED(", evidence: any"), "1: an attestation of any evidence needs `expires`" },
	{ ATTESTED(", expires: 2030-01-01, evidence: sha256:12"),
	    "1: `evidence` must be any, or sha256: and 64 digits of 0-9 and a-f" },
	{ ATTESTED(", expires: 2030-01-01, evidence: " HASH),
	    "1: `evidence` must be any, or sha256: and 64 digits of 0-9 and a-f" },
	{ "- {rule: a-rule, state: attested, owner: o, reason: r, expires: 2030-01-01}\n",
	    "1: rule `a-rule` is no review: it is waived, not attested" },
	{ WAIVED("a-review", ""), "1: rule `a-review` is a review: it is attested, not waived" },
	{ WAIVED("a-rule", ", subject: web"), "1: `subject` must be a map, not a text" },
	{ WAIVED("a-rule", ", subject: {}"),
	    "1: `subject` has one of `name`, `image`, `label` and `path`" },
	{ WAIVED("a-rule", ", subject: {name: a, image: b}"),
	    "1: `subject` has one of `name`, `image`, `label` and `path`" },
	{ WAIVED("a-rule", ", subject: {nam: a}"), "1: unknown key `nam`; did you mean `name`?" },
	{ WAIVED("a-rule", ", subject: {name: \"\"}"), "1: `name` is empty" },
	{ WAIVED("a-rule", ", subject: {path: /etc}"),
	    "1: containers are told apart by `name`, `image` or `label`" },
	{ WAIVED("an-image", ", subject: {path: /etc}"),
	    "1: images are told apart by `name` or `image`, which is the same" },
	{ WAIVED("an-image", ", subject: {label: a}"),
	    "1: images are told apart by `name` or `image`, which is the same" },
	{ WAIVED("a-file", ", subject: {name: /etc}"), "1: files are told apart by `path`" },
	{ WAIVED("a-host", ", subject: {name: here}"),
	    "1: a rule of the host has one subject, so no `subject` to choose" },
};

static void
test_bad(void **state)
{
	char errors[1024];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fixture_put(&fixture, "exceptions.d/x.yaml", bad[i].text);
		(void)snprintf(errors, sizeof(errors), "exceptions.d/x.yaml:%s", bad[i].errors);
		fixture_load_bad(&fixture, errors);
	}
}

/* An exception whose rule is in a file that is broken itself is not to blame. */
static void
test_broken_rules_are_said_alone(void **state)
{
	fixture_put(&fixture, "rules.d/a.yaml", "- {key: lone}\n");
	fixture_put(&fixture, "exceptions.d/a.yaml", WAIVED("a-host", ""));
	assert_int_equal(fixture_load(&fixture), RULEBOOK_E_INVALID);
	assert_null(strstr(fixture.errors, "exceptions.d"));
}

static void
test_others_may_write(void **state)
{
	char path[PATH_MAX];

	fixture_put(&fixture, "exceptions.d/a.yaml", WAIVED("a-rule", ""));
	(void)snprintf(path, sizeof(path), "%s/exceptions.d/a.yaml", fixture.dir);
	assert_int_equal(chmod(path, 0664), 0);
	fixture_load_bad(&fixture,
	    "exceptions.d/a.yaml: refused: others than its owner may write it (mode 0664)");
	assert_int_equal(chmod(path, 0644), 0);
	(void)snprintf(path, sizeof(path), "%s/exceptions.d", fixture.dir);
	assert_int_equal(chmod(path, 0777), 0);
	fixture_load_bad(
	    &fixture, "exceptions.d: refused: others than its owner may write it (mode 0777)");
}

static void
test_folder_may_be_missing(void **state)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/exceptions.d", fixture.dir);
	assert_int_equal(rmdir(path), 0);
	fixture_load_good(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole_entry, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_day_counts_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_attested, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_patterns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rule_by_number, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_exceptions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_digest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_broken_rules_are_said_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_others_may_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_folder_may_be_missing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
