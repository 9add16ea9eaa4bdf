/* SPDX-License-Identifier: Apache-2.0
 *
 * Cuts the text of an expression into tokens: names, integers, strings with their escapes undone,
 * and punctuation. Knows no grammar. Whitespace and comments vanish here. */
#ifndef EXPR_LEXER_H
#define EXPR_LEXER_H

#include "util/arena.h"
#include <stdint.h>

enum token_kind {
	TOKEN_END,
	TOKEN_NAME, /* reserved words too: whether they may stand there is the parser's business */
	TOKEN_INT,
	TOKEN_STRING,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_EQUAL,
	TOKEN_UNEQUAL,
	TOKEN_LESS,
	TOKEN_LESS_EQUAL,
	TOKEN_GREATER,
	TOKEN_GREATER_EQUAL,
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_STAR,
	TOKEN_SLASH,
	TOKEN_PERCENT,
	TOKEN_NOT,
	TOKEN_QUESTION,
	TOKEN_COLON,
	TOKEN_COMMA,
	TOKEN_DOT,
	TOKEN_PAREN_OPEN,
	TOKEN_PAREN_CLOSE,
	TOKEN_BRACKET_OPEN,
	TOKEN_BRACKET_CLOSE,
	TOKEN_BRACE_OPEN,
	TOKEN_BRACE_CLOSE,
};

struct token {
	enum token_kind kind;
	uint32_t at;  /* offset of its first byte */
	uint32_t len; /* bytes in the text */
	union {
		uint64_t integer; /* at most 2^63: a minus is a token of its own */
		struct {
			const char *text; /* in the arena, zero-terminated */
			uint32_t len;
		} string;
	};
};

struct lexer {
	const char *text;
	uint32_t len;
	uint32_t at;
	struct arena *arena; /* of decoded strings */
	const char *error;   /* static: what is wrong ... */
	uint32_t error_at;   /* ... and where */
};

/* `len` is at most EXPR_TEXT_MAX. */
void lexer_init(struct lexer *l, const char *text, size_t len, struct arena *arena);
/* 0; EXPR_E_INVALID with l->error set; -ENOMEM. After the end comes the end again. */
int lexer_next(struct lexer *l, struct token *ret);

#endif
