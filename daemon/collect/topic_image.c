/* SPDX-License-Identifier: Apache-2.0
 *
 * image.inspect, and the list of images. */
#include "collect/collector_private.h"
#include "util/clock.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

/* The engine's filter goes by descent: containers of images built upon this one are among them. */
static bool
is_in_use(struct json_object *containers, const char *id)
{
	struct json_object *image = NULL;

	for (size_t i = 0; i < json_object_array_length(containers); i++)
		if (json_object_object_get_ex(
			json_object_array_get_idx(containers, i), "ImageID", &image) &&
		    json_object_is_type(image, json_type_string) &&
		    strcmp(json_object_get_string(image), id) == 0)
			return true;
	return false;
}

static void
on_image(struct job *job)
{
	struct json_object *image, *containers = job->replies[1].json;
	const char *why = job->replies[1].why;
	struct snapshot *snapshot = NULL;
	bool in_use = false;
	int r;

	if (job->replies[0].status == 404) {
		job_gone(job);
		return;
	}
	image = job_reply(job, 0);
	if (image == NULL)
		return;
	if (json_object_is_type(containers, json_type_array))
		in_use = is_in_use(containers, job->id);
	else if (containers != NULL) {
		containers = NULL;
		why = "the engine's list of containers makes no sense";
	}
	r = build_image_inspect(
	    &snapshot, image, containers != NULL ? &in_use : NULL, why, clock_realtime_ms());
	job_finish_built(job, r, snapshot);
}

void
collect_image_inspect(struct job *job)
{
	char image[192], containers[320];
	const char *const paths[] = { image, containers };

	(void)snprintf(image, sizeof(image), "/images/%s/json", job->id);
	/* {"ancestor":["ID"]} */
	(void)snprintf(containers, sizeof(containers),
	    "/containers/json?all=1&filters=%%7B%%22ancestor%%22%%3A%%5B%%22%s%%22%%5D%%7D",
	    job->id);
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
