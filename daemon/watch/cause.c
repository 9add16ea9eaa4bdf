/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/cause.h"

const char *
cause_source_name(enum cause_source s)
{
	static const char *const names[_CAUSES] = {
		[CAUSE_DOCKER_EVENT] = "docker-event",
		[CAUSE_FILE] = "file",
		[CAUSE_AUDIT] = "audit",
		[CAUSE_MOUNT] = "mount",
		[CAUSE_ENGINE_RESTART] = "engine-restart",
		[CAUSE_RESYNC] = "resync",
		[CAUSE_RELOAD] = "reload",
		[CAUSE_EXCEPTION] = "exception",
		[CAUSE_CLOCK] = "clock",
		[CAUSE_START] = "start",
	};

	return names[s];
}

const char *
watch_source_name(enum watch_source s)
{
	static const char *const names[_WATCH_SOURCES] = {
		[WATCH_EVENTS] = "docker-events",
		[WATCH_FILES] = "files",
		[WATCH_AUDIT] = "audit",
		[WATCH_MOUNTS] = "mounts",
	};

	return names[s];
}
