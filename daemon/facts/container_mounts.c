/* SPDX-License-Identifier: Apache-2.0
 *
 * What is mounted into a container, and what is asked for. */
#include "facts/container.h"

#include <stdlib.h>
#include <string.h>

static int
order_by_destination(const void *a, const void *b)
{
	return strcmp(value_get(a, "destination")->string, value_get(b, "destination")->string);
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

/* Sorted: the engine keeps them in a map and lists them in another order each time. */
struct value
read_mounts(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct value mounted = read_records(a, doc, path, flags, &type_mount, mount_members);
	struct list_draft l = { .arena = a };

	if (mounted.type != VALUE_LIST)
		return mounted;
	for (uint32_t i = 0; i < mounted.len; i++)
		list_add(&l, mounted.items[i]);
	l.cut = mounted.cut;
	add_configured_mounts(&l, doc);
	if (l.n > 1)
		qsort(l.items, l.n, sizeof(*l.items), order_by_destination);
	return list_finish(&l);
}
