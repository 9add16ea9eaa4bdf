/* SPDX-License-Identifier: Apache-2.0 */
#include "facts-test.h"

static struct snapshot *
built(struct json_object *version, struct json_object *info)
{
	struct snapshot *s = NULL;

	assert_int_equal(build_engine_info(&s, version, info, NULL), 0);
	assert_types_hold(s);
	return s;
}

/* The recorded replies with one member set to a JSON text: of /version when there is no such
 * member in /info. */
static struct snapshot *
built_with(const char *path, const char *json)
{
	struct json_object *version = recorded("version.json"), *info = recorded("info.json");
	struct json_object *at = info, *child = NULL;
	char name[64];
	const char *dot;
	struct snapshot *s;

	for (; (dot = strchr(path, '.')) != NULL; path = dot + 1) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		assert_true(json_object_object_get_ex(at, name, &child));
		at = child;
	}
	if (at == info && !json_object_object_get_ex(info, path, NULL))
		at = version;
	json_object_object_add(at, path, json_tokener_parse(json));
	s = built(version, info);
	json_object_put(version);
	json_object_put(info);
	return s;
}

static const struct {
	enum fact_id fact;
	const char *value;
} facts[] = {
	{ FACT_ENGINE_KIND, "\"docker\"" },
	{ FACT_ENGINE_VERSION, "\"20.10.24+dfsg1\"" },
	{ FACT_ENGINE_API, "\"1.41\"" },
	{ FACT_ENGINE_COMPONENTS,
	    "{\"Engine\":\"20.10.24+dfsg1\",\"containerd\":\"1.6.20~ds1\",\"runc\":\"1.1.5+ds1\","
	    "\"docker-init\":\"0.19.0\"}" },
	{ FACT_ENGINE_DATA_ROOT, "\"/var/lib/docker\"" },
	{ FACT_ENGINE_STORAGE_DRIVER, "\"vfs\"" },
	{ FACT_ENGINE_STORAGE_STATUS, "{}" },
	{ FACT_ENGINE_LOGGING_DRIVER, "\"json-file\"" },
	{ FACT_ENGINE_INSECURE_REGISTRIES, "[]" },
	{ FACT_ENGINE_DEBUG, "false" },
	{ FACT_ENGINE_LIVE_RESTORE, "false" },
	{ FACT_ENGINE_USERNS, "false" },
	{ FACT_ENGINE_ROOTLESS, "false" },
	{ FACT_ENGINE_SELINUX, "false" },
	{ FACT_ENGINE_SECCOMP_PROFILE, "\"default\"" },
	{ FACT_ENGINE_SECCOMP, "\"builtin\"" },
	{ FACT_ENGINE_NO_NEW_PRIVILEGES, "absent" },
	{ FACT_ENGINE_AUTHORIZATION_PLUGINS, "[]" },
	{ FACT_ENGINE_SWARM, "\"inactive\"" },
};

static void
an_engine_of_today(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = built_with("Debug", "false");

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		assert_fact(s, facts[i].fact, facts[i].value);
	assert_int_equal(ARRAY_SIZE(facts), topic_fact_count(TOPIC_ENGINE_INFO));
}

static const struct {
	const char *engine;
	enum fact_id fact;
	const char *value;
} others[] = {
	{ "26.1", FACT_ENGINE_API, "\"1.45\"" },
	{ "28.5", FACT_ENGINE_API, "\"1.51\"" },
	{ "26.1", FACT_ENGINE_SECCOMP_PROFILE, "\"builtin\"" },
	{ "28.5", FACT_ENGINE_SECCOMP_PROFILE, "\"builtin\"" },
	{ "26.1", FACT_ENGINE_NO_NEW_PRIVILEGES, "false" },
	{ "28.5", FACT_ENGINE_NO_NEW_PRIVILEGES, "false" },
	{ "28.5", FACT_ENGINE_INSECURE_REGISTRIES, "[]" },
	{ "28.5", FACT_ENGINE_AUTHORIZATION_PLUGINS, "[]" },
	{ "28.5", FACT_ENGINE_DATA_ROOT, "\"/var/lib/docker\"" },
};

static void
newer_engines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct json_object *version = recorded_by(others[i].engine, "version.json");
		struct json_object *info = recorded_by(others[i].engine, "info.json");
		_cleanup_(snapshot_freep) struct snapshot *s = built(version, info);

		assert_fact(s, others[i].fact, others[i].value);
		for (unsigned f = 0; f < s->n; f++)
			assert_int_not_equal(s->values[f].type, VALUE_UNREADABLE);
		json_object_put(version);
		json_object_put(info);
	}
}

static const struct {
	const char *path, *json;
	enum fact_id fact;
	const char *value; /* NULL: unreadable */
} cases[] = {
	{ "Components", "[{\"Name\":\"Podman Engine\",\"Version\":\"5.0\"}]", FACT_ENGINE_KIND,
	    "\"podman\"" },
	{ "Components", "[{\"Name\":\"Proxy\",\"Version\":\"1\"}]", FACT_ENGINE_KIND, "\"other\"" },
	{ "Components", "[]", FACT_ENGINE_KIND, "\"other\"" },
	{ "Components", "null", FACT_ENGINE_KIND, NULL },
	{ "Components", "[{\"Name\":1}]", FACT_ENGINE_KIND, NULL },
	{ "Components", "[{\"Name\":\"Engine\"}]", FACT_ENGINE_COMPONENTS, NULL },
	{ "Components", "[7]", FACT_ENGINE_COMPONENTS, NULL },
	{ "DriverStatus", "[[\"Backing Filesystem\",\"xfs\"],[\"d_type\",\"true\"]]",
	    FACT_ENGINE_STORAGE_STATUS, "{\"Backing Filesystem\":\"xfs\",\"d_type\":\"true\"}" },
	{ "DriverStatus", "[[\"a\"]]", FACT_ENGINE_STORAGE_STATUS, NULL },
	{ "DriverStatus", "[[\"a\",1]]", FACT_ENGINE_STORAGE_STATUS, NULL },
	{ "DriverStatus", "{}", FACT_ENGINE_STORAGE_STATUS, NULL },
	{ "RegistryConfig.InsecureRegistryCIDRs", "[\"127.0.0.0/8\",\"::1/128\",\"10.0.0.0/8\"]",
	    FACT_ENGINE_INSECURE_REGISTRIES, "[\"10.0.0.0/8\"]" },
	{ "RegistryConfig.InsecureRegistryCIDRs", "null", FACT_ENGINE_INSECURE_REGISTRIES, "[]" },
	{ "RegistryConfig.InsecureRegistryCIDRs", "[1]", FACT_ENGINE_INSECURE_REGISTRIES, NULL },
	{ "RegistryConfig.IndexConfigs",
	    "{\"docker.io\":{\"Secure\":true},\"reg:5000\":{\"Secure\":false}}",
	    FACT_ENGINE_INSECURE_REGISTRIES, "[\"reg:5000\"]" },
	{ "RegistryConfig.IndexConfigs", "{\"reg:5000\":{}}", FACT_ENGINE_INSECURE_REGISTRIES,
	    NULL },
	{ "RegistryConfig.IndexConfigs", "[]", FACT_ENGINE_INSECURE_REGISTRIES, NULL },
	{ "RegistryConfig", "null", FACT_ENGINE_INSECURE_REGISTRIES, NULL },
	{ "Debug", "true", FACT_ENGINE_DEBUG, "true" },
	{ "Debug", "\"true\"", FACT_ENGINE_DEBUG, NULL },
	{ "SecurityOptions", "[\"name=seccomp,profile=builtin\",\"name=userns\"]",
	    FACT_ENGINE_USERNS, "true" },
	{ "SecurityOptions", "[\"name=seccomp,profile=builtin\"]", FACT_ENGINE_SECCOMP_PROFILE,
	    "\"builtin\"" },
	{ "SecurityOptions", "[\"name=seccomp,profile=/etc/a,b.json\"]",
	    FACT_ENGINE_SECCOMP_PROFILE, "\"/etc/a,b.json\"" },
	{ "SecurityOptions", "[\"name=seccomp\"]", FACT_ENGINE_SECCOMP_PROFILE, NULL },
	{ "SecurityOptions", "[\"name=seccomper,profile=x\"]", FACT_ENGINE_SECCOMP_PROFILE,
	    "\"\"" },
	{ "SecurityOptions", "[]", FACT_ENGINE_SECCOMP_PROFILE, "\"\"" },
	{ "SecurityOptions", "null", FACT_ENGINE_SECCOMP_PROFILE, "\"\"" },
	{ "SecurityOptions", "[\"name=rootless\",\"name=selinux\"]", FACT_ENGINE_ROOTLESS, "true" },
	{ "SecurityOptions", "[\"name=rootless\",\"name=selinux\"]", FACT_ENGINE_SELINUX, "true" },
	{ "SecurityOptions", "[\"userns\"]", FACT_ENGINE_USERNS, "false" },
	{ "SecurityOptions", "{}", FACT_ENGINE_USERNS, NULL },
	{ "Plugins.Authorization", "[\"opa\"]", FACT_ENGINE_AUTHORIZATION_PLUGINS, "[\"opa\"]" },
	{ "Plugins", "null", FACT_ENGINE_AUTHORIZATION_PLUGINS, NULL },
	{ "Swarm.LocalNodeState", "\"active\"", FACT_ENGINE_SWARM, "\"active\"" },
	{ "Swarm", "null", FACT_ENGINE_SWARM, NULL },
	{ "ApiVersion", "\"1.50\"", FACT_ENGINE_API, "\"1.50\"" },
	{ "ApiVersion", "\"2.0\"", FACT_ENGINE_DEBUG, "false" },
	{ "SecurityOptions", "[\"name=seccomp,profile=builtin\"]", FACT_ENGINE_SECCOMP,
	    "\"builtin\"" },
	{ "SecurityOptions", "[\"name=seccomp,profile=unconfined\"]", FACT_ENGINE_SECCOMP,
	    "\"unconfined\"" },
	{ "SecurityOptions", "[\"name=seccomp,profile=/p.json\"]", FACT_ENGINE_SECCOMP, NULL },
	{ "SecurityOptions", "[\"name=seccomp\"]", FACT_ENGINE_SECCOMP, NULL },
	{ "SecurityOptions", "[]", FACT_ENGINE_SECCOMP, "\"\"" },
	{ "SecurityOptions", "[\"name=no-new-privileges\"]", FACT_ENGINE_NO_NEW_PRIVILEGES,
	    "true" },
	{ "SecurityOptions", "{}", FACT_ENGINE_NO_NEW_PRIVILEGES, NULL },
	{ "ApiVersion", "\"1.42\"", FACT_ENGINE_NO_NEW_PRIVILEGES, "absent" },
	{ "ApiVersion", "\"1.43\"", FACT_ENGINE_NO_NEW_PRIVILEGES, "false" },
	{ "ApiVersion", "\"2.0\"", FACT_ENGINE_NO_NEW_PRIVILEGES, "false" },
};

static void
spellings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s =
		    built_with(cases[i].path, cases[i].json);

		if (cases[i].value == NULL)
			assert_unreadable(s, cases[i].fact, "");
		else
			assert_fact(s, cases[i].fact, cases[i].value);
	}
}

/* A profile of the site's own: its content counts, and what can't be read is not taken for good. */
static void
a_profile_of_its_own(void **state)
{
	static const struct {
		struct engine_profile_input in;
		const char *value; /* NULL: unreadable */
	} profiles[] = {
		{ { .text = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}" }, "\"forbids-nothing\"" },
		{ { .text = "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}" }, "\"forbids\"" },
		{ { .text = "no json" }, NULL },
		{ { .why = "Permission denied" }, NULL },
		{ { 0 }, NULL },
	};
	struct json_object *version = recorded("version.json"), *info = recorded("info.json");
	char path[32];

	assert_false(engine_profile_path(info, path, sizeof(path)));
	json_object_object_add(info, "SecurityOptions",
	    json_tokener_parse("[\"name=seccomp,profile=/etc/a,b.json\"]"));
	assert_true(engine_profile_path(info, path, sizeof(path)));
	assert_string_equal(path, "/etc/a,b.json");
	assert_false(engine_profile_path(info, path, 5));
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;

		assert_int_equal(build_engine_info(&s, version, info, &profiles[i].in), 0);
		if (profiles[i].value == NULL)
			assert_unreadable(s, FACT_ENGINE_SECCOMP, "");
		else
			assert_fact(s, FACT_ENGINE_SECCOMP, profiles[i].value);
	}
	json_object_put(version);
	json_object_put(info);
}

static void
an_engine_too_old(void **state)
{
	static const char *const versions[] = { "\"1.40\"", "\"1.4\"", "\"0.99\"" };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s =
		    built_with("ApiVersion", versions[i]);

		for (unsigned f = 0; f < s->n; f++)
			assert_unreadable(
			    s, topic_first_fact(TOPIC_ENGINE_INFO) + f, "1.41 or newer is needed");
	}
}

static void
nonsense(void **state)
{
	static const struct {
		const char *version, *info;
	} texts[] = {
		{ "null", "{}" },
		{ "{}", "{}" },
		{ "{\"ApiVersion\":1.41}", "{}" },
		{ "{\"ApiVersion\":\"one\"}", "{}" },
		{ "{\"ApiVersion\":\"1.\"}", "{}" },
		{ "{\"ApiVersion\":\"1.41x\"}", "{}" },
		{ "{\"ApiVersion\":\"1.41\"}", "null" },
		{ "{\"ApiVersion\":\"1.41\"}", "[]" },
	};
	struct snapshot *s = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct json_object *version = json_tokener_parse(texts[i].version);
		struct json_object *info = json_tokener_parse(texts[i].info);

		assert_int_equal(build_engine_info(&s, version, info, NULL), BUILD_E_NONSENSE);
		json_object_put(version);
		json_object_put(info);
	}
	assert_null(s);
}

static void
check_bent(const struct snapshot *s, const struct snapshot *whole, enum bend how, const char *where)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct value *v = &s->values[i];
		const struct fact *f = &fact_table[topic_first_fact(s->topic) + i];
		bool element = strchr(where, '[') != NULL || strstr(where, "IndexConfigs.") != NULL;

		if (v->type == VALUE_UNREADABLE || value_same(v, &whole->values[i]))
			continue;
		if (how == BEND_REMOVE && element)
			continue;
		/* Null is an empty list, and no options are no seccomp. */
		if (how == BEND_NULL && (v->len == 0 || strcmp(where, ".SecurityOptions") == 0))
			continue;
		fail_msg("%s bent (%d): %s became %s", where, how, f->path, value_text(v));
	}
}

struct replies {
	struct json_object *version, *info;
	struct snapshot *whole;
};

static void
a_bent_info(struct json_object *bent, enum bend how, const char *where, void *context)
{
	struct replies *replies = context;
	_cleanup_(snapshot_freep) struct snapshot *s = built(replies->version, bent);

	check_bent(s, replies->whole, how, where);
}

static void
a_bent_version(struct json_object *bent, enum bend how, const char *where, void *context)
{
	struct replies *replies = context;
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;

	if (strcmp(where, ".ApiVersion") == 0) {
		assert_int_equal(
		    build_engine_info(&s, bent, replies->info, NULL), BUILD_E_NONSENSE);
		return;
	}
	assert_int_equal(build_engine_info(&s, bent, replies->info, NULL), 0);
	check_bent(s, replies->whole, how, where);
}

static void
bent_replies_never_make_another_fact(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		struct replies replies = { recorded_by(engines[i], "version.json"),
			recorded_by(engines[i], "info.json"), NULL };

		replies.whole = built(replies.version, replies.info);
		assert_true(bend_each(replies.info, a_bent_info, &replies) > 200);
		assert_true(bend_each(replies.version, a_bent_version, &replies) > 50);
		snapshot_free(replies.whole);
		json_object_put(replies.version);
		json_object_put(replies.info);
	}
}

static struct snapshot *
bridge(struct json_object *doc)
{
	struct snapshot *s = NULL;

	assert_int_equal(build_engine_bridge(&s, doc), 0);
	assert_types_hold(s);
	return s;
}

static struct snapshot *
bridge_with(const char *options)
{
	struct json_object *doc = recorded("bridge.json");
	struct snapshot *s;

	if (options != NULL)
		json_object_object_add(doc, "Options", json_tokener_parse(options));
	s = bridge(doc);
	json_object_put(doc);
	return s;
}

static const struct {
	const char *options, *icc, *binding;
} bridges[] = {
	{ NULL, "true", "\"0.0.0.0\"" },
	{ "{\"com.docker.network.bridge.enable_icc\":\"false\"}", "false", "\"\"" },
	{ "{\"com.docker.network.bridge.enable_icc\":false}", NULL, "\"\"" },
	{ "{\"com.docker.network.bridge.enable_icc\":\"no\"}", NULL, "\"\"" },
	{ "{\"com.docker.network.bridge.enable_icc\":\"\"}", NULL, "\"\"" },
	{ "{\"com.docker.network.bridge.host_binding_ipv4\":1}", NULL, NULL },
	{ "{}", NULL, "\"\"" },
	{ "null", NULL, NULL },
	{ "[]", NULL, NULL },
};

static void
bridge_options(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bridges); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = bridge_with(bridges[i].options);

		assert_fact(s, FACT_ENGINE_BRIDGE_EXISTS, "true");
		if (bridges[i].icc == NULL)
			assert_unreadable(s, FACT_ENGINE_BRIDGE_ICC, "");
		else
			assert_fact(s, FACT_ENGINE_BRIDGE_ICC, bridges[i].icc);
		if (bridges[i].binding == NULL)
			assert_unreadable(s, FACT_ENGINE_BRIDGE_HOST_BINDING, "");
		else
			assert_fact(s, FACT_ENGINE_BRIDGE_HOST_BINDING, bridges[i].binding);
	}
}

static void
no_bridge(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = bridge(NULL);
	struct json_object *doc = json_tokener_parse("{\"message\":\"no\"}");
	struct snapshot *none = NULL;

	assert_fact(s, FACT_ENGINE_BRIDGE_EXISTS, "false");
	assert_fact(s, FACT_ENGINE_BRIDGE_ICC, "absent");
	assert_fact(s, FACT_ENGINE_BRIDGE_HOST_BINDING, "absent");
	assert_int_equal(build_engine_bridge(&none, doc), BUILD_E_NONSENSE);
	json_object_put(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_engine_of_today),
		cmocka_unit_test(newer_engines),
		cmocka_unit_test(spellings),
		cmocka_unit_test(a_profile_of_its_own),
		cmocka_unit_test(an_engine_too_old),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(bent_replies_never_make_another_fact),
		cmocka_unit_test(bridge_options),
		cmocka_unit_test(no_bridge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
