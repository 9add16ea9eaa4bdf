/* SPDX-License-Identifier: Apache-2.0
 *
 * A small estate with rules of every scope and kind: a host, an engine and one container, "aaa",
 * all of which pass. Tests of what the judge tells break one thing of it each. */
#ifndef TESTS_JUDGE_SAMPLE_H
#define TESTS_JUDGE_SAMPLE_H

#include "rules.h"
#include "world.h"

extern const char sample_container[]; /* facts of a container that passes */

/* For cmocka; world_teardown() ends it. */
int sample_setup(void **state);
/* Docker tells something of a container, and all that follows from it is done. */
void sample_event(struct world *w, const char *id, const char *detail);

#endif
