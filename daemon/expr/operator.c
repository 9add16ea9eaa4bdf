/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators with two operands, of which both must have a value. */
#include "expr/eval.h"

#include <string.h>

static struct value
no_overload(struct machine *m, const struct node *n, struct value a, struct value b)
{
	return machine_fail(m, -1, "no such overload: %s %s %s", value_type_name(a.type),
	    node_sign(n->kind), value_type_name(b.type));
}

/* Three-valued, so that a difference outweighs a part that can't be read. */
enum same {
	DIFFERENT,
	SAME,
	UNKNOWN,
};

static enum same same_values(struct machine *m, const struct value *a, const struct value *b);

static enum same
same_lists(struct machine *m, const struct value *a, const struct value *b)
{
	enum same result = SAME, s;

	for (uint32_t i = 0; i < a->len && result != DIFFERENT; i++) {
		s = same_values(m, &a->items[i], &b->items[i]);
		if (s != SAME)
			result = s;
	}
	return result;
}

static enum same
same_maps(struct machine *m, const struct value *a, const struct value *b)
{
	enum same result = SAME, s;
	const struct value *other;

	for (uint32_t i = 0; i < a->len && result != DIFFERENT; i++) {
		if (!machine_charge(m, a->len / 16))
			return UNKNOWN;
		other = value_lookup(b, &a->entries[i].key);
		s = other == NULL ? DIFFERENT : same_values(m, &a->entries[i].value, other);
		if (s != SAME)
			result = s;
	}
	return result;
}

static enum same
same_values(struct machine *m, const struct value *a, const struct value *b)
{
	if (!machine_charge(m, 1))
		return UNKNOWN;
	if (a->type == VALUE_UNREADABLE || b->type == VALUE_UNREADABLE)
		return UNKNOWN;
	if (a->type != b->type)
		return DIFFERENT;
	if (a->type != VALUE_LIST && a->type != VALUE_MAP)
		return value_same(a, b) ? SAME : DIFFERENT;
	if (a->cut || b->cut)
		return UNKNOWN;
	if (a->len != b->len)
		return DIFFERENT;
	return a->type == VALUE_LIST ? same_lists(m, a, b) : same_maps(m, a, b);
}

static struct value
are_equal(struct machine *m, const struct node *n, const struct value *a, const struct value *b)
{
	int root = n->args[0]->root >= 0 ? n->args[0]->root : n->args[1]->root;

	switch (same_values(m, a, b)) {
	case SAME:
		return value_bool(true);
	case DIFFERENT:
		return value_bool(false);
	case UNKNOWN:
		break;
	}
	return machine_fail(m, root, "%s: a part of it is cut or unreadable", node_sign(n->kind));
}

static struct value
eval_equal(struct machine *m, const struct node *n, struct value a, struct value b)
{
	struct value v = are_equal(m, n, &a, &b);

	if (v.type == VALUE_BOOL && n->kind == NODE_UNEQUAL)
		v.boolean = !v.boolean;
	return v;
}

/* UTF-8 sorts by bytes as it does by code points. */
static int
compare_strings(struct value a, struct value b)
{
	uint32_t n = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.string, b.string, n);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static struct value
eval_order(struct machine *m, const struct node *n, struct value a, struct value b)
{
	int order;

	if (a.type != b.type)
		return no_overload(m, n, a, b);
	if (a.type == VALUE_INT)
		order = (a.integer > b.integer) - (a.integer < b.integer);
	else if (a.type == VALUE_STRING)
		order = compare_strings(a, b);
	else if (a.type == VALUE_BOOL)
		order = a.boolean - b.boolean;
	else
		return no_overload(m, n, a, b);
	if (n->kind == NODE_LESS)
		return value_bool(order < 0);
	if (n->kind == NODE_LESS_EQUAL)
		return value_bool(order <= 0);
	return value_bool(n->kind == NODE_GREATER ? order > 0 : order >= 0);
}

static struct value
in_list(struct machine *m, const struct node *n, struct value v, struct value list)
{
	struct value error = value_bool(false), found;

	for (uint32_t i = 0; i < list.len && m->fatal == NULL; i++) {
		found = are_equal(m, n, &v, &list.items[i]);
		if (value_is_error(found))
			error = found;
		else if (found.boolean)
			return found;
	}
	if (!value_is_error(error) && list.cut)
		return machine_fail_cut(m, n->args[1], list);
	return error;
}

static struct value
eval_in(struct machine *m, const struct node *n, struct value v, struct value in)
{
	const struct value *found;

	if (in.type == VALUE_LIST)
		return in_list(m, n, v, in);
	if (in.type != VALUE_MAP)
		return no_overload(m, n, v, in);
	found = value_lookup(&in, &v);
	if (found != NULL)
		return machine_presence(m, found, "entry", n->args[1]->root);
	return in.cut ? machine_fail_cut(m, n->args[1], in) : value_bool(false);
}

static struct value
eval_arithmetic(struct machine *m, const struct node *n, struct value a, struct value b)
{
	bool overflow = false;
	int64_t i = 0;

	if (a.type != VALUE_INT || b.type != VALUE_INT)
		return no_overload(m, n, a, b);
	if (n->kind == NODE_ADD)
		overflow = __builtin_add_overflow(a.integer, b.integer, &i);
	else if (n->kind == NODE_SUBTRACT)
		overflow = __builtin_sub_overflow(a.integer, b.integer, &i);
	else if (n->kind == NODE_MULTIPLY)
		overflow = __builtin_mul_overflow(a.integer, b.integer, &i);
	else if (b.integer == 0)
		return machine_fail(m, -1, "division by zero");
	else if (a.integer == INT64_MIN && b.integer == -1)
		overflow = true;
	else
		i = n->kind == NODE_DIVIDE ? a.integer / b.integer : a.integer % b.integer;
	return overflow ? machine_fail(m, -1, "integer overflow") : value_int(i);
}

static struct value
join_strings(struct machine *m, struct value a, struct value b)
{
	char *text = machine_alloc(m, (size_t)a.len + b.len + 1);

	if (text == NULL)
		return machine_give_up(m, m->fatal);
	memcpy(text, a.string, a.len);
	memcpy(text + a.len, b.string, b.len);
	return value_stringn(text, (size_t)a.len + b.len);
}

static struct value
join_lists(struct machine *m, struct value a, struct value b)
{
	struct value *items = machine_alloc(m, ((size_t)a.len + b.len) * sizeof(*items)), list;

	if (items == NULL)
		return machine_give_up(m, m->fatal);
	if (a.len > 0)
		memcpy(items, a.items, a.len * sizeof(*items));
	if (b.len > 0)
		memcpy(items + a.len, b.items, b.len * sizeof(*items));
	list = value_list(items, (size_t)a.len + b.len);
	list.cut = a.cut || b.cut;
	return list;
}

static struct value
eval_add(struct machine *m, const struct node *n, struct value a, struct value b)
{
	if (a.type == VALUE_STRING && b.type == VALUE_STRING)
		return join_strings(m, a, b);
	if (a.type == VALUE_LIST && b.type == VALUE_LIST)
		return join_lists(m, a, b);
	return eval_arithmetic(m, n, a, b);
}

struct value
machine_binary(struct machine *m, const struct node *n)
{
	struct value a = machine_eval(m, n->args[0]), b;

	if (value_is_error(a))
		return a;
	b = machine_eval(m, n->args[1]);
	if (value_is_error(b))
		return b;
	if (n->kind == NODE_EQUAL || n->kind == NODE_UNEQUAL)
		return eval_equal(m, n, a, b);
	if (n->kind >= NODE_LESS && n->kind <= NODE_GREATER_EQUAL)
		return eval_order(m, n, a, b);
	if (n->kind == NODE_IN)
		return eval_in(m, n, a, b);
	if (n->kind == NODE_ADD)
		return eval_add(m, n, a, b);
	return eval_arithmetic(m, n, a, b);
}
