/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/params.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

/* clang-format off */
/* X(name, type, default as JSON, doc). conf/plimsoll.yaml shows them all; a test compares. */
#define PARAM_LIST(X) \
	X(trusted_users, type_list_string, "[]", "accounts that may reach the engine's socket") \
	X(allowed_capabilities, type_list_string, "[]", "capabilities that containers may add: NET_ADMIN ...") \
	X(allowed_devices, type_list_string, "[]", "devices of the host that containers may have: /dev/fuse ...") \
	X(sensitive_paths, type_list_string, "[\"/\", \"/boot\", \"/dev\", \"/etc\", \"/lib\", \"/proc\", \"/sys\", \"/usr\"]", "directories of the host that stay out of containers") \
	X(allowed_mounts, type_list_string, "[]", "sources below sensitive_paths that containers may mount nevertheless") \
	X(allowed_ports, type_list_int, "[]", "ports of the host that containers may publish: 443 ...") \
	X(allowed_cgroup_parents, type_list_string, "[]", "cgroup parents that the engine or containers may name") \
	X(kernel_minimum, type_string, "\"3.10\"", "the oldest kernel release that passes") \
	X(image_age_days, type_int, "180", "days after which an image is too old") \
	X(stopped_containers_max, type_int, "25", "stopped containers that may lie about") \
	X(unused_images_max, type_int, "25", "images without a container that may lie about") \
	X(allowed_log_drivers, type_list_string, "[\"syslog\", \"journald\", \"gelf\", \"fluentd\", \"awslogs\", \"splunk\", \"gcplogs\"]", "logging drivers that bring logs off the host or to its journal") \
	X(default_ulimits, type_list_string, "[]", "ulimits that the engine must set by default: nofile ...") \
	X(authorization_plugins, type_list_string, "[]", "authorization plugins that must be in force; empty: any will do") \
	X(trusted_registries, type_list_string, "[]", "registries that images may come from") \
	X(cpu_alternatives, type_bool, "false", "a CPU quota is as good as CPU shares") \
	X(exec_any_user, type_bool, "true", "exec sessions of any user but the container's own count, not root's alone")
/* clang-format on */

const struct param param_table[] = {
#define X(name, type, default_json, doc) { #name, &type, doc, default_json },
	PARAM_LIST(X)
#undef X
};

static const char *const param_paths[] = {
#define X(name, type, default_json, doc) "params." #name,
	PARAM_LIST(X)
#undef X
};

const unsigned param_count = ARRAY_SIZE(param_table);

int
param_find(const char *name, size_t len)
{
	for (unsigned i = 0; i < param_count; i++)
		if (strlen(param_table[i].name) == len &&
		    memcmp(param_table[i].name, name, len) == 0)
			return (int)i;
	return -1;
}

const char *
param_path(unsigned index)
{
	return param_paths[index];
}

static int
default_value(struct value *ret, const struct param *param, struct arena *a)
{
	struct json_object *json = json_tokener_parse(param->default_json);
	int r;

	if (json == NULL)
		return -ENOMEM;
	r = value_from_json(ret, json, a);
	json_object_put(json);
	return r;
}

int
params_default(struct value **ret, struct arena *a)
{
	struct value *values = arena_alloc(a, param_count * sizeof(*values));
	int r;

	if (values == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < param_count; i++) {
		r = default_value(&values[i], &param_table[i], a);
		if (r < 0)
			return r;
	}
	*ret = values;
	return 0;
}
