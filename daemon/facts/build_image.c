/* SPDX-License-Identifier: Apache-2.0
 *
 * image.inspect. Newer engines leave out of an image's configuration what isn't set. */
#include "facts/build.h"

#include "facts/read.h"
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	OMITTED = READ_MISSING_IS_EMPTY | READ_NULL_IS_EMPTY,
};

static const int64_t day_s = 24 * 60 * 60;

static const struct read_field fields[] = {
	{ FACT_IMAGE_TAGS, "RepoTags", read_strings, OMITTED },
	{ FACT_IMAGE_DIGESTS, "RepoDigests", read_strings, OMITTED },
	{ FACT_IMAGE_USER, "Config.User", read_string, OMITTED },
	{ FACT_IMAGE_ENV, "Config.Env", read_strings, OMITTED },
	{ FACT_IMAGE_EXPOSED, "Config.ExposedPorts", read_names, OMITTED },
	{ FACT_IMAGE_LAYERS, "RootFS.Layers", read_count, OMITTED },
	{ FACT_IMAGE_SIZE, "Size", read_int, 0 },
};

/* Seconds since 1970 of an RFC 3339 time; its fraction doesn't matter. */
static bool
parse_time(const char *text, int64_t *ret)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int hours = 0, minutes = 0;

	if (rest == NULL)
		return false;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2)
		return false;
	if (strchr("Zz+-", *rest) == NULL || *rest == '\0')
		return false;
	if (*rest == '-') {
		hours = -hours;
		minutes = -minutes;
	}
	*ret = (int64_t)timegm(&tm) - (hours * 60 + minutes) * 60;
	return true;
}

/* A builder need not say when: newer engines leave it out then, older ones give the year 1. */
static void
set_created(struct draft *d, struct json_object *inspect, int64_t now_ms)
{
	struct value created = read_string(d->arena, inspect, "Created", OMITTED);
	struct value age;
	int64_t at;

	if (created.type == VALUE_UNREADABLE) {
		age = created;
	} else if (created.len == 0 || strncmp(created.string, "0001-", strlen("0001-")) == 0) {
		created = age = value_absent();
	} else if (!parse_time(created.string, &at)) {
		age = value_unreadable("Created is no time");
	} else {
		age = value_int((now_ms / 1000 - at) / day_s);
	}
	draft_set(d, FACT_IMAGE_CREATED, created);
	draft_set(d, FACT_IMAGE_AGE_DAYS, age);
}

static struct value
healthcheck(struct arena *a, struct json_object *inspect)
{
	struct json_object *object = NULL;
	struct value why;

	switch (
	    read_find(a, inspect, "Config.Healthcheck", json_type_object, OMITTED, &object, &why)) {
	case READ_FOUND:
		return read_strings(a, object, "Test", OMITTED);
	case READ_EMPTY:
		return value_list(NULL, 0);
	case READ_UNREADABLE:
		break;
	}
	return why;
}

int
build_image_inspect(struct snapshot **ret, struct json_object *inspect, const bool *in_use,
    const char *in_use_why, int64_t now_ms)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	int r;

	if (!json_object_is_type(inspect, json_type_object))
		return BUILD_E_NONSENSE;
	r = draft_init(&d, TOPIC_IMAGE_INSPECT);
	if (r < 0)
		return r;
	read_fields(&d, inspect, fields, ARRAY_SIZE(fields));
	set_created(&d, inspect, now_ms);
	draft_set(&d, FACT_IMAGE_HEALTHCHECK, healthcheck(d.arena, inspect));
	draft_set(&d, FACT_IMAGE_IN_USE,
	    in_use != NULL ? value_bool(*in_use) : unreadable_printf(d.arena, "%s", in_use_why));
	return draft_finish(&d, ret);
}
