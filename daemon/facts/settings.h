/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of engine.settings: flags and environment of dockerd, and daemon.json as it read it. */
#ifndef FACTS_SETTINGS_H
#define FACTS_SETTINGS_H

#include "facts/build.h"
#include "facts/read.h"

struct settings {
	struct arena *arena;
	const struct engine_settings_input *in;
	struct json_object *file; /* NULL: there is none, or `file_why` */
	struct value file_why;    /* unreadable when nobody can tell what the file said */
	bool rootless;
};

/* By flag or key; each is absent when the setting is not made. */
struct value settings_text(const struct settings *s, const char *flag, const char *key);
struct value settings_texts(const struct settings *s, const char *flag, const char *key);
/* The value of a variable, or NULL. */
const char *settings_environ(const struct settings *s, const char *name);

void settings_set_hosts(struct draft *d, const struct settings *s);

#endif
