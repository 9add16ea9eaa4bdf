/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judgement.h"

#include "judge/describe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One rule under judgement. Parameters come by a function as facts do, so that an example may set
 * its own. */
struct bench {
	const struct rule *rule;
	const struct value *(*read)(void *context, unsigned id);
	void *context;
	const char *subject_name;
	struct arena *arena;
};

bool
judgement_is_public(const struct rule *rule)
{
	return rule->test == NULL || !facts_flagged(rule->test, FACT_NAME_ONLY | FACT_COUNT_ONLY);
}

static int
evaluate(struct expr_outcome *ret, const struct bench *b, const struct expr *e)
{
	const struct expr_input input = { .fact = b->read, .context = b->context };

	return expr_eval(ret, e, &input, b->arena);
}

static const struct value *
param_named(const struct bench *b, const char *path, size_t len)
{
	static const char prefix[] = "params.";
	const char *name = path + strlen(prefix);

	if (len < strlen(prefix) || strncmp(path, prefix, strlen(prefix)) != 0)
		return NULL;
	len -= strlen(prefix);
	for (unsigned i = 0; i < param_count; i++)
		if (strlen(param_table[i].name) == len &&
		    memcmp(param_table[i].name, name, len) == 0)
			return b->read(b->context, PARAM_ID_FIRST + i);
	return NULL;
}

/* Puts what stands in braces into words. False: it is no placeholder. */
static int
fill_placeholder(struct text *t, const struct bench *b, const char *name, size_t len, bool *filled)
{
	const struct value *param;
	int fact;

	*filled = true;
	if (len == strlen("subject") && memcmp(name, "subject", len) == 0) {
		text_puts(t, b->subject_name);
		return 0;
	}
	fact = fact_find(name, len);
	if (fact >= 0)
		return describe_fact(
		    t, (enum fact_id)fact, b->read(b->context, (unsigned)fact), b->arena);
	param = param_named(b, name, len);
	if (param != NULL)
		describe_value(t, param);
	*filled = param != NULL;
	return 0;
}

static int
fill(struct text *t, const struct bench *b, const char *words)
{
	const char *end;
	size_t plain;
	bool filled;
	int r;

	while (*words != '\0') {
		plain = strcspn(words, "{");
		text_add(t, words, plain);
		words += plain;
		if (*words == '\0')
			break;
		end = strchr(words, '}');
		filled = false;
		if (end != NULL) {
			r = fill_placeholder(t, b, words + 1, (size_t)(end - words - 1), &filled);
			if (r < 0)
				return r;
		}
		if (!filled)
			text_add(t, words, 1);
		words = filled ? end + 1 : words + 1;
	}
	return 0;
}

/* Whether the rule reads a fact of the topic that is absent by nature. */
static bool
reads_absent(const struct bench *b, enum topic topic)
{
	const struct rule *rule = b->rule;

	if ((rule->topics & 1u << topic) == 0)
		return false;
	for (size_t i = 0; i < rule->n_reads; i++)
		if (rule->reads[i] < _FACTS && fact_table[rule->reads[i]].topic == topic &&
		    b->read(b->context, rule->reads[i])->type == VALUE_ABSENT)
			return true;
	return false;
}

/* A rule about a running process that had none to look at says by what it judged instead. */
static void
say_not_running(struct text *t, const struct bench *b)
{
	if (reads_absent(b, TOPIC_CONTAINER_PROCESS))
		text_puts(t, " (judged by its configuration: it does not run)");
}

static int
finish(struct judgement *ret, const struct bench *b, const struct text *t)
{
	ret->because = text_end(t, b->arena);
	return ret->because == NULL ? -ENOMEM : 0;
}

static int
judge_pass(struct judgement *ret, const struct bench *b)
{
	struct text t;

	text_clear(&t);
	ret->verdict = VERDICT_PASS;
	text_puts(&t, b->rule->title);
	say_not_running(&t, b);
	return finish(ret, b, &t);
}

/* Records can't be looked up later: without anybody who watched, a person must know. */
static int
judge_unwatched(struct judgement *ret, const struct bench *b)
{
	struct text t;

	text_clear(&t);
	ret->verdict = VERDICT_REVIEW;
	text_printf(&t, "nobody watched, so a person must judge: %s", b->rule->title);
	return finish(ret, b, &t);
}

/* Why a fact can be absent by nature, by what it is learned of. */
static const char *
why_absent(unsigned fact)
{
	if (fact < _FACTS && fact_table[fact].topic == TOPIC_CONTAINER_PROCESS)
		return "the container does not run";
	if (fact < _FACTS && fact_table[fact].topic == TOPIC_FILE_STAT)
		return "there is no such file";
	return "there is none";
}

static int
judge_unknown(struct judgement *ret, const struct bench *b, int fact, const char *error)
{
	const struct value *v = fact < 0 ? NULL : b->read(b->context, (unsigned)fact);
	struct text t;

	text_clear(&t);
	if (reads_absent(b, TOPIC_CONTAINER_EXECS))
		return judge_unwatched(ret, b);
	ret->verdict = VERDICT_UNKNOWN;
	ret->missing = fact;
	if (v == NULL)
		text_printf(&t, "could not be evaluated: %s", error);
	else if (v->type == VALUE_ABSENT)
		text_printf(&t, "%s is not known here: %s", rulebook_name_of((unsigned)fact),
		    why_absent((unsigned)fact));
	else if (v->type == VALUE_UNREADABLE)
		text_printf(
		    &t, "could not read %s: %s", rulebook_name_of((unsigned)fact), v->string);
	else
		text_printf(
		    &t, "could not read all of %s: %s", rulebook_name_of((unsigned)fact), error);
	ret->digest = value_hash(
	    &(struct value){ .type = VALUE_STRING, .len = (uint32_t)t.len, .string = t.bytes }, 1,
	    false);
	return finish(ret, b, &t);
}

/* How many offenders there are, and as many of them as fit, unless they must not be shown. */
static void
say_offenders(struct text *t, const struct rule *rule, const struct value *offenders)
{
	if (judgement_is_public(rule)) {
		text_puts(t, ": ");
		describe_value(t, offenders);
	} else {
		text_printf(t, " (%u)", (unsigned)offenders->len);
	}
}

static int
judge_fail(struct judgement *ret, const struct bench *b)
{
	const struct rule *rule = b->rule;
	struct text t;
	int r = 0;

	text_clear(&t);
	ret->verdict = VERDICT_FAIL;
	if (rule->says != NULL)
		r = fill(&t, b, rule->says);
	else
		text_printf(&t, "%s breaks the rule: %s", b->subject_name, rule->title);
	if (r < 0)
		return r;
	if (rule->kind == RULE_OFFENDERS) {
		say_offenders(&t, rule, &ret->offenders);
		if (!facts_flagged(rule->test, FACT_VOLATILE))
			ret->digest = value_hash(&ret->offenders, 1, true);
	}
	say_not_running(&t, b);
	return finish(ret, b, &t);
}

static int
judge_test(struct judgement *ret, const struct bench *b)
{
	bool wants_list = b->rule->kind == RULE_OFFENDERS;
	struct expr_outcome outcome;
	int r;

	r = evaluate(&outcome, b, b->rule->test);
	if (r < 0)
		return r;
	if (outcome.error != NULL)
		return judge_unknown(ret, b, outcome.unreadable_fact, outcome.error);
	if (outcome.value.type != (wants_list ? VALUE_LIST : VALUE_BOOL))
		return judge_unknown(
		    ret, b, -1, wants_list ? "it yields no list" : "it yields no bool");
	if (!wants_list)
		return outcome.value.boolean ? judge_pass(ret, b) : judge_fail(ret, b);
	if (outcome.value.len == 0)
		return outcome.value.cut
			   ? judge_unknown(ret, b, -1, "a list was too long to be looked at whole")
			   : judge_pass(ret, b);
	ret->offenders = outcome.value;
	return judge_fail(ret, b);
}

static int
judge_review(struct judgement *ret, const struct bench *b)
{
	const struct rule *rule = b->rule;
	struct value *values = arena_alloc(b->arena, rule->n_reviews * sizeof(*values));
	struct expr_outcome outcome;
	struct text t;
	uint64_t digest = 1;
	int r;

	text_clear(&t);
	if (values == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < rule->n_reviews; i++) {
		r = evaluate(&outcome, b, rule->reviews[i]);
		if (r < 0)
			return r;
		if (outcome.error != NULL)
			return judge_unknown(ret, b, outcome.unreadable_fact, outcome.error);
		values[i] = outcome.value;
		if (!facts_flagged(rule->reviews[i], FACT_VOLATILE))
			digest = value_hash(&values[i], digest, true);
	}
	ret->verdict = VERDICT_REVIEW;
	ret->reviewed = value_list(values, rule->n_reviews);
	ret->digest = digest;
	text_printf(&t, "to be judged by a person: %s", rule->title);
	say_not_running(&t, b);
	return finish(ret, b, &t);
}

static int
judge_not_applicable(struct judgement *ret, const struct bench *b)
{
	struct text t;
	int r;

	text_clear(&t);
	ret->verdict = VERDICT_NOT_APPLICABLE;
	r = fill(&t, b, b->rule->otherwise);
	return r < 0 ? r : finish(ret, b, &t);
}

static int
judge_bench(struct judgement *ret, const struct bench *b)
{
	struct expr_outcome outcome;
	int r;

	*ret = (struct judgement){
		.missing = -1,
		.offenders = value_list(NULL, 0),
		.reviewed = value_list(NULL, 0),
	};
	if (b->rule->when != NULL) {
		r = evaluate(&outcome, b, b->rule->when);
		if (r < 0)
			return r;
		if (outcome.error != NULL)
			return judge_unknown(ret, b, outcome.unreadable_fact, outcome.error);
		if (outcome.value.type != VALUE_BOOL)
			return judge_unknown(ret, b, -1, "its condition yields no bool");
		if (!outcome.value.boolean)
			return judge_not_applicable(ret, b);
	}
	return b->rule->kind == RULE_REVIEW ? judge_review(ret, b) : judge_test(ret, b);
}

struct world {
	const struct judge_facts *facts;
	const struct rulebook *rb;
	const struct rule *rule;
};

static const struct value *
read_world(void *context, unsigned id)
{
	const struct world *world = context;

	if (id >= PARAM_ID_FIRST)
		return rulebook_param(world->rb, world->rule, id);
	return world->facts->fact(world->facts->context, (enum fact_id)id);
}

int
judgement_make(struct judgement *ret, const struct rule *rule, const struct rulebook *rb,
    const struct judge_facts *facts, struct arena *a)
{
	struct world world = { facts, rb, rule };
	const struct bench b = { rule, read_world, &world, facts->subject_name, a };

	return judge_bench(ret, &b);
}

struct given {
	const struct rulebook *rb;
	const struct rule *rule;
	const struct rule_example *example;
};

/* Whether a path is one of those listed, or lies below one. */
static bool
listed(const char *const *paths, const char *path)
{
	for (; paths != NULL && *paths != NULL; paths++) {
		size_t len = strlen(*paths);

		if (strncmp(*paths, path, len) == 0 && (path[len] == '\0' || path[len] == '.'))
			return true;
	}
	return false;
}

static const struct value *
read_given(void *context, unsigned id)
{
	static const char asked[] = "the example says so", missing[] = "not given";
	static const struct value absent = { .type = VALUE_ABSENT };
	static const struct value unreadable = {
		.type = VALUE_UNREADABLE, .len = sizeof(asked) - 1, .string = asked
	};
	static const struct value not_given = {
		.type = VALUE_UNREADABLE, .len = sizeof(missing) - 1, .string = missing
	};
	const struct given *given = context;
	const char *name = rulebook_name_of(id);
	const struct value *v = value_get(&given->example->facts, name);

	if (v != NULL)
		return v;
	if (id >= PARAM_ID_FIRST)
		return rulebook_param(given->rb, given->rule, id);
	if (listed(given->example->absent, name))
		return &absent;
	return listed(given->example->unreadable, name) ? &unreadable : &not_given;
}

int
judgement_try_example(const struct rule *rule, const struct rulebook *rb,
    const struct rule_example *example, char **retwhy)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);
	struct given given = { rb, rule, example };
	const struct bench b = { rule, read_given, &given, "the example", a };
	struct judgement judgement;
	int r;

	if (a == NULL)
		return -ENOMEM;
	r = judge_bench(&judgement, &b);
	if (r < 0)
		return r;
	if (judgement.verdict == example->verdict)
		return 0;
	if (asprintf(retwhy, "%s instead of %s: %s", verdict_name(judgement.verdict),
		verdict_name(example->verdict), judgement.because) < 0)
		return -ENOMEM;
	return 1;
}
