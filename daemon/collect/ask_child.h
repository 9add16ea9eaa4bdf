/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks a child process what may hang: the name service, a walk over all of /proc. The child is a
 * fork of this process with no descriptor but the pipe for its answer; when it is late, or says too
 * much, it is killed. A lock that another thread of ours held at the fork can hang it too: it is
 * late then. */
#ifndef COLLECT_ASK_CHILD_H
#define COLLECT_ASK_CHILD_H

#include "util/macros.h"
#include <stddef.h>

struct event_base;
struct ask_child;

enum {
	ASK_CHILD_DEADLINE_MS = 2000, /* long enough for an honest answer */
	ASK_CHILD_ANSWER_MAX = 4 * 1024 * 1024,
};

/* Runs in the child and writes its answer to `fd`. 0, or a positive errno, which is told as the
 * reason why there is no answer. */
typedef int ask_child_fn(int fd, const void *question);
/* From the event loop, once. `why` NULL: `answer` (borrowed, a zero behind) is whole. The child may
 * be freed from within. */
typedef void ask_child_done_fn(void *arg, const char *why, const char *answer, size_t len);

/* `question` is copied by the fork. 0 or -errno; then `done` never comes. */
int ask_child_new(struct ask_child **ret, struct event_base *base, ask_child_fn *fn,
    const void *question, unsigned deadline_ms, ask_child_done_fn *done, void *arg);
/* Takes NULL, returns NULL. A child that still runs is killed and `done` does not come. */
struct ask_child *ask_child_free(struct ask_child *c);
DEFINE_CLEANUP(struct ask_child, ask_child_free)

#endif
