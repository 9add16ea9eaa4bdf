/* SPDX-License-Identifier: Apache-2.0 */
#include "mutate.h"

#include "util/macros.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum token_kind {
	TOKEN_OPERATOR,
	TOKEN_NAME, /* a.b.c, whole; a method with its dot */
	TOKEN_INT,
	TOKEN_TEXT, /* with its quotes */
};

struct token {
	enum token_kind kind;
	const char *at;
	size_t len;
};

struct mutation {
	const char *text;
	mutant_fn *each;
	void *context;
};

static const struct {
	const char *from, *to;
} swaps[] = {
	{ "==", "!=" },
	{ "!=", "==" },
	{ "<", "<=" },
	{ "<", ">" },
	{ "<=", "<" },
	{ ">", ">=" },
	{ ">", "<" },
	{ ">=", ">" },
	{ "&&", "||" },
	{ "||", "&&" },
	{ "!", "" },
	{ "-", "" },
	{ "true", "false" },
	{ "false", "true" },
	{ ".exists", ".all" },
	{ ".all", ".exists" },
	{ ".startsWith", ".endsWith" },
	{ ".startsWith", ".contains" },
	{ ".endsWith", ".startsWith" },
	{ ".endsWith", ".contains" },
	{ ".contains", ".startsWith" },
};

static size_t
name_length(const char *p)
{
	size_t n = 1;

	while (isalnum((unsigned char)p[n]) || p[n] == '_' || (p[0] != '.' && p[n] == '.'))
		n++;
	return n;
}

/* A dot behind a name belongs to it, up to the method that is called on it. */
static void
cut_method(struct token *t)
{
	size_t n = t->len;

	if (t->at[t->len] != '(')
		return;
	while (n > 0 && t->at[n - 1] != '.')
		n--;
	if (n > 1)
		t->len = n - 1;
}

static bool
next_token(const char *p, struct token *t)
{
	static const char *const pairs[] = { "==", "!=", "<=", ">=", "&&", "||" };

	p += strspn(p, " \n\t");
	*t = (struct token){ .kind = TOKEN_OPERATOR, .at = p, .len = 1 };
	if (*p == '\0')
		return false;
	if (*p == '"') {
		t->kind = TOKEN_TEXT;
		t->len = strcspn(p + 1, "\"") + 2;
	} else if (isdigit((unsigned char)*p)) {
		t->kind = TOKEN_INT;
		t->len = strspn(p, "0123456789");
	} else if (isalpha((unsigned char)*p) || *p == '_' || *p == '.') {
		t->kind = TOKEN_NAME;
		t->len = name_length(p);
		cut_method(t);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (strncmp(p, pairs[i], 2) == 0)
			t->len = 2;
	return true;
}

/* The text with `len` bytes at `at` replaced. */
static int
replace(const struct mutation *m, const char *at, size_t len, const char *by)
{
	_cleanup_(freep) char *mutant = NULL;

	if (asprintf(&mutant, "%.*s%s%s", (int)(at - m->text), m->text, by, at + len) < 0)
		return -ENOMEM;
	return m->each(m->context, mutant);
}

static int
replace_number(const struct mutation *m, const char *at, size_t len, long add)
{
	char number[32];

	(void)snprintf(number, sizeof(number), "%ld", strtol(at, NULL, 10) + add);
	return replace(m, at, len, number);
}

/* Every bit of a mode, given or taken. */
static int
mutate_mode(const struct mutation *m, const struct token *t)
{
	char mode[16];
	int r = 0;

	for (unsigned bit = 0; r == 0 && bit < 12; bit++) {
		(void)snprintf(
		    mode, sizeof(mode), "\"%04lo\"", strtoul(t->at + 1, NULL, 8) ^ (1ul << bit));
		r = replace(m, t->at, t->len, mode);
	}
	return r;
}

static bool
is_of(const struct token *t, const char *characters)
{
	return t->len > 2 && strspn(t->at + 1, characters) == t->len - 2;
}

static int
mutate_text(const struct mutation *m, const struct token *t)
{
	const char *last;
	int r;

	if (t->len == 6 && t->at[1] == '0' && is_of(t, "01234567"))
		return mutate_mode(m, t);
	if (is_of(t, "0123456789.")) { /* a version: its last number */
		last = t->at + t->len - 1;
		while (isdigit((unsigned char)last[-1]))
			last--;
		r = replace_number(m, last, strspn(last, "0123456789"), 1);
		return r != 0 ? r : replace_number(m, last, strspn(last, "0123456789"), -1);
	}
	return replace(m, t->at + t->len - 1, 0, "~");
}

static int
swap(const struct mutation *m, const struct token *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(swaps); i++)
		if (strlen(swaps[i].from) == t->len && memcmp(swaps[i].from, t->at, t->len) == 0)
			r = replace(m, t->at, t->len, swaps[i].to);
	return r;
}

static int
mutate_token(const struct mutation *m, const struct token *t)
{
	int r;

	switch (t->kind) {
	case TOKEN_TEXT:
		return mutate_text(m, t);
	case TOKEN_INT:
		r = replace_number(m, t->at, t->len, 1);
		return r != 0 ? r : replace_number(m, t->at, t->len, -1);
	case TOKEN_NAME:
		/* What is no bool doesn't check. */
		r = t->at[0] == '.' ? 0 : replace(m, t->at, 0, "!");
		return r != 0 ? r : swap(m, t);
	case TOKEN_OPERATOR:
		break;
	}
	return swap(m, t);
}

int
mutate(const char *text, mutant_fn *each, void *context)
{
	const struct mutation m = { text, each, context };
	struct token t;
	int r = 0;

	for (const char *p = text; r == 0 && next_token(p, &t); p = t.at + t.len)
		r = mutate_token(&m, &t);
	return r;
}
