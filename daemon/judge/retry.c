/* SPDX-License-Identifier: Apache-2.0
 *
 * What could not be had is asked for again by itself, after a time that doubles: nothing tells when
 * a fault is over, and then it takes about as long again as it lasted until all is known. */
#include "judge/inner.h"

#include "util/clock.h"

enum {
	RETRY_FIRST_S = 2,
	RETRY_DOUBLINGS = 8, /* to 512 s */
};

static uint32_t
now_s(void)
{
	return (uint32_t)(clock_monotonic_ms() / 1000);
}

static void
plan(struct judge *j, const struct retry *r)
{
	clock_plan(j, (int64_t)r->due_s * 1000 - clock_monotonic_ms());
}

void
retry_note(struct judge *j, struct retry *r, bool failed, bool anew)
{
	if (!failed || anew)
		*r = (struct retry){ 0 };
	/* An answer that came before, as to a look, doesn't count. */
	if (!failed || r->due_s > now_s())
		return;
	r->due_s = now_s() + 1 + (RETRY_FIRST_S << r->tries);
	if (r->tries < RETRY_DOUBLINGS)
		r->tries++;
	plan(j, r);
}

bool
retry_is_due(struct judge *j, const struct retry *r)
{
	if (r->due_s == 0)
		return false;
	if (r->due_s <= now_s())
		return true;
	plan(j, r);
	return false;
}
