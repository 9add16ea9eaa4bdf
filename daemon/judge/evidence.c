/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judgement.h"

#include "judge/object.h"
#include <json-c/json.h>

static bool
list_has(const struct value *list, const struct value *v)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (value_same(&list->items[i], v))
			return true;
	return false;
}

/* The offenders, where they were taken out of this list; else the list itself. */
static const struct value *
narrowed(const struct judgement *judgement, const struct value *v)
{
	const struct value *offenders = &judgement->offenders;

	if (v->type != VALUE_LIST || offenders->len == 0 || offenders->len >= v->len)
		return v;
	for (uint32_t i = 0; i < offenders->len; i++)
		if (!list_has(v, &offenders->items[i]))
			return v;
	return offenders;
}

static struct json_object *
entry_new(const struct judgement *judgement, enum fact_id fact, const struct value *v)
{
	struct object entry = object_begin();

	object_string(&entry, "fact", fact_table[fact].path);
	if (v->type == VALUE_NULL || v->type == VALUE_ABSENT)
		object_null(&entry, "value");
	else
		object_add(&entry, "value", fact_show(fact, narrowed(judgement, v)));
	object_string(&entry, "from", fact_table[fact].origin);
	return object_end(&entry);
}

/* What doesn't apply rests on its condition alone. */
static const unsigned *
facts_read(const struct judgement *judgement, const struct rule *rule, size_t *ret_n)
{
	if (judgement->verdict == VERDICT_NOT_APPLICABLE && rule->when != NULL)
		return expr_reads(rule->when, ret_n);
	*ret_n = rule->n_reads;
	return rule->reads;
}

struct json_object *
judgement_evidence(
    const struct judgement *judgement, const struct rule *rule, const struct judge_facts *facts)
{
	struct json_object *evidence = json_object_new_array();
	const unsigned *reads;
	size_t n;

	reads = facts_read(judgement, rule, &n);
	for (size_t i = 0; evidence != NULL && i < n; i++) {
		enum fact_id fact = reads[i];

		if (reads[i] >= _FACTS)
			continue;
		if (array_add(evidence,
			entry_new(judgement, fact, facts->fact(facts->context, fact))) < 0) {
			json_object_put(evidence);
			evidence = NULL;
		}
	}
	return evidence;
}
