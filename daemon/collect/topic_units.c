/* SPDX-License-Identifier: Apache-2.0
 *
 * engine.units. systemd is asked where it runs and the host's root is ours. The folders in which it
 * looks are searched as well: what lies there is in force after its next reload. */
#include "collect/collector_private.h"
#include "collect/host.h"
#include "collect/unit_bus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	UNIT_FILES_MAX = 256,
};

/* A unit's files as they were found. */
struct found {
	char *paths[UNIT_FILES_MAX], *real[UNIT_FILES_MAX];
	size_t n;
	bool cut;
};

static void
found_clear(struct found *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->paths[i]);
		free(f->real[i]);
	}
}

static bool
has_file(const struct found *f, const char *real)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->real[i], real) == 0)
			return true;
	return false;
}

/* The folder's real path, and the name in it: a link by that name is a place of its own. */
static int
entry_of(const struct host *host, const char *path, char **ret)
{
	_cleanup_(freep) char *folder = NULL, *real = NULL;
	const char *name = strrchr(path, '/') + 1;
	int r;

	folder = strndup(path, (size_t)(name - path));
	if (folder == NULL)
		return -ENOMEM;
	r = host_realpath(host, folder, &real);
	if (r < 0)
		return r;
	return asprintf(ret, "%s/%s", real, name) < 0 ? -ENOMEM : 0;
}

/* /lib and /usr/lib may be one folder: a file counts once. */
static int
add_file(struct found *f, const struct host *host, const char *path)
{
	_cleanup_(freep) char *real = NULL;
	_cleanup_(closep) int fd = host_open_path(host, path, true);
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	r = fd < 0 ? fd : entry_of(host, path, &real);
	if (r < 0)
		return r;
	if (has_file(f, real))
		return 0;
	if (f->n == UNIT_FILES_MAX) {
		f->cut = true;
		return 0;
	}
	f->paths[f->n] = strdup(path);
	if (f->paths[f->n] == NULL)
		return -ENOMEM;
	f->real[f->n++] = TAKE(real);
	return 0;
}

static int
add_drop_ins(struct found *f, const struct host *host, const char *folder, const char *unit)
{
	char pattern[128];
	char **paths;
	size_t n;
	int r;

	(void)snprintf(pattern, sizeof(pattern), "%s/%s.d/*.conf", folder, unit);
	r = host_glob(host, pattern, &paths, &n);
	if (r < 0)
		return r;
	f->cut |= r == HOST_E_CUT;
	r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_file(f, host, paths[i]);
	host_glob_free(paths, n);
	return r;
}

static int
search(struct found *f, const struct host *host, const char *unit)
{
	static const char *const folders[] = { "/etc/systemd/system", "/run/systemd/system",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system" };
	char path[128];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folders[i], unit);
		r = add_file(f, host, path);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++)
		r = add_drop_ins(f, host, folders[i], unit);
	return r;
}

/* `known`: what systemd says; NULL: nothing. */
static struct unit_files
find_files(
    struct found *f, const struct host *host, const struct unit_files *known, const char *unit)
{
	int r = 0;

	for (size_t i = 0; r == 0 && known != NULL && i < known->n; i++)
		r = known->paths[i][0] == '/' ? add_file(f, host, known->paths[i]) : 0;
	if (r == 0)
		r = search(f, host, unit);
	return (struct unit_files){ .paths = (const char *const *)f->paths,
		.n = f->n,
		.cut = f->cut || (known != NULL && known->cut),
		.why = r < 0           ? reason(r)
		       : known != NULL ? known->why
				       : NULL };
}

static void
free_query(void *query)
{
	(void)unit_query_free(query);
}

/* systemd that doesn't answer is as good as none: its folders are there. */
static void
on_units(
    void *arg, const char *why, const struct unit_files *service, const struct unit_files *socket)
{
	_cleanup_(found_clear) struct found found_service = { 0 }, found_socket = { 0 };
	struct snapshot *snapshot = NULL;
	struct unit_files files[2];
	struct job *job = arg;
	int r;

	files[0] = find_files(
	    &found_service, job->collector->host, why == NULL ? service : NULL, "docker.service");
	files[1] = find_files(
	    &found_socket, job->collector->host, why == NULL ? socket : NULL, "docker.socket");
	r = build_engine_units(&snapshot, &files[0], &files[1]);
	job_finish_built(job, r, snapshot);
}

void
collect_engine_units(struct job *job)
{
	struct unit_query *query;

	if (!job->collector->real_host || access("/run/systemd/system", F_OK) < 0 ||
	    unit_query_new(&query, job->collector->base, NULL, on_units, job) < 0) {
		on_units(job, "there is no systemd", NULL, NULL);
		return;
	}
	job->extra = query;
	job->extra_free = free_query;
}
