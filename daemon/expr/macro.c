/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/eval.h"

/* A macro goes through the elements of a list, or the keys of a map. */
static const struct value *
element(const struct value *range, uint32_t i)
{
	return range->type == VALUE_LIST ? &range->items[i] : &range->entries[i].key;
}

/* The condition for the element that is in the slot: a bool or an error. */
static struct value
eval_condition(struct machine *m, const struct node *n)
{
	struct value v = machine_eval(m, n->args[1]);

	if (v.type == VALUE_BOOL || value_is_error(v))
		return v;
	return machine_fail(m, -1, "the condition of %s() is %s, not bool",
	    node_macro_name(n->kind), value_type_name(v.type));
}

/* exists() ends at the first true, all() at the first false, whatever errors came before. Without
 * one, what wasn't seen decides: an error, or what lies beyond a cut. */
static struct value
eval_quantifier(struct machine *m, const struct node *n, struct value range, bool decides)
{
	struct value error = value_null(), v;

	for (uint32_t i = 0; i < range.len && m->fatal == NULL; i++) {
		m->slots[n->slot] = *element(&range, i);
		v = eval_condition(m, n);
		if (v.type == VALUE_BOOL && v.boolean != decides)
			continue;
		if (v.type == VALUE_BOOL) {
			m->muted -= value_is_error(error);
			return v;
		}
		if (!value_is_error(error)) {
			error = v;
			m->muted++;
		}
	}
	if (value_is_error(error)) {
		m->muted--;
		return error;
	}
	return range.cut ? machine_fail_cut(m, n->args[0], range) : value_bool(!decides);
}

static struct value
eval_exists_one(struct machine *m, const struct node *n, struct value range)
{
	unsigned found = 0;
	struct value v;

	if (range.cut)
		return machine_fail_cut(m, n->args[0], range);
	for (uint32_t i = 0; i < range.len; i++) {
		m->slots[n->slot] = *element(&range, i);
		v = eval_condition(m, n);
		if (value_is_error(v))
			return v;
		found += v.boolean;
	}
	return value_bool(found == 1);
}

/* filter() and map() with two or three arguments: an error of any element is one of the whole, and
 * the result of what was cut is cut. */
static struct value
eval_transform(struct machine *m, const struct node *n, struct value range)
{
	bool condition = n->kind == NODE_FILTER || n->n_args == 3;
	struct value *items = machine_alloc(m, range.len * sizeof(*items)), list, v;
	uint32_t kept = 0;

	for (uint32_t i = 0; items != NULL && i < range.len; i++) {
		m->slots[n->slot] = *element(&range, i);
		v = condition ? eval_condition(m, n) : value_bool(true);
		if (value_is_error(v))
			return v;
		if (!v.boolean)
			continue;
		if (n->kind == NODE_FILTER)
			v = *element(&range, i);
		else
			v = machine_eval(m, n->args[n->n_args - 1]);
		if (value_is_error(v))
			return v;
		items[kept++] = v;
	}
	if (items == NULL)
		return value_null(); /* the evaluation has ended */
	list = value_list(items, kept);
	list.cut = range.cut;
	return list;
}

struct value
machine_macro(struct machine *m, const struct node *n)
{
	struct value range = machine_eval(m, n->args[0]);

	if (value_is_error(range))
		return range;
	if (range.type != VALUE_LIST && range.type != VALUE_MAP)
		return machine_fail(m, -1, "%s() goes through a list or a map, not %s",
		    node_macro_name(n->kind), value_type_name(range.type));
	if (n->kind == NODE_ALL)
		return eval_quantifier(m, n, range, false);
	if (n->kind == NODE_EXISTS)
		return eval_quantifier(m, n, range, true);
	if (n->kind == NODE_EXISTS_ONE)
		return eval_exists_one(m, n, range);
	return eval_transform(m, n, range);
}
