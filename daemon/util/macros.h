/* SPDX-License-Identifier: Apache-2.0
 *
 * The few macros that every module uses: cleanup by attribute, hand-over of ownership, array size.
 */
#ifndef UTIL_MACROS_H
#define UTIL_MACROS_H

#include <stddef.h>
#include <stdlib.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Runs `fn(&variable)` when the variable leaves its scope. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))

#define _printf_(fmt, first) __attribute__((format(printf, fmt, first)))

/* Hands a pointer over: yields it and leaves NULL behind, so that its cleanup does nothing. */
#define TAKE(p)                                   \
	({                                        \
		__typeof__(p) *_take_at = &(p);   \
		__typeof__(p) _taken = *_take_at; \
		*_take_at = NULL;                 \
		_taken;                           \
	})

/* Makes `fn##p` for _cleanup_ out of a destructor that takes NULL and returns NULL. */
#define DEFINE_CLEANUP(type, fn)           \
	static inline void fn##p(type **p) \
	{                                  \
		if (*p != NULL)            \
			*p = fn(*p);       \
	}

static inline void
freep(void *p)
{
	free(*(void **)p);
	*(void **)p = NULL;
}

void closep(int *fd); /* closes an open descriptor, takes -1; keeps errno */

#endif
