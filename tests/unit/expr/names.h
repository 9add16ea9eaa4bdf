/* SPDX-License-Identifier: Apache-2.0
 *
 * A small world of names for the tests of checker and evaluator. Ids are positions in the table. */
#ifndef TEST_EXPR_NAMES_H
#define TEST_EXPR_NAMES_H

#include "expr/expr.h"
#include <string.h>

static const struct type_field mount_fields[] = {
	{ "type", &type_string },
	{ "source", &type_string },
	{ "writable", &type_bool },
	{ NULL },
};
static const struct type type_mount = { TYPE_RECORD, "mount", .fields = mount_fields };
static const struct type type_mounts = { TYPE_LIST, "list(mount)", .elem = &type_mount };

enum {
	FACT_PRIVILEGED,
	FACT_PIDS,
	FACT_USER,
	FACT_CAPS,
	FACT_MOUNTS,
	FACT_LABELS,
	FACT_HOST,
	FACT_HOST_NAME,
	_FACT_N,
};

static const struct {
	const char *name;
	const struct type *type;
} facts[_FACT_N] = {
	[FACT_PRIVILEGED] = { "container.privileged", &type_bool },
	[FACT_PIDS] = { "container.pids", &type_int },
	[FACT_USER] = { "container.user", &type_string },
	[FACT_CAPS] = { "container.caps", &type_list_string },
	[FACT_MOUNTS] = { "container.mounts", &type_mounts },
	[FACT_LABELS] = { "container.labels", &type_map_dyn },
	/* the one is a part of the other's path */
	[FACT_HOST] = { "host", &type_map_dyn },
	[FACT_HOST_NAME] = { "host.name", &type_string },
};

static bool
resolve_name(const struct expr_names *names, const char *path, size_t len, unsigned *ret_id,
    const struct type **ret_type)
{
	for (unsigned i = 0; i < _FACT_N; i++) {
		if (strlen(facts[i].name) != len || memcmp(facts[i].name, path, len) != 0)
			continue;
		*ret_id = i;
		*ret_type = facts[i].type;
		return true;
	}
	return false;
}

/* Near is what begins with the same fourteen bytes: enough for a test. */
static const char *
nearest_name(const struct expr_names *names, const char *path, size_t len)
{
	for (unsigned i = 0; i < _FACT_N; i++)
		if (len >= 14 && len < 24 && strncmp(facts[i].name, path, 14) == 0)
			return facts[i].name;
	return NULL;
}

static const struct expr_names names = { .resolve = resolve_name, .nearest = nearest_name };

#endif
