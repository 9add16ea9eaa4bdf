/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rows a consumer has written, noted beside its cursor: a commit a row would cost a sync
 * each, so the cursor follows some rows behind, and a daemon that is killed would tell these again
 * each time. Whoever is killed between the writing of a row and the note of it tells that row
 * again; so that it is not told for ever by a daemon that is killed whenever it tells it, its tries
 * are noted too, and two are enough. A note is one small write to a file that is never synced: it
 * outlives the process, and that is all that it is for. After a power cut, or with another ledger,
 * the file counts for nothing and the cursor alone says what was told. Knows nothing of what the
 * rows mean. */
#ifndef REPORT_SENT_H
#define REPORT_SENT_H

#include "util/macros.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SENT_KEPT = 2048 }; /* notes; many more than a cursor may be behind */

struct sent;

/* One row. A sequence can be had twice, from a ledger that was put back from a copy: the text
 * tells. */
struct sent_row {
	uint64_t seq;
	uint64_t hash;
};

struct sent_row sent_row_of(uint64_t seq, const char *line, size_t len);

/* Of `consumer`, in `folder`, about the ledger of that id. 0 or -errno. */
int sent_open(struct sent **ret, const char *folder, const char *consumer, const char *ledger);
struct sent *sent_ref(struct sent *s);   /* takes NULL */
struct sent *sent_unref(struct sent *s); /* takes NULL, returns NULL; from any thread */
DEFINE_CLEANUP(struct sent, sent_unref)

/* From any thread. A note that fails is none: the row may be told once more. */
void sent_note(struct sent *s, const struct sent_row *row);
/* Before a writing that comes to its end at once, one way or the other; and after one that did not
 * happen. */
void sent_try(struct sent *s, const struct sent_row *row);
void sent_untry(struct sent *s, const struct sent_row *row);
/* It was written, or tried often enough. */
bool sent_has(const struct sent *s, const struct sent_row *row);

#endif
