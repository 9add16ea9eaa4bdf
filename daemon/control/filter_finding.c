/* SPDX-License-Identifier: Apache-2.0 */
#include "control/filter_finding.h"
#include "report/member.h"

#include <string.h>

/* The labels of a container; NULL: it has none that we know of. */
static const struct value *
labels_of(const struct subject *s)
{
	if (s == NULL || s->kind != SUBJECT_CONTAINER)
		return NULL;
	return snapshot_get(s->snapshots[TOPIC_CONTAINER_INSPECT], FACT_CONTAINER_LABELS);
}

/* Filters that choose among subjects of that kind. */
static uint32_t
filters_of(enum subject_kind kind)
{
	switch (kind) {
	case SUBJECT_CONTAINER:
		return 1U << FILTER_CONTAINER | 1U << FILTER_IMAGE | 1U << FILTER_LABEL;
	case SUBJECT_IMAGE:
		return 1U << FILTER_IMAGE;
	case SUBJECT_FILE:
		return 1U << FILTER_FILE;
	case SUBJECT_HOST:
	case SUBJECT_ENGINE:
	case SUBJECT_SWARM:
	case _SUBJECT_KINDS:
		break;
	}
	return 0;
}

/* What of the subject isn't known, and so cannot be held against the filters. */
static uint32_t
filters_unknown(const struct finding_view *view, const struct value *labels)
{
	if (view->verdict != VERDICT_UNKNOWN)
		return 0;
	if (view->subject->kind != view->rule->scope)
		return filters_of(view->rule->scope);
	if (view->subject->kind == SUBJECT_CONTAINER &&
	    (labels == NULL || labels->type != VALUE_MAP))
		return 1U << FILTER_LABEL;
	return 0;
}

bool
filter_matches_finding(const struct filter *f, uint32_t filters, const struct rulebook *rb,
    const struct finding_view *view)
{
	struct filter_view v = { .rule = view->rule,
		.verdict = view->verdict,
		.covered = view->exception == NULL ? 0 : 1 + (int)view->exception->state,
		.kind = view->subject->kind,
		.id = view->subject->id,
		.name = view->subject->name,
		.image = view->subject->image,
		.labels = labels_of(view->subject) };

	return filter_matches_part(f, filters & ~filters_unknown(view, v.labels), rb, &v);
}

bool
filter_matches_left_out(const struct filter *f, const struct rulebook *rb, const struct left_out *l)
{
	const struct filter_view v = { .rule = l->rule, .verdict = -1, .kind = -1 };

	return l->rule == NULL ? filter_matches_entry(f, l->benchmark, l->entry)
			       : filter_matches(f, rb, &v);
}

static const struct subject *
find_subject(const struct judge *judge, int kind, const char *id)
{
	size_t n;
	const struct subject *const *subjects = judge_subjects(judge, &n);

	for (size_t i = 0; i < n; i++)
		if ((int)subjects[i]->kind == kind && strcmp(subjects[i]->id, id) == 0)
			return subjects[i];
	return NULL;
}

static int
covered_by(const char *state)
{
	for (int i = 0; i < _EXCEPTION_STATES; i++)
		if (strcmp(exception_state_name((enum exception_state)i), state) == 0)
			return 1 + i;
	return 0;
}

static bool
matches_part(const struct filter *f, const struct judge *judge, struct filter_view *v,
    struct json_object *part)
{
	const struct rulebook *rb = judge_rulebook(judge);
	const char *rule = member_text(part, "rule");

	v->rule = *rule == '\0' ? NULL : rulebook_find(rb, rule, NULL);
	v->verdict = verdict_from_name(member_text(part, "verdict"));
	v->covered = covered_by(member_text(part, "exception/state"));
	return filter_matches(f, rb, v);
}

bool
filter_matches_row(const struct filter *f, const struct judge *judge, struct json_object *row)
{
	struct json_object *findings = member(row, "findings");
	size_t n = member_count(row, "findings");
	struct filter_view v = { .kind = subject_kind_from_name(member_text(row, "subject/kind")),
		.id = member_text(row, "subject/id"),
		.name = member_text(row, "subject/name"),
		.image = member_text(row, "subject/image") };

	if (filter_has(f, FILTER_LABEL))
		v.labels = labels_of(find_subject(judge, v.kind, v.id));
	if (matches_part(f, judge, &v, row))
		return true;
	for (size_t i = 0; i < n; i++)
		if (matches_part(f, judge, &v, json_object_array_get_idx(findings, i)))
			return true;
	return false;
}
