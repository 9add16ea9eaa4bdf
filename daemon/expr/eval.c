/* SPDX-License-Identifier: Apache-2.0
 *
 * The evaluator walks the tree. Values go by value, two machine words each; operators on simple
 * ones allocate nothing. */
#include "expr/eval.h"

#include "expr/builtin.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct value
error_value(const char *message, int fact)
{
	return (
	    struct value){ .type = VALUE_ERROR, .len = (uint32_t)(fact + 1), .string = message };
}

struct value
machine_give_up(struct machine *m, const char *why)
{
	if (m->fatal == NULL)
		m->fatal = why;
	m->steps = EXPR_STEPS_MAX;
	return error_value(m->fatal, -1);
}

struct value
machine_fail(struct machine *m, int fact, const char *format, ...)
{
	char buffer[512], *message;
	va_list args;

	if (m->muted > 0)
		return error_value("an error", fact);
	va_start(args, format);
	(void)vsnprintf(buffer, sizeof(buffer), format, args);
	va_end(args);
	message = arena_strdup(m->arena, buffer);
	return message == NULL ? machine_give_up(m, "out of memory") : error_value(message, fact);
}

bool
machine_charge(struct machine *m, size_t steps)
{
	if (steps >= EXPR_STEPS_MAX - m->steps) {
		(void)machine_give_up(m, "the evaluation takes too many steps");
		return false;
	}
	m->steps += (unsigned)steps;
	return true;
}

void *
machine_alloc(struct machine *m, size_t size)
{
	void *p = arena_alloc(m->arena, size);

	if (p == NULL)
		(void)machine_give_up(m, "the evaluation takes too much memory");
	return p;
}

struct value
machine_fail_cut(struct machine *m, const struct node *from, struct value v)
{
	return machine_fail(m, from->root, "cut at %u entries", v.len);
}

/* What a place holds, once it is read as a value. */
static struct value
read_value(struct machine *m, const struct value *v, const char *name, int fact)
{
	if (v->type == VALUE_ABSENT)
		return machine_fail(m, fact, "%s: absent", name);
	if (v->type == VALUE_UNREADABLE)
		return machine_fail(m, fact, "%s: %s", name, v->string);
	return *v;
}

static const struct value *
find_variable(const struct machine *m, const char *path)
{
	return m->input->vars == NULL || path == NULL ? NULL : value_get(m->input->vars, path);
}

static struct value
eval_name(struct machine *m, const struct node *n)
{
	const struct value *v = find_variable(m, n->path);

	if (v == NULL)
		return machine_fail(m, -1, "no such name: %s", n->path);
	return read_value(m, v, n->path, -1);
}

static struct value
eval_fact(struct machine *m, const struct node *n)
{
	const struct value *v = m->input->fact(m->input->context, n->fact);

	if (v->type < VALUE_ABSENT)
		return *v;
	return read_value(m, v, n->path, (int)n->fact);
}

struct value
machine_presence(struct machine *m, const struct value *v, const char *name, int fact)
{
	if (v->type == VALUE_UNREADABLE)
		return machine_fail(m, fact, "%s: %s", name, v->string);
	return value_bool(v->type != VALUE_ABSENT);
}

static struct value
eval_has_fact(struct machine *m, const struct node *n)
{
	return machine_presence(
	    m, m->input->fact(m->input->context, n->fact), n->path, (int)n->fact);
}

static struct value
eval_select(struct machine *m, const struct node *n)
{
	const struct value *found = find_variable(m, n->path);
	struct value map;

	if (found != NULL)
		return read_value(m, found, n->path, -1);
	map = machine_eval(m, n->args[0]);
	if (value_is_error(map))
		return map;
	if (map.type != VALUE_MAP)
		return machine_fail(m, -1, "%s of %s: it has no fields", n->value.string,
		    value_type_name(map.type));
	if (!machine_charge(m, map.len / 16))
		return machine_give_up(m, m->fatal);
	found = value_lookup(&map, &n->value);
	if (found != NULL)
		return read_value(m, found, n->value.string, n->root);
	if (map.cut)
		return machine_fail_cut(m, n, map);
	return machine_fail(m, -1, "no such key: %s", n->value.string);
}

static struct value
eval_has(struct machine *m, const struct node *n)
{
	const struct value *found = find_variable(m, n->path);
	struct value map;

	if (found != NULL)
		return machine_presence(m, found, n->path, -1);
	map = machine_eval(m, n->args[0]);
	if (value_is_error(map))
		return map;
	if (map.type != VALUE_MAP)
		return machine_fail(m, -1, "has(%s) of %s: it has no fields", n->value.string,
		    value_type_name(map.type));
	found = value_lookup(&map, &n->value);
	if (found != NULL)
		return machine_presence(m, found, n->value.string, n->root);
	return map.cut ? machine_fail_cut(m, n, map) : value_bool(false);
}

/* Positions in a cut list aren't to be trusted: elements may have been left out before others were
 * appended. */
static struct value
index_list(struct machine *m, const struct node *n, struct value list, struct value index)
{
	if (index.type != VALUE_INT)
		return machine_fail(
		    m, -1, "no such overload: list[%s]", value_type_name(index.type));
	if (list.cut)
		return machine_fail_cut(m, n, list);
	if (index.integer < 0 || index.integer >= list.len)
		return machine_fail(m, -1, "index out of range: %" PRIi64, index.integer);
	return read_value(m, &list.items[index.integer], "element", n->root);
}

static struct value
index_map(struct machine *m, const struct node *n, struct value map, struct value key)
{
	const struct value *found = value_lookup(&map, &key);

	if (!machine_charge(m, map.len / 16))
		return machine_give_up(m, m->fatal);
	if (found != NULL)
		return read_value(
		    m, found, key.type == VALUE_STRING ? key.string : "entry", n->root);
	if (map.cut)
		return machine_fail_cut(m, n, map);
	if (key.type == VALUE_STRING)
		return machine_fail(m, -1, "no such key: %s", key.string);
	if (key.type == VALUE_INT)
		return machine_fail(m, -1, "no such key: %" PRIi64, key.integer);
	return machine_fail(m, -1, "no such key");
}

static struct value
eval_index(struct machine *m, const struct node *n)
{
	struct value operand = machine_eval(m, n->args[0]), index;

	if (value_is_error(operand))
		return operand;
	index = machine_eval(m, n->args[1]);
	if (value_is_error(index))
		return index;
	if (operand.type == VALUE_LIST)
		return index_list(m, n, operand, index);
	if (operand.type == VALUE_MAP)
		return index_map(m, n, operand, index);
	return machine_fail(m, -1, "no such overload: %s[%s]", value_type_name(operand.type),
	    value_type_name(index.type));
}

/* The operand that decides ends it, and errors only count when none does. So it doesn't matter on
 * which side they are. */
static struct value
eval_row(struct machine *m, const struct node *n, bool decides)
{
	struct value first = value_bool(!decides), v;
	bool muted = false;

	for (uint16_t i = 0; i < n->n_args; i++) {
		v = machine_eval(m, n->args[i]);
		if (v.type == VALUE_BOOL && v.boolean == decides) {
			first = v;
			break;
		}
		if (v.type == VALUE_BOOL || muted)
			continue;
		first = value_is_error(v) ? v
					  : machine_fail(m, -1, "no such overload: %s on %s",
						node_sign(n->kind), value_type_name(v.type));
		m->muted++;
		muted = true;
	}
	m->muted -= muted;
	return first;
}

static struct value
eval_condition(struct machine *m, const struct node *n)
{
	struct value v = machine_eval(m, n->args[0]);

	if (value_is_error(v))
		return v;
	if (v.type != VALUE_BOOL)
		return machine_fail(m, -1, "no such overload: %s ? :", value_type_name(v.type));
	return machine_eval(m, n->args[v.boolean ? 1 : 2]);
}

static struct value
eval_not(struct machine *m, const struct node *n)
{
	struct value v = machine_eval(m, n->args[0]);

	if (v.type == VALUE_BOOL)
		return value_bool(!v.boolean);
	if (value_is_error(v))
		return v;
	return machine_fail(m, -1, "no such overload: !%s", value_type_name(v.type));
}

static struct value
eval_negate(struct machine *m, const struct node *n)
{
	struct value v = machine_eval(m, n->args[0]);

	if (value_is_error(v))
		return v;
	if (v.type != VALUE_INT)
		return machine_fail(m, -1, "no such overload: -%s", value_type_name(v.type));
	if (v.integer == INT64_MIN)
		return machine_fail(m, -1, "integer overflow");
	return value_int(-v.integer);
}

static struct value
eval_list(struct machine *m, const struct node *n)
{
	struct value *items = machine_alloc(m, n->n_args * sizeof(*items));

	if (items == NULL)
		return machine_give_up(m, m->fatal);
	for (uint16_t i = 0; i < n->n_args; i++) {
		items[i] = machine_eval(m, n->args[i]);
		if (value_is_error(items[i]))
			return items[i];
	}
	return value_list(items, n->n_args);
}

static struct value
eval_entry(struct machine *m, const struct node *n, struct value_entry *entries, uint32_t i)
{
	const struct value so_far = value_map(entries, i);
	struct value key = machine_eval(m, n->args[2 * i]);

	if (value_is_error(key))
		return key;
	if (key.type != VALUE_STRING && key.type != VALUE_INT && key.type != VALUE_BOOL)
		return machine_fail(m, -1, "a key can't be %s", value_type_name(key.type));
	if (!machine_charge(m, i / 16))
		return machine_give_up(m, m->fatal);
	if (value_lookup(&so_far, &key) != NULL)
		return machine_fail(m, -1, "a key is there twice");
	entries[i].key = key;
	entries[i].value = machine_eval(m, n->args[2 * i + 1]);
	return entries[i].value;
}

static struct value
eval_map(struct machine *m, const struct node *n)
{
	uint32_t count = n->n_args / 2;
	struct value_entry *entries = machine_alloc(m, count * sizeof(*entries));
	struct value v;

	if (entries == NULL)
		return machine_give_up(m, m->fatal);
	for (uint32_t i = 0; i < count; i++) {
		v = eval_entry(m, n, entries, i);
		if (value_is_error(v))
			return v;
	}
	return value_map(entries, count);
}

static struct value
eval_call(struct machine *m, const struct node *n)
{
	const struct builtin *b = n->builtin;
	struct value args[BUILTIN_ARGS_MAX];

	if (b == NULL)
		return machine_fail(m, -1, "no such function: %s()", n->value.string);
	if (b->n_args != n->n_args)
		return machine_fail(
		    m, -1, "no such overload: %s() of %u arguments", b->name, n->n_args);
	for (unsigned i = 0; i < b->n_args; i++) {
		args[i] = machine_eval(m, n->args[i]);
		if (value_is_error(args[i]))
			return args[i];
		if ((b->args[i] & 1u << args[i].type) == 0)
			return machine_fail(m, -1, "no such overload: %s() takes %s, not %s",
			    b->name, b->wants[i], value_type_name(args[i].type));
	}
	return b->run(m, n, args);
}

struct value
machine_eval(struct machine *m, const struct node *n)
{
	if (m->steps >= EXPR_STEPS_MAX)
		return machine_give_up(m, "the evaluation takes too many steps");
	m->steps++;
	switch ((enum node_kind)n->kind) {
	case NODE_LITERAL:
		return n->value;
	case NODE_NAME:
		return eval_name(m, n);
	case NODE_FACT:
		return eval_fact(m, n);
	case NODE_HAS_FACT:
		return eval_has_fact(m, n);
	case NODE_VARIABLE:
		return read_value(m, &m->slots[n->slot], n->value.string, n->root);
	case NODE_SELECT:
		return eval_select(m, n);
	case NODE_HAS:
		return eval_has(m, n);
	case NODE_INDEX:
		return eval_index(m, n);
	case NODE_NOT:
		return eval_not(m, n);
	case NODE_NEGATE:
		return eval_negate(m, n);
	case NODE_AND:
		return eval_row(m, n, false);
	case NODE_OR:
		return eval_row(m, n, true);
	case NODE_CONDITION:
		return eval_condition(m, n);
	case NODE_EQUAL:
	case NODE_UNEQUAL:
	case NODE_LESS:
	case NODE_LESS_EQUAL:
	case NODE_GREATER:
	case NODE_GREATER_EQUAL:
	case NODE_IN:
	case NODE_ADD:
	case NODE_SUBTRACT:
	case NODE_MULTIPLY:
	case NODE_DIVIDE:
	case NODE_REMAINDER:
		return machine_binary(m, n);
	case NODE_LIST:
		return eval_list(m, n);
	case NODE_MAP:
		return eval_map(m, n);
	case NODE_CALL:
		return eval_call(m, n);
	case NODE_ALL:
	case NODE_EXISTS:
	case NODE_EXISTS_ONE:
	case NODE_FILTER:
	case NODE_TRANSFORM:
		return machine_macro(m, n);
	}
	return machine_give_up(m, "no such node");
}

int
expr_eval(
    struct expr_outcome *ret, const struct expr *e, const struct expr_input *input, struct arena *a)
{
	struct machine m;
	struct value v;

	/* Slots are written before they are read: no need to clear them each time. */
	m.input = input;
	m.arena = a;
	m.steps = 0;
	m.muted = 0;
	m.fatal = NULL;
	v = machine_eval(&m, e->root);
	*ret = (struct expr_outcome){ .value = v, .unreadable_fact = -1 };
	if (m.fatal != NULL || value_is_error(v)) {
		ret->value = value_null();
		ret->error = m.fatal != NULL ? m.fatal : v.string;
		ret->unreadable_fact = m.fatal != NULL ? -1 : (int)v.len - 1;
	}
	return 0;
}
