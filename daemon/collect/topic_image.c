/* SPDX-License-Identifier: Apache-2.0
 *
 * image.inspect, and the list of images. */
#include "collect/collector_private.h"
#include "util/clock.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static const char *
text_of(struct json_object *object, const char *name)
{
	struct json_object *text = NULL;

	return json_object_object_get_ex(object, name, &text) &&
		       json_object_is_type(text, json_type_string)
		   ? json_object_get_string(text)
		   : NULL;
}

/* By the image's own id: the subject may have been named otherwise. NULL, or why it can't be told.
 */
static const char *
look_for_use(bool *ret, struct json_object *image, const struct engine_reply *containers)
{
	const char *id = text_of(image, "Id"), *of;

	*ret = false;
	if (containers->json == NULL)
		return containers->why;
	if (!json_object_is_type(containers->json, json_type_array))
		return "the engine's list of containers makes no sense";
	if (id == NULL)
		return "the image has no Id";
	for (size_t i = 0; i < json_object_array_length(containers->json); i++) {
		of = text_of(json_object_array_get_idx(containers->json, i), "ImageID");
		if (of == NULL)
			return "a container has no ImageID";
		*ret |= strcmp(of, id) == 0;
	}
	return NULL;
}

static void
on_image(struct job *job)
{
	struct snapshot *snapshot = NULL;
	struct json_object *image;
	const char *why;
	bool in_use;
	int r;

	if (job->replies[0].status == 404) {
		job_gone(job);
		return;
	}
	image = job_reply(job, 0);
	if (image == NULL)
		return;
	why = look_for_use(&in_use, image, &job->replies[1]);
	r = build_image_inspect(
	    &snapshot, image, why == NULL ? &in_use : NULL, why, clock_realtime_ms());
	job_finish_built(job, r, snapshot);
}

/* The whole list of containers, which all images that are asked for together share: the engine's
 * filter by ancestor costs it as much for each, and goes by ids that a store of another kind has
 * not. */
void
collect_image_inspect(struct job *job)
{
	char image[192];
	const char *const paths[] = { image, "/containers/json?all=1" };

	(void)snprintf(image, sizeof(image), "/images/%s/json", job->id);
	job_ask(job, paths, 2, on_image);
}

/* --- the list --- */

/* An image without a name is known by its digest at least; "<none>:<none>" is none. */
static const char *
name_of(struct json_object *tags)
{
	struct json_object *tag;

	if (!json_object_is_type(tags, json_type_array) || json_object_array_length(tags) == 0)
		return NULL;
	tag = json_object_array_get_idx(tags, 0);
	if (!json_object_is_type(tag, json_type_string) ||
	    strcmp(json_object_get_string(tag), "<none>:<none>") == 0)
		return NULL;
	return json_object_get_string(tag);
}

static bool
read_listed(struct listed *ret, struct json_object *item)
{
	struct json_object *id = NULL, *tags = NULL;

	if (!json_object_object_get_ex(item, "Id", &id) ||
	    !json_object_is_type(id, json_type_string) || json_object_get_string_len(id) == 0)
		return false;
	(void)json_object_object_get_ex(item, "RepoTags", &tags);
	ret->id = json_object_get_string(id);
	ret->name = name_of(tags);
	if (ret->name == NULL)
		ret->name = ret->id;
	ret->image = NULL;
	return true;
}

static void
on_images(struct job *job)
{
	job_end_list_of(job, "images", read_listed);
}

void
collect_list_images(struct job *job)
{
	static const char *const paths[] = { "/images/json" };

	job_ask(job, paths, 1, on_images);
}
