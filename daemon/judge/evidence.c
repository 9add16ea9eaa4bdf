/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judgement.h"

#include <json-c/json.h>

/* Hands both over; false when out of memory. */
static bool
member(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add_ex(object, key, value,
		JSON_C_OBJECT_ADD_CONSTANT_KEY | JSON_C_OBJECT_ADD_KEY_IS_NEW) == 0)
		return true;
	json_object_put(value);
	return false;
}

static bool
text_member(struct json_object *object, const char *key, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	return value != NULL && member(object, key, value);
}

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
	struct json_object *entry = json_object_new_object(), *shown;
	bool nothing = v->type == VALUE_NULL || v->type == VALUE_ABSENT;

	shown = fact_show(fact, narrowed(judgement, v));
	if (entry == NULL || (shown == NULL && !nothing) ||
	    !text_member(entry, "fact", fact_table[fact].path)) {
		json_object_put(shown);
		json_object_put(entry);
		return NULL;
	}
	if (!member(entry, "value", shown) ||
	    !text_member(entry, "from", fact_table[fact].origin)) {
		json_object_put(entry);
		return NULL;
	}
	return entry;
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
	struct json_object *evidence = json_object_new_array(), *entry;
	const unsigned *reads;
	size_t n;

	if (evidence == NULL)
		return NULL;
	reads = facts_read(judgement, rule, &n);
	for (size_t i = 0; i < n; i++) {
		enum fact_id fact = reads[i];

		if (reads[i] >= _FACTS)
			continue;
		entry = entry_new(judgement, fact, facts->fact(facts->context, fact));
		if (entry == NULL || json_object_array_add(evidence, entry) < 0) {
			json_object_put(entry);
			json_object_put(evidence);
			return NULL;
		}
	}
	return evidence;
}
