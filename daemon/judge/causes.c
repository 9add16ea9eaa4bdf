/* SPDX-License-Identifier: Apache-2.0
 *
 * Causes that topics wait with. One event touches several topics and a look touches all, so what
 * was noted last is shared: a look at a thousand containers holds one cause, not three thousand,
 * which would leave as many holes between what stays. */
#include "judge/inner.h"

#include <errno.h>
#include <string.h>

struct held_cause {
	struct cause cause; /* the first member: what is handed out */
	unsigned refs;
};

/* How much a cause tells: an event says who did it, a look only that it was found. */
int
cause_rank(const struct cause *c)
{
	return c->source == CAUSE_RESYNC || c->source == CAUSE_CLOCK || c->source == CAUSE_START
		   ? 0
		   : 1;
}

static bool
is_same(const struct cause *a, const struct cause *b)
{
	return a->source == b->source && a->event_ns == b->event_ns && a->woke_ns == b->woke_ns &&
	       a->after_gap == b->after_gap && strcmp(a->detail, b->detail) == 0;
}

/* A copy that is not written to any more; NULL: no memory. */
static const struct cause *
hold_cause(struct judge *j, const struct cause *cause)
{
	struct held_cause *held = (struct held_cause *)(uintptr_t)j->last_cause;

	if (held == NULL || !is_same(&held->cause, cause)) {
		held = malloc(sizeof(*held));
		if (held == NULL)
			return NULL;
		*held = (struct held_cause){ .cause = *cause, .refs = 1 };
		(void)cause_release(j->last_cause);
		j->last_cause = &held->cause;
	}
	held->refs++;
	return &held->cause;
}

const struct cause *
cause_release(const struct cause *cause)
{
	struct held_cause *held = (struct held_cause *)(uintptr_t)cause;

	if (held != NULL && --held->refs == 0)
		free(held);
	return NULL;
}

int
cause_set(struct judge *j, const struct cause **at, const struct cause *cause)
{
	const struct cause *held = hold_cause(j, cause);

	if (held == NULL)
		return -ENOMEM;
	(void)cause_release(*at);
	*at = held;
	return 0;
}

int
cause_note(struct judge *j, const struct cause **at, const struct cause *cause)
{
	if (*at != NULL && cause_rank(cause) <= cause_rank(*at))
		return 0;
	return cause_set(j, at, cause);
}
