/* SPDX-License-Identifier: Apache-2.0
 *
 * The first process of a container, as /proc and its cgroup show it. Parts: status, memory.max,
 * pids.max, attr/current, then a name of a program each. */
#include "fuzz.h"

#include "facts/build.h"
#include <errno.h>
#include <stdlib.h>

enum { PROGRAMS_MAX = 64 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = { .at = (const char *)data, .left = size };
	_cleanup_(freep) char *status = part_next(&parts, NULL);
	_cleanup_(freep) char *memory = part_next(&parts, NULL);
	_cleanup_(freep) char *pids = part_next(&parts, NULL);
	_cleanup_(freep) char *label = part_next(&parts, NULL);
	char *programs[PROGRAMS_MAX];
	struct container_process_input in = {
		.status = status,
		.status_errno = EACCES,
		.memory_max = memory,
		.pids_max = pids,
		.cgroup_why = "there is no cgroup",
		.label = label,
		.label_errno = EINVAL,
		.programs = (const char *const *)programs,
		.programs_cut = size % 2 == 0,
	};
	struct snapshot *s = NULL;
	int r;

	while (in.n_programs < PROGRAMS_MAX &&
	       (programs[in.n_programs] = part_next(&parts, NULL)) != NULL)
		in.n_programs++;
	for (unsigned i = 0; i < _NAMESPACES; i++) {
		in.ns[i] = 1 + size % 3;
		in.host_ns[i] = size % 4;
		in.host_ns_errno[i] = in.host_ns[i] == 0 ? EPERM : 0;
	}
	r = build_container_process(&s, &in);
	snapshot_must_hold(r, s);
	for (size_t i = 0; i < in.n_programs; i++)
		free(programs[i]);
	return 0;
}
