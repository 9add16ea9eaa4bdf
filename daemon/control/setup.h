/* SPDX-License-Identifier: Apache-2.0
 *
 * Where both programs find rules and settings: flags first, then PLIMSOLL_RULES_DIR, then the usual
 * places. rules.d, exceptions.d and plimsoll.d lie beside the settings file. */
#ifndef CONTROL_SETUP_H
#define CONTROL_SETUP_H

#include "rulebook/rulebook.h"
#include "util/macros.h"

#define SETUP_CONFIG "/etc/plimsoll/plimsoll.yaml"
#define SETUP_SOCKET "/run/plimsoll/plimsoll.sock"
#define SETUP_STATE "/var/lib/plimsoll"

struct setup {
	struct rulebook_paths paths; /* for rulebook_load(); what it points to is the setup's */
	char *config_dir, *site_rules_dir, *exceptions_dir;
};

/* `config` and `rules_dir` are flags: NULL where they weren't given; borrowed. A settings file that
 * was not named may be absent. 0 or -ENOMEM. */
int setup_new(struct setup **ret, const char *config, const char *rules_dir);
struct setup *setup_free(struct setup *s); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct setup, setup_free)

#endif
