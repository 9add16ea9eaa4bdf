/* SPDX-License-Identifier: Apache-2.0 */
#include "control/filter.h"

#include "util/nearest.h"
#include <errno.h>
#include <event2/http.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define SEVERITY_WORDS "critical, high, medium or low"
#define VERDICT_WORDS "pass, fail, review, unknown, not-applicable, waived or attested"

struct filter {
	unsigned n[_FILTERS];
	char *values[_FILTERS][FILTER_VALUES_MAX];
};

const struct filter_info filter_infos[_FILTERS] = {
	[FILTER_RULE] = { "rule", "RULE", "a rule, by key or by number in the benchmark" },
	[FILTER_SECTION] = { "section", "NUMBER", "rules of that section of the benchmark" },
	[FILTER_LEVEL] = { "level", "NUMBER", "rules of that level" },
	[FILTER_BENCHMARK] = { "benchmark", "NAME", "rules of that benchmark" },
	[FILTER_SEVERITY] = { "severity", "WORD", SEVERITY_WORDS },
	[FILTER_VERDICT] = { "verdict", "WORD", VERDICT_WORDS },
	[FILTER_CONTAINER] = { "container", "NAME", "a container, by name (* and ? match) or id" },
	[FILTER_IMAGE] = { "image", "NAME", "an image and its containers, by name or id" },
	[FILTER_LABEL] = { "label", "KEY[=VALUE]", "containers with that label" },
	[FILTER_FILE] = { "file", "PATH", "a file (* and ? match)" },
};

int
filter_new(struct filter **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret == NULL ? -ENOMEM : 0;
}

struct filter *
filter_free(struct filter *f)
{
	if (f == NULL)
		return NULL;
	for (int kind = 0; kind < _FILTERS; kind++)
		for (unsigned i = 0; i < f->n[kind]; i++)
			free(f->values[kind][i]);
	free(f);
	return NULL;
}

int
filter_kind_from_name(const char *name)
{
	for (int kind = 0; kind < _FILTERS; kind++)
		if (strcmp(filter_infos[kind].name, name) == 0)
			return kind;
	return -1;
}

bool
filter_has(const struct filter *f, enum filter_kind kind)
{
	return f->n[kind] != 0;
}

bool
filter_is_empty(const struct filter *f)
{
	for (int kind = 0; kind < _FILTERS; kind++)
		if (f->n[kind] != 0)
			return false;
	return true;
}

const char *
filter_benchmark_name(const struct filter *f)
{
	return f->n[FILTER_BENCHMARK] == 0 ? NULL : f->values[FILTER_BENCHMARK][0];
}

const struct benchmark *
filter_benchmark(const struct filter *f, const struct rulebook *rb)
{
	if (f->n[FILTER_BENCHMARK] == 0)
		return rb->n_benchmarks > 0 ? &rb->benchmarks[0] : NULL;
	for (unsigned i = 0; i < rb->n_benchmarks; i++)
		if (strcmp(rb->benchmarks[i].id, f->values[FILTER_BENCHMARK][0]) == 0)
			return &rb->benchmarks[i];
	return NULL;
}

static const struct benchmark_entry *
entry_meant(const struct filter *f, const struct rulebook *rb, const struct filter_view *v)
{
	const struct benchmark *b = filter_benchmark(f, rb);

	return b == NULL || v->rule == NULL ? NULL : benchmark_entry_of(b, v->rule);
}

/* --- whether a value can mean anything --- */

static bool
rule_is_valid(const struct filter *f, const struct rulebook *rb, const char *value)
{
	const struct benchmark *b = filter_benchmark(f, rb);

	return rulebook_find(rb, value, b == NULL ? NULL : b->id) != NULL;
}

/* Is `text` the number `number`, or below it? "5" holds "5.4", not "50.4". */
static bool
is_below(const char *text, const char *number)
{
	size_t len = strlen(number);

	return strncmp(text, number, len) == 0 && (text[len] == '\0' || text[len] == '.');
}

static bool
is_of_level(const struct benchmark_entry *e, const char *level)
{
	return level[0] > '0' && level[0] <= '9' && level[1] == '\0' &&
	       e->level == (unsigned)(level[0] - '0');
}

static bool
section_is_valid(const struct filter *f, const struct rulebook *rb, const char *value)
{
	const struct benchmark *b = filter_benchmark(f, rb);

	for (unsigned i = 0; b != NULL && i < b->n_entries; i++)
		if (is_below(b->entries[i].section, value))
			return true;
	return false;
}

static bool
level_is_valid(const struct filter *f, const struct rulebook *rb, const char *value)
{
	const struct benchmark *b = filter_benchmark(f, rb);

	for (unsigned i = 0; b != NULL && i < b->n_entries; i++)
		if (is_of_level(&b->entries[i], value))
			return true;
	return false;
}

static bool
benchmark_is_valid(const struct filter *f, const struct rulebook *rb, const char *value)
{
	for (unsigned i = 0; i < rb->n_benchmarks; i++)
		if (strcmp(rb->benchmarks[i].id, value) == 0)
			return true;
	return false;
}

static const char *
nearest_benchmark(const struct rulebook *rb, const char *value)
{
	struct nearest n = nearest_to(value, strlen(value));

	for (unsigned i = 0; i < rb->n_benchmarks; i++)
		nearest_offer(&n, rb->benchmarks[i].id);
	return n.name;
}

static bool
severity_is_valid(const struct filter *f, const struct rulebook *rb, const char *value)
{
	return severity_from_name(value) >= 0;
}

/* An exception that covers is one as well. -1: none of that name. */
static int
exception_from_name(const char *name)
{
	for (int state = 0; state < _EXCEPTION_STATES; state++)
		if (strcmp(exception_state_name((enum exception_state)state), name) == 0)
			return state;
	return -1;
}

static bool
verdict_is_valid(const struct filter *f, const struct rulebook *rb, const char *value)
{
	return verdict_from_name(value) >= 0 || exception_from_name(value) >= 0;
}

/* --- whether a view matches --- */

static bool
rule_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	const struct benchmark *b = filter_benchmark(f, rb);

	return v->rule != NULL && v->rule == rulebook_find(rb, value, b == NULL ? NULL : b->id);
}

static bool
section_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	const struct benchmark_entry *e = entry_meant(f, rb, v);

	return e != NULL && is_below(e->section, value);
}

static bool
level_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	const struct benchmark_entry *e = entry_meant(f, rb, v);

	return e != NULL && is_of_level(e, value);
}

static bool
benchmark_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	for (unsigned i = 0; i < rb->n_benchmarks && v->rule != NULL; i++)
		if (strcmp(rb->benchmarks[i].id, value) == 0)
			return benchmark_entry_of(&rb->benchmarks[i], v->rule) != NULL;
	return false;
}

static bool
severity_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	return v->rule != NULL && (int)v->rule->severity == severity_from_name(value);
}

static bool
verdict_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	return (v->verdict >= 0 && v->verdict == verdict_from_name(value)) ||
	       (v->covered > 0 && v->covered == 1 + exception_from_name(value));
}

static bool
is_name(const char *name, const char *pattern)
{
	return name != NULL && fnmatch(pattern, name, 0) == 0;
}

/* An id, or its beginning; with or without the name of its hash. */
static bool
is_id(const char *id, const char *value)
{
	static const char hash[] = "sha256:";

	if (strncmp(id, hash, strlen(hash)) == 0 && strncmp(value, hash, strlen(hash)) != 0)
		id += strlen(hash);
	return *value != '\0' && strncmp(id, value, strlen(value)) == 0;
}

static bool
container_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	return v->kind == SUBJECT_CONTAINER && (is_name(v->name, value) || is_id(v->id, value));
}

/* "nginx" is any tag of it. */
static bool
is_image(const char *name, const char *value)
{
	size_t len = strlen(value);

	return name != NULL &&
	       (is_name(name, value) || (strncmp(name, value, len) == 0 && name[len] == ':'));
}

static bool
image_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	if (v->kind == SUBJECT_IMAGE)
		return is_image(v->name, value) || is_id(v->id, value);
	if (v->kind != SUBJECT_CONTAINER || v->image == NULL)
		return false;
	/* A container whose image lost its name has the image's id there. */
	return is_image(v->image, value) ||
	       (strncmp(v->image, "sha256:", strlen("sha256:")) == 0 && is_id(v->image, value));
}

static bool
label_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	const char *equals = strchrnul(value, '=');
	struct value key = value_stringn(value, (size_t)(equals - value)), want;
	const struct value *label;

	if (v->labels == NULL || v->labels->type != VALUE_MAP)
		return false;
	label = value_lookup(v->labels, &key);
	if (label == NULL || *equals == '\0')
		return label != NULL;
	want = value_string(equals + 1);
	return value_same(label, &want);
}

static bool
file_matches(const struct filter *f, const struct rulebook *rb, const char *value,
    const struct filter_view *v)
{
	return v->kind == SUBJECT_FILE && is_name(v->id, value);
}

static const struct comparison {
	bool words; /* a value may be several words with commas between */
	const char *wrong;
	bool (*is_valid)(const struct filter *f, const struct rulebook *rb, const char *value);
	const char *(*nearest)(const struct rulebook *rb, const char *value); /* or NULL */
	bool (*matches)(const struct filter *f, const struct rulebook *rb, const char *value,
	    const struct filter_view *v);
} comparisons[_FILTERS] = {
	[FILTER_RULE] = { true, "no such rule", rule_is_valid, rulebook_nearest, rule_matches },
	[FILTER_SECTION] = { true, "no rule is in such a section", section_is_valid, NULL,
	    section_matches },
	[FILTER_LEVEL] = { true, "no rule is of such a level", level_is_valid, NULL,
	    level_matches },
	[FILTER_BENCHMARK] = { true, "no such benchmark", benchmark_is_valid, nearest_benchmark,
	    benchmark_matches },
	[FILTER_SEVERITY] = { true, "not a severity (" SEVERITY_WORDS ")", severity_is_valid, NULL,
	    severity_matches },
	[FILTER_VERDICT] = { true, "not a verdict (" VERDICT_WORDS ")", verdict_is_valid, NULL,
	    verdict_matches },
	[FILTER_CONTAINER] = { .matches = container_matches },
	[FILTER_IMAGE] = { .matches = image_matches },
	[FILTER_LABEL] = { .matches = label_matches },
	[FILTER_FILE] = { .matches = file_matches },
};

static int
invalid(char **reterr, enum filter_kind kind, const char *what, const char *value)
{
	if (asprintf(reterr, "--%s %.256s: %s", filter_infos[kind].name, value, what) < 0)
		return -ENOMEM;
	return FILTER_E_INVALID;
}

/* A value that names nothing; says what was perhaps meant. */
static int
unknown(char **reterr, enum filter_kind kind, const struct rulebook *rb, const char *value)
{
	const struct comparison *c = &comparisons[kind];
	const char *near = c->nearest == NULL ? NULL : c->nearest(rb, value);
	char what[128];

	(void)snprintf(
	    what, sizeof(what), near != NULL ? "%s; did you mean %s?" : "%s", c->wrong, near);
	return invalid(reterr, kind, what, value);
}

int
filter_add(struct filter *f, enum filter_kind kind, const char *value, char **reterr)
{
	if (*value == '\0')
		return invalid(reterr, kind, "nothing is named", value);
	while (*value != '\0') {
		size_t len = comparisons[kind].words ? strcspn(value, ",") : strlen(value);

		if (f->n[kind] == FILTER_VALUES_MAX)
			return invalid(reterr, kind, "too many values", value);
		f->values[kind][f->n[kind]] = strndup(value, len);
		if (f->values[kind][f->n[kind]] == NULL)
			return -ENOMEM;
		f->n[kind]++;
		value += len + (value[len] == ',');
	}
	return 0;
}

int
filter_check(const struct filter *f, const struct rulebook *rb, char **reterr)
{
	for (int kind = 0; kind < _FILTERS; kind++) {
		const struct comparison *c = &comparisons[kind];

		for (unsigned i = 0; i < f->n[kind] && c->is_valid != NULL; i++)
			if (!c->is_valid(f, rb, f->values[kind][i]))
				return unknown(reterr, kind, rb, f->values[kind][i]);
	}
	return 0;
}

bool
filter_matches_part(const struct filter *f, uint32_t filters, const struct rulebook *rb,
    const struct filter_view *view)
{
	for (int kind = 0; kind < _FILTERS; kind++) {
		bool one = f->n[kind] == 0 || (filters & 1U << kind) == 0;

		for (unsigned i = 0; i < f->n[kind] && !one; i++)
			one = comparisons[kind].matches(f, rb, f->values[kind][i], view);
		if (!one)
			return false;
	}
	return true;
}

/* Which part of the benchmark a value has to name. */
static bool
value_names(enum filter_kind kind, const char *value, const struct benchmark *b,
    const struct benchmark_entry *e)
{
	switch (kind) {
	case FILTER_RULE:
		return strcmp(e->id, value) == 0;
	case FILTER_SECTION:
		return is_below(e->section, value);
	case FILTER_LEVEL:
		return is_of_level(e, value);
	case FILTER_BENCHMARK:
		return strcmp(b->id, value) == 0;
	case FILTER_SEVERITY:
	case FILTER_VERDICT:
	case FILTER_CONTAINER:
	case FILTER_IMAGE:
	case FILTER_LABEL:
	case FILTER_FILE:
	case _FILTERS:
		break;
	}
	return false;
}

bool
filter_matches_entry(
    const struct filter *f, const struct benchmark *b, const struct benchmark_entry *entry)
{
	for (int kind = 0; kind < _FILTERS; kind++) {
		bool one = f->n[kind] == 0;

		for (unsigned i = 0; i < f->n[kind] && !one; i++)
			one = value_names((enum filter_kind)kind, f->values[kind][i], b, entry);
		if (!one)
			return false;
	}
	return true;
}

bool
filter_matches(const struct filter *f, const struct rulebook *rb, const struct filter_view *view)
{
	return filter_matches_part(f, UINT32_MAX, rb, view);
}

char *
filter_query_part(const struct filter *f, uint32_t filters)
{
	char *query = NULL;
	size_t len;
	FILE *out = open_memstream(&query, &len);
	const char *before = "";

	if (out == NULL)
		return NULL;
	for (int kind = 0; kind < _FILTERS; kind++) {
		for (unsigned i = 0; i < f->n[kind] && (filters & 1U << kind) != 0; i++) {
			char *value = evhttp_encode_uri(f->values[kind][i]);

			(void)fprintf(out, "%s%s=%s", before, filter_infos[kind].name,
			    value == NULL ? "" : value);
			free(value);
			before = "&";
		}
	}
	if (fclose(out) == 0)
		return query;
	free(query);
	return NULL;
}

char *
filter_query(const struct filter *f)
{
	return filter_query_part(f, UINT32_MAX);
}
