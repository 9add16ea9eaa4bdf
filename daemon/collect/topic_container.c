/* SPDX-License-Identifier: Apache-2.0
 *
 * container.inspect and container.process, and exec sessions. */
#include "collect/collector_private.h"
#include "collect/host_alias.h"
#include "collect/proc.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What other questions need of an inspection. */
static void
remember(struct collector *c, const char *id, const struct engine_reply *reply)
{
	struct json_object *state = NULL, *pid = NULL, *config = NULL, *user = NULL;
	struct known_container *k;

	if (reply->status == 404)
		known_forget(&c->known, id);
	k = reply->json == NULL ? NULL : known_add(&c->known, id);
	if (k == NULL)
		return;
	free(k->user);
	k->user = NULL;
	k->pid = 0;
	if (json_object_object_get_ex(reply->json, "State", &state) &&
	    json_object_object_get_ex(state, "Pid", &pid) &&
	    json_object_is_type(pid, json_type_int))
		k->pid = json_object_get_int(pid);
	if (k->pid > 0 && proc_started_ticks(k->pid, &k->started) < 0)
		k->pid = 0;
	if (json_object_object_get_ex(reply->json, "Config", &config) &&
	    json_object_object_get_ex(config, "User", &user) &&
	    json_object_is_type(user, json_type_string))
		k->user = strdup(json_object_get_string(user));
}

static void
inspect(struct job *job, job_fn *replied)
{
	char path[192];
	const char *const paths[] = { path };

	(void)snprintf(path, sizeof(path), "/containers/%s/json", job->id);
	job_ask(job, paths, 1, replied);
}

static struct value
other_name(void *context, const char *path, struct arena *a)
{
	_cleanup_(freep) char *name = NULL;
	const char *kept;
	int r = aliases_find(context, path, &name);

	if (r < 0)
		return value_unreadable(reason(r));
	kept = arena_strdup(a, name != NULL ? name : "");
	return kept == NULL ? value_unreadable("too large to keep") : value_string(kept);
}

/* Of the container, and of volumes where it has some. */
static void
finish_inspect(struct job *job)
{
	struct container_inspect_input in = {
		.inspect = job->replies[0].json,
		.follow = follow_to_value,
		.context = job->collector->follower,
		.other_name = other_name,
		.names_context = job->collector->aliases,
	};
	struct snapshot *snapshot = NULL;
	int r;

	if (job->n_replies > 1) {
		in.volumes = job->replies[1].json;
		in.volumes_why = job->replies[1].why;
	}
	r = build_container_inspect(&snapshot, &in);
	job_finish_built(job, r, snapshot);
}

/* Volumes of the driver "local" alone: others take no path of the host, and their plugins may be
 * slow. All that inspect containers at a time share the list. */
static void
on_inspect(struct job *job)
{
	static const char *const volumes[] = {
		"/volumes?filters=%7B%22driver%22%3A%5B%22local%22%5D%7D"
	};
	struct engine_reply *reply = &job->replies[0];

	remember(job->collector, job->id, reply);
	if (reply->status == 404)
		job_gone(job);
	else if (job_reply(job, 0) == NULL)
		return;
	else if (container_has_volumes(reply->json))
		job_ask(job, volumes, ARRAY_SIZE(volumes), finish_inspect);
	else
		finish_inspect(job);
}

void
collect_container_inspect(struct job *job)
{
	inspect(job, on_inspect);
}

/* --- container.process --- */

/* What process_collect() says; the job is ended when that is 0 or -ENOMEM, and goes on else. */
static int
finish_from_process(struct job *job, int pid, long long started)
{
	struct snapshot *snapshot = NULL;
	int r =
	    process_collect(&snapshot, job->id, pid, started, docker_pid(job->collector->docker));

	if (r == 0 || r == -ENOMEM)
		job_finish_built(job, r, snapshot);
	return r;
}

static void
finish_absent(struct job *job)
{
	struct snapshot *snapshot = snapshot_absent(job->topic);

	job_finish(job, snapshot == NULL ? -ENOMEM : 0, snapshot);
}

/* State.Pid; -1: there is no sense in it. */
static int
pid_of(struct json_object *inspect)
{
	struct json_object *state = NULL, *pid = NULL;

	if (!json_object_object_get_ex(inspect, "State", &state) ||
	    !json_object_object_get_ex(state, "Pid", &pid) ||
	    !json_object_is_type(pid, json_type_int))
		return -1;
	return json_object_get_int(pid);
}

static void
on_inspect_for_process(struct job *job)
{
	int r, pid;

	remember(job->collector, job->id, &job->replies[0]);
	if (job->replies[0].status == 404) {
		job_gone(job);
		return;
	}
	if (job_reply(job, 0) == NULL)
		return;
	pid = pid_of(job->replies[0].json);
	if (pid <= 0) {
		if (pid == 0)
			finish_absent(job);
		else
			job_finish_built(job, BUILD_E_NONSENSE, NULL);
		return;
	}
	/* The engine has just said so. */
	r = finish_from_process(job, pid, -1);
	if (r == PROCESS_E_OTHER)
		job_unreadable(job, "process %d is in no cgroup of the container", pid);
	else if (r == PROCESS_E_HEADLESS)
		job_unreadable(
		    job, "the first thread of process %d has ended, and others go on", pid);
	else if (r == -ESRCH)
		finish_absent(job); /* it has ended since */
	else if (r < 0 && r != -ENOMEM)
		job_unreadable(job, "/proc/<pid>: %s", reason(r));
}

/* The process of the last inspection will do if it lives and is still the container's. One that
 * had none may have been started since. */
void
collect_container_process(struct job *job)
{
	struct known_container *k = known_find(&job->collector->known, job->id);
	const char *why;
	int r;

	if (!docker_alive(job->collector->docker, &why)) {
		job_unreadable(job, "no engine: %s", why);
		return;
	}
	if (k != NULL && k->pid > 0) {
		r = finish_from_process(job, k->pid, k->started);
		if (r == 0 || r == -ENOMEM)
			return;
	}
	inspect(job, on_inspect_for_process);
}

/* --- exec sessions --- */

/* Left out, or null: false and "". False: it is of another type. */
static bool
exec_field(struct json_object *of, const char *name, struct value *ret)
{
	struct json_object *v = NULL;

	if (!json_object_object_get_ex(of, name, &v) || v == NULL)
		return true;
	if (ret->type == VALUE_BOOL && json_object_is_type(v, json_type_boolean)) {
		ret->boolean = json_object_get_boolean(v);
		return true;
	}
	if (ret->type == VALUE_STRING && json_object_is_type(v, json_type_string)) {
		*ret =
		    value_stringn(json_object_get_string(v), (size_t)json_object_get_string_len(v));
		return true;
	}
	return false;
}

/* A session that names no user runs as the container's. Where that is not known any more, both are
 * empty: the session asked for nothing else. */
static void
tell_exec(struct job *job, const char *default_user)
{
	struct json_object *json = job->replies[0].json, *process = NULL;
	struct value privileged = value_bool(false), user = value_string("");
	struct value standard = value_string(default_user != NULL ? default_user : "");

	if (!json_object_object_get_ex(json, "ProcessConfig", &process) ||
	    !json_object_is_type(process, json_type_object) ||
	    !exec_field(process, "privileged", &privileged) ||
	    !exec_field(process, "user", &user)) {
		job->collector->nonsense++;
		job_end_exec(job, NULL, "the engine's reply makes no sense");
		return;
	}
	const struct value_entry fields[] = {
		{ value_string("id"), value_string(job->exec) },
		{ value_string("privileged"), privileged },
		{ value_string("user"), user.len > 0 ? user : standard },
		{ value_string("default_user"), standard },
		{ value_string("time"), value_int(time(NULL)) },
	};
	const struct value record = value_map(fields, ARRAY_SIZE(fields));

	job_end_exec(job, &record, NULL);
}

static void
on_inspect_for_exec(struct job *job)
{
	struct known_container *k;

	remember(job->collector, job->id, &job->replies[1]);
	k = known_find(&job->collector->known, job->id);
	tell_exec(job, k != NULL ? k->user : NULL);
}

static void
on_exec(struct job *job)
{
	struct known_container *k = known_find(&job->collector->known, job->id);

	if (job->replies[0].status == 404)
		job_end_exec(job, NULL, "the engine has forgotten the session");
	else if (job->replies[0].json == NULL)
		job_end_exec(job, NULL, job->replies[0].why);
	else if (k != NULL && k->user != NULL)
		tell_exec(job, k->user); /* a container's user never changes */
	else
		inspect(job, on_inspect_for_exec);
}

void
collect_exec(struct job *job)
{
	char path[160];
	const char *const paths[] = { path };

	(void)snprintf(path, sizeof(path), "/exec/%s/json", job->exec);
	job_ask(job, paths, 1, on_exec);
}

/* --- the list --- */

/* Names have a slash before them; links of other containers have one within. */
static const char *
name_of(struct json_object *names)
{
	struct json_object *name;
	const char *text;

	if (!json_object_is_type(names, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		name = json_object_array_get_idx(names, i);
		text =
		    json_object_is_type(name, json_type_string) ? json_object_get_string(name) : "";
		if (text[0] == '/' && text[1] != '\0' && strchr(text + 1, '/') == NULL)
			return text + 1;
	}
	return NULL;
}

/* A container in the making, or one that the engine could not remove as a whole, may have no
 * name. */
static bool
read_listed(struct listed *ret, struct json_object *item)
{
	struct json_object *id = NULL, *names = NULL, *image = NULL;

	if (!json_object_object_get_ex(item, "Id", &id) ||
	    !json_object_is_type(id, json_type_string) || json_object_get_string_len(id) == 0)
		return false;
	(void)json_object_object_get_ex(item, "Names", &names);
	(void)json_object_object_get_ex(item, "Image", &image);
	ret->id = json_object_get_string(id);
	ret->name = name_of(names);
	if (ret->name == NULL)
		ret->name = ret->id;
	ret->image =
	    json_object_is_type(image, json_type_string) ? json_object_get_string(image) : NULL;
	return true;
}

static void
on_containers(struct job *job)
{
	job_end_list_of(job, "containers", read_listed);
}

void
collect_list_containers(struct job *job)
{
	static const char *const paths[] = { "/containers/json?all=1" };

	job_ask(job, paths, 1, on_containers);
}
