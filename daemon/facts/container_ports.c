/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports that a container publishes. */
#include "facts/container.h"

#include <stdlib.h>
#include <string.h>

enum {
	PORT_MAX = 65535,
};

/* Digits alone, at most PORT_MAX; the rest starts at *end. -1 when there are none. */
static int
port_number(const char *text, const char **end)
{
	int n = 0;

	*end = text;
	for (; **end >= '0' && **end <= '9'; (*end)++) {
		n = n * 10 + (**end - '0');
		if (n > PORT_MAX)
			return -1;
	}
	return *end == text ? -1 : n;
}

/* "80/tcp", or "80". */
static bool
parse_container_port(const char *text, int *ret_port, const char **ret_protocol)
{
	const char *end;

	*ret_port = port_number(text, &end);
	*ret_protocol = *end == '/' ? end + 1 : "tcp";
	return *ret_port >= 0 && (*end == '/' || *end == '\0') && **ret_protocol != '\0';
}

/* "8080"; "" for one that the engine chooses; "8000-8010" for one of these. */
static bool
parse_host_ports(const char *text, int *ret_first, int *ret_last)
{
	const char *end;

	if (text[0] == '\0') {
		*ret_first = *ret_last = 0;
		return true;
	}
	*ret_first = *ret_last = port_number(text, &end);
	if (*ret_first >= 0 && *end == '-')
		*ret_last = port_number(end + 1, &end);
	return *ret_first >= 0 && *ret_last >= *ret_first && *end == '\0';
}

static int
compare_fields(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_INT)
		return (a->integer > b->integer) - (a->integer < b->integer);
	return strcmp(a->string, b->string);
}

static int
order_by_port(const void *a, const void *b)
{
	const struct value *port_a = a, *port_b = b;
	int order = 0;

	for (uint32_t i = 0; i < port_a->len && order == 0; i++)
		order = compare_fields(&port_a->entries[i].value, &port_b->entries[i].value);
	return order;
}

static void
add_port(struct list_draft *l, const char *key, struct json_object *binding)
{
	struct value ip = read_string(l->arena, binding, "HostIp", 0);
	struct value host = read_string(l->arena, binding, "HostPort", 0);
	int port, first, last;
	const char *protocol;

	if (ip.type != VALUE_STRING || host.type != VALUE_STRING) {
		list_add(l, ip.type != VALUE_STRING ? ip : host);
		return;
	}
	if (!parse_container_port(key, &port, &protocol) ||
	    !parse_host_ports(host.string, &first, &last)) {
		list_add(l, value_unreadable("a port that is no port"));
		return;
	}
	for (int i = first; i <= last && !l->cut; i++) {
		const struct value fields[] = { value_int(port),
			read_text(l->arena, protocol, strlen(protocol)), ip, value_int(i) };

		list_add(l, record_make(l->arena, &type_port, fields));
	}
}

/* Is that port of the container in the list already? */
static bool
is_published(const struct list_draft *l, const char *key)
{
	const char *protocol;
	int port;

	if (!parse_container_port(key, &port, &protocol))
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (value_get(&l->items[i], "container")->integer == port &&
		    strcmp(value_get(&l->items[i], "protocol")->string, protocol) == 0)
			return true;
	return false;
}

/* A map from port to bindings; no bindings: exposed, not published. `known`: ports to leave out. */
static void
add_ports(
    struct list_draft *l, struct json_object *doc, const char *path, const struct list_draft *known)
{
	struct json_object *ports = NULL;
	struct value why;

	switch (
	    read_find(l->arena, doc, path, json_type_object, READ_NULL_IS_EMPTY, &ports, &why)) {
	case READ_FOUND:
		break;
	case READ_EMPTY:
		return;
	case READ_UNREADABLE:
		list_add(l, why);
		return;
	}
	json_object_object_foreach (ports, key, bindings) {
		if (bindings == NULL || (known != NULL && is_published(known, key)))
			continue;
		if (!json_object_is_type(bindings, json_type_array)) {
			list_add(l, unreadable_printf(l->arena, "%s holds no list", path));
			return;
		}
		for (size_t i = 0; i < json_object_array_length(bindings) && !l->cut; i++)
			add_port(l, key, json_object_array_get_idx(bindings, i));
	}
}

/* Networks of others have their ports elsewhere: what is asked for is discarded. */
static bool
publishes(const char *network_mode)
{
	return strcmp(network_mode, "host") != 0 && strcmp(network_mode, "none") != 0 &&
	       strncmp(network_mode, "container:", 10) != 0;
}

/* What the engine will publish because it is exposed: at ports that it chooses, by no address. */
static void
add_exposed(struct list_draft *l, struct json_object *doc, const struct list_draft *known)
{
	struct value all = read_bool(l->arena, doc, "HostConfig.PublishAllPorts", 0);
	struct value names = read_names(
	    l->arena, doc, "Config.ExposedPorts", READ_MISSING_IS_EMPTY | READ_NULL_IS_EMPTY);
	const char *protocol;
	int port;

	if (all.type != VALUE_BOOL || (all.boolean && names.type != VALUE_LIST)) {
		list_add(l, all.type != VALUE_BOOL ? all : names);
		return;
	}
	for (uint32_t i = 0; all.boolean && i < names.len && !l->cut; i++) {
		if (is_published(known, names.items[i].string))
			continue;
		if (!parse_container_port(names.items[i].string, &port, &protocol)) {
			list_add(l, value_unreadable("an exposed port that is no port"));
			return;
		}
		const struct value fields[] = { value_int(port),
			read_text(l->arena, protocol, strlen(protocol)), value_string(""),
			value_int(0) };

		list_add(l, record_make(l->arena, &type_port, fields));
	}
	l->cut |= all.boolean && names.cut;
}

/* What the engine has bound, and what it will bind at the start. Between the start and the
 * network's coming up, a running container has nothing bound yet: it is asked for all the same.
 * Sorted, as the engine binds in no order. */
struct value
read_ports(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct value mode = read_string(a, doc, "HostConfig.NetworkMode", 0);
	struct list_draft bound = { .arena = a }, l;

	if (mode.type != VALUE_STRING)
		return mode;
	add_ports(&bound, doc, path, NULL);
	l = bound;
	if (publishes(mode.string)) {
		add_ports(&l, doc, "HostConfig.PortBindings", &bound);
		bound = l;
		add_exposed(&l, doc, &bound);
	}
	if (l.n > 1)
		qsort(l.items, l.n, sizeof(*l.items), order_by_port);
	return list_finish(&l);
}
