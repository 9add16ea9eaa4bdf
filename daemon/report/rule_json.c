/* SPDX-License-Identifier: Apache-2.0 */
#include "report/rule_json.h"
#include "report/member.h"

#include <errno.h>
#include <stdio.h>

struct json_object *
rule_ref_json(const struct benchmark_entry *entry)
{
	struct json_object *ref = json_object_new_object();
	int r = ref == NULL ? -ENOMEM : member_put_text(ref, "id", entry->id);

	if (r == 0)
		r = member_put_text(ref, "section", entry->section);
	if (r == 0)
		r = member_put_int(ref, "level", entry->level);
	if (r == 0)
		r = member_put_true(ref, "scored", entry->scored);
	return member_done(ref, r);
}

struct json_object *
rule_refs_json(const struct rulebook *rb, const struct rule *rule)
{
	struct json_object *refs = json_object_new_object();
	int r = refs == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < rb->n_benchmarks && r == 0; i++) {
		const struct benchmark *b = &rb->benchmarks[i];
		const struct benchmark_entry *entry = benchmark_entry_of(b, rule);

		if (entry != NULL)
			r = member_put(refs, b->id, rule_ref_json(entry));
	}
	return member_done(refs, r);
}

static struct json_object *
reads_new(const struct rule *rule)
{
	struct json_object *reads = json_object_new_array();
	int r = reads == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < rule->n_reads && r == 0; i++)
		r = member_append(reads, json_object_new_string(rulebook_name_of(rule->reads[i])));
	return member_done(reads, r);
}

static struct json_object *
topics_new(const struct rule *rule)
{
	struct json_object *topics = json_object_new_array();
	int r = topics == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < _TOPICS && r == 0; i++)
		if ((rule->topics & (1U << i)) != 0)
			r = member_append(topics, json_object_new_string(topic_table[i].name));
	return member_done(topics, r);
}

/* A review has several expressions; they are shown one a line. */
static struct json_object *
expression_new(const struct rule *rule)
{
	struct json_object *text;
	char *lines = NULL;
	size_t len;
	FILE *out;

	if (rule->kind != RULE_REVIEW)
		return json_object_new_string(expr_text(rule->test));
	out = open_memstream(&lines, &len);
	if (out == NULL)
		return NULL;
	for (unsigned i = 0; i < rule->n_reviews; i++)
		(void)fprintf(out, "%s%s", i == 0 ? "" : "\n", expr_text(rule->reviews[i]));
	text = fclose(out) == 0 ? json_object_new_string(lines) : NULL;
	free(lines);
	return text;
}

/* The parameters that make it a reading of another rule. */
static struct json_object *
fixed_new(const struct rule *rule)
{
	struct json_object *params = json_object_new_object();
	int r = params == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < param_count && r == 0; i++)
		if ((rule->fixed >> i & 1) != 0)
			r = member_put(
			    params, param_table[i].name, value_to_json(&rule->params[i]));
	return member_done(params, r);
}

static int
fill(struct json_object *json, const struct rulebook *rb, const struct rule *rule)
{
	int r = member_put_text(json, "key", rule->key);

	if (r == 0 && rule->reading_of != NULL)
		r = member_put_text(json, "reading_of", rule->reading_of->key);
	if (r == 0 && rule->reading_of != NULL)
		r = member_put(json, "params", fixed_new(rule));

	if (r == 0)
		r = member_put_text(json, "title", rule->title);
	if (r == 0)
		r = member_put_text(json, "scope", subject_kind_name(rule->scope));
	if (r == 0)
		r = member_put_text(json, "severity", severity_name(rule->severity));
	if (r == 0)
		r = member_put(json, "refs", rule_refs_json(rb, rule));
	if (r == 0)
		r = member_put_text(json, "kind", rule->kind == RULE_REVIEW ? "review" : "check");
	if (r == 0)
		r = member_put_true(json, "selected", rule->selected);
	if (r == 0 && rule->unselected_why != NULL)
		r = member_put_text(json, "unselected", rule->unselected_why);
	if (r == 0 && rule->when != NULL)
		r = member_put_text(json, "when", expr_text(rule->when));
	if (r == 0)
		r = member_put(json, "expression", expression_new(rule));
	if (r == 0)
		r = member_put(json, "reads", reads_new(rule));
	if (r == 0)
		r = member_put(json, "topics", topics_new(rule));
	if (r == 0)
		r = member_put_text(json, "why", rule->why);
	if (r == 0)
		r = member_put_text(json, "audit", rule->audit);
	return r == 0 ? member_put_text(json, "fix", rule->fix) : r;
}

struct json_object *
rule_json(const struct rulebook *rb, const struct rule *rule)
{
	struct json_object *json = json_object_new_object();

	return member_done(json, json == NULL ? -ENOMEM : fill(json, rb, rule));
}

struct json_object *
rules_json_of(const struct rulebook *rb, rule_wanted_fn *wanted, const void *arg)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < rb->n_rules && r == 0; i++)
		if (wanted(arg, rb, rb->rules[i]))
			r = member_append(list, rule_json(rb, rb->rules[i]));
	return member_done(list, r);
}
