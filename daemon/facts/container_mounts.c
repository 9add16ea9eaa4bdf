/* SPDX-License-Identifier: Apache-2.0
 *
 * What is mounted into a container, and what is asked for. */
#include "facts/container.h"

#include "facts/build.h"
#include <stdlib.h>
#include <string.h>

/* A volume, and then what it binds. */
static int
order_by_destination(const void *a, const void *b)
{
	int order =
	    strcmp(value_get(a, "destination")->string, value_get(b, "destination")->string);

	return order != 0 ? order
			  : strcmp(value_get(b, "type")->string, value_get(a, "type")->string);
}

static const struct read_member mount_members[] = {
	{ "Type", read_string, 0 },
	{ "Source", read_string, 0 },
	{ "Destination", read_string, 0 },
	{ "Name", read_string, READ_MISSING_IS_EMPTY },
	{ "Driver", read_string, READ_MISSING_IS_EMPTY },
	{ "Mode", read_string, 0 },
	{ "RW", read_bool, 0 },
	{ "Propagation", read_string, 0 },
};

/* Paths as equal whatever slashes they end in. */
static bool
same_path(const char *a, size_t a_len, const char *b, size_t b_len)
{
	while (a_len > 1 && a[a_len - 1] == '/')
		a_len--;
	while (b_len > 1 && b[b_len - 1] == '/')
		b_len--;
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static bool
is_mounted(const struct list_draft *mounts, const char *destination, size_t len)
{
	const struct value *there;

	for (size_t i = 0; i < mounts->n; i++) {
		there = value_get(&mounts->items[i], "destination");
		if (same_path(there->string, there->len, destination, len))
			return true;
	}
	return false;
}

/* Is the word one of the comma-separated options? */
static bool
has_option(const char *options, const char *word)
{
	size_t len = strlen(word), n;

	for (const char *at = options;; at += n + 1) {
		n = strcspn(at, ",");
		if (n == len && memcmp(at, word, n) == 0)
			return true;
		if (at[n] == '\0')
			return false;
	}
}

static const char *
propagation_in(const char *options)
{
	static const char *const words[] = { "rprivate", "private", "rshared", "shared", "rslave",
		"slave" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (has_option(options, words[i]))
			return words[i];
	return "";
}

/* "source:destination[:options]"; a bind when the source is a path, else a volume's name. A lone
 * destination is a volume without a name. */
static void
add_bind(struct list_draft *mounts, const char *text)
{
	size_t first = strcspn(text, ":");
	const char *destination = text[first] == '\0' ? text : text + first + 1;
	size_t second = strcspn(destination, ":"), source_len = destination == text ? 0 : first;
	const char *options = destination[second] == '\0' ? "" : destination + second + 1;
	bool is_path = text[0] == '/' && source_len > 0;
	struct value source;

	if (is_mounted(mounts, destination, second))
		return;
	source = read_text(mounts->arena, text, source_len);
	const struct value fields[] = {
		value_string(is_path ? "bind" : "volume"),
		source,
		read_text(mounts->arena, destination, second),
		is_path ? value_string("") : source,
		value_string(""),
		value_string(options),
		value_bool(!has_option(options, "ro")),
		value_string(propagation_in(options)),
	};
	list_add(mounts, record_make(mounts->arena, &type_mount, fields));
}

/* An element of HostConfig.Mounts. Its members are left out when they are empty. */
static void
add_mount(struct list_draft *mounts, struct json_object *mount)
{
	const unsigned may_miss = READ_MISSING_IS_EMPTY;
	struct arena *a = mounts->arena;
	struct value type = read_string(a, mount, "Type", 0);
	struct value source = read_string(a, mount, "Source", may_miss);
	struct value target = read_string(a, mount, "Target", 0);
	struct value read_only = read_bool(a, mount, "ReadOnly", may_miss);
	struct value propagation = value_string(""), driver = value_string("");
	struct json_object *bind = read_member_of(mount, "BindOptions");
	struct json_object *volume =
	    read_member_of(read_member_of(mount, "VolumeOptions"), "DriverConfig");

	if (target.type == VALUE_STRING && is_mounted(mounts, target.string, target.len))
		return;
	if (bind != NULL)
		propagation = read_string(a, bind, "Propagation", may_miss);
	if (volume != NULL)
		driver = read_string(a, volume, "Name", may_miss);
	const bool is_volume = type.type == VALUE_STRING && strcmp(type.string, "volume") == 0;
	const struct value fields[] = {
		type,
		source,
		target,
		is_volume ? source : value_string(""),
		driver,
		value_string(""),
		read_only.type == VALUE_BOOL ? value_bool(!read_only.boolean) : read_only,
		propagation,
	};
	list_add(mounts, record_make(a, &type_mount, fields));
}

/* What is asked for and isn't in Mounts: a container that was never started, on some engines. */
static void
add_configured_mounts(struct list_draft *l, struct json_object *doc)
{
	struct value binds = read_strings(l->arena, doc, "HostConfig.Binds", READ_NULL_IS_EMPTY);
	struct json_object *mounts = NULL;
	struct value why;

	if (binds.type != VALUE_LIST)
		list_add(l, binds);
	for (uint32_t i = 0; binds.type == VALUE_LIST && i < binds.len; i++)
		add_bind(l, binds.items[i].string);
	l->cut |= binds.type == VALUE_LIST && binds.cut;
	switch (read_find(l->arena, doc, "HostConfig.Mounts", json_type_array,
	    READ_MISSING_IS_EMPTY | READ_NULL_IS_EMPTY, &mounts, &why)) {
	case READ_FOUND:
		for (size_t i = 0; i < json_object_array_length(mounts) && !l->cut; i++)
			add_mount(l, json_object_array_get_idx(mounts, i));
		break;
	case READ_EMPTY:
		break;
	case READ_UNREADABLE:
		list_add(l, why);
		break;
	}
}

/* --- volumes that bind --- */

static bool
is_volume(const struct value *mount)
{
	return strcmp(value_get(mount, "type")->string, "volume") == 0;
}

/* Other drivers don't take a path of the host. */
static bool
is_local(const struct value *mount)
{
	const char *driver = value_get(mount, "driver")->string;

	return driver[0] == '\0' || strcmp(driver, "local") == 0;
}

bool
container_has_volumes(struct json_object *inspect)
{
	struct json_object *mounts = read_member_of(inspect, "Mounts"), *type;

	if (!json_object_is_type(mounts, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		type = read_member_of(json_object_array_get_idx(mounts, i), "Type");
		if (json_object_is_type(type, json_type_string) &&
		    strcmp(json_object_get_string(type), "volume") == 0)
			return true;
	}
	return false;
}

static struct json_object *
volume_named(struct json_object *list, const char *name)
{
	struct json_object *volume, *there;

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		volume = json_object_array_get_idx(list, i);
		there = read_member_of(volume, "Name");
		if (json_object_is_type(there, json_type_string) &&
		    strcmp(json_object_get_string(there), name) == 0)
			return volume;
	}
	return NULL;
}

/* An option of a volume; "" when it isn't set. */
static struct value
volume_option(struct arena *a, struct json_object *volume, const char *name)
{
	struct json_object *options = NULL;
	struct value why;

	switch (read_find(a, volume, "Options", json_type_object,
	    READ_MISSING_IS_EMPTY | READ_NULL_IS_EMPTY, &options, &why)) {
	case READ_FOUND:
		return read_string(a, options, name, READ_MISSING_IS_EMPTY);
	case READ_EMPTY:
		return value_string("");
	case READ_UNREADABLE:
		break;
	}
	return why;
}

/* The path of the host that is mounted in a volume's place: a directory, by "o=bind", or a block
 * device. "" when there is none: the engine made the volume's folder itself, or it comes from the
 * network, where two slashes begin the name of a server. */
static struct value
volume_device(struct arena *a, struct value device, const char *o)
{
	if (device.type != VALUE_STRING || device.len == 0)
		return device;
	if (has_option(o, "bind") || has_option(o, "rbind"))
		return device.string[0] == '/'
			   ? device
			   : value_unreadable("a volume binds a path that is relative to where "
					      "dockerd was started");
	return device.string[0] == '/' && device.string[1] != '/' ? device : value_string("");
}

static void
add_bound(struct list_draft *l, const struct value *volume, struct value device)
{
	if (device.type == VALUE_STRING && device.len == 0)
		return;
	const struct value fields[] = {
		value_string("bind"),
		device,
		*value_get(volume, "destination"),
		*value_get(volume, "name"),
		*value_get(volume, "driver"),
		*value_get(volume, "mode"),
		*value_get(volume, "rw"),
		*value_get(volume, "propagation"),
	};
	list_add(l, record_make(l->arena, &type_mount, fields));
}

/* "lowerdir=/a:/b,upperdir=/c": each path is one of the host. */
static void
add_layers(struct list_draft *l, const struct value *mount, const char *options)
{
	size_t n;

	for (const char *at = options; *at != '\0'; at += n + (at[n] != '\0')) {
		n = strcspn(at, "=:,");
		if (at[0] == '/')
			add_bound(l, mount, read_text(l->arena, at, n));
	}
}

static void
add_mounted(struct list_draft *l, const struct value *mount, struct json_object *volume)
{
	struct value device = volume_option(l->arena, volume, "device");
	struct value type = volume_option(l->arena, volume, "type");
	struct value o = volume_option(l->arena, volume, "o");

	if (type.type != VALUE_STRING || o.type != VALUE_STRING) {
		list_add(l, type.type != VALUE_STRING ? type : o);
		return;
	}
	if (strcmp(type.string, "overlay") == 0)
		add_layers(l, mount, o.string);
	add_bound(l, mount, volume_device(l->arena, device, o.string));
}

static void
add_what_it_binds(struct list_draft *l, const struct value *mount, struct json_object *list)
{
	const char *name = value_get(mount, "name")->string;
	struct json_object *volume = list == NULL ? NULL : volume_named(list, name);

	if (volume != NULL)
		add_mounted(l, mount, volume);
	else if (value_get(mount, "driver")->len > 0)
		list_add(l, unreadable_printf(l->arena, "the engine lists no volume %s", name));
	/* else it isn't made yet, and will be made without options */
}

static bool
is_local_volume(const struct value *mount)
{
	return is_volume(mount) && is_local(mount);
}

/* Behind each volume whose options bind a path of the host, that bind. */
static void
add_bound_volumes(struct list_draft *l, const struct container_inspect_input *in)
{
	struct json_object *list = NULL;
	struct value why = value_null();
	size_t n = l->n, i = 0;

	while (i < n && !is_local_volume(&l->items[i]))
		i++;
	if (i == n)
		return;
	if (in->volumes == NULL)
		why = unreadable_printf(l->arena, "volumes: %s",
		    in->volumes_why != NULL ? in->volumes_why : "nobody asked for them");
	else
		(void)read_find(l->arena, in->volumes, "Volumes", json_type_array,
		    READ_NULL_IS_EMPTY, &list, &why);
	if (why.type == VALUE_UNREADABLE) {
		list_add(l, why);
		return;
	}
	for (; i < n; i++)
		if (is_local_volume(&l->items[i]))
			add_what_it_binds(l, &l->items[i], list);
}

/* --- links --- */

/* The source of a bind becomes what its links lead to; as it was given, it becomes the name. */
static struct value
followed(struct arena *a, const struct value *mount, const struct container_inspect_input *in)
{
	const struct value *source = value_get(mount, "source"), *name = value_get(mount, "name");
	struct value there = in->follow(in->context, source->string, a);

	if (there.type == VALUE_UNREADABLE)
		return unreadable_printf(a, "%s: %s", source->string, there.string);
	if (same_path(there.string, there.len, source->string, source->len))
		return *mount;
	const struct value fields[] = {
		*value_get(mount, "type"),
		there,
		*value_get(mount, "destination"),
		name->len > 0 ? *name : *source,
		*value_get(mount, "driver"),
		*value_get(mount, "mode"),
		*value_get(mount, "rw"),
		*value_get(mount, "propagation"),
	};
	return record_make(a, &type_mount, fields);
}

static void
follow_links(struct list_draft *l, const struct container_inspect_input *in)
{
	struct value v;

	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(value_get(&l->items[i], "type")->string, "bind") != 0 ||
		    value_get(&l->items[i], "source")->string[0] != '/')
			continue;
		v = followed(l->arena, &l->items[i], in);
		if (v.type == VALUE_UNREADABLE) {
			list_add(l, v);
			return;
		}
		l->items[i] = v;
	}
}

/* Behind each bind whose source is bound from elsewhere, the same by its other name. */
static void
add_other_names(struct list_draft *l, const struct container_inspect_input *in)
{
	const size_t n = l->n;
	struct value source, name;

	for (size_t i = 0; i < n; i++) {
		source = *value_get(&l->items[i], "source");
		if (strcmp(value_get(&l->items[i], "type")->string, "bind") != 0 ||
		    source.string[0] != '/')
			continue;
		name = in->other_name(in->names_context, source.string, l->arena);
		if (name.type == VALUE_UNREADABLE)
			name = unreadable_printf(l->arena, "%s: %s", source.string, name.string);
		add_bound(l, &l->items[i], name);
	}
}

/* Sorted: the engine keeps them in a map and lists them in another order each time. */
struct value
read_mounts(struct arena *a, const struct container_inspect_input *in)
{
	struct value mounted =
	    read_records(a, in->inspect, "Mounts", READ_NULL_IS_EMPTY, &type_mount, mount_members);
	struct list_draft l = { .arena = a };

	if (mounted.type != VALUE_LIST)
		return mounted;
	for (uint32_t i = 0; i < mounted.len; i++)
		list_add(&l, mounted.items[i]);
	l.cut = mounted.cut;
	add_configured_mounts(&l, in->inspect);
	add_bound_volumes(&l, in);
	if (in->follow != NULL)
		follow_links(&l, in);
	if (in->other_name != NULL)
		add_other_names(&l, in);
	if (l.n > 1)
		qsort(l.items, l.n, sizeof(*l.items), order_by_destination);
	return list_finish(&l);
}
