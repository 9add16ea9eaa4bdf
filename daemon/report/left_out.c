/* SPDX-License-Identifier: Apache-2.0 */
#include "report/left_out.h"
#include "report/member.h"
#include "report/rule_json.h"

#include <errno.h>

static struct json_object *
not_selected_new(const struct rulebook *rb, const struct rule *rule)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : member_put_text(json, "rule", rule->key);

	if (r == 0)
		r = member_put_text(json, "title", rule->title);
	if (r == 0)
		r = member_put_text(json, "severity", severity_name(rule->severity));
	if (r == 0)
		r = member_put(json, "refs", rule_refs_json(rb, rule));
	if (r == 0)
		r = member_put_text(json, "verdict", "notselected");
	if (r == 0)
		r = member_put_text(json, "because", rule->unselected_why);
	return member_done(json, r);
}

struct json_object *
left_out_not_selected(const struct rulebook *rb, left_out_fn *wanted, void *arg)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < rb->n_rules && r == 0; i++) {
		const struct left_out l = { .rule = rb->rules[i] };

		if (!l.rule->selected && (wanted == NULL || wanted(arg, &l)))
			r = member_append(list, not_selected_new(rb, l.rule));
	}
	return member_done(list, r);
}

static struct json_object *
not_checked_new(const struct left_out *l)
{
	struct json_object *json = json_object_new_object(), *refs = json_object_new_object();
	int r = json == NULL || refs == NULL ? -ENOMEM : 0;

	if (r == 0)
		r = member_put_text(json, "title", l->entry->title);
	if (r == 0)
		r = member_put(refs, l->benchmark->id, rule_ref_json(l->entry));
	if (r == 0)
		r = member_put(json, "refs", TAKE(refs));
	if (r == 0)
		r = member_put_text(json, "verdict", "notchecked");
	if (r == 0)
		r = member_put_text(json, "because", l->entry->title);
	(void)json_object_put(refs);
	return member_done(json, r);
}

struct json_object *
left_out_not_checked(
    const struct rulebook *rb, const struct benchmark *benchmark, left_out_fn *wanted, void *arg)
{
	struct json_object *list = json_object_new_array();
	const struct benchmark *b = benchmark == NULL ? rulebook_leading(rb) : benchmark;
	int r = list == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; b != NULL && b->enabled && i < b->n_entries && r == 0; i++) {
		const struct left_out l = { .benchmark = b, .entry = &b->entries[i] };

		if (l.entry->rule == NULL && (wanted == NULL || wanted(arg, &l)))
			r = member_append(list, not_checked_new(&l));
	}
	return member_done(list, r);
}
