/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/params.h"
#include "rulebook/rulebook.h"
#include "util/nearest.h"

#include <string.h>

static const char params_prefix[] = "params.";

struct scope_names {
	struct expr_names names; /* the first member: callbacks cast back */
	enum subject_kind scope;
};

static const struct scope_names *
scope_names(const struct expr_names *names)
{
	return (const struct scope_names *)names;
}

/* What is judged may be held against the host and the engine that it is on. */
static bool
may_read(enum subject_kind scope, enum fact_id fact)
{
	enum subject_kind kind = topic_table[fact_table[fact].topic].kind;

	return kind == scope || kind == SUBJECT_HOST || kind == SUBJECT_ENGINE;
}

static bool
is_param(const char *path, size_t len)
{
	return len >= strlen(params_prefix) &&
	       memcmp(path, params_prefix, strlen(params_prefix)) == 0;
}

static bool
resolve(const struct expr_names *names, const char *path, size_t len, unsigned *ret_id,
    const struct type **ret_type)
{
	int i;

	if (is_param(path, len)) {
		i = param_find(path + strlen(params_prefix), len - strlen(params_prefix));
		if (i < 0)
			return false;
		*ret_id = PARAM_ID_FIRST + (unsigned)i;
		*ret_type = param_table[i].type;
		return true;
	}
	i = fact_find(path, len);
	if (i < 0 || !may_read(scope_names(names)->scope, (enum fact_id)i))
		return false;
	*ret_id = (unsigned)i;
	*ret_type = fact_table[i].type;
	return true;
}

static const char *
nearest(const struct expr_names *names, const char *path, size_t len)
{
	struct nearest n = nearest_to(path, len);

	for (unsigned i = 0; i < _FACTS; i++)
		if (may_read(scope_names(names)->scope, (enum fact_id)i))
			nearest_offer(&n, fact_table[i].path);
	for (unsigned i = 0; i < param_count; i++)
		nearest_offer(&n, param_path(i));
	return n.name;
}

static const char *const kind_facts[_SUBJECT_KINDS] = {
	[SUBJECT_HOST] = "is a fact of the host",
	[SUBJECT_ENGINE] = "is a fact of the engine",
	[SUBJECT_FILE] = "is a fact of files",
	[SUBJECT_IMAGE] = "is a fact of images",
	[SUBJECT_CONTAINER] = "is a fact of containers",
	[SUBJECT_SWARM] = "is a fact of the swarm",
};

static const char *
elsewhere(const struct expr_names *names, const char *path, size_t len)
{
	int i = fact_find(path, len);

	if (i < 0 || may_read(scope_names(names)->scope, (enum fact_id)i))
		return NULL;
	return kind_facts[topic_table[fact_table[i].topic].kind];
}

static const struct scope_names all_names[_SUBJECT_KINDS] = {
#define SCOPE(kind) [kind] = { { resolve, nearest, elsewhere }, kind }
	SCOPE(SUBJECT_HOST),
	SCOPE(SUBJECT_ENGINE),
	SCOPE(SUBJECT_FILE),
	SCOPE(SUBJECT_IMAGE),
	SCOPE(SUBJECT_CONTAINER),
	SCOPE(SUBJECT_SWARM),
#undef SCOPE
};

const struct expr_names *
rulebook_names(enum subject_kind scope)
{
	return &all_names[scope].names;
}

const char *
rulebook_name_of(unsigned id)
{
	return id >= PARAM_ID_FIRST ? param_path(id - PARAM_ID_FIRST) : fact_table[id].path;
}
