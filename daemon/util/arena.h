/* SPDX-License-Identifier: Apache-2.0
 *
 * A bounded arena: memory that is given back in one go. An evaluation, a parsed expression and a
 * set of facts live in one each. Knows nothing of what lies in it. */
#ifndef UTIL_ARENA_H
#define UTIL_ARENA_H

#include "util/macros.h"
#include <stddef.h>

struct arena;

/* `limit`: bytes that may be asked for in all. NULL when out of memory. */
struct arena *arena_new(size_t limit);
struct arena *arena_free(struct arena *a); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct arena, arena_free)

/* Zeroed and aligned for any type; NULL when memory or the limit is out. Borrowed from the arena.
 */
void *arena_alloc(struct arena *a, size_t size);
/* `len` bytes of `text` and a terminating zero. */
char *arena_strndup(struct arena *a, const char *text, size_t len);
char *arena_strdup(struct arena *a, const char *text);
char *arena_printf(struct arena *a, const char *format, ...) _printf_(2, 3);

/* Forgets all that was handed out and keeps the first block for reuse. */
void arena_reset(struct arena *a);
size_t arena_used(const struct arena *a);

#endif
