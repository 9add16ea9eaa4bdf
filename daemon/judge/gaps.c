/* SPDX-License-Identifier: Apache-2.0
 *
 * Times in which a watcher was blind. A gap is announced, and closed by looking at everything that
 * the source covers. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum {
	/* The engine keeps its last 256 events of all kinds, and hardly makes one in 0.4 ms. */
	REPLAYED_MS = 100,
	CLOCK_STEP_MS = 1000, /* by less, two clocks run alike */
};

#define BIT(topic) (UINT32_C(1) << TOPIC_##topic)

/* What each source tells of, what else may have changed with that in a gap of it, and what drift is
 * put down to that is found after one. An engine that was away may be another one, with other
 * sockets, ports and folders. */
static const struct {
	uint32_t tells, also;
	enum cause_source cause;
} covers[_WATCH_SOURCES] = {
	[WATCH_EVENTS] = { BIT(ENGINE_INFO) | BIT(ENGINE_SETTINGS) | BIT(ENGINE_BRIDGE) |
			       BIT(ENGINE_INVENTORY) | BIT(IMAGE_INSPECT) | BIT(CONTAINER_INSPECT) |
			       BIT(CONTAINER_PROCESS),
	    BIT(HOST_SYSTEM) | BIT(HOST_MOUNTS) | BIT(HOST_AUDIT) | BIT(HOST_USERS) |
		BIT(HOST_SERVICES) | BIT(ENGINE_UNITS),
	    CAUSE_ENGINE_RESTART },
	[WATCH_FILES] = { BIT(FILE_STAT) | BIT(HOST_USERS) | BIT(HOST_AUDIT) | BIT(HOST_LOGIN) |
			      BIT(ENGINE_SETTINGS) | BIT(ENGINE_UNITS),
	    0, CAUSE_FILE },
	[WATCH_AUDIT] = { BIT(HOST_AUDIT), 0, CAUSE_AUDIT },
	[WATCH_MOUNTS] = { BIT(HOST_MOUNTS) | BIT(FILE_STAT), 0, CAUSE_MOUNT },
};

static void
move_source(struct source *source, bool sees, const char *why)
{
	source->told = true;
	source->sees = sees;
	source->since_ms = clock_realtime_ms();
	source->since_mono_ms = clock_monotonic_ms();
	free(source->why);
	source->why = why == NULL ? NULL : strdup(why);
}

static void
tell(struct judge *j, const char *kind, enum watch_source s, const char *why, int64_t blind_ms)
{
	struct object more = object_begin();

	object_string(&more, "source", watch_source_name(s));
	if (why != NULL)
		object_string(&more, "why", why);
	if (blind_ms >= 0)
		object_int(&more, "blind_ms", blind_ms);
	if (judge_notice(j, kind, object_end(&more)) < 0)
		judge_trouble(j, "out of memory");
}

bool
source_is_blind(const struct judge *j, enum watch_source s)
{
	return j->sources[s].told && !j->sources[s].sees;
}

void
source_blind(struct judge *j, enum watch_source s, const char *why)
{
	struct source *source = &j->sources[s];

	if (source_is_blind(j, s))
		return;
	move_source(source, false, why);
	source->gaps++;
	j->counters.gaps++;
	tell(j, "gap-opened", s, why, -1);
}

/* The stream of events begins seconds before the start: what changed since the first look began is
 * told by it, if it opened so soon that the engine still has all of that, and no clock was set in
 * between. */
static bool
is_replayed(const struct judge *j, enum watch_source s)
{
	int64_t age_ms = clock_monotonic_ms() - j->started_mono_ms;
	int64_t step_ms = clock_realtime_ms() - j->started_ms - age_ms;

	return s == WATCH_EVENTS && j->look.active && !j->sources[s].told &&
	       age_ms <= REPLAYED_MS && step_ms < CLOCK_STEP_MS && step_ms > -CLOCK_STEP_MS &&
	       j->listings[SUBJECT_CONTAINER].why == NULL && j->listings[SUBJECT_IMAGE].why == NULL;
}

void
source_sees(struct judge *j, enum watch_source s)
{
	struct source *source = &j->sources[s];
	bool gap = source_is_blind(j, s);
	struct cause cause = { .source = gap ? covers[s].cause : CAUSE_START, .after_gap = gap };
	int64_t blind_ms = clock_monotonic_ms() - source->since_mono_ms;
	bool replayed = is_replayed(j, s);

	if (source->told && source->sees)
		return;
	(void)snprintf(cause.detail, sizeof(cause.detail), "%s: %s", watch_source_name(s),
	    gap ? "sees again" : "sees");
	if (gap)
		source->blind_ms += (uint64_t)blind_ms;
	move_source(source, true, NULL);
	if (gap)
		tell(j, "gap-closed", s, NULL, blind_ms);
	if (s == WATCH_EVENTS)
		execs_watched(j);
	if (replayed) {
		/* What is asked from now on doesn't join an older question. */
		j->look.since = collector_now(j->collector);
		return;
	}
	if (look_begin(j, &cause, covers[s].tells | (gap ? covers[s].also : 0), false) < 0)
		judge_trouble(j, "out of memory");
}

bool
judge_source_sees(
    const struct judge *j, enum watch_source s, int64_t *ret_since_ms, const char **ret_why)
{
	const struct source *source = &j->sources[s];

	*ret_since_ms = source->since_ms;
	*ret_why = NULL;
	if (!source->sees)
		*ret_why = source->why == NULL ? "not heard of yet" : source->why;
	return source->sees;
}

uint64_t
judge_blind_ms(const struct judge *j, enum watch_source s)
{
	const struct source *source = &j->sources[s];
	uint64_t now =
	    source_is_blind(j, s) ? (uint64_t)(clock_monotonic_ms() - source->since_mono_ms) : 0;

	return source->blind_ms + now;
}

unsigned
judge_gaps(const struct judge *j, enum watch_source s)
{
	return j->sources[s].gaps;
}

void
sources_deinit(struct judge *j)
{
	for (int s = 0; s < _WATCH_SOURCES; s++)
		free(j->sources[s].why);
}
