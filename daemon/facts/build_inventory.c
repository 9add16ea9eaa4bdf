/* SPDX-License-Identifier: Apache-2.0
 *
 * engine.inventory: what lies about on the engine. An image counts as used when some container,
 * running or not, was made of it: by the image's id, as ten containers of one image use one. */
#include "facts/build.h"

#include "facts/read.h"
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

enum {
	SHORT_ID = 12,
};

static const char no_list[] = "what the engine gave for a list is none";

/* Ids of images that containers were made of; sorted. */
struct used {
	const char **ids;
	size_t n;
};

static void
used_clear(struct used *u)
{
	free(u->ids);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *
text_of(struct json_object *object, const char *name)
{
	struct json_object *text = read_member_of(object, name);

	return json_object_is_type(text, json_type_string) ? json_object_get_string(text) : NULL;
}

/* BUILD_E_NONSENSE: a container without an image's id. */
static int
used_read(struct used *u, struct json_object *containers)
{
	size_t n = json_object_array_length(containers);

	u->ids = calloc(n + 1, sizeof(*u->ids));
	if (u->ids == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *id = text_of(json_object_array_get_idx(containers, i), "ImageID");

		if (id == NULL)
			return BUILD_E_NONSENSE;
		u->ids[u->n++] = id;
	}
	qsort(u->ids, u->n, sizeof(*u->ids), compare);
	return 0;
}

static bool
used_has(const struct used *u, const char *id)
{
	return bsearch(&id, u->ids, u->n, sizeof(*u->ids), compare) != NULL;
}

/* Its first name, else its id as people write it. */
static struct value
name_of(struct arena *a, struct json_object *image, const char *id)
{
	struct json_object *tags = read_member_of(image, "RepoTags"), *tag;
	const char *colon;

	if (json_object_is_type(tags, json_type_array) && json_object_array_length(tags) > 0) {
		tag = json_object_array_get_idx(tags, 0);
		if (json_object_is_type(tag, json_type_string) &&
		    strncmp(json_object_get_string(tag), "<none>", strlen("<none>")) != 0)
			return read_text(a, json_object_get_string(tag),
			    (size_t)json_object_get_string_len(tag));
	}
	colon = strchr(id, ':');
	if (colon != NULL)
		id = colon + 1;
	return read_text(a, id, strnlen(id, SHORT_ID));
}

static struct value
list_unused(struct arena *a, struct json_object *images, const struct used *u)
{
	struct list_draft l = { .arena = a };
	size_t n = json_object_array_length(images);

	for (size_t i = 0; i < n && !l.cut; i++) {
		struct json_object *image = json_object_array_get_idx(images, i);
		const char *id = text_of(image, "Id");

		if (id == NULL)
			return value_unreadable("an image has no Id");
		if (!used_has(u, id))
			list_add(&l, name_of(a, image, id));
	}
	return list_finish(&l);
}

static int
set_unused(struct draft *d, const struct engine_inventory_input *in)
{
	_cleanup_(used_clear) struct used used = { 0 };
	const char *why;
	int r;

	if (in->images == NULL || in->containers == NULL) {
		why = in->images == NULL ? in->images_why : in->containers_why;
		draft_set(d, FACT_ENGINE_IMAGES_UNUSED, unreadable_printf(d->arena, "%s", why));
		return 0;
	}
	if (!json_object_is_type(in->containers, json_type_array) ||
	    !json_object_is_type(in->images, json_type_array)) {
		draft_set(d, FACT_ENGINE_IMAGES_UNUSED, value_unreadable(no_list));
		return 0;
	}
	r = used_read(&used, in->containers);
	if (r < 0)
		return r;
	draft_set(d, FACT_ENGINE_IMAGES_UNUSED,
	    r != 0 ? value_unreadable("a container has no ImageID")
		   : list_unused(d->arena, in->images, &used));
	return 0;
}

static struct value
count(struct arena *a, struct json_object *list, const char *why)
{
	if (list == NULL)
		return unreadable_printf(a, "%s", why);
	if (!json_object_is_type(list, json_type_array))
		return value_unreadable(no_list);
	return value_int((int64_t)json_object_array_length(list));
}

/* A paused container has processes, one that restarts will have. */
static bool
is_stopped(const char *state)
{
	static const char *const alive[] = { "running", "paused", "restarting" };

	for (size_t i = 0; i < ARRAY_SIZE(alive); i++) {
		if (strcmp(state, alive[i]) == 0)
			return false;
	}
	return true;
}

static struct value
count_stopped(struct arena *a, struct json_object *containers, const char *why)
{
	struct value all = count(a, containers, why);
	int64_t stopped = 0;

	if (all.type != VALUE_INT)
		return all;
	for (int64_t i = 0; i < all.integer; i++) {
		const char *state =
		    text_of(json_object_array_get_idx(containers, (size_t)i), "State");

		if (state == NULL)
			return value_unreadable("a container has no State");
		stopped += is_stopped(state);
	}
	return value_int(stopped);
}

static struct value
list_volumes(struct arena *a, struct json_object *volumes, const char *why)
{
	struct list_draft l = { .arena = a };
	struct json_object *list = NULL;
	struct value trouble;

	if (volumes == NULL)
		return unreadable_printf(a, "%s", why);
	switch (read_find(
	    a, volumes, "Volumes", json_type_array, READ_NULL_IS_EMPTY, &list, &trouble)) {
	case READ_FOUND:
		for (size_t i = 0; i < json_object_array_length(list) && !l.cut; i++)
			list_add(&l, read_string(a, json_object_array_get_idx(list, i), "Name", 0));
		return list_finish(&l);
	case READ_EMPTY:
		return value_list(NULL, 0);
	case READ_UNREADABLE:
		break;
	}
	return trouble;
}

int
build_engine_inventory(struct snapshot **ret, const struct engine_inventory_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	struct arena *a;
	int r;

	r = draft_init(&d, TOPIC_ENGINE_INVENTORY);
	if (r < 0)
		return r;
	a = d.arena;
	draft_set(&d, FACT_ENGINE_CONTAINERS, count(a, in->containers, in->containers_why));
	draft_set(&d, FACT_ENGINE_CONTAINERS_STOPPED,
	    count_stopped(a, in->containers, in->containers_why));
	draft_set(&d, FACT_ENGINE_IMAGES, count(a, in->images, in->images_why));
	draft_set(&d, FACT_ENGINE_VOLUMES, list_volumes(a, in->volumes, in->volumes_why));
	r = set_unused(&d, in);
	return r < 0 ? r : draft_finish(&d, ret);
}
