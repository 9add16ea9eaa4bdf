/* SPDX-License-Identifier: Apache-2.0 */
#include "report/period_blind.h"
#include "report/member.h"

#include <errno.h>
#include <string.h>

/* What tells of changes of each topic. Those of the host that nothing tells of are seen by the look
 * at everything alone, whoever is blind. */
static const struct {
	const char *topic;
	unsigned sources;
} watchers[] = {
	{ "host.mounts", 1U << PERIOD_MOUNTS },
	{ "host.audit", 1U << PERIOD_AUDIT | 1U << PERIOD_FILES },
	{ "host.users", 1U << PERIOD_FILES },
	{ "host.login", 1U << PERIOD_FILES },
	{ "host.", 0 },
	{ "engine.settings", 1U << PERIOD_EVENTS | 1U << PERIOD_FILES },
	{ "engine.units", 1U << PERIOD_EVENTS | 1U << PERIOD_FILES },
	{ "file.", 1U << PERIOD_FILES | 1U << PERIOD_MOUNTS },
	{ "", 1U << PERIOD_EVENTS },
};

static const char *const source_names[_PERIOD_SOURCES] = {
	[PERIOD_EVENTS] = "docker-events",
	[PERIOD_FILES] = "files",
	[PERIOD_AUDIT] = "audit",
	[PERIOD_MOUNTS] = "mounts",
	[PERIOD_DAEMON] = "plimsolld",
};

struct period_blinds *
period_blinds_new(void)
{
	return calloc(1, sizeof(struct period_blinds));
}

struct period_blinds *
period_blinds_free(struct period_blinds *b)
{
	if (b == NULL)
		return NULL;
	for (size_t i = 0; i < b->n; i++)
		free(b->items[i].why);
	for (size_t i = 0; i < ARRAY_SIZE(b->merged); i++)
		free(b->merged[i].items);
	free(b->items);
	free(b);
	return NULL;
}

const char *
period_source_name(enum period_source source)
{
	return source_names[source];
}

int
period_source_from_name(const char *name)
{
	for (int s = 0; s < _PERIOD_SOURCES; s++)
		if (strcmp(source_names[s], name) == 0)
			return s;
	return -1;
}

static unsigned
watchers_of(const char *topic)
{
	size_t i = 0;

	while (strncmp(topic, watchers[i].topic, strlen(watchers[i].topic)) != 0)
		i++;
	return watchers[i].sources;
}

unsigned
period_sources_of(struct json_object *topics, const char *kind)
{
	unsigned sources = 1U << PERIOD_DAEMON;

	if (!json_object_is_type(topics, json_type_array)) {
		if (strcmp(kind, "file") == 0)
			return sources | watchers_of("file.");
		if (strcmp(kind, "host") == 0 || strcmp(kind, "engine") == 0)
			return (1U << _PERIOD_SOURCES) - 1;
		return sources | 1U << PERIOD_EVENTS;
	}
	for (size_t i = 0; i < member_count(topics, ""); i++)
		sources |= watchers_of(member_text_at(topics, "", i));
	return sources;
}

static struct period_blind *
last_of(const struct period_blinds *b, enum period_source source)
{
	for (size_t i = b->n; i > 0; i--)
		if (b->items[i - 1].source == source)
			return &b->items[i - 1];
	return NULL;
}

int
period_blinds_open(
    struct period_blinds *b, enum period_source source, int64_t at_ms, const char *why)
{
	const struct period_blind *last = last_of(b, source);
	struct period_blind *items;

	if (last != NULL && last->to_ms == INT64_MAX)
		return 0;
	items = reallocarray(b->items, b->n + 1, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	b->items = items;
	items[b->n] = (struct period_blind){ source, at_ms, INT64_MAX, strdup(why) };
	if (items[b->n].why == NULL)
		return -ENOMEM;
	b->n++;
	return 0;
}

void
period_blinds_close(struct period_blinds *b, enum period_source source, int64_t at_ms)
{
	struct period_blind *last = last_of(b, source);

	if (last != NULL && last->to_ms == INT64_MAX)
		last->to_ms = at_ms < last->from_ms ? last->from_ms : at_ms;
}

static int
by_begin(const void *left, const void *right)
{
	const struct period_span *a = left, *b = right;

	return a->from_ms < b->from_ms ? -1 : a->from_ms > b->from_ms;
}

static int
merge(const struct period_blinds *b, unsigned sources, struct period_spans *ret)
{
	struct period_span *spans = calloc(b->n + 1, sizeof(*spans));
	size_t n = 0, kept = 0;

	if (spans == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < b->n; i++)
		if ((sources & 1U << b->items[i].source) != 0)
			spans[n++] = (struct period_span){ b->items[i].from_ms, b->items[i].to_ms };
	qsort(spans, n, sizeof(*spans), by_begin);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && spans[i].from_ms <= spans[kept - 1].to_ms) {
			if (spans[i].to_ms > spans[kept - 1].to_ms)
				spans[kept - 1].to_ms = spans[i].to_ms;
		} else {
			spans[kept++] = spans[i];
		}
	}
	*ret = (struct period_spans){ spans, kept };
	return 0;
}

const struct period_spans *
period_blinds_of(struct period_blinds *b, unsigned sources)
{
	sources &= (1U << _PERIOD_SOURCES) - 1;
	if (!b->made[sources] && merge(b, sources, &b->merged[sources]) != 0)
		return NULL;
	b->made[sources] = true;
	return &b->merged[sources];
}

int64_t
period_spans_within(const struct period_spans *spans, int64_t from_ms, int64_t to_ms)
{
	int64_t sum = 0;

	for (size_t i = 0; i < spans->n && spans->items[i].from_ms < to_ms; i++) {
		int64_t from = spans->items[i].from_ms, to = spans->items[i].to_ms;

		from = from < from_ms ? from_ms : from;
		to = to > to_ms ? to_ms : to;
		sum += to > from ? to - from : 0;
	}
	return sum;
}
