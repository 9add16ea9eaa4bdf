/* SPDX-License-Identifier: Apache-2.0 */
#include "report/markup.h"
#include "report/text.h"

#include <stddef.h>

static const char *
reference_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
		return "\n";
	default:
		return NULL;
	}
}

void
markup_put(FILE *out, const char *text)
{
	while (*text != '\0') {
		const char *bytes = reference_of(*text);
		size_t len, taken = 1;

		if (bytes != NULL) {
			(void)fputs(bytes, out);
		} else {
			taken = text_character(text, &bytes, &len);
			(void)fwrite(bytes, 1, len, out);
		}
		text += taken;
	}
}

void
markup_put_attribute(FILE *out, const char *name, const char *value)
{
	(void)fprintf(out, " %s=\"", name);
	markup_put(out, value);
	(void)fputc('"', out);
}
