/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules and rulebooks made in a test, without files. */
#ifndef TESTS_JUDGE_RULES_H
#define TESTS_JUDGE_RULES_H

#include "rulebook/rulebook.h"

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* A rule as a test writes it. `test` is of its kind: a bool, a list, or the one review. */
struct rule_source {
	const char *key;
	enum subject_kind scope;
	enum rule_kind kind;
	const char *test, *when, *says;
	const char *pattern;    /* of a file rule */
	const char *files_expr; /* the same, as an expression */
	enum severity severity;
};

static inline struct expr *
test_expr(const char *text, enum subject_kind scope)
{
	struct expr *e = NULL;
	char *err = NULL;

	if (text == NULL)
		return NULL;
	if (expr_parse(&e, text, strlen(text), &err) != 0 ||
	    expr_check(e, rulebook_names(scope), NULL, &err) != 0)
		fail_msg("%s: %s", text, err);
	return e;
}

static inline void
rule_reads(struct rule *rule, unsigned *reads, const struct expr *e)
{
	size_t n = 0;
	const unsigned *ids = e == NULL ? NULL : expr_reads(e, &n);

	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < rule->n_reads && reads[at] < ids[i])
			at++;
		if (at < rule->n_reads && reads[at] == ids[i])
			continue;
		memmove(&reads[at + 1], &reads[at], (rule->n_reads - at) * sizeof(*reads));
		reads[at] = ids[i];
		rule->n_reads++;
		if (ids[i] < _FACTS)
			rule->topics |= 1u << fact_table[ids[i]].topic;
	}
}

static inline struct rule *
test_rule(const struct rule_source *text, unsigned index)
{
	struct rule *rule = calloc(1, sizeof(*rule));
	unsigned *reads = calloc(64, sizeof(*reads));

	assert_non_null(rule);
	assert_non_null(reads);
	rule->index = index;
	rule->key = text->key;
	rule->title = "The title";
	rule->severity = text->severity;
	rule->scope = text->scope;
	rule->when = test_expr(text->when, text->scope);
	rule->otherwise = text->when == NULL ? NULL : "it is not of that sort";
	rule->kind = text->kind;
	rule->says = text->says;
	rule->why = rule->audit = rule->fix = "";
	rule->source = "test.yaml";
	rule->selected = true;
	rule->reads = reads;
	if (text->kind == RULE_REVIEW) {
		rule->n_reviews = 1;
		rule->reviews = calloc(1, sizeof(struct expr *));
		assert_non_null(rule->reviews);
		rule->reviews[0] = test_expr(text->test, text->scope);
		rule_reads(rule, reads, rule->reviews[0]);
	} else {
		rule->test = test_expr(text->test, text->scope);
		rule_reads(rule, reads, rule->test);
	}
	rule_reads(rule, reads, rule->when);
	if (text->pattern != NULL || text->files_expr != NULL) {
		rule->n_files = 1;
		rule->files = calloc(1, sizeof(*rule->files));
		assert_non_null(rule->files);
		rule->files[0].pattern = text->pattern == NULL ? NULL : strdup(text->pattern);
		rule->files[0].expr = test_expr(text->files_expr, SUBJECT_ENGINE);
	}
	return rule;
}

static inline void
test_rule_free(struct rule *rule)
{
	expr_free(rule->when);
	expr_free(rule->test);
	for (unsigned i = 0; i < rule->n_reviews; i++)
		expr_free(rule->reviews[i]);
	free(rule->reviews);
	for (unsigned i = 0; i < rule->n_files; i++) {
		free(rule->files[i].pattern);
		expr_free(rule->files[i].expr);
	}
	free(rule->files);
	free((unsigned *)(uintptr_t)rule->reads);
	free(rule);
}

/* Parameters of the test's rulebooks are all empty lists. */
static inline struct rulebook *
test_rulebook(const struct rule_source *texts, unsigned n)
{
	struct rulebook *rb = calloc(1, sizeof(*rb));

	assert_non_null(rb);
	rb->rules = calloc(n, sizeof(struct rule *));
	rb->params = calloc(param_count, sizeof(*rb->params));
	assert_non_null(rb->rules);
	assert_non_null(rb->params);
	for (unsigned i = 0; i < param_count; i++)
		rb->params[i] = value_list(NULL, 0);
	rb->n_rules = n;
	for (unsigned i = 0; i < n; i++)
		rb->rules[i] = test_rule(&texts[i], i);
	rb->settings.engine_socket = "/run/docker.sock";
	rb->settings.resync_interval_s = 6 * 3600;
	rb->settings.exec_keep_s = 24 * 3600;
	rb->settings.carried_within_s = 600;
	return rb;
}

static inline void
test_rulebook_free(struct rulebook *rb)
{
	for (unsigned i = 0; i < rb->n_rules; i++)
		test_rule_free(rb->rules[i]);
	free(rb->rules);
	free(rb->params);
	free(rb);
}

#endif
