/* SPDX-License-Identifier: Apache-2.0
 *
 * What the collector's parts share. A question becomes a job; a timer starts jobs from the event
 * loop, a few at a time, so that a thousand of them don't hold it up. A topic is one function in
 * the table of collector.c: it ends the job at once, or asks the engine and ends it from there. */
#ifndef COLLECT_COLLECTOR_PRIVATE_H
#define COLLECT_COLLECTOR_PRIVATE_H

#include "collect/collector.h"
#include "collect/config_memory.h"
#include "collect/docker.h"
#include "collect/known.h"
#include "facts/build.h"

#include <sys/queue.h>

struct event;
struct json_object;
struct job;

enum {
	JOB_REPLIES = 3,
	GET_BUCKETS = 256,
};

/* An answer of the engine that is kept until others are here too. */
struct engine_reply {
	TAILQ_ENTRY(engine_reply) link; /* of those that wait for one GET */
	struct job *job;
	long status;
	struct json_object *json;
	char why[256]; /* "" when there is JSON */
};

typedef void job_fn(struct job *job);

struct job {
	TAILQ_ENTRY(job) link;
	struct collector *collector;
	uint64_t since; /* on the collector's own clock: what was sent by then is too old */
	job_fn *run;
	char *id;

	/* A topic of a subject. */
	enum topic topic;
	collector_done_fn *done;
	/* A list. */
	collector_list_fn *listed;
	/* An exec session of the container `id`. */
	char *exec;
	collector_exec_fn *exec_done;
	void *arg;

	/* Answers of the engine, in the order in which they were asked for. */
	struct engine_reply replies[JOB_REPLIES];
	unsigned n_replies, n_pending;
	job_fn *replied;
	/* What a topic keeps while it waits for something else; freed with the job. */
	void *extra;
	void (*extra_free)(void *extra);
};
TAILQ_HEAD(jobs, job);

/* A GET on its way, for all that asked for it before it was sent. */
struct get {
	LIST_ENTRY(get) link;
	struct collector *collector;
	char *path;
	uint64_t sent; /* on the collector's own clock */
	TAILQ_HEAD(, engine_reply) replies;
};

struct collector {
	struct event_base *base;
	struct docker *docker;
	struct host *host;
	struct follower *follower; /* of the host's links */
	struct aliases *aliases;   /* of what is bound elsewhere on the host */
	bool real_host;            /* the host's root is our own */
	struct event *start;
	struct jobs fresh, busy;
	LIST_HEAD(get_list, get) gets[GET_BUCKETS]; /* by their paths */
	struct get_list done;                       /* being told of */
	uint64_t now; /* counts what happens, to tell before from after */
	struct known known;
	/* Of the engine, as last seen; NULL: never. */
	char *data_root, *runtime;
	int told_by; /* its pid */
	struct config_memory config;
	struct collector_counters counters;
	uint64_t nonsense; /* replies of the right form and no sense */
	bool *gone;        /* set when the collector is freed by whom it calls */
};

struct job *job_new(struct collector *c, const char *id, void *arg); /* `id` may be NULL */
struct job *job_free(struct job *job); /* takes NULL, returns NULL; of no list any more */
void get_free(struct get *g);

/* Each ends the job: tells, and frees it. A `snapshot` is handed over. */
void job_finish(struct job *job, int r, struct snapshot *snapshot);
/* Of a builder's result: out of memory and nonsense become unreadable facts. */
void job_finish_built(struct job *job, int r, struct snapshot *snapshot);
void job_unreadable(struct job *job, const char *format, ...) _printf_(2, 3);
void job_gone(struct job *job);
void job_end_list(struct job *job, const char *why, const struct listed *items, size_t n);
/* Of the first reply, a JSON array; `read` returns false for what is no such thing. */
void job_end_list_of(
    struct job *job, const char *what, bool (*read)(struct listed *ret, struct json_object *item));
void job_end_exec(struct job *job, const struct value *exec, const char *why);

/* Asks the engine for more; `replied` is called when all that was asked for is in job->replies, at
 * once when it could not be asked. A GET of another job is shared, but not one that was sent by the
 * time that this job's answer must be newer than. */
void job_ask(struct job *job, const char *const *paths, unsigned n, job_fn *replied);
/* The reply's JSON; when there is none the job is ended, and NULL returned. */
struct json_object *job_reply(struct job *job, unsigned i);

/* Keeps what other topics need of GET /info. */
void engine_remember(struct collector *c, struct json_object *info);

/* Topics. */
job_fn collect_host_system, collect_host_mounts, collect_host_audit, collect_host_login;
job_fn collect_host_users, collect_host_services;
job_fn collect_engine_info, collect_engine_settings, collect_engine_bridge, collect_engine_units;
job_fn collect_engine_inventory;
job_fn collect_file_stat;
job_fn collect_image_inspect;
job_fn collect_container_inspect, collect_container_process;
/* Lists and exec sessions. */
job_fn collect_list_containers, collect_list_images, collect_exec;

enum {
	PROCESS_E_OTHER = 1,    /* it is in no cgroup of that container */
	PROCESS_E_HEADLESS = 2, /* its first thread has ended, and shows nothing; others go on */
};
/* The topic container.process of the live process that started at that tick (negative: at any). 0,
 * -ENOMEM, -ESRCH when there is no such process, or only its remains, PROCESS_E_..., or -errno when
 * that can't be told. */
int process_collect(
    struct snapshot **ret, const char *container, int pid, long long started, int engine_pid);
/* Words for a reason: strerror() of a negative errno. */
const char *reason(int r);
/* Where the links of a path lead, for builders: the context is a follower. */
struct value follow_to_value(void *follower, const char *path, struct arena *a);

#endif
