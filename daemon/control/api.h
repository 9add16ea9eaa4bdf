/* SPDX-License-Identifier: Apache-2.0
 *
 * What the daemon says on its socket: the routes of the interface, over the judge and its ledger.
 * Decides nothing and holds nothing of its own but who follows. */
#ifndef CONTROL_API_H
#define CONTROL_API_H

#include "util/macros.h"
#include <stdbool.h>
#include <stdint.h>

struct api;
struct collector;
struct event_base;
struct json_object;
struct judge;
struct ledger;
struct metrics;

/* When everything was last looked at. */
struct api_look {
	int64_t started_ms; /* CLOCK_REALTIME at which it began */
	double took_ms;     /* 0: it is under way */
};

/* All is borrowed. */
struct api_config {
	struct event_base *base;
	struct judge *judge;
	struct ledger *ledger;
	struct collector *collector;
	struct metrics *metrics;
	const struct api_look *look;
	int64_t started_ms; /* CLOCK_REALTIME: the daemon's start */
	int64_t started_monotonic_ms;
	/* Starts a look at everything, at POST /v1/rescan. 0 or -errno. */
	int (*rescan)(void *arg);
	/* Reads rules, settings and exceptions anew, at POST /v1/reload; as reload_run(). */
	int (*reload)(void *arg, struct json_object **ret, char **reterr);
	/* Something that who runs it must hear. NULL: nobody does. */
	void (*on_trouble)(void *arg, const char *what);
	void *arg;
};

/* Takes the listening socket over, even when it fails. 0 or -errno. */
int api_new(struct api **ret, const struct api_config *config, int fd);
struct api *api_free(struct api *a); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct api, api_free)

/* Rows may be new in the ledger: followers get them. */
void api_committed(struct api *a);

#endif
