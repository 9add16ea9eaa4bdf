/* SPDX-License-Identifier: Apache-2.0
 *
 * engine.settings: what dockerd was started with. It refuses to start when a directive stands both
 * on its command line and in daemon.json, so what stands on the command line is in force. The rest
 * is what the file says, but only if dockerd can have read it as it is now: none of these settings
 * is read again by SIGHUP. */
#include "facts/build.h"

#include "facts/flags.h"
#include "facts/read.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONFIG_PATH "/etc/docker/daemon.json"
#define SOCKET_PATH "/var/run/docker.sock"

enum {
	CONFIG_DEPTH_MAX = 16,
	SWARM_PORT = 2377,
	GOSSIP_PORT = 7946,
};

struct settings {
	struct arena *arena;
	const struct engine_settings_input *in;
	struct json_object *file; /* NULL: there is none, or `file_why` */
	struct value file_why;    /* unreadable when nobody can tell what the file said */
	bool rootless;
};

static void
json_putp(struct json_object **json)
{
	json_object_put(*json);
}

void
engine_config_path(const char *cmdline, size_t len, char *path, size_t size)
{
	struct flag f = { .value = CONFIG_PATH, .value_len = strlen(CONFIG_PATH) };

	(void)flag_find(cmdline, len, "config-file", &f);
	(void)snprintf(path, size, "%.*s", (int)(f.value_len < INT_MAX ? f.value_len : 0), f.value);
}

/* The value of a variable, or NULL. */
static const char *
environ_find(const struct settings *s, const char *name)
{
	size_t total = s->in->environ == NULL ? 0 : s->in->environ_len;
	size_t len = strlen(name), n;
	const char *entry;

	for (size_t at = 0; at < total; at += n + 1) {
		entry = s->in->environ + at;
		n = strnlen(entry, total - at);
		if (n > len && entry[len] == '=' && memcmp(entry, name, len) == 0)
			return arena_strndup(s->arena, entry + len + 1, n - len - 1);
	}
	return NULL;
}

/* The file's text as an object; NULL with *why when it is none. */
static struct json_object *
config_parse(struct arena *a, const char *text, struct value *why)
{
	struct json_tokener *tokener = json_tokener_new_ex(CONFIG_DEPTH_MAX);
	struct json_object *file;
	size_t len = strlen(text);

	if (tokener == NULL) {
		*why = value_unreadable("no memory for daemon.json");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	file = json_tokener_parse_ex(tokener, text, len < INT_MAX ? (int)len : INT_MAX);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		*why = unreadable_printf(
		    a, "daemon.json: %s", json_tokener_error_desc(json_tokener_get_error(tokener)));
	else if (!json_object_is_type(file, json_type_object))
		*why = value_unreadable("daemon.json is not an object");
	json_tokener_free(tokener);
	if (why->type != VALUE_UNREADABLE)
		return file;
	json_object_put(file);
	return NULL;
}

static bool
is_missing(const struct engine_settings_input *in)
{
	return in->config == NULL && in->config_why == NULL;
}

/* Was the file written, or taken away, after dockerd had started? dockerd doesn't start without one
 * that it was told to read. One that it looked for by itself may never have been. */
static struct value
config_pending(struct arena *a, const struct engine_settings_input *in)
{
	struct flag f;

	if (in->config_remembered)
		return value_bool(true);
	if (is_missing(in) && flag_find(in->cmdline, in->cmdline_len, "config-file", &f))
		return value_bool(true);
	if (in->config_changed_ms == 0 || in->process_started_ms == 0)
		return value_unreadable(
		    "when daemon.json was written or dockerd started is not known");
	if (is_missing(in) && in->config_changed_ms > in->process_started_ms)
		return unreadable_printf(a,
		    "there is no daemon.json, but %s changed after dockerd started: one may have "
		    "been taken away; a restart of dockerd settles it",
		    in->config_folder[0] != '\0' ? in->config_folder : "its folder");
	return value_bool(in->config_changed_ms > in->process_started_ms);
}

/* A rootless dockerd looks for its file in a home directory, unless it is told where. RootlessKit
 * leaves its mark in the environment; where that can't be read, the flag alone counts. */
static bool
is_rootless(const struct settings *s)
{
	struct flag f;
	bool on;

	if (flag_find(s->in->cmdline, s->in->cmdline_len, "rootless", &f))
		return !flag_bool(&f, &on) || on;
	return environ_find(s, "ROOTLESSKIT_STATE_DIR") != NULL;
}

static void
settings_load(struct settings *s)
{
	const struct engine_settings_input *in = s->in;
	struct value pending = config_pending(s->arena, in);
	struct flag f;

	s->rootless = is_rootless(s);
	if (s->rootless && !flag_find(in->cmdline, in->cmdline_len, "config-file", &f))
		s->file_why = value_unreadable("where a rootless dockerd's daemon.json lies is not "
					       "known without --config-file");
	else if (in->config == NULL && in->config_why != NULL)
		s->file_why = unreadable_printf(s->arena, "daemon.json: %s", in->config_why);
	else if (pending.type == VALUE_UNREADABLE)
		s->file_why = pending;
	else if (pending.boolean && !in->config_remembered)
		s->file_why = value_unreadable(
		    is_missing(in)
			? "daemon.json was taken away after dockerd started; what is in force "
			  "cannot be told until dockerd is restarted"
			: "daemon.json was written after dockerd started, or got another mode; "
			  "what is in force cannot be told until dockerd is restarted");
	else if (in->config != NULL && in->config[strspn(in->config, " \t\r\n")] != '\0')
		s->file = config_parse(s->arena, in->config, &s->file_why);
}

static bool
from_flags(const struct settings *s, const char *name, struct flag *ret)
{
	return flag_find(s->in->cmdline, s->in->cmdline_len, name, ret);
}

/* What the file has under a key. Absent when it has nothing; null with *ret when it is of that
 * type. */
static struct value
from_file(const struct settings *s, const char *key, json_type want, struct json_object **ret)
{
	if (s->file_why.type == VALUE_UNREADABLE)
		return s->file_why;
	if (s->file == NULL || !json_object_object_get_ex(s->file, key, ret))
		return value_absent();
	if (!json_object_is_type(*ret, want))
		return unreadable_printf(
		    s->arena, "daemon.json: %s is not of type %s", key, json_type_to_name(want));
	return value_null();
}

/* Each is absent when the setting is not made. */
static struct value
text_setting(const struct settings *s, const char *flag, const char *key)
{
	struct json_object *json = NULL;
	struct value v;
	struct flag f;

	if (from_flags(s, flag, &f))
		return read_text(s->arena, f.value, f.value_len);
	v = from_file(s, key, json_type_string, &json);
	if (v.type != VALUE_NULL)
		return v;
	return read_text(
	    s->arena, json_object_get_string(json), (size_t)json_object_get_string_len(json));
}

static struct value
bool_setting(const struct settings *s, const char *flag, const char *key)
{
	struct json_object *json = NULL;
	struct value v;
	struct flag f;
	bool on;

	if (from_flags(s, flag, &f))
		return flag_bool(&f, &on) ? value_bool(on)
					  : unreadable_printf(s->arena, "--%s is no bool", flag);
	v = from_file(s, key, json_type_boolean, &json);
	return v.type == VALUE_NULL ? value_bool(json_object_get_boolean(json)) : v;
}

/* Each occurrence of the flag adds an element. */
static struct value
flag_texts(const struct settings *s, const char *flag)
{
	struct flag_reader r = flag_reader(s->in->cmdline, s->in->cmdline_len);
	struct list_draft l = { .arena = s->arena };
	struct flag f;

	while (flag_next(&r, &f))
		if (flag_is(&f, flag))
			list_add(&l, read_text(s->arena, f.value, f.value_len));
	return list_finish(&l);
}

static struct value
texts_setting(const struct settings *s, const char *flag, const char *key)
{
	struct json_object *json = NULL;
	struct value v;
	struct flag f;

	if (from_flags(s, flag, &f))
		return flag_texts(s, flag);
	v = from_file(s, key, json_type_array, &json);
	return v.type == VALUE_NULL ? read_strings(s->arena, s->file, key, 0) : v;
}

static struct value
or_else(struct value v, struct value otherwise)
{
	return v.type == VALUE_ABSENT ? otherwise : v;
}

/* Names alone: values are addresses and tokens. */
static struct value
log_opts(const struct settings *s)
{
	struct list_draft l = { .arena = s->arena };
	struct json_object *json = NULL;
	struct value v;
	struct flag f;

	if (from_flags(s, "log-opt", &f)) {
		v = flag_texts(s, "log-opt");
		for (uint32_t i = 0; v.type == VALUE_LIST && i < v.len; i++)
			list_add(&l, read_text(s->arena, v.items[i].string,
					 strcspn(v.items[i].string, "=")));
		return v.type == VALUE_LIST ? list_finish(&l) : v;
	}
	v = from_file(s, "log-opts", json_type_object, &json);
	if (v.type == VALUE_NULL)
		return read_names(s->arena, s->file, "log-opts", 0);
	return or_else(v, value_list(NULL, 0));
}

/* "nofile=1024:2048", or one number for both. */
static struct value
ulimit_of_flag(struct arena *a, const char *text)
{
	size_t len = strcspn(text, "=");
	int64_t soft, hard;
	int end = 0;

	if (sscanf(text + len, "=%" SCNi64 "%n:%" SCNi64 "%n", &soft, &end, &hard, &end) == 1)
		hard = soft;
	if (end == 0 || text[len + (size_t)end] != '\0')
		return value_unreadable("--default-ulimit is no ulimit");
	const struct value fields[] = { read_text(a, text, len), value_int(soft), value_int(hard) };

	return record_make(a, &type_ulimit, fields);
}

/* The engine's parser doesn't mind case here. */
static struct value
ulimit_member(struct json_object *ulimit, const char *name)
{
	if (json_object_is_type(ulimit, json_type_object)) {
		json_object_object_foreach (ulimit, key, member) {
			if (strcasecmp(key, name) == 0 &&
			    json_object_is_type(member, json_type_int))
				return value_int(json_object_get_int64(member));
		}
	}
	return value_unreadable("daemon.json: an element of default-ulimits has no Soft or Hard");
}

static struct value
default_ulimits(const struct settings *s)
{
	struct list_draft l = { .arena = s->arena };
	struct json_object *json = NULL;
	struct value v;
	struct flag f;

	if (from_flags(s, "default-ulimit", &f)) {
		v = flag_texts(s, "default-ulimit");
		for (uint32_t i = 0; v.type == VALUE_LIST && i < v.len; i++)
			list_add(&l, ulimit_of_flag(s->arena, v.items[i].string));
		return v.type == VALUE_LIST ? list_finish(&l) : v;
	}
	v = from_file(s, "default-ulimits", json_type_object, &json);
	if (v.type != VALUE_NULL)
		return or_else(v, value_list(NULL, 0));
	json_object_object_foreach (json, name, ulimit) {
		const struct value fields[] = { read_text(s->arena, name, strlen(name)),
			ulimit_member(ulimit, "Soft"), ulimit_member(ulimit, "Hard") };

		list_add(&l, record_make(s->arena, &type_ulimit, fields));
	}
	return list_finish(&l);
}

/* TLS as 20.10 and newer have it (each case below was tried): --tls, or tlsverify given anywhere
 * whatever its value, or "tls": true turn it on. Then clients must show a certificate unless
 * tlsverify says no. DOCKER_TLS_VERIFY turns nothing on: it has the default names filled in. */
struct tls {
	struct value on;       /* bool or unreadable */
	struct value verify;   /* bool or unreadable */
	struct value by_flags; /* the default names hold where flags or environment ask for TLS */
};

static struct value
tls_by_flags(const struct settings *s)
{
	const char *asked;
	struct flag f;
	bool on = false;

	if (from_flags(s, "tlsverify", &f))
		return value_bool(true);
	if (from_flags(s, "tls", &f) && flag_bool(&f, &on) && on)
		return value_bool(true);
	if (s->in->environ == NULL)
		return value_unreadable("dockerd's environment could not be read");
	asked = environ_find(s, "DOCKER_TLS_VERIFY");
	return value_bool(asked != NULL && asked[0] != '\0');
}

static struct tls
tls_resolve(const struct settings *s)
{
	struct value tls = bool_setting(s, "tls", "tls");
	struct value verify = bool_setting(s, "tlsverify", "tlsverify");
	struct tls t = { .by_flags = tls_by_flags(s) };

	if (verify.type == VALUE_BOOL || (tls.type == VALUE_BOOL && tls.boolean))
		t.on = value_bool(true);
	else if (verify.type == VALUE_UNREADABLE || tls.type == VALUE_UNREADABLE)
		t.on = verify.type == VALUE_UNREADABLE ? verify : tls;
	else
		t.on = value_bool(false);
	/* Where it is not set, it is as TLS is. */
	t.verify = or_else(verify, t.on);
	return t;
}

/* Where the default names are looked for. */
static struct value
certificate_directory(const struct settings *s)
{
	const char *dir = environ_find(s, "DOCKER_CERT_PATH"), *home;

	if (dir == NULL || dir[0] == '\0')
		dir = environ_find(s, "DOCKER_CONFIG");
	if (dir != NULL && dir[0] != '\0')
		return value_string(dir);
	home = environ_find(s, "HOME");
	if (home != NULL && home[0] != '\0')
		home = arena_printf(s->arena, "%s/.docker", home);
	if (home == NULL || home[0] == '\0')
		return value_unreadable("dockerd's home directory is not known");
	return value_string(home);
}

static struct value
tls_file(const struct settings *s, const struct tls *t, const char *name, const char *file)
{
	struct value set, dir;
	const char *path;

	if (t->on.type != VALUE_BOOL)
		return t->on;
	if (!t->on.boolean)
		return value_string("");
	set = text_setting(s, name, name);
	if (set.type != VALUE_ABSENT)
		return set;
	if (t->by_flags.type != VALUE_BOOL)
		return t->by_flags;
	if (!t->by_flags.boolean)
		return value_string("");
	dir = certificate_directory(s);
	if (dir.type != VALUE_STRING)
		return dir;
	path = arena_printf(s->arena, "%s/%s", dir.string, file);
	return path == NULL ? value_unreadable("too large to keep")
			    : read_text(s->arena, path, strlen(path));
}

static void
set_tls(struct draft *d, const struct settings *s)
{
	struct tls t = tls_resolve(s);

	draft_set(d, FACT_ENGINE_SET_TLS_VERIFY, t.verify);
	draft_set(d, FACT_ENGINE_SET_TLS_CA, tls_file(s, &t, "tlscacert", "ca.pem"));
	draft_set(d, FACT_ENGINE_SET_TLS_CERT, tls_file(s, &t, "tlscert", "cert.pem"));
	draft_set(d, FACT_ENGINE_SET_TLS_KEY, tls_file(s, &t, "tlskey", "key.pem"));
}

/* -1 when the address has no port. */
static int
port_of(const char *address)
{
	const char *colon = strrchr(address, ':');
	int port = -1, end = 0;

	if (colon == NULL || sscanf(colon, ":%5d%n", &port, &end) != 1 || colon[end] != '\0')
		return -1;
	return port;
}

/* dockerd listens for other reasons too. */
static bool
is_other_port(const struct settings *s, int port)
{
	struct value metrics = text_setting(s, "metrics-addr", "metrics-addr");

	return port == SWARM_PORT || port == GOSSIP_PORT ||
	       (metrics.type == VALUE_STRING && port == port_of(metrics.string));
}

/* Has one of the first `n` that port? */
static bool
has_port(const struct list_draft *l, size_t n, int port)
{
	for (size_t i = 0; i < n; i++)
		if (port_of(l->items[i].string) == port)
			return true;
	return false;
}

/* Sockets that the kernel shows, where the settings don't tell all of them. */
static void
add_listening(struct list_draft *l, const struct settings *s)
{
	size_t configured = l->n;
	int port;

	if (s->in->listening == NULL) {
		l->cut = true;
		return;
	}
	for (size_t i = 0; i < s->in->n_listening; i++) {
		port = port_of(s->in->listening[i]);
		if (port >= 0 && !is_other_port(s, port) && !has_port(l, configured, port))
			list_add(l,
			    read_text(s->arena, s->in->listening[i], strlen(s->in->listening[i])));
	}
}

static bool
is_named(const struct list_draft *l, const char *path)
{
	static const char var[] = "/var/run/"; /* leads to /run on every host of today */
	const char *there;

	if (strncmp(path, var, sizeof(var) - 1) == 0)
		path += strlen("/var");
	for (size_t i = 0; i < l->n; i++) {
		there = l->items[i].string;
		if (strncmp(there, var, sizeof(var) - 1) == 0)
			there += strlen("/var");
		if (strcmp(there, path) == 0)
			return true;
	}
	return false;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* Sockets that dockerd has for itself lie in its exec root. */
static bool
is_internal(const struct settings *s, const char *path)
{
	struct value root = text_setting(s, "exec-root", "exec-root");

	return is_below(path, "/run/docker") || is_below(path, "/var/run/docker") ||
	       (root.type == VALUE_STRING && root.len > 1 && is_below(path, root.string));
}

/* Socket files that the kernel shows, where the settings don't tell all of them. */
static void
add_listening_paths(struct list_draft *l, const struct settings *s)
{
	const char *path;

	for (size_t i = 0; i < s->in->n_listening_paths; i++) {
		path = s->in->listening_paths[i];
		if (!is_internal(s, path) && !is_named(l, path))
			list_add(l, read_text(s->arena, path, strlen(path)));
	}
}

static struct value
default_socket(const struct settings *s)
{
	const char *dir;

	if (!s->rootless)
		return value_string(SOCKET_PATH);
	dir = environ_find(s, "XDG_RUNTIME_DIR");
	if (dir != NULL)
		dir = arena_printf(s->arena, "%s/docker.sock", dir);
	return dir == NULL ? value_unreadable("where a rootless dockerd's socket lies is not known")
			   : read_text(s->arena, dir, strlen(dir));
}

struct hosts {
	struct list_draft tcp, unix_;
	bool inherited; /* by fd://, systemd hands sockets over, these or others */
};

static void
add_host(struct hosts *h, const struct settings *s, const char *host)
{
	const char *address = strstr(host, "://");
	size_t scheme = address == NULL ? 0 : (size_t)(address - host);

	address = address == NULL ? host : address + 3;
	if (host[0] == '\0' || (scheme == 4 && memcmp(host, "unix", 4) == 0)) {
		list_add(&h->unix_, address[0] == '\0'
					? default_socket(s)
					: read_text(s->arena, address, strlen(address)));
	} else if (scheme == 2 && memcmp(host, "fd", 2) == 0) {
		h->inherited = true;
	} else if (address[0] == '\0') {
		list_add(&h->tcp, value_string("localhost"));
	} else {
		list_add(&h->tcp, read_text(s->arena, address, strcspn(address, "/")));
	}
}

/* docker.socket as it is shipped, unless the kernel shows that dockerd has another one. */
static void
add_inherited(struct hosts *h, const struct settings *s)
{
	struct value usual = default_socket(s);
	struct list_draft seen = { .arena = s->arena };

	add_listening(&h->tcp, s);
	add_listening_paths(&seen, s);
	if (s->in->listening == NULL ||
	    (usual.type == VALUE_STRING && is_named(&seen, usual.string)))
		list_add(&h->unix_, usual);
	h->unix_.cut |= s->in->listening == NULL;
	add_listening_paths(&h->unix_, s);
}

/* The list, and behind each path the one that its links lead to. */
static void
set_unix_hosts(struct draft *d, const struct settings *s, struct value hosts)
{
	struct list_draft all = { .arena = s->arena };
	struct value there;

	draft_set(d, FACT_ENGINE_SET_UNIX_HOSTS, hosts);
	for (uint32_t i = 0; hosts.type == VALUE_LIST && i < hosts.len; i++) {
		list_add(&all, hosts.items[i]);
		if (s->in->follow == NULL)
			continue;
		there = s->in->follow(s->in->context, hosts.items[i].string, s->arena);
		if (there.type != VALUE_STRING || strcmp(there.string, hosts.items[i].string) != 0)
			list_add(&all, there);
	}
	all.cut = hosts.type == VALUE_LIST && hosts.cut;
	draft_set(
	    d, FACT_ENGINE_SET_SOCKET_PATHS, hosts.type == VALUE_LIST ? list_finish(&all) : hosts);
}

static void
set_hosts(struct draft *d, const struct settings *s)
{
	struct hosts h = { .tcp.arena = s->arena, .unix_.arena = s->arena };
	struct value hosts = texts_setting(s, "host", "hosts");

	if (hosts.type == VALUE_UNREADABLE) {
		add_listening(&h.tcp, s);
		add_listening_paths(&h.unix_, s);
		draft_set(d, FACT_ENGINE_SET_TCP_HOSTS,
		    s->in->listening == NULL ? hosts : list_finish(&h.tcp));
		set_unix_hosts(d, s, h.unix_.n == 0 ? hosts : list_finish(&h.unix_));
		return;
	}
	for (uint32_t i = 0; hosts.type == VALUE_LIST && i < hosts.len; i++)
		add_host(&h, s, hosts.items[i].string);
	if (hosts.type == VALUE_ABSENT || hosts.len == 0)
		add_host(&h, s, "");
	if (h.inherited)
		add_inherited(&h, s);
	h.tcp.cut |= hosts.type == VALUE_LIST && hosts.cut;
	draft_set(d, FACT_ENGINE_SET_TCP_HOSTS, list_finish(&h.tcp));
	set_unix_hosts(d, s, list_finish(&h.unix_));
}

/* A gid in digits alone; false when it is none. */
static bool
parse_gid(const char *text, size_t len, int64_t *ret)
{
	*ret = 0;
	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*ret = *ret * 10 + (text[i] - '0');
	}
	return true;
}

/* NAME:password:GID:members, a line each. */
static struct value
group_gid(const struct engine_settings_input *in, const char *group)
{
	size_t len = strlen(group);
	const char *password, *gid;
	int64_t n;

	if (parse_gid(group, len, &n))
		return value_int(n);
	if (in->group_file == NULL)
		return value_unreadable(
		    in->group_why != NULL ? in->group_why : "/etc/group could not be read");
	for (const char *line = in->group_file; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (len == 0 || strncmp(line, group, len) != 0 || line[len] != ':')
			continue;
		password = line + len + 1;
		gid = password + strcspn(password, ":\n");
		if (*gid != ':' || !parse_gid(gid + 1, strcspn(gid + 1, ":\n"), &n))
			return value_unreadable("/etc/group has no gid for the engine's group");
		return value_int(n);
	}
	return value_absent();
}

static void
set_group(struct draft *d, const struct settings *s)
{
	struct value group = or_else(text_setting(s, "group", "group"), value_string("docker"));

	draft_set(d, FACT_ENGINE_SET_GROUP, group);
	draft_set(d, FACT_ENGINE_SET_GROUP_GID,
	    group.type == VALUE_STRING ? group_gid(s->in, group.string) : group);
}

static const struct {
	enum fact_id fact;
	const char *name; /* of the flag and of the key */
	const char *otherwise;
} texts[] = {
	{ FACT_ENGINE_SET_LOG_LEVEL, "log-level", "info" },
	{ FACT_ENGINE_SET_CGROUP_PARENT, "cgroup-parent", "" },
	{ FACT_ENGINE_SET_USERNS_REMAP, "userns-remap", "" },
	{ FACT_ENGINE_SET_DEFAULT_IP, "ip", "0.0.0.0" },
};

static const struct {
	enum fact_id fact;
	const char *name; /* of the flag and of the key */
	bool otherwise;
} bools[] = {
	{ FACT_ENGINE_SET_ICC, "icc", true },
	{ FACT_ENGINE_SET_IPTABLES, "iptables", true },
	{ FACT_ENGINE_SET_NO_NEW_PRIVILEGES, "no-new-privileges", false },
	{ FACT_ENGINE_SET_USERLAND_PROXY, "userland-proxy", true },
	{ FACT_ENGINE_SET_EXPERIMENTAL, "experimental", false },
};

static void
set_from_process(struct draft *d, const struct settings *s)
{
	struct value v1_off = bool_setting(s, "disable-legacy-registry", "disable-legacy-registry");
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		draft_set(d, texts[i].fact,
		    or_else(text_setting(s, texts[i].name, texts[i].name),
			value_string(texts[i].otherwise)));
	for (size_t i = 0; i < ARRAY_SIZE(bools); i++)
		draft_set(d, bools[i].fact,
		    or_else(bool_setting(s, bools[i].name, bools[i].name),
			value_bool(bools[i].otherwise)));
	draft_set(d, FACT_ENGINE_SET_DEFAULT_ULIMITS, default_ulimits(s));
	draft_set(d, FACT_ENGINE_SET_STORAGE_OPTS,
	    or_else(texts_setting(s, "storage-opt", "storage-opts"), value_list(NULL, 0)));
	draft_set(d, FACT_ENGINE_SET_LOG_OPTS, log_opts(s));
	/* Off for good since 17.12. */
	draft_set(d, FACT_ENGINE_SET_LEGACY_REGISTRY,
	    v1_off.type == VALUE_BOOL ? value_bool(!v1_off.boolean)
				      : or_else(v1_off, value_bool(false)));
	engine_config_path(s->in->cmdline, s->in->cmdline_len, path, sizeof(path));
	draft_set(d, FACT_ENGINE_SET_CONFIG_FILE, read_text(d->arena, path, strlen(path)));
	set_hosts(d, s);
	set_tls(d, s);
	set_group(d, s);
}

static struct value
path_or(struct arena *a, const char *path, struct value otherwise)
{
	return path == NULL ? otherwise : read_text(a, path, strlen(path));
}

/* `why` NULL: it was looked for. */
static struct value
absent_unless(struct arena *a, const char *what, const char *why)
{
	return why == NULL ? value_absent() : unreadable_printf(a, "%s: %s", what, why);
}

/* A flag might stand there that decides, so nothing can be told. */
static void
set_process_unreadable(struct draft *d, const char *why)
{
	struct value v = unreadable_printf(
	    d->arena, "dockerd's command line: %s", why == NULL ? "could not be read" : why);

	for (enum fact_id f = FACT_ENGINE_SET_LOG_LEVEL; f < FACT_ENGINE_SET_EXE; f++)
		draft_set(d, f, v);
}

int
build_engine_settings(struct snapshot **ret, const struct engine_settings_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	_cleanup_(json_putp) struct json_object *file = NULL;
	struct settings s = { .in = in, .file_why = value_null() };
	int r;

	r = draft_init(&d, TOPIC_ENGINE_SETTINGS);
	if (r < 0)
		return r;
	s.arena = d.arena;
	if (in->cmdline == NULL) {
		set_process_unreadable(&d, in->process_why);
	} else {
		settings_load(&s);
		file = s.file;
		set_from_process(&d, &s);
	}
	draft_set(&d, FACT_ENGINE_SET_PENDING, config_pending(d.arena, in));
	draft_set(&d, FACT_ENGINE_SET_EXE,
	    path_or(d.arena, in->exe, value_unreadable("dockerd's program file is not known")));
	draft_set(&d, FACT_ENGINE_SET_CONTAINERD_EXE,
	    path_or(d.arena, in->containerd_exe,
		absent_unless(d.arena, "containerd's program file", in->containerd_why)));
	draft_set(&d, FACT_ENGINE_SET_RUNC_EXE,
	    path_or(d.arena, in->runc_exe,
		absent_unless(d.arena, "runc's program file", in->runc_why)));
	return draft_finish(&d, ret);
}
