/* SPDX-License-Identifier: Apache-2.0
 *
 * The filters that every command and the socket share: one table says how each is called and what
 * it compares. Different filters narrow each other down; several values of one widen it. Numbers of
 * rules and sections are those of the benchmark that --benchmark names, else of the leading one. */
#ifndef CONTROL_FILTER_H
#define CONTROL_FILTER_H

#include "rulebook/rulebook.h"
#include "util/macros.h"
#include <stdint.h>

enum { FILTER_VALUES_MAX = 64 };

enum filter_kind {
	FILTER_RULE,
	FILTER_SECTION,
	FILTER_LEVEL,
	FILTER_BENCHMARK,
	FILTER_SEVERITY,
	FILTER_VERDICT,
	FILTER_CONTAINER,
	FILTER_IMAGE,
	FILTER_LABEL,
	FILTER_FILE,
	_FILTERS,
};

/* Sets of filters: what they look at. */
#define FILTERS_OF_RULES                                                                          \
	(1U << FILTER_RULE | 1U << FILTER_SECTION | 1U << FILTER_LEVEL | 1U << FILTER_BENCHMARK | \
	    1U << FILTER_SEVERITY)
#define FILTERS_OF_NAMES (1U << FILTER_CONTAINER | 1U << FILTER_IMAGE | 1U << FILTER_FILE)

/* For help, and for the parsing of options. */
struct filter_info {
	const char *name, *argument, *help;
};
extern const struct filter_info filter_infos[_FILTERS];

enum {
	_FILTER_E_SUCCESS,
	FILTER_E_INVALID, /* *reterr says what is wrong; the caller frees it */
};

struct filter;

/* What a filter looks at: a finding, or a row of drift. */
struct filter_view {
	const struct rule *rule; /* NULL: it is about no rule, and no filter of rules matches it */
	int verdict;             /* enum verdict; -1: none */
	int covered;             /* 1 + enum exception_state; 0: no exception covers it */
	int kind;                /* enum subject_kind; -1: it has no subject */
	const char *id, *name;   /* of the subject */
	const char *image;       /* of a container; NULL: not known */
	const struct value *labels; /* of a container; NULL: not known */
};

int filter_new(struct filter **ret);          /* matches everything. 0 or -ENOMEM */
struct filter *filter_free(struct filter *f); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct filter, filter_free)

/* The filter of that name, or -1. */
int filter_kind_from_name(const char *name);
/* Adds a value, or several with commas between where the value is a word. 0, FILTER_E_INVALID or
 * -ENOMEM. */
int filter_add(struct filter *f, enum filter_kind kind, const char *value, char **reterr);
/* Are all values such as the rulebook knows? 0, FILTER_E_INVALID or -ENOMEM. A filter must be
 * checked before it matches. */
int filter_check(const struct filter *f, const struct rulebook *rb, char **reterr);
/* The one that is named first; NULL: none is. */
const char *filter_benchmark_name(const struct filter *f);
/* The benchmark whose numbers are meant. NULL: there is none of that name, or none at all. */
const struct benchmark *filter_benchmark(const struct filter *f, const struct rulebook *rb);
bool filter_is_empty(const struct filter *f);
bool filter_has(const struct filter *f, enum filter_kind kind);
bool filter_matches(
    const struct filter *f, const struct rulebook *rb, const struct filter_view *view);
/* The same by the filters of that set alone. Those of names need no rulebook. */
bool filter_matches_part(const struct filter *f, uint32_t filters, const struct rulebook *rb,
    const struct filter_view *view);
/* The same for a number of a benchmark that no rule stands for. */
bool filter_matches_entry(
    const struct filter *f, const struct benchmark *b, const struct benchmark_entry *entry);
/* As the query part of an URL, without its question mark: "" for none. Caller frees; NULL when out
 * of memory. */
char *filter_query(const struct filter *f);
char *filter_query_part(const struct filter *f, uint32_t filters);

#endif
