/* SPDX-License-Identifier: Apache-2.0
 *
 * The two halves of the parser share this: parser.c has the tokens, the nodes and the operators,
 * and primary.c what stands between operators. All that parses or makes nodes returns NULL on
 * failure, with `r` set; what returns a bool is false then. */
#ifndef EXPR_PARSER_H
#define EXPR_PARSER_H

#include "expr/ast.h"
#include "expr/lexer.h"

/* A variable of a macro, while the parser is in what it covers. */
struct scope {
	const struct scope *outer;
	const char *name;
	uint16_t slot;
};

struct parser {
	struct expr *e;
	struct lexer lexer;
	struct token token; /* the one to be looked at */
	const struct scope *scope;
	unsigned depth;
	char *error;
	int r; /* why parsing has ended: EXPR_E_INVALID with `error`, or -ENOMEM */
};

/* Operands while their number isn't known yet. */
struct nodes {
	struct node **v;
	size_t n;
};

static inline void
nodes_done(struct nodes *nodes)
{
	free(nodes->v);
}

#define parser_refuse(p, at, ...)                                           \
	({                                                                  \
		(p)->r = expr_refuse(&(p)->error, (p)->e, at, __VA_ARGS__); \
		(struct node *)NULL;                                        \
	})

struct node *parser_out_of_memory(struct parser *p);
/* "expected ..., not ..." about the token. */
struct node *parser_refuse_token(struct parser *p, const char *wanted);

/* Steps to the next token. */
bool parser_advance(struct parser *p);
/* The same, if the token is of that kind. */
bool parser_expect(struct parser *p, enum token_kind kind, const char *wanted);
/* The token's text, kept. */
const char *parser_text(struct parser *p);
/* Is the token that word? A keyword (true, false, null, in)? One that can't be a name? */
bool parser_at_word(const struct parser *p, const char *word);
bool parser_at_keyword(const struct parser *p);
bool parser_at_reserved(const struct parser *p);

bool parser_add(struct parser *p, struct nodes *nodes, struct node *n);
struct node *parser_node(
    struct parser *p, enum node_kind kind, uint32_t at, struct node *const *args, size_t n_args);
struct node *parser_literal(struct parser *p, uint32_t at, struct value value);
/* A node with two operands, of which the second may have failed. */
struct node *parser_pair(
    struct parser *p, enum node_kind kind, uint32_t at, struct node *a, struct node *b);

struct node *parser_expression(struct parser *p);
struct node *parser_primary(struct parser *p);
/* The selections, indices and calls that follow `n`, which may have failed. */
struct node *parser_members(struct parser *p, struct node *n);
struct node *parser_int(struct parser *p, bool negative);

#endif
