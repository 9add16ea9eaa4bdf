/* SPDX-License-Identifier: Apache-2.0 */
#include "util/utf8.h"

#include <stdint.h>
#include <string.h>

/* Table 3-7 of the Unicode standard: by first byte, the length and the range of the second one. The
 * others are 80 to BF. */
static const struct {
	uint8_t first_low, first_high, len, second_low, second_high;
} forms[] = {
	{ 0x00, 0x7f, 1, 0, 0 },
	{ 0xc2, 0xdf, 2, 0x80, 0xbf },
	{ 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f },
	{ 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf },
	{ 0xf4, 0xf4, 4, 0x80, 0x8f },
};

size_t
utf8_char(const char *text, size_t len)
{
	const uint8_t *byte = (const uint8_t *)text;
	size_t form = 0;

	if (len == 0)
		return 0;
	while (byte[0] > forms[form].first_high)
		if (++form == sizeof(forms) / sizeof(forms[0]))
			return 0;
	if (byte[0] < forms[form].first_low || len < forms[form].len)
		return 0;
	if (forms[form].len > 1 &&
	    (byte[1] < forms[form].second_low || byte[1] > forms[form].second_high))
		return 0;
	for (size_t i = 2; i < forms[form].len; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
	return forms[form].len;
}

size_t
utf8_ascii(const char *text, size_t len)
{
	uint64_t word;
	size_t n = 0;

	for (; n + sizeof(word) <= len; n += sizeof(word)) {
		memcpy(&word, text + n, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (n < len && (unsigned char)text[n] < 0x80)
		n++;
	return n;
}

/* Where the first byte is that is in no character; the length: nowhere. */
static size_t
first_broken(const char *text, size_t len, size_t at)
{
	size_t step;

	for (; at < len; at += step) {
		step = utf8_char(text + at, len - at);
		if (step == 0)
			break;
	}
	return at;
}

void
utf8_mend(char *text)
{
	size_t len = strlen(text), at = utf8_ascii(text, len);

	while ((at = first_broken(text, len, at)) < len)
		text[at++] = '?';
}

const char *
utf8_text(const char *text, char **ret_copy)
{
	size_t len = strlen(text);

	if (first_broken(text, len, utf8_ascii(text, len)) == len)
		return text;
	*ret_copy = strdup(text);
	if (*ret_copy != NULL)
		utf8_mend(*ret_copy);
	return *ret_copy;
}
