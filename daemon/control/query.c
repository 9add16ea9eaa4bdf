/* SPDX-License-Identifier: Apache-2.0 */
#include "control/query.h"

#include <stdio.h>
#include <string.h>

struct reading {
	struct filter *filter;
	const char *const *others;
	char *wrong;
};

static bool
is_other(const char *const *others, const char *name)
{
	for (; others != NULL && *others != NULL; others++)
		if (strcmp(*others, name) == 0)
			return true;
	return false;
}

static int
read_param(void *arg, const char *name, const char *value)
{
	struct reading *reading = arg;
	int kind = filter_kind_from_name(name);

	if (is_other(reading->others, name))
		return 0;
	if (kind >= 0)
		return filter_add(reading->filter, (enum filter_kind)kind, value, &reading->wrong);
	if (asprintf(&reading->wrong, "no such parameter: %.64s", name) < 0)
		reading->wrong = NULL;
	return FILTER_E_INVALID;
}

struct filter *
query_filter(struct request *rq, const struct rulebook *rb, const char *const *others)
{
	_cleanup_(filter_freep) struct filter *filter = NULL;
	struct reading reading = { .others = others };
	int r = filter_new(&filter);

	reading.filter = filter;
	if (r == 0)
		r = request_each_param(rq, read_param, &reading);
	if (r == 0)
		r = filter_check(filter, rb, &reading.wrong);
	if (r == FILTER_E_INVALID)
		request_fail(rq, 400, reading.wrong == NULL ? "invalid" : reading.wrong,
		    "filters are rule, section, level, benchmark, severity, verdict, container, "
		    "image, label and file");
	else if (r != 0)
		request_fail(rq, 500, "out of memory", "try again");
	free(reading.wrong);
	return r == 0 ? TAKE(filter) : NULL;
}
