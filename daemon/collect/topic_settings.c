/* SPDX-License-Identifier: Apache-2.0
 *
 * The raw input of engine.settings: how dockerd was started, and the files around it. */
#include "collect/collector_private.h"
#include "collect/host.h"
#include "collect/host_follow.h"
#include "collect/listening.h"
#include "collect/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	CMDLINE_MAX = 1024 * 1024,
	ENVIRON_MAX = 1024 * 1024,
	CONFIG_MAX = 1024 * 1024,
	GROUP_MAX = 16 * 1024 * 1024,
	PROCESS_AGAIN_MS = 1000,
	KEY_MADE_MS = 20, /* a file and its folder change in one call, within two ticks */
};

struct raw {
	char *cmdline, *environ, *config, *exe, *containerd, *runc, *group;
	struct listening listening;
};

static void
raw_clear(struct raw *raw)
{
	free(raw->cmdline);
	free(raw->environ);
	free(raw->config);
	free(raw->exe);
	free(raw->containerd);
	free(raw->runc);
	free(raw->group);
	listening_clear(&raw->listening);
}

static void
read_start(struct engine_settings_input *in, struct config_memory *m, int pid)
{
	long long ticks;
	int64_t ms;

	if (proc_started_ms(pid, &ms) == 0 && proc_started_ticks(pid, &ticks) == 0)
		in->process_started_ms = config_memory_started(m, pid, ticks, ms);
}

static void
read_process(struct engine_settings_input *in, struct raw *raw, int pid)
{
	static const char *const none[] = { NULL };
	int r;

	r = proc_read(pid, "cmdline", CMDLINE_MAX, &raw->cmdline, &in->cmdline_len);
	/* What has ended shows an empty command line, which is not one without flags. */
	if (r == 0 && in->cmdline_len == 0)
		r = -ESRCH;
	if (r < 0)
		in->process_why = reason(r);
	in->cmdline = r < 0 ? NULL : raw->cmdline;
	r = proc_read(pid, "environ", ENVIRON_MAX, &raw->environ, &in->environ_len);
	if (r < 0)
		in->process_why = reason(r);
	in->environ = raw->environ;
	if (proc_exe(pid, &raw->exe) == 0)
		in->exe = raw->exe;
	r = listening_read(&raw->listening, pid);
	if (r < 0) {
		in->listening_why = reason(r);
		return;
	}
	/* None is a list too. */
	in->listening =
	    raw->listening.addresses != NULL ? (const char *const *)raw->listening.addresses : none;
	in->n_listening = raw->listening.n;
	in->listening_paths = (const char *const *)raw->listening.paths;
	in->n_listening_paths = raw->listening.n_paths;
}

/* At its first start an engine before 24 makes its key in the file's folder, which it may have to
 * make as well. That is the folder's last change, then, and no file was taken away by it. */
static bool
is_own_change(const struct host *host, const struct follow_change *change)
{
	char path[PATH_MAX];
	struct stat st;
	int64_t before;

	if (snprintf(path, sizeof(path), "%s/key.json", change->folder) >= (int)sizeof(path) ||
	    host_stat(host, path, &st) < 0)
		return false;
	before = change->changed_ms - (st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000);
	return before >= 0 && before <= KEY_MADE_MS;
}

static void
read_change(struct engine_settings_input *in, const struct collector *c, const char *path)
{
	const bool there = in->config != NULL || in->config_why != NULL;
	struct follow_change change;

	if (follower_change(c->follower, path, &change) < 0 || change.missing == there)
		return;
	in->config_changed_ms = change.changed_ms;
	if (!change.missing)
		return;
	(void)snprintf(in->config_folder, sizeof(in->config_folder), "%s", change.folder);
	if (change.changed_ms > in->process_started_ms && is_own_change(c->host, &change))
		in->config_changed_ms = in->process_started_ms;
}

/* When it changed is asked last: a change in between counts as one. */
static void
read_config(struct engine_settings_input *in, struct raw *raw, const struct collector *c)
{
	char path[PATH_MAX];
	int r;

	engine_config_path(in->cmdline, in->cmdline_len, path, sizeof(path));
	if (path[0] != '/') {
		in->config_why = "its path is relative to where dockerd was started";
		return;
	}
	r = host_read(c->host, path, CONFIG_MAX, &raw->config, NULL);
	if (r < 0 && r != -ENOENT)
		in->config_why = reason(r);
	in->config = in->config_now = raw->config;
	read_change(in, c, path);
}

/* --- programs --- */

/* Where dockerd's PATH leads, as seen from the root. NULL: nowhere, or `why` says why not. */
static char *
find_program(const struct host *host, const char *name, const char **why)
{
	static const char *const folders[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
		"/usr/bin", "/sbin", "/bin" };
	char path[128], *real;
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(folders) && (r == -ENOENT || r == -ENOTDIR); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		r = host_realpath(host, path, &real);
	}
	if (r == 0)
		return real;
	if (r != -ENOENT && r != -ENOTDIR)
		*why = reason(r);
	return NULL;
}

static bool
is_child_of(void *arg, int pid)
{
	return proc_parent(pid) == *(const int *)arg;
}

/* dockerd starts one of its own, or uses the system's. */
static char *
find_containerd(const struct host *host, int engine_pid, const char **why)
{
	int init = 1, pid = 0;
	char *exe;

	if (engine_pid > 0)
		pid = proc_find("containerd", is_child_of, &engine_pid);
	if (pid == 0)
		pid = proc_find("containerd", is_child_of, &init);
	if (pid > 0 && proc_exe(pid, &exe) == 0)
		return exe;
	if (pid >= 0)
		return find_program(host, "containerd", why);
	*why = reason(pid);
	return NULL;
}

static char *
find_runc(const struct host *host, const char *runtime, const char **why)
{
	char *real;

	if (runtime != NULL && runtime[0] == '/' && host_realpath(host, runtime, &real) == 0)
		return real;
	return find_program(host, "runc", why);
}

void
collect_engine_settings(struct job *job)
{
	struct collector *c = job->collector;
	_cleanup_(raw_clear) struct raw raw = { 0 };
	struct engine_settings_input in = { .follow = follow_to_value, .context = c->follower };
	struct snapshot *snapshot = NULL;
	const char *why;
	int r, pid;

	if (!docker_alive(c->docker, &why)) {
		job_unreadable(job, "no engine: %s", why);
		return;
	}
	pid = docker_pid(c->docker);
	if (pid > 0) {
		read_process(&in, &raw, pid);
		read_start(&in, &c->config, pid);
	} else {
		in.process_why = in.listening_why = "which process is dockerd is not known";
	}
	read_config(&in, &raw, c);
	config_memory_recall(&c->config, &in);
	in.containerd_exe = raw.containerd = find_containerd(c->host, pid, &in.containerd_why);
	in.runc_exe = raw.runc = find_runc(c->host, c->runtime, &in.runc_why);
	r = host_read(c->host, "/etc/group", GROUP_MAX, &raw.group, NULL);
	if (r < 0)
		in.group_why = reason(r);
	in.group_file = raw.group;
	r = build_engine_settings(&snapshot, &in);
	/* A dockerd that ended between being found and being read, as a restart has it: nothing
	 * tells of the next one's settings but another look. */
	if (r == 0 && pid > 0 && in.cmdline == NULL)
		snapshot->changes_at_ms = snapshot->collected_ms + PROCESS_AGAIN_MS;
	job_finish_built(job, r, snapshot);
}
