/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that are judged, derived from the rules: literal paths, globs, and paths that an
 * expression over the engine's facts yields. Computed anew when what they hang on has changed. */
#include "judge/inner.h"

#include "collect/host.h"
#include "util/clock.h"
#include "watch/files_way.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One file that one rule names. */
struct naming {
	char *path;
	uint16_t rule;
	bool globbed;
};

struct namings {
	struct naming *items;
	size_t n, room;
};

static void
namings_deinit(struct namings *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->items[i].path);
	free(all->items);
}

static int
name_file(struct namings *all, const char *path, unsigned rule, bool globbed)
{
	struct naming *items;

	if (all->n == all->room) {
		items = reallocarray(all->items, all->room * 2 + 64, sizeof(*items));
		if (items == NULL)
			return -ENOMEM;
		all->items = items;
		all->room = all->room * 2 + 64;
	}
	items = all->items;
	items[all->n] = (struct naming){ strdup(path), (uint16_t)rule, globbed };
	return items[all->n].path == NULL ? -ENOMEM : (all->n++, 0);
}

/* Remembers why it can't be told which files a rule is about. */
static int
say_why(struct judge *j, const struct rule *rule, const char *where, const char *what)
{
	char **why = &j->index.files_why[rule->index];

	if (*why != NULL)
		return 0;
	*why = where == NULL ? strdup(what) : NULL;
	if (*why == NULL && (where == NULL || asprintf(why, "%s: %s", where, what) < 0)) {
		*why = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int
name_glob(struct judge *j, struct namings *all, const struct rule *rule, const char *pattern)
{
	char **paths = NULL;
	size_t n = 0;
	int r;

	r = host_glob(collector_host(j->collector), pattern, &paths, &n);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return say_why(j, rule, pattern, strerror(-r));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = name_file(all, paths[i], rule->index, true);
	host_glob_free(paths, n);
	return r;
}

/* Who asks for files. */
struct asker {
	const struct judge *judge;
	const struct rule *rule;
};

static const struct value *
shared_fact(void *context, unsigned id)
{
	const struct asker *asker = context;
	const struct judge *j = asker->judge;

	return id >= PARAM_ID_FIRST ? rulebook_param(j->rb, asker->rule, id)
				    : subject_fact(j, &j->engine->s, (enum fact_id)id);
}

/* Empty is none. A relative path is for whoever wrote it to find: it leads elsewhere from here. */
static int
name_value(struct judge *j, struct namings *all, const struct rule *rule, const struct value *v)
{
	if (v->type != VALUE_STRING || v->len == 0)
		return 0;
	if (v->string[0] != '/')
		return say_why(
		    j, rule, v->string, "a relative path, which leads elsewhere from here");
	return name_file(all, v->string, rule->index, false);
}

static int
name_expr(struct judge *j, struct namings *all, const struct rule *rule, const struct expr *e)
{
	struct asker asker = { j, rule };
	const struct expr_input input = { .fact = shared_fact, .context = &asker };
	struct expr_outcome outcome;
	int r;

	arena_reset(j->arena);
	r = expr_eval(&outcome, e, &input, j->arena);
	if (r < 0)
		return r;
	if (outcome.error != NULL)
		return say_why(
		    j, rule, outcome.unreadable_fact >= 0 ? NULL : expr_text(e), outcome.error);
	if (outcome.value.type != VALUE_LIST)
		return name_value(j, all, rule, &outcome.value);
	if (outcome.value.cut)
		r = say_why(j, rule, expr_text(e), "the list was cut");
	for (uint32_t i = 0; r == 0 && i < outcome.value.len; i++)
		r = name_value(j, all, rule, &outcome.value.items[i]);
	return r;
}

/* What was named before stays while it can't be told what is named now. */
static int
name_as_before(const struct judge *j, struct namings *all, const struct rule *rule)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->n_entries; i++) {
		const struct entry *e = j->entries[i];

		if (e->s.kind == SUBJECT_FILE && subject_finding(&e->s, rule->index) != NULL)
			r = name_file(all, e->s.id, rule->index, e->globbed);
	}
	return r;
}

static int
name_all_of(struct judge *j, struct namings *all, const struct rule *rule)
{
	int r = 0;

	free(j->index.files_why[rule->index]);
	j->index.files_why[rule->index] = NULL;
	for (unsigned i = 0; r == 0 && i < rule->n_files; i++) {
		const struct rule_files *files = &rule->files[i];

		if (files->expr != NULL)
			r = name_expr(j, all, rule, files->expr);
		else if (files_is_glob(files->pattern))
			r = name_glob(j, all, rule, files->pattern);
		else
			r = name_file(all, files->pattern, rule->index, false);
	}
	if (r == 0 && j->index.files_why[rule->index] != NULL)
		r = name_as_before(j, all, rule);
	return r;
}

static int
by_path_and_rule(const void *a, const void *b)
{
	const struct naming *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order != 0 ? order : (int)x->rule - (int)y->rule;
}

/* Gives a file the findings of the rules that name it, and keeps those that it has. *ret_new: a
 * rule names it that didn't. */
static int
cover(struct judge *j, struct entry *e, const struct naming *first, size_t n, bool *ret_new)
{
	struct finding *findings = calloc(n, sizeof(*findings));
	unsigned filled = 0;

	if (findings == NULL)
		return -ENOMEM;
	*ret_new = false;
	e->globbed = true;
	for (size_t i = 0; i < n; i++) {
		const struct finding *held = subject_finding(&e->s, first[i].rule);

		e->globbed &= first[i].globbed;
		if (filled > 0 && findings[filled - 1].rule == first[i].rule)
			continue;
		*ret_new |= held == NULL;
		findings[filled].rule = first[i].rule;
		if (held != NULL)
			findings[filled] = *held;
		filled++;
	}
	if (e->known && filled != e->s.n_findings)
		outbox_dirty(j, e);
	free(e->s.findings);
	e->s.findings = findings;
	e->s.n_findings = filled;
	return 0;
}

static int
take_file(struct judge *j, const struct naming *first, size_t n, unsigned number)
{
	struct entry *e = entry_find(j, SUBJECT_FILE, first->path);
	bool fresh = e == NULL, more = false;
	int r = 0;

	if (fresh)
		r = subject_new(j, &e, SUBJECT_FILE, first->path);
	if (r == 0)
		r = cover(j, e, first, n, &more);
	if (r < 0)
		return r;
	e->listed = number;
	if (e->s.snapshots[TOPIC_FILE_STAT] == NULL && j->look.active)
		return look_at(j, e);
	if (fresh)
		return mark(j, e, TOPIC_FILE_STAT, &j->files_cause, true);
	if (!more || e->s.snapshots[TOPIC_FILE_STAT] == NULL)
		return 0;
	hold(j, e);
	return cause_note(j, &entry_slot(e, TOPIC_FILE_STAT)->working, &j->files_cause);
}

static int
take_files(struct judge *j, const struct namings *all)
{
	struct listing *listing = &j->listings[SUBJECT_FILE];
	size_t n;
	int r = 0;

	listing->number++;
	listing->had = true;
	listing_answered(listing, false);
	for (size_t i = 0; r == 0 && i < all->n; i += n) {
		for (n = 1; i + n < all->n; n++)
			if (strcmp(all->items[i].path, all->items[i + n].path) != 0)
				break;
		r = take_file(j, &all->items[i], n, listing->number);
	}
	for (size_t i = j->n_entries; r == 0 && i > 0; i--) {
		struct entry *e = j->entries[i - 1];

		if (e->s.kind == SUBJECT_FILE && e->listed != listing->number)
			subject_gone(j, e, j->look.active ? &j->look.cause : &j->files_cause, -1);
	}
	return r;
}

/* --- what is watched --- */

static void
free_paths(char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Globs are watched beside the files that they find, for those that are still to come. */
static int
name_globs(struct judge *j, struct namings *all)
{
	const struct scope_rules *scope = &j->index.scopes[SUBJECT_FILE];
	int r = 0;

	for (unsigned i = 0; i < scope->n; i++) {
		const struct rule *rule = j->rb->rules[scope->rules[i]];

		for (unsigned f = 0; r == 0 && f < rule->n_files; f++)
			if (rule->files[f].pattern != NULL && files_is_glob(rule->files[f].pattern))
				r = name_file(all, rule->files[f].pattern, rule->index, true);
	}
	return r;
}

static int
name_inputs(struct namings *all)
{
	const char *path;
	int r = 0;

	for (unsigned i = 0; r == 0 && (path = input_path(i)) != NULL; i++)
		r = name_file(all, path, 0, true);
	return r;
}

static bool
same_paths(const struct judge *j, char *const *paths, size_t n)
{
	if (n != j->n_watched)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(paths[i], j->watched[i]) != 0)
			return false;
	return true;
}

/* Takes the paths out of the namings. */
static int
tell_watchers(struct judge *j, struct namings *all)
{
	char **paths = calloc(all->n + 1, sizeof(char *));
	size_t n = 0;

	if (paths == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++)
		paths[i] = TAKE(all->items[i].path);
	if (all->n > 0)
		qsort(paths, all->n, sizeof(char *), by_text);
	for (size_t i = 0; i < all->n; i++) {
		if (n > 0 && strcmp(paths[n - 1], paths[i]) == 0)
			free(paths[i]);
		else
			paths[n++] = paths[i];
	}
	if (same_paths(j, paths, n)) {
		free_paths(paths, n);
		return 0;
	}
	free_paths(j->watched, j->n_watched);
	j->watched = paths;
	j->n_watched = n;
	if (j->handlers.on_files != NULL)
		j->handlers.on_files(j->handlers.arg, (const char *const *)paths, n);
	return 0;
}

int
files_update(struct judge *j)
{
	const struct scope_rules *scope = &j->index.scopes[SUBJECT_FILE];
	_cleanup_(namings_deinit) struct namings all = { 0 };
	bool failed = false;
	int r = 0;

	j->files_stale = false;
	for (unsigned i = 0; r == 0 && i < scope->n; i++) {
		r = name_all_of(j, &all, j->rb->rules[scope->rules[i]]);
		failed |= j->index.files_why[scope->rules[i]] != NULL;
	}
	retry_note(j, &j->files_retry, failed, j->files_retry.due_s == 0);
	if (r == 0 && all.n > 0)
		qsort(all.items, all.n, sizeof(*all.items), by_path_and_rule);
	if (r == 0)
		r = take_files(j, &all);
	if (r == 0)
		r = name_globs(j, &all);
	if (r == 0)
		r = name_inputs(&all);
	if (r == 0)
		r = tell_watchers(j, &all);
	if (r < 0)
		j->files_stale = true;
	return r;
}

void
files_stale(struct judge *j, const struct cause *cause)
{
	if (!j->files_stale)
		j->files_cause = *cause;
	j->files_stale = true;
	judge_schedule(j, 0);
}

void
judge_files_changed(struct judge *j, const char *pattern, bool moved)
{
	struct cause cause = { .source = CAUSE_FILE };
	int r;

	(void)snprintf(cause.detail, sizeof(cause.detail), "%.80s changed", pattern);
	cause.woke_ns = clock_monotonic_ns();
	r = inputs_mark(j, pattern, &cause);
	if (r < 0)
		judge_trouble(j, strerror(-r));
	if (moved && !is_input(pattern))
		files_stale(j, &cause);
}

void
files_deinit(struct judge *j)
{
	free_paths(j->watched, j->n_watched);
}
