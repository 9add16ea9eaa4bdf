/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that make the environment of a login, a part each; the first is no shell script. */
#include "fuzz.h"

#include "facts/build.h"

enum { FILES_MAX = 8 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = { .at = (const char *)data, .left = size };
	struct environment_file files[FILES_MAX];
	char *texts[FILES_MAX];
	struct host_login_input in = { .files = files };
	struct snapshot *s = NULL;
	int r;

	while (in.n_files < FILES_MAX && (texts[in.n_files] = part_next(&parts, NULL)) != NULL) {
		files[in.n_files] = (struct environment_file){ .path = "/etc/profile",
			.text = texts[in.n_files],
			.all_exported = in.n_files == 0 };
		in.n_files++;
	}
	r = build_host_login(&s, &in);
	snapshot_must_hold(r, s);
	for (size_t i = 0; i < in.n_files; i++)
		free(texts[i]);
	return 0;
}
