/* SPDX-License-Identifier: Apache-2.0
 *
 * Subjects and topics: what is judged, and what is learned about it in one go. One table of topics
 * says how often each may be collected and when it has grown too old. Knows nothing of how a topic
 * is collected. */
#ifndef FACTS_TOPIC_H
#define FACTS_TOPIC_H

#include <stdint.h>

enum subject_kind {
	SUBJECT_HOST,
	SUBJECT_ENGINE,
	SUBJECT_FILE,
	SUBJECT_IMAGE,
	SUBJECT_CONTAINER,
	SUBJECT_SWARM,
	_SUBJECT_KINDS,
};

enum topic {
	TOPIC_HOST_SYSTEM,     /* kernel, privileges, LSMs */
	TOPIC_HOST_MOUNTS,     /* the mount table as PID 1 has it */
	TOPIC_HOST_AUDIT,      /* audit rules that the kernel has loaded, and those kept in files */
	TOPIC_HOST_USERS,      /* who can reach the engine's socket */
	TOPIC_HOST_LOGIN,      /* what every login's environment is made of */
	TOPIC_HOST_SERVICES,   /* what listens, what hardens: evidence for people */
	TOPIC_ENGINE_INFO,     /* GET /version, /info */
	TOPIC_ENGINE_SETTINGS, /* dockerd's flags and environment, daemon.json */
	TOPIC_ENGINE_BRIDGE,   /* GET /networks/bridge */
	TOPIC_ENGINE_UNITS,    /* unit files, as systemd knows them, else at the usual places */
	TOPIC_ENGINE_INVENTORY,  /* counts and lists over images, containers, volumes */
	TOPIC_FILE_STAT,         /* stat of the file, its links resolved below the host's root */
	TOPIC_IMAGE_INSPECT,     /* GET /images/{id}/json and its history */
	TOPIC_CONTAINER_INSPECT, /* GET /containers/{id}/json */
	TOPIC_CONTAINER_PROCESS, /* /proc of its first process */
	TOPIC_CONTAINER_EXECS,   /* exec sessions seen: records, never collected again */
	_TOPICS,
	TOPIC_ALL = _TOPICS, /* in a mark: every topic of the subject */
};

struct topic_info {
	const char *name; /* "container.inspect" */
	enum subject_kind kind;
	uint32_t least_interval_ms; /* between two collections of one subject's topic */
	uint32_t longest_age_s;     /* then stale by the clock; 0: the resync is enough */
};

extern const struct topic_info topic_table[_TOPICS];

/* The topics of a kind stand together. */
struct topic_range {
	enum topic first;
	unsigned n;
};

extern const struct topic_range kind_topics[_SUBJECT_KINDS];

const char *subject_kind_name(enum subject_kind kind); /* "container" */
/* The kind of that name, or -1. */
int subject_kind_from_name(const char *name);

#endif
