/* SPDX-License-Identifier: Apache-2.0 */
#include "report/rule_json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>

/* Consumes `value`; NULL is out of memory. */
static int
put(struct json_object *object, const char *name, struct json_object *value)
{
	if (value != NULL && json_object_object_add(object, name, value) == 0)
		return 0;
	(void)json_object_put(value);
	return -ENOMEM;
}

static int
put_text(struct json_object *object, const char *name, const char *text)
{
	return put(object, name, json_object_new_string(text == NULL ? "" : text));
}

static int
append(struct json_object *list, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	if (value != NULL && json_object_array_add(list, value) == 0)
		return 0;
	(void)json_object_put(value);
	return -ENOMEM;
}

static struct json_object *
ref_new(const struct benchmark_entry *entry)
{
	struct json_object *ref = json_object_new_object();

	if (ref != NULL && put_text(ref, "id", entry->id) == 0 &&
	    put_text(ref, "section", entry->section) == 0 &&
	    put(ref, "level", json_object_new_int((int)entry->level)) == 0 &&
	    put(ref, "scored", json_object_new_boolean(entry->scored)) == 0)
		return ref;
	(void)json_object_put(ref);
	return NULL;
}

static struct json_object *
refs_new(const struct rulebook *rb, const struct rule *rule)
{
	struct json_object *refs = json_object_new_object();

	for (unsigned i = 0; i < rb->n_benchmarks && refs != NULL; i++) {
		const struct benchmark *b = &rb->benchmarks[i];
		const struct benchmark_entry *entry = benchmark_entry_of(b, rule);

		if (entry != NULL && put(refs, b->id, ref_new(entry)) != 0) {
			(void)json_object_put(refs);
			refs = NULL;
		}
	}
	return refs;
}

static struct json_object *
reads_new(const struct rule *rule)
{
	struct json_object *reads = json_object_new_array();

	for (size_t i = 0; i < rule->n_reads && reads != NULL; i++) {
		if (append(reads, rulebook_name_of(rule->reads[i])) != 0) {
			(void)json_object_put(reads);
			reads = NULL;
		}
	}
	return reads;
}

static struct json_object *
topics_new(const struct rule *rule)
{
	struct json_object *topics = json_object_new_array();

	for (unsigned i = 0; i < _TOPICS && topics != NULL; i++) {
		if ((rule->topics & (1U << i)) != 0 && append(topics, topic_table[i].name) != 0) {
			(void)json_object_put(topics);
			topics = NULL;
		}
	}
	return topics;
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

static int
fill(struct json_object *json, const struct rulebook *rb, const struct rule *rule)
{
	int r = put_text(json, "key", rule->key);

	if (r == 0)
		r = put_text(json, "title", rule->title);
	if (r == 0)
		r = put_text(json, "scope", subject_kind_name(rule->scope));
	if (r == 0)
		r = put_text(json, "severity", severity_name(rule->severity));
	if (r == 0)
		r = put(json, "refs", refs_new(rb, rule));
	if (r == 0)
		r = put_text(json, "kind", rule->kind == RULE_REVIEW ? "review" : "check");
	if (r == 0)
		r = put(json, "selected", json_object_new_boolean(rule->selected));
	if (r == 0 && rule->unselected_why != NULL)
		r = put_text(json, "unselected", rule->unselected_why);
	if (r == 0 && rule->when != NULL)
		r = put_text(json, "when", expr_text(rule->when));
	if (r == 0)
		r = put(json, "expression", expression_new(rule));
	if (r == 0)
		r = put(json, "reads", reads_new(rule));
	if (r == 0)
		r = put(json, "topics", topics_new(rule));
	if (r == 0)
		r = put_text(json, "why", rule->why);
	if (r == 0)
		r = put_text(json, "audit", rule->audit);
	return r == 0 ? put_text(json, "fix", rule->fix) : r;
}

struct json_object *
rule_json(const struct rulebook *rb, const struct rule *rule)
{
	struct json_object *json = json_object_new_object();

	if (json != NULL && fill(json, rb, rule) == 0)
		return json;
	(void)json_object_put(json);
	return NULL;
}

struct json_object *
rules_json(const struct rulebook *rb, const struct benchmark *benchmark)
{
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < rb->n_rules && list != NULL; i++) {
		struct json_object *json;

		if (benchmark != NULL && benchmark_entry_of(benchmark, rb->rules[i]) == NULL)
			continue;
		json = rule_json(rb, rb->rules[i]);
		if (json != NULL && json_object_array_add(list, json) == 0)
			continue;
		(void)json_object_put(json);
		(void)json_object_put(list);
		list = NULL;
	}
	return list;
}
