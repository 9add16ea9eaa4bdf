/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/collector_private.h"
#include "collect/host.h"
#include "collect/host_alias.h"
#include "collect/host_follow.h"
#include "util/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <string.h>

enum {
	SLICE_MS = 10, /* jobs are started for so long before other events get their turn */
};

/* Topics that nothing is collected of are not in the table. */
static job_fn *const topics[_TOPICS] = {
	[TOPIC_HOST_SYSTEM] = collect_host_system,
	[TOPIC_HOST_MOUNTS] = collect_host_mounts,
	[TOPIC_HOST_AUDIT] = collect_host_audit,
	[TOPIC_HOST_USERS] = collect_host_users,
	[TOPIC_HOST_LOGIN] = collect_host_login,
	[TOPIC_HOST_SERVICES] = collect_host_services,
	[TOPIC_ENGINE_INFO] = collect_engine_info,
	[TOPIC_ENGINE_SETTINGS] = collect_engine_settings,
	[TOPIC_ENGINE_BRIDGE] = collect_engine_bridge,
	[TOPIC_ENGINE_UNITS] = collect_engine_units,
	[TOPIC_ENGINE_INVENTORY] = collect_engine_inventory,
	[TOPIC_FILE_STAT] = collect_file_stat,
	[TOPIC_IMAGE_INSPECT] = collect_image_inspect,
	[TOPIC_CONTAINER_INSPECT] = collect_container_inspect,
	[TOPIC_CONTAINER_PROCESS] = collect_container_process,
};

static job_fn *const lists[_SUBJECT_KINDS] = {
	[SUBJECT_IMAGE] = collect_list_images,
	[SUBJECT_CONTAINER] = collect_list_containers,
};

/* Ids go into URLs. */
static bool
is_id(const char *id)
{
	size_t len =
	    strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.:-");

	return len > 0 && len <= 128 && id[len] == '\0' && id[0] != '.';
}

static bool
needs_id(const struct job *job)
{
	enum subject_kind kind = topic_table[job->topic].kind;

	return job->exec != NULL ||
	       (job->done != NULL && (kind == SUBJECT_CONTAINER || kind == SUBJECT_IMAGE));
}

static void
refuse_job(struct job *job)
{
	static const char why[] = "not an id";

	if (job->exec_done != NULL)
		job_end_exec(job, NULL, why);
	else
		job_unreadable(job, "%s", why);
}

static void
run_job(struct job *job)
{
	if (needs_id(job) && (!is_id(job->id) || (job->exec != NULL && !is_id(job->exec))))
		refuse_job(job);
	else if (job->run != NULL)
		job->run(job);
	else if (job->listed != NULL)
		job_end_list(job, NULL, NULL, 0);
	else
		job_unreadable(job, "not collected yet");
}

static void
start_jobs(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once;
	struct collector *c = arg;
	int64_t end = clock_monotonic_ms() + SLICE_MS;
	bool gone = false;
	struct job *job;

	c->gone = &gone;
	while ((job = TAILQ_FIRST(&c->fresh)) != NULL && clock_monotonic_ms() <= end) {
		TAILQ_REMOVE(&c->fresh, job, link);
		TAILQ_INSERT_TAIL(&c->busy, job, link);
		run_job(job);
		if (gone)
			return;
	}
	c->gone = NULL;
	if (!TAILQ_EMPTY(&c->fresh))
		(void)event_add(c->start, &at_once);
}

int
collector_new(struct collector **ret, const struct collector_config *config)
{
	_cleanup_(collector_freep) struct collector *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL)
		return -ENOMEM;
	c->base = config->base;
	TAILQ_INIT(&c->fresh);
	TAILQ_INIT(&c->busy);
	c->start = evtimer_new(c->base, start_jobs, c);
	if (c->start == NULL)
		return -ENOMEM;
	r = docker_new(&c->docker, c->base, config->engine_socket, config->parallel);
	if (r < 0)
		return r;
	r = host_new(&c->host, config->host_root);
	if (r < 0)
		return r;
	c->real_host = *host_root(c->host) == '\0';
	r = follower_new(&c->follower, c->host);
	if (r < 0)
		return r;
	r = aliases_new(&c->aliases, c->host);
	if (r < 0)
		return r;
	r = config->state == NULL ? 0 : config_memory_keep(&c->config, config->state);
	if (r < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

static void
free_jobs(struct jobs *list)
{
	struct job *job;

	while ((job = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, job, link);
		(void)job_free(job);
	}
}

struct collector *
collector_free(struct collector *c)
{
	if (c == NULL)
		return NULL;
	if (c->gone != NULL)
		*c->gone = true;
	c->docker = docker_free(c->docker);
	for (unsigned i = 0; i < GET_BUCKETS; i++)
		while (!LIST_EMPTY(&c->gets[i]))
			get_free(LIST_FIRST(&c->gets[i]));
	while (!LIST_EMPTY(&c->done))
		get_free(LIST_FIRST(&c->done));
	free_jobs(&c->fresh);
	free_jobs(&c->busy);
	if (c->start != NULL)
		event_free(c->start);
	known_deinit(&c->known);
	c->follower = follower_free(c->follower);
	c->aliases = aliases_free(c->aliases);
	c->host = host_free(c->host);
	free(c->data_root);
	free(c->runtime);
	config_memory_deinit(&c->config);
	free(c);
	return NULL;
}

/* The job is started by the event loop. */
static int
submit(struct job *job)
{
	static const struct timeval at_once;
	struct collector *c = job->collector;

	if (TAILQ_EMPTY(&c->fresh) && event_add(c->start, &at_once) < 0) {
		(void)job_free(job);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&c->fresh, job, link);
	return 0;
}

uint64_t
collector_now(const struct collector *c)
{
	return c->now;
}

int
collector_collect(struct collector *c, enum subject_kind kind, const char *id, enum topic topic,
    uint64_t since, collector_done_fn *done, void *arg)
{
	struct job *job = job_new(c, id, arg);

	if (job == NULL)
		return -ENOMEM;
	job->since = since;
	job->topic = topic;
	job->done = done;
	job->run = topics[topic];
	c->counters.collections++;
	return submit(job);
}

int
collector_list(struct collector *c, enum subject_kind kind, collector_list_fn *done, void *arg)
{
	struct job *job = job_new(c, NULL, arg);

	if (job == NULL)
		return -ENOMEM;
	job->listed = done;
	job->run = lists[kind];
	return submit(job);
}

int
collector_exec(struct collector *c, const char *container, const char *exec,
    collector_exec_fn *done, void *arg)
{
	struct job *job = job_new(c, container, arg);

	if (job == NULL)
		return -ENOMEM;
	job->exec = strdup(exec);
	if (job->exec == NULL) {
		(void)job_free(job);
		return -ENOMEM;
	}
	job->exec_done = done;
	job->run = collect_exec;
	return submit(job);
}

const struct collector_counters *
collector_counters(struct collector *c)
{
	const struct docker_counters *d = docker_counters(c->docker);

	c->counters.api_calls = d->calls;
	c->counters.api_errors = d->errors + c->nonsense;
	return &c->counters;
}

bool
collector_engine_alive(struct collector *c)
{
	return docker_alive(c->docker, NULL);
}

struct docker *
collector_docker(struct collector *c)
{
	return c->docker;
}

struct host *
collector_host(struct collector *c)
{
	return c->host;
}
