/* SPDX-License-Identifier: Apache-2.0
 *
 * mountinfo. Parts: the engine's data root, the table. */
#include "fuzz.h"

#include "facts/build.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = { .at = (const char *)data, .left = size };
	_cleanup_(freep) char *data_root = part_next(&parts, NULL);
	_cleanup_(freep) char *mountinfo = part_next(&parts, NULL);
	const struct host_mounts_input in = {
		.mountinfo = mountinfo,
		.mountinfo_why = "there is no table",
		.data_root = data_root,
		.data_root_why = "there is no data root",
	};
	struct snapshot *s = NULL;
	int r;

	r = build_host_mounts(&s, &in);
	snapshot_must_hold(r, s);
	return 0;
}
