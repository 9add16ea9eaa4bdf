/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/parser.h"

#include <errno.h>
#include <string.h>

enum {
	/* The tree of the longest text fits many times: text and nodes are the limits that bite. */
	ARENA_MAX = 4 * 1024 * 1024,
};

struct node *
parser_out_of_memory(struct parser *p)
{
	p->r = -ENOMEM;
	return NULL;
}

bool
parser_add(struct parser *p, struct nodes *nodes, struct node *n)
{
	struct node **grown = reallocarray(nodes->v, nodes->n + 1, sizeof(*grown));

	if (grown == NULL) {
		p->r = -ENOMEM;
		return false;
	}
	nodes->v = grown;
	nodes->v[nodes->n++] = n;
	return true;
}

struct node *
parser_node(
    struct parser *p, enum node_kind kind, uint32_t at, struct node *const *args, size_t n_args)
{
	struct node *n;
	unsigned depth = 0;

	for (size_t i = 0; i < n_args; i++)
		if (args[i]->depth > depth)
			depth = args[i]->depth;
	if (depth >= EXPR_DEPTH_MAX)
		return parser_refuse(p, at, "nested deeper than %d", EXPR_DEPTH_MAX);
	if (++p->e->n_nodes > EXPR_NODES_MAX)
		return parser_refuse(p, at, "the expression has over %d parts", EXPR_NODES_MAX);
	n = arena_alloc(p->e->arena, sizeof(*n) + n_args * sizeof(n->args[0]));
	if (n == NULL)
		return parser_out_of_memory(p);
	n->kind = (uint8_t)kind;
	n->depth = (uint8_t)(depth + 1);
	n->n_args = (uint16_t)n_args;
	n->at = at;
	n->root = -1;
	if (n_args > 0)
		memcpy(n->args, args, n_args * sizeof(n->args[0]));
	return n;
}

struct node *
parser_literal(struct parser *p, uint32_t at, struct value value)
{
	struct node *n = parser_node(p, NODE_LITERAL, at, NULL, 0);

	if (n != NULL)
		n->value = value;
	return n;
}

struct node *
parser_pair(struct parser *p, enum node_kind kind, uint32_t at, struct node *a, struct node *b)
{
	return b == NULL ? NULL : parser_node(p, kind, at, (struct node *[]){ a, b }, 2);
}

bool
parser_advance(struct parser *p)
{
	int r = lexer_next(&p->lexer, &p->token);

	if (r == EXPR_E_INVALID)
		(void)parser_refuse(p, p->lexer.error_at, "%s", p->lexer.error);
	else if (r < 0)
		p->r = r;
	return r == 0;
}

struct node *
parser_refuse_token(struct parser *p, const char *wanted)
{
	const struct token *t = &p->token;

	if (t->kind == TOKEN_END)
		return parser_refuse(p, t->at, "expected %s, but the expression ends", wanted);
	return parser_refuse(p, t->at, "expected %s, not %.*s", wanted,
	    (int)(t->len > 40 ? 40 : t->len), p->e->text + t->at);
}

bool
parser_expect(struct parser *p, enum token_kind kind, const char *wanted)
{
	if (p->token.kind == kind)
		return parser_advance(p);
	(void)parser_refuse_token(p, wanted);
	return false;
}

const char *
parser_text(struct parser *p)
{
	const char *text = arena_strndup(p->e->arena, p->e->text + p->token.at, p->token.len);

	if (text == NULL)
		p->r = -ENOMEM;
	return text;
}

static bool
is_one_of(const struct parser *p, const char *const *words, size_t n)
{
	const char *text = p->e->text + p->token.at;

	for (size_t i = 0; i < n; i++)
		if (strlen(words[i]) == p->token.len && memcmp(words[i], text, p->token.len) == 0)
			return true;
	return false;
}

bool
parser_at_keyword(const struct parser *p)
{
	static const char *const words[] = { "true", "false", "null", "in" };

	return p->token.kind == TOKEN_NAME && is_one_of(p, words, ARRAY_SIZE(words));
}

bool
parser_at_word(const struct parser *p, const char *word)
{
	return p->token.kind == TOKEN_NAME && is_one_of(p, &word, 1);
}

/* Words that CEL keeps for the languages it is embedded in: fields may be called so, names not. */
bool
parser_at_reserved(const struct parser *p)
{
	static const char *const words[] = { "as", "break", "const", "continue", "else", "for",
		"function", "if", "import", "let", "loop", "package", "namespace", "return", "var",
		"void", "while" };

	return parser_at_keyword(p) || is_one_of(p, words, ARRAY_SIZE(words));
}

/* -9223372036854775808 is one literal: its positive half alone would be over 64 bits. */
static struct node *
parse_negative(struct parser *p, uint32_t at)
{
	struct node *n = parser_int(p, true);

	if (n != NULL)
		n->at = at;
	return parser_members(p, n);
}

/* Signs are counted rather than recursed into; as in CEL, the two don't mix without parentheses. */
static struct node *
parse_unary(struct parser *p)
{
	enum token_kind sign = p->token.kind;
	uint32_t at = p->token.at, last = at;
	unsigned count = 0;
	struct node *n;

	if (sign != TOKEN_NOT && sign != TOKEN_MINUS)
		return parser_members(p, parser_primary(p));
	for (; p->token.kind == sign; count++) {
		last = p->token.at;
		if (!parser_advance(p))
			return NULL;
	}
	if (sign == TOKEN_MINUS && p->token.kind == TOKEN_INT) {
		n = parse_negative(p, last);
		count--;
	} else {
		n = parser_members(p, parser_primary(p));
	}
	for (; n != NULL && count > 0; count--)
		n = parser_node(p, sign == TOKEN_NOT ? NODE_NOT : NODE_NEGATE, at, &n, 1);
	return n;
}

static const struct {
	enum token_kind token;
	enum node_kind node;
	unsigned binds; /* tighter, the higher */
} operators[] = {
	{ TOKEN_STAR, NODE_MULTIPLY, 3 },
	{ TOKEN_SLASH, NODE_DIVIDE, 3 },
	{ TOKEN_PERCENT, NODE_REMAINDER, 3 },
	{ TOKEN_PLUS, NODE_ADD, 2 },
	{ TOKEN_MINUS, NODE_SUBTRACT, 2 },
	{ TOKEN_EQUAL, NODE_EQUAL, 1 },
	{ TOKEN_UNEQUAL, NODE_UNEQUAL, 1 },
	{ TOKEN_LESS, NODE_LESS, 1 },
	{ TOKEN_LESS_EQUAL, NODE_LESS_EQUAL, 1 },
	{ TOKEN_GREATER, NODE_GREATER, 1 },
	{ TOKEN_GREATER_EQUAL, NODE_GREATER_EQUAL, 1 },
};

static bool
is_operator(const struct parser *p, unsigned binds, enum node_kind *ret)
{
	if (binds == 1 && parser_at_word(p, "in")) {
		*ret = NODE_IN;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		if (operators[i].binds != binds || operators[i].token != p->token.kind)
			continue;
		*ret = operators[i].node;
		return true;
	}
	return false;
}

/* Relations, sums and products, all from the left. */
static struct node *
parse_binary(struct parser *p, unsigned binds)
{
	struct node *n = binds > 3 ? parse_unary(p) : parse_binary(p, binds + 1);
	enum node_kind kind;
	uint32_t at;

	if (binds > 3)
		return n;
	while (n != NULL && is_operator(p, binds, &kind)) {
		at = p->token.at;
		if (!parser_advance(p))
			return NULL;
		n = parser_pair(p, kind, at, n, parse_binary(p, binds + 1));
	}
	return n;
}

/* a && b && c is one node, so that a long row isn't a deep tree. */
static struct node *
parse_row(struct parser *p, enum token_kind sign, enum node_kind kind,
    struct node *(*parse_operand)(struct parser *p))
{
	_cleanup_(nodes_done) struct nodes nodes = { 0 };
	struct node *n = parse_operand(p);
	uint32_t at = p->token.at;

	if (n == NULL || p->token.kind != sign)
		return n;
	if (!parser_add(p, &nodes, n))
		return NULL;
	while (p->token.kind == sign) {
		n = parser_advance(p) ? parse_operand(p) : NULL;
		if (n == NULL || !parser_add(p, &nodes, n))
			return NULL;
	}
	return parser_node(p, kind, at, nodes.v, nodes.n);
}

static struct node *
parse_relation(struct parser *p)
{
	return parse_binary(p, 1);
}

static struct node *
parse_and(struct parser *p)
{
	return parse_row(p, TOKEN_AND, NODE_AND, parse_relation);
}

static struct node *
parse_or(struct parser *p)
{
	return parse_row(p, TOKEN_OR, NODE_OR, parse_and);
}

/* The position is on the question mark. */
static struct node *
parse_branches(struct parser *p, struct node *condition)
{
	uint32_t at = p->token.at;
	struct node *yes, *no;

	yes = parser_advance(p) ? parse_or(p) : NULL;
	if (yes == NULL || !parser_expect(p, TOKEN_COLON, ":"))
		return NULL;
	no = parser_expression(p);
	if (no == NULL)
		return NULL;
	return parser_node(p, NODE_CONDITION, at, (struct node *[]){ condition, yes, no }, 3);
}

struct node *
parser_expression(struct parser *p)
{
	struct node *n;

	if (p->depth >= EXPR_DEPTH_MAX)
		return parser_refuse(p, p->token.at, "nested deeper than %d", EXPR_DEPTH_MAX);
	p->depth++;
	n = parse_or(p);
	if (n != NULL && p->token.kind == TOKEN_QUESTION)
		n = parse_branches(p, n);
	p->depth--;
	return n;
}

static struct node *
parse_all(struct parser *p)
{
	struct node *n = parser_advance(p) ? parser_expression(p) : NULL;

	if (n != NULL && p->token.kind != TOKEN_END)
		return parser_refuse_token(p, "an operator");
	return n;
}

int
expr_parse(struct expr **ret, const char *text, size_t len, char **reterr)
{
	_cleanup_(expr_freep) struct expr *e = calloc(1, sizeof(*e));
	struct parser p = { .e = e };

	if (e == NULL)
		return -ENOMEM;
	if (len > EXPR_TEXT_MAX)
		return expr_refuse(reterr, e, 0, "the expression is over %d bytes", EXPR_TEXT_MAX);
	e->arena = arena_new(ARENA_MAX);
	if (e->arena == NULL)
		return -ENOMEM;
	e->text = arena_strndup(e->arena, text, len);
	e->len = len;
	if (e->text == NULL)
		return -ENOMEM;
	lexer_init(&p.lexer, e->text, len, e->arena);
	e->root = parse_all(&p);
	if (e->root == NULL) {
		if (p.r == EXPR_E_INVALID)
			*reterr = p.error;
		return p.r;
	}
	*ret = TAKE(e);
	return 0;
}
