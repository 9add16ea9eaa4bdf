/* SPDX-License-Identifier: Apache-2.0 */
#include "util/lines.h"

#include <string.h>

bool
lines_next(struct lines *l, struct span *ret)
{
	size_t len;

	if (*l->at == '\0')
		return false;
	if (l->left == 0) {
		l->cut = true;
		return false;
	}
	l->left--;
	len = strcspn(l->at, "\n");
	*ret = (struct span){ l->at, len };
	l->at += len + (l->at[len] == '\n' ? 1 : 0);
	return true;
}

static void
skip(struct span *s, size_t n)
{
	s->text += n;
	s->len -= n;
}

static size_t
count_blanks(struct span s)
{
	size_t n = 0;

	while (n < s.len && (s.text[n] == ' ' || s.text[n] == '\t'))
		n++;
	return n;
}

static bool
blank_field(struct span *line, struct span *ret)
{
	size_t n = 0;

	skip(line, count_blanks(*line));
	while (n < line->len && line->text[n] != ' ' && line->text[n] != '\t')
		n++;
	*ret = (struct span){ line->text, n };
	skip(line, n);
	return n > 0;
}

bool
span_field(struct span *line, char separator, struct span *ret)
{
	const char *end;

	if (separator == ' ')
		return blank_field(line, ret);
	if (line->text == NULL)
		return false;
	end = memchr(line->text, separator, line->len);
	if (end == NULL) {
		*ret = *line;
		*line = (struct span){ NULL, 0 };
		return true;
	}
	*ret = (struct span){ line->text, (size_t)(end - line->text) };
	skip(line, ret->len + 1);
	return true;
}

bool
span_is(struct span s, const char *text)
{
	return strlen(text) == s.len && memcmp(s.text, text, s.len) == 0;
}

bool
span_number(struct span s, uint64_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.text[i] < '0' || s.text[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.text[i] - '0'), &n))
			return false;
	}
	*ret = n;
	return s.len > 0;
}
