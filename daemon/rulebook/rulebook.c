/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/rulebook.h"

#include "rulebook/loading.h"
#include "util/macros.h"
#include "util/nearest.h"
#include <errno.h>
#include <string.h>

static const char *const verdict_names[_VERDICTS] = {
	[VERDICT_PASS] = "pass",
	[VERDICT_FAIL] = "fail",
	[VERDICT_REVIEW] = "review",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_NOT_APPLICABLE] = "not-applicable",
};

static const char *const severity_names[_SEVERITIES] = {
	[SEVERITY_CRITICAL] = "critical",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_LOW] = "low",
};

static const char *const exception_state_names[_EXCEPTION_STATES] = {
	[EXCEPTION_WAIVED] = "waived",
	[EXCEPTION_ATTESTED] = "attested",
};

const char *
verdict_name(enum verdict v)
{
	return verdict_names[v];
}

const char *
severity_name(enum severity s)
{
	return severity_names[s];
}

const char *
exception_state_name(enum exception_state s)
{
	return exception_state_names[s];
}

static int
from_name(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

int
verdict_from_name(const char *name)
{
	return from_name(verdict_names, _VERDICTS, name);
}

int
severity_from_name(const char *name)
{
	return from_name(severity_names, _SEVERITIES, name);
}

static void
rule_deinit(struct rule *rule)
{
	if (rule->reading_of != NULL)
		return;
	rule->when = expr_free(rule->when);
	rule->test = expr_free(rule->test);
	for (unsigned i = 0; i < rule->n_reviews; i++)
		rule->reviews[i] = expr_free(rule->reviews[i]);
	for (unsigned i = 0; i < rule->n_files; i++)
		rule->files[i].expr = expr_free(rule->files[i].expr);
}

struct rulebook *
rulebook_free(struct rulebook *rb)
{
	if (rb == NULL)
		return NULL;
	for (unsigned i = 0; i < rb->n_rules; i++)
		rule_deinit(rb->rules[i]);
	(void)arena_free(rb->arena);
	free(rb);
	return NULL;
}

/* `sub` below a folder: benchmarks stand beside the rules that they point at. */
static int
load_below(struct loading *l, const char *folder, const char *sub, unsigned flags, loading_fn *take)
{
	const char *path = arena_printf(l->rb->arena, "%s/%s", folder, sub);

	return path == NULL ? -ENOMEM : loading_folder(l, path, flags, take);
}

static int
load_folder_pair(struct loading *l, const char *folder, unsigned flags)
{
	int r;

	r = loading_folder(l, folder, flags, load_rules);
	if (r < 0)
		return r;
	return load_below(
	    l, folder, "benchmarks", flags & ~(unsigned)LOADING_NEEDED, load_benchmark);
}

static int
load_files(struct loading *l, const struct rulebook_paths *paths)
{
	int r;

	l->shipped = true;
	r = load_folder_pair(l, paths->rules_dir, LOADING_NEEDED);
	l->shipped = false;
	if (r >= 0 && l->rb->n_rules == 0 && l->complaints.n == 0)
		complain(&l->complaints, paths->rules_dir, 0, 0, "no rules are here");
	if (r >= 0 && paths->site_rules_dir != NULL)
		r = load_folder_pair(l, paths->site_rules_dir, LOADING_GUARDED);
	if (r >= 0 && paths->config_file != NULL)
		r = loading_file(
		    l, paths->config_file, LOADING_NEEDED | LOADING_GUARDED, load_settings);
	if (r >= 0 && paths->config_dir != NULL)
		r = loading_folder(l, paths->config_dir, LOADING_GUARDED, load_settings);
	if (r >= 0 && paths->exceptions_dir != NULL)
		r = loading_folder(l, paths->exceptions_dir, LOADING_GUARDED, load_exceptions);
	return r;
}

/* By their keys. */
static int
compare_rules(const void *a, const void *b)
{
	const struct rule *const *left = a, *const *right = b;

	return strcmp((*left)->key, (*right)->key);
}

static void
sort_rules(struct rulebook *rb)
{
	qsort(rb->rules, rb->n_rules, sizeof(rb->rules[0]), compare_rules);
	for (unsigned i = 0; i < rb->n_rules; i++)
		rb->rules[i]->index = i;
}

static int
load_all(struct loading *l, const struct rulebook_paths *paths)
{
	int r;

	r = default_settings(l);
	if (r >= 0)
		r = load_files(l, paths);
	if (r < 0)
		return r;
	sort_rules(l->rb);
	r = resolve_benchmarks(l);
	if (r < 0)
		return r;
	sort_rules(l->rb);
	r = select_rules(l);
	if (r >= 0)
		r = resolve_exceptions(l);
	if (r < 0)
		return r;
	sha256_finish(l->digest, l->rb->sha256);
	return l->complaints.error;
}

int
rulebook_load(struct rulebook **ret, const struct rulebook_paths *paths, char **reterrors)
{
	_cleanup_(loading_deinit) struct loading l;
	char *errors;
	int r;

	r = loading_init(&l);
	if (r >= 0)
		r = load_all(&l, paths);
	if (r < 0)
		return r;
	if (l.complaints.n == 0) {
		*ret = TAKE(l.rb);
		return 0;
	}
	errors = complaints_take(&l.complaints);
	if (errors == NULL)
		return -ENOMEM;
	*reterrors = errors;
	return RULEBOOK_E_INVALID;
}

static int
compare_key(const void *key, const void *rule)
{
	return strcmp(key, (*(const struct rule *const *)rule)->key);
}

const struct benchmark *
rulebook_leading(const struct rulebook *rb)
{
	return rb->n_benchmarks > 0 && rb->benchmarks[0].enabled ? &rb->benchmarks[0] : NULL;
}

static const struct benchmark *
benchmark_or_leading(const struct rulebook *rb, const char *id)
{
	for (unsigned i = 0; i < rb->n_benchmarks; i++)
		if (id == NULL || strcmp(rb->benchmarks[i].id, id) == 0)
			return &rb->benchmarks[i];
	return NULL;
}

static const struct rule *
find_by_number(const struct rulebook *rb, const char *number, const char *benchmark)
{
	const struct benchmark *b = benchmark_or_leading(rb, benchmark);

	for (unsigned i = 0; b != NULL && i < b->n_entries; i++)
		if (strcmp(b->entries[i].id, number) == 0)
			return b->entries[i].rule;
	return NULL;
}

/* "1.6.0:5.29", as outputs write a number that the leading benchmark doesn't have, or with the
 * whole name of the benchmark. */
static const struct rule *
find_by_edition(const struct rulebook *rb, const char *edition, const char *colon)
{
	size_t len = (size_t)(colon - edition);

	for (unsigned i = 0; i < rb->n_benchmarks; i++) {
		const char *id = rb->benchmarks[i].id, *dash = strrchr(id, '-');
		bool whole = strlen(id) == len && memcmp(id, edition, len) == 0;

		if (whole || (dash != NULL && strlen(dash + 1) == len &&
				 memcmp(dash + 1, edition, len) == 0))
			return find_by_number(rb, colon + 1, id);
	}
	return NULL;
}

const struct rule *
rulebook_find(const struct rulebook *rb, const char *key_or_number, const char *benchmark)
{
	const char *colon = strchr(key_or_number, ':');
	struct rule *const *found;

	if (colon != NULL)
		return find_by_edition(rb, key_or_number, colon);
	if (key_or_number[0] >= '0' && key_or_number[0] <= '9')
		return find_by_number(rb, key_or_number, benchmark);
	found = bsearch(key_or_number, rb->rules, rb->n_rules, sizeof(rb->rules[0]), compare_key);
	return found == NULL ? NULL : *found;
}

const char *
rulebook_nearest(const struct rulebook *rb, const char *key)
{
	struct nearest n = nearest_to(key, strlen(key));

	for (unsigned i = 0; i < rb->n_rules; i++)
		nearest_offer(&n, rb->rules[i]->key);
	return n.name;
}

const struct value *
rulebook_param(const struct rulebook *rb, const struct rule *rule, unsigned id)
{
	const struct value *params = rule->params != NULL ? rule->params : rb->params;

	return &params[id - PARAM_ID_FIRST];
}

const struct exception *
rulebook_exceptions(const struct rulebook *rb, const struct rule *rule, unsigned *ret_n)
{
	unsigned low = 0, high = rb->n_exceptions, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (rb->exceptions[middle].rule->index < rule->index)
			low = middle + 1;
		else
			high = middle;
	}
	while (high < rb->n_exceptions && rb->exceptions[high].rule == rule)
		high++;
	*ret_n = high - low;
	return high > low ? &rb->exceptions[low] : NULL;
}

const struct benchmark_entry *
benchmark_entry_of(const struct benchmark *b, const struct rule *rule)
{
	for (unsigned i = 0; i < b->n_entries; i++)
		if (b->entries[i].rule == rule)
			return &b->entries[i];
	return NULL;
}
