/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/seccomp.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

enum {
	PROFILE_DEPTH_MAX = 16,
};

static const char option[] = "seccomp";

/* The engine's parser doesn't mind case, and the last one wins. */
static struct json_object *
member(struct json_object *object, const char *name)
{
	struct json_object *found = NULL;

	if (!json_object_is_type(object, json_type_object))
		return NULL;
	json_object_object_foreach (object, key, value) {
		if (strcasecmp(key, name) == 0)
			found = value;
	}
	return found;
}

/* SCMP_ACT_LOG lets the call through, and says so. What else there is stops it. */
static bool
is_stopping(struct json_object *action)
{
	const char *text = json_object_get_string(action);

	return strcmp(text, "SCMP_ACT_ALLOW") != 0 && strcmp(text, "SCMP_ACT_LOG") != 0;
}

/* 1: a rule stops some call, 0: none does, -1: it isn't a list of rules. One that names no call is
 * none. */
static int
rules_stop(struct json_object *rules)
{
	struct json_object *rule, *action, *names;
	int stop = 0;

	if (rules == NULL)
		return 0;
	if (!json_object_is_type(rules, json_type_array))
		return -1;
	for (size_t i = 0; i < json_object_array_length(rules); i++) {
		rule = json_object_array_get_idx(rules, i);
		action = member(rule, "action");
		names = member(rule, "names");
		if (!json_object_is_type(action, json_type_string))
			return -1;
		if (json_object_is_type(member(rule, "name"), json_type_string) ||
		    (json_object_is_type(names, json_type_array) &&
			json_object_array_length(names) > 0))
			stop |= is_stopping(action);
	}
	return stop;
}

/* A profile without a default and without rules is none: the engine sets up no filter. */
static struct value
judge_profile(struct json_object *profile)
{
	struct json_object *otherwise = member(profile, "defaultAction");
	int stop = rules_stop(member(profile, "syscalls"));

	if (stop < 0)
		return value_unreadable("the seccomp profile has rules that make no sense");
	if (json_object_is_type(otherwise, json_type_string) &&
	    json_object_get_string_len(otherwise) > 0)
		return value_string(
		    is_stopping(otherwise) || stop > 0 ? "forbids" : "forbids-nothing");
	if (otherwise != NULL && !json_object_is_type(otherwise, json_type_string))
		return value_unreadable("the seccomp profile's default is not a string");
	return stop > 0 ? value_unreadable("the seccomp profile has no default")
			: value_string("forbids-nothing");
}

struct value
seccomp_judge(struct arena *a, const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(PROFILE_DEPTH_MAX);
	struct json_object *profile;
	struct value v;

	if (tokener == NULL)
		return value_unreadable("no memory for the seccomp profile");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	profile = json_tokener_parse_ex(tokener, text, len < INT_MAX ? (int)len : INT_MAX);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		v = unreadable_printf(a, "the seccomp profile: %s",
		    json_tokener_error_desc(json_tokener_get_error(tokener)));
	else if (profile != NULL && !json_object_is_type(profile, json_type_object))
		v = value_unreadable("the seccomp profile is not an object");
	else
		v = judge_profile(profile);
	json_object_put(profile);
	json_tokener_free(tokener);
	return v;
}

static struct value
read_option(struct arena *a, const char *value)
{
	if (strcmp(value, "unconfined") == 0 || strcmp(value, "builtin") == 0)
		return read_text(a, value, strlen(value));
	return seccomp_judge(a, value, strlen(value));
}

/* "seccomp=TEXT", or with a colon; of several the last one holds. */
struct value
read_seccomp(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct value options = read_strings(a, doc, path, flags);
	const size_t len = sizeof(option) - 1;
	const char *found = NULL, *text;

	if (options.type != VALUE_LIST)
		return options;
	for (uint32_t i = 0; i < options.len; i++) {
		text = options.items[i].string;
		if (strncmp(text, option, len) == 0 && (text[len] == '=' || text[len] == ':'))
			found = text + len + 1;
	}
	if (options.cut)
		return value_unreadable("there are too many security options");
	return found == NULL ? value_string("") : read_option(a, found);
}
