/* SPDX-License-Identifier: Apache-2.0
 *
 * A ledger that comes late: it could not be opened at the start, or it broke on the way. Findings
 * were kept in memory meanwhile. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <errno.h>
#include <json-c/json.h>

static void
forget_judgements(struct entry *e)
{
	e->known = e->dirty = false;
	for (unsigned i = 0; i < e->s.n_findings; i++)
		e->s.findings[i] = (struct finding){ .rule = e->s.findings[i].rule };
}

/* As after a restart: drift is the difference from what was kept, and what happened in memory alone
 * is part of it. */
static int
take_up(struct judge *j)
{
	int r;

	outbox_forget_drift(j);
	for (size_t i = 0; i < j->n_entries; i++)
		forget_judgements(j->entries[i]);
	r = state_load(j);
	if (r == 0)
		r = gone_load(j);
	if (r == 0)
		r = execs_load(j);
	/* What is gone by now, and what else was not looked at. */
	if (r == 0)
		r = judge_look(j, CAUSE_START);
	return r == 0 ? round_anew(j) : r;
}

int
late_open(struct judge *j, char **retwhy)
{
	int r;

	r = ledger_retry(j->ledger, retwhy);
	if (r < 0)
		return r;
	if (r == LEDGER_E_SET_ASIDE)
		judge_trouble(j, *retwhy);
	if (ledger_is_new(j->ledger))
		return 0;
	r = take_up(j);
	/* In memory all goes on; what could not be taken up is drift once more. */
	if (r < 0)
		judge_trouble(j, "out of memory");
	return 0;
}

static int
tell_replaced(struct judge *j, const char *why)
{
	struct object more = object_begin();

	object_add(&more, "summary", judge_summary_json(j));
	object_string(&more, "set_aside", why);
	return drift_notice(j, "baseline", object_end(&more));
}

int
late_replace(struct judge *j)
{
	_cleanup_(freep) char *why = NULL;
	int r;

	r = ledger_replace(j->ledger, &why);
	judge_trouble(j, why == NULL ? "the ledger is broken" : why);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < j->n_entries; i++)
		if (j->entries[i]->known)
			r = state_save(j, j->entries[i]);
	return r == 0 ? tell_replaced(j, why) : r;
}
