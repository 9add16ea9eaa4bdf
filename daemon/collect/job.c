/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/collector_private.h"
#include "collect/host_follow.h"
#include "util/utf8.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *
reason(int r)
{
	return r == -ENOBUFS ? "too many requests wait for the engine" : strerror(-r);
}

struct value
follow_to_value(void *follower, const char *path, struct arena *a)
{
	_cleanup_(freep) char *there = NULL;
	const char *kept;
	int r = follower_follow(follower, path, &there);

	if (r < 0)
		return value_unreadable(reason(r));
	kept = arena_strdup(a, there);
	return kept == NULL ? value_unreadable("too large to keep") : value_string(kept);
}

struct job *
job_new(struct collector *c, const char *id, void *arg)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->collector = c;
	job->since = c->now;
	job->arg = arg;
	job->id = strdup(id != NULL ? id : "");
	return job->id != NULL ? job : job_free(job);
}

struct job *
job_free(struct job *job)
{
	if (job == NULL)
		return NULL;
	for (unsigned i = 0; i < JOB_REPLIES; i++)
		json_object_put(job->replies[i].json);
	if (job->extra_free != NULL)
		job->extra_free(job->extra);
	free(job->id);
	free(job->exec);
	free(job);
	return NULL;
}

/* Out of all lists first: who is told may free the collector with all that is in them. */
static void
leave(struct job *job)
{
	TAILQ_REMOVE(&job->collector->busy, job, link);
}

void
job_finish(struct job *job, int r, struct snapshot *snapshot)
{
	leave(job);
	job->done(job->arg, r, snapshot);
	(void)job_free(job);
}

void
job_gone(struct job *job)
{
	job_finish(job, COLLECT_E_GONE, NULL);
}

void
job_unreadable(struct job *job, const char *format, ...)
{
	struct snapshot *snapshot;
	char why[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	utf8_mend(why);
	snapshot = snapshot_unreadable(job->topic, why);
	job_finish(job, snapshot == NULL ? -ENOMEM : 0, snapshot);
}

void
job_finish_built(struct job *job, int r, struct snapshot *snapshot)
{
	if (r == 0) {
		job_finish(job, 0, snapshot);
	} else if (r == BUILD_E_NONSENSE) {
		job->collector->nonsense++;
		job_unreadable(job, "the engine's reply makes no sense");
	} else {
		job_unreadable(job, "%s", reason(r));
	}
}

void
job_end_list(struct job *job, const char *why, const struct listed *items, size_t n)
{
	leave(job);
	job->listed(job->arg, why, items, n);
	(void)job_free(job);
}

/* Ids in the list are those that are left. */
static void
forget_others(struct known *known, const struct listed *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		known_mark_listed(known, items[i].id);
	known_forget_unlisted(known);
}

void
job_end_list_of(
    struct job *job, const char *what, bool (*read)(struct listed *ret, struct json_object *item))
{
	_cleanup_(freep) struct listed *items = NULL;
	struct json_object *json = job->replies[0].json;
	char why[64];
	size_t n = 0, i = 0;

	if (json == NULL) {
		job_end_list(job, job->replies[0].why, NULL, 0);
		return;
	}
	if (json_object_is_type(json, json_type_array)) {
		n = json_object_array_length(json);
		items = calloc(n + 1, sizeof(*items));
	}
	while (items != NULL && i < n && read(&items[i], json_object_array_get_idx(json, i)))
		i++;
	if (items == NULL || i < n) {
		job->collector->nonsense++;
		(void)snprintf(why, sizeof(why), "the engine's list of %s makes no sense", what);
		job_end_list(job, why, NULL, 0);
		return;
	}
	if (job->run == collect_list_containers)
		forget_others(&job->collector->known, items, n);
	job_end_list(job, NULL, items, n);
}

void
job_end_exec(struct job *job, const struct value *exec, const char *why)
{
	leave(job);
	job->exec_done(job->arg, exec, why);
	(void)job_free(job);
}

/* --- questions to the engine --- */

void
get_free(struct get *g)
{
	LIST_REMOVE(g, link);
	free(g->path);
	free(g);
}

static unsigned
bucket_of(const char *path)
{
	uint32_t h = 2166136261; /* FNV-1a */

	for (; *path != '\0'; path++)
		h = (h ^ (uint8_t)*path) * 16777619;
	return h % GET_BUCKETS;
}

static void
answer(struct engine_reply *reply, long status, struct json_object *json, const char *why)
{
	reply->status = status;
	reply->json = json_object_get(json);
	(void)snprintf(reply->why, sizeof(reply->why), "%s", why != NULL ? why : "");
	reply->job->n_pending--;
}

static void
get_done(void *arg, long status, struct json_object *json, const char *why)
{
	struct get *g = arg;
	struct collector *c = g->collector;
	struct engine_reply *reply;
	bool gone = false;

	/* Nobody joins it from now on. */
	LIST_REMOVE(g, link);
	LIST_INSERT_HEAD(&c->done, g, link);
	c->gone = &gone;
	while ((reply = TAILQ_FIRST(&g->replies)) != NULL) {
		TAILQ_REMOVE(&g->replies, reply, link);
		answer(reply, status, json, why);
		if (reply->job->n_pending == 0)
			reply->job->replied(reply->job);
		if (gone)
			return;
	}
	c->gone = NULL;
	get_free(g);
}

static int
get_send(struct get **ret, struct collector *c, const char *path)
{
	struct get *g = calloc(1, sizeof(*g));
	int r = -ENOMEM;

	if (g == NULL)
		return r;
	g->collector = c;
	g->sent = ++c->now;
	TAILQ_INIT(&g->replies);
	LIST_INSERT_HEAD(&c->gets[bucket_of(path)], g, link);
	g->path = strdup(path);
	if (g->path != NULL)
		r = docker_get(c->docker, path, get_done, g);
	if (r < 0) {
		get_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

/* The newest of a path stands first. */
static struct get *
get_find(struct collector *c, const char *path)
{
	struct get *g;

	LIST_FOREACH(g, &c->gets[bucket_of(path)], link)
	if (strcmp(g->path, path) == 0)
		return g;
	return NULL;
}

static void
ask(struct job *job, const char *path)
{
	struct engine_reply *reply = &job->replies[job->n_replies++];
	struct get *g = get_find(job->collector, path);
	int r = 0;

	reply->job = job;
	job->n_pending++;
	if (g == NULL || g->sent <= job->since)
		r = get_send(&g, job->collector, path);
	if (r < 0)
		answer(reply, 0, NULL, reason(r));
	else
		TAILQ_INSERT_TAIL(&g->replies, reply, link);
}

void
job_ask(struct job *job, const char *const *paths, unsigned n, job_fn *replied)
{
	job->replied = replied;
	for (unsigned i = 0; i < n; i++)
		ask(job, paths[i]);
	if (job->n_pending == 0)
		replied(job);
}

struct json_object *
job_reply(struct job *job, unsigned i)
{
	if (job->replies[i].json != NULL)
		return job->replies[i].json;
	job_unreadable(job, "%s", job->replies[i].why);
	return NULL;
}
