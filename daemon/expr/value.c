/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/value.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

struct value
value_null(void)
{
	return (struct value){ .type = VALUE_NULL };
}

struct value
value_bool(bool b)
{
	return (struct value){ .type = VALUE_BOOL, .boolean = b };
}

struct value
value_int(int64_t i)
{
	return (struct value){ .type = VALUE_INT, .integer = i };
}

struct value
value_string(const char *text)
{
	return value_stringn(text, strlen(text));
}

struct value
value_stringn(const char *text, size_t len)
{
	if (len > UINT32_MAX)
		return value_unreadable("a string over 4 GiB");
	return (struct value){ .type = VALUE_STRING, .len = (uint32_t)len, .string = text };
}

struct value
value_list(const struct value *items, size_t n)
{
	if (n > UINT32_MAX)
		return value_unreadable("a list of over 2^32 elements");
	return (struct value){ .type = VALUE_LIST, .len = (uint32_t)n, .items = items };
}

struct value
value_map(const struct value_entry *entries, size_t n)
{
	if (n > UINT32_MAX)
		return value_unreadable("a map of over 2^32 entries");
	return (struct value){ .type = VALUE_MAP, .len = (uint32_t)n, .entries = entries };
}

struct value
value_absent(void)
{
	return (struct value){ .type = VALUE_ABSENT };
}

struct value
value_unreadable(const char *reason)
{
	return (struct value){
		.type = VALUE_UNREADABLE, .len = (uint32_t)strlen(reason), .string = reason
	};
}

const char *
value_type_name(enum value_type type)
{
	switch (type) {
	case VALUE_NULL:
		return "null";
	case VALUE_BOOL:
		return "bool";
	case VALUE_INT:
		return "int";
	case VALUE_STRING:
		return "string";
	case VALUE_LIST:
		return "list";
	case VALUE_MAP:
		return "map";
	case VALUE_ABSENT:
		return "absent";
	case VALUE_UNREADABLE:
		return "unreadable";
	}
	return "?";
}

const struct value *
value_get(const struct value *map, const char *key)
{
	const struct value k = value_string(key);

	return value_lookup(map, &k);
}

static bool
key_same(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	switch ((enum value_type)a->type) {
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_INT:
		return a->integer == b->integer;
	case VALUE_STRING:
		return a->len == b->len && memcmp(a->string, b->string, a->len) == 0;
	case VALUE_NULL:
	case VALUE_LIST:
	case VALUE_MAP:
	case VALUE_ABSENT:
	case VALUE_UNREADABLE:
		return false;
	}
	return false;
}

const struct value *
value_lookup(const struct value *map, const struct value *key)
{
	if (map->type != VALUE_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->len; i++)
		if (key_same(&map->entries[i].key, key))
			return &map->entries[i].value;
	return NULL;
}

static bool
list_same(const struct value *a, const struct value *b)
{
	for (uint32_t i = 0; i < a->len; i++)
		if (!value_same(&a->items[i], &b->items[i]))
			return false;
	return true;
}

static bool
map_same(const struct value *a, const struct value *b)
{
	const struct value_entry *entry;
	const struct value *other;

	for (uint32_t i = 0; i < a->len; i++) {
		entry = &a->entries[i];
		/* Two snapshots of one thing have their keys in the same order, nearly always. */
		if (key_same(&entry->key, &b->entries[i].key))
			other = &b->entries[i].value;
		else
			other = value_lookup(b, &entry->key);
		if (other == NULL || !value_same(&entry->value, other))
			return false;
	}
	return true;
}

bool
value_same(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	switch ((enum value_type)a->type) {
	case VALUE_NULL:
	case VALUE_ABSENT:
	case VALUE_UNREADABLE:
		return true;
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_STRING:
		return key_same(a, b);
	case VALUE_LIST:
		return a->len == b->len && a->cut == b->cut && list_same(a, b);
	case VALUE_MAP:
		return a->len == b->len && a->cut == b->cut && map_same(a, b);
	}
	return false;
}

/* The hash is stored, so it must not depend on the machine: words are read as little endian. */
static uint64_t
mix(uint64_t h, uint64_t word)
{
	h ^= word;
	h *= 0x9e3779b97f4a7c15;
	h ^= h >> 29;
	h *= 0xd6e8feb86659fd93;
	return h ^ h >> 32;
}

static uint64_t
hash_bytes(uint64_t h, const char *bytes, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); bytes += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		h = mix(h, le64toh(word));
	}
	word = 0;
	memcpy(&word, bytes, len);
	return mix(h, le64toh(word));
}

static uint64_t
hash_list(uint64_t h, const struct value *v, bool as_set)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < v->len; i++) {
		if (as_set)
			sum += value_hash(&v->items[i], 1, as_set);
		else
			h = value_hash(&v->items[i], h, as_set);
	}
	return mix(h, sum);
}

/* Entries are added up, so that their order doesn't matter. */
static uint64_t
hash_map(uint64_t h, const struct value *v, bool as_set)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < v->len; i++)
		sum += value_hash(
		    &v->entries[i].value, value_hash(&v->entries[i].key, 1, as_set), as_set);
	return mix(h, sum);
}

uint64_t
value_hash(const struct value *v, uint64_t seed, bool as_set)
{
	/* An unreadable value's `len` belongs to its reason, which doesn't count. */
	uint64_t len = v->type == VALUE_UNREADABLE ? 0 : v->len;
	bool cut = (v->type == VALUE_LIST || v->type == VALUE_MAP) && v->cut;
	uint64_t h = mix(seed, (len << 16 | (uint64_t)v->type << 1 | cut) + 1);

	switch ((enum value_type)v->type) {
	case VALUE_NULL:
	case VALUE_ABSENT:
	case VALUE_UNREADABLE:
		return h;
	case VALUE_BOOL:
		return mix(h, v->boolean);
	case VALUE_INT:
		return mix(h, (uint64_t)v->integer);
	case VALUE_STRING:
		return hash_bytes(h, v->string, v->len);
	case VALUE_LIST:
		return hash_list(h, v, as_set);
	case VALUE_MAP:
		return hash_map(h, v, as_set);
	}
	return h;
}

static int
copy_list(struct value *ret, const struct value *v, struct arena *a)
{
	struct value *items = arena_alloc(a, v->len * sizeof(*items));
	int r;

	if (items == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->len; i++) {
		r = value_copy(&items[i], &v->items[i], a);
		if (r < 0)
			return r;
	}
	ret->items = items;
	return 0;
}

static int
copy_map(struct value *ret, const struct value *v, struct arena *a)
{
	struct value_entry *entries = arena_alloc(a, v->len * sizeof(*entries));
	int r;

	if (entries == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->len; i++) {
		r = value_copy(&entries[i].key, &v->entries[i].key, a);
		if (r < 0)
			return r;
		r = value_copy(&entries[i].value, &v->entries[i].value, a);
		if (r < 0)
			return r;
	}
	ret->entries = entries;
	return 0;
}

int
value_copy(struct value *ret, const struct value *v, struct arena *a)
{
	struct value copy = *v;
	int r = 0;

	switch ((enum value_type)v->type) {
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_ABSENT:
		break;
	case VALUE_STRING:
	case VALUE_UNREADABLE:
		copy.string = arena_strndup(a, v->string, v->len);
		if (copy.string == NULL)
			return -ENOMEM;
		break;
	case VALUE_LIST:
		r = copy_list(&copy, v, a);
		break;
	case VALUE_MAP:
		r = copy_map(&copy, v, a);
		break;
	}
	if (r < 0)
		return r;
	*ret = copy;
	return 0;
}
