/* SPDX-License-Identifier: Apache-2.0
 *
 * Text for people's terminals: how wide it is, cut to a width, and without anything that a terminal
 * would obey. Names and reasons come from outside (a file's name may hold escape sequences): all
 * that people read goes through here. Widths are in columns; the locale's characters decide (the
 * mains choose C.UTF-8). */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum colour {
	COLOUR_NONE,
	COLOUR_BOLD,
	COLOUR_DIM,
	COLOUR_RED,
	COLOUR_GREEN,
	COLOUR_YELLOW,
	COLOUR_CYAN,
	COLOUR_BAD, /* red and bold */
	_COLOURS,
};

struct style {
	unsigned width; /* columns; 0: as wide as it takes */
	bool colour;
};

/* What suits that descriptor: a terminal has its width (100 where it doesn't say) and colours
 * unless NO_COLOR is set; anything else gets neither. */
struct style style_of(int fd);

/* The first character of it, as it may be shown: `*ret_len` bytes at `*ret_bytes`. How many bytes
 * of the text it takes; 0 at its end. */
size_t text_character(const char *text, const char **ret_bytes, size_t *ret_len);
/* Columns that text_put() makes of it. */
unsigned text_width(const char *text);
/* Writes it, at most `max` columns (0: all); what is cut ends in "…". Control characters come out
 * as "?". Returns the columns written. */
unsigned text_put(FILE *out, const char *text, unsigned max);
/* The same in a colour. */
unsigned text_put_coloured(
    FILE *out, const struct style *style, enum colour colour, const char *text, unsigned max);
/* Prose: wrapped at spaces to the style's width (80 where it has none), every line indented. As in
 * the rule files, a single newline is a space, and an empty line or one that begins with a space
 * begins anew. */
void text_put_wrapped(FILE *out, const struct style *style, unsigned indent, const char *text);

#endif
