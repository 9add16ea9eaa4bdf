/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rulebook/fixture.h"

static struct fixture fixture;

static int
set_up(void **state)
{
	fixture_init(&fixture);
	return 0;
}

static int
tear_down(void **state)
{
	fixture_deinit(&fixture);
	return 0;
}

static const struct rule *
only_rule(void)
{
	assert_int_equal(fixture.rb->n_rules, 1);
	return fixture.rb->rules[0];
}

static const char whole_rule[] =
    "# A file may start with a comment.\n"
    "- key: container-mounts\n"
    "  title: Host directories stay out\n"
    "  severity: critical\n"
    "  scope: container\n"
    "  when: engine.kind == \"docker\"\n"
    "  otherwise: only Docker mounts this way\n"
    "  offenders: >-\n"
    "    container.mounts.filter(m,\n"
    "      params.sensitive_paths.exists(p, under(m.source, p)))\n"
    "  says: \"{subject} as {container.user} mounts\"\n"
    "  why: |\n"
    "    One.\n"
    "    Two.\n"
    "  audit: docker inspect --format '{{json .Mounts}}' {subject}\n"
    "  fix: Mount less.\n"
    "  examples:\n"
    "    - verdict: pass\n"
    "      facts: {engine.kind: docker, container.mounts: []}\n"
    "    - verdict: fail\n"
    "      facts:\n"
    "        engine.kind: docker\n"
    "        container.mounts: [{type: bind, source: /etc, rw: true}]\n"
    "        params.sensitive_paths: [/etc]\n"
    "    - verdict: unknown\n"
    "      unreadable: [container.mounts]\n"
    "      absent: [container.process]\n"
    "    - verdict: not-applicable\n"
    "      facts: {engine.kind: podman}\n";

static void
test_whole_rule(void **state)
{
	const struct rule *rule;

	fixture_put(&fixture, "rules/a.yaml", whole_rule);
	fixture_load_good(&fixture);
	rule = only_rule();
	assert_string_equal(rule->key, "container-mounts");
	assert_string_equal(rule->title, "Host directories stay out");
	assert_int_equal(rule->severity, SEVERITY_CRITICAL);
	assert_int_equal(rule->scope, SUBJECT_CONTAINER);
	assert_int_equal(rule->kind, RULE_OFFENDERS);
	assert_string_equal(expr_text(rule->when), "engine.kind == \"docker\"");
	assert_string_equal(rule->otherwise, "only Docker mounts this way");
	assert_non_null(rule->test);
	assert_string_equal(rule->says, "{subject} as {container.user} mounts");
	assert_string_equal(rule->why, "One.\nTwo.");
	assert_string_equal(rule->audit, "docker inspect --format '{{json .Mounts}}' {subject}");
	assert_string_equal(rule->fix, "Mount less.");
	assert_int_equal(rule->line, 2);
	assert_non_null(strstr(rule->source, "/rules/a.yaml"));
	assert_true(rule->selected);
}

/* Of `when`, of the test, and of what `says` shows. */
static void
test_reads(void **state)
{
	const struct rule *rule;

	fixture_put(&fixture, "rules/a.yaml", whole_rule);
	fixture_load_good(&fixture);
	rule = only_rule();
	assert_int_equal(rule->n_reads, 4);
	assert_int_equal(rule->reads[0], FACT_ENGINE_KIND);
	assert_int_equal(rule->reads[1], FACT_CONTAINER_USER);
	assert_int_equal(rule->reads[2], FACT_CONTAINER_MOUNTS);
	assert_string_equal(rulebook_name_of(rule->reads[3]), "params.sensitive_paths");
	assert_int_equal(rule->topics, 1U << TOPIC_ENGINE_INFO | 1U << TOPIC_CONTAINER_INSPECT);
}

static void
test_examples(void **state)
{
	const struct rule_example *e;
	const struct value *v;

	fixture_put(&fixture, "rules/a.yaml", whole_rule);
	fixture_load_good(&fixture);
	assert_int_equal(only_rule()->n_examples, 4);
	e = only_rule()->examples;
	assert_int_equal(e[0].verdict, VERDICT_PASS);
	assert_int_equal(e[0].line, 18);
	assert_int_equal(e[0].facts.len, 2);
	assert_null(e[0].absent[0]);
	v = value_get(&e[1].facts, "container.mounts");
	assert_non_null(v);
	assert_int_equal(v->type, VALUE_LIST);
	assert_string_equal(value_get(&v->items[0], "source")->string, "/etc");
	assert_true(value_get(&v->items[0], "rw")->boolean);
	assert_int_equal(value_get(&e[1].facts, "params.sensitive_paths")->len, 1);
	assert_int_equal(e[2].facts.len, 0);
	assert_string_equal(e[2].unreadable[0], "container.mounts");
	assert_null(e[2].unreadable[1]);
	assert_string_equal(e[2].absent[0], "container.process");
	assert_int_equal(e[3].verdict, VERDICT_NOT_APPLICABLE);
}

#define FILE_RULE_HEAD       \
	"- key: x\n"         \
	"  title: X\n"       \
	"  severity: high\n" \
	"  scope: file\n"
#define TEXTS             \
	"  why: y\n"      \
	"  audit: stat\n" \
	"  fix: z\n"

static void
test_file_rule(void **state)
{
	const struct rule *rule;

	fixture_put(&fixture, "rules.d/a.yaml",
	    FILE_RULE_HEAD "  files:\n"
			   "    - /etc/docker\n"
			   "    - /etc/docker/certs.d/*/*.crt\n"
			   "    - expr: engine.units.service_files\n"
			   "    - expr: engine.settings.tls_ca\n"
			   "  pass: mode_within(file.mode, \"0644\")\n" TEXTS "  examples:\n"
			   "    - {verdict: pass, facts: {file.mode: 0644}}\n"
			   "    - {verdict: fail, facts: {file.mode: 0o666}}\n");
	fixture_put(&fixture, "rules/a.yaml", GOOD_RULE("a-rule"));
	fixture_load_good(&fixture);
	rule = rulebook_find(fixture.rb, "x", NULL);
	assert_int_equal(rule->n_files, 4);
	assert_string_equal(rule->files[0].pattern, "/etc/docker");
	assert_null(rule->files[0].expr);
	assert_string_equal(rule->files[1].pattern, "/etc/docker/certs.d/*/*.crt");
	assert_null(rule->files[2].pattern);
	assert_string_equal(expr_text(rule->files[2].expr), "engine.units.service_files");
	assert_int_equal(rule->topics, 1U << TOPIC_FILE_STAT);
	assert_string_equal(rule->says, "{subject} fails: X");
	assert_int_equal(value_get(&rule->examples[0].facts, "file.mode")->integer, 0644);
	assert_int_equal(value_get(&rule->examples[1].facts, "file.mode")->integer, 0666);
}

static void
test_review_rule(void **state)
{
	const struct rule *rule;

	fixture_put(&fixture, "rules/a.yaml",
	    "- key: x\n"
	    "  title: X\n"
	    "  severity: low\n"
	    "  scope: host\n"
	    "  review:\n"
	    "    - host.listeners\n"
	    "    - size(host.lsms)\n" TEXTS "  examples:\n"
	    "    - {verdict: review, facts: {host.listeners: [], host.lsms: [yama]}}\n"
	    "    - {verdict: unknown}\n");
	fixture_load_good(&fixture);
	rule = only_rule();
	assert_int_equal(rule->kind, RULE_REVIEW);
	assert_null(rule->test);
	assert_int_equal(rule->n_reviews, 2);
	assert_int_equal(rule->n_reads, 2);
	assert_string_equal(rule->says, "{subject} is to be reviewed: X");
}

static void
test_site_rules_need_no_examples(void **state)
{
	static const char bare[] = "- key: x\n  title: X\n  severity: low\n  scope: host\n"
				   "  pass: host.apparmor\n" TEXTS;

	fixture_put(&fixture, "rules/a.yaml", GOOD_RULE("a-rule"));
	fixture_put(&fixture, "rules.d/a.yaml", bare);
	fixture_load_good(&fixture);
	assert_int_equal(fixture.rb->n_rules, 2);
	fixture_put(&fixture, "rules.d/a.yaml", "");
	fixture_put(&fixture, "rules/b.yaml", bare);
	fixture_load_bad(&fixture, "rules/b.yaml:1: a rule needs `examples`");
}

/* Each is a file of rules, as the site's own. */
static const struct {
	const char *text, *errors;
} bad[] = {
	{ "key: x\n", "rules.d/x.yaml:1: a file of rules must be a list, not a map" },
	{ "- x\n", "rules.d/x.yaml:1: a rule must be a map, not a text" },
	{ "- [a\n", "rules.d/x.yaml:2: not YAML: did not find expected ',' or ']' (while parsing a "
		    "flow sequence that starts in line 1)" },
	{ "- key: x\n  key: y\n", "rules.d/x.yaml:2: key `key` is given twice" },
	{ "- key: x\n  titel: X\n  colour: red\n",
	    "rules.d/x.yaml:2: unknown key `titel`; did you mean `title`?\n"
	    "rules.d/x.yaml:3: unknown key `colour`\n"
	    "rules.d/x.yaml:1: a rule needs `title`\n"
	    "rules.d/x.yaml:1: a rule needs `severity`\n"
	    "rules.d/x.yaml:1: a rule needs `scope`\n"
	    "rules.d/x.yaml:1: a rule needs `why`\n"
	    "rules.d/x.yaml:1: a rule needs `audit`\n"
	    "rules.d/x.yaml:1: a rule needs `fix`" },
#define HOST_RULE                                                                      \
	"- key: x\n  title: X\n  severity: low\n  scope: host\n" TEXTS /* lines 1 to 7 \
									*/
	{ HOST_RULE, "rules.d/x.yaml:1: a rule has one of `pass`, `offenders` and `review`" },
	{ HOST_RULE "  pass: true\n  offenders: \"[]\"\n",
	    "rules.d/x.yaml:1: a rule has one of `pass`, `offenders` and `review`" },
	{ HOST_RULE "  pass: true\n  when: true\n",
	    "rules.d/x.yaml:1: `when` and `otherwise` go together" },
	{ HOST_RULE "  pass: true\n  otherwise: no\n",
	    "rules.d/x.yaml:1: `when` and `otherwise` go together" },
	{ HOST_RULE "  pass: true\n  files: [/etc]\n",
	    "rules.d/x.yaml:1: `files` goes with `scope: file`" },
	{ FILE_RULE_HEAD TEXTS "  pass: true\n",
	    "rules.d/x.yaml:1: `files` goes with `scope: file`" },
	{ FILE_RULE_HEAD TEXTS "  pass: file.exists\n  files: []\n",
	    "rules.d/x.yaml:9: `files` must have 1 to 64 entries" },
	{ FILE_RULE_HEAD TEXTS "  pass: file.exists\n  files: /etc\n",
	    "rules.d/x.yaml:9: `files` must be a list, not a text" },
	{ FILE_RULE_HEAD TEXTS "  pass: file.exists\n  files: [etc, {exp: a}, {expr: 1 + 1},\n"
			       "    {expr: file.path}, {expr: engine.debug}]\n",
	    "rules.d/x.yaml:9: an entry of `files` must be an absolute path, or {expr: ...}\n"
	    "rules.d/x.yaml:9: unknown key `exp`; did you mean `expr`?\n"
	    "rules.d/x.yaml:9: an entry of `files` needs `expr`\n"
	    "rules.d/x.yaml:9: an expression of `files` must be string or list(string), not int\n"
	    "rules.d/x.yaml:10:12: file.path is a fact of files\n"
	    "rules.d/x.yaml:10: an expression of `files` must be string or list(string), not "
	    "bool" },
	{ HOST_RULE "  pass: |\n    host.apparmor &&\n      host.selinxu\n",
	    "rules.d/x.yaml:10:7: no such fact: host.selinxu; did you mean host.selinux?" },
	{ HOST_RULE "  pass: container.privileged\n",
	    "rules.d/x.yaml:8:9: container.privileged is a fact of containers" },
	{ HOST_RULE "  pass: \"host.apparmor \\x26\\x26 nothing\"\n",
	    "rules.d/x.yaml:8: in the expression, 1:18: no such fact: nothing" },
	{ HOST_RULE "  pass:\n", "rules.d/x.yaml:8: an expression is missing" },
	{ HOST_RULE "  pass: [host.apparmor]\n",
	    "rules.d/x.yaml:8: an expression must be a text, not a list" },
	{ HOST_RULE "  review: host.apparmor\n",
	    "rules.d/x.yaml:8: `review` must be a list, not a text" },
	{ HOST_RULE "  review: []\n", "rules.d/x.yaml:8: `review` must be 1 to 16 expressions" },
	{ HOST_RULE "  review: [nothing, host.lsms, all]\n",
	    "rules.d/x.yaml:8:12: no such fact: nothing\n"
	    "rules.d/x.yaml:8:32: no such fact: all" },
	{ HOST_RULE "  pass: host.apparmor\n  says: \"{subjet} {host.lsm} {x\"\n",
	    "rules.d/x.yaml:1: `says` has no {subjet} to fill in\n"
	    "rules.d/x.yaml:1: `says` has no {host.lsm} to fill in; did you mean {host.lsms}?\n"
	    "rules.d/x.yaml:1: `says` has a { without a }" },
	{ HOST_RULE "  pass: host.apparmor\n  examples: {}\n",
	    "rules.d/x.yaml:9: `examples` must be a list, not a map" },
	{ HOST_RULE "  pass: host.apparmor\n  examples:\n  - {verdict: passed}\n  - {}\n",
	    "rules.d/x.yaml:10: `verdict` must be pass, fail, review, unknown or not-applicable\n"
	    "rules.d/x.yaml:11: an example needs `verdict`" },
	{ HOST_RULE "  pass: host.apparmor\n  examples:\n"
		    "  - verdict: pass\n    facts:\n"
		    "      host.aparmor: true\n"
		    "      container.user: root\n"
		    "      host.apparmor: \"true\"\n"
		    "      host.lsms: yama\n"
		    "      host.kernel: null\n"
		    "      host.listeners: [{address: a, prt: 1}]\n"
		    "      engine.inventory.images: 99999999999999999999\n"
		    "      params.kernel: x\n",
	    "rules.d/x.yaml:12: no such fact: host.aparmor; did you mean host.apparmor?\n"
	    "rules.d/x.yaml:13: container.user is a fact of containers\n"
	    "rules.d/x.yaml:14: host.apparmor must be bool, not string\n"
	    "rules.d/x.yaml:15: host.lsms must be list(string), not string\n"
	    "rules.d/x.yaml:16: host.kernel must be string, not null\n"
	    "rules.d/x.yaml:17: host.listeners has no field `prt`; did you mean `port`?\n"
	    "rules.d/x.yaml:18: engine.inventory.images is beyond 64 bits\n"
	    "rules.d/x.yaml:19: no such fact: params.kernel" },
	{ HOST_RULE "  pass: host.apparmor\n  examples:\n"
		    "  - verdict: pass\n    absent: [host.apparmo, host, host.aud, container]\n"
		    "    unreadable: host.lsms\n",
	    "rules.d/x.yaml:11: no such fact: host.apparmo; did you mean host.apparmor?\n"
	    "rules.d/x.yaml:11: no such fact: host.aud\n"
	    "rules.d/x.yaml:11: no such fact: container\n"
	    "rules.d/x.yaml:12: `unreadable` must be a list, not a text" },
};

static void
test_refused(void **state)
{
	fixture_put(&fixture, "rules/a.yaml", GOOD_RULE("a-rule"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fixture_put(&fixture, "rules.d/x.yaml", bad[i].text);
		fixture_load_bad(&fixture, bad[i].errors);
	}
}

/* {line of the whole rule that is replaced, by what, errors} */
static const struct {
	const char *line, *by, *errors;
} spoilt[] = {
	{ "  severity: critical\n", "  severity: urgent\n",
	    "rules/a.yaml:4: `severity` must be critical, high, medium or low" },
	{ "  severity: critical\n", "  severity: [high]\n",
	    "rules/a.yaml:4: `severity` must be critical, high, medium or low" },
	{ "  scope: container\n", "  scope: pod\n",
	    "rules/a.yaml:5: `scope` must be host, engine, file, image, container or swarm" },
	{ "- key: container-mounts\n", "- key: Mounts\n",
	    "rules/a.yaml:2: `key` must be of a-z, 0-9 and -, start with a letter, and have at "
	    "most 64: Mounts" },
	{ "- key: container-mounts\n", "- key: 5.4\n",
	    "rules/a.yaml:2: `key` must be of a-z, 0-9 and -, start with a letter, and have at "
	    "most 64: 5.4" },
	{ "  title: Host directories stay out\n", "  title:\n",
	    "rules/a.yaml:3: `title` is empty" },
	{ "  fix: Mount less.\n", "  fix: \" \"\n", "rules/a.yaml:16: `fix` is empty" },
	{ "  fix: Mount less.\n", "  fix: {a: b}\n",
	    "rules/a.yaml:16: `fix` must be a text, not a map" },
	{ "    container.mounts.filter(m,\n", "    container.mounts.exists(m,\n", NULL },
	{ "      params.sensitive_paths.exists(p, under(m.source, p)))\n",
	    "      params.sensitive_paths.exists(p, under(m.sorce, p)))\n", NULL },
	{ "    - verdict: unknown\n", "    - verdict: pass\n",
	    "rules/a.yaml:18: `examples` has none of verdict unknown" },
	{ "    - verdict: not-applicable\n", "    - verdict: fail\n",
	    "rules/a.yaml:18: `examples` has none of verdict not-applicable" },
};

static char *
replaced(const char *text, const char *line, const char *by)
{
	const char *at = strstr(text, line);
	char *result;

	assert_non_null(at);
	assert_true(
	    asprintf(&result, "%.*s%s%s", (int)(at - text), text, by, at + strlen(line)) > 0);
	return result;
}

static void
test_spoilt(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		_cleanup_(freep) char *text = replaced(whole_rule, spoilt[i].line, spoilt[i].by);

		fixture_put(&fixture, "rules/a.yaml", text);
		if (spoilt[i].errors != NULL) {
			fixture_load_bad(&fixture, spoilt[i].errors);
			continue;
		}
		/* The checker's words are its own; the place is ours. */
		assert_int_equal(fixture_load(&fixture), RULEBOOK_E_INVALID);
		assert_int_equal(
		    strncmp(fixture.errors, "rules/a.yaml:9:", strlen("rules/a.yaml:9:")) &&
			strncmp(fixture.errors, "rules/a.yaml:10:", strlen("rules/a.yaml:10:")),
		    0);
	}
}

static void
test_key_twice(void **state)
{
	fixture_put(&fixture, "rules/a.yaml", GOOD_RULE("a-rule"));
	fixture_put(&fixture, "rules.d/b.yaml", "# ours\n" GOOD_RULE("a-rule"));
	fixture_load_bad(&fixture, "rules.d/b.yaml:2: rule `a-rule` is in rules/a.yaml:1 already");
}

static void
test_at_most_50_complaints(void **state)
{
	char text[4096];
	size_t len = 0;
	unsigned lines = 0;

	for (unsigned i = 0; i < 60; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "- %u\n", i);
	fixture_put(&fixture, "rules/a.yaml", text);
	assert_int_equal(fixture_load(&fixture), RULEBOOK_E_INVALID);
	for (const char *p = fixture.errors; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	assert_int_equal(lines, 50);
	assert_string_equal(strrchr(fixture.errors, '\n'), "\nand 10 more");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_whole_rule),
		TEST(test_reads),
		TEST(test_examples),
		TEST(test_file_rule),
		TEST(test_review_rule),
		TEST(test_site_rules_need_no_examples),
		TEST(test_refused),
		TEST(test_spoilt),
		TEST(test_key_twice),
		TEST(test_at_most_50_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
