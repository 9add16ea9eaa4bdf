/* SPDX-License-Identifier: Apache-2.0 */
#include "report/audit_table.h"
#include "report/findings_table.h"
#include "report/member.h"

#include <errno.h>

struct adding {
	const struct findings_query *query;
	struct findings_table *table;
	uint32_t verdicts;
};

static int
add_finding(void *arg, const struct finding_view *view)
{
	const struct adding *a = arg;
	struct json_object *json;
	int r;

	if ((a->verdicts & (1U << view->verdict)) == 0 ||
	    (view->exception != NULL && (a->verdicts & AUDIT_TABLE_EXCEPTED) == 0) ||
	    (a->query->wanted != NULL && !a->query->wanted(a->query->arg, view)))
		return 0;
	json = judge_finding_json(a->query->judge, view);
	r = json == NULL ? -ENOMEM : findings_table_add(a->table, json);
	(void)json_object_put(json);
	return r;
}

static int
add_left_out(const struct adding *a)
{
	struct json_object *not_selected = findings_not_selected_json(a->query);
	struct json_object *not_checked = findings_not_checked_json(a->query);
	int r = not_selected == NULL || not_checked == NULL ? -ENOMEM : 0;

	if (r == 0)
		r = findings_table_add_list(a->table, not_selected);
	if (r == 0)
		r = findings_table_add_list(a->table, not_checked);
	(void)json_object_put(not_selected);
	(void)json_object_put(not_checked);
	return r;
}

int
audit_table_print(const struct findings_query *query, uint32_t verdicts, bool all, FILE *out,
    const struct style *style)
{
	_cleanup_(findings_table_freep) struct findings_table *table = NULL;
	struct adding adding = { .query = query, .verdicts = verdicts };
	struct json_object *summary;
	const struct rulebook *rb = judge_rulebook(query->judge);
	const struct benchmark *b = query->benchmark != NULL ? query->benchmark
				    : rb->n_benchmarks > 0   ? &rb->benchmarks[0]
							     : NULL;
	int r = findings_table_new(&table, b == NULL ? "" : b->id);

	adding.table = table;
	if (r == 0)
		r = judge_each_finding(query->judge, add_finding, &adding);
	if (r == 0 && (verdicts & AUDIT_TABLE_LEFT_OUT) != 0)
		r = add_left_out(&adding);
	if (r == 0)
		r = findings_table_print(table, out, style, all);
	if (r != 0)
		return r;
	summary = findings_summary_json(query);
	if (summary == NULL)
		return -ENOMEM;
	findings_summary_print(summary, out, style);
	(void)json_object_put(summary);
	return 0;
}
