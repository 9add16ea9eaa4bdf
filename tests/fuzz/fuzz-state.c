/* SPDX-License-Identifier: Apache-2.0
 *
 * What the ledger kept of a subject, read when the daemon starts: whatever stands there, the judge
 * looks at everything and settles. */
#include "fuzz.h"

#include "house.h"

/* The same of every subject, and of some that there are no more. */
static const struct {
	int kind;
	const char *id;
} kept[] = {
	{ SUBJECT_HOST, "" },
	{ SUBJECT_ENGINE, "" },
	{ SUBJECT_CONTAINER, "c1" },
	{ SUBJECT_CONTAINER, "gone" },
	{ SUBJECT_FILE, "/etc/docker" },
	{ SUBJECT_IMAGE, "sha256:1" },
	{ 77, "x" },
};

static void
keep(const struct world *w, const char *text, size_t size)
{
	_cleanup_(freep) char *why = NULL;
	struct ledger *ledger = NULL;
	uint64_t removed;

	must(ledger_open(&ledger, w->path, &why) == 0);
	must(ledger_begin(ledger) == 0);
	must(ledger_prune(ledger, INT64_MAX, 0, 100, &removed) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		must(ledger_put_subject(ledger, kept[i].kind, kept[i].id, text, size) == 0);
	must(ledger_commit(ledger, &why) == 0);
	(void)ledger_free(ledger);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world *w;

	if (w == NULL)
		w = house_new();
	keep(w, (const char *)data, size);
	world_start(w);
	must(w->trouble[0] == '\0');
	world_stop(w);
	return 0;
}
