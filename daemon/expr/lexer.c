/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/lexer.h"

#include "expr/expr.h"
#include <errno.h>
#include <string.h>

void
lexer_init(struct lexer *l, const char *text, size_t len, struct arena *arena)
{
	*l = (struct lexer){ .text = text, .len = (uint32_t)len, .arena = arena };
}

static int
refuse(struct lexer *l, uint32_t at, const char *error)
{
	l->error = error;
	l->error_at = at;
	return EXPR_E_INVALID;
}

/* The byte `ahead` of the position, zero beyond the end. */
static char
peek(const struct lexer *l, uint32_t ahead)
{
	return ahead < l->len - l->at ? l->text[l->at + ahead] : '\0';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static int
digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static void
skip_blanks(struct lexer *l)
{
	while (l->at < l->len) {
		if (peek(l, 0) == '/' && peek(l, 1) == '/')
			while (l->at < l->len && l->text[l->at] != '\n')
				l->at++;
		else if (is_blank(l->text[l->at]))
			l->at++;
		else
			break;
	}
}

/* Bytes of the UTF-8 sequence at `p`, 0 if it is none: overlong, a surrogate, beyond Unicode. */
static uint32_t
utf8_length(const char *p, size_t left)
{
	const unsigned char *u = (const unsigned char *)p;
	uint32_t n, low = 0x80, high = 0xbf;

	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (n > left)
		return 0;
	if (u[0] == 0xe0)
		low = 0xa0;
	else if (u[0] == 0xed)
		high = 0x9f;
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f;
	if (u[1] < low || u[1] > high)
		return 0;
	for (uint32_t i = 2; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static char *
utf8_put(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* Escapes that stand for one character. */
static const char escaped[] = "abfnrtv\\?\"'`";
static const char escape_means[] = "\a\b\f\n\r\t\v\\?\"'`";

/* Escapes that are followed by the number of a code point. */
static const struct {
	char letter;
	uint8_t digits;
	uint8_t base;
} numeric[] = {
	{ 'x', 2, 16 },
	{ 'X', 2, 16 },
	{ 'u', 4, 16 },
	{ 'U', 8, 16 },
};

static int
read_code(struct lexer *l, uint32_t start, unsigned digits, unsigned base, uint32_t *ret)
{
	uint32_t c = 0;
	int digit;

	for (unsigned i = 0; i < digits; i++, l->at++) {
		digit = digit_value(peek(l, 0));
		if (digit >= (int)base)
			return refuse(l, start, "an escape lacks digits");
		c = c * base + (uint32_t)digit;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return refuse(l, start, "an escape is no Unicode character");
	*ret = c;
	return 0;
}

/* The position is behind the backslash. */
static int
read_escape(struct lexer *l, uint32_t *ret)
{
	uint32_t start = l->at - 1;
	char c = peek(l, 0);
	const char *found;

	if (c >= '0' && c <= '3')
		return read_code(l, start, 3, 8, ret);
	found = c == '\0' ? NULL : strchr(escaped, c);
	if (found != NULL) {
		l->at++;
		*ret = (uint32_t)escape_means[found - escaped];
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numeric); i++) {
		if (numeric[i].letter != c)
			continue;
		l->at++;
		return read_code(l, start, numeric[i].digits, numeric[i].base, ret);
	}
	return refuse(l, start, "no such escape; a raw string (r\"...\") takes none");
}

static bool
at_quotes(const struct lexer *l, char quote, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (peek(l, i) != quote)
			return false;
	return true;
}

/* One character of a string, undone, to *to. */
static int
read_character(struct lexer *l, bool raw, bool triple, char **to)
{
	uint32_t code, n;
	char c = l->text[l->at];
	int r;

	if (!triple && (c == '\n' || c == '\r'))
		return refuse(l, l->at, "a line ends within a string; use three quotes");
	if (c == '\\' && !raw) {
		l->at++;
		r = read_escape(l, &code);
		if (r == 0)
			*to = utf8_put(*to, code);
		return r;
	}
	n = utf8_length(l->text + l->at, l->len - l->at);
	if (n == 0)
		return refuse(l, l->at, "not UTF-8");
	memcpy(*to, l->text + l->at, n);
	*to += n;
	l->at += n;
	return 0;
}

/* Where the string ends whose contents begin at the position, l->len if it doesn't. */
static uint32_t
find_end(const struct lexer *l, bool raw, char quote, uint32_t quotes)
{
	struct lexer scan = *l;

	while (scan.at < scan.len && !at_quotes(&scan, quote, quotes))
		scan.at += !raw && peek(&scan, 0) == '\\' && scan.at + 1 < scan.len ? 2 : 1;
	return scan.at;
}

/* The position is on the opening quote. No escape is shorter than what it stands for. */
static int
read_string(struct lexer *l, struct token *ret, bool raw)
{
	char quote = peek(l, 0), *buffer, *to;
	uint32_t quotes = at_quotes(l, quote, 3) ? 3 : 1, end;
	int r;

	l->at += quotes;
	end = find_end(l, raw, quote, quotes);
	if (end == l->len)
		return refuse(l, ret->at, "the string has no end");
	buffer = to = arena_alloc(l->arena, end - l->at + 1);
	if (buffer == NULL)
		return -ENOMEM;
	while (l->at < end) {
		r = read_character(l, raw, quotes == 3, &to);
		if (r != 0)
			return r;
	}
	l->at += quotes;
	ret->kind = TOKEN_STRING;
	ret->string.text = buffer;
	ret->string.len = (uint32_t)(to - buffer);
	return 0;
}

static int
read_int(struct lexer *l, struct token *ret)
{
	unsigned base = peek(l, 0) == '0' && peek(l, 1) == 'x' ? 16 : 10;
	uint64_t n = 0;
	uint32_t start;
	int digit;

	if (base == 16)
		l->at += 2;
	start = l->at;
	for (; (digit = digit_value(peek(l, 0))) < (int)base; l->at++)
		if (__builtin_mul_overflow(n, base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)digit, &n) || n > (uint64_t)1 << 63)
			return refuse(l, ret->at, "the integer is over 64 bits");
	if (l->at == start)
		return refuse(l, ret->at, "hexadecimal digits are missing");
	if ((peek(l, 0) == '.' && is_digit(peek(l, 1))) || peek(l, 0) == 'e' || peek(l, 0) == 'E')
		return refuse(l, ret->at, "a fraction: there are integers alone");
	if (is_name(peek(l, 0)))
		return refuse(l, l->at, "a letter follows the number");
	ret->kind = TOKEN_INT;
	ret->integer = n;
	return 0;
}

static const struct {
	char text[3];
	enum token_kind kind;
} punctuation[] = {
	/* the longer ones first */
	{ "&&", TOKEN_AND },
	{ "||", TOKEN_OR },
	{ "==", TOKEN_EQUAL },
	{ "!=", TOKEN_UNEQUAL },
	{ "<=", TOKEN_LESS_EQUAL },
	{ ">=", TOKEN_GREATER_EQUAL },
	{ "<", TOKEN_LESS },
	{ ">", TOKEN_GREATER },
	{ "+", TOKEN_PLUS },
	{ "-", TOKEN_MINUS },
	{ "*", TOKEN_STAR },
	{ "/", TOKEN_SLASH },
	{ "%", TOKEN_PERCENT },
	{ "!", TOKEN_NOT },
	{ "?", TOKEN_QUESTION },
	{ ":", TOKEN_COLON },
	{ ",", TOKEN_COMMA },
	{ ".", TOKEN_DOT },
	{ "(", TOKEN_PAREN_OPEN },
	{ ")", TOKEN_PAREN_CLOSE },
	{ "[", TOKEN_BRACKET_OPEN },
	{ "]", TOKEN_BRACKET_CLOSE },
	{ "{", TOKEN_BRACE_OPEN },
	{ "}", TOKEN_BRACE_CLOSE },
};

static int
read_punctuation(struct lexer *l, struct token *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(punctuation); i++) {
		uint32_t n = (uint32_t)strlen(punctuation[i].text);

		if (n > l->len - l->at || memcmp(l->text + l->at, punctuation[i].text, n) != 0)
			continue;
		l->at += n;
		ret->kind = punctuation[i].kind;
		return 0;
	}
	if (peek(l, 0) == '=')
		return refuse(l, l->at, "equality is ==");
	return refuse(l, l->at, "no such operator");
}

static int
read_token(struct lexer *l, struct token *ret)
{
	char c = peek(l, 0), next = peek(l, 1);

	if (c == '"' || c == '\'')
		return read_string(l, ret, false);
	if ((c == 'r' || c == 'R') && (next == '"' || next == '\'')) {
		l->at++;
		return read_string(l, ret, true);
	}
	if (is_digit(c))
		return read_int(l, ret);
	if (c == '.' && is_digit(next))
		return refuse(l, l->at, "a fraction: there are integers alone");
	if (!is_name(c))
		return read_punctuation(l, ret);
	while (is_name(peek(l, 0)))
		l->at++;
	ret->kind = TOKEN_NAME;
	return 0;
}

int
lexer_next(struct lexer *l, struct token *ret)
{
	int r = 0;

	skip_blanks(l);
	*ret = (struct token){ .kind = TOKEN_END, .at = l->at };
	if (l->at < l->len)
		r = read_token(l, ret);
	ret->len = l->at - ret->at;
	return r;
}
