/* SPDX-License-Identifier: Apache-2.0 */
#include "facts-test.h"
#include "util/utf8.h"

enum {
	TEXT_MAX = 1024,
};

static size_t
with_zeros(const char *words, char *ret)
{
	size_t len = strlen(words);

	for (size_t i = 0; i < len; i++)
		ret[i] = words[i] == '|' ? '\0' : words[i];
	return len;
}

static const char group_file[] = "root:x:0:\n"
				 "dockerroot:x:5:\n"
				 "docker:x:998:me\n"
				 "broken:x\n"
				 "wheel:x:10:\n";

/* A dockerd that was started after its file had been written. Words are ended by a bar. */
static struct snapshot *
built(struct engine_settings_input in, const char *words, const char *environment)
{
	static const char *const listening[] = { "[::]:7946" };
	char cmdline[TEXT_MAX], env[TEXT_MAX];
	struct snapshot *s = NULL;

	if (words != NULL) {
		in.cmdline = cmdline;
		in.cmdline_len = with_zeros(words, cmdline);
	}
	if (environment != NULL) {
		in.environ = env;
		in.environ_len = with_zeros(environment, env);
	}
	if (in.config_changed_ms == 0)
		in.config_changed_ms = 1000;
	if (in.config_now == NULL)
		in.config_now = in.config;
	if (in.process_started_ms == 0)
		in.process_started_ms = 2000;
	if (in.group_file == NULL && in.group_why == NULL)
		in.group_file = group_file;
	if (in.listening == NULL && in.listening_why == NULL) {
		in.listening = listening;
		in.n_listening = ARRAY_SIZE(listening);
	}
	assert_int_equal(build_engine_settings(&s, &in), 0);
	assert_types_hold(s);
	return s;
}

#define ENV "HOME=/root|PATH=/bin|"

static const struct {
	const char *words, *config;
	enum fact_id fact;
	const char *value; /* NULL: unreadable */
} cases[] = {
	{ "dockerd|", NULL, FACT_ENGINE_SET_LOG_LEVEL, "\"info\"" },
	{ "dockerd|", "{}", FACT_ENGINE_SET_LOG_LEVEL, "\"info\"" },
	{ "dockerd|", " \n", FACT_ENGINE_SET_LOG_LEVEL, "\"info\"" },
	{ "dockerd|-l|debug|", NULL, FACT_ENGINE_SET_LOG_LEVEL, "\"debug\"" },
	{ "dockerd|--log-level=INFO|", NULL, FACT_ENGINE_SET_LOG_LEVEL, "\"info\"" },
	{ "dockerd|--log-level=|", NULL, FACT_ENGINE_SET_LOG_LEVEL, "\"info\"" },
	{ "dockerd|", "{\"log-level\":\"\"}", FACT_ENGINE_SET_LOG_LEVEL, "\"info\"" },
	{ "dockerd|", "{\"log-level\":\"warn\"}\n", FACT_ENGINE_SET_LOG_LEVEL, "\"warn\"" },
	{ "dockerd|", "{\"log-level\":3}", FACT_ENGINE_SET_LOG_LEVEL, NULL },
	{ "dockerd|", "{\"log-level\":null}", FACT_ENGINE_SET_LOG_LEVEL, NULL },
	{ "dockerd|", "{\"x\":\"log-level\"}", FACT_ENGINE_SET_LOG_LEVEL, "\"info\"" },
	{ "dockerd|", "{\"x\":{\"log-level\":\"debug\"}}", FACT_ENGINE_SET_LOG_LEVEL, "\"info\"" },
	{ "dockerd|", "{", FACT_ENGINE_SET_LOG_LEVEL, NULL },
	{ "dockerd|", "[]", FACT_ENGINE_SET_LOG_LEVEL, NULL },
	{ "dockerd|", "null", FACT_ENGINE_SET_LOG_LEVEL, NULL },
	{ "dockerd|", "{} {}", FACT_ENGINE_SET_LOG_LEVEL, NULL },
	{ "dockerd|", "{\"icc\":false,}", FACT_ENGINE_SET_ICC, NULL },
	{ "dockerd|", "{\"a\":\"\xff\"}", FACT_ENGINE_SET_ICC, NULL },
	{ "dockerd|--log-level|warn|", "{", FACT_ENGINE_SET_LOG_LEVEL, "\"warn\"" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_ICC, "true" },
	{ "dockerd|--icc|", NULL, FACT_ENGINE_SET_ICC, "true" },
	{ "dockerd|--icc=false|", NULL, FACT_ENGINE_SET_ICC, "false" },
	{ "dockerd|--icc=0|", NULL, FACT_ENGINE_SET_ICC, "false" },
	{ "dockerd|--icc=no|", NULL, FACT_ENGINE_SET_ICC, NULL },
	{ "dockerd|", "{\"icc\":false}", FACT_ENGINE_SET_ICC, "false" },
	{ "dockerd|", "{\"icc\":\"false\"}", FACT_ENGINE_SET_ICC, NULL },
	{ "dockerd|", "{\"iptables\":false}", FACT_ENGINE_SET_IPTABLES, "false" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_IPTABLES, "true" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_NO_NEW_PRIVILEGES, "false" },
	{ "dockerd|--no-new-privileges|", NULL, FACT_ENGINE_SET_NO_NEW_PRIVILEGES, "true" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_USERLAND_PROXY, "true" },
	{ "dockerd|", "{\"userland-proxy\":false}", FACT_ENGINE_SET_USERLAND_PROXY, "false" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_EXPERIMENTAL, "false" },
	{ "dockerd|", "{\"experimental\":true}", FACT_ENGINE_SET_EXPERIMENTAL, "true" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_CGROUP_PARENT, "\"\"" },
	{ "dockerd|--cgroup-parent|/x|", NULL, FACT_ENGINE_SET_CGROUP_PARENT, "\"/x\"" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_STORAGE_OPTS, "[]" },
	{ "dockerd|--storage-opt|dm.basesize=20G|--storage-opt=a=b|", NULL,
	    FACT_ENGINE_SET_STORAGE_OPTS, "[\"dm.basesize=20G\",\"a=b\"]" },
	{ "dockerd|", "{\"storage-opts\":[\"a=b\"]}", FACT_ENGINE_SET_STORAGE_OPTS, "[\"a=b\"]" },
	{ "dockerd|", "{\"storage-opts\":[1]}", FACT_ENGINE_SET_STORAGE_OPTS, NULL },
	{ "dockerd|--log-opt|splunk-token=secret|--log-opt=tag|", NULL, FACT_ENGINE_SET_LOG_OPTS,
	    "[\"splunk-token\",\"tag\"]" },
	{ "dockerd|", "{\"log-opts\":{\"splunk-token\":\"secret\"}}", FACT_ENGINE_SET_LOG_OPTS,
	    "[\"splunk-token\"]" },
	{ "dockerd|", "{\"log-opts\":[]}", FACT_ENGINE_SET_LOG_OPTS, NULL },
	{ "dockerd|", NULL, FACT_ENGINE_SET_DEFAULT_ULIMITS, "[]" },
	{ "dockerd|--default-ulimit|nofile=10:20|--default-ulimit=core=-1|", NULL,
	    FACT_ENGINE_SET_DEFAULT_ULIMITS,
	    "[{\"name\":\"nofile\",\"soft\":10,\"hard\":20},"
	    "{\"name\":\"core\",\"soft\":-1,\"hard\":-1}]" },
	{ "dockerd|--default-ulimit|nofile|", NULL, FACT_ENGINE_SET_DEFAULT_ULIMITS, NULL },
	{ "dockerd|--default-ulimit|nofile=1:|", NULL, FACT_ENGINE_SET_DEFAULT_ULIMITS, NULL },
	{ "dockerd|--default-ulimit|nofile=1:2x|", NULL, FACT_ENGINE_SET_DEFAULT_ULIMITS, NULL },
	{ "dockerd|",
	    "{\"default-ulimits\":{\"nofile\":{\"Name\":\"nofile\",\"Hard\":2,\"soft\":1}}}",
	    FACT_ENGINE_SET_DEFAULT_ULIMITS, "[{\"name\":\"nofile\",\"soft\":1,\"hard\":2}]" },
	{ "dockerd|", "{\"default-ulimits\":{\"nofile\":{\"Hard\":2}}}",
	    FACT_ENGINE_SET_DEFAULT_ULIMITS, NULL },
	{ "dockerd|", NULL, FACT_ENGINE_SET_USERNS_REMAP, "\"\"" },
	{ "dockerd|--userns-remap=|", NULL, FACT_ENGINE_SET_USERNS_REMAP, "\"\"" },
	{ "dockerd|--userns-remap=default|", NULL, FACT_ENGINE_SET_USERNS_REMAP, "\"default\"" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_DEFAULT_IP, "\"0.0.0.0\"" },
	{ "dockerd|", "{\"ip\":\"127.0.0.1\"}", FACT_ENGINE_SET_DEFAULT_IP, "\"127.0.0.1\"" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_LEGACY_REGISTRY, "false" },
	{ "dockerd|--disable-legacy-registry=false|", NULL, FACT_ENGINE_SET_LEGACY_REGISTRY,
	    "true" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_CONFIG_FILE, "\"/etc/docker/daemon.json\"" },
	{ "dockerd|--config-file|/x.json|", NULL, FACT_ENGINE_SET_CONFIG_FILE, "\"/x.json\"" },
	{ "dockerd|--config-file=|", NULL, FACT_ENGINE_SET_CONFIG_FILE, "\"\"" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_GROUP, "\"docker\"" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_GROUP_GID, "998" },
	{ "dockerd|-G|wheel|", NULL, FACT_ENGINE_SET_GROUP_GID, "10" },
	{ "dockerd|-G|1234|", NULL, FACT_ENGINE_SET_GROUP_GID, "1234" },
	{ "dockerd|", "{\"group\":\"nobody\"}", FACT_ENGINE_SET_GROUP_GID, "absent" },
	{ "dockerd|-G=|", NULL, FACT_ENGINE_SET_GROUP_GID, "absent" },
	{ "dockerd|-G|broken|", NULL, FACT_ENGINE_SET_GROUP_GID, NULL },
	{ "dockerd|", "{\"group\":5}", FACT_ENGINE_SET_GROUP_GID, NULL },
	/* Hosts. */
	{ "dockerd|", NULL, FACT_ENGINE_SET_UNIX_HOSTS, "[\"/var/run/docker.sock\"]" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_TCP_HOSTS, "[]" },
	{ "dockerd|-H|unix://docker.sock|", NULL, FACT_ENGINE_SET_UNIX_HOSTS, NULL },
	{ "dockerd|-H|unix://docker.sock|", NULL, FACT_ENGINE_SET_SOCKET_PATHS, NULL },
	{ "dockerd|-H|unix://|", NULL, FACT_ENGINE_SET_UNIX_HOSTS, "[\"/var/run/docker.sock\"]" },
	{ "dockerd|-H|unix:///a.sock|-H|tcp://0.0.0.0:2375|", NULL, FACT_ENGINE_SET_UNIX_HOSTS,
	    "[\"/a.sock\"]" },
	{ "dockerd|-H|unix:///a.sock|-H|tcp://0.0.0.0:2375|", NULL, FACT_ENGINE_SET_TCP_HOSTS,
	    "[\"0.0.0.0:2375\"]" },
	{ "dockerd|-H|tcp://[::]:2375/v1|", NULL, FACT_ENGINE_SET_TCP_HOSTS, "[\"[::]:2375\"]" },
	{ "dockerd|-H|127.0.0.1:2375|", NULL, FACT_ENGINE_SET_TCP_HOSTS, "[\"127.0.0.1:2375\"]" },
	{ "dockerd|-H|tcp://|", NULL, FACT_ENGINE_SET_TCP_HOSTS, "[\"localhost\"]" },
	{ "dockerd|", "{\"hosts\":[\"tcp://1.2.3.4:5\",\"unix:///b.sock\"]}",
	    FACT_ENGINE_SET_TCP_HOSTS, "[\"1.2.3.4:5\"]" },
	{ "dockerd|", "{\"hosts\":[\"tcp://1.2.3.4:5\",\"unix:///b.sock\"]}",
	    FACT_ENGINE_SET_UNIX_HOSTS, "[\"/b.sock\"]" },
	{ "dockerd|", "{\"hosts\":\"tcp://1.2.3.4:5\"}", FACT_ENGINE_SET_UNIX_HOSTS, NULL },
	/* TLS, as tried with 20.10.24. */
	{ "dockerd|", NULL, FACT_ENGINE_SET_TLS_VERIFY, "false" },
	{ "dockerd|", NULL, FACT_ENGINE_SET_TLS_CA, "\"\"" },
	{ "dockerd|--tls|", NULL, FACT_ENGINE_SET_TLS_VERIFY, "true" },
	{ "dockerd|--tls|", NULL, FACT_ENGINE_SET_TLS_KEY, "\"/root/.docker/key.pem\"" },
	{ "dockerd|--tlsverify|", NULL, FACT_ENGINE_SET_TLS_VERIFY, "true" },
	{ "dockerd|--tlsverify=false|", NULL, FACT_ENGINE_SET_TLS_VERIFY, "false" },
	{ "dockerd|--tlsverify=false|", NULL, FACT_ENGINE_SET_TLS_CA, "\"/root/.docker/ca.pem\"" },
	{ "dockerd|--tls=false|", NULL, FACT_ENGINE_SET_TLS_VERIFY, "false" },
	{ "dockerd|--tls=false|--tlscert|/c.pem|", NULL, FACT_ENGINE_SET_TLS_CERT, "\"\"" },
	{ "dockerd|--tls|--tlscert|/c.pem|", NULL, FACT_ENGINE_SET_TLS_CERT, "\"/c.pem\"" },
	{ "dockerd|--tlsverify=x|", NULL, FACT_ENGINE_SET_TLS_VERIFY, NULL },
	{ "dockerd|", "{\"tls\":true}", FACT_ENGINE_SET_TLS_VERIFY, "true" },
	/* Where the file turns it on, no default name holds. */
	{ "dockerd|", "{\"tls\":true}", FACT_ENGINE_SET_TLS_CERT, "\"\"" },
	{ "dockerd|", "{\"tls\":true,\"tlscert\":\"/c\"}", FACT_ENGINE_SET_TLS_CERT, "\"/c\"" },
	{ "dockerd|", "{\"tlsverify\":true,\"tlscacert\":\"/ca\"}", FACT_ENGINE_SET_TLS_CA,
	    "\"/ca\"" },
	{ "dockerd|", "{\"tlsverify\":false}", FACT_ENGINE_SET_TLS_VERIFY, "false" },
	{ "dockerd|--tls|", "{\"tlsverify\":false}", FACT_ENGINE_SET_TLS_VERIFY, "false" },
	{ "dockerd|", "{\"tlsverify\":1}", FACT_ENGINE_SET_TLS_VERIFY, NULL },
	{ "dockerd|", "{\"tlsverify\":1}", FACT_ENGINE_SET_TLS_CA, NULL },
	{ "dockerd|", NULL, FACT_ENGINE_SET_PENDING, "false" },
	{ "dockerd|", "{}", FACT_ENGINE_SET_PENDING, "false" },
};

static void
settings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct engine_settings_input in = { .config = cases[i].config };
		_cleanup_(snapshot_freep) struct snapshot *s = built(in, cases[i].words, ENV);

		if (cases[i].value == NULL)
			assert_unreadable(s, cases[i].fact, "");
		else
			assert_fact(s, cases[i].fact, cases[i].value);
	}
}

static const struct {
	const char *environment;
	enum fact_id fact;
	const char *value;
} environments[] = {
	/* The variable alone leaves TCP open in plain text. */
	{ "DOCKER_TLS_VERIFY=1|HOME=/root|", FACT_ENGINE_SET_TLS_VERIFY, "false" },
	{ "DOCKER_CERT_PATH=/certs|HOME=/root|", FACT_ENGINE_SET_TLS_CA, "\"\"" },
};

static const struct {
	const char *environment, *ca; /* NULL: unreadable */
} certificates[] = {
	{ "HOME=/root|", "\"/root/.docker/ca.pem\"" },
	{ "HOME=/root|DOCKER_CONFIG=/cfg|", "\"/cfg/ca.pem\"" },
	{ "HOME=/root|DOCKER_CONFIG=/cfg|DOCKER_CERT_PATH=/certs|", "\"/certs/ca.pem\"" },
	{ "DOCKER_CERT_PATH=|HOME=/root|", "\"/root/.docker/ca.pem\"" },
	{ "XHOME=/root|HOMEX=/root|", NULL },
	{ "HOME=/ro", "\"/ro/.docker/ca.pem\"" },
	{ "", NULL },
	{ NULL, NULL },
};

static void
environment(void **state)
{
	const struct engine_settings_input in = { .process_why = "Permission denied" };

	for (size_t i = 0; i < ARRAY_SIZE(environments); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s =
		    built(in, "dockerd|", environments[i].environment);

		assert_fact(s, environments[i].fact, environments[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(certificates); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s =
		    built(in, "dockerd|--tlsverify|", certificates[i].environment);

		assert_fact(s, FACT_ENGINE_SET_TLS_VERIFY, "true");
		if (certificates[i].ca == NULL)
			assert_unreadable(s, FACT_ENGINE_SET_TLS_CA, "dockerd's");
		else
			assert_fact(s, FACT_ENGINE_SET_TLS_CA, certificates[i].ca);
	}
}

static void
assert_is_text(const struct value *v)
{
	assert_int_equal(v->type, VALUE_UNREADABLE);
	for (size_t at = 0, step; at < v->len; at += step) {
		step = utf8_char(v->string + at, v->len - at);
		assert_int_not_equal(step, 0);
	}
}

/* A reason quotes what somebody wrote, and may be cut in the middle of a character. */
static void
a_reason_is_text(void **state)
{
	const struct engine_settings_input in = { .config = "{}" };
	_cleanup_(snapshot_freep) struct snapshot *raw = built(in, "dockerd|-H|unix://\xff|", ENV);
	char words[TEXT_MAX] = "dockerd|-H|unix://x";

	assert_is_text(snapshot_get(raw, FACT_ENGINE_SET_UNIX_HOSTS));
	assert_unreadable(raw, FACT_ENGINE_SET_UNIX_HOSTS, "\xef\xbf\xbd: relative");
	for (unsigned first = 0; first < 2; first++) {
		_cleanup_(snapshot_freep) struct snapshot *cut = NULL;
		size_t n = strlen("dockerd|-H|unix://") + first;

		for (; n < sizeof(words) - 4; n += 2)
			memcpy(words + n, "\xc3\xa9", 3);
		cut = built(in, words, ENV);
		assert_is_text(snapshot_get(cut, FACT_ENGINE_SET_UNIX_HOSTS));
		words[strlen("dockerd|-H|unix://")] = 'x';
	}
}

static void
a_file_written_after_the_start_says_nothing(void **state)
{
	const struct engine_settings_input in = { .config = "{\"log-level\":\"info\"}",
		.config_changed_ms = 2001,
		.process_started_ms = 2000 };
	_cleanup_(snapshot_freep) struct snapshot *s =
	    built(in, "dockerd|--icc=false|-H|unix:///a|", ENV);

	assert_fact(s, FACT_ENGINE_SET_PENDING, "true");
	assert_unreadable(s, FACT_ENGINE_SET_LOG_LEVEL, "written after dockerd started");
	assert_unreadable(s, FACT_ENGINE_SET_TLS_VERIFY, "written after dockerd started");
	assert_unreadable(s, FACT_ENGINE_SET_STORAGE_OPTS, "written after dockerd started");
	assert_unreadable(s, FACT_ENGINE_SET_GROUP_GID, "written after dockerd started");
	/* What stands on the command line is in force. */
	assert_fact(s, FACT_ENGINE_SET_ICC, "false");
	assert_fact(s, FACT_ENGINE_SET_UNIX_HOSTS, "[\"/a\"]");
	assert_fact(s, FACT_ENGINE_SET_CONFIG_FILE, "\"/etc/docker/daemon.json\"");
}

/* One that dockerd looks for by itself may never have been; its folder tells. */
static void
a_file_that_may_have_been_taken_away(void **state)
{
	const struct engine_settings_input in = { .config_changed_ms = 2001,
		.process_started_ms = 2000,
		.config_folder = "/etc/docker" };
	_cleanup_(snapshot_freep) struct snapshot *s = built(in, "dockerd|--icc=false|", ENV);

	assert_unreadable(s, FACT_ENGINE_SET_PENDING, "/etc/docker changed after dockerd started");
	assert_unreadable(s, FACT_ENGINE_SET_LOG_LEVEL, "/etc/docker changed after");
	assert_unreadable(s, FACT_ENGINE_SET_IPTABLES, "a restart of dockerd settles it");
	assert_unreadable(s, FACT_ENGINE_SET_DEFAULT_ULIMITS, "/etc/docker changed after");
	assert_unreadable(s, FACT_ENGINE_SET_UNIX_HOSTS, "/etc/docker changed after");
	assert_fact(s, FACT_ENGINE_SET_ICC, "false");
}

static void
a_file_that_never_was(void **state)
{
	const struct engine_settings_input in = { .config_changed_ms = 2000,
		.process_started_ms = 2000,
		.config_folder = "/etc/docker" };
	_cleanup_(snapshot_freep) struct snapshot *s = built(in, "dockerd|", ENV);

	assert_fact(s, FACT_ENGINE_SET_PENDING, "false");
	assert_fact(s, FACT_ENGINE_SET_IPTABLES, "true");
}

/* dockerd doesn't start without a file that it is told to read, so there was one. */
static void
a_file_that_was_taken_away(void **state)
{
	const struct engine_settings_input in = { .config_changed_ms = 1000,
		.process_started_ms = 2000 };
	_cleanup_(snapshot_freep) struct snapshot *s =
	    built(in, "dockerd|--config-file=/srv/daemon.json|", ENV);

	assert_fact(s, FACT_ENGINE_SET_PENDING, "true");
	assert_unreadable(s, FACT_ENGINE_SET_LOG_LEVEL, "taken away after dockerd started");
}

static void
times_that_nobody_knows(void **state)
{
	const struct engine_settings_input in = { .config = "{}",
		.cmdline = "dockerd",
		.cmdline_len = 8,
		.environ = "",
		.config_changed_ms = 1000 };
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;

	assert_int_equal(build_engine_settings(&s, &in), 0);
	assert_unreadable(s, FACT_ENGINE_SET_PENDING, "not known");
	assert_unreadable(s, FACT_ENGINE_SET_ICC, "not known");
}

static void
a_file_that_cannot_be_read(void **state)
{
	const struct engine_settings_input in = { .config_why = "Permission denied" };
	_cleanup_(snapshot_freep) struct snapshot *s = built(in, "dockerd|--icc|", ENV);

	assert_unreadable(s, FACT_ENGINE_SET_LOG_LEVEL, "daemon.json: Permission denied");
	assert_fact(s, FACT_ENGINE_SET_ICC, "true");
}

static void
a_command_line_that_cannot_be_read(void **state)
{
	const struct engine_settings_input in = {
		.process_why = "No such process",
		.config = "{\"icc\":false}",
		.exe = "/usr/bin/dockerd",
		.runc_exe = "/usr/sbin/runc",
	};
	_cleanup_(snapshot_freep) struct snapshot *s = built(in, NULL, ENV);

	for (enum fact_id f = FACT_ENGINE_SET_LOG_LEVEL; f < FACT_ENGINE_SET_PENDING; f++)
		assert_unreadable(s, f, "No such process");
	assert_fact(s, FACT_ENGINE_SET_PENDING, "false");
	assert_fact(s, FACT_ENGINE_SET_EXE, "\"/usr/bin/dockerd\"");
	assert_fact(s, FACT_ENGINE_SET_RUNC_EXE, "\"/usr/sbin/runc\"");
	assert_fact(s, FACT_ENGINE_SET_CONTAINERD_EXE, "absent");
}

static void
programs_that_nobody_knows(void **state)
{
	const struct engine_settings_input in = {
		.group_why = "group file: no", .containerd_why = "too many", .runc_why = "no memory"
	};
	_cleanup_(snapshot_freep) struct snapshot *s = built(in, "dockerd|", ENV);

	assert_unreadable(s, FACT_ENGINE_SET_EXE, "not known");
	assert_unreadable(s, FACT_ENGINE_SET_CONTAINERD_EXE, "containerd's program file: too many");
	assert_unreadable(s, FACT_ENGINE_SET_RUNC_EXE, "runc's program file: no memory");
	assert_unreadable(s, FACT_ENGINE_SET_GROUP_GID, "group file: no");
	assert_fact(s, FACT_ENGINE_SET_GROUP, "\"docker\"");
}

static void
rootless(void **state)
{
	const struct engine_settings_input in = { .config = "{\"icc\":false}" };
	_cleanup_(snapshot_freep) struct snapshot *by_flag = built(in, "dockerd|--rootless|", ENV);
	_cleanup_(snapshot_freep) struct snapshot *by_mark =
	    built(in, "dockerd|", "ROOTLESSKIT_STATE_DIR=/x|XDG_RUNTIME_DIR=/run/user/1000|");
	_cleanup_(snapshot_freep) struct snapshot *named =
	    built(in, "dockerd|--rootless|--config-file|/home/me/daemon.json|",
		"XDG_RUNTIME_DIR=/run/user/1000|");
	_cleanup_(snapshot_freep) struct snapshot *off =
	    built(in, "dockerd|--rootless=false|", ENV);

	assert_unreadable(by_flag, FACT_ENGINE_SET_ICC, "rootless");
	assert_unreadable(by_mark, FACT_ENGINE_SET_ICC, "rootless");
	assert_fact(named, FACT_ENGINE_SET_ICC, "false");
	assert_fact(named, FACT_ENGINE_SET_UNIX_HOSTS, "[\"/run/user/1000/docker.sock\"]");
	assert_fact(off, FACT_ENGINE_SET_ICC, "false");
}

static const char *const sockets[] = { "[::]:2377", "0.0.0.0:2375", "[::]:2375", "127.0.0.1:9323",
	"[::]:7946", "nonsense", "a:b" };

static const struct {
	const char *words, *config, *tcp;
} inherited[] = {
	/* The settings tell all. */
	{ "dockerd|-H|tcp://1.2.3.4:5|", NULL, "[\"1.2.3.4:5\"]" },
	/* systemd hands them over: who knows which. */
	{ "dockerd|-H|fd://|--metrics-addr|127.0.0.1:9323|", NULL,
	    "[\"0.0.0.0:2375\",\"[::]:2375\"]" },
	{ "dockerd|-H|fd://|", "{\"metrics-addr\":\"127.0.0.1:9323\"}",
	    "[\"0.0.0.0:2375\",\"[::]:2375\"]" },
	{ "dockerd|-H|fd://|-H|tcp://:2375|", NULL, "[\":2375\",\"127.0.0.1:9323\"]" },
	/* The file can't be read, the kernel's list can. */
	{ "dockerd|--metrics-addr=:9323|", "{", "[\"0.0.0.0:2375\",\"[::]:2375\"]" },
};

static void
sockets_that_systemd_hands_over(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(inherited); i++) {
		const struct engine_settings_input in = { .config = inherited[i].config,
			.listening = sockets,
			.n_listening = ARRAY_SIZE(sockets) };
		_cleanup_(snapshot_freep) struct snapshot *s = built(in, inherited[i].words, ENV);

		assert_fact(s, FACT_ENGINE_SET_TCP_HOSTS, inherited[i].tcp);
	}
}

static const struct {
	const char *words, *config, *hosts, *paths;
} files_of_sockets[] = {
	/* The settings tell all. */
	{ "dockerd|-H|unix:///var/run/a|", NULL, "[\"/var/run/a\"]",
	    "[\"/var/run/a\",\"/run/a\"]" },
	/* As it is shipped, and another one beside it. What lies in the exec root is no API. */
	{ "dockerd|-H|fd://|--exec-root=/x/|", NULL, "[\"/var/run/docker.sock\",\"/srv/b\"]",
	    "[\"/var/run/docker.sock\",\"/run/docker.sock\",\"/srv/b\"]" },
	{ "dockerd|-H|fd://|-H|unix:///srv/b|--exec-root|/x|", NULL,
	    "[\"/srv/b\",\"/var/run/docker.sock\"]",
	    "[\"/srv/b\",\"/var/run/docker.sock\",\"/run/docker.sock\"]" },
	/* The file can't be read, the kernel's list can. */
	{ "dockerd|--exec-root=/x|", "{", "[\"/run/docker.sock\",\"/srv/b\"]",
	    "[\"/run/docker.sock\",\"/srv/b\"]" },
};

/* /var/run leads to /run. */
static struct value
follow(void *context, const char *path, struct arena *a)
{
	assert_ptr_equal(context, files_of_sockets);
	return value_string(arena_strdup(a, strncmp(path, "/var/run/", 9) == 0 ? path + 4 : path));
}

static void
files_of_sockets_and_where_they_lead(void **state)
{
	static const char *const paths[] = { "/run/docker.sock", "/run/docker/metrics.sock",
		"/var/run/docker/swarm/control.sock", "/x/libnetwork/1.sock", "/srv/b" };

	for (size_t i = 0; i < ARRAY_SIZE(files_of_sockets); i++) {
		const struct engine_settings_input in = { .config = files_of_sockets[i].config,
			.listening_paths = paths,
			.n_listening_paths = ARRAY_SIZE(paths),
			.follow = follow,
			.context = (void *)(uintptr_t)files_of_sockets };
		_cleanup_(snapshot_freep) struct snapshot *s =
		    built(in, files_of_sockets[i].words, ENV);

		assert_fact(s, FACT_ENGINE_SET_UNIX_HOSTS, files_of_sockets[i].hosts);
		assert_fact(s, FACT_ENGINE_SET_SOCKET_PATHS, files_of_sockets[i].paths);
	}
}

/* systemd handed over another one than is shipped. */
static void
another_socket_than_the_usual(void **state)
{
	static const char *const paths[] = { "/srv/open.sock" };
	const struct engine_settings_input in = { .listening_paths = paths,
		.n_listening_paths = ARRAY_SIZE(paths) };
	_cleanup_(snapshot_freep) struct snapshot *s = built(in, "dockerd|-H|fd://|", ENV);

	assert_fact(s, FACT_ENGINE_SET_UNIX_HOSTS, "[\"/srv/open.sock\"]");
}

static void
sockets_that_nobody_sees(void **state)
{
	const struct engine_settings_input in = { .listening_why = "Permission denied" };
	const struct engine_settings_input broken = { .listening_why = "Permission denied",
		.config = "{" };
	_cleanup_(snapshot_freep) struct snapshot *fd =
	    built(in, "dockerd|-H|fd://|-H|tcp://1.2.3.4:5|", ENV);
	_cleanup_(snapshot_freep) struct snapshot *set = built(in, "dockerd|-H|unix:///a|", ENV);
	_cleanup_(snapshot_freep) struct snapshot *blind = built(broken, "dockerd|", ENV);

	/* What was found is still there, what wasn't may be. */
	assert_fact(fd, FACT_ENGINE_SET_TCP_HOSTS, "[\"1.2.3.4:5\"] cut");
	assert_fact(fd, FACT_ENGINE_SET_UNIX_HOSTS, "[\"/var/run/docker.sock\"] cut");
	assert_fact(set, FACT_ENGINE_SET_TCP_HOSTS, "[]");
	assert_unreadable(blind, FACT_ENGINE_SET_TCP_HOSTS, "daemon.json");
}

static void
config_path(void **state)
{
	static const char cmdline[] = "dockerd\0--config-file\0/a/b.json";
	char path[16], shorter[4];

	engine_config_path(cmdline, sizeof(cmdline), path, sizeof(path));
	assert_string_equal(path, "/a/b.json");
	engine_config_path(cmdline, sizeof(cmdline), shorter, sizeof(shorter));
	assert_string_equal(shorter, "/a/");
	engine_config_path("", 0, path, sizeof(path));
	assert_memory_equal(path, "/etc/docker/dae", 15);
}

#define PLUGINS(list) "{\"authorization-plugins\":[" list "]}"

static const struct {
	const char *words, *start, *now;
	bool remembered;     /* else it was written before somebody looked, or is as it was */
	int64_t changed_ms;  /* dockerd was started at 2000 */
	const char *plugins; /* NULL: unreadable */
} reloads[] = {
	{ "dockerd|", PLUGINS("\"a\""), NULL, false, 1000, "[\"a\"]" },
	{ "dockerd|", NULL, NULL, false, 1000, "[]" },
	{ "dockerd|", PLUGINS("7"), NULL, false, 1000, NULL },
	/* A reload may have taken them. */
	{ "dockerd|", PLUGINS("\"a\""), PLUGINS("\"b\",\"a\""), true, 3000, "[\"b\",\"a\"]" },
	{ "dockerd|", PLUGINS("\"a\",\"b\""), PLUGINS("\"b\""), true, 3000, NULL },
	{ "dockerd|", PLUGINS("\"a\""), "{}", true, 3000, NULL },
	{ "dockerd|", PLUGINS("\"a\""), "", true, 3000, NULL },
	{ "dockerd|", PLUGINS("\"a\""), "{", true, 3000, NULL },
	{ "dockerd|", "{", PLUGINS("\"a\""), true, 3000, NULL },
	{ "dockerd|", NULL, "{}", true, 3000, "[]" },
	/* What it was at the start, nobody saw. */
	{ "dockerd|", PLUGINS("\"a\""), NULL, false, 3000, "[\"a\"]" },
	{ "dockerd|", "{}", NULL, false, 3000, NULL },
	{ "dockerd|", NULL, NULL, false, 3000, NULL },
	/* A flag stays. */
	{ "dockerd|--authorization-plugin=a|--authorization-plugin|b|", "{}", NULL, false, 3000,
	    "[\"a\",\"b\"]" },
};

static void
plugins_that_a_reload_takes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(reloads); i++) {
		const struct engine_settings_input in = { .config = reloads[i].start,
			.config_now = reloads[i].now,
			.config_remembered = reloads[i].remembered,
			.config_changed_ms = reloads[i].changed_ms,
			.process_started_ms = 2000 };
		_cleanup_(snapshot_freep) struct snapshot *s = built(in, reloads[i].words, ENV);

		if (reloads[i].plugins == NULL)
			assert_unreadable(s, FACT_ENGINE_SET_AUTHORIZATION_PLUGINS, "");
		else
			assert_fact(s, FACT_ENGINE_SET_AUTHORIZATION_PLUGINS, reloads[i].plugins);
	}
}

/* The file was seen before it was written anew: what it said then is in force, and a restart is
 * due. */
static void
test_a_remembered_file_is_in_force(void **state)
{
	const struct engine_settings_input in = {
		.config = "{\"log-level\":\"warn\"}",
		.config_remembered = true,
		.config_changed_ms = 3000,
		.process_started_ms = 2000,
	};
	_cleanup_(snapshot_freep) struct snapshot *s = built(in, "dockerd|", ENV);

	(void)state;
	assert_string_equal(snapshot_get(s, FACT_ENGINE_SET_LOG_LEVEL)->string, "warn");
	assert_true(snapshot_get(s, FACT_ENGINE_SET_PENDING)->boolean);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings),
		cmocka_unit_test(environment),
		cmocka_unit_test(a_reason_is_text),
		cmocka_unit_test(a_file_written_after_the_start_says_nothing),
		cmocka_unit_test(a_file_that_may_have_been_taken_away),
		cmocka_unit_test(a_file_that_never_was),
		cmocka_unit_test(a_file_that_was_taken_away),
		cmocka_unit_test(times_that_nobody_knows),
		cmocka_unit_test(a_file_that_cannot_be_read),
		cmocka_unit_test(a_command_line_that_cannot_be_read),
		cmocka_unit_test(programs_that_nobody_knows),
		cmocka_unit_test(rootless),
		cmocka_unit_test(sockets_that_systemd_hands_over),
		cmocka_unit_test(files_of_sockets_and_where_they_lead),
		cmocka_unit_test(another_socket_than_the_usual),
		cmocka_unit_test(sockets_that_nobody_sees),
		cmocka_unit_test(plugins_that_a_reload_takes),
		cmocka_unit_test(test_a_remembered_file_is_in_force),
		cmocka_unit_test(config_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
