/* SPDX-License-Identifier: Apache-2.0
 *
 * dockerd's command line, flag by flag, as its own parser (pflag) reads it: "--flag value",
 * "--flag=value", bare "--bool", "-H value", "-Hvalue", "-H=value", "-Dl debug". Borrows the text
 * and allocates nothing. */
#ifndef FACTS_FLAGS_H
#define FACTS_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

struct flag {
	const char *name; /* long form, without dashes; not ended by a zero */
	size_t name_len;
	const char *value; /* "true" for a bare bool; not ended by a zero */
	size_t value_len;
};

struct flag_reader {
	const char *at, *end; /* words not yet read, each ended by a zero */
	const char *more;     /* rest of a word of short flags, or NULL */
	size_t more_len;
};

/* Starts behind the program's name. */
struct flag_reader flag_reader(const char *cmdline, size_t len);
bool flag_next(struct flag_reader *r, struct flag *ret);

/* The last one of that name, which wins; false when there is none. */
bool flag_find(const char *cmdline, size_t len, const char *name, struct flag *ret);
bool flag_is(const struct flag *f, const char *name);

/* What Go's strconv.ParseBool takes. False when it takes it not. */
bool flag_bool(const struct flag *f, bool *ret);

#endif
