/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics of the engine that the API alone tells: engine.info, engine.bridge, engine.inventory. */
#include "collect/collector_private.h"
#include "collect/host.h"
#include "collect/host_follow.h"
#include "collect/proc.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
	SECCOMP_MAX = 1024 * 1024,
};

static const char *
text_at(struct json_object *json, const char *a, const char *b, const char *c)
{
	const char *const path[] = { a, b, c };

	for (size_t i = 0; i < 3 && path[i] != NULL; i++)
		if (!json_object_object_get_ex(json, path[i], &json))
			return NULL;
	return json_object_is_type(json, json_type_string) ? json_object_get_string(json) : NULL;
}

static void
keep(char **at, const char *text)
{
	free(*at);
	*at = text != NULL ? strdup(text) : NULL;
}

void
engine_remember(struct collector *c, struct json_object *info)
{
	const char *standard = text_at(info, "DefaultRuntime", NULL, NULL);

	keep(&c->data_root, text_at(info, "DockerRootDir", NULL, NULL));
	keep(&c->runtime, standard != NULL ? text_at(info, "Runtimes", standard, "path") : NULL);
	c->told_by = docker_pid(c->docker);
}

/* dockerd reads the file when it starts, and never again. */
static const char *
why_not_as_read(const struct collector *c, const char *path)
{
	int pid = docker_pid(c->docker);
	struct follow_change change;
	int64_t started;
	int r;

	if (pid <= 0 || proc_started_ms(pid, &started) < 0)
		return "when dockerd started is not known";
	r = follower_change(c->follower, path, &change);
	if (r < 0)
		return reason(r);
	return change.changed_ms > started
		   ? "it was written after dockerd started, or got another mode; what is in force "
		     "cannot be told until dockerd is restarted"
		   : NULL;
}

static char *
read_profile(struct engine_profile_input *in, const struct collector *c, struct json_object *info)
{
	char path[PATH_MAX], *text = NULL;
	int r;

	if (!engine_profile_path(info, path, sizeof(path)))
		return NULL;
	r = host_read(c->host, path, SECCOMP_MAX, &text, NULL);
	in->why = r < 0 ? reason(r) : why_not_as_read(c, path);
	in->text = in->why == NULL ? text : NULL;
	return text;
}

static void
on_info(struct job *job)
{
	struct engine_profile_input profile = { 0 };
	_cleanup_(freep) char *text = NULL;
	struct json_object *version, *info;
	struct snapshot *snapshot = NULL;
	int r;

	version = job_reply(job, 0);
	info = version != NULL ? job_reply(job, 1) : NULL;
	if (info == NULL)
		return;
	engine_remember(job->collector, info);
	text = read_profile(&profile, job->collector, info);
	r = build_engine_info(&snapshot, version, info, &profile);
	job_finish_built(job, r, snapshot);
}

void
collect_engine_info(struct job *job)
{
	static const char *const paths[] = { "/version", "/info" };

	job_ask(job, paths, 2, on_info);
}

static void
on_bridge(struct job *job)
{
	struct json_object *bridge = NULL;
	struct snapshot *snapshot = NULL;
	int r;

	if (job->replies[0].status != 404) {
		bridge = job_reply(job, 0);
		if (bridge == NULL)
			return;
	}
	r = build_engine_bridge(&snapshot, bridge);
	job_finish_built(job, r, snapshot);
}

void
collect_engine_bridge(struct job *job)
{
	static const char *const paths[] = { "/networks/bridge" };

	job_ask(job, paths, 1, on_bridge);
}

/* --- engine.inventory --- */

static const char *
why_of(const struct engine_reply *reply)
{
	return reply->json == NULL ? reply->why : NULL;
}

static void
on_inventory(struct job *job)
{
	const struct engine_inventory_input in = {
		.containers = job->replies[0].json,
		.images = job->replies[1].json,
		.volumes = job->replies[2].json,
		.containers_why = why_of(&job->replies[0]),
		.images_why = why_of(&job->replies[1]),
		.volumes_why = why_of(&job->replies[2]),
	};
	struct snapshot *snapshot = NULL;
	int r = build_engine_inventory(&snapshot, &in);

	job_finish_built(job, r, snapshot);
}

void
collect_engine_inventory(struct job *job)
{
	static const char *const paths[] = { "/containers/json?all=1", "/images/json", "/volumes" };

	job_ask(job, paths, 3, on_inventory);
}
