/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host_mounts.h"

#include "collect/host.h"
#include "facts/build.h"
#include <errno.h>
#include <string.h>

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
	int r;

	r = host_read(host, "/proc/1/mountinfo", MOUNTINFO_MAX, &mountinfo, NULL);
	if (r == -ENOMEM)
		return r;
	in.mountinfo = mountinfo;
	in.mountinfo_why = r < 0 ? strerror(-r) : NULL;
	/* A data root that can't be seen is looked for by the name that the engine gave. */
	if (data_root != NULL && host_realpath(host, data_root, &real) == 0)
		in.data_root = real;
	return build_host_mounts(ret, &in);
}
