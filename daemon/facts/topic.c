/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/topic.h"

#include "util/macros.h"
#include <string.h>

enum {
	HOUR_S = 3600,
};

/* What has an event of its own doesn't age: the resync is its safety net. A process drops
 * privileges, names come from LDAP and volumes are made without a word to us, so these age. /info
 * costs the engine 12 ms and forks runc: at most once a second. The mount table changes with every
 * container that starts or ends, and is long where many run. The inventory lists all containers,
 * which on a host with a thousand takes the engine as long as creating two. Files change in bursts,
 * editors rename and chmod one after another. */
const struct topic_info topic_table[_TOPICS] = {
	[TOPIC_HOST_SYSTEM] = { "host.system", SUBJECT_HOST, 1000, 0 },
	[TOPIC_HOST_MOUNTS] = { "host.mounts", SUBJECT_HOST, 5000, 0 },
	[TOPIC_HOST_AUDIT] = { "host.audit", SUBJECT_HOST, 100, 0 },
	[TOPIC_HOST_USERS] = { "host.users", SUBJECT_HOST, 1000, HOUR_S },
	[TOPIC_HOST_LOGIN] = { "host.login", SUBJECT_HOST, 200, 0 },
	[TOPIC_HOST_SERVICES] = { "host.services", SUBJECT_HOST, 10000, HOUR_S },
	[TOPIC_ENGINE_INFO] = { "engine.info", SUBJECT_ENGINE, 1000, 0 },
	[TOPIC_ENGINE_SETTINGS] = { "engine.settings", SUBJECT_ENGINE, 200, 0 },
	[TOPIC_ENGINE_BRIDGE] = { "engine.bridge", SUBJECT_ENGINE, 200, 0 },
	[TOPIC_ENGINE_UNITS] = { "engine.units", SUBJECT_ENGINE, 1000, 0 },
	[TOPIC_ENGINE_INVENTORY] = { "engine.inventory", SUBJECT_ENGINE, 60000, HOUR_S },
	[TOPIC_FILE_STAT] = { "file.stat", SUBJECT_FILE, 50, 0 },
	[TOPIC_IMAGE_INSPECT] = { "image.inspect", SUBJECT_IMAGE, 10000, 24 * HOUR_S },
	[TOPIC_CONTAINER_INSPECT] = { "container.inspect", SUBJECT_CONTAINER, 0, 0 },
	[TOPIC_CONTAINER_PROCESS] = { "container.process", SUBJECT_CONTAINER, 10, HOUR_S },
	[TOPIC_CONTAINER_EXECS] = { "container.execs", SUBJECT_CONTAINER, 0, 0 },
};

const struct topic_range kind_topics[_SUBJECT_KINDS] = {
	[SUBJECT_HOST] = { TOPIC_HOST_SYSTEM, TOPIC_ENGINE_INFO - TOPIC_HOST_SYSTEM },
	[SUBJECT_ENGINE] = { TOPIC_ENGINE_INFO, TOPIC_FILE_STAT - TOPIC_ENGINE_INFO },
	[SUBJECT_FILE] = { TOPIC_FILE_STAT, TOPIC_IMAGE_INSPECT - TOPIC_FILE_STAT },
	[SUBJECT_IMAGE] = { TOPIC_IMAGE_INSPECT, TOPIC_CONTAINER_INSPECT - TOPIC_IMAGE_INSPECT },
	[SUBJECT_CONTAINER] = { TOPIC_CONTAINER_INSPECT, _TOPICS - TOPIC_CONTAINER_INSPECT },
	[SUBJECT_SWARM] = { _TOPICS, 0 },
};

static const char *const kind_names[_SUBJECT_KINDS] = {
	[SUBJECT_HOST] = "host",
	[SUBJECT_ENGINE] = "engine",
	[SUBJECT_FILE] = "file",
	[SUBJECT_IMAGE] = "image",
	[SUBJECT_CONTAINER] = "container",
	[SUBJECT_SWARM] = "swarm",
};

const char *
subject_kind_name(enum subject_kind kind)
{
	return kind_names[kind];
}

int
subject_kind_from_name(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kind_names); i++)
		if (strcmp(kind_names[i], name) == 0)
			return (int)i;
	return -1;
}
