/* SPDX-License-Identifier: Apache-2.0
 *
 * A snapshot is one block: the head, its values, then all lists and maps below them, then all
 * texts. It is measured first and filled afterwards, so that a thousand containers cost a thousand
 * allocations of the right size. */
#include "facts/facts.h"

#include "util/clock.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DRAFT_MEMORY_MAX = 1024 * 1024, /* bytes of one topic of one subject */
};

/* Where the next list or map, and the next text, goes; at first: how many bytes each take. */
struct packing {
	size_t nodes, texts;
	char *block;
};

static void
measure(struct packing *p, const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_STRING:
	case VALUE_UNREADABLE:
		p->texts += v->len + (size_t)1;
		break;
	case VALUE_LIST:
		p->nodes += v->len * sizeof(*v->items);
		for (uint32_t i = 0; i < v->len; i++)
			measure(p, &v->items[i]);
		break;
	case VALUE_MAP:
		p->nodes += v->len * sizeof(*v->entries);
		for (uint32_t i = 0; i < v->len; i++) {
			measure(p, &v->entries[i].key);
			measure(p, &v->entries[i].value);
		}
		break;
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_ABSENT:
		break;
	}
}

static const char *
pack_text(struct packing *p, const char *text, size_t len)
{
	char *copy = p->block + p->texts;

	memcpy(copy, text, len);
	copy[len] = '\0';
	p->texts += len + 1;
	return copy;
}

static void *
pack_nodes(struct packing *p, size_t size)
{
	void *nodes = p->block + p->nodes;

	p->nodes += size;
	return nodes;
}

static void pack(struct packing *p, struct value *ret, const struct value *v);

static const struct value *
pack_list(struct packing *p, const struct value *v)
{
	struct value *items = pack_nodes(p, v->len * sizeof(*items));

	for (uint32_t i = 0; i < v->len; i++)
		pack(p, &items[i], &v->items[i]);
	return items;
}

static const struct value_entry *
pack_map(struct packing *p, const struct value *v)
{
	struct value_entry *entries = pack_nodes(p, v->len * sizeof(*entries));

	for (uint32_t i = 0; i < v->len; i++) {
		pack(p, &entries[i].key, &v->entries[i].key);
		pack(p, &entries[i].value, &v->entries[i].value);
	}
	return entries;
}

static void
pack(struct packing *p, struct value *ret, const struct value *v)
{
	*ret = *v;
	switch ((enum value_type)v->type) {
	case VALUE_STRING:
	case VALUE_UNREADABLE:
		ret->string = pack_text(p, v->string, v->len);
		break;
	case VALUE_LIST:
		ret->items = pack_list(p, v);
		break;
	case VALUE_MAP:
		ret->entries = pack_map(p, v);
		break;
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_ABSENT:
		break;
	}
}

static struct snapshot *
snapshot_pack(enum topic topic, const struct value *values)
{
	unsigned n = topic_fact_count(topic);
	size_t head = sizeof(struct snapshot) + n * sizeof(*values);
	struct packing p = { 0 };
	struct snapshot *s;

	for (unsigned i = 0; i < n; i++)
		measure(&p, &values[i]);
	s = malloc(head + p.nodes + p.texts);
	if (s == NULL)
		return NULL;
	*s = (struct snapshot){ .topic = topic,
		.first = topic_first_fact(topic),
		.n = n,
		.collected_ms = clock_realtime_ms() };
	p = (struct packing){ .nodes = head, .texts = head + p.nodes, .block = (char *)s };
	for (unsigned i = 0; i < n; i++)
		pack(&p, &s->values[i], &values[i]);
	return s;
}

struct snapshot *
snapshot_free(struct snapshot *s)
{
	free(s);
	return NULL;
}

const struct value *
snapshot_get(const struct snapshot *s, enum fact_id fact)
{
	static const char reason[] = "not collected yet";
	static const struct value none = {
		.type = VALUE_UNREADABLE, .len = sizeof(reason) - 1, .string = reason
	};

	if (s == NULL)
		return &none;
	assert(fact_table[fact].topic == s->topic);
	return &s->values[fact - s->first];
}

static void
draft_fill(struct draft *d, struct value v)
{
	unsigned n = topic_fact_count(d->topic);

	for (unsigned i = 0; i < n; i++)
		d->values[i] = v;
}

static struct snapshot *
snapshot_uniform(enum topic topic, struct value v)
{
	struct draft d = { .topic = topic };

	draft_fill(&d, v);
	return snapshot_pack(topic, d.values);
}

struct snapshot *
snapshot_unreadable(enum topic topic, const char *reason)
{
	return snapshot_uniform(topic, value_unreadable(reason));
}

struct snapshot *
snapshot_absent(enum topic topic)
{
	return snapshot_uniform(topic, value_absent());
}

int
draft_init(struct draft *d, enum topic topic)
{
	*d = (struct draft){ .topic = topic,
		.first = topic_first_fact(topic),
		.arena = arena_new(DRAFT_MEMORY_MAX) };
	if (d->arena == NULL)
		return -ENOMEM;
	draft_fill(d, value_unreadable("not in the reply"));
	return 0;
}

void
draft_set(struct draft *d, enum fact_id fact, struct value v)
{
	assert(fact_table[fact].topic == d->topic);
	d->values[fact - d->first] = v;
}

void
draft_deinit(struct draft *d)
{
	d->arena = arena_free(d->arena);
}

int
draft_finish(struct draft *d, struct snapshot **ret)
{
	struct snapshot *s = snapshot_pack(d->topic, d->values);

	if (s == NULL)
		return -ENOMEM;
	*ret = s;
	return 0;
}

unsigned
snapshot_diff(const struct snapshot *a, const struct snapshot *b, enum fact_id *ret)
{
	const struct snapshot *either = a != NULL ? a : b;
	unsigned n = 0;

	if (either == NULL)
		return 0;
	for (unsigned i = 0; i < either->n; i++)
		if (a == NULL || b == NULL || !value_same(&a->values[i], &b->values[i]))
			ret[n++] = either->first + i;
	return n;
}
