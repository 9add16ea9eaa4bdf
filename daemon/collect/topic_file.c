/* SPDX-License-Identifier: Apache-2.0
 *
 * file.stat. */
#include "collect/collector_private.h"
#include "collect/file_stat.h"
#include "collect/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
	ACL_MAX = 8192,
};

struct looked_at {
	int fd, link_fd;
	struct stat st, lst;
	char *target;
	char acl[ACL_MAX];
};

static void
close_both(struct looked_at *l)
{
	closep(&l->fd);
	closep(&l->link_fd);
	free(l->target);
}

/* A descriptor of O_PATH has no attributes by itself, but by its path. */
static void
read_acl(struct file_stat_input *in, struct looked_at *l)
{
	char path[32];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", l->fd);
	n = getxattr(path, "system.posix_acl_access", l->acl, sizeof(l->acl));
	if (n < 0) {
		in->acl_errno = errno;
		return;
	}
	in->acl = l->acl;
	in->acl_len = (size_t)n;
}

/* 0, or the errno of what could not be seen. */
static int
look(struct file_stat_input *in, struct looked_at *l, const struct host *host)
{
	int r;

	l->link_fd = host_open_path(host, in->path, false);
	if (l->link_fd < 0)
		return -l->link_fd;
	if (fstat(l->link_fd, &l->lst) < 0)
		return errno;
	in->lst = &l->lst;
	l->fd = host_open_path(host, in->path, true);
	if (l->fd < 0)
		return -l->fd;
	if (fstat(l->fd, &l->st) < 0)
		return errno;
	in->st = &l->st;
	r = host_realpath(host, in->path, &l->target);
	if (r < 0)
		return -r;
	in->target = l->target;
	read_acl(in, l);
	return 0;
}

int
file_stat_collect(struct snapshot **ret, const struct host *host, const char *path)
{
	_cleanup_(close_both) struct looked_at l = { .fd = -1, .link_fd = -1 };
	struct file_stat_input in = { .path = path };

	in.error = look(&in, &l, host);
	if (in.error == ENOMEM)
		return -ENOMEM;
	return build_file_stat(ret, &in);
}

void
collect_file_stat(struct job *job)
{
	struct snapshot *snapshot = NULL;
	int r = file_stat_collect(&snapshot, job->collector->host, job->id);

	job_finish_built(job, r, snapshot);
}
