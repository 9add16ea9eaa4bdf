/* SPDX-License-Identifier: Apache-2.0
 *
 * A container that takes the place of another: what is as bad as it was is no news, what differs
 * is. One that takes nobody's place appears. */
#include "judge/inner.h"

#include <json-c/json.h>

static bool
is_bad(const struct finding *f)
{
	return f->judged && (f->verdict == VERDICT_FAIL || f->verdict == VERDICT_UNKNOWN);
}

/* What is kept of the predecessor's finding; NULL: nothing. */
static struct json_object *
kept_of(const struct judge *j, const struct predecessor *p, const struct finding *f)
{
	struct json_object *findings = NULL, *kept = NULL;

	(void)json_object_object_get_ex(p->state, "findings", &findings);
	(void)json_object_object_get_ex(findings, j->rb->rules[f->rule]->key, &kept);
	return kept;
}

/* Both are as bad, for the same offenders, and count the same. */
static bool
is_same(const struct finding *was, const struct finding *is)
{
	return was->verdict == is->verdict && was->covered == is->covered &&
	       (is->verdict != VERDICT_FAIL || was->digest == is->digest);
}

enum change { CHANGE_NONE, CHANGE_SAME, CHANGE_MENDED, CHANGE_WORSE };

static enum change
change_of(const struct judge *j, const struct predecessor *p, const struct finding *f)
{
	struct json_object *kept = kept_of(j, p, f);
	struct finding was = { 0 };

	if (kept != NULL)
		(void)state_read_finding(&was, kept);
	if (is_bad(f))
		return is_bad(&was) && is_same(&was, f) ? CHANGE_SAME : CHANGE_WORSE;
	return is_bad(&was) && f->judged ? CHANGE_MENDED : CHANGE_NONE;
}

static int
tell_differences(struct judge *j, struct entry *e, const struct predecessor *p, enum change which)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < e->s.n_findings; i++) {
		const struct finding *f = &e->s.findings[i];

		if (change_of(j, p, f) == which)
			r = drift_difference(j, e, f, p, kept_of(j, p, f));
	}
	return r;
}

/* One that shares no bad finding with its predecessor is told as a whole; what it mends is told
 * either way. */
static int
tell(struct judge *j, struct entry *e, const struct predecessor *p, bool news)
{
	const struct cause *cause = entry_cause(j, e);
	unsigned same = 0;
	int r = 0;

	for (unsigned i = 0; i < e->s.n_findings; i++)
		same += change_of(j, p, &e->s.findings[i]) == CHANGE_SAME;
	if (same > 0) {
		for (unsigned i = 0; i < e->s.n_findings; i++)
			e->s.findings[i].fresh = change_of(j, p, &e->s.findings[i]) == CHANGE_SAME;
		r = drift_carried(j, e, p, cause);
		if (r == 0)
			r = tell_differences(j, e, p, CHANGE_WORSE);
	} else if (news) {
		r = drift_appeared(j, e, cause);
	}
	return r == 0 ? tell_differences(j, e, p, CHANGE_MENDED) : r;
}

int
carried_or_appeared(struct judge *j, struct entry *e, bool news)
{
	struct predecessor p = { 0 };
	int r;

	if (e->s.kind != SUBJECT_CONTAINER || !predecessor_find(&p, j, e))
		return news ? drift_appeared(j, e, entry_cause(j, e)) : 0;
	r = tell(j, e, &p, news);
	predecessor_deinit(&p);
	return r;
}
