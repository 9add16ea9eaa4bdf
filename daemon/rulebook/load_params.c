/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters as files write them down: those of the settings, and those that an entry of a
 * benchmark fixes. */
#include "rulebook/loading.h"
#include "rulebook/mapper.h"
#include "rulebook/params.h"
#include "util/nearest.h"

#include <string.h>

static void
complain_param(struct loading *l, const struct yaml_node *n)
{
	struct nearest near = nearest_to(n->key, strlen(n->key));
	const char *shown = loading_shown(l, n->key);

	for (unsigned i = 0; i < param_count; i++)
		nearest_offer(&near, param_table[i].name);
	if (near.name != NULL)
		loading_complain(
		    l, n->key_line, "unknown parameter `%s`; did you mean `%s`?", shown, near.name);
	else
		loading_complain(l, n->key_line, "unknown parameter `%s`", shown);
}

static int
take_param(struct loading *l, const struct yaml_node *n, struct value *values, uint64_t *set)
{
	int i = param_find(n->key, strlen(n->key)), r;
	struct value v;

	if (i < 0) {
		complain_param(l, n);
		return 0;
	}
	r = value_of_node(l, n, param_table[i].type, param_path((unsigned)i), &v);
	if (r != 0)
		return r < 0 ? r : 0;
	if (v.type == VALUE_INT && v.integer < 0) {
		loading_complain(l, n->line, "%s must not be below 0", param_path((unsigned)i));
		return 0;
	}
	values[i] = v;
	*set |= UINT64_C(1) << i;
	return 0;
}

int
params_of_node(
    struct loading *l, const struct yaml_node *map, struct value *values, uint64_t *ret_set)
{
	int r;

	*ret_set = 0;
	if (node_expect(l, map, YAML_MAP, "`params`") != 0)
		return 0;
	for (const struct yaml_node *n = map->first; n != NULL; n = n->next) {
		r = take_param(l, n, values, ret_set);
		if (r < 0)
			return r;
	}
	return 0;
}
