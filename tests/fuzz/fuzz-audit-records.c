/* SPDX-License-Identifier: Apache-2.0
 *
 * Audit records of system calls, one a line as the kernel writes them behind its header; a line
 * starts with S, C or P for what it is: a call, its folder, a path. */
#include "fuzz.h"

#include "watch/actors.h"
#include <libaudit.h>
#include <string.h>

static unsigned
type_of(char c)
{
	return c == 'S' ? AUDIT_SYSCALL : c == 'C' ? AUDIT_CWD : AUDIT_PATH;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const asked[] = { "/etc/docker/daemon.json", "/etc/docker", "/x", "/",
		"" };
	_cleanup_(actors_freep) struct actors *a = NULL;
	struct parts parts = { .at = (const char *)data, .left = size };
	_cleanup_(freep) char *text = part_next(&parts, NULL);
	char *saved = NULL;
	struct actor actor;

	must(actors_new_offline(&a) == 0);
	for (char *line = strtok_r(text, "\n", &saved); line != NULL;
	     line = strtok_r(NULL, "\n", &saved)) {
		_cleanup_(freep) char *record = strdup(line + 1);

		must(record != NULL);
		actors_record(a, type_of(line[0]), record);
	}
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		if (actors_find(a, asked[i], NULL, INT64_MIN, 0, &actor)) {
			must(asked[i][0] == '/');
			must(strnlen(actor.exe, sizeof(actor.exe)) < sizeof(actor.exe));
		}
	}
	return 0;
}
