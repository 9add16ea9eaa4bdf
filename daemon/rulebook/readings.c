/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/readings.h"

#include "rulebook/params.h"
#include <errno.h>
#include <string.h>

int
reading_take(struct loading *l, const struct yaml_node *entry, const char *as,
    const struct yaml_node *params, struct reference *ref)
{
	int r;

	if (as == NULL && params == NULL)
		return 0;
	if (as == NULL || params == NULL || ref->rule == NULL) {
		loading_complain(l, entry->line, "`as` and `params` go together, with `rule`");
		return 0;
	}
	if (!key_is_spelled(l, entry->line, "as", as))
		return 0;
	ref->params = arena_alloc(l->rb->arena, param_count * sizeof(*ref->params));
	if (ref->params == NULL)
		return -ENOMEM;
	r = params_of_node(l, params, ref->params, &ref->fixed);
	if (r == 0 && ref->fixed != 0)
		ref->as = as;
	else if (r == 0 && params->kind == YAML_MAP && params->first == NULL)
		loading_complain(l, params->line, "`params` is empty");
	return r;
}

static bool
expr_reads_id(const struct expr *e, unsigned id)
{
	const unsigned *ids;
	size_t n = 0;

	if (e == NULL)
		return false;
	ids = expr_reads(e, &n);
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool
rule_reads_id(const struct rule *rule, unsigned id)
{
	for (size_t i = 0; i < rule->n_reads; i++)
		if (rule->reads[i] == id)
			return true;
	for (unsigned i = 0; i < rule->n_files; i++)
		if (expr_reads_id(rule->files[i].expr, id))
			return true;
	return false;
}

/* Another reading of something that the rule doesn't read is none. */
static bool
params_are_read(struct loading *l, const struct reference *ref, const struct rule *rule)
{
	bool all = true;

	for (unsigned i = 0; i < param_count; i++) {
		if ((ref->fixed >> i & 1) == 0 || rule_reads_id(rule, PARAM_ID_FIRST + i))
			continue;
		complain(&l->complaints, ref->file, ref->line, 0, "rule `%s` does not read %s",
		    rule->key, param_path(i));
		all = false;
	}
	return all;
}

static bool
is_same(const struct rule *reading, const struct reference *ref, const struct rule *rule)
{
	if (reading->reading_of != rule || reading->fixed != ref->fixed)
		return false;
	for (unsigned i = 0; i < param_count; i++)
		if ((ref->fixed >> i & 1) != 0 && !value_same(&reading->params[i], &ref->params[i]))
			return false;
	return true;
}

static const struct rule *
find(const struct loading *l, const char *key)
{
	const struct rule *rule = rulebook_find(l->rb, key, NULL);

	for (unsigned i = 0; rule == NULL && i < l->n_readings; i++)
		if (strcmp(l->rb->rules[l->rb->n_rules + i]->key, key) == 0)
			rule = l->rb->rules[l->rb->n_rules + i];
	return rule;
}

/* What the entry doesn't fix is the settings', all of which are in by now. */
static int
make(struct loading *l, const struct reference *ref, const struct rule *rule,
    const struct rule **ret)
{
	struct value *params = arena_alloc(l->rb->arena, param_count * sizeof(*params));
	struct rule *reading = arena_alloc(l->rb->arena, sizeof(*reading));

	if (params == NULL || reading == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < param_count; i++)
		params[i] = (ref->fixed >> i & 1) != 0 ? ref->params[i] : l->rb->params[i];
	*reading = *rule;
	reading->key = ref->as;
	if (ref->entry->title != NULL)
		reading->title = ref->entry->title;
	reading->examples = NULL;
	reading->n_examples = 0;
	reading->reading_of = rule;
	reading->fixed = ref->fixed;
	reading->params = params;
	reading->source = ref->file;
	reading->line = ref->line;
	l->rb->rules[l->rb->n_rules + l->n_readings++] = reading;
	*ret = reading;
	return 0;
}

int
reading_of(struct loading *l, const struct reference *ref, const struct rule *rule,
    const struct rule **ret)
{
	const struct rule *there = find(l, ref->as);

	*ret = NULL;
	if (!params_are_read(l, ref, rule))
		return 0;
	if (there != NULL && is_same(there, ref, rule))
		*ret = there;
	else if (there != NULL)
		complain(&l->complaints, ref->file, ref->line, 0, "%s `%s` is in %s:%u already",
		    there->reading_of != NULL ? "another reading" : "rule", ref->as, there->source,
		    there->line);
	else if (l->rb->n_rules + l->n_readings == LOADING_RULES_MAX)
		complain(
		    &l->complaints, ref->file, ref->line, 0, "over %d rules", LOADING_RULES_MAX);
	else
		return make(l, ref, rule, ret);
	return 0;
}
