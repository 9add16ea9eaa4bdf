/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files switch Docker's content trust on for every login: a shell's assignments, read without
 * running them. Internal to the builders. */
#ifndef FACTS_CONTENT_TRUST_H
#define FACTS_CONTENT_TRUST_H

#include "facts/build.h"

/* Paths of the files, as a list. Files stand in the order in which a login reads them: what one
 * sets, a later one may unset. An assignment counts where it stands at the start of a line, is
 * exported and literal; one that is indented may stand in a branch that isn't taken, so it can only
 * switch off. */
struct value content_trust_places(
    struct arena *a, const struct environment_file *files, size_t n_files);

#endif
