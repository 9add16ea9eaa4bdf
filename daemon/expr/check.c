/* SPDX-License-Identifier: Apache-2.0
 *
 * The checker derives a type for each node, from the leaves up, and turns chains of names into
 * facts. It refuses what could only be an error at evaluation; dyn is left to that. */
#include "expr/ast.h"
#include "expr/builtin.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct checker {
	struct expr *e;
	const struct expr_names *names;
	/* Of the variables of macros. */
	const struct type *slots[EXPR_DEPTH_MAX];
	int roots[EXPR_DEPTH_MAX];
	char *error;
	int r;
};

/* All that checks returns NULL on failure, with c->r set. */
static const struct type *check(struct checker *c, struct node *n);

#define refuse(c, at, ...)                                                  \
	({                                                                  \
		(c)->r = expr_refuse(&(c)->error, (c)->e, at, __VA_ARGS__); \
		(const struct type *)NULL;                                  \
	})

/* Where the text of a node begins: operators stand behind their first operand. */
static uint32_t
start_of(const struct node *n)
{
	while (n->n_args > 0 && n->args[0]->at < n->at)
		n = n->args[0];
	return n->at;
}

static bool
is_kind(const struct type *t, enum type_kind kind)
{
	return t->kind == kind || t->kind == TYPE_DYN;
}

static const struct type *
type_of(struct checker *c, enum type_kind kind, const struct type *elem)
{
	const char *outer = kind == TYPE_LIST ? "list" : "map";
	struct type *t;

	assert(elem != NULL); /* a list or map of nothing is a constant */
	if (elem->kind == TYPE_DYN)
		return kind == TYPE_LIST ? &type_list_dyn : &type_map_dyn;
	t = arena_alloc(c->e->arena, sizeof(*t));
	if (t != NULL)
		t->name = arena_printf(c->e->arena, "%s(%s)", outer, elem->name);
	if (t == NULL || t->name == NULL) {
		c->r = -ENOMEM;
		return NULL;
	}
	t->kind = kind;
	t->elem = elem;
	return t;
}

/* The type that holds both of two that meet: dyn, where one of them is dyn. */
static const struct type *
join(struct checker *c, const struct type *a, const struct type *b)
{
	const struct type *elem;

	if (a == b || b->kind == TYPE_DYN)
		return b;
	if (a->kind == TYPE_DYN || (a->kind == TYPE_MAP && b->kind == TYPE_RECORD))
		return a;
	if (a->kind != b->kind || (a->kind != TYPE_LIST && a->kind != TYPE_MAP))
		return b;
	elem = join(c, a->elem, b->elem);
	return elem == NULL ? NULL : type_of(c, a->kind, elem);
}

/* The type of elements: dyn when they are of several. `so_far` is NULL before the first one. */
static const struct type *
join_element(struct checker *c, const struct type *so_far, const struct type *t)
{
	if (so_far == NULL)
		return t;
	return type_meets(so_far, t) ? join(c, so_far, t) : &type_dyn;
}

static const struct type *literal_type(struct checker *c, const struct value *v);

static const struct type *
literal_list_type(struct checker *c, const struct value *v)
{
	const struct type *elem = NULL, *t;

	for (uint32_t i = 0; i < v->len; i++) {
		t = literal_type(c, &v->items[i]);
		elem = t == NULL ? NULL : join_element(c, elem, t);
		if (elem == NULL)
			return NULL;
	}
	return type_of(c, TYPE_LIST, elem == NULL ? &type_dyn : elem);
}

/* Only maps with string keys have a type of their own. */
static const struct type *
literal_map_type(struct checker *c, const struct value *v)
{
	const struct type *elem = NULL, *t;

	for (uint32_t i = 0; i < v->len; i++) {
		if (v->entries[i].key.type != VALUE_STRING)
			return &type_dyn;
		t = literal_type(c, &v->entries[i].value);
		elem = t == NULL ? NULL : join_element(c, elem, t);
		if (elem == NULL)
			return NULL;
	}
	return type_of(c, TYPE_MAP, elem == NULL ? &type_dyn : elem);
}

static const struct type *
literal_type(struct checker *c, const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		return &type_null;
	case VALUE_BOOL:
		return &type_bool;
	case VALUE_INT:
		return &type_int;
	case VALUE_STRING:
		return &type_string;
	case VALUE_LIST:
		return literal_list_type(c, v);
	case VALUE_MAP:
		return literal_map_type(c, v);
	case VALUE_ABSENT:
	case VALUE_UNREADABLE:
		break;
	}
	return &type_dyn;
}

/* What `tell` says of the longest path of a chain that it says something of, or NULL. */
static const char *
ask_names(const struct checker *c, const struct node *chain,
    const char *(*tell)(const struct expr_names *, const char *, size_t), const char **ret_path)
{
	const char *said = NULL;

	for (const struct node *n = chain; said == NULL && tell != NULL; n = n->args[0]) {
		said = tell(c->names, n->path, strlen(n->path));
		if (said != NULL)
			*ret_path = n->path;
		if (n->kind == NODE_NAME)
			break;
	}
	return said;
}

static const struct type *
refuse_name(struct checker *c, const struct node *chain)
{
	const struct node *first = chain;
	const char *path, *said;

	while (first->kind != NODE_NAME)
		first = first->args[0];
	said = ask_names(c, chain, c->names->elsewhere, &path);
	if (said != NULL)
		return refuse(c, first->at, "%s %s", path, said);
	said = ask_names(c, chain, c->names->nearest, &path);
	if (said != NULL)
		return refuse(c, first->at, "no such fact: %s; did you mean %s?", path, said);
	return refuse(c, first->at, "no such fact: %s", chain->path);
}

/* Turns the longest part of a chain that is a name into a fact; what comes after it are selections.
 */
static const struct type *
resolve_chain(struct checker *c, struct node *chain)
{
	const struct type *t = NULL;
	struct node *n = chain;
	unsigned id = 0;

	while (!c->names->resolve(c->names, n->path, strlen(n->path), &id, &t)) {
		if (n->kind == NODE_NAME)
			return refuse_name(c, chain);
		n = n->args[0];
	}
	for (struct node *over = chain; over != n; over = over->args[0])
		over->path = NULL;
	n->kind = n->kind == NODE_HAS ? NODE_HAS_FACT : NODE_FACT;
	n->at = start_of(n);
	n->fact = id;
	n->type = n->kind == NODE_FACT ? t : &type_bool;
	n->root = (int)id;
	n->n_args = 0;
	c->e->reads[c->e->n_reads++] = id;
	return n == chain ? n->type : check(c, chain);
}

/* "it has type, source, destination", for a field that it hasn't. */
static const struct type *
refuse_field(struct checker *c, const struct node *n, const struct type *record)
{
	char list[256] = "";
	size_t used = 0;

	for (const struct type_field *f = record->fields; f->name != NULL; f++) {
		if (used + strlen(f->name) + sizeof(", ...") >= sizeof(list)) {
			(void)stpcpy(list + used, ", ...");
			break;
		}
		if (used > 0)
			used = (size_t)(stpcpy(list + used, ", ") - list);
		used = (size_t)(stpcpy(list + used, f->name) - list);
	}
	return refuse(
	    c, n->at, "%s has no field: %s; it has %s", record->name, n->value.string, list);
}

static const struct type *
check_select(struct checker *c, struct node *n)
{
	const struct type *t;
	const struct type_field *f;

	if (n->path != NULL)
		return resolve_chain(c, n);
	t = check(c, n->args[0]);
	if (t == NULL)
		return NULL;
	n->root = n->args[0]->root;
	if (t->kind == TYPE_RECORD) {
		f = type_field_find(t, n->value.string);
		if (f == NULL)
			return refuse_field(c, n, t);
		t = f->type;
	} else if (t->kind == TYPE_MAP) {
		t = t->elem;
	} else if (t->kind != TYPE_DYN) {
		return refuse(c, n->at, "%s has no fields", t->name);
	}
	return n->kind == NODE_HAS ? &type_bool : t;
}

/* A record is asked by the name of a field: any other text is unknown until it is evaluated. */
static const struct type *
check_record_index(struct checker *c, struct node *n, const struct type *record)
{
	const struct node *index = n->args[1];
	const struct type_field *f;

	if (index->kind != NODE_LITERAL || index->value.type != VALUE_STRING)
		return &type_dyn;
	f = type_field_find(record, index->value.string);
	if (f != NULL)
		return f->type;
	return refuse(c, index->at, "%s has no field: %s", record->name, index->value.string);
}

static const struct type *
check_index(struct checker *c, struct node *n)
{
	const struct type *t = check(c, n->args[0]), *index;
	enum type_kind wanted;

	index = t == NULL ? NULL : check(c, n->args[1]);
	if (index == NULL)
		return NULL;
	n->root = n->args[0]->root;
	if (t->kind == TYPE_DYN)
		return t;
	if (t->kind != TYPE_LIST && t->kind != TYPE_MAP && t->kind != TYPE_RECORD)
		return refuse(c, n->at, "%s has no elements", t->name);
	wanted = t->kind == TYPE_LIST ? TYPE_INT : TYPE_STRING;
	if (!is_kind(index, wanted))
		return refuse(c, start_of(n->args[1]), "%s is indexed by %s, not %s", t->name,
		    wanted == TYPE_INT ? "int" : "string", index->name);
	return t->kind == TYPE_RECORD ? check_record_index(c, n, t) : t->elem;
}

/* Operators whose operands are all of one type. */
static const struct type *
check_operands(struct checker *c, struct node *n, const struct type *wanted)
{
	const struct type *t;

	for (uint16_t i = 0; i < n->n_args; i++) {
		t = check(c, n->args[i]);
		if (t == NULL)
			return NULL;
		if (!is_kind(t, wanted->kind))
			return refuse(c, start_of(n->args[i]), "%s takes %s, not %s",
			    node_sign(n->kind), wanted->name, t->name);
	}
	return wanted;
}

static const struct type *
check_condition(struct checker *c, struct node *n)
{
	const struct type *t = check(c, n->args[0]), *yes, *no;

	if (t == NULL)
		return NULL;
	if (!is_kind(t, TYPE_BOOL))
		return refuse(
		    c, start_of(n->args[0]), "the condition before ? is %s, not bool", t->name);
	yes = check(c, n->args[1]);
	no = yes == NULL ? NULL : check(c, n->args[2]);
	if (no == NULL)
		return NULL;
	if (!type_meets(yes, no))
		return refuse(c, n->at, "? : gives %s or %s", yes->name, no->name);
	n->root = n->args[1]->root >= 0 ? n->args[1]->root : n->args[2]->root;
	return join(c, yes, no);
}

static const struct type *
check_equal(struct checker *c, struct node *n, const struct type *a, const struct type *b)
{
	if (type_meets(a, b))
		return &type_bool;
	return refuse(c, n->at, "%s compared with %s", a->name, b->name);
}

static const struct type *
check_order(struct checker *c, struct node *n, const struct type *a, const struct type *b)
{
	const struct type *known = a->kind == TYPE_DYN ? b : a;

	if (!type_meets(a, b))
		return refuse(c, n->at, "%s compared with %s", a->name, b->name);
	if (!is_kind(known, TYPE_INT) && !is_kind(known, TYPE_STRING) && !is_kind(known, TYPE_BOOL))
		return refuse(c, n->at, "%s has no order", known->name);
	return &type_bool;
}

static const struct type *
check_in(struct checker *c, struct node *n, const struct type *a, const struct type *b)
{
	if (b->kind == TYPE_LIST && !type_meets(a, b->elem))
		return refuse(c, n->at, "%s looked for in %s", a->name, b->name);
	if ((b->kind == TYPE_MAP || b->kind == TYPE_RECORD) && !is_kind(a, TYPE_STRING))
		return refuse(c, n->at, "%s looked for in %s", a->name, b->name);
	if (b->kind != TYPE_DYN && b->kind != TYPE_LIST && b->kind != TYPE_MAP &&
	    b->kind != TYPE_RECORD)
		return refuse(c, start_of(n->args[1]), "in takes a list or a map, not %s", b->name);
	return &type_bool;
}

static const struct type *
check_add(struct checker *c, struct node *n, const struct type *a, const struct type *b)
{
	const struct type *known = a->kind == TYPE_DYN ? b : a;

	if (!is_kind(known, TYPE_INT) && !is_kind(known, TYPE_STRING) && !is_kind(known, TYPE_LIST))
		return refuse(c, n->at, "+ takes int, string or list, not %s", known->name);
	if (a->kind != TYPE_DYN && b->kind != TYPE_DYN && a->kind != b->kind)
		return refuse(c, n->at, "+ takes two of one type, not %s and %s", a->name, b->name);
	n->root = n->args[0]->root >= 0 ? n->args[0]->root : n->args[1]->root;
	if (a->kind != TYPE_LIST || b->kind != TYPE_LIST)
		return join(c, a, b);
	known = join_element(c, a->elem, b->elem);
	return known == NULL ? NULL : type_of(c, TYPE_LIST, known);
}

static const struct type *
check_binary(struct checker *c, struct node *n)
{
	const struct type *a = check(c, n->args[0]), *b;

	b = a == NULL ? NULL : check(c, n->args[1]);
	if (b == NULL)
		return NULL;
	if (n->kind == NODE_EQUAL || n->kind == NODE_UNEQUAL)
		return check_equal(c, n, a, b);
	if (n->kind == NODE_IN)
		return check_in(c, n, a, b);
	if (n->kind == NODE_ADD)
		return check_add(c, n, a, b);
	return check_order(c, n, a, b);
}

static const struct type *
check_list(struct checker *c, struct node *n)
{
	const struct type *elem = NULL, *t;

	for (uint16_t i = 0; i < n->n_args; i++) {
		t = check(c, n->args[i]);
		elem = t == NULL ? NULL : join_element(c, elem, t);
		if (elem == NULL)
			return NULL;
	}
	return type_of(c, TYPE_LIST, elem);
}

static const struct type *
check_map(struct checker *c, struct node *n)
{
	const struct type *elem = NULL, *key, *t;
	bool texts = true;

	for (uint16_t i = 0; i < n->n_args; i += 2) {
		key = check(c, n->args[i]);
		if (key == NULL)
			return NULL;
		if (!is_kind(key, TYPE_STRING) && !is_kind(key, TYPE_INT) &&
		    !is_kind(key, TYPE_BOOL))
			return refuse(c, start_of(n->args[i]), "a key can't be %s", key->name);
		texts = texts && key->kind == TYPE_STRING;
		t = check(c, n->args[i + 1]);
		elem = t == NULL ? NULL : join_element(c, elem, t);
		if (elem == NULL)
			return NULL;
	}
	return texts ? type_of(c, TYPE_MAP, elem) : &type_dyn;
}

static unsigned
values_of(const struct type *t)
{
	switch (t->kind) {
	case TYPE_DYN:
		return ~0u;
	case TYPE_NULL:
		return 1u << VALUE_NULL;
	case TYPE_BOOL:
		return 1u << VALUE_BOOL;
	case TYPE_INT:
		return 1u << VALUE_INT;
	case TYPE_STRING:
		return 1u << VALUE_STRING;
	case TYPE_LIST:
		return 1u << VALUE_LIST;
	case TYPE_MAP:
	case TYPE_RECORD:
		return 1u << VALUE_MAP;
	}
	return 0;
}

static const struct type *
check_argument(struct checker *c, struct node *n, unsigned i)
{
	const struct builtin *b = n->builtin;
	struct node *arg = n->args[i];
	const struct type *t = check(c, arg);
	const char *wrong;

	if (t == NULL)
		return NULL;
	if ((b->args[i] & values_of(t)) == 0)
		return refuse(
		    c, start_of(arg), "%s() takes %s, not %s", b->name, b->wants[i], t->name);
	if (i != 1 || b->vet == NULL || arg->kind != NODE_LITERAL)
		return t;
	wrong = b->vet(&arg->value);
	return wrong == NULL ? t : refuse(c, start_of(arg), "%s(): %s", b->name, wrong);
}

static const struct type *
refuse_function(struct checker *c, const struct node *n)
{
	const char *name = n->value.string, *near = builtin_nearest(name);

	if (builtin_find(name, BUILTIN_METHOD) != NULL)
		return refuse(c, n->at, "%s() is called on a value: x.%s(...)", name, name);
	if (builtin_find(name, BUILTIN_GLOBAL) != NULL)
		return refuse(c, n->at, "%s() isn't called on a value: %s(x, ...)", name, name);
	if (near != NULL)
		return refuse(c, n->at, "no such function: %s(); did you mean %s()?", name, near);
	return refuse(c, n->at, "no such function: %s()", name);
}

static const struct type *
check_call(struct checker *c, struct node *n)
{
	const struct builtin *b = n->builtin;

	if (b == NULL)
		return refuse_function(c, n);
	if (n->n_args != b->n_args)
		return refuse(c, n->at, "%s() takes %u argument%s, not %u", b->name, b->n_args,
		    b->n_args == 1 ? "" : "s", n->n_args);
	for (unsigned i = 0; i < b->n_args; i++)
		if (check_argument(c, n, i) == NULL)
			return NULL;
	if (b->result->kind == TYPE_DYN)
		n->root = n->args[0]->root;
	return b->result;
}

/* The type of a macro's variable: elements of a list, keys of a map. */
static const struct type *
check_range(struct checker *c, struct node *n)
{
	const struct type *t = check(c, n->args[0]);

	if (t == NULL)
		return NULL;
	if (t->kind == TYPE_LIST)
		return t->elem;
	if (t->kind == TYPE_MAP || t->kind == TYPE_RECORD)
		return &type_string;
	if (t->kind == TYPE_DYN)
		return t;
	return refuse(c, n->at, "%s() goes through a list or a map, not %s",
	    node_macro_name(n->kind), t->name);
}

static const struct type *
check_macro(struct checker *c, struct node *n)
{
	const struct type *element = check_range(c, n), *t;
	bool made = false;

	if (element == NULL)
		return NULL;
	n->root = n->args[0]->root;
	c->slots[n->slot] = element;
	c->roots[n->slot] = n->root;
	t = element;
	for (uint16_t i = 1; i < n->n_args; i++) {
		t = check(c, n->args[i]);
		if (t == NULL)
			return NULL;
		made = n->kind == NODE_TRANSFORM && i + 1 == n->n_args;
		if (!made && !is_kind(t, TYPE_BOOL))
			return refuse(c, start_of(n->args[i]),
			    "the condition of %s() is %s, not bool", node_macro_name(n->kind),
			    t->name);
	}
	if (made)
		return type_of(c, TYPE_LIST, t);
	return n->kind == NODE_FILTER ? type_of(c, TYPE_LIST, element) : &type_bool;
}

static const struct type *
check(struct checker *c, struct node *n)
{
	switch ((enum node_kind)n->kind) {
	case NODE_LITERAL:
		return literal_type(c, &n->value);
	case NODE_NAME:
		return resolve_chain(c, n);
	case NODE_VARIABLE:
		n->root = c->roots[n->slot];
		return c->slots[n->slot];
	case NODE_SELECT:
	case NODE_HAS:
		return check_select(c, n);
	case NODE_INDEX:
		return check_index(c, n);
	case NODE_NOT:
	case NODE_AND:
	case NODE_OR:
		return check_operands(c, n, &type_bool);
	case NODE_NEGATE:
	case NODE_SUBTRACT:
	case NODE_MULTIPLY:
	case NODE_DIVIDE:
	case NODE_REMAINDER:
		return check_operands(c, n, &type_int);
	case NODE_CONDITION:
		return check_condition(c, n);
	case NODE_EQUAL:
	case NODE_UNEQUAL:
	case NODE_LESS:
	case NODE_LESS_EQUAL:
	case NODE_GREATER:
	case NODE_GREATER_EQUAL:
	case NODE_IN:
	case NODE_ADD:
		return check_binary(c, n);
	case NODE_LIST:
		return check_list(c, n);
	case NODE_MAP:
		return check_map(c, n);
	case NODE_CALL:
		return check_call(c, n);
	case NODE_ALL:
	case NODE_EXISTS:
	case NODE_EXISTS_ONE:
	case NODE_FILTER:
	case NODE_TRANSFORM:
		return check_macro(c, n);
	case NODE_FACT:
	case NODE_HAS_FACT:
		return n->type;
	}
	return refuse(c, n->at, "no such node");
}

static int
compare_ids(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static void
sort_reads(struct expr *e)
{
	size_t n = 0;

	qsort(e->reads, e->n_reads, sizeof(e->reads[0]), compare_ids);
	for (size_t i = 0; i < e->n_reads; i++)
		if (n == 0 || e->reads[n - 1] != e->reads[i])
			e->reads[n++] = e->reads[i];
	e->n_reads = n;
}

int
expr_check(struct expr *e, const struct expr_names *names, const struct type *want, char **reterr)
{
	struct checker c = { .e = e, .names = names };
	const struct type *t;

	e->reads = arena_alloc(e->arena, e->n_nodes * sizeof(e->reads[0]));
	if (e->reads == NULL)
		return -ENOMEM;
	t = check(&c, e->root);
	if (t != NULL && want != NULL && !type_meets(want, t))
		t = refuse(&c, start_of(e->root), "%s is wanted here, not %s", want->name, t->name);
	if (t == NULL) {
		if (c.r == EXPR_E_INVALID)
			*reterr = c.error;
		return c.r;
	}
	e->type = t;
	sort_reads(e);
	return 0;
}
