/* SPDX-License-Identifier: Apache-2.0
 *
 * engine.info and engine.bridge. */
#include "facts/build.h"

#include "facts/read.h"
#include "facts/seccomp.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	API_LEAST_MAJOR = 1,
	API_LEAST_MINOR = 41, /* Docker 20.10; what older engines leave out is not what it is now */
	PROFILE_ARENA_MAX = 256 * 1024,
};

/* "docker", "podman" or "other", by the component that it counts as itself. */
static struct value
read_kind(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *components = NULL, *name;
	struct value why;
	const char *text;

	if (read_find(a, doc, path, json_type_array, flags, &components, &why) != READ_FOUND)
		return why;
	for (size_t i = 0; i < json_object_array_length(components); i++) {
		name = read_member_of(json_object_array_get_idx(components, i), "Name");
		if (!json_object_is_type(name, json_type_string))
			return unreadable_printf(a, "%s: Name is not a string", path);
		text = json_object_get_string(name);
		if (strcmp(text, "Engine") == 0)
			return value_string("docker");
		if (strcmp(text, "Podman Engine") == 0)
			return value_string("podman");
	}
	return value_string("other");
}

/* A map of names to texts in the making. */
struct map_draft {
	struct arena *arena;
	struct value_entry *entries;
	size_t n;
};

static struct value
map_start(struct map_draft *m, struct arena *a, size_t room)
{
	*m = (struct map_draft){ .arena = a };
	m->entries = arena_alloc(a, room * sizeof(*m->entries));
	return m->entries == NULL ? value_unreadable("too large to keep") : value_null();
}

/* Null, or why it can't. */
static struct value
map_add(struct map_draft *m, struct json_object *name, struct json_object *text, const char *path)
{
	struct value key, v;

	if (!json_object_is_type(name, json_type_string) ||
	    !json_object_is_type(text, json_type_string))
		return unreadable_printf(m->arena, "%s holds what is not a string", path);
	key = read_text(
	    m->arena, json_object_get_string(name), (size_t)json_object_get_string_len(name));
	v = read_text(
	    m->arena, json_object_get_string(text), (size_t)json_object_get_string_len(text));
	if (key.type != VALUE_STRING || v.type != VALUE_STRING)
		return key.type != VALUE_STRING ? key : v;
	m->entries[m->n++] = (struct value_entry){ key, v };
	return value_null();
}

static size_t
at_most(size_t n, size_t limit)
{
	return n < limit ? n : limit;
}

static struct value
map_finish(const struct map_draft *m, bool cut)
{
	struct value v = value_map(m->entries, m->n);

	v.cut = cut;
	return v;
}

/* Versions by component. */
static struct value
read_components(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *array = NULL, *item;
	struct map_draft m;
	struct value why;
	size_t n, room;

	if (read_find(a, doc, path, json_type_array, flags, &array, &why) != READ_FOUND)
		return why;
	n = json_object_array_length(array);
	room = at_most(n, BUILD_LIST_MAX);
	why = map_start(&m, a, room);
	for (size_t i = 0; i < room && why.type == VALUE_NULL; i++) {
		item = json_object_array_get_idx(array, i);
		why = map_add(
		    &m, read_member_of(item, "Name"), read_member_of(item, "Version"), path);
	}
	return why.type == VALUE_NULL ? map_finish(&m, n > room) : why;
}

/* Pairs of name and text. */
static struct value
read_pairs(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *array = NULL, *pair;
	struct map_draft m;
	struct value why;
	size_t n, room;

	switch (read_find(a, doc, path, json_type_array, flags, &array, &why)) {
	case READ_FOUND:
		break;
	case READ_EMPTY:
		return value_map(NULL, 0);
	case READ_UNREADABLE:
		return why;
	}
	n = json_object_array_length(array);
	room = at_most(n, BUILD_LIST_MAX);
	why = map_start(&m, a, room);
	for (size_t i = 0; i < room && why.type == VALUE_NULL; i++) {
		pair = json_object_array_get_idx(array, i);
		if (!json_object_is_type(pair, json_type_array) ||
		    json_object_array_length(pair) != 2)
			return unreadable_printf(a, "%s holds what is not a pair", path);
		why = map_add(&m, json_object_array_get_idx(pair, 0),
		    json_object_array_get_idx(pair, 1), path);
	}
	return why.type == VALUE_NULL ? map_finish(&m, n > room) : why;
}

/* The engine trusts loopback by itself; nobody asked for it. */
static bool
is_built_in(const char *range)
{
	return strcmp(range, "127.0.0.0/8") == 0 || strcmp(range, "::1/128") == 0;
}

/* Ranges of addresses stand in one list, registries by name in a map, each with its mark. */
static struct value
read_insecure_registries(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct value ranges =
	    read_strings(a, doc, "RegistryConfig.InsecureRegistryCIDRs", READ_NULL_IS_EMPTY);
	struct list_draft l = { .arena = a };
	struct json_object *by_name = NULL;
	struct value why, secure;

	if (ranges.type != VALUE_LIST)
		return ranges;
	for (uint32_t i = 0; i < ranges.len; i++)
		if (!is_built_in(ranges.items[i].string))
			list_add(&l, ranges.items[i]);
	l.cut = ranges.cut;
	switch (read_find(a, doc, "RegistryConfig.IndexConfigs", json_type_object,
	    READ_NULL_IS_EMPTY, &by_name, &why)) {
	case READ_FOUND:
		break;
	case READ_EMPTY:
		return list_finish(&l);
	case READ_UNREADABLE:
		return why;
	}
	json_object_object_foreach (by_name, name, config) {
		secure = read_bool(a, config, "Secure", 0);
		if (secure.type != VALUE_BOOL)
			list_add(&l, secure);
		else if (!secure.boolean)
			list_add(&l, read_text(a, name, strlen(name)));
	}
	return list_finish(&l);
}

/* The option "name=NAME" or "name=NAME,key=value" among SecurityOptions: 1 and what follows its
 * name, 0 when there is none, -1 with *why. */
static int
security_option(
    struct arena *a, struct json_object *doc, const char *name, const char **ret, struct value *why)
{
	struct value options = read_strings(a, doc, "SecurityOptions", READ_NULL_IS_EMPTY);
	size_t len = strlen(name);
	const char *text;

	*why = options;
	if (options.type != VALUE_LIST)
		return -1;
	for (uint32_t i = 0; i < options.len; i++) {
		text = options.items[i].string;
		if (strncmp(text, "name=", 5) != 0 || strncmp(text + 5, name, len) != 0)
			continue;
		*ret = text + 5 + len;
		if (**ret == '\0' || **ret == ',')
			return 1;
	}
	return 0;
}

/* `path` is the option's name. */
static struct value
read_has_option(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	const char *rest;
	struct value why;
	int r = security_option(a, doc, path, &rest, &why);

	return r < 0 ? why : value_bool(r > 0);
}

static struct value
read_seccomp_profile(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	static const char key[] = ",profile=";
	const char *rest = NULL;
	struct value why;
	int r = security_option(a, doc, "seccomp", &rest, &why);

	if (r < 0)
		return why;
	if (r == 0)
		return value_string("");
	rest = strstr(rest, key);
	if (rest == NULL)
		return value_unreadable("SecurityOptions names no seccomp profile");
	return value_string(rest + sizeof(key) - 1);
}

/* The engine has said so since API 1.43. */
static struct value
no_new_privileges(struct arena *a, struct json_object *info, unsigned major, unsigned minor)
{
	struct value v = read_has_option(a, info, "no-new-privileges", 0);
	const bool says = major > 1 || (major == 1 && minor >= 43);

	return v.type == VALUE_BOOL && !v.boolean && !says ? value_absent() : v;
}

bool
engine_profile_path(struct json_object *info, char *path, size_t size)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(PROFILE_ARENA_MAX);
	struct value v = a == NULL ? value_null() : read_seccomp_profile(a, info, NULL, 0);

	return v.type == VALUE_STRING && v.string[0] == '/' &&
	       snprintf(path, size, "%s", v.string) < (int)size;
}

/* "default" up to 20.10, "builtin" from 23 on. Else what was given as --seccomp-profile. */
static struct value
judge_seccomp(struct arena *a, struct json_object *info, const struct engine_profile_input *profile)
{
	struct value v = read_seccomp_profile(a, info, NULL, 0);

	if (v.type != VALUE_STRING || v.len == 0 || strcmp(v.string, "unconfined") == 0)
		return v;
	if (strcmp(v.string, "default") == 0 || strcmp(v.string, "builtin") == 0)
		return value_string("builtin");
	if (profile == NULL || profile->text == NULL)
		return unreadable_printf(a, "%s: %s", v.string,
		    profile != NULL && profile->why != NULL ? profile->why : "nobody looked");
	return seccomp_judge(a, profile->text, strlen(profile->text));
}

static const struct read_field version_fields[] = {
	{ FACT_ENGINE_KIND, "Components", read_kind, 0 },
	{ FACT_ENGINE_VERSION, "Version", read_string, 0 },
	{ FACT_ENGINE_API, "ApiVersion", read_string, 0 },
	{ FACT_ENGINE_COMPONENTS, "Components", read_components, 0 },
};

static const struct read_field info_fields[] = {
	{ FACT_ENGINE_DATA_ROOT, "DockerRootDir", read_string, 0 },
	{ FACT_ENGINE_STORAGE_DRIVER, "Driver", read_string, 0 },
	{ FACT_ENGINE_STORAGE_STATUS, "DriverStatus", read_pairs, READ_NULL_IS_EMPTY },
	{ FACT_ENGINE_LOGGING_DRIVER, "LoggingDriver", read_string, 0 },
	{ FACT_ENGINE_INSECURE_REGISTRIES, "RegistryConfig", read_insecure_registries, 0 },
	{ FACT_ENGINE_DEBUG, "Debug", read_bool, 0 },
	{ FACT_ENGINE_LIVE_RESTORE, "LiveRestoreEnabled", read_bool, 0 },
	{ FACT_ENGINE_USERNS, "userns", read_has_option, 0 },
	{ FACT_ENGINE_ROOTLESS, "rootless", read_has_option, 0 },
	{ FACT_ENGINE_SELINUX, "selinux", read_has_option, 0 },
	{ FACT_ENGINE_SECCOMP_PROFILE, "SecurityOptions", read_seccomp_profile, 0 },
	{ FACT_ENGINE_AUTHORIZATION_PLUGINS, "Plugins.Authorization", read_strings,
	    READ_NULL_IS_EMPTY },
	{ FACT_ENGINE_SWARM, "Swarm.LocalNodeState", read_string, 0 },
};

int
build_engine_info(struct snapshot **ret, struct json_object *version, struct json_object *info,
    const struct engine_profile_input *profile)
{
	struct json_object *api = read_member_of(version, "ApiVersion");
	_cleanup_(draft_deinit) struct draft d = { 0 };
	unsigned major, minor;
	char reason[96];
	int r, end = 0;

	if (!json_object_is_type(api, json_type_string) ||
	    !json_object_is_type(info, json_type_object))
		return BUILD_E_NONSENSE;
	if (sscanf(json_object_get_string(api), "%3u.%3u%n", &major, &minor, &end) != 2 ||
	    json_object_get_string(api)[end] != '\0')
		return BUILD_E_NONSENSE;
	if (major < API_LEAST_MAJOR || (major == API_LEAST_MAJOR && minor < API_LEAST_MINOR)) {
		(void)snprintf(reason, sizeof(reason),
		    "engine too old: API %u.%u, %d.%d or newer is needed", major, minor,
		    API_LEAST_MAJOR, API_LEAST_MINOR);
		*ret = snapshot_unreadable(TOPIC_ENGINE_INFO, reason);
		return *ret == NULL ? -ENOMEM : 0;
	}
	r = draft_init(&d, TOPIC_ENGINE_INFO);
	if (r < 0)
		return r;
	read_fields(&d, version, version_fields, ARRAY_SIZE(version_fields));
	read_fields(&d, info, info_fields, ARRAY_SIZE(info_fields));
	draft_set(&d, FACT_ENGINE_SECCOMP, judge_seccomp(d.arena, info, profile));
	draft_set(
	    &d, FACT_ENGINE_NO_NEW_PRIVILEGES, no_new_privileges(d.arena, info, major, minor));
	return draft_finish(&d, ret);
}

/* An option of the bridge, which are texts under names with dots in them. */
static struct value
bridge_option(struct arena *a, struct json_object *bridge, const char *name, unsigned flags)
{
	struct json_object *options = NULL, *option = NULL;
	struct value why;

	if (read_find(a, bridge, "Options", json_type_object, 0, &options, &why) != READ_FOUND)
		return why;
	if (!json_object_object_get_ex(options, name, &option))
		return flags & READ_MISSING_IS_EMPTY
			   ? value_string("")
			   : unreadable_printf(a, "option %s is not in the reply", name);
	if (!json_object_is_type(option, json_type_string))
		return unreadable_printf(a, "option %s is not a string", name);
	return read_text(
	    a, json_object_get_string(option), (size_t)json_object_get_string_len(option));
}

static struct value
bridge_icc(struct arena *a, struct json_object *bridge)
{
	struct value icc = bridge_option(a, bridge, "com.docker.network.bridge.enable_icc", 0);

	if (icc.type != VALUE_STRING)
		return icc;
	if (strcmp(icc.string, "true") == 0 || strcmp(icc.string, "false") == 0)
		return value_bool(icc.string[0] == 't');
	return value_unreadable("option com.docker.network.bridge.enable_icc is no bool");
}

int
build_engine_bridge(struct snapshot **ret, struct json_object *bridge)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	int r;

	if (bridge != NULL && !json_object_is_type(read_member_of(bridge, "Id"), json_type_string))
		return BUILD_E_NONSENSE;
	r = draft_init(&d, TOPIC_ENGINE_BRIDGE);
	if (r < 0)
		return r;
	draft_set(&d, FACT_ENGINE_BRIDGE_EXISTS, value_bool(bridge != NULL));
	draft_set(&d, FACT_ENGINE_BRIDGE_ICC,
	    bridge == NULL ? value_absent() : bridge_icc(d.arena, bridge));
	draft_set(&d, FACT_ENGINE_BRIDGE_HOST_BINDING,
	    bridge == NULL
		? value_absent()
		: bridge_option(d.arena, bridge, "com.docker.network.bridge.host_binding_ipv4",
		      READ_MISSING_IS_EMPTY));
	return draft_finish(&d, ret);
}
