/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

enum {
	WIDTH_UNKNOWN = 100, /* of a terminal that doesn't say */
	WIDTH_LEAST = 40,
	WIDTH_PROSE = 80,
};

static const char *const colour_codes[_COLOURS] = {
	[COLOUR_BOLD] = "\033[1m",
	[COLOUR_DIM] = "\033[2m",
	[COLOUR_RED] = "\033[31m",
	[COLOUR_GREEN] = "\033[32m",
	[COLOUR_YELLOW] = "\033[33m",
	[COLOUR_CYAN] = "\033[36m",
	[COLOUR_BAD] = "\033[1;31m",
};

/* One character as it is shown. */
struct glyph {
	const char *bytes;
	size_t len;     /* of `bytes` */
	size_t taken;   /* of the text; 0: the end */
	unsigned width; /* columns */
};

struct style
style_of(int fd)
{
	struct style style = { 0 };
	struct winsize size = { 0 };
	const char *no_colour = getenv("NO_COLOR");

	if (isatty(fd) == 0)
		return style;
	style.colour = no_colour == NULL || *no_colour == '\0';
	style.width = WIDTH_UNKNOWN;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST)
		style.width = size.ws_col;
	return style;
}

/* Invisible and direction-changing characters could make one name look like another. */
static bool
is_treacherous(wchar_t c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

static struct glyph
glyph_at(const char *text)
{
	struct glyph g = { .bytes = text, .len = 1, .taken = 1, .width = 1 };
	mbstate_t state = { 0 };
	wchar_t c;
	size_t len;
	int width;

	if (*text == '\0')
		return (struct glyph){ .bytes = text };
	len = mbrtowc(&c, text, strlen(text), &state);
	if (len == (size_t)-1 || len == (size_t)-2) {
		g.bytes = "?";
		return g;
	}
	g.len = g.taken = len;
	width = wcwidth(c);
	if (width < 0 || is_treacherous(c)) {
		g.bytes = "?";
		g.len = 1;
	} else {
		g.width = (unsigned)width;
	}
	return g;
}

size_t
text_character(const char *text, const char **ret_bytes, size_t *ret_len)
{
	struct glyph g = glyph_at(text);

	*ret_bytes = g.bytes;
	*ret_len = g.taken == 0 ? 0 : g.len;
	return g.taken;
}

unsigned
text_width(const char *text)
{
	unsigned width = 0;

	for (struct glyph g = glyph_at(text); g.taken != 0; g = glyph_at(text)) {
		width += g.width;
		text += g.taken;
	}
	return width;
}

unsigned
text_put(FILE *out, const char *text, unsigned max)
{
	bool cut = max != 0 && text_width(text) > max;
	unsigned room = cut ? max - 1 : 0, width = 0;

	for (struct glyph g = glyph_at(text); g.taken != 0; g = glyph_at(text)) {
		if (cut && width + g.width > room)
			break;
		(void)fwrite(g.bytes, 1, g.len, out);
		width += g.width;
		text += g.taken;
	}
	if (cut) {
		(void)fputs("…", out);
		width++;
	}
	return width;
}

unsigned
text_put_coloured(
    FILE *out, const struct style *style, enum colour colour, const char *text, unsigned max)
{
	bool coloured = style->colour && colour != COLOUR_NONE;
	unsigned width;

	if (coloured)
		(void)fputs(colour_codes[colour], out);
	width = text_put(out, text, max);
	if (coloured)
		(void)fputs("\033[0m", out);
	return width;
}

/* How many bytes of a line fit the room, ending at a space where there is one. */
static size_t
wrap_at(const char *text, size_t len, unsigned room)
{
	size_t at = 0, space = 0;
	unsigned width = 0;

	while (at < len) {
		struct glyph g = glyph_at(text + at);

		if (width + g.width > room && space != 0)
			return space;
		if (text[at] == ' ')
			space = at;
		width += g.width;
		at += g.taken;
	}
	return len;
}

static void
put_line(FILE *out, unsigned indent, const char *text, size_t len)
{
	(void)fprintf(out, "%*s", len == 0 ? 0 : (int)indent, "");
	for (size_t at = 0; at < len;) {
		struct glyph g = glyph_at(text + at);

		(void)fwrite(g.bytes, 1, g.len, out);
		at += g.taken;
	}
	(void)fputc('\n', out);
}

/* Joins the lines of a paragraph, in place. */
static void
join_lines(char *text)
{
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\n' && c > text && c[-1] != '\n' && c[1] != '\n' && c[1] != ' ' &&
		    c[1] != '\0')
			*c = ' ';
}

void
text_put_wrapped(FILE *out, const struct style *style, unsigned indent, const char *text)
{
	char *joined = strdup(text);
	unsigned width =
	    style->width == 0 || style->width > WIDTH_PROSE ? WIDTH_PROSE : style->width;
	unsigned room = width > indent + 20 ? width - indent : 20;

	if (joined == NULL)
		return;
	join_lines(joined);
	for (const char *at = joined; *at != '\0';) {
		size_t line = strcspn(at, "\n"), len = wrap_at(at, line, room);

		put_line(out, indent, at, len);
		at += len;
		if (len == line)
			at += *at == '\n';
		else
			at += strspn(at, " ");
	}
	free(joined);
}
