/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that topics are read from, beside those that are judged: what changes when one of them
 * does. Some stand at a fixed place, some are named by facts of the engine. */
#include "judge/inner.h"

#include <string.h>

/* Where systemd looks for a unit; what is there may be in force after its next reload. */
#define UNIT_IN(folder, unit)                                   \
	{ folder "/" unit, TOPIC_ENGINE_UNITS },                \
	{                                                       \
		folder "/" unit ".d/*.conf", TOPIC_ENGINE_UNITS \
	}
#define UNIT(unit)                                                                  \
	UNIT_IN("/etc/systemd/system", unit), UNIT_IN("/run/systemd/system", unit), \
	    UNIT_IN("/usr/local/lib/systemd/system", unit),                         \
	    UNIT_IN("/usr/lib/systemd/system", unit), UNIT_IN("/lib/systemd/system", unit)

/* Read by collect/: name it here too, or a change is seen by the resync alone. */
static const struct {
	const char *path; /* or a glob */
	enum topic topic;
} fixed[] = {
	{ "/etc/audit/audit.rules", TOPIC_HOST_AUDIT },
	{ "/etc/audit/rules.d/*.rules", TOPIC_HOST_AUDIT },
	{ "/etc/group", TOPIC_HOST_USERS },
	{ "/etc/group", TOPIC_ENGINE_SETTINGS },
	{ "/etc/nsswitch.conf", TOPIC_HOST_USERS },
	{ "/etc/passwd", TOPIC_HOST_USERS },
	{ "/etc/environment", TOPIC_HOST_LOGIN },
	{ "/etc/profile", TOPIC_HOST_LOGIN },
	{ "/etc/profile.d/*.sh", TOPIC_HOST_LOGIN },
	UNIT("docker.service"),
	UNIT("docker.socket"),
};

static const struct {
	enum fact_id fact; /* a path, or a list of them */
	enum topic topic;
} named[] = {
	{ FACT_ENGINE_SET_CONFIG_FILE, TOPIC_ENGINE_SETTINGS },
	{ FACT_ENGINE_UNITS_SERVICE, TOPIC_ENGINE_UNITS },
	{ FACT_ENGINE_UNITS_SOCKET, TOPIC_ENGINE_UNITS },
	/* Who may open the engine's socket. */
	{ FACT_ENGINE_SET_UNIX_HOSTS, TOPIC_HOST_USERS },
};

const char *
input_path(unsigned i)
{
	return i < ARRAY_SIZE(fixed) ? fixed[i].path : NULL;
}

bool
is_input(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (strcmp(fixed[i].path, path) == 0)
			return true;
	return false;
}

static int
mark_topic(struct judge *j, enum topic topic, const struct cause *cause)
{
	struct entry *e = topic_table[topic].kind == SUBJECT_HOST ? j->host : j->engine;

	return mark(j, e, topic, cause, false);
}

static bool
names(const struct value *v, const char *path)
{
	const struct value name = value_string(path);

	if (v->type != VALUE_LIST)
		return value_same(v, &name);
	for (uint32_t i = 0; i < v->len; i++)
		if (value_same(&v->items[i], &name))
			return true;
	return false;
}

static bool
names_sockets(const struct rule *rule)
{
	for (unsigned i = 0; i < rule->n_files; i++) {
		const unsigned *reads;
		size_t n = 0;

		if (rule->files[i].expr == NULL)
			continue;
		reads = expr_reads(rule->files[i].expr, &n);
		for (size_t k = 0; k < n; k++)
			if (reads[k] == FACT_ENGINE_SET_UNIX_HOSTS)
				return true;
	}
	return false;
}

/* Where an engine that is gone listened cannot be read, but the rules that named it tell. */
bool
is_engine_socket(const struct judge *j, const struct subject *s)
{
	if (s->kind != SUBJECT_FILE)
		return false;
	for (unsigned i = 0; i < s->n_findings; i++)
		if (names_sockets(j->rb->rules[s->findings[i].rule]))
			return true;
	return names(subject_fact(j, &j->engine->s, FACT_ENGINE_SET_UNIX_HOSTS), s->id);
}

int
inputs_mark(struct judge *j, const char *path, const struct cause *cause)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fixed); i++)
		if (strcmp(fixed[i].path, path) == 0)
			r = mark_topic(j, fixed[i].topic, cause);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(named); i++)
		if (names(subject_fact(j, &j->engine->s, named[i].fact), path))
			r = mark_topic(j, named[i].topic, cause);
	return r;
}
