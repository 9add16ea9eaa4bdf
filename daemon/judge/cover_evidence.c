/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/cover.h"

#include "judge/canonical.h"
#include <errno.h>
#include <string.h>

static bool
is_cut(const struct value *v)
{
	if (v->type != VALUE_LIST && v->type != VALUE_MAP)
		return false;
	for (uint32_t i = 0; i < v->len; i++)
		if (is_cut(v->type == VALUE_LIST ? &v->items[i] : &v->entries[i].value))
			return true;
	return v->cut;
}

/* Ends each text, so that what stands in two differs from the same in one. */
static int
add_text(struct sha256 *sha, const char *text)
{
	if (text == NULL)
		return -ENOMEM;
	sha256_add(sha, text, strlen(text) + 1);
	return 0;
}

static int
add_value(struct sha256 *sha, const struct value *v)
{
	_cleanup_(freep) char *text = canonical_json(v);

	return is_cut(v) ? COVER_E_CUT : add_text(sha, text);
}

/* A hash of label values would tell whether a guess at them is right. */
static int
add_shown(struct sha256 *sha, const struct expr *e, const struct judge_facts *facts)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);
	const unsigned *reads;
	struct value shown;
	int r = a == NULL ? -ENOMEM : 0;
	size_t n;

	reads = expr_reads(e, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct value *v;

		if (reads[i] >= _FACTS)
			continue;
		v = facts->fact(facts->context, (enum fact_id)reads[i]);
		r = is_cut(v) ? COVER_E_CUT : fact_shown(&shown, (enum fact_id)reads[i], v, a);
		if (r == 0)
			r = add_value(sha, &shown);
	}
	return r;
}

int
cover_evidence(char ret[SHA256_HEX + 1], const struct judgement *judgement, const struct rule *rule,
    const struct judge_facts *facts)
{
	_cleanup_(sha256_freep) struct sha256 *sha = NULL;
	int r;

	r = sha256_new(&sha);
	if (r == 0)
		r = add_text(sha, rule->key);
	for (unsigned i = 0; r == 0 && i < judgement->reviewed.len; i++) {
		const struct expr *e = rule->reviews[i];

		if (facts_flagged(e, FACT_VOLATILE))
			r = add_text(sha, "volatile");
		else if (facts_flagged(e, FACT_NAME_ONLY | FACT_COUNT_ONLY))
			r = add_shown(sha, e, facts);
		else
			r = add_value(sha, &judgement->reviewed.items[i]);
	}
	if (r == 0)
		sha256_finish(sha, ret);
	return r;
}
