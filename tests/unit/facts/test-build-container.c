/* SPDX-License-Identifier: Apache-2.0 */
#include "facts-test.h"

static const char *const names[] = {
	"container-plain-created.json",
	"container-privileged-created.json",
	"container-everything-created.json",
	"container-ports-created.json",
	"container-publish-all-created.json",
	"container-ports-running.json",
	"container-host-network-running.json",
	"container-mounts-running.json",
	"container-limits-running.json",
	"container-joined-running.json",
	"container-front-running.json",
	"container-exited.json",
	"container-paused.json",
};

/* What engines after 20.10 have more. */
static const char newer[] = "container-newer-created.json";

static struct json_object *volumes; /* those that the recorded containers have, and others */

static struct snapshot *
built(struct json_object *doc)
{
	const struct container_inspect_input in = { .inspect = doc, .volumes = volumes };
	struct snapshot *s = NULL;

	assert_int_equal(build_container_inspect(&s, &in), 0);
	return s;
}

static struct snapshot *
built_by(const char *engine, const char *name)
{
	struct json_object *doc = recorded_by(engine, name), *ours = volumes;
	struct snapshot *s;

	volumes = recorded_by(engine, "volumes.json");
	s = built(doc);
	json_object_put(volumes);
	json_object_put(doc);
	volumes = ours;
	return s;
}

static struct snapshot *
built_of(const char *name)
{
	return built_by(engines[0], name);
}

/* A document with one member of it set: "HostConfig.CapAdd" to a JSON text. */
static struct snapshot *
built_with(const char *name, const char *parent, const char *key, const char *json)
{
	struct json_object *doc = recorded(name), *at = doc;
	struct snapshot *s;

	if (parent != NULL)
		assert_true(json_object_object_get_ex(doc, parent, &at));
	json_object_object_add(at, key, json_tokener_parse(json));
	s = built(doc);
	json_object_put(doc);
	return s;
}

static const struct {
	enum fact_id fact;
	const char *value;
} everything[] = {
	{ FACT_CONTAINER_NAME, "\"everything-created\"" },
	{ FACT_CONTAINER_IMAGE, "\"bb\"" },
	{ FACT_CONTAINER_STATUS, "\"created\"" },
	{ FACT_CONTAINER_RUNNING, "false" },
	{ FACT_CONTAINER_PID, "0" },
	{ FACT_CONTAINER_USER, "\"1000:1000\"" },
	{ FACT_CONTAINER_PRIVILEGED, "false" },
	{ FACT_CONTAINER_CAP_ADD, "[\"NET_ADMIN\",\"SYS_TIME\"]" },
	{ FACT_CONTAINER_CAP_DROP, "[\"ALL\"]" },
	{ FACT_CONTAINER_SECURITY_OPT, "[{\"name\":\"no-new-privileges\",\"value\":\"\"},"
				       "{\"name\":\"seccomp\",\"value\":\"unconfined\"},"
				       "{\"name\":\"label\",\"value\":\"disable\"},"
				       "{\"name\":\"apparmor\",\"value\":\"mine\"},"
				       "{\"name\":\"label\",\"value\":\"disable\"}]" },
	{ FACT_CONTAINER_SECCOMP, "\"unconfined\"" },
	{ FACT_CONTAINER_APPARMOR_PROFILE, "\"mine\"" },
	{ FACT_CONTAINER_PROCESS_LABEL, "\"\"" },
	{ FACT_CONTAINER_NETWORK_MODE, "\"host\"" },
	{ FACT_CONTAINER_PID_MODE, "\"host\"" },
	{ FACT_CONTAINER_IPC_MODE, "\"host\"" },
	{ FACT_CONTAINER_UTS_MODE, "\"host\"" },
	{ FACT_CONTAINER_USERNS_MODE, "\"host\"" },
	{ FACT_CONTAINER_MEMORY, "67108864" },
	{ FACT_CONTAINER_CPU_SHARES, "512" },
	{ FACT_CONTAINER_NANO_CPUS, "1500000000" },
	{ FACT_CONTAINER_CPU_QUOTA, "0" },
	{ FACT_CONTAINER_PIDS_LIMIT, "100" },
	{ FACT_CONTAINER_READONLY_ROOTFS, "true" },
	{ FACT_CONTAINER_RESTART_POLICY, "\"on-failure\"" },
	{ FACT_CONTAINER_RESTART_RETRIES, "5" },
	{ FACT_CONTAINER_CGROUP_PARENT, "\"/mine\"" },
	{ FACT_CONTAINER_MOUNTS,
	    "[{\"type\":\"bind\",\"source\":\"/srv/data\",\"destination\":\"/data\",\"name\":\"\","
	    "\"driver\":\"\",\"mode\":\"rshared\",\"rw\":true,\"propagation\":\"rshared\"},"
	    "{\"type\":\"bind\",\"source\":\"/etc\",\"destination\":\"/host/etc\",\"name\":\"\","
	    "\"driver\":\"\",\"mode\":\"ro\",\"rw\":false,\"propagation\":\"rprivate\"},"
	    "{\"type\":\"bind\",\"source\":\"/usr\",\"destination\":\"/host/usr\",\"name\":\"\","
	    "\"driver\":\"\",\"mode\":\"\",\"rw\":false,\"propagation\":\"shared\"},"
	    "{\"type\":\"volume\",\"source\":\"/var/lib/docker/volumes/named/_data\","
	    "\"destination\":\"/named\",\"name\":\"named\",\"driver\":\"local\",\"mode\":\"z\","
	    "\"rw\":true,\"propagation\":\"\"},"
	    "{\"type\":\"volume\",\"source\":\"/var/lib/docker/volumes/vol2/_data\","
	    "\"destination\":\"/v2\",\"name\":\"vol2\",\"driver\":\"local\",\"mode\":\"z\","
	    "\"rw\":true,\"propagation\":\"\"}]" },
	{ FACT_CONTAINER_PORTS, "[]" },
	{ FACT_CONTAINER_PUBLISH_ALL, "false" },
	{ FACT_CONTAINER_EXPOSED, "[]" },
	{ FACT_CONTAINER_DEVICES,
	    "[{\"path_on_host\":\"/dev/null\",\"path_in_container\":\"/dev/mynull\","
	    "\"permissions\":\"r\"}]" },
	{ FACT_CONTAINER_DEVICE_REQUESTS, "1" },
	{ FACT_CONTAINER_DEVICE_RULES, "[\"c 1:3 rwm\"]" },
	{ FACT_CONTAINER_ULIMITS, "[{\"name\":\"nofile\",\"soft\":100,\"hard\":200},"
				  "{\"name\":\"nproc\",\"soft\":50,\"hard\":50}]" },
	{ FACT_CONTAINER_LOG_DRIVER, "\"none\"" },
	{ FACT_CONTAINER_HEALTHCHECK, "[\"CMD-SHELL\",\"true\"]" },
	{ FACT_CONTAINER_NETWORKS, "[\"host\"]" },
	{ FACT_CONTAINER_LABELS, "{\"com.example.a\":\"secret\"}" },
	{ FACT_CONTAINER_SERVICE, "false" },
};

static void
every_field(void **state)
{
	for (size_t e = 0; e < ARRAY_SIZE(engines); e++) {
		_cleanup_(snapshot_freep) struct snapshot *s =
		    built_by(engines[e], "container-everything-created.json");

		for (size_t i = 0; i < ARRAY_SIZE(everything); i++)
			assert_fact(s, everything[i].fact, everything[i].value);
		assert_memory_equal(
		    value_text(snapshot_get(s, FACT_CONTAINER_IMAGE_ID)), "\"sha256:", 8);
	}
	assert_int_equal(
	    ARRAY_SIZE(everything) + 1, topic_fact_count(TOPIC_CONTAINER_INSPECT)); /* image_id */
}

static void
nothing_set_by(const char *engine, const char *network)
{
	_cleanup_(snapshot_freep) struct snapshot *s =
	    built_by(engine, "container-plain-created.json");

	assert_fact(s, FACT_CONTAINER_PRIVILEGED, "false");
	assert_fact(s, FACT_CONTAINER_CAP_ADD, "[]");
	assert_fact(s, FACT_CONTAINER_SECURITY_OPT, "[]");
	assert_fact(s, FACT_CONTAINER_NETWORK_MODE, network);
	assert_fact(s, FACT_CONTAINER_IPC_MODE, "\"private\"");
	assert_fact(s, FACT_CONTAINER_PIDS_LIMIT, "0");
	assert_fact(s, FACT_CONTAINER_MOUNTS, "[]");
	assert_fact(s, FACT_CONTAINER_PORTS, "[]");
	assert_fact(s, FACT_CONTAINER_ULIMITS, "[]");
	assert_fact(s, FACT_CONTAINER_DEVICE_REQUESTS, "0");
	assert_fact(s, FACT_CONTAINER_HEALTHCHECK, "[]");
	assert_fact(s, FACT_CONTAINER_LABELS, "{}");
	assert_fact(s, FACT_CONTAINER_RESTART_POLICY, "\"no\"");
}

static void
nothing_set(void **state)
{
	nothing_set_by("20.10", "\"default\"");
	nothing_set_by("26.1", "\"bridge\"");
	nothing_set_by("28.5", "\"bridge\"");
}

/* A part of a volume is that volume, an image is no path of the host, and a device that a file of
 * the vendor describes is a device. */
static void
fields_of_newer_engines(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = built_by("28.5", newer);
	const struct value *mounts = snapshot_get(s, FACT_CONTAINER_MOUNTS);
	static const char *const wanted[][2] = { { "bind", "/host/usr" }, { "image", "/image" },
		{ "volume", "/part" } };

	assert_int_equal(mounts->len, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const struct value *m = &mounts->items[i];

		assert_string_equal(value_get(m, "type")->string, wanted[i][0]);
		assert_string_equal(value_get(m, "destination")->string, wanted[i][1]);
	}
	assert_fact(s, FACT_CONTAINER_DEVICE_REQUESTS, "1");
	assert_fact(s, FACT_CONTAINER_DEVICES, "[]");
	assert_fact(s, FACT_CONTAINER_HEALTHCHECK, "[\"CMD-SHELL\",\"true\"]");
}

static void
privileged(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s =
	    built_of("container-privileged-created.json");

	assert_fact(s, FACT_CONTAINER_PRIVILEGED, "true");
	assert_fact(s, FACT_CONTAINER_SECURITY_OPT, "[{\"name\":\"label\",\"value\":\"disable\"}]");
}

#define PORT(container, protocol, ip, host)                                             \
	"{\"container\":" #container ",\"protocol\":\"" protocol "\",\"host_ip\":\"" ip \
	"\",\"host\":" #host "}"

static void
ports(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *created =
	    built_of("container-ports-created.json");
	_cleanup_(snapshot_freep) struct snapshot *running =
	    built_of("container-ports-running.json");
	_cleanup_(snapshot_freep) struct snapshot *host =
	    built_of("container-host-network-running.json");
	_cleanup_(snapshot_freep) struct snapshot *all =
	    built_of("container-publish-all-created.json");

	assert_fact(created, FACT_CONTAINER_PORTS,
	    "[" PORT(53, "udp", "", 53) "," PORT(80, "tcp", "", 0) "," PORT(
		443, "tcp", "127.0.0.1", 8443) "]");
	assert_fact(running, FACT_CONTAINER_PORTS,
	    "[" PORT(53, "udp", "0.0.0.0", 5300) "," PORT(53, "udp", "::", 5300) "," PORT(
		80, "tcp", "0.0.0.0", 8081) "," PORT(80, "tcp", "::", 8081) "," PORT(443, "tcp",
		"127.0.0.1", 8443) "," PORT(9000, "tcp", "0.0.0.0", 32768) "," PORT(9000, "tcp",
		"::", 32768) "]");
	/* The engine discards them, and they are still written in HostConfig. */
	assert_fact(host, FACT_CONTAINER_PORTS, "[]");
	/* At the start the engine will choose one for each that is exposed. */
	assert_fact(all, FACT_CONTAINER_PORTS,
	    "[" PORT(7000, "tcp", "", 0) "," PORT(7001, "tcp", "", 0) "," PORT(
		7002, "tcp", "", 0) "]");
	assert_fact(all, FACT_CONTAINER_PUBLISH_ALL, "true");
	assert_fact(all, FACT_CONTAINER_EXPOSED, "[\"7000/tcp\",\"7001/tcp\",\"7002/tcp\"]");
}

static const struct {
	const char *bindings, *ports;
} port_cases[] = {
	{ "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8000-8002\"}]}",
	    "[" PORT(80, "tcp", "", 8000) "," PORT(80, "tcp", "", 8001) "," PORT(
		80, "tcp", "", 8002) "]" },
	{ "{\"80\":[{\"HostIp\":\"::1\",\"HostPort\":\"1\"}]}", "[" PORT(80, "tcp", "::1", 1) "]" },
	{ "{\"80/tcp\":null,\"81/tcp\":[]}", "[]" },
	{ "{\"80/tcp\":[null]}", NULL },
	{ "{\"80/tcp\":{}}", NULL },
	{ "{\"80/tcp\":[{\"HostIp\":\"\"}]}", NULL },
	{ "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":80}]}", NULL },
	{ "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"80x\"}]}", NULL },
	{ "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"-1\"}]}", NULL },
	{ "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"65536\"}]}", NULL },
	{ "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"9-8\"}]}", NULL },
	{ "{\"x/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"80\"}]}", NULL },
	{ "{\"80/\":[{\"HostIp\":\"\",\"HostPort\":\"80\"}]}", NULL },
	{ "[]", NULL },
};

static void
bindings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(port_cases); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s =
		    built_with("container-plain-created.json", "HostConfig", "PortBindings",
			port_cases[i].bindings);

		if (port_cases[i].ports == NULL)
			assert_unreadable(s, FACT_CONTAINER_PORTS, "");
		else
			assert_fact(s, FACT_CONTAINER_PORTS, port_cases[i].ports);
	}
}

static void
a_range_of_ports_is_cut_at_the_limit(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s =
	    built_with("container-plain-created.json", "HostConfig", "PortBindings",
		"{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"1-65535\"}]}");
	const struct value *v = snapshot_get(s, FACT_CONTAINER_PORTS);

	assert_int_equal(v->type, VALUE_LIST);
	assert_int_equal(v->len, BUILD_LIST_MAX);
	assert_true(v->cut);
}

static void
what_is_asked_for_counts_until_it_is_bound(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s =
	    built_with("container-ports-running.json", "NetworkSettings", "Ports",
		"{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8081\"}],\"443/tcp\":null}");

	assert_fact(s, FACT_CONTAINER_PORTS,
	    "[" PORT(53, "udp", "", 5300) "," PORT(80, "tcp", "0.0.0.0", 8081) "," PORT(
		443, "tcp", "127.0.0.1", 8443) "," PORT(9000, "tcp", "", 0) "]");
}

static void
mounts_of_a_running_container(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = built_of("container-mounts-running.json");
	const struct value *v = snapshot_get(s, FACT_CONTAINER_MOUNTS);

	assert_int_equal(v->len, 3);
	assert_string_equal(value_get(&v->items[0], "destination")->string, "/anon");
	assert_string_equal(value_get(&v->items[1], "source")->string, "/srv/data");
	assert_false(value_get(&v->items[1], "rw")->boolean);
	assert_string_equal(value_get(&v->items[2], "name")->string, "named");
}

#define MOUNT(type, source, destination, name, driver, mode, rw, propagation)                  \
	"{\"type\":\"" type "\",\"source\":\"" source "\",\"destination\":\"" destination      \
	"\",\"name\":\"" name "\",\"driver\":\"" driver "\",\"mode\":\"" mode "\",\"rw\":" #rw \
	",\"propagation\":\"" propagation "\"}"

static const struct {
	const char *key, *json, *mounts; /* NULL: unreadable */
} mount_cases[] = {
	{ "Binds", "[\"/etc:/e\"]", "[" MOUNT("bind", "/etc", "/e", "", "", "", true, "") "]" },
	{ "Binds", "[\"/etc:/e:ro,rslave\"]",
	    "[" MOUNT("bind", "/etc", "/e", "", "", "ro,rslave", false, "rslave") "]" },
	{ "Binds", "[\"vol:/v:z\"]",
	    "[" MOUNT("volume", "vol", "/v", "vol", "", "z", true, "") "]" },
	{ "Binds", "[\"/v\"]", "[" MOUNT("volume", "", "/v", "", "", "", true, "") "]" },
	{ "Binds", "[\"/b:/b\", \"/a:/a:shared\", \"/c:/b/\"]",
	    "[" MOUNT("bind", "/a", "/a", "", "", "shared", true, "shared") "," MOUNT(
		"bind", "/b", "/b", "", "", "", true, "") "]" },
	{ "Binds", "[\"/rot:/e:rootro\"]",
	    "[" MOUNT("bind", "/rot", "/e", "", "", "rootro", true, "") "]" },
	{ "Binds", "null", "[]" },
	{ "Binds", "[1]", NULL },
	{ "Binds", "\"/etc:/e\"", NULL },
	{ "Mounts",
	    "[{\"Type\":\"bind\",\"Source\":\"/usr\",\"Target\":\"/u\",\"ReadOnly\":true,"
	    "\"BindOptions\":{\"Propagation\":\"rshared\"}}]",
	    "[" MOUNT("bind", "/usr", "/u", "", "", "", false, "rshared") "]" },
	{ "Mounts",
	    "[{\"Type\":\"volume\",\"Source\":\"v\",\"Target\":\"/u\",\"VolumeOptions\":"
	    "{\"DriverConfig\":{\"Name\":\"nfs\"}}}]",
	    "[" MOUNT("volume", "v", "/u", "v", "nfs", "", true, "") "]" },
	{ "Mounts", "[{\"Type\":\"tmpfs\",\"Target\":\"/t\"}]",
	    "[" MOUNT("tmpfs", "", "/t", "", "", "", true, "") "]" },
	{ "Mounts", "[{\"Source\":\"/usr\",\"Target\":\"/u\"}]", NULL },
	{ "Mounts", "[{\"Type\":\"bind\",\"Source\":1,\"Target\":\"/u\"}]", NULL },
	{ "Mounts", "[{\"Type\":\"bind\",\"Source\":\"/usr\"}]", NULL },
	{ "Mounts", "[{\"Type\":\"bind\",\"Source\":\"/\",\"Target\":\"/u\",\"ReadOnly\":\"yes\"}]",
	    NULL },
	{ "Mounts", "{}", NULL },
	{ "Mounts", "null", "[]" },
};

static void
mounts_that_are_asked_for(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mount_cases); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s =
		    built_with("container-plain-created.json", "HostConfig", mount_cases[i].key,
			mount_cases[i].json);

		if (mount_cases[i].mounts == NULL)
			assert_unreadable(s, FACT_CONTAINER_MOUNTS, "");
		else
			assert_fact(s, FACT_CONTAINER_MOUNTS, mount_cases[i].mounts);
	}
}

#define VOLUME(name)                                                             \
	"{\"Type\":\"volume\",\"Name\":\"" name "\",\"Source\":\"/v/" name       \
	"\",\"Destination\":\"/"                                                 \
	"d\",\"Driver\":\"local\",\"Mode\":\"ro\",\"RW\":false,\"Propagation\":" \
	"\"\"}"

/* What the volume is, and what it binds. */
static const struct {
	const char *mounts, *bound;
} volume_cases[] = {
	{ "[" VOLUME("etc") "]", "/etc" },
	{ "[" VOLUME("disk") "]", "/dev/sda1" },
	{ "[" VOLUME("named") "]", "" },
	{ "[" VOLUME("share") "]", "" },
	{ "[" VOLUME("nfs") "]", "" },
	{ "[" VOLUME("memory") "]", "" },
	{ "[" VOLUME("bare") "]", "" },
	{ "[" VOLUME("slashes") "]", "//etc" },
	{ "[" VOLUME("windows") "]", "" },
	{ "[" VOLUME("empty-overlay") "]", "" },
	{ "[" VOLUME("relative") "]", NULL }, /* to where dockerd was started */
	{ "[" VOLUME("bent") "]", NULL },
	{ "[" VOLUME("unlisted") "]", NULL },
};

static void
volumes_that_bind(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(volume_cases); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = built_with(
		    "container-plain-created.json", NULL, "Mounts", volume_cases[i].mounts);
		const struct value *v = snapshot_get(s, FACT_CONTAINER_MOUNTS);

		if (volume_cases[i].bound == NULL) {
			assert_unreadable(s, FACT_CONTAINER_MOUNTS, "");
			continue;
		}
		assert_string_equal(value_get(&v->items[0], "type")->string, "volume");
		assert_int_equal(v->len, volume_cases[i].bound[0] == '\0' ? 1 : 2);
		if (v->len == 1)
			continue;
		assert_string_equal(value_get(&v->items[1], "type")->string, "bind");
		assert_string_equal(
		    value_get(&v->items[1], "source")->string, volume_cases[i].bound);
		assert_string_equal(value_get(&v->items[1], "destination")->string, "/d");
		assert_false(value_get(&v->items[1], "rw")->boolean);
	}
}

/* What an overlay shows and where it writes are folders of the host, too. */
static void
a_volume_of_layers(void **state)
{
	static const char *const sources[] = { "/etc", "/srv", "/up" };
	_cleanup_(snapshot_freep) struct snapshot *s =
	    built_with("container-plain-created.json", NULL, "Mounts", "[" VOLUME("overlay") "]");
	const struct value *v = snapshot_get(s, FACT_CONTAINER_MOUNTS);
	bool found;

	assert_int_equal(v->len, 1 + ARRAY_SIZE(sources));
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		found = false;
		for (uint32_t k = 1; k < v->len; k++)
			found |= strcmp(value_get(&v->items[k], "source")->string, sources[i]) == 0;
		assert_true(found);
	}
}

static void
volumes_that_nobody_knows(void **state)
{
	static const struct {
		const char *reply, *why; /* NULL: there is none */
		const char *reason;
	} cases[] = {
		{ NULL, "the engine is slow", "the engine is slow" },
		{ NULL, NULL, "nobody asked" },
		{ "{}", NULL, "Volumes" },
		{ "[]", NULL, "Volumes" },
		{ "{\"Volumes\":{}}", NULL, "Volumes" },
		{ "{\"Volumes\":null}", NULL, "named" },
	};
	struct container_inspect_input in = { .inspect =
						  recorded("container-mounts-running.json") };

	assert_true(container_has_volumes(in.inspect));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;

		in.volumes = cases[i].reply != NULL ? json_tokener_parse(cases[i].reply) : NULL;
		in.volumes_why = cases[i].why;
		assert_int_equal(build_container_inspect(&s, &in), 0);
		assert_unreadable(s, FACT_CONTAINER_MOUNTS, cases[i].reason);
		json_object_put(in.volumes);
	}
	json_object_put(in.inspect);
}

/* "/srv/data" is a link. */
static struct value
follow(void *context, const char *path, struct arena *a)
{
	(void)a;
	assert_ptr_equal(context, &volumes);
	return value_string(strcmp(path, "/srv/data") == 0 ? "/etc" : path);
}

static struct value
cannot_follow(void *context, const char *path, struct arena *a)
{
	(void)context;
	(void)path;
	(void)a;
	return value_unreadable("Permission denied");
}

static void
links_are_followed(void **state)
{
	struct container_inspect_input in = { .inspect = recorded("container-mounts-running.json"),
		.volumes = volumes,
		.follow = follow,
		.context = &volumes };
	const struct value *mount;
	struct snapshot *s = NULL;

	assert_int_equal(build_container_inspect(&s, &in), 0);
	mount = &snapshot_get(s, FACT_CONTAINER_MOUNTS)->items[1];
	assert_string_equal(value_get(mount, "source")->string, "/etc");
	assert_string_equal(value_get(mount, "name")->string, "/srv/data");
	assert_false(value_get(mount, "rw")->boolean);
	s = snapshot_free(s);

	in.follow = cannot_follow;
	assert_int_equal(build_container_inspect(&s, &in), 0);
	assert_unreadable(s, FACT_CONTAINER_MOUNTS, "/srv/data: Permission denied");
	snapshot_free(s);
	json_object_put(in.inspect);
}

/* "/srv/data" is bound from /etc, nothing else is. */
static struct value
other_name(void *context, const char *path, struct arena *a)
{
	(void)a;
	assert_ptr_equal(context, &volumes);
	return value_string(strcmp(path, "/srv/data") == 0 ? "/etc" : "");
}

static void
sources_that_are_bound_themselves(void **state)
{
	struct container_inspect_input in = { .inspect = recorded("container-mounts-running.json"),
		.volumes = volumes,
		.other_name = other_name,
		.names_context = &volumes };
	struct snapshot *s = NULL;
	const struct value *v;
	uint32_t n;
	bool found = false;

	assert_int_equal(build_container_inspect(&s, &in), 0);
	n = snapshot_get(s, FACT_CONTAINER_MOUNTS)->len;
	for (uint32_t i = 0; i < n; i++) {
		v = &snapshot_get(s, FACT_CONTAINER_MOUNTS)->items[i];
		found |= strcmp(value_get(v, "source")->string, "/etc") == 0 &&
			 !value_get(v, "rw")->boolean;
	}
	assert_true(found);
	s = snapshot_free(s);

	in.other_name = cannot_follow;
	assert_int_equal(build_container_inspect(&s, &in), 0);
	assert_unreadable(s, FACT_CONTAINER_MOUNTS, "/srv/data: Permission denied");
	snapshot_free(s);
	json_object_put(in.inspect);
}

static void
who_has_volumes(void **state)
{
	struct json_object *doc = recorded("container-plain-created.json");

	assert_false(container_has_volumes(doc));
	json_object_object_add(doc, "Mounts", NULL);
	assert_false(container_has_volumes(doc));
	json_object_object_add(
	    doc, "Mounts", json_tokener_parse("[1,{\"Type\":\"bind\"},{\"Type\":\"volume\"}]"));
	assert_true(container_has_volumes(doc));
	json_object_put(doc);
}

static const struct {
	const char *parent, *key, *json;
	enum fact_id fact;
	const char *value; /* NULL: unreadable */
} cases[] = {
	{ "HostConfig", "CapAdd", "[\"net_admin\",\"CAP_ALL\",\"cap_x\"]", FACT_CONTAINER_CAP_ADD,
	    "[\"NET_ADMIN\",\"ALL\",\"X\"]" },
	{ "HostConfig", "CapAdd", "[null]", FACT_CONTAINER_CAP_ADD, NULL },
	{ "HostConfig", "CapAdd", "\"ALL\"", FACT_CONTAINER_CAP_ADD, NULL },
	{ "HostConfig", "SecurityOpt", "[\"no-new-privileges:false\",\"seccomp={\\\"a=b\\\":1}\"]",
	    FACT_CONTAINER_SECURITY_OPT,
	    "[{\"name\":\"no-new-privileges\",\"value\":\"false\"},"
	    "{\"name\":\"seccomp\",\"value\":\"{\\\"a=b\\\":1}\"}]" },
	{ "HostConfig", "Privileged", "null", FACT_CONTAINER_PRIVILEGED, NULL },
	{ "HostConfig", "Privileged", "0", FACT_CONTAINER_PRIVILEGED, NULL },
	{ "HostConfig", "PidsLimit", "-1", FACT_CONTAINER_PIDS_LIMIT, "-1" },
	{ "HostConfig", "PidsLimit", "null", FACT_CONTAINER_PIDS_LIMIT, "0" },
	{ "HostConfig", "Memory", "null", FACT_CONTAINER_MEMORY, NULL },
	{ "HostConfig", "Memory", "1.0", FACT_CONTAINER_MEMORY, NULL },
	{ "HostConfig", "Memory", "9223372036854775808", FACT_CONTAINER_MEMORY, NULL },
	{ "HostConfig", "Memory", "9223372036854775807", FACT_CONTAINER_MEMORY,
	    "9223372036854775807" },
	{ "HostConfig", "Ulimits", "[{\"Name\":\"core\",\"Soft\":-1,\"Hard\":-1}]",
	    FACT_CONTAINER_ULIMITS, "[{\"name\":\"core\",\"soft\":-1,\"hard\":-1}]" },
	{ "HostConfig", "Ulimits", "[{\"Name\":\"core\",\"Soft\":-1}]", FACT_CONTAINER_ULIMITS,
	    NULL },
	{ "Config", "Healthcheck", "{\"Test\":[\"NONE\"]}", FACT_CONTAINER_HEALTHCHECK,
	    "[\"NONE\"]" },
	{ "Config", "Healthcheck", "{\"Interval\":5}", FACT_CONTAINER_HEALTHCHECK, "[]" },
	{ "Config", "Healthcheck", "null", FACT_CONTAINER_HEALTHCHECK, "[]" },
	{ "Config", "Healthcheck", "[]", FACT_CONTAINER_HEALTHCHECK, NULL },
	{ "Config", "Labels", "{\"com.docker.swarm.service.id\":\"x\"}", FACT_CONTAINER_SERVICE,
	    "true" },
	{ "Config", "Labels", "null", FACT_CONTAINER_SERVICE, "false" },
	{ "Config", "Labels", "null", FACT_CONTAINER_LABELS, "{}" },
	{ "NetworkSettings", "Networks", "{\"front\":null,\"back\":{}}", FACT_CONTAINER_NETWORKS,
	    "[\"front\",\"back\"]" },
	{ NULL, "Name", "\"web\"", FACT_CONTAINER_NAME, "\"web\"" },
	{ NULL, "HostConfig", "null", FACT_CONTAINER_PRIVILEGED, NULL },
	{ NULL, "HostConfig", "{}", FACT_CONTAINER_CAP_ADD, NULL },
	{ NULL, "State", "null", FACT_CONTAINER_RUNNING, NULL },
};

static void
spellings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = built_with(
		    "container-plain-created.json", cases[i].parent, cases[i].key, cases[i].json);

		if (cases[i].value == NULL)
			assert_unreadable(s, cases[i].fact, "");
		else
			assert_fact(s, cases[i].fact, cases[i].value);
	}
}

static void
a_reason_says_where(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *none = built_with("container-plain-created.json",
	    NULL, "HostConfig", "{\"Devices\":[{}],\"Memory\":\"1\"}");

	assert_unreadable(
	    none, FACT_CONTAINER_PRIVILEGED, "HostConfig.Privileged is not in the reply");
	assert_unreadable(
	    none, FACT_CONTAINER_MEMORY, "HostConfig.Memory is of type string, not int");
	assert_unreadable(
	    none, FACT_CONTAINER_DEVICES, "HostConfig.Devices: PathOnHost is not in the reply");
}

static void
enormous_labels_spoil_nothing_else(void **state)
{
	struct json_object *doc = recorded("container-everything-created.json");
	struct json_object *config = NULL, *labels = json_object_new_object();
	_cleanup_(freep) char *text = malloc(4 * 1024 * 1024);
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;

	assert_non_null(text);
	memset(text, 'x', 4 * 1024 * 1024);
	json_object_object_add(labels, "l", json_object_new_string_len(text, 4 * 1024 * 1024));
	assert_true(json_object_object_get_ex(doc, "Config", &config));
	json_object_object_add(config, "Labels", labels);
	s = built(doc);
	json_object_put(doc);
	assert_unreadable(s, FACT_CONTAINER_LABELS, "too large");
	for (size_t i = 0; i < ARRAY_SIZE(everything); i++)
		if (everything[i].fact != FACT_CONTAINER_LABELS)
			assert_fact(s, everything[i].fact, everything[i].value);
}

static void
nonsense(void **state)
{
	static const char *const texts[] = { "null", "[]", "\"x\"", "{}", "{\"Id\":1}",
		"{\"message\":\"No such container\"}" };
	struct snapshot *s = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct json_object *doc = json_tokener_parse(texts[i]);
		const struct container_inspect_input in = { .inspect = doc };

		assert_int_equal(build_container_inspect(&s, &in), BUILD_E_NONSENSE);
		assert_null(s);
		json_object_put(doc);
	}
}

/* Members that the API leaves out when they are empty, and elements of what the user fills: without
 * them a fact may be another. */
static bool
may_be_missing(const char *where)
{
	static const char *const ones[] = { ".HostConfig.Mounts", ".Config.ExposedPorts",
		".Config.Healthcheck", ".Config.Labels.", ".NetworkSettings.Ports.",
		".NetworkSettings.Networks.", ".HostConfig.PortBindings." };

	for (size_t i = 0; i < ARRAY_SIZE(ones); i++)
		if (strncmp(where, ones[i], strlen(ones[i])) == 0)
			return true;
	return strchr(where, '[') != NULL;
}

/* Null is how the engine writes an empty list or map, or a pointer to nothing. */
static bool
is_empty(const struct value *v)
{
	return ((v->type == VALUE_LIST || v->type == VALUE_MAP) && v->len == 0) ||
	       (v->type == VALUE_INT && v->integer == 0);
}

struct origin {
	struct snapshot *whole;
};

static void
a_bent_reply(struct json_object *bent, enum bend how, const char *where, void *context)
{
	const struct snapshot *whole = ((struct origin *)context)->whole;
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;
	const struct container_inspect_input in = { .inspect = bent, .volumes = volumes };
	int r = build_container_inspect(&s, &in);

	if (strcmp(where, ".Id") == 0) {
		assert_int_equal(r, BUILD_E_NONSENSE);
		return;
	}
	assert_int_equal(r, 0);
	assert_types_hold(s);
	for (unsigned i = 0; i < s->n; i++) {
		const struct value *v = &s->values[i];
		enum fact_id fact = topic_first_fact(TOPIC_CONTAINER_INSPECT) + i;

		if (v->type == VALUE_UNREADABLE || value_same(v, &whole->values[i]))
			continue;
		if (fact == FACT_CONTAINER_LABELS && strncmp(where, ".Config.Labels.", 15) == 0)
			continue;
		if (how == BEND_REMOVE && may_be_missing(where))
			continue;
		if (how == BEND_NULL && (is_empty(v) || may_be_missing(where)))
			continue;
		/* No options ask for no profile. */
		if (how == BEND_NULL && strcmp(where, ".HostConfig.SecurityOpt") == 0)
			continue;
		/* What is in force is gone, what is asked for is still there. */
		if (how == BEND_NULL &&
		    (strcmp(where, ".NetworkSettings.Ports") == 0 || strcmp(where, ".Mounts") == 0))
			continue;
		fail_msg(
		    "%s bent (%d): %s became %s", where, how, fact_table[fact].path, value_text(v));
	}
}

static unsigned
bend_recorded(const char *engine, const char *name)
{
	struct json_object *doc = recorded_by(engine, name);
	struct origin origin = { built(doc) };
	unsigned n;

	assert_types_hold(origin.whole);
	for (unsigned f = 0; f < origin.whole->n; f++)
		if (origin.whole->values[f].type == VALUE_UNREADABLE)
			fail_msg("%s by %s: %s", name, engine, origin.whole->values[f].string);
	n = bend_each(doc, a_bent_reply, &origin);
	snapshot_free(origin.whole);
	json_object_put(doc);
	return n;
}

static void
bent_replies_never_make_another_fact(void **state)
{
	struct json_object *ours = volumes;

	for (size_t e = 0; e < ARRAY_SIZE(engines); e++) {
		unsigned n = 0;

		volumes = recorded_by(engines[e], "volumes.json");
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			n += bend_recorded(engines[e], names[i]);
		if (e > 0)
			n += bend_recorded(engines[e], newer);
		assert_true(n > 3000);
		json_object_put(volumes);
	}
	volumes = ours;
}

static int
load_volumes(void **state)
{
	volumes = recorded("volumes.json");
	return 0;
}

static int
drop_volumes(void **state)
{
	json_object_put(volumes);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field),
		cmocka_unit_test(nothing_set),
		cmocka_unit_test(fields_of_newer_engines),
		cmocka_unit_test(privileged),
		cmocka_unit_test(ports),
		cmocka_unit_test(bindings),
		cmocka_unit_test(a_range_of_ports_is_cut_at_the_limit),
		cmocka_unit_test(what_is_asked_for_counts_until_it_is_bound),
		cmocka_unit_test(mounts_of_a_running_container),
		cmocka_unit_test(mounts_that_are_asked_for),
		cmocka_unit_test(volumes_that_bind),
		cmocka_unit_test(a_volume_of_layers),
		cmocka_unit_test(volumes_that_nobody_knows),
		cmocka_unit_test(sources_that_are_bound_themselves),
		cmocka_unit_test(who_has_volumes),
		cmocka_unit_test(links_are_followed),
		cmocka_unit_test(spellings),
		cmocka_unit_test(a_reason_says_where),
		cmocka_unit_test(enormous_labels_spoil_nothing_else),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(bent_replies_never_make_another_fact),
	};

	return cmocka_run_group_tests(tests, load_volumes, drop_volumes);
}
