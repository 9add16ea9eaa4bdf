/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judgement.h"

#include "judge/object.h"

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

static void
add_entry(struct object *evidence, const struct judgement *judgement, enum fact_id fact,
    const struct value *v, struct arena *a)
{
	struct object entry = object_open_item(evidence);
	struct value shown = { 0 };

	object_string(&entry, "fact", fact_table[fact].path);
	entry.failed |= fact_shown(&shown, fact, narrowed(judgement, v), a) < 0;
	object_value(&entry, "value", &shown);
	object_string(&entry, "from", fact_table[fact].origin);
	object_close(&entry, evidence);
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

void
add_evidence(struct object *o, const struct judgement *judgement, const struct rule *rule,
    const struct judge_facts *facts)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);
	struct object evidence = object_open_list(o, "evidence");
	const unsigned *reads;
	size_t n;

	reads = facts_read(judgement, rule, &n);
	evidence.failed |= a == NULL;
	for (size_t i = 0; a != NULL && i < n; i++)
		if (reads[i] < _FACTS)
			add_entry(&evidence, judgement, reads[i],
			    facts->fact(facts->context, reads[i]), a);
	object_close_list(&evidence, o);
}
