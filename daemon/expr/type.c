/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/type.h"

#include "expr/value.h"
#include <string.h>

const struct type type_dyn = { .kind = TYPE_DYN, .name = "dyn" };
const struct type type_null = { .kind = TYPE_NULL, .name = "null" };
const struct type type_bool = { .kind = TYPE_BOOL, .name = "bool" };
const struct type type_int = { .kind = TYPE_INT, .name = "int" };
const struct type type_string = { .kind = TYPE_STRING, .name = "string" };
const struct type type_list_string = { TYPE_LIST, "list(string)", .elem = &type_string };
const struct type type_list_int = { TYPE_LIST, "list(int)", .elem = &type_int };
const struct type type_list_dyn = { TYPE_LIST, "list(dyn)", .elem = &type_dyn };
const struct type type_map_dyn = { TYPE_MAP, "map(dyn)", .elem = &type_dyn };

const struct type_field *
type_field_find(const struct type *record, const char *name)
{
	for (const struct type_field *f = record->fields; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static bool
record_meets_map(const struct type *record, const struct type *map)
{
	for (const struct type_field *f = record->fields; f->name != NULL; f++)
		if (!type_meets(f->type, map->elem))
			return false;
	return true;
}

/* Records are compared by their fields: two topics may describe one thing each in a table of its
 * own. */
static bool
record_meets_record(const struct type *a, const struct type *b)
{
	const struct type_field *other;
	unsigned n = 0;

	if (a->fields == b->fields)
		return true;
	for (const struct type_field *f = a->fields; f->name != NULL; f++, n++) {
		other = type_field_find(b, f->name);
		if (other == NULL || !type_meets(f->type, other->type))
			return false;
	}
	return b->fields[n].name == NULL;
}

bool
type_meets(const struct type *a, const struct type *b)
{
	if (a == b || a->kind == TYPE_DYN || b->kind == TYPE_DYN)
		return true;
	if (a->kind == TYPE_RECORD && b->kind == TYPE_MAP)
		return record_meets_map(a, b);
	if (a->kind == TYPE_MAP && b->kind == TYPE_RECORD)
		return record_meets_map(b, a);
	if (a->kind != b->kind)
		return false;
	if (a->kind == TYPE_LIST || a->kind == TYPE_MAP)
		return type_meets(a->elem, b->elem);
	return a->kind != TYPE_RECORD || record_meets_record(a, b);
}

static bool
list_holds(const struct type *t, const struct value *v)
{
	for (uint32_t i = 0; i < v->len; i++)
		if (!type_holds(t->elem, &v->items[i]))
			return false;
	return true;
}

static bool
map_holds(const struct type *t, const struct value *v)
{
	for (uint32_t i = 0; i < v->len; i++)
		if (v->entries[i].key.type != VALUE_STRING ||
		    !type_holds(t->elem, &v->entries[i].value))
			return false;
	return true;
}

/* A field that is missing is as good as one that is absent; a field that isn't in the type is a
 * mistake. */
static bool
record_holds(const struct type *t, const struct value *v)
{
	const struct type_field *f;

	for (uint32_t i = 0; i < v->len; i++) {
		if (v->entries[i].key.type != VALUE_STRING)
			return false;
		f = type_field_find(t, v->entries[i].key.string);
		if (f == NULL || !type_holds(f->type, &v->entries[i].value))
			return false;
	}
	return true;
}

bool
type_holds(const struct type *t, const struct value *v)
{
	if (v->type == VALUE_ABSENT || v->type == VALUE_UNREADABLE)
		return true;
	switch (t->kind) {
	case TYPE_DYN:
		return true;
	case TYPE_NULL:
		return v->type == VALUE_NULL;
	case TYPE_BOOL:
		return v->type == VALUE_BOOL;
	case TYPE_INT:
		return v->type == VALUE_INT;
	case TYPE_STRING:
		return v->type == VALUE_STRING;
	case TYPE_LIST:
		return v->type == VALUE_LIST && list_holds(t, v);
	case TYPE_MAP:
		return v->type == VALUE_MAP && map_holds(t, v);
	case TYPE_RECORD:
		return v->type == VALUE_MAP && record_holds(t, v);
	}
	return false;
}
