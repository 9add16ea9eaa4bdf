/* SPDX-License-Identifier: Apache-2.0
 *
 * Containers that went away: late events of them are no news, and a successor is held against what
 * they were. They are records in the ledger, so that both hold over a restart. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

enum { KEEP_MS = 10 * 60 * 1000 };

/* Takes the id. The oldest makes room. */
static int
add(struct judge *j, char *id, int64_t at_ms)
{
	struct departed *gone;

	if (j->n_gone < GONE_KEPT && j->n_gone % 64 == 0) {
		gone = reallocarray(j->gone, j->n_gone + 64, sizeof(*gone));
		if (gone == NULL) {
			free(id);
			return -ENOMEM;
		}
		j->gone = gone;
	}
	if (id == NULL)
		return -ENOMEM;
	if (j->n_gone < GONE_KEPT) {
		gone = &j->gone[j->n_gone++];
	} else {
		gone = &j->gone[j->gone_next];
		j->gone_next = (j->gone_next + 1) % GONE_KEPT;
		free(gone->id);
	}
	*gone = (struct departed){ id, at_ms };
	return 0;
}

bool
recently_gone(const struct judge *j, const char *id)
{
	for (unsigned i = 0; i < j->n_gone; i++)
		if (strcmp(j->gone[i].id, id) == 0)
			return true;
	return false;
}

int
gone_note(struct judge *j, const struct entry *e)
{
	int64_t now_ms = clock_realtime_ms();
	int r = add(j, strdup(e->s.id), now_ms);
	char *body = strdup("{}");

	if (body == NULL)
		return -ENOMEM;
	return r < 0 ? r : outbox_record(j, RECORD_GONE, e->s.id, now_ms + KEEP_MS, body);
}

int
gone_unseen(struct judge *j, const struct entry *e, const struct cause *cause, int64_t end_ns)
{
	struct object more = object_begin();

	if (end_ns == 0)
		end_ns = clock_realtime_ns();
	object_add(&more, "subject", judge_subject_json(&e->s));
	if (e->made_ns != 0 && end_ns >= e->made_ns)
		object_ms(&more, "lifetime_ms", (double)(end_ns - e->made_ns) / 1e6);
	else
		object_null(&more, "lifetime_ms");
	object_string(&more, "cause", cause->detail);
	return drift_notice(j, "unseen", object_end(&more));
}

static int
on_record(
    void *arg, const char *kind, const char *id, int64_t until_ms, const char *body, size_t len)
{
	struct judge *j = arg;

	if (strcmp(kind, RECORD_GONE) != 0 || until_ms <= clock_realtime_ms())
		return 0;
	return add(j, strdup(id), until_ms - KEEP_MS);
}

int
gone_load(struct judge *j)
{
	return ledger_each_record(j->ledger, on_record, j);
}

void
gone_deinit(struct judge *j)
{
	for (unsigned i = 0; i < j->n_gone; i++)
		free(j->gone[i].id);
	free(j->gone);
}
