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

static int
octal_digit(char c)
{
	return c >= '0' && c <= '7' ? c - '0' : -1;
}

bool
span_unescape(struct span s, char *ret, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		int code = 0;

		if (n + 1 == size)
			return false;
		for (size_t k = 1; s.text[i] == '\\' && code >= 0 && k <= 3; k++) {
			int digit = i + k < s.len ? octal_digit(s.text[i + k]) : -1;

			code = digit < 0 ? -1 : code * 8 + digit;
		}
		if (s.text[i] != '\\' || code < 0) {
			ret[n++] = s.text[i];
		} else {
			ret[n++] = (char)code;
			i += 3;
		}
	}
	ret[n] = '\0';
	return true;
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
