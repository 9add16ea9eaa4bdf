/* SPDX-License-Identifier: Apache-2.0
 *
 * engine.settings: what dockerd was started with. It refuses to start when a directive stands both
 * on its command line and in daemon.json, so what stands on the command line is in force. The rest
 * is what the file says, but only if dockerd can have read it as it is now: none of these settings
 * is read again by SIGHUP. */
#include "facts/build.h"

#include "facts/flags.h"
#include "facts/settings.h"
#include "util/json.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONFIG_PATH "/etc/docker/daemon.json"

enum {
	CONFIG_DEPTH_MAX = 16,
};

void
engine_config_path(const char *cmdline, size_t len, char *path, size_t size)
{
	struct flag f = { .value = CONFIG_PATH, .value_len = strlen(CONFIG_PATH) };

	(void)flag_find(cmdline, len, "config-file", &f);
	(void)snprintf(path, size, "%.*s", (int)(f.value_len < INT_MAX ? f.value_len : 0), f.value);
}

const char *
settings_environ(const struct settings *s, const char *name)
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
	return settings_environ(s, "ROOTLESSKIT_STATE_DIR") != NULL;
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

struct value
settings_text(const struct settings *s, const char *flag, const char *key)
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

struct value
settings_texts(const struct settings *s, const char *flag, const char *key)
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
	asked = settings_environ(s, "DOCKER_TLS_VERIFY");
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
	const char *dir = settings_environ(s, "DOCKER_CERT_PATH"), *home;

	if (dir == NULL || dir[0] == '\0')
		dir = settings_environ(s, "DOCKER_CONFIG");
	if (dir != NULL && dir[0] != '\0')
		return value_string(dir);
	home = settings_environ(s, "HOME");
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
	set = settings_text(s, name, name);
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

/* Those that a text of daemon.json names. */
static struct value
plugins_of(struct arena *a, const char *text)
{
	_cleanup_(json_putp) struct json_object *file = NULL;
	struct value why = value_null();

	if (text == NULL || text[strspn(text, " \t\r\n")] == '\0')
		return value_list(NULL, 0);
	file = config_parse(a, text, &why);
	if (why.type == VALUE_UNREADABLE)
		return why;
	return read_strings(a, file, "authorization-plugins", READ_MISSING_IS_EMPTY);
}

static bool
has_text(const struct value *list, const char *text)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (strcmp(list->items[i].string, text) == 0)
			return true;
	return false;
}

/* dockerd takes this list by a reload as well, and goes on naming the one that it started with. So
 * what the file says now may be in force: a plugin that is no longer there may be out. */
static struct value
authorization_plugins(const struct settings *s)
{
	static const char taken_out[] = "daemon.json names other authorization plugins than when "
					"dockerd started, and a reload may have taken them";
	const struct engine_settings_input *in = s->in;
	struct value pending, before, now;
	struct flag f;

	if (from_flags(s, "authorization-plugin", &f))
		return flag_texts(s, "authorization-plugin");
	pending = config_pending(s->arena, in);
	if (in->config_why != NULL || (pending.type == VALUE_BOOL && !pending.boolean))
		return s->file_why.type == VALUE_UNREADABLE ? s->file_why
							    : plugins_of(s->arena, in->config);
	now = plugins_of(s->arena, in->config_now);
	if (now.type != VALUE_LIST)
		return now;
	if (!in->config_remembered)
		return now.len > 0 ? now : value_unreadable(taken_out);
	before = plugins_of(s->arena, in->config);
	for (uint32_t i = 0; before.type == VALUE_LIST && i < before.len; i++)
		if (!has_text(&now, before.items[i].string))
			return value_unreadable(taken_out);
	return before.type == VALUE_LIST ? now : before;
}

static void
set_group(struct draft *d, const struct settings *s)
{
	struct value group = or_else(settings_text(s, "group", "group"), value_string("docker"));

	draft_set(d, FACT_ENGINE_SET_GROUP, group);
	draft_set(d, FACT_ENGINE_SET_GROUP_GID,
	    group.type == VALUE_STRING ? group_gid(s->in, group.string) : group);
}

static const struct {
	enum fact_id fact;
	const char *name; /* of the flag and of the key */
	const char *otherwise;
} texts[] = {
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

/* dockerd minds no case, and takes none for info. */
static struct value
log_level(const struct settings *s)
{
	struct value v = or_else(settings_text(s, "log-level", "log-level"), value_string("info"));
	char *name;

	if (v.type != VALUE_STRING)
		return v;
	name = arena_strdup(s->arena, v.len > 0 ? v.string : "info");
	if (name == NULL)
		return value_unreadable("too large to keep");
	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return value_string(name);
}

static void
set_from_process(struct draft *d, const struct settings *s)
{
	struct value v1_off = bool_setting(s, "disable-legacy-registry", "disable-legacy-registry");
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		draft_set(d, texts[i].fact,
		    or_else(settings_text(s, texts[i].name, texts[i].name),
			value_string(texts[i].otherwise)));
	for (size_t i = 0; i < ARRAY_SIZE(bools); i++)
		draft_set(d, bools[i].fact,
		    or_else(bool_setting(s, bools[i].name, bools[i].name),
			value_bool(bools[i].otherwise)));
	draft_set(d, FACT_ENGINE_SET_DEFAULT_ULIMITS, default_ulimits(s));
	draft_set(d, FACT_ENGINE_SET_STORAGE_OPTS,
	    or_else(settings_texts(s, "storage-opt", "storage-opts"), value_list(NULL, 0)));
	draft_set(d, FACT_ENGINE_SET_LOG_OPTS, log_opts(s));
	draft_set(d, FACT_ENGINE_SET_AUTHORIZATION_PLUGINS, authorization_plugins(s));
	/* Off for good since 17.12. */
	draft_set(d, FACT_ENGINE_SET_LEGACY_REGISTRY,
	    v1_off.type == VALUE_BOOL ? value_bool(!v1_off.boolean)
				      : or_else(v1_off, value_bool(false)));
	engine_config_path(s->in->cmdline, s->in->cmdline_len, path, sizeof(path));
	draft_set(d, FACT_ENGINE_SET_LOG_LEVEL, log_level(s));
	draft_set(d, FACT_ENGINE_SET_CONFIG_FILE, read_text(d->arena, path, strlen(path)));
	settings_set_hosts(d, s);
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
