/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "judge/describe.h"
#include "judge/judgement.h"
#include "judge/object.h"
#include "rules.h"

/* Facts as JSON, by path: absent ones are null, {"unreadable": why} is unreadable. */
struct bench {
	struct arena *arena, *facts_arena;
	struct rulebook *rb;
	struct value values[_FACTS];
	struct judgement judgement;
	struct judge_facts facts;
};

static const struct value *
bench_fact(void *context, enum fact_id id)
{
	return &((struct bench *)context)->values[id];
}

static void
set_facts(struct bench *b, const char *json_text)
{
	struct json_object *json = json_tokener_parse(json_text);
	struct json_object *why;

	assert_non_null(json);
	for (unsigned i = 0; i < _FACTS; i++)
		b->values[i] = value_unreadable("not given");
	json_object_object_foreach (json, path, v) {
		int fact = fact_find(path, strlen(path));

		if (fact < 0)
			fail_msg("no fact %s", path);
		if (v == NULL)
			b->values[fact] = value_absent();
		else if (json_object_object_get_ex(v, "unreadable", &why))
			b->values[fact] = value_unreadable(
			    arena_strdup(b->facts_arena, json_object_get_string(why)));
		else
			assert_int_equal(value_from_json(&b->values[fact], v, b->facts_arena), 0);
	}
	json_object_put(json);
}

static void
judge_text(struct bench *b, const struct rule_source *text, const char *facts)
{
	if (b->rb != NULL)
		test_rulebook_free(b->rb);
	b->rb = test_rulebook(text, 1);
	set_facts(b, facts);
	arena_reset(b->arena);
	assert_int_equal(
	    judgement_make(&b->judgement, b->rb->rules[0], b->rb, &b->facts, b->arena), 0);
}

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->arena = arena_new(EXPR_MEMORY_MAX);
	b->facts_arena = arena_new(EXPR_MEMORY_MAX);
	b->facts = (struct judge_facts){ bench_fact, b, "container web" };
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	if (b->rb != NULL)
		test_rulebook_free(b->rb);
	arena_free(b->arena);
	arena_free(b->facts_arena);
	free(b);
	return 0;
}

/* One line a case: what outcome leads to which verdict, and in which words. */
static void
test_verdicts(void **state)
{
	static const struct {
		struct rule_source rule;
		const char *facts, *because;
		enum verdict verdict;
	} cases[] = {
		{ { .test = "!container.privileged", .says = "{subject} runs privileged" },
		    "{\"container.privileged\": true}", "container web runs privileged",
		    VERDICT_FAIL },
		{ { .test = "!container.privileged" }, "{\"container.privileged\": false}",
		    "The title", VERDICT_PASS },
		{ { .test = "!container.privileged" }, "{\"container.privileged\": true}",
		    "container web breaks the rule: The title", VERDICT_FAIL },
		{ { .test = "!container.privileged" }, "{}",
		    "could not read container.privileged: not given", VERDICT_UNKNOWN },
		{ { .test = "container.privileged", .when = "host.apparmor" },
		    "{\"host.apparmor\": false}", "it is not of that sort",
		    VERDICT_NOT_APPLICABLE },
		{ { .test = "true", .when = "host.apparmor" },
		    "{\"host.apparmor\": {\"unreadable\": \"no /sys\"}}",
		    "could not read host.apparmor: no /sys", VERDICT_UNKNOWN },
		{ { .test = "container.memory / 0 > 1" }, "{\"container.memory\": 3}", NULL,
		    VERDICT_UNKNOWN },
		{ { .test = "file.mode == 0",
		      .scope = SUBJECT_FILE,
		      .says = "{subject} has mode {file.mode} and {unknown} {" },
		    "{\"file.mode\": 438}", "container web has mode 0666 and {unknown} {",
		    VERDICT_FAIL },
		{ { .kind = RULE_OFFENDERS,
		      .test = "container.cap_add",
		      .says = "{subject} adds capabilities" },
		    "{\"container.cap_add\": [\"NET_ADMIN\", \"SYS_ADMIN\"]}",
		    "container web adds capabilities: NET_ADMIN, SYS_ADMIN", VERDICT_FAIL },
		{ { .kind = RULE_OFFENDERS, .test = "container.cap_add" },
		    "{\"container.cap_add\": []}", "The title", VERDICT_PASS },
		{ { .kind = RULE_REVIEW, .test = "container.ports" }, "{\"container.ports\": []}",
		    "to be judged by a person: The title", VERDICT_REVIEW },
		{ { .kind = RULE_REVIEW, .test = "container.ports" },
		    "{\"container.ports\": {\"unreadable\": \"timed out\"}}",
		    "could not read container.ports: timed out", VERDICT_UNKNOWN },
		{ { .test = "has(container.process.uid) ? container.process.uid != 0 : true" },
		    "{\"container.process.uid\": null}",
		    "The title (judged by its configuration: it does not run)", VERDICT_PASS },
		{ { .test = "has(container.process.uid) ? container.process.uid != 0 : true" },
		    "{\"container.process.uid\": 0}", "container web breaks the rule: The title",
		    VERDICT_FAIL },
		{ { .test = "container.process.uid != 0" }, "{\"container.process.uid\": null}",
		    NULL, VERDICT_UNKNOWN },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rule_source text = cases[i].rule;

		text.key = "the-rule";
		if (text.scope == SUBJECT_HOST)
			text.scope = SUBJECT_CONTAINER;
		judge_text(b, &text, cases[i].facts);
		if (cases[i].because != NULL)
			assert_string_equal(b->judgement.because, cases[i].because);
		assert_int_equal(b->judgement.verdict, cases[i].verdict);
	}
}

static void
test_missing_fact_is_named(void **state)
{
	const struct rule_source text = { .key = "k",
		.scope = SUBJECT_CONTAINER,
		.test = "container.privileged || container.pid == 1" };
	struct bench *b = *state;

	judge_text(b, &text, "{\"container.privileged\": false}");
	assert_int_equal(b->judgement.verdict, VERDICT_UNKNOWN);
	assert_int_equal(b->judgement.missing, FACT_CONTAINER_PID);
	judge_text(b, &text, "{\"container.privileged\": true}");
	assert_int_equal(b->judgement.verdict, VERDICT_PASS);
	assert_int_equal(b->judgement.missing, -1);
}

/* A fact that is absent by nature decides nothing, and is said in words. */
static void
test_absent_fact_is_named(void **state)
{
	const struct rule_source stopped = {
		.key = "k", .scope = SUBJECT_CONTAINER, .test = "container.process.uid != 0"
	};
	const struct rule_source no_file = {
		.key = "k", .scope = SUBJECT_FILE, .test = "mode_within(file.mode, '0644')"
	};
	struct bench *b = *state;

	judge_text(b, &stopped, "{\"container.process.uid\": null}");
	assert_int_equal(b->judgement.verdict, VERDICT_UNKNOWN);
	assert_string_equal(b->judgement.because,
	    "container.process.uid is not known here: the container does not run");
	judge_text(b, &no_file, "{\"file.mode\": null}");
	assert_int_equal(b->judgement.verdict, VERDICT_UNKNOWN);
	assert_string_equal(
	    b->judgement.because, "file.mode is not known here: there is no such file");
}

static void
test_switch_in_words(void **state)
{
	const struct rule_source text = { .key = "k",
		.scope = SUBJECT_FILE,
		.test = "host.audit.enabled && file.mode == 1",
		.says = "{file.path} is not audited ({host.audit.enabled})" };
	struct bench *b = *state;

	judge_text(b, &text, "{\"host.audit.enabled\": false, \"file.path\": \"/x\"}");
	assert_string_equal(b->judgement.because, "/x is not audited (kernel auditing is off)");
	judge_text(
	    b, &text, "{\"host.audit.enabled\": true, \"file.path\": \"/x\", \"file.mode\": 2}");
	assert_string_equal(b->judgement.because, "/x is not audited (kernel auditing is on)");
}

/* What lies beyond a cut could not be looked at: never a pass, but an offender seen is one. */
static void
test_cut_list(void **state)
{
	const struct rule_source text = { .key = "k",
		.scope = SUBJECT_CONTAINER,
		.kind = RULE_OFFENDERS,
		.test = "container.cap_add.filter(c, c == \"ALL\")" };
	struct bench *b = *state;

	judge_text(b, &text, "{\"container.cap_add\": [\"CHOWN\"]}");
	assert_int_equal(b->judgement.verdict, VERDICT_PASS);
	b->values[FACT_CONTAINER_CAP_ADD].cut = true;
	assert_int_equal(
	    judgement_make(&b->judgement, b->rb->rules[0], b->rb, &b->facts, b->arena), 0);
	assert_int_equal(b->judgement.verdict, VERDICT_UNKNOWN);
	judge_text(b, &text, "{\"container.cap_add\": [\"CHOWN\", \"ALL\"]}");
	b->values[FACT_CONTAINER_CAP_ADD].cut = true;
	assert_int_equal(
	    judgement_make(&b->judgement, b->rb->rules[0], b->rb, &b->facts, b->arena), 0);
	assert_int_equal(b->judgement.verdict, VERDICT_FAIL);
}

static uint64_t
digest(struct bench *b, const struct rule_source *text, const char *facts)
{
	judge_text(b, text, facts);
	return b->judgement.digest;
}

static void
test_digest(void **state)
{
	const struct rule_source caps = { .key = "k",
		.scope = SUBJECT_CONTAINER,
		.kind = RULE_OFFENDERS,
		.test = "container.cap_add" };
	const struct rule_source programs = { .key = "k",
		.scope = SUBJECT_CONTAINER,
		.kind = RULE_OFFENDERS,
		.test = "container.process.programs" };
	const struct rule_source privileged = {
		.key = "k", .scope = SUBJECT_CONTAINER, .test = "!container.privileged"
	};
	struct bench *b = *state;

	assert_int_equal(digest(b, &caps, "{\"container.cap_add\": [\"A\", \"B\"]}"),
	    digest(b, &caps, "{\"container.cap_add\": [\"B\", \"A\"]}"));
	assert_int_not_equal(digest(b, &caps, "{\"container.cap_add\": [\"A\", \"B\"]}"),
	    digest(b, &caps, "{\"container.cap_add\": [\"A\"]}"));
	/* A volatile fact never makes news by itself. */
	assert_int_equal(digest(b, &programs, "{\"container.process.programs\": [\"a\"]}"),
	    digest(b, &programs, "{\"container.process.programs\": [\"b\"]}"));
	assert_int_not_equal(
	    digest(b, &privileged, "{\"container.privileged\": {\"unreadable\": \"one\"}}"),
	    digest(b, &privileged, "{\"container.privileged\": {\"unreadable\": \"two\"}}"));
}

/* Offenders that are records, too many, too long, or with characters that would end a line. */
static void
test_words(void **state)
{
	static const struct {
		const char *json, *words;
	} cases[] = {
		{ "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "1, 2, 3, 4, 5, 6, 7, 8 and 2 more" },
		{ "[]", "none" },
		{ "{\"type\": \"bind\", \"source\": \"/etc\", \"destination\": \"/host\"}",
		    "/etc on /host" },
		{ "{\"container\": 80, \"protocol\": \"tcp\", \"host_ip\": \"\", \"host\": 8080}",
		    ":8080->80/tcp" },
		{ "{\"id\": \"abc\", \"user\": \"\"}", "abc" },
		{ "{\"name\": \"seccomp\", \"value\": \"x\"}", "seccomp=x" },
		{ "{\"program\": \"\", \"address\": \"::\", \"port\": 22, \"protocol\": \"tcp\"}",
		    ":::22/tcp" },
		{ "{\"name\": \"nofile\", \"soft\": 1, \"hard\": 2}", "nofile=1:2" },
		{ "{\"a\": 1, \"b\": [true]}", "a=1, b=true" },
		{ "\"one\\ntwo\\u001b[31m\"", "one?two?[31m" },
		{ "[[[[[[1]]]]]]", "..." },
		{ "{\"id\": \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", "
		  "\"user\": \"root\"}",
		    "0123456789ab as root" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *json = json_tokener_parse(cases[i].json);
		struct text t;
		struct value v;

		text_clear(&t);
		assert_int_equal(value_from_json(&v, json, b->facts_arena), 0);
		json_object_put(json);
		describe_value(&t, &v);
		assert_string_equal(text_end(&t, b->facts_arena), cases[i].words);
	}
}

static void
test_long_text_is_cut_between_characters(void **state)
{
	struct bench *b = *state;
	struct text t;
	const char *end;

	text_clear(&t);
	for (int i = 0; i < 2000; i++)
		text_puts(&t, "\xc3\xa4"); /* two bytes */
	end = text_end(&t, b->arena);
	assert_true(strlen(end) < DESCRIBE_MAX);
	assert_true(strlen(end) > DESCRIBE_MAX - 16);
	assert_string_equal(end + strlen(end) - 5, "\xc3\xa4...");
}

static struct json_object *
evidence_of(struct bench *b)
{
	struct object o = object_begin();

	add_evidence(&o, &b->judgement, b->rb->rules[0], &b->facts);
	return object_end(&o);
}

/* Health checks may hold secrets: of such a fact only the count is told, by whichever way. */
static void
test_secrets_stay_hidden(void **state)
{
	const struct rule_source listing = { .key = "k",
		.scope = SUBJECT_CONTAINER,
		.kind = RULE_OFFENDERS,
		.test = "container.healthcheck",
		.says = "{subject} has {container.healthcheck} words" };
	struct bench *b = *state;
	struct json_object *evidence;

	judge_text(b, &listing, "{\"container.healthcheck\": [\"CMD\", \"--token=s3cret\"]}");
	assert_string_equal(b->judgement.because, "container web has 2 words (2)");
	evidence = evidence_of(b);
	assert_non_null(evidence);
	assert_null(strstr(json_object_to_json_string(evidence), "s3cret"));
	json_object_put(evidence);
}

/* Those of a reading win over the rulebook's, in what is judged and in what is said. */
static void
test_parameters_of_a_reading(void **state)
{
	const struct rule_source rule = { .key = "k",
		.scope = SUBJECT_CONTAINER,
		.test = "container.user in params.trusted_users",
		.says = "only {params.trusted_users} may" };
	struct value alice = value_string("alice");
	struct bench *b = *state;
	struct value *own;

	judge_text(b, &rule, "{\"container.user\": \"bob\"}");
	assert_int_equal(b->judgement.verdict, VERDICT_FAIL);
	own = calloc(param_count, sizeof(*own));
	assert_non_null(own);
	own[0] = value_list(&alice, 1); /* trusted_users is the first */
	assert_string_equal(param_table[0].name, "trusted_users");
	b->rb->rules[0]->params = own;
	assert_int_equal(
	    judgement_make(&b->judgement, b->rb->rules[0], b->rb, &b->facts, b->arena), 0);
	assert_int_equal(b->judgement.verdict, VERDICT_FAIL);
	assert_string_equal(b->judgement.because, "only alice may");
	set_facts(b, "{\"container.user\": \"alice\"}");
	assert_int_equal(
	    judgement_make(&b->judgement, b->rb->rules[0], b->rb, &b->facts, b->arena), 0);
	assert_int_equal(b->judgement.verdict, VERDICT_PASS);
	free(own);
}

static void
expect_evidence(struct bench *b, const char *want)
{
	struct json_object *got = evidence_of(b), *wanted = json_tokener_parse(want);

	assert_non_null(got);
	assert_non_null(wanted);
	assert_string_equal(json_object_to_json_string_ext(
				json_object_object_get(got, "evidence"), JSON_C_TO_STRING_PLAIN),
	    json_object_to_json_string_ext(wanted, JSON_C_TO_STRING_PLAIN));
	json_object_put(got);
	json_object_put(wanted);
}

static void
test_evidence(void **state)
{
	const struct rule_source pass = { .key = "k",
		.scope = SUBJECT_CONTAINER,
		.test = "!container.privileged",
		.when = "host.apparmor" };
	const struct rule_source caps = { .key = "k",
		.scope = SUBJECT_CONTAINER,
		.kind = RULE_OFFENDERS,
		.test = "container.cap_add.filter(c, c != \"B\")" };
	struct bench *b = *state;

	judge_text(b, &pass, "{\"container.privileged\": true, \"host.apparmor\": true}");
	expect_evidence(b, "[{\"fact\": \"host.apparmor\", \"value\": true,"
			   "  \"from\": \"/sys/module/apparmor/parameters/enabled\"},"
			   " {\"fact\": \"container.privileged\", \"value\": true,"
			   "  \"from\": \"GET /containers/{id}/json HostConfig.Privileged\"}]");
	judge_text(b, &pass, "{\"host.apparmor\": false}");
	expect_evidence(b, "[{\"fact\": \"host.apparmor\", \"value\": false,"
			   "  \"from\": \"/sys/module/apparmor/parameters/enabled\"}]");
	judge_text(b, &pass, "{\"host.apparmor\": true}");
	expect_evidence(b,
	    "[{\"fact\": \"host.apparmor\", \"value\": true,"
	    "  \"from\": \"/sys/module/apparmor/parameters/enabled\"},"
	    " {\"fact\": \"container.privileged\", \"value\": {\"unreadable\": \"not given\"},"
	    "  \"from\": \"GET /containers/{id}/json HostConfig.Privileged\"}]");
	judge_text(b, &caps, "{\"container.cap_add\": [\"A\", \"B\", \"C\"]}");
	expect_evidence(b, "[{\"fact\": \"container.cap_add\", \"value\": [\"A\", \"C\"],"
			   "  \"from\": \"GET /containers/{id}/json HostConfig.CapAdd\"}]");
}

static void
try_example(struct bench *b, const char *facts, const char *const *absent,
    const char *const *unreadable, enum verdict verdict, const char *why)
{
	struct rule_example example = {
		.verdict = verdict, .absent = absent, .unreadable = unreadable
	};
	struct json_object *json = json_tokener_parse(facts);
	_cleanup_(freep) char *got = NULL;

	assert_int_equal(value_from_json(&example.facts, json, b->facts_arena), 0);
	json_object_put(json);
	assert_int_equal(
	    judgement_try_example(b->rb->rules[0], b->rb, &example, &got), why == NULL ? 0 : 1);
	if (why != NULL)
		assert_string_equal(got, why);
}

static void
test_examples(void **state)
{
	const struct rule_source text = { .key = "k",
		.scope = SUBJECT_CONTAINER,
		.test = "has(container.process.uid) ? container.process.uid != 0 : "
			"container.user != \"\"" };
	static const char *const process[] = { "container.process", NULL };
	static const char *const user[] = { "container.user", NULL };
	struct bench *b = *state;

	judge_text(b, &text, "{}");
	try_example(b, "{\"container.process.uid\": 7}", NULL, NULL, VERDICT_PASS, NULL);
	try_example(b, "{\"container.user\": \"\"}", process, NULL, VERDICT_FAIL, NULL);
	try_example(b, "{}", NULL, NULL, VERDICT_UNKNOWN, NULL);
	try_example(b, "{}", process, user, VERDICT_UNKNOWN, NULL);
	try_example(b, "{\"container.process.uid\": 0}", NULL, NULL, VERDICT_PASS,
	    "fail instead of pass: the example breaks the rule: The title");
	try_example(b, "{}", NULL, process, VERDICT_FAIL,
	    "unknown instead of fail: could not read container.process.uid: "
	    "the example says so");
}

int
main(void)
{
#define WITH_BENCH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_BENCH(test_verdicts),
		WITH_BENCH(test_missing_fact_is_named),
		WITH_BENCH(test_absent_fact_is_named),
		WITH_BENCH(test_switch_in_words),
		WITH_BENCH(test_cut_list),
		WITH_BENCH(test_digest),
		WITH_BENCH(test_words),
		WITH_BENCH(test_long_text_is_cut_between_characters),
		WITH_BENCH(test_secrets_stay_hidden),
		WITH_BENCH(test_parameters_of_a_reading),
		WITH_BENCH(test_evidence),
		WITH_BENCH(test_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
