/* SPDX-License-Identifier: Apache-2.0
 *
 * Where dockerd listens: by its settings, and by the kernel's list where these don't tell all. */
#include "facts/settings.h"
#include "util/path.h"

#include <stdio.h>
#include <string.h>

#define SOCKET_PATH "/var/run/docker.sock"

enum {
	SWARM_PORT = 2377,
	GOSSIP_PORT = 7946,
};

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
	struct value metrics = settings_text(s, "metrics-addr", "metrics-addr");

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
	const char *behind = path_behind(path, folder);

	return behind != NULL && *behind != '\0';
}

/* Sockets that dockerd has for itself lie in its exec root. */
static bool
is_internal(const struct settings *s, const char *path)
{
	struct value root = settings_text(s, "exec-root", "exec-root");

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
	dir = settings_environ(s, "XDG_RUNTIME_DIR");
	if (dir != NULL)
		dir = arena_printf(s->arena, "%s/docker.sock", dir);
	return dir == NULL ? value_unreadable("where a rootless dockerd's socket lies is not known")
			   : read_text(s->arena, dir, strlen(dir));
}

struct hosts {
	struct list_draft tcp, unix_;
	bool inherited; /* by fd://, systemd hands sockets over, these or others */
};

static struct value
unix_socket(const struct settings *s, const char *path)
{
	if (path[0] == '\0')
		return default_socket(s);
	return path[0] == '/'
		   ? read_text(s->arena, path, strlen(path))
		   : unreadable_printf(s->arena, "%s: relative to where dockerd was started", path);
}

static void
add_host(struct hosts *h, const struct settings *s, const char *host)
{
	const char *address = strstr(host, "://");
	size_t scheme = address == NULL ? 0 : (size_t)(address - host);

	address = address == NULL ? host : address + 3;
	if (host[0] == '\0' || (scheme == 4 && memcmp(host, "unix", 4) == 0)) {
		list_add(&h->unix_, unix_socket(s, address));
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

void
settings_set_hosts(struct draft *d, const struct settings *s)
{
	struct hosts h = { .tcp.arena = s->arena, .unix_.arena = s->arena };
	struct value hosts = settings_texts(s, "host", "hosts");

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
