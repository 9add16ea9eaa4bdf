/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host_mounts.h"

#include "collect/host.h"
#include "facts/build.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char table[] = "/proc/1/mountinfo";

enum {
	MOUNTINFO_MAX = 16 * 1024 * 1024,
};

int
host_mounts_collect(struct snapshot **ret, const struct host *host, const char *data_root,
    const char *data_root_why)
{
	_cleanup_(freep) char *mountinfo = NULL, *real = NULL;
	struct host_mounts_input in = {
		.data_root = data_root,
		.data_root_why = data_root_why,
	};
	char why[128];
	int r;

	r = host_read(host, table, MOUNTINFO_MAX, &mountinfo, NULL);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		(void)snprintf(why, sizeof(why), "%s: %s", table, strerror(-r));
	in.mountinfo = mountinfo;
	in.mountinfo_why = r < 0 ? why : NULL;
	/* A data root that can't be seen is looked for by the name that the engine gave. */
	if (data_root != NULL && host_realpath(host, data_root, &real) == 0)
		in.data_root = real;
	return build_host_mounts(ret, &in);
}
