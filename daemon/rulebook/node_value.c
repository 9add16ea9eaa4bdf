/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/mapper.h"

#include "rulebook/scalar.h"
#include "util/nearest.h"
#include <errno.h>
#include <string.h>

static const char *
looks_like(const struct yaml_node *n)
{
	bool b;

	if (n->kind != YAML_SCALAR)
		return n->kind == YAML_LIST ? "a list" : "a map";
	if (node_is_null(n))
		return "null";
	if (scalar_bool(n, &b))
		return "bool";
	return scalar_is_int(n) ? "int" : "string";
}

static int
refuse(struct loading *l, const struct yaml_node *n, const struct type *type, const char *what)
{
	loading_complain(l, n->line, "%s must be %s, not %s", what, type->name, looks_like(n));
	return LOADING_E_REFUSED;
}

static int
int_of_node(struct loading *l, const struct yaml_node *n, const char *what, struct value *ret)
{
	int64_t i;

	if (!scalar_is_int(n))
		return refuse(l, n, &type_int, what);
	if (!scalar_int(n, &i)) {
		loading_complain(l, n->line, "%s is beyond 64 bits", what);
		return LOADING_E_REFUSED;
	}
	*ret = value_int(i);
	return 0;
}

static int
string_of_node(struct loading *l, const struct yaml_node *n, const char *what, struct value *ret)
{
	const char *text;

	if (n->kind != YAML_SCALAR || node_is_null(n))
		return refuse(l, n, &type_string, what);
	text = arena_strndup(l->rb->arena, n->text, n->len);
	if (text == NULL)
		return -ENOMEM;
	*ret = value_stringn(text, n->len);
	return 0;
}

static int
list_of_node(struct loading *l, const struct yaml_node *list, const struct type *type,
    const char *what, struct value *ret)
{
	struct value *items;
	unsigned i = 0;
	int r;

	if (list->kind != YAML_LIST)
		return refuse(l, list, type, what);
	items = arena_alloc(l->rb->arena, list->n * sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
		r = value_of_node(l, n, type->elem, what, &items[i++]);
		if (r != 0)
			return r;
	}
	*ret = value_list(items, list->n);
	return 0;
}

static void
complain_field(
    struct loading *l, const struct yaml_node *n, const struct type *type, const char *what)
{
	struct nearest near = nearest_to(n->key, strlen(n->key));
	const char *shown = loading_shown(l, n->key);

	for (const struct type_field *f = type->fields; f->name != NULL; f++)
		nearest_offer(&near, f->name);
	if (near.name != NULL)
		loading_complain(l, n->key_line, "%s has no field `%s`; did you mean `%s`?", what,
		    shown, near.name);
	else
		loading_complain(l, n->key_line, "%s has no field `%s`", what, shown);
}

/* The type of an entry of a map or record; NULL after a complaint. */
static const struct type *
entry_type(struct loading *l, const struct yaml_node *n, const struct type *type, const char *what)
{
	const struct type_field *field;

	if (type->kind == TYPE_MAP)
		return type->elem;
	field = type_field_find(type, n->key);
	if (field != NULL)
		return field->type;
	complain_field(l, n, type, what);
	return NULL;
}

static int
map_of_node(struct loading *l, const struct yaml_node *map, const struct type *type,
    const char *what, struct value *ret)
{
	const struct type *elem;
	struct value_entry *e;
	unsigned i = 0;
	char *key;
	int r;

	if (map->kind != YAML_MAP)
		return refuse(l, map, type, what);
	e = arena_alloc(l->rb->arena, map->n * sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	for (const struct yaml_node *n = map->first; n != NULL; n = n->next, i++) {
		elem = entry_type(l, n, type, what);
		if (elem == NULL)
			return LOADING_E_REFUSED;
		key = arena_strdup(l->rb->arena, n->key);
		if (key == NULL)
			return -ENOMEM;
		e[i].key = value_string(key);
		r = value_of_node(l, n, elem, what, &e[i].value);
		if (r != 0)
			return r;
	}
	*ret = value_map(e, map->n);
	return 0;
}

static int
dyn_of_node(struct loading *l, const struct yaml_node *n, const char *what, struct value *ret)
{
	bool b = false;

	if (n->kind == YAML_LIST)
		return list_of_node(l, n, &type_list_dyn, what, ret);
	if (n->kind == YAML_MAP)
		return map_of_node(l, n, &type_map_dyn, what, ret);
	if (scalar_is_int(n))
		return int_of_node(l, n, what, ret);
	if (!node_is_null(n) && !scalar_bool(n, &b))
		return string_of_node(l, n, what, ret);
	*ret = node_is_null(n) ? value_null() : value_bool(b);
	return 0;
}

/* Recursion is as deep as the reader let the nodes be. */
int
value_of_node(struct loading *l, const struct yaml_node *n, const struct type *type,
    const char *what, struct value *ret)
{
	bool b;

	switch (type->kind) {
	case TYPE_DYN:
		return dyn_of_node(l, n, what, ret);
	case TYPE_NULL:
		*ret = value_null();
		return node_is_null(n) ? 0 : refuse(l, n, type, what);
	case TYPE_BOOL:
		if (!scalar_bool(n, &b))
			return refuse(l, n, type, what);
		*ret = value_bool(b);
		return 0;
	case TYPE_INT:
		return int_of_node(l, n, what, ret);
	case TYPE_STRING:
		return string_of_node(l, n, what, ret);
	case TYPE_LIST:
		return list_of_node(l, n, type, what, ret);
	case TYPE_MAP:
	case TYPE_RECORD:
		return map_of_node(l, n, type, what, ret);
	}
	return -EINVAL;
}
