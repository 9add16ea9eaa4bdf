/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of a benchmark: an edition's numbers, each pointing at a rule. */
#include "rulebook/loading.h"
#include "rulebook/mapper.h"
#include "rulebook/readings.h"

#include <errno.h>
#include <string.h>

struct benchmark_text {
	const char *id, *title, *version;
	const struct yaml_node *sections, *rules;
};

struct entry_text {
	const char *id, *title, *rule, *as;
	const struct yaml_node *params;
	unsigned level;
	bool scored;
};

static const struct key benchmark_keys[] = {
	{ "id", take_text, offsetof(struct benchmark_text, id), true },
	{ "title", take_text, offsetof(struct benchmark_text, title), true },
	{ "version", take_text, offsetof(struct benchmark_text, version), true },
	{ "sections", take_node, offsetof(struct benchmark_text, sections), true },
	{ "rules", take_node, offsetof(struct benchmark_text, rules), true },
};

static const struct key entry_keys[] = {
	{ "id", take_text, offsetof(struct entry_text, id), true },
	{ "title", take_text, offsetof(struct entry_text, title) },
	{ "level", take_number, offsetof(struct entry_text, level), true, .min = 1, .max = 9 },
	{ "scored", take_bool, offsetof(struct entry_text, scored), true },
	{ "rule", take_text, offsetof(struct entry_text, rule) },
	{ "as", take_text, offsetof(struct entry_text, as) },
	{ "params", take_node, offsetof(struct entry_text, params) },
};

static const struct keys benchmark_map = KEYS("a benchmark", benchmark_keys);
static const struct keys entry_map = KEYS("an entry of a benchmark", entry_keys);

static int
load_sections(struct loading *l, const struct yaml_node *map, struct benchmark *b)
{
	struct benchmark_section *s;
	int r;

	r = node_expect(l, map, YAML_MAP, "`sections`");
	if (r != 0)
		return r;
	b->sections = arena_alloc(l->rb->arena, map->n * sizeof(*b->sections));
	if (b->sections == NULL)
		return -ENOMEM;
	for (const struct yaml_node *n = map->first; n != NULL; n = n->next) {
		s = &b->sections[b->n_sections++];
		s->id = arena_strdup(l->rb->arena, n->key);
		if (s->id == NULL)
			return -ENOMEM;
		r = text_of_node(l, n, "the title of a section", &s->title);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The nearest section above a number: of 1.1.3 it is 1.1 if the benchmark lists it, else 1. */
static const char *
section_of(const struct benchmark *b, const char *id)
{
	size_t len = strlen(id);

	while (len > 0) {
		while (len > 0 && id[len - 1] != '.')
			len--;
		len -= len > 0;
		for (unsigned i = 0; i < b->n_sections; i++)
			if (strlen(b->sections[i].id) == len &&
			    memcmp(b->sections[i].id, id, len) == 0)
				return b->sections[i].id;
	}
	return NULL;
}

static bool
is_number(const char *id)
{
	return id[0] >= '0' && id[0] <= '9' && id[strspn(id, "0123456789.")] == '\0';
}

static int
refer(struct loading *l, const struct yaml_node *n, const struct entry_text *t,
    struct benchmark_entry *entry)
{
	struct reference *ref = arena_alloc(l->rb->arena, sizeof(*ref));

	if (ref == NULL)
		return -ENOMEM;
	*ref =
	    (struct reference){ .entry = entry, .rule = t->rule, .file = l->file, .line = n->line };
	*l->references_tail = ref;
	l->references_tail = &ref->next;
	return reading_take(l, n, t->as, t->params, ref);
}

static int
load_entry(struct loading *l, const struct yaml_node *n, struct benchmark *b)
{
	struct benchmark_entry *e = &b->entries[b->n_entries];
	struct entry_text t = {};
	int r;

	r = map_take(l, n, &entry_map, &t);
	if (r < 0 || t.id == NULL)
		return r;
	if (!is_number(t.id)) {
		loading_complain(l, n->line, "`id` must be a number such as 5.4, not %s",
		    loading_shown(l, t.id));
		return 0;
	}
	for (unsigned i = 0; i < b->n_entries; i++)
		if (strcmp(b->entries[i].id, t.id) == 0)
			loading_complain(l, n->line, "%s is there already", t.id);
	*e = (struct benchmark_entry){ .id = t.id,
		.section = section_of(b, t.id),
		.title = t.title,
		.level = t.level,
		.scored = t.scored };
	if (e->section == NULL)
		loading_complain(l, n->line, "`sections` has no section that %s is in", t.id);
	b->n_entries++;
	return refer(l, n, &t, e);
}

static int
load_entries(struct loading *l, const struct yaml_node *list, struct benchmark *b)
{
	int r;

	r = node_expect(l, list, YAML_LIST, "`rules`");
	if (r != 0)
		return r;
	if (list->n > LOADING_RULES_MAX) {
		loading_complain(l, list->line, "over %d entries", LOADING_RULES_MAX);
		return LOADING_E_REFUSED;
	}
	b->entries = arena_alloc(l->rb->arena, list->n * sizeof(*b->entries));
	if (b->entries == NULL)
		return -ENOMEM;
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
		r = load_entry(l, n, b);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool
id_is_taken(const struct loading *l, const char *id)
{
	for (unsigned i = 0; i < l->rb->n_benchmarks; i++)
		if (strcmp(l->rb->benchmarks[i].id, id) == 0)
			return true;
	return false;
}

int
load_benchmark(struct loading *l, const struct yaml_node *root)
{
	struct benchmark_text t = {};
	struct benchmark *b;
	int r;

	r = map_take(l, root, &benchmark_map, &t);
	if (r < 0 || t.id == NULL || t.sections == NULL || t.rules == NULL)
		return r;
	if (id_is_taken(l, t.id)) {
		loading_complain(
		    l, root->line, "benchmark %s is there already", loading_shown(l, t.id));
		return 0;
	}
	if (l->rb->n_benchmarks == LOADING_BENCHMARKS_MAX) {
		loading_complain(l, 0, "over %d benchmarks", LOADING_BENCHMARKS_MAX);
		return 0;
	}
	b = &l->rb->benchmarks[l->rb->n_benchmarks++];
	*b = (struct benchmark){ .id = t.id, .title = t.title, .version = t.version };
	r = load_sections(l, t.sections, b);
	if (r != 0)
		return r;
	return load_entries(l, t.rules, b);
}

static void
complain_reference(struct loading *l, const struct reference *ref)
{
	const char *near = rulebook_nearest(l->rb, ref->rule);

	complain(&l->complaints, ref->file, ref->line, 0,
	    near != NULL ? "no rule `%s`; did you mean `%s`?" : "no rule `%s`",
	    loading_shown(l, ref->rule), near);
}

/* Gives an entry its rule, or its reading of it. */
static int
resolve(struct loading *l, const struct reference *ref)
{
	const struct rule *rule = rulebook_find(l->rb, ref->rule, NULL);
	int r = 0;

	if (rule == NULL && !l->rules_missing)
		complain_reference(l, ref);
	if (rule != NULL && ref->as != NULL)
		r = reading_of(l, ref, rule, &rule);
	ref->entry->rule = rule;
	return r;
}

int
resolve_benchmarks(struct loading *l)
{
	int r;

	for (const struct reference *ref = l->references; ref != NULL; ref = ref->next) {
		struct benchmark_entry *e = ref->entry;

		if (ref->rule != NULL) {
			r = resolve(l, ref);
			if (r < 0)
				return r;
		} else if (e->title == NULL) {
			complain(&l->complaints, ref->file, ref->line, 0,
			    "an entry needs `title` where it has no `rule`");
		}
		if (e->title == NULL && e->rule != NULL)
			e->title = e->rule->title;
	}
	l->rb->n_rules += l->n_readings;
	return 0;
}
