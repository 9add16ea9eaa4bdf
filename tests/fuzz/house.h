/* SPDX-License-Identifier: Apache-2.0
 *
 * A judge over a world of a few subjects, whose collector is the one of the judge's tests. The
 * ledger is a file in memory. */
#ifndef TESTS_FUZZ_HOUSE_H
#define TESTS_FUZZ_HOUSE_H

#include "../unit/judge/world.h"

/* A world with a host, an engine, a container and a file, one rule for each. The judge is not made
 * yet. Called once. */
struct world *house_new(void);

#endif
