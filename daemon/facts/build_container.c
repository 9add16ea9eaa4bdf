/* SPDX-License-Identifier: Apache-2.0
 *
 * container.inspect. The engine writes each member of HostConfig and Config but those marked below,
 * so one that is missing is one that we know nothing of: unreadable, never "not set". Null stands
 * for empty in lists, maps and what is a pointer in the engine; nowhere else. */
#include "facts/build.h"

#include "facts/container.h"
#include "facts/seccomp.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Upper case, without CAP_: engines keep the spelling that they were given. */
static struct value
capability_name(struct arena *a, const char *text)
{
	char *name;

	if (strncasecmp(text, "CAP_", 4) == 0)
		text += 4;
	name = arena_strdup(a, text);
	if (name == NULL)
		return value_unreadable("too large to keep");
	for (char *c = name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	return value_string(name);
}

static struct value
read_capabilities(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct value names = read_strings(a, doc, path, flags);
	struct list_draft l = { .arena = a };

	if (names.type != VALUE_LIST)
		return names;
	for (uint32_t i = 0; i < names.len; i++)
		list_add(&l, capability_name(a, names.items[i].string));
	l.cut = names.cut;
	return list_finish(&l);
}

/* "name=value", "name:value" as engines before 20.10 want it, or bare. */
static struct value
security_opt(struct arena *a, const struct value *text)
{
	size_t len = strcspn(text->string, "=:");
	bool bare = text->string[len] == '\0';
	struct value fields[] = {
		read_text(a, text->string, len),
		bare ? value_string("") : value_string(text->string + len + 1),
	};

	return record_make(a, &type_security_opt, fields);
}

static struct value
read_security_opts(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct value texts = read_strings(a, doc, path, flags);
	struct list_draft l = { .arena = a };

	if (texts.type != VALUE_LIST)
		return texts;
	for (uint32_t i = 0; i < texts.len; i++)
		list_add(&l, security_opt(a, &texts.items[i]));
	l.cut = texts.cut;
	return list_finish(&l);
}

static const struct read_member device_members[] = {
	{ "PathOnHost", read_string, 0 },
	{ "PathInContainer", read_string, 0 },
	{ "CgroupPermissions", read_string, 0 },
};

static struct value
read_devices(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	return read_records(a, doc, path, flags, &type_device, device_members);
}

static const struct read_member ulimit_members[] = {
	{ "Name", read_string, 0 },
	{ "Soft", read_int, 0 },
	{ "Hard", read_int, 0 },
};

static struct value
read_ulimits(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	return read_records(a, doc, path, flags, &type_ulimit, ulimit_members);
}

static struct value
read_name(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct value name = read_string(a, doc, path, flags);

	if (name.type == VALUE_STRING && name.string[0] == '/')
		return value_string(name.string + 1);
	return name;
}

/* A container without a health check has no such member, and one whose check is the image's has no
 * Test. */
static struct value
read_healthcheck(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *check = NULL;
	struct value why;

	switch (read_find(a, doc, path, json_type_object, flags, &check, &why)) {
	case READ_FOUND:
		return read_strings(a, check, "Test", READ_MISSING_IS_EMPTY | READ_NULL_IS_EMPTY);
	case READ_EMPTY:
		return value_list(NULL, 0);
	case READ_UNREADABLE:
		break;
	}
	return why;
}

static struct value
read_is_service(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *labels = NULL;
	struct value why;

	switch (read_find(a, doc, path, json_type_object, flags, &labels, &why)) {
	case READ_FOUND:
		return value_bool(
		    json_object_object_get_ex(labels, "com.docker.swarm.service.id", NULL));
	case READ_EMPTY:
		return value_bool(false);
	case READ_UNREADABLE:
		break;
	}
	return why;
}

/* The members of a reply, in the order of the table of facts but for the labels: these are of any
 * size, and what no memory is left for is unreadable. */
static const struct read_field fields[] = {
	{ FACT_CONTAINER_NAME, "Name", read_name, 0 },
	{ FACT_CONTAINER_IMAGE, "Config.Image", read_string, 0 },
	{ FACT_CONTAINER_IMAGE_ID, "Image", read_string, 0 },
	{ FACT_CONTAINER_STATUS, "State.Status", read_string, 0 },
	{ FACT_CONTAINER_RUNNING, "State.Running", read_bool, 0 },
	{ FACT_CONTAINER_PID, "State.Pid", read_int, 0 },
	{ FACT_CONTAINER_USER, "Config.User", read_string, 0 },
	{ FACT_CONTAINER_PRIVILEGED, "HostConfig.Privileged", read_bool, 0 },
	{ FACT_CONTAINER_CAP_ADD, "HostConfig.CapAdd", read_capabilities, READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_CAP_DROP, "HostConfig.CapDrop", read_capabilities, READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_SECURITY_OPT, "HostConfig.SecurityOpt", read_security_opts,
	    READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_SECCOMP, "HostConfig.SecurityOpt", read_seccomp, READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_APPARMOR_PROFILE, "AppArmorProfile", read_string, 0 },
	{ FACT_CONTAINER_PROCESS_LABEL, "ProcessLabel", read_string, 0 },
	{ FACT_CONTAINER_NETWORK_MODE, "HostConfig.NetworkMode", read_string, 0 },
	{ FACT_CONTAINER_PID_MODE, "HostConfig.PidMode", read_string, 0 },
	{ FACT_CONTAINER_IPC_MODE, "HostConfig.IpcMode", read_string, 0 },
	{ FACT_CONTAINER_UTS_MODE, "HostConfig.UTSMode", read_string, 0 },
	{ FACT_CONTAINER_USERNS_MODE, "HostConfig.UsernsMode", read_string, 0 },
	{ FACT_CONTAINER_MEMORY, "HostConfig.Memory", read_int, 0 },
	{ FACT_CONTAINER_CPU_SHARES, "HostConfig.CpuShares", read_int, 0 },
	{ FACT_CONTAINER_NANO_CPUS, "HostConfig.NanoCpus", read_int, 0 },
	{ FACT_CONTAINER_CPU_QUOTA, "HostConfig.CpuQuota", read_int, 0 },
	/* A pointer in the engine: null when not set. */
	{ FACT_CONTAINER_PIDS_LIMIT, "HostConfig.PidsLimit", read_int, READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_READONLY_ROOTFS, "HostConfig.ReadonlyRootfs", read_bool, 0 },
	{ FACT_CONTAINER_RESTART_POLICY, "HostConfig.RestartPolicy.Name", read_string, 0 },
	{ FACT_CONTAINER_RESTART_RETRIES, "HostConfig.RestartPolicy.MaximumRetryCount", read_int,
	    0 },
	{ FACT_CONTAINER_CGROUP_PARENT, "HostConfig.CgroupParent", read_string, 0 },
	{ FACT_CONTAINER_PORTS, "NetworkSettings.Ports", read_ports, 0 },
	{ FACT_CONTAINER_PUBLISH_ALL, "HostConfig.PublishAllPorts", read_bool, 0 },
	{ FACT_CONTAINER_EXPOSED, "Config.ExposedPorts", read_names,
	    READ_MISSING_IS_EMPTY | READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_DEVICES, "HostConfig.Devices", read_devices, READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_DEVICE_REQUESTS, "HostConfig.DeviceRequests", read_count,
	    READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_DEVICE_RULES, "HostConfig.DeviceCgroupRules", read_strings,
	    READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_ULIMITS, "HostConfig.Ulimits", read_ulimits, READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_LOG_DRIVER, "HostConfig.LogConfig.Type", read_string, 0 },
	{ FACT_CONTAINER_HEALTHCHECK, "Config.Healthcheck", read_healthcheck,
	    READ_MISSING_IS_EMPTY | READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_NETWORKS, "NetworkSettings.Networks", read_names, READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_SERVICE, "Config.Labels", read_is_service, READ_NULL_IS_EMPTY },
	{ FACT_CONTAINER_LABELS, "Config.Labels", read_map, READ_NULL_IS_EMPTY },
};

int
build_container_inspect(struct snapshot **ret, const struct container_inspect_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	int r;

	if (!json_object_is_type(read_member_of(in->inspect, "Id"), json_type_string))
		return BUILD_E_NONSENSE;
	r = draft_init(&d, TOPIC_CONTAINER_INSPECT);
	if (r < 0)
		return r;
	draft_set(&d, FACT_CONTAINER_MOUNTS, read_mounts(d.arena, in));
	read_fields(&d, in->inspect, fields, ARRAY_SIZE(fields));
	return draft_finish(&d, ret);
}
