/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/cover.h"
#include "judge/judge.h"
#include "rules.h"

enum { NOW = 1000000 };

static struct rulebook *rb;
static struct arena *arena;
static struct value values[_FACTS];
static struct exception exceptions[8];

static const struct value *
fact(void *context, enum fact_id id)
{
	return &values[id];
}

static const struct judge_facts facts = { fact, NULL, "container web" };

static int
set_up(void **state)
{
	static const struct rule_source texts[] = {
		{ .key = "check", .scope = SUBJECT_CONTAINER, .test = "!container.privileged" },
		{ .key = "other", .scope = SUBJECT_CONTAINER, .test = "!container.privileged" },
		{ .key = "review",
		    .scope = SUBJECT_CONTAINER,
		    .kind = RULE_REVIEW,
		    .test = "container.exposed" },
		{ .key = "hidden",
		    .scope = SUBJECT_CONTAINER,
		    .kind = RULE_REVIEW,
		    .test = "container.labels" },
		{ .key = "volatile",
		    .scope = SUBJECT_HOST,
		    .kind = RULE_REVIEW,
		    .test = "engine.inventory.images" },
	};

	rb = test_rulebook(texts, ARRAY_SIZE(texts));
	rb->exceptions = exceptions;
	arena = arena_new(EXPR_MEMORY_MAX);
	for (unsigned i = 0; i < _FACTS; i++)
		values[i] = value_unreadable("not given");
	return 0;
}

static int
tear_down(void **state)
{
	test_rulebook_free(rb);
	arena_free(arena);
	return 0;
}

static void
except(unsigned n, ...)
{
	va_list all;

	va_start(all, n);
	for (unsigned i = 0; i < n; i++)
		exceptions[i] = *va_arg(all, const struct exception *);
	va_end(all);
	rb->n_exceptions = n;
}

#define WAIVED(more...)       \
	(&(struct exception){ \
	    .rule = rb->rules[0], .state = EXCEPTION_WAIVED, .expires_ms = NOW + 1, more })
#define ATTESTED(more...)     \
	(&(struct exception){ \
	    .rule = rb->rules[2], .state = EXCEPTION_ATTESTED, .expires_ms = INT64_MAX, more })

static char name[] = "web-1", image[] = "registry.example/app:2", id[] = "0123456789ab";
static const struct subject web = {
	.kind = SUBJECT_CONTAINER, .id = id, .name = name, .image = image
};

static struct cover
ask(unsigned rule, enum verdict verdict)
{
	const struct cover_question q = {
		.rule = rb->rules[rule], .verdict = verdict, .subject = &web, .now_ms = NOW
	};

	return cover_find(rb, &q);
}

static void
test_states_answer_their_verdicts(void **state)
{
	except(2, WAIVED(), ATTESTED());
	assert_ptr_equal(ask(0, VERDICT_FAIL).by, &exceptions[0]);
	assert_ptr_equal(ask(2, VERDICT_REVIEW).by, &exceptions[1]);
	assert_null(ask(0, VERDICT_REVIEW).by);
	assert_null(ask(2, VERDICT_FAIL).by);
	for (int rule = 0; rule < 3; rule += 2) {
		assert_null(ask((unsigned)rule, VERDICT_PASS).by);
		assert_null(ask((unsigned)rule, VERDICT_UNKNOWN).by);
		assert_null(ask((unsigned)rule, VERDICT_NOT_APPLICABLE).by);
	}
	assert_null(ask(1, VERDICT_FAIL).by);
}

static void
test_end(void **state)
{
	struct cover cover;

	except(1, WAIVED());
	exceptions[0].expires_ms = NOW;
	cover = ask(0, VERDICT_FAIL);
	assert_null(cover.by);
	assert_ptr_equal(cover.ended, &exceptions[0]);
	except(2, WAIVED(), WAIVED());
	exceptions[0].expires_ms = NOW - 5;
	cover = ask(0, VERDICT_FAIL);
	assert_ptr_equal(cover.by, &exceptions[1]);
	assert_null(cover.ended);
}

static void
test_first_one_wins(void **state)
{
	except(3, WAIVED(.match = EXCEPTION_NAME, .pattern = "db-*"),
	    WAIVED(.match = EXCEPTION_NAME, .pattern = "web-*"), WAIVED());
	assert_ptr_equal(ask(0, VERDICT_FAIL).by, &exceptions[1]);
}

static bool
is_covered(const struct subject *s, const struct value *labels, enum exception_match match,
    const char *pattern)
{
	const struct cover_question q = {
		.rule = rb->rules[0], .verdict = VERDICT_FAIL, .subject = s, .labels = labels
	};

	except(1, WAIVED(.match = match, .pattern = pattern));
	return cover_find(rb, &q).by != NULL;
}

static void
test_patterns(void **state)
{
	static char path[] = "/etc/docker/daemon.json";
	static const struct subject file = { .kind = SUBJECT_FILE, .id = path, .name = path },
				    picture = { .kind = SUBJECT_IMAGE, .id = id, .name = image },
				    bare = { .kind = SUBJECT_CONTAINER, .id = id, .name = name };

	assert_true(is_covered(&web, NULL, EXCEPTION_NAME, "web-?"));
	assert_false(is_covered(&web, NULL, EXCEPTION_NAME, "web"));
	assert_false(is_covered(&web, NULL, EXCEPTION_NAME, "0123*"));
	assert_true(is_covered(&web, NULL, EXCEPTION_IMAGE, "registry.example/*"));
	assert_true(is_covered(&web, NULL, EXCEPTION_IMAGE, "*:2"));
	assert_false(is_covered(&web, NULL, EXCEPTION_IMAGE, "registry.example/app"));
	assert_false(is_covered(&bare, NULL, EXCEPTION_IMAGE, "*"));
	assert_true(is_covered(&picture, NULL, EXCEPTION_IMAGE, "registry.example/app:2"));
	assert_true(is_covered(&file, NULL, EXCEPTION_PATH, "/etc/docker/*"));
	assert_false(is_covered(&file, NULL, EXCEPTION_PATH, "/etc/docker"));
}

static void
test_labels(void **state)
{
	static const struct value_entry entries[] = {
		{ { .type = VALUE_STRING, .len = 4, .string = "tier" },
		    { .type = VALUE_STRING, .len = 2, .string = "db" } },
		{ { .type = VALUE_STRING, .len = 5, .string = "empty" },
		    { .type = VALUE_STRING, .len = 0, .string = "" } },
	};
	const struct value labels = value_map(entries, ARRAY_SIZE(entries));
	const struct value unreadable = value_unreadable("no answer");

	assert_true(is_covered(&web, &labels, EXCEPTION_LABEL, "tier"));
	assert_true(is_covered(&web, &labels, EXCEPTION_LABEL, "tier=db"));
	assert_true(is_covered(&web, &labels, EXCEPTION_LABEL, "tier=d*"));
	assert_true(is_covered(&web, &labels, EXCEPTION_LABEL, "empty="));
	assert_false(is_covered(&web, &labels, EXCEPTION_LABEL, "tier="));
	assert_false(is_covered(&web, &labels, EXCEPTION_LABEL, "tier=web"));
	assert_false(is_covered(&web, &labels, EXCEPTION_LABEL, "tie"));
	assert_false(is_covered(&web, NULL, EXCEPTION_LABEL, "tier"));
	assert_false(is_covered(&web, &unreadable, EXCEPTION_LABEL, "tier"));
}

static void
set(enum fact_id which, const char *first, const char *second)
{
	struct value *items = arena_alloc(arena, 2 * sizeof(*items));

	items[0] = value_string(first);
	if (second != NULL)
		items[1] = value_string(second);
	values[which] = value_list(items, second == NULL ? 1 : 2);
}

static int
evidence(char ret[SHA256_HEX + 1], unsigned rule)
{
	struct judgement judgement;

	assert_int_equal(judgement_make(&judgement, rb->rules[rule], rb, &facts, arena), 0);
	assert_int_equal(judgement.verdict, VERDICT_REVIEW);
	return cover_evidence(ret, &judgement, rb->rules[rule], &facts);
}

/* People keep these in files: printf 'review\0["443/tcp","80/tcp"]\0' | sha256sum */
static void
test_evidence_stays_the_same(void **state)
{
	char hash[SHA256_HEX + 1], again[SHA256_HEX + 1];

	set(FACT_CONTAINER_EXPOSED, "80/tcp", "443/tcp");
	assert_int_equal(evidence(hash, 2), 0);
	assert_string_equal(
	    hash, "6ce5b2bc6dade40af080d178af4f61f888070bc1083c7beb82bc7736a3675f33");
	set(FACT_CONTAINER_EXPOSED, "443/tcp", "80/tcp");
	assert_int_equal(evidence(again, 2), 0);
	assert_string_equal(hash, again);
	set(FACT_CONTAINER_EXPOSED, "443/tcp", NULL);
	assert_int_equal(evidence(again, 2), 0);
	assert_string_not_equal(hash, again);
}

/* Nobody can have judged what nobody saw. */
static void
test_cut_evidence_has_no_hash(void **state)
{
	char hash[SHA256_HEX + 1];

	set(FACT_CONTAINER_EXPOSED, "80/tcp", NULL);
	values[FACT_CONTAINER_EXPOSED].cut = true;
	assert_int_equal(evidence(hash, 2), COVER_E_CUT);
}

static void
set_label(const char *key, const char *value)
{
	struct value_entry *entry = arena_alloc(arena, sizeof(*entry));

	*entry = (struct value_entry){ value_string(key), value_string(value) };
	values[FACT_CONTAINER_LABELS] = value_map(entry, 1);
}

/* A hash would tell whether a guess is right. */
static void
test_hidden_values_stay_out(void **state)
{
	char hash[SHA256_HEX + 1], again[SHA256_HEX + 1];

	set_label("password", "one");
	assert_int_equal(evidence(hash, 3), 0);
	set_label("password", "two");
	assert_int_equal(evidence(again, 3), 0);
	assert_string_equal(hash, again);
	set_label("secret", "two");
	assert_int_equal(evidence(again, 3), 0);
	assert_string_not_equal(hash, again);
}

static void
test_volatile_facts_stay_out(void **state)
{
	char hash[SHA256_HEX + 1], again[SHA256_HEX + 1];

	values[FACT_ENGINE_IMAGES] = value_int(3);
	assert_int_equal(evidence(hash, 4), 0);
	values[FACT_ENGINE_IMAGES] = value_int(4);
	assert_int_equal(evidence(again, 4), 0);
	assert_string_equal(hash, again);
}

static void
test_bound_to_evidence(void **state)
{
	static const char right[] = "aa", wrong[] = "bb";
	struct cover_question q = {
		.rule = rb->rules[2], .verdict = VERDICT_REVIEW, .subject = &web, .now_ms = NOW
	};

	except(1, ATTESTED(.evidence = right));
	assert_true(cover_wants_evidence(rb, rb->rules[2]));
	assert_false(cover_wants_evidence(rb, rb->rules[0]));
	assert_null(cover_find(rb, &q).by);
	q.evidence = wrong;
	assert_null(cover_find(rb, &q).by);
	q.evidence = "aa";
	assert_ptr_equal(cover_find(rb, &q).by, &exceptions[0]);
	except(1, ATTESTED());
	assert_false(cover_wants_evidence(rb, rb->rules[2]));
	q.evidence = NULL;
	assert_ptr_equal(cover_find(rb, &q).by, &exceptions[0]);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_states_answer_their_verdicts),
		TEST(test_end),
		TEST(test_first_one_wins),
		TEST(test_patterns),
		TEST(test_labels),
		TEST(test_evidence_stays_the_same),
		TEST(test_cut_evidence_has_no_hash),
		TEST(test_hidden_values_stay_out),
		TEST(test_volatile_facts_stay_out),
		TEST(test_bound_to_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
