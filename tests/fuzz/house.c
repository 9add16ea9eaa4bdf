/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../unit/judge/rules.h"
#include "fuzz.h"
#include "house.h"
#include <stdio.h>
#include <unistd.h>

static const struct rule_source rules[] = {
	{ .key = "kernel", .scope = SUBJECT_HOST, .test = "host.kernel != \"\"" },
	{ .key = "live", .scope = SUBJECT_ENGINE, .test = "engine.live_restore" },
	{ .key = "privileged", .scope = SUBJECT_CONTAINER, .test = "!container.privileged" },
	{ .key = "mode",
	    .scope = SUBJECT_FILE,
	    .test = "mode_within(file.mode, \"0644\")",
	    .pattern = "/etc/docker" },
	{ .key = "caps",
	    .scope = SUBJECT_CONTAINER,
	    .kind = RULE_OFFENDERS,
	    .test = "container.cap_add" },
};

static char store[64];

static void
remove_store(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[96];

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", store, ends[i]);
		(void)unlink(path);
	}
}

struct world *
house_new(void)
{
	struct world *w = world_new(rules, ARRAY_SIZE(rules), true);

	(void)snprintf(store, sizeof(store), "/dev/shm/plimsoll-fuzz-%d.db", (int)getpid());
	(void)snprintf(w->path, sizeof(w->path), "%s", store);
	(void)rmdir(w->dir);
	must(atexit(remove_store) == 0);
	world_set(w, SUBJECT_HOST, "", "{\"host.kernel\": \"6.1\"}");
	world_set(
	    w, SUBJECT_ENGINE, "", "{\"engine.live_restore\": true, \"engine.kind\": \"docker\"}");
	world_set(w, SUBJECT_FILE, "/etc/docker", "{\"file.mode\": 511}");
	world_set(w, SUBJECT_CONTAINER, "c1",
	    "{\"container.name\": \"web\", \"container.labels\": {\"tier\": \"front\"},"
	    " \"container.privileged\": true, \"container.cap_add\": [\"NET_ADMIN\"]}");
	return w;
}
