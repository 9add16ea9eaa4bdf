/* SPDX-License-Identifier: Apache-2.0
 *
 * A sink that writes down what it is told, one line a call, for assertions. */
#ifndef TESTS_WATCH_SINK_H
#define TESTS_WATCH_SINK_H

#include "watch/cause.h"
#include <stdio.h>
#include <string.h>

struct heard {
	char text[8192];
	struct cause last;
	unsigned blind, sees;
};

static inline void
heard_add(struct heard *h, const char *what, const char *a, const char *b)
{
	size_t n = strlen(h->text);

	(void)snprintf(h->text + n, sizeof(h->text) - n, "%s %s %s\n", what, a, b);
}

static inline void
heard_named(void *arg, const char *container, const char *name, const char *image, bool made,
    const struct cause *cause)
{
	char what[512];

	(void)cause;
	(void)snprintf(what, sizeof(what), "%s%s%s%s", made ? "made " : "", name,
	    name[0] != '\0' ? " of " : "", image);
	heard_add(arg, "named", container, what);
}

static inline void
heard_stale(
    void *arg, enum subject_kind kind, const char *id, enum topic topic, const struct cause *cause)
{
	struct heard *h = arg;
	char of[160];

	(void)snprintf(of, sizeof(of), "%d %s", (int)kind, id != NULL ? id : "-");
	h->last = *cause;
	heard_add(h, "stale", of, topic == TOPIC_ALL ? "all" : "one");
}

static inline void
heard_gone(void *arg, enum subject_kind kind, const char *id, const struct cause *cause)
{
	struct heard *h = arg;

	(void)kind;
	h->last = *cause;
	heard_add(h, "gone", id, "");
}

static inline void
heard_exec(void *arg, const char *container, const char *exec, const struct cause *cause)
{
	struct heard *h = arg;

	h->last = *cause;
	heard_add(h, "exec", container, exec);
}

static inline void
heard_blind(void *arg, enum watch_source source, const char *why)
{
	struct heard *h = arg;

	(void)source;
	h->blind++;
	heard_add(h, "blind", why, "");
}

static inline void
heard_sees(void *arg, enum watch_source source)
{
	struct heard *h = arg;

	(void)source;
	h->sees++;
}

#define HEARD_SINK(heard)                                                                       \
	{                                                                                       \
		.arg = (heard), .named = heard_named, .stale = heard_stale, .gone = heard_gone, \
		.exec = heard_exec, .blind = heard_blind, .sees = heard_sees                    \
	}

#endif
