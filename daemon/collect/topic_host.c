/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics of the host. What the kernel says is asked of the kernel that runs, whatever the root. */
#include "collect/audit_rules.h"
#include "collect/collector_private.h"
#include "collect/host_login.h"
#include "collect/host_mounts.h"
#include "collect/host_services.h"
#include "collect/host_users.h"
#include "util/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
	SYS_TEXT_MAX = 4096,
};

/* --- host.system --- */

/* A file that is missing means something only where its folder would show it. */
static char *
read_switch(const char *path, const char *folder, const char **why)
{
	char *text = NULL;
	int r = file_read(path, SYS_TEXT_MAX, &text, NULL);

	if (r < 0 && (r != -ENOENT || access(folder, F_OK) < 0))
		*why = reason(r);
	return text;
}

void
collect_host_system(struct job *job)
{
	_cleanup_(freep) char *lsms = NULL, *apparmor = NULL, *selinux = NULL;
	struct host_system_input in = { 0 };
	struct snapshot *snapshot = NULL;
	struct utsname names;
	int r;

	if (uname(&names) == 0)
		in.kernel = names.release;
	r = file_read("/sys/kernel/security/lsm", SYS_TEXT_MAX, &lsms, NULL);
	if (r < 0)
		in.lsms_why = reason(r);
	apparmor =
	    read_switch("/sys/module/apparmor/parameters/enabled", "/sys/module", &in.apparmor_why);
	selinux = read_switch("/sys/fs/selinux/enforce", "/sys/fs", &in.selinux_why);
	in.lsms = lsms;
	in.apparmor = apparmor;
	in.selinux = selinux;
	r = build_host_system(&snapshot, &in);
	job_finish_built(job, r, snapshot);
}

/* --- host.mounts --- */

/* `why`: the data root is not known. */
static void
finish_mounts(struct job *job, const char *why)
{
	struct collector *c = job->collector;
	struct snapshot *snapshot = NULL;
	int r = host_mounts_collect(&snapshot, c->host, why == NULL ? c->data_root : NULL, why);

	job_finish_built(job, r, snapshot);
}

static void
on_info_for_mounts(struct job *job)
{
	if (job->replies[0].json == NULL) {
		finish_mounts(job, job->replies[0].why);
		return;
	}
	engine_remember(job->collector, job->replies[0].json);
	finish_mounts(
	    job, job->collector->data_root == NULL ? "GET /info has no DockerRootDir" : NULL);
}

/* The data root is the engine's to tell, but once is enough. It stays known when the engine ends.
 */
void
collect_host_mounts(struct job *job)
{
	static const char *const paths[] = { "/info" };
	struct collector *c = job->collector;
	bool alive = docker_alive(c->docker, NULL);

	if (c->data_root == NULL || (alive && docker_pid(c->docker) != c->told_by))
		job_ask(job, paths, 1, on_info_for_mounts);
	else
		finish_mounts(job, NULL);
}

/* --- host.audit --- */

void
collect_host_audit(struct job *job)
{
	struct snapshot *snapshot = NULL;
	int r = audit_rules_collect(&snapshot, job->collector->host);

	job_finish_built(job, r, snapshot);
}

/* --- host.login --- */

void
collect_host_login(struct job *job)
{
	struct snapshot *snapshot = NULL;
	int r = host_login_collect(&snapshot, job->collector->host);

	job_finish_built(job, r, snapshot);
}

/* --- host.users and host.services, which may have to be waited for --- */

static void
on_snapshot(void *arg, int r, struct snapshot *snapshot)
{
	job_finish_built(arg, r, snapshot);
}

static void
free_users(void *users)
{
	(void)host_users_free(users);
}

void
collect_host_users(struct job *job)
{
	struct collector *c = job->collector;
	struct host_users *asking = NULL;
	struct snapshot *snapshot = NULL;
	int r = host_users_collect(
	    &snapshot, &asking, c->base, c->host, docker_socket(c->docker), on_snapshot, job);

	if (r == HOST_USERS_E_ASKING) {
		job->extra = asking;
		job->extra_free = free_users;
		return;
	}
	job_finish_built(job, r, snapshot);
}

static void
free_services(void *services)
{
	(void)host_services_free(services);
}

void
collect_host_services(struct job *job)
{
	struct host_services *services;
	int r = host_services_collect(&services, job->collector->base, on_snapshot, job);

	if (r < 0) {
		job_finish_built(job, r, NULL);
		return;
	}
	job->extra = services;
	job->extra_free = free_services;
}
