/* SPDX-License-Identifier: Apache-2.0
 *
 * What an event of the engine makes stale: one table from type and action to topics. The form read
 * is Type, Action, Actor; status, id and from are gone since API 1.52. */
#include "watch/docker_events.h"

#include "util/clock.h"
#include "util/macros.h"
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum effect {
	EFFECT_STALE, /* the topics of the actor are stale */
	EFFECT_GONE,
	EFFECT_EXEC,
	EFFECT_ENGINE, /* the engine's own topics are stale */
	EFFECT_IMAGES, /* what is known of images is stale */
};

struct event_rule {
	const char *type, *action; /* of an action with a colon the part before it */
	enum effect effect;
	enum topic topic;
};

/* Health checks make exec_create, exec_start, exec_die at each interval: only the first is of use,
 * and die of none. What is not here says nothing that a rule reads. */
static const struct event_rule event_rules[] = {
	{ "container", "create", EFFECT_STALE, TOPIC_ALL },
	{ "container", "start", EFFECT_STALE, TOPIC_ALL },
	{ "container", "restart", EFFECT_STALE, TOPIC_ALL },
	{ "container", "die", EFFECT_STALE, TOPIC_ALL },
	{ "container", "died", EFFECT_STALE, TOPIC_ALL },
	{ "container", "stop", EFFECT_STALE, TOPIC_ALL },
	{ "container", "kill", EFFECT_STALE, TOPIC_CONTAINER_INSPECT },
	{ "container", "oom", EFFECT_STALE, TOPIC_CONTAINER_INSPECT },
	{ "container", "pause", EFFECT_STALE, TOPIC_CONTAINER_INSPECT },
	{ "container", "unpause", EFFECT_STALE, TOPIC_CONTAINER_INSPECT },
	{ "container", "update", EFFECT_STALE, TOPIC_ALL },
	{ "container", "rename", EFFECT_STALE, TOPIC_CONTAINER_INSPECT },
	{ "container", "health_status", EFFECT_STALE, TOPIC_CONTAINER_INSPECT },
	{ "container", "destroy", EFFECT_GONE, TOPIC_ALL },
	{ "container", "remove", EFFECT_GONE, TOPIC_ALL },
	{ "container", "exec_create", EFFECT_EXEC, TOPIC_CONTAINER_EXECS },
	{ "network", "connect", EFFECT_STALE, TOPIC_CONTAINER_INSPECT },
	{ "network", "disconnect", EFFECT_STALE, TOPIC_CONTAINER_INSPECT },
	{ "network", "create", EFFECT_ENGINE, TOPIC_ENGINE_BRIDGE },
	{ "network", "destroy", EFFECT_ENGINE, TOPIC_ENGINE_BRIDGE },
	{ "daemon", "reload", EFFECT_ENGINE, TOPIC_ALL },
	{ "plugin", "enable", EFFECT_ENGINE, TOPIC_ENGINE_INFO },
	{ "plugin", "disable", EFFECT_ENGINE, TOPIC_ENGINE_INFO },
	{ "image", "pull", EFFECT_IMAGES, TOPIC_ALL },
	{ "image", "import", EFFECT_IMAGES, TOPIC_ALL },
	{ "image", "load", EFFECT_IMAGES, TOPIC_ALL },
	{ "image", "tag", EFFECT_IMAGES, TOPIC_ALL },
	{ "image", "untag", EFFECT_IMAGES, TOPIC_ALL },
	{ "image", "delete", EFFECT_IMAGES, TOPIC_ALL },
	{ "image", "remove", EFFECT_IMAGES, TOPIC_ALL },
	{ "image", "prune", EFFECT_IMAGES, TOPIC_ALL },
	{ "volume", "create", EFFECT_ENGINE, TOPIC_ENGINE_INVENTORY },
	{ "volume", "destroy", EFFECT_ENGINE, TOPIC_ENGINE_INVENTORY },
};

static const char *
member_string(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return "";
	return json_object_get_string(value);
}

static struct json_object *
member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object))
		return NULL;
	(void)json_object_object_get_ex(object, key, &value);
	return value;
}

static const struct event_rule *
find_rule(const char *type, const char *action, size_t action_len)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_rules); i++) {
		const struct event_rule *rule = &event_rules[i];

		if (strcmp(rule->type, type) == 0 && strlen(rule->action) == action_len &&
		    strncmp(rule->action, action, action_len) == 0)
			return rule;
	}
	return NULL;
}

static void
deliver_name(const struct watch_sink *sink, const struct event_rule *rule, const char *id,
    struct json_object *attributes, const struct cause *cause)
{
	sink->named(sink->arg, id, member_string(attributes, "name"),
	    member_string(attributes, "image"), strcmp(rule->action, "create") == 0, cause);
}

static void
deliver_stale(const struct watch_sink *sink, const struct event_rule *rule, const char *id,
    struct json_object *attributes, const struct cause *cause)
{
	/* A network event's actor is the network; the container stands in its attributes. */
	bool network = strcmp(rule->type, "network") == 0;

	if (network)
		id = member_string(attributes, "container");
	if (id[0] == '\0')
		return;
	if (!network)
		deliver_name(sink, rule, id, attributes, cause);
	sink->stale(sink->arg, SUBJECT_CONTAINER, id, rule->topic, cause);
	if (strcmp(rule->action, "create") == 0)
		sink->stale(sink->arg, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_INVENTORY, cause);
}

static void
deliver_image(const struct watch_sink *sink, const char *id, const struct cause *cause)
{
	if (id[0] != '\0')
		sink->stale(sink->arg, SUBJECT_IMAGE, id, TOPIC_ALL, cause);
	sink->stale(sink->arg, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_INVENTORY, cause);
}

static void
deliver(const struct watch_sink *sink, const struct event_rule *rule, struct json_object *actor,
    const struct cause *cause)
{
	struct json_object *attributes = member(actor, "Attributes");
	const char *id = member_string(actor, "ID");

	switch (rule->effect) {
	case EFFECT_STALE:
		deliver_stale(sink, rule, id, attributes, cause);
		break;
	case EFFECT_GONE:
		if (id[0] == '\0')
			break;
		deliver_name(sink, rule, id, attributes, cause);
		sink->gone(sink->arg, SUBJECT_CONTAINER, id, cause);
		sink->stale(sink->arg, SUBJECT_ENGINE, NULL, TOPIC_ENGINE_INVENTORY, cause);
		break;
	case EFFECT_EXEC:
		if (id[0] != '\0' && member_string(attributes, "execID")[0] != '\0')
			sink->exec(sink->arg, id, member_string(attributes, "execID"), cause);
		break;
	case EFFECT_ENGINE:
		sink->stale(sink->arg, SUBJECT_ENGINE, NULL, rule->topic, cause);
		break;
	case EFFECT_IMAGES:
		deliver_image(sink, id, cause);
		break;
	}
}

int64_t
docker_event_deliver(const struct watch_sink *sink, struct json_object *event)
{
	struct json_object *actor = member(event, "Actor"), *nano = member(event, "timeNano");
	struct cause cause = { .source = CAUSE_DOCKER_EVENT, .woke_ns = clock_monotonic_ns() };
	const struct event_rule *rule;
	const char *type, *action;
	size_t action_len;

	if (!json_object_is_type(event, json_type_object) ||
	    !json_object_is_type(actor, json_type_object))
		return 0;
	type = member_string(event, "Type");
	action = member_string(event, "Action");
	/* The command of an exec stands behind a colon and may hold secrets: it goes no further
	 * than here. */
	action_len = strcspn(action, ":");
	if (json_object_is_type(nano, json_type_int) && json_object_get_int64(nano) > 0)
		cause.event_ns = json_object_get_int64(nano);

	rule = find_rule(type, action, action_len);
	if (rule != NULL) {
		(void)snprintf(
		    cause.detail, sizeof(cause.detail), "%s %.*s", type, (int)action_len, action);
		deliver(sink, rule, actor, &cause);
	}
	return cause.event_ns;
}
