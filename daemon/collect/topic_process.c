/* SPDX-License-Identifier: Apache-2.0
 *
 * The raw input of container.process: what /proc and the cgroup file systems show of a container's
 * first process. All of it is read in one folder of /proc, which is never another process's,
 * whatever becomes of the pid; it is read to the end or thrown away. */
#include "collect/collector_private.h"
#include "collect/proc.h"
#include "util/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

enum {
	PROC_TEXT_MAX = 64 * 1024,
	CGROUP_TEXT_MAX = 4096,
	CGROUP_PROCS_MAX = 1024 * 1024,
	CGROUP_DEPTH_MAX = 8,
	CGROUP_FOLDERS_MAX = 512,
};

/* The dying hand back their memory first, then their namespaces; the dead who were not buried yet
 * have a pid and nothing else. */
static bool
is_remains(const char *status)
{
	const char *state = strstr(status, "\nState:\t");

	return state != NULL && (strchr("ZX", state[strlen("\nState:\t")]) != NULL ||
				    strstr(status, "\nVmSize:") == NULL);
}

/* One that goes on without its first thread looks like remains, but for its threads. */
static bool
has_threads(const char *status)
{
	const char *threads = strstr(status, "\nThreads:\t");

	return threads != NULL && atoi(threads + strlen("\nThreads:\t")) > 1;
}

/* --- namespaces --- */

static const char *const namespaces[_NAMESPACES] = {
	[NS_NET] = "net",
	[NS_PID] = "pid",
	[NS_IPC] = "ipc",
	[NS_UTS] = "uts",
	[NS_USER] = "user",
};

static int
namespace_in(int folder, enum namespace_kind kind, uint64_t *ret)
{
	struct stat st;
	char path[16];

	(void)snprintf(path, sizeof(path), "ns/%s", namespaces[kind]);
	if (fstatat(folder, path, &st, 0) < 0)
		return errno;
	*ret = st.st_ino;
	return 0;
}

static int
namespace_of(int pid, enum namespace_kind kind, uint64_t *ret)
{
	struct stat st;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, namespaces[kind]);
	if (stat(path, &st) < 0)
		return errno;
	*ret = st.st_ino;
	return 0;
}

/* PID 1 may hide its namespaces even from root; the engine's are the host's then. */
static void
read_namespaces(struct container_process_input *in, int folder, int engine_pid)
{
	for (enum namespace_kind k = 0; k < _NAMESPACES; k++) {
		in->ns_errno[k] = namespace_in(folder, k, &in->ns[k]);
		in->host_ns_errno[k] = namespace_of(1, k, &in->host_ns[k]);
		if (in->host_ns_errno[k] != 0 && engine_pid > 0)
			in->host_ns_errno[k] = namespace_of(engine_pid, k, &in->host_ns[k]);
	}
}

/* --- the cgroup --- */

static bool
names_controller(const char *list, size_t len, const char *controller)
{
	size_t want = strlen(controller), n;

	for (; len > 0; list += n, len -= n) {
		n = strcspn(list, ",:");
		if (n == want && memcmp(list, controller, n) == 0)
			return true;
		n += n < len; /* the comma */
	}
	return false;
}

/* The path of a line "4:memory:/docker/<id>/sub", up to the component that names the container: the
 * limits are there, whatever groups it makes below. */
static int
cut_at_container(const char *path, const char *container, char *ret, size_t size)
{
	const char *at = strstr(path, container), *line_end = strchrnul(path, '\n');
	size_t len;

	if (at == NULL || at > line_end)
		return -ENOENT;
	len = (size_t)(at - path) + strcspn(at, "/\n");
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(ret, path, len);
	ret[len] = '\0';
	return 0;
}

/* The container's folder for a controller: where version 1 of cgroups has it, else in the one
 * hierarchy of version 2. */
static int
cgroup_folder(
    const char *cgroups, const char *container, const char *controller, char *ret, size_t size)
{
	char path[PATH_MAX];
	const char *line, *names, *at, *unified = NULL, *next;

	for (line = cgroups; *line != '\0'; line = next) {
		next = strchrnul(line, '\n');
		next += *next == '\n';
		names = strchr(line, ':');
		at = names != NULL ? strchr(names + 1, ':') : NULL;
		if (at == NULL || at > next)
			continue;
		if (at == names + 1)
			unified = at + 1;
		else if (names_controller(names + 1, (size_t)(at - names - 1), controller) &&
			 cut_at_container(at + 1, container, path, sizeof(path)) == 0)
			return snprintf(ret, size, CGROUP_ROOT "/%s%s", controller, path) <
				       (int)size
				   ? 0
				   : -ENAMETOOLONG;
	}
	if (unified == NULL || cut_at_container(unified, container, path, sizeof(path)) < 0)
		return -ENOENT;
	return snprintf(ret, size, CGROUP_ROOT "%s", path) < (int)size ? 0 : -ENAMETOOLONG;
}

/* The name differs between the two versions of cgroups; the one that is there is read. */
static char *
read_limit(const char *cgroups, const char *container, const char *controller,
    const char *const *names, const char **why)
{
	char folder[PATH_MAX], path[PATH_MAX];
	char *text;
	int r;

	r = cgroup_folder(cgroups, container, controller, folder, sizeof(folder));
	for (; r == 0 && *names != NULL; names++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, *names) >= (int)sizeof(path))
			continue;
		if (file_read(path, CGROUP_TEXT_MAX, &text, NULL) == 0)
			return text;
	}
	*why = r == 0 ? "the cgroup has no such file" : "no cgroup of the container's name";
	return NULL;
}

/* --- its processes --- */

struct programs {
	char **names;
	size_t n;
	unsigned folders, depth;
	bool cut;
};

static void
programs_clear(struct programs *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->names[i]);
	free(p->names);
}

static int
add_program(struct programs *p, int pid)
{
	char name[PROC_COMM_SIZE];
	int r;

	if (p->n == BUILD_LIST_MAX) {
		p->cut = true;
		return 0;
	}
	r = proc_comm(pid, name);
	if (proc_is_gone(r))
		return 0; /* it has ended */
	if (r < 0)
		return r;
	p->names[p->n] = strdup(name);
	if (p->names[p->n] == NULL)
		return -ENOMEM;
	p->n++;
	return 0;
}

static int
add_programs(struct programs *p, const char *folder)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX], *at, *end;
	long pid;
	int r;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = file_read(path, CGROUP_PROCS_MAX, &text, NULL);
	if (r < 0)
		return r;
	for (at = text; pid = strtol(at, &end, 10), end != at; at = end) {
		r = add_program(p, (int)pid);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A group that vanishes on the way had no processes. */
static int
walk_programs(struct programs *p, const char *folder)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	char path[PATH_MAX];
	struct dirent *entry;
	int r = add_programs(p, folder);

	if (r < 0)
		return p->depth > 0 && proc_is_gone(r) ? 0 : r;
	dir = opendir(folder);
	if (dir == NULL)
		return p->depth > 0 && proc_is_gone(-errno) ? 0 : -errno;
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (p->depth == CGROUP_DEPTH_MAX || ++p->folders > CGROUP_FOLDERS_MAX ||
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
			(int)sizeof(path)) {
			p->cut = true;
			return 0;
		}
		p->depth++;
		r = walk_programs(p, path);
		p->depth--;
		if (r < 0)
			return r;
	}
	return proc_is_gone(-errno) ? 0 : -errno;
}

static int
read_programs(struct programs *p, const char *cgroups, const char *container)
{
	char folder[PATH_MAX];
	int r = cgroup_folder(cgroups, container, "pids", folder, sizeof(folder));

	if (r < 0)
		return r;
	p->names = calloc(BUILD_LIST_MAX, sizeof(*p->names));
	return p->names == NULL ? -ENOMEM : walk_programs(p, folder);
}

/* --- all of it --- */

struct raw {
	char *status, *cgroups, *label, *memory_max, *pids_max;
	struct programs programs;
};

static void
raw_clear(struct raw *raw)
{
	free(raw->status);
	free(raw->cgroups);
	free(raw->label);
	free(raw->memory_max);
	free(raw->pids_max);
	programs_clear(&raw->programs);
}

static void
read_limits(struct container_process_input *in, struct raw *raw, const char *container)
{
	static const char *const memory[] = { "memory.max", "memory.limit_in_bytes", NULL };
	static const char *const pids[] = { "pids.max", NULL };

	raw->memory_max = read_limit(raw->cgroups, container, "memory", memory, &in->cgroup_why);
	raw->pids_max = read_limit(raw->cgroups, container, "pids", pids, &in->cgroup_why);
	in->memory_max = raw->memory_max;
	in->pids_max = raw->pids_max;
	if (read_programs(&raw->programs, raw->cgroups, container) == 0) {
		in->programs = (const char *const *)raw->programs.names;
		in->n_programs = raw->programs.n;
		in->programs_cut = raw->programs.cut;
	}
}

/* 0, or -ESRCH: the pid was used again. */
static int
check_start(int folder, long long started)
{
	long long now;
	int r = started < 0 ? 0 : proc_started_ticks_in(folder, &now);

	if (r < 0)
		return proc_is_gone(r) ? -ESRCH : r;
	return started < 0 || now == started ? 0 : -ESRCH;
}

static int
read_cgroups(struct raw *raw, int folder, const char *container)
{
	int r = file_read_at(folder, "cgroup", PROC_TEXT_MAX, &raw->cgroups, NULL);

	if (r < 0)
		return proc_is_gone(r) ? -ESRCH : r;
	return strstr(raw->cgroups, container) != NULL ? 0 : PROCESS_E_OTHER;
}

/* The last that is read: what lives now lived all the while. */
static int
read_status(struct container_process_input *in, struct raw *raw, int folder)
{
	int r = file_read_at(folder, "status", PROC_TEXT_MAX, &raw->status, NULL);

	if (proc_is_gone(r))
		return -ESRCH;
	if (r == 0 && is_remains(raw->status))
		return has_threads(raw->status) ? PROCESS_E_HEADLESS : -ESRCH;
	in->status_errno = -r;
	in->status = raw->status;
	return 0;
}

int
process_collect(
    struct snapshot **ret, const char *container, int pid, long long started, int engine_pid)
{
	_cleanup_(raw_clear) struct raw raw = { 0 };
	_cleanup_(closep) int folder = -1;
	struct container_process_input in = { 0 };
	char path[32];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return proc_is_gone(-errno) ? -ESRCH : -errno;
	r = check_start(folder, started);
	if (r == 0)
		r = read_cgroups(&raw, folder, container);
	/* Remains may be in no cgroup any more. */
	if (r == PROCESS_E_OTHER) {
		r = read_status(&in, &raw, folder);
		return r != 0 ? r : PROCESS_E_OTHER;
	}
	if (r != 0)
		return r;
	read_limits(&in, &raw, container);
	in.label_errno = -file_read_at(folder, "attr/current", CGROUP_TEXT_MAX, &raw.label, NULL);
	in.label = raw.label;
	read_namespaces(&in, folder, engine_pid);
	r = read_status(&in, &raw, folder);
	return r != 0 ? r : build_container_process(ret, &in);
}
