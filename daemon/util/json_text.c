/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json_text.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROOM_FIRST = 4 * 1024,
	ESCAPED_MAX = 6, /* bytes of one that is escaped: \u001f */
};

void
json_text_deinit(struct json_text *t)
{
	free(t->bytes);
	*t = (struct json_text){ 0 };
}

void
json_text_clear(struct json_text *t)
{
	t->len = 0;
}

/* Where so many bytes more may be written; NULL: nowhere. */
static char *
reserve(struct json_text *t, size_t more)
{
	size_t room = t->room == 0 ? ROOM_FIRST : t->room;
	char *grown;

	if (t->failed)
		return NULL;
	if (more <= t->room - t->len)
		return t->bytes + t->len;
	while (room - t->len < more && room <= SIZE_MAX / 2)
		room *= 2;
	grown = room - t->len < more ? NULL : realloc(t->bytes, room);
	if (grown == NULL) {
		t->failed = true;
		return NULL;
	}
	t->bytes = grown;
	t->room = room;
	return grown + t->len;
}

void
json_text_raw(struct json_text *t, const char *text, size_t len)
{
	char *at = reserve(t, len);

	if (at == NULL || len == 0)
		return;
	memcpy(at, text, len);
	t->len += len;
}

static void
put_char(struct json_text *t, char c)
{
	char *at = reserve(t, 1);

	if (at == NULL)
		return;
	*at = c;
	t->len++;
}

void
json_text_line(struct json_text *t)
{
	if (t->comma)
		put_char(t, ',');
	put_char(t, '\n');
	t->comma = false;
}

static void
before_value(struct json_text *t)
{
	if (t->comma)
		put_char(t, ',');
	t->comma = true;
}

char *
json_text_take(struct json_text *t)
{
	char *text = NULL, *shrunk;

	put_char(t, '\0');
	if (!t->failed) {
		shrunk = realloc(t->bytes, t->len);
		text = shrunk != NULL ? shrunk : t->bytes;
		t->bytes = NULL;
	}
	json_text_deinit(t);
	return text;
}

void
json_text_open(struct json_text *t, char bracket)
{
	before_value(t);
	put_char(t, bracket);
	t->comma = false;
}

void
json_text_close(struct json_text *t, char bracket)
{
	put_char(t, bracket);
	t->comma = true;
}

void
json_text_value(struct json_text *t, const char *json, size_t len)
{
	before_value(t);
	json_text_raw(t, json, len);
}

/* --- strings --- */

static bool
is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* The highest bit of each byte that is zero, and perhaps of some above it. */
static uint64_t
zero_bytes(uint64_t word)
{
	return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* Eight at a time: none of them is a quote, a backslash or under 0x20. */
static bool
are_plain(const char *text)
{
	uint64_t word, low;

	memcpy(&word, text, sizeof(word));
	low = (word - UINT64_C(0x2020202020202020)) & ~word & UINT64_C(0x8080808080808080);
	return (low | zero_bytes(word ^ UINT64_C(0x2222222222222222)) |
		   zero_bytes(word ^ UINT64_C(0x5c5c5c5c5c5c5c5c))) == 0;
}

static size_t
plain_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n + sizeof(uint64_t) <= len && are_plain(text + n))
		n += sizeof(uint64_t);
	while (n < len && is_plain(text[n]))
		n++;
	return n;
}

static size_t
escape(char *ret, char c)
{
	static const char names[] = "\"\\\b\f\n\r\t", shown[] = "\"\\bfnrt",
			  digits[] = "0123456789abcdef";
	const char *name = memchr(names, c, sizeof(names) - 1);

	ret[0] = '\\';
	if (name != NULL) {
		ret[1] = shown[name - names];
		return 2;
	}
	ret[1] = 'u';
	ret[2] = '0';
	ret[3] = '0';
	ret[4] = digits[(unsigned char)c >> 4];
	ret[5] = digits[c & 0xf];
	return ESCAPED_MAX;
}

static void
put_quoted(struct json_text *t, const char *text, size_t len)
{
	size_t n;
	char *at;

	put_char(t, '"');
	for (;;) {
		n = plain_length(text, len);
		json_text_raw(t, text, n);
		if (n == len)
			break;
		at = reserve(t, ESCAPED_MAX);
		if (at == NULL)
			return;
		t->len += escape(at, text[n]);
		text += n + 1;
		len -= n + 1;
	}
	put_char(t, '"');
}

void
json_text_string(struct json_text *t, const char *text, size_t len)
{
	before_value(t);
	put_quoted(t, text, len);
}

void
json_text_key(struct json_text *t, const char *key)
{
	before_value(t);
	put_quoted(t, key, strlen(key));
	put_char(t, ':');
	t->comma = false;
}

void
json_text_int(struct json_text *t, int64_t number)
{
	char digits[24], *at = digits + sizeof(digits);
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		*--at = '-';
	json_text_value(t, at, (size_t)(digits + sizeof(digits) - at));
}
