/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions: parsed, checked against the facts of containers, evaluated. What must hold is the
 * first law: an outcome that comes although some facts can't be read is the outcome whatever they
 * are. So each is evaluated in two worlds: one in which all can be read, and the same one with some
 * facts unreadable, or lists cut. Errors of a value can't be absorbed by reading more of it. */
#include "fuzz.h"

#include "expr/expr.h"
#include "rulebook/rulebook.h"
#include "util/arena.h"
#include <string.h>

enum {
	DEPTH_MAX = 3,
};

struct world {
	struct value values[_FACTS], params[256];
};

static const char *const texts[] = { "", "a", "/etc/docker", "none", "0", "x=y", "root", "docker",
	"/var/run/docker.sock", "1.2.3" };
static const int64_t numbers[] = { 0, 1, -1, 2, 0644, 0777, INT64_MAX, INT64_MIN };

static struct value any_value(
    struct dice *d, const struct type *type, unsigned depth, struct arena *a);

static struct value
any_list(struct dice *d, const struct type *elem, unsigned depth, struct arena *a)
{
	unsigned n = dice_roll(d, 4);
	struct value *items = arena_alloc(a, (n + 1) * sizeof(*items));

	must(items != NULL);
	for (unsigned i = 0; i < n; i++)
		items[i] = any_value(d, elem, depth + 1, a);
	return value_list(items, n);
}

static struct value
any_record(struct dice *d, const struct type *type, unsigned depth, struct arena *a)
{
	struct value_entry *entries;
	unsigned n = 0;

	while (type->fields[n].name != NULL)
		n++;
	entries = arena_alloc(a, (n + 1) * sizeof(*entries));
	must(entries != NULL);
	for (unsigned i = 0; i < n; i++)
		entries[i] = (struct value_entry){ value_string(type->fields[i].name),
			any_value(d, type->fields[i].type, depth + 1, a) };
	return value_map(entries, n);
}

static struct value
any_map(struct dice *d, const struct type *type, unsigned depth, struct arena *a)
{
	struct value_entry *entries = arena_alloc(a, 2 * sizeof(*entries));
	unsigned n = dice_roll(d, 3);

	must(entries != NULL);
	for (unsigned i = 0; i < n; i++)
		entries[i] = (struct value_entry){ value_string(texts[i + 1]),
			any_value(d, type->elem != NULL ? type->elem : &type_dyn, depth + 1, a) };
	return value_map(entries, n);
}

static struct value
any_value(struct dice *d, const struct type *type, unsigned depth, struct arena *a)
{
	static const struct type *const any[] = { &type_null, &type_bool, &type_int, &type_string,
		&type_list_dyn, &type_map_dyn };

	switch (type->kind) {
	case TYPE_DYN:
		return any_value(d, any[dice_roll(d, depth < DEPTH_MAX ? 6 : 4)], depth, a);
	case TYPE_NULL:
		return value_null();
	case TYPE_BOOL:
		return value_bool(dice_roll(d, 2) != 0);
	case TYPE_INT:
		return value_int(numbers[dice_roll(d, ARRAY_SIZE(numbers))]);
	case TYPE_STRING:
		return value_string(texts[dice_roll(d, ARRAY_SIZE(texts))]);
	case TYPE_LIST:
		return any_list(d, type->elem, depth, a);
	case TYPE_MAP:
		return any_map(d, type, depth, a);
	case TYPE_RECORD:
		return any_record(d, type, depth, a);
	}
	must(!"a type of some kind");
	return value_null();
}

/* Some of it can no longer be looked at. */
static struct value
blinded(struct dice *d, struct value v)
{
	if (dice_roll(d, 3) != 0)
		return v;
	if (v.type == VALUE_LIST && v.len > 0 && dice_roll(d, 2) == 0) {
		v.len = dice_roll(d, v.len + 1);
		v.cut = true;
		return v;
	}
	return value_unreadable("nobody looks here");
}

static void
make_worlds(struct world *seen, struct world *blind, struct dice *d, struct arena *a)
{
	must(param_count <= ARRAY_SIZE(seen->params));
	for (unsigned i = 0; i < _FACTS; i++) {
		seen->values[i] =
		    dice_roll(d, 8) == 0 ? value_absent() : any_value(d, fact_table[i].type, 0, a);
		blind->values[i] = blinded(d, seen->values[i]);
	}
	for (unsigned i = 0; i < param_count; i++)
		seen->params[i] = blind->params[i] = any_value(d, param_table[i].type, 0, a);
}

static const struct value *
look(void *context, unsigned id)
{
	const struct world *w = context;

	must(id < _FACTS || (id >= PARAM_ID_FIRST && id < PARAM_ID_FIRST + param_count));
	return id < _FACTS ? &w->values[id] : &w->params[id - PARAM_ID_FIRST];
}

static struct expr_outcome
evaluate(const struct expr *e, struct world *w, const struct value *vars, struct arena *a)
{
	struct expr_input in = { .fact = look, .context = w, .vars = vars };
	struct expr_outcome o = { .unreadable_fact = -2 };

	arena_reset(a);
	if (expr_eval(&o, e, &in, a) != 0)
		return (struct expr_outcome){ .error = "no memory for the message" };
	must(o.error != NULL ? o.error[0] != '\0' : o.value.type < VALUE_ABSENT);
	must(o.unreadable_fact == -1 || (o.error != NULL && o.unreadable_fact >= 0));
	return o;
}

/* The world that is seen may cost more to look at. */
static bool
ran_out(const char *error)
{
	return strstr(error, "too many steps") != NULL || strstr(error, "memory") != NULL;
}

/* It, or a list in it, may have more elements that nobody saw. */
static bool
is_cut(const struct value *v)
{
	if (v->type != VALUE_LIST)
		return false;
	for (uint32_t i = 0; i < v->len; i++)
		if (is_cut(&v->items[i]))
			return true;
	return v->cut;
}

static void
compare(const struct expr_outcome *blind, const struct expr_outcome *seen)
{
	if (blind->error != NULL || is_cut(&blind->value))
		return;
	if (seen->error != NULL) {
		must(ran_out(seen->error));
		return;
	}
	must(value_same(&blind->value, &seen->value));
}

static void
evaluate_checked(struct expr *e, struct dice d)
{
	static struct arena *facts, *first, *second;
	static struct world seen, blind;
	struct expr_outcome a, b;
	size_t n;

	if (facts == NULL) {
		facts = arena_new(EXPR_MEMORY_MAX);
		first = arena_new(EXPR_MEMORY_MAX);
		second = arena_new(EXPR_MEMORY_MAX);
	}
	arena_reset(facts);
	make_worlds(&seen, &blind, &d, facts);
	must(expr_type(e) != NULL);
	(void)expr_reads(e, &n);
	a = evaluate(e, &seen, NULL, first);
	must(a.error != NULL || type_holds(expr_type(e), &a.value));
	b = evaluate(e, &blind, NULL, second);
	compare(&b, &a);
}

static void
evaluate_parsed(const struct expr *e)
{
	static struct arena *a;
	struct value_entry entries[ARRAY_SIZE(texts)];
	struct value vars = value_map(entries, 2);

	if (a == NULL)
		a = arena_new(EXPR_MEMORY_MAX);
	entries[0] = (struct value_entry){ value_string("a"), value_int(3) };
	entries[1] = (struct value_entry){ value_string("b"), value_string("text") };
	(void)evaluate(e, NULL, &vars, a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(expr_freep) struct expr *e = NULL;
	_cleanup_(freep) char *why = NULL;
	struct parts parts = { .at = (const char *)data, .left = size };
	_cleanup_(freep) char *text = part_next(&parts, &size);
	int r;

	r = expr_parse(&e, text, size, &why);
	must((r == 0) == (e != NULL) && (r != 0) == (why != NULL));
	if (r != 0)
		return 0;
	evaluate_parsed(e);
	r = expr_check(e, rulebook_names(SUBJECT_CONTAINER), NULL, &why);
	must((r != 0) == (why != NULL));
	if (r == 0)
		evaluate_checked(e, dice_of(data, size));
	return 0;
}
