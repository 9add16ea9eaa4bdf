/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/cover.h"

#include "judge/judge.h"
#include <fnmatch.h>
#include <string.h>

/* A shell pattern over the whole text, as in the rule language: * matches slashes too. */
static bool
is_like(const char *text, const char *pattern)
{
	return text != NULL && fnmatch(pattern, text, 0) == 0;
}

static bool
has_label(const struct value *labels, const char *pattern)
{
	const char *equals = strchrnul(pattern, '=');
	struct value key = value_stringn(pattern, (size_t)(equals - pattern));
	const struct value *label;

	if (labels == NULL || labels->type != VALUE_MAP)
		return false;
	label = value_lookup(labels, &key);
	if (label == NULL || *equals == '\0')
		return label != NULL;
	return label->type == VALUE_STRING && is_like(label->string, equals + 1);
}

static bool
is_about(const struct exception *e, const struct cover_question *q)
{
	const struct subject *s = q->subject;

	switch (e->match) {
	case EXCEPTION_ALL:
		return true;
	case EXCEPTION_NAME:
		return is_like(s->name, e->pattern);
	case EXCEPTION_IMAGE:
		return is_like(s->kind == SUBJECT_IMAGE ? s->name : s->image, e->pattern);
	case EXCEPTION_LABEL:
		return has_label(q->labels, e->pattern);
	case EXCEPTION_PATH:
		return is_like(s->id, e->pattern);
	case _EXCEPTION_MATCHES:
		break;
	}
	return false;
}

static bool
answers(const struct exception *e, const struct cover_question *q)
{
	if (q->verdict != (e->state == EXCEPTION_WAIVED ? VERDICT_FAIL : VERDICT_REVIEW))
		return false;
	if (e->evidence == NULL)
		return true;
	return q->evidence != NULL && strcmp(e->evidence, q->evidence) == 0;
}

struct cover
cover_find(const struct rulebook *rb, const struct cover_question *q)
{
	struct cover cover = { 0 };
	const struct exception *all;
	unsigned n;

	all = rulebook_exceptions(rb, q->rule, &n);
	for (unsigned i = 0; i < n && cover.by == NULL; i++) {
		if (!answers(&all[i], q) || !is_about(&all[i], q))
			continue;
		if (q->now_ms < all[i].expires_ms)
			cover.by = &all[i];
		else
			cover.ended = &all[i];
	}
	if (cover.by != NULL)
		cover.ended = NULL;
	return cover;
}

bool
cover_wants_evidence(const struct rulebook *rb, const struct rule *rule)
{
	const struct exception *all;
	unsigned n;

	all = rulebook_exceptions(rb, rule, &n);
	for (unsigned i = 0; i < n; i++)
		if (all[i].evidence != NULL)
			return true;
	return false;
}
