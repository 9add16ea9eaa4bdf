/* SPDX-License-Identifier: Apache-2.0
 *
 * What dockerd was started with. Parts: its command line, its environment, daemon.json, /etc/group,
 * an address on which it listens. */
#include "fuzz.h"

#include "facts/build.h"
#include "facts/flags.h"
#include <limits.h>
#include <string.h>

/* Words are read once each, and from within the text. */
static void
read_flags(const char *cmdline, size_t len)
{
	struct flag_reader reader = flag_reader(cmdline, len);
	struct flag flag;
	size_t n = 0;
	bool on;

	while (flag_next(&reader, &flag)) {
		must(++n <= len);
		/* Looks at all of both. */
		(void)memchr(flag.name, PART_END, flag.name_len);
		(void)memchr(flag.value, PART_END, flag.value_len);
		(void)flag_bool(&flag, &on);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = { .at = (const char *)data, .left = size };
	size_t cmdline_len = 0, environ_len = 0;
	_cleanup_(freep) char *cmdline = part_next(&parts, &cmdline_len);
	_cleanup_(freep) char *environ = part_next(&parts, &environ_len);
	_cleanup_(freep) char *config = part_next(&parts, NULL);
	_cleanup_(freep) char *group = part_next(&parts, NULL);
	_cleanup_(freep) char *address = part_next(&parts, NULL);
	const char *const listening[] = { address };
	const struct engine_settings_input in = {
		.cmdline = cmdline,
		.cmdline_len = cmdline_len,
		.environ = environ,
		.environ_len = environ_len,
		.process_why = "there is no process",
		.config = config,
		.config_changed_ms = 1,
		.process_started_ms = size % 16 == 0 ? 1 : 2,
		.exe = "/usr/bin/dockerd",
		.group_file = group,
		.listening = listening,
		.n_listening = address != NULL,
		.listening_why = "nobody looked",
	};
	struct snapshot *s = NULL;
	char path[PATH_MAX];
	int r;

	read_flags(cmdline, cmdline_len);
	engine_config_path(cmdline, cmdline_len, path, sizeof(path));
	r = build_engine_settings(&s, &in);
	snapshot_must_hold(r, s);
	return 0;
}
