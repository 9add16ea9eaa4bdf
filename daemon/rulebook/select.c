/* SPDX-License-Identifier: Apache-2.0
 *
 * What the settings leave out. It stays in the rulebook, with the reason: what isn't judged is
 * counted and listed, never silently gone. */
#include "rulebook/loading.h"
#include "util/nearest.h"

#include <errno.h>
#include <string.h>

static struct benchmark *
benchmark_named(const struct rulebook *rb, const char *id)
{
	for (unsigned i = 0; i < rb->n_benchmarks; i++)
		if (strcmp(rb->benchmarks[i].id, id) == 0)
			return &rb->benchmarks[i];
	return NULL;
}

static void
complain_benchmark(struct loading *l, const char *id)
{
	struct nearest n = nearest_to(id, strlen(id));

	for (unsigned i = 0; i < l->rb->n_benchmarks; i++)
		nearest_offer(&n, l->rb->benchmarks[i].id);
	complain(&l->complaints, l->selection.benchmarks_file, l->selection.benchmarks_line, 0,
	    n.name != NULL ? "no benchmark `%s`; did you mean `%s`?" : "no benchmark `%s`",
	    loading_shown(l, id), n.name);
}

/* Moves a benchmark to that place, those in between up by one. */
static void
move_benchmark(struct rulebook *rb, struct benchmark *b, unsigned place)
{
	struct benchmark moved = *b;
	unsigned from = (unsigned)(b - rb->benchmarks);

	memmove(&rb->benchmarks[place + 1], &rb->benchmarks[place],
	    (from - place) * sizeof(rb->benchmarks[0]));
	rb->benchmarks[place] = moved;
}

static void
enable_benchmarks(struct loading *l)
{
	struct rulebook *rb = l->rb;
	struct benchmark *b;
	unsigned place = 0;

	for (unsigned i = 0; l->selection.benchmarks == NULL && i < rb->n_benchmarks; i++)
		rb->benchmarks[i].enabled = true;
	if (l->selection.benchmarks == NULL)
		return;
	for (const char *const *id = l->selection.benchmarks; *id != NULL; id++) {
		b = benchmark_named(rb, *id);
		if (b == NULL) {
			complain_benchmark(l, *id);
		} else if (!b->enabled) {
			b->enabled = true;
			move_benchmark(rb, b, place++);
		}
	}
}

/* One entry at a selected level is enough. Without any entry it is nobody's rule but the site's,
 * and judged. Returns 0 or -ENOMEM. */
static int
select_rule(struct loading *l, struct rule *rule)
{
	const struct benchmark_entry *e;
	unsigned level = 0;
	bool anywhere = false;

	for (unsigned i = 0; i < l->rb->n_benchmarks; i++) {
		const struct benchmark *b = &l->rb->benchmarks[i];

		for (unsigned k = 0; k < b->n_entries; k++) {
			e = &b->entries[k];
			if (e->rule != rule)
				continue;
			anywhere = true;
			if (b->enabled && (l->selection.levels >> e->level & 1) != 0)
				rule->selected = true;
			else if (b->enabled)
				level = e->level;
		}
	}
	if (!anywhere)
		rule->selected = true;
	if (rule->selected)
		return 0;
	rule->unselected_why = level == 0
				   ? "no enabled benchmark has it"
				   : arena_printf(l->rb->arena, "level %u is not selected", level);
	return rule->unselected_why == NULL ? -ENOMEM : 0;
}

static void
complain_exclusion(struct loading *l, const struct exclusion *e)
{
	const char *near = rulebook_nearest(l->rb, e->rule);

	complain(&l->complaints, e->file, e->line, 0,
	    near != NULL ? "no rule `%s`; did you mean `%s`?" : "no rule `%s`",
	    loading_shown(l, e->rule), near);
}

static int
exclude(struct loading *l, const struct exclusion *e)
{
	const struct rule *found = rulebook_find(l->rb, e->rule, NULL);
	struct rule *rule;

	if (found == NULL) {
		if (!l->rules_missing)
			complain_exclusion(l, e);
		return 0;
	}
	rule = l->rb->rules[found->index];
	rule->selected = false;
	rule->unselected_why = arena_printf(l->rb->arena, "excluded: %s", e->reason);
	return rule->unselected_why == NULL ? -ENOMEM : 0;
}

int
select_rules(struct loading *l)
{
	int r;

	enable_benchmarks(l);
	for (unsigned i = 0; i < l->rb->n_rules; i++) {
		r = select_rule(l, l->rb->rules[i]);
		if (r < 0)
			return r;
	}
	for (const struct exclusion *e = l->selection.exclusions; e != NULL; e = e->next) {
		r = exclude(l, e);
		if (r < 0)
			return r;
	}
	return 0;
}
