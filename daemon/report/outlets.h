/* SPDX-License-Identifier: Apache-2.0
 *
 * Where drift is told beside the socket, as the settings say: the journal and syslog, each with a
 * consumer and a writer of its own, so that one that hangs does not hold up the other. */
#ifndef REPORT_OUTLETS_H
#define REPORT_OUTLETS_H

#include "util/macros.h"

struct event_base;
struct judge;
struct ledger;
struct outlets;
struct settings;

/* Nothing is told until settings are taken. Borrows all but `folder`: of the consumers' notes. The
 * judge's rules say how a failure is mended. 0 or -ENOMEM. */
int outlets_new(struct outlets **ret, struct event_base *base, struct ledger *ledger,
    const struct judge *judge, const char *folder);
struct outlets *outlets_free(struct outlets *o); /* takes NULL, returns NULL; before the ledger */
DEFINE_CLEANUP(struct outlets, outlets_free)

/* Switches on and off, and takes limits and the facility. What is switched on again is told what it
 * has missed. 0, or -errno: one could not be switched on; the others are as they should be. */
int outlets_set(struct outlets *o, const struct settings *settings);
void outlets_run(struct outlets *o); /* after a commit */
void outlets_end(struct outlets *o); /* the last chance to be told */

#endif
