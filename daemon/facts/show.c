/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
show_count(struct value *ret, const struct value *v, struct arena *a)
{
	struct value_entry *entries = arena_alloc(a, 2 * sizeof(*entries));
	bool counted = v->type == VALUE_LIST || v->type == VALUE_MAP;
	size_t n = 0;

	if (entries == NULL)
		return -ENOMEM;
	if (counted)
		entries[n++] = (struct value_entry){ value_string("count"), value_int(v->len) };
	else
		entries[n++] = (struct value_entry){ value_string("hidden"), value_bool(true) };
	if (counted && v->cut)
		entries[n++] = (struct value_entry){ value_string("cut"), value_bool(true) };
	*ret = value_map(entries, n);
	return 0;
}

/* The k of "k=v"; the whole of what has no value. */
static int
name_of(struct value *ret, const struct value *v, struct arena *a)
{
	const char *equals, *name;
	size_t len;

	*ret = value_string("(hidden)");
	if (v->type != VALUE_STRING)
		return 0;
	equals = memchr(v->string, '=', v->len);
	len = equals == NULL ? v->len : (size_t)(equals - v->string);
	name = arena_strndup(a, v->string, len);
	if (name == NULL)
		return -ENOMEM;
	*ret = value_stringn(name, len);
	return 0;
}

static int
show_names(struct value *ret, const struct value *v, struct arena *a)
{
	struct value *names;
	int r = 0;

	if (v->type != VALUE_LIST && v->type != VALUE_MAP)
		return name_of(ret, v, a);
	names = arena_alloc(a, v->len * sizeof(*names));
	if (names == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < v->len; i++) {
		if (v->type == VALUE_LIST)
			r = name_of(&names[i], &v->items[i], a);
		else
			names[i] = v->entries[i].key;
	}
	*ret = value_list(names, v->len);
	return r;
}

static int
show_mode(struct value *ret, int64_t mode, struct arena *a)
{
	const char *text = arena_printf(a, "0%03llo", (unsigned long long)mode);

	if (text == NULL)
		return -ENOMEM;
	*ret = value_string(text);
	return 0;
}

int
fact_shown(struct value *ret, enum fact_id fact, const struct value *v, struct arena *a)
{
	unsigned flags = fact_table[fact].flags;

	*ret = *v;
	if (v->type == VALUE_NULL || v->type == VALUE_ABSENT || v->type == VALUE_UNREADABLE)
		return 0;
	if (flags & FACT_COUNT_ONLY)
		return show_count(ret, v, a);
	if (flags & FACT_NAME_ONLY)
		return show_names(ret, v, a);
	if ((flags & FACT_OCTAL) && v->type == VALUE_INT)
		return show_mode(ret, v->integer, a);
	return 0;
}
