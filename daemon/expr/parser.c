/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/ast.h"
#include "expr/builtin.h"
#include "expr/lexer.h"

#include <errno.h>
#include <string.h>

enum {
	/* The tree of the longest text fits many times: text and nodes are the limits that bite. */
	ARENA_MAX = 4 * 1024 * 1024,
};

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

static void
nodes_done(struct nodes *nodes)
{
	free(nodes->v);
}

/* All that parses returns NULL on failure, with p->r set. */
static struct node *parse_expr(struct parser *p);

#define refuse(p, at, ...)                                                  \
	({                                                                  \
		(p)->r = expr_refuse(&(p)->error, (p)->e, at, __VA_ARGS__); \
		(struct node *)NULL;                                        \
	})

static struct node *
out_of_memory(struct parser *p)
{
	p->r = -ENOMEM;
	return NULL;
}

static bool
nodes_add(struct parser *p, struct nodes *nodes, struct node *n)
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

static struct node *
node_new(
    struct parser *p, enum node_kind kind, uint32_t at, struct node *const *args, size_t n_args)
{
	struct node *n;
	unsigned depth = 0;

	for (size_t i = 0; i < n_args; i++)
		if (args[i]->depth > depth)
			depth = args[i]->depth;
	if (depth >= EXPR_DEPTH_MAX)
		return refuse(p, at, "nested deeper than %d", EXPR_DEPTH_MAX);
	if (++p->e->n_nodes > EXPR_NODES_MAX)
		return refuse(p, at, "the expression has over %d parts", EXPR_NODES_MAX);
	n = arena_alloc(p->e->arena, sizeof(*n) + n_args * sizeof(n->args[0]));
	if (n == NULL)
		return out_of_memory(p);
	n->kind = (uint8_t)kind;
	n->depth = (uint8_t)(depth + 1);
	n->n_args = (uint16_t)n_args;
	n->at = at;
	n->root = -1;
	if (n_args > 0)
		memcpy(n->args, args, n_args * sizeof(n->args[0]));
	return n;
}

static struct node *
node_literal(struct parser *p, uint32_t at, struct value value)
{
	struct node *n = node_new(p, NODE_LITERAL, at, NULL, 0);

	if (n != NULL)
		n->value = value;
	return n;
}

static struct node *
node_binary(struct parser *p, enum node_kind kind, uint32_t at, struct node *a, struct node *b)
{
	return b == NULL ? NULL : node_new(p, kind, at, (struct node *[]){ a, b }, 2);
}

/* Steps to the next token. False at an error. */
static bool
advance(struct parser *p)
{
	int r = lexer_next(&p->lexer, &p->token);

	if (r == EXPR_E_INVALID)
		(void)refuse(p, p->lexer.error_at, "%s", p->lexer.error);
	else if (r < 0)
		p->r = r;
	return r == 0;
}

static struct node *
refuse_token(struct parser *p, const char *wanted)
{
	const struct token *t = &p->token;

	if (t->kind == TOKEN_END)
		return refuse(p, t->at, "expected %s, but the expression ends", wanted);
	return refuse(p, t->at, "expected %s, not %.*s", wanted, (int)(t->len > 40 ? 40 : t->len),
	    p->e->text + t->at);
}

static bool
expect(struct parser *p, enum token_kind kind, const char *wanted)
{
	if (p->token.kind == kind)
		return advance(p);
	(void)refuse_token(p, wanted);
	return false;
}

/* The token's text, kept. */
static const char *
token_text(struct parser *p)
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

static bool
is_keyword(const struct parser *p)
{
	static const char *const words[] = { "true", "false", "null", "in" };

	return p->token.kind == TOKEN_NAME && is_one_of(p, words, ARRAY_SIZE(words));
}

static bool
is_word(const struct parser *p, const char *word)
{
	return p->token.kind == TOKEN_NAME && is_one_of(p, &word, 1);
}

/* Words that CEL keeps for the languages it is embedded in: fields may be called so, names not. */
static bool
is_reserved(const struct parser *p)
{
	static const char *const words[] = { "as", "break", "const", "continue", "else", "for",
		"function", "if", "import", "let", "loop", "package", "namespace", "return", "var",
		"void", "while" };

	return is_keyword(p) || is_one_of(p, words, ARRAY_SIZE(words));
}

/* Expressions with commas up to `close`, which is swallowed. A list may end in a comma. */
static bool
parse_list(struct parser *p, struct nodes *nodes, enum token_kind close, bool trailing)
{
	const char *wanted = close == TOKEN_BRACKET_CLOSE ? ", or ]" : ", or )";
	struct node *n;

	while (p->token.kind != close) {
		n = parse_expr(p);
		if (n == NULL || !nodes_add(p, nodes, n))
			return false;
		if (p->token.kind == close)
			break;
		if (!expect(p, TOKEN_COMMA, wanted))
			return false;
		if (p->token.kind == close && !trailing) {
			(void)refuse_token(p, "an argument");
			return false;
		}
	}
	return advance(p);
}

static bool
all_literal(const struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->n; i++)
		if (nodes->v[i]->kind != NODE_LITERAL)
			return false;
	return true;
}

/* A list of literals is one literal: it is made once, and not at each evaluation. */
static struct node *
fold_list(struct parser *p, struct node *list)
{
	struct value *items = arena_alloc(p->e->arena, list->n_args * sizeof(*items));

	if (items == NULL)
		return out_of_memory(p);
	for (uint16_t i = 0; i < list->n_args; i++)
		items[i] = list->args[i]->value;
	list->value = value_list(items, list->n_args);
	list->kind = NODE_LITERAL;
	return list;
}

static struct node *
parse_list_literal(struct parser *p)
{
	_cleanup_(nodes_done) struct nodes nodes = { 0 };
	uint32_t at = p->token.at;
	struct node *list;

	if (!advance(p) || !parse_list(p, &nodes, TOKEN_BRACKET_CLOSE, true))
		return NULL;
	list = node_new(p, NODE_LIST, at, nodes.v, nodes.n);
	if (list != NULL && all_literal(&nodes))
		list = fold_list(p, list);
	return list;
}

/* The same for a map, unless its keys are an error: that is the evaluation's. */
static struct node *
fold_map(struct parser *p, struct node *map)
{
	size_t n = map->n_args / 2;
	struct value_entry *entries = arena_alloc(p->e->arena, n * sizeof(*entries));
	struct value so_far;

	if (entries == NULL)
		return out_of_memory(p);
	for (size_t i = 0; i < n; i++) {
		entries[i].key = map->args[2 * i]->value;
		entries[i].value = map->args[2 * i + 1]->value;
		so_far = value_map(entries, i);
		if ((entries[i].key.type != VALUE_STRING && entries[i].key.type != VALUE_INT &&
			entries[i].key.type != VALUE_BOOL) ||
		    value_lookup(&so_far, &entries[i].key) != NULL)
			return map;
	}
	map->value = value_map(entries, n);
	map->kind = NODE_LITERAL;
	return map;
}

static bool
parse_entry(struct parser *p, struct nodes *nodes)
{
	struct node *key = parse_expr(p), *value;

	if (key == NULL || !nodes_add(p, nodes, key) || !expect(p, TOKEN_COLON, ":"))
		return false;
	value = parse_expr(p);
	return value != NULL && nodes_add(p, nodes, value);
}

static struct node *
parse_map_literal(struct parser *p)
{
	_cleanup_(nodes_done) struct nodes nodes = { 0 };
	uint32_t at = p->token.at;
	struct node *map;

	if (!advance(p))
		return NULL;
	while (p->token.kind != TOKEN_BRACE_CLOSE) {
		if (!parse_entry(p, &nodes))
			return NULL;
		if (p->token.kind != TOKEN_BRACE_CLOSE && !expect(p, TOKEN_COMMA, ", or }"))
			return NULL;
	}
	if (!advance(p))
		return NULL;
	map = node_new(p, NODE_MAP, at, nodes.v, nodes.n);
	if (map != NULL && all_literal(&nodes))
		map = fold_map(p, map);
	return map;
}

static struct node *
parse_int(struct parser *p, bool negative)
{
	uint64_t n = p->token.integer;
	uint32_t at = p->token.at;

	if (n > INT64_MAX && !negative)
		return refuse(p, at, "the integer is over 64 bits");
	if (!advance(p))
		return NULL;
	return node_literal(p, at, value_int((int64_t)(negative ? -n : n)));
}

static struct node *
parse_string(struct parser *p)
{
	const struct token t = p->token;

	if (!advance(p))
		return NULL;
	return node_literal(p, t.at, value_stringn(t.string.text, t.string.len));
}

/* has(e.f): the selection itself isn't evaluated. */
static struct node *
make_has(struct parser *p, uint32_t at, const struct nodes *args)
{
	if (args->n != 1 || args->v[0]->kind != NODE_SELECT)
		return refuse(p, at, "has() takes a selection, as in has(a.b)");
	args->v[0]->kind = NODE_HAS;
	return args->v[0];
}

static struct node *
make_call(struct parser *p, const char *name, uint32_t at, const struct nodes *args,
    enum builtin_style style)
{
	struct node *call = node_new(p, NODE_CALL, at, args->v, args->n);

	if (call == NULL)
		return NULL;
	call->value = value_string(name);
	call->builtin = builtin_find(name, style);
	return call;
}

/* The position is behind a global function's name, on the parenthesis. */
static struct node *
parse_call(struct parser *p, const char *name, uint32_t at)
{
	_cleanup_(nodes_done) struct nodes args = { 0 };

	if (!advance(p) || !parse_list(p, &args, TOKEN_PAREN_CLOSE, false))
		return NULL;
	if (strcmp(name, "has") == 0)
		return make_has(p, at, &args);
	return make_call(p, name, at, &args, BUILTIN_GLOBAL);
}

static const struct scope *
scope_find(const struct parser *p, const char *name)
{
	const struct scope *s = p->scope;

	while (s != NULL && strcmp(s->name, name) != 0)
		s = s->outer;
	return s;
}

static struct node *
make_name(struct parser *p, const char *name, uint32_t at, bool rooted)
{
	const struct scope *s = rooted ? NULL : scope_find(p, name);
	struct node *n = node_new(p, s == NULL ? NODE_NAME : NODE_VARIABLE, at, NULL, 0);

	if (n == NULL)
		return NULL;
	n->value = value_string(name);
	if (s == NULL)
		n->path = name;
	else
		n->slot = s->slot;
	return n;
}

/* A name or a call. `rooted`: a dot before it, so it is no variable of a macro. */
static struct node *
parse_name(struct parser *p, bool rooted)
{
	uint32_t at = p->token.at;
	const char *name;

	if (p->token.kind != TOKEN_NAME)
		return refuse_token(p, "a name");
	if (is_reserved(p))
		return refuse(p, at, "%.*s is a reserved word", (int)p->token.len, p->e->text + at);
	name = token_text(p);
	if (name == NULL || !advance(p))
		return NULL;
	if (p->token.kind == TOKEN_PAREN_OPEN)
		return parse_call(p, name, at);
	return make_name(p, name, at, rooted);
}

static struct node *
parse_word(struct parser *p)
{
	uint32_t at = p->token.at;
	struct value value;

	if (is_word(p, "true") || is_word(p, "false"))
		value = value_bool(is_word(p, "true"));
	else if (is_word(p, "null"))
		value = value_null();
	else
		return parse_name(p, false);
	return advance(p) ? node_literal(p, at, value) : NULL;
}

static struct node *
parse_group(struct parser *p)
{
	struct node *n;

	if (!advance(p))
		return NULL;
	n = parse_expr(p);
	if (n == NULL || !expect(p, TOKEN_PAREN_CLOSE, ")"))
		return NULL;
	return n;
}

static struct node *
parse_primary(struct parser *p)
{
	if (p->token.kind == TOKEN_NAME)
		return parse_word(p);
	if (p->token.kind == TOKEN_STRING)
		return parse_string(p);
	if (p->token.kind == TOKEN_INT)
		return parse_int(p, false);
	if (p->token.kind == TOKEN_BRACKET_OPEN)
		return parse_list_literal(p);
	if (p->token.kind == TOKEN_BRACE_OPEN)
		return parse_map_literal(p);
	if (p->token.kind == TOKEN_PAREN_OPEN)
		return parse_group(p);
	if (p->token.kind == TOKEN_DOT)
		return advance(p) ? parse_name(p, true) : NULL;
	return refuse_token(p, "an expression");
}

static const enum node_kind macros[] = { NODE_ALL, NODE_EXISTS, NODE_EXISTS_ONE, NODE_FILTER,
	NODE_TRANSFORM };

static bool
is_macro(const char *name, enum node_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(macros); i++) {
		if (strcmp(node_macro_name(macros[i]), name) != 0)
			continue;
		*ret = macros[i];
		return true;
	}
	return false;
}

/* What follows the variable of a macro: its scope. */
static struct node *
parse_macro_body(
    struct parser *p, enum node_kind kind, uint32_t at, struct node *range, const char *variable)
{
	_cleanup_(nodes_done) struct nodes args = { 0 };
	const struct scope scope = {
		.outer = p->scope,
		.name = variable,
		.slot = p->scope == NULL ? 0 : p->scope->slot + 1,
	};
	struct node *n;
	bool parsed;

	if (scope.slot >= EXPR_DEPTH_MAX)
		return refuse(p, at, "nested deeper than %d", EXPR_DEPTH_MAX);
	if (!nodes_add(p, &args, range))
		return NULL;
	p->scope = &scope;
	parsed = parse_list(p, &args, TOKEN_PAREN_CLOSE, false);
	p->scope = scope.outer;
	if (!parsed)
		return NULL;
	if (args.n != 2 && !(args.n == 3 && kind == NODE_TRANSFORM))
		return refuse(p, at, "%s() takes a variable and %s", node_macro_name(kind),
		    kind == NODE_TRANSFORM ? "one or two expressions" : "a condition");
	n = node_new(p, kind, at, args.v, args.n);
	if (n != NULL)
		n->slot = scope.slot;
	return n;
}

/* The position is on the parenthesis. */
static struct node *
parse_macro(struct parser *p, enum node_kind kind, uint32_t at, struct node *range)
{
	const char *variable;

	if (!advance(p))
		return NULL;
	if (p->token.kind != TOKEN_NAME || is_reserved(p))
		return refuse_token(p, "the name of a variable");
	variable = token_text(p);
	if (variable == NULL || !advance(p) ||
	    !expect(p, TOKEN_COMMA, ", and what is to hold of the variable"))
		return NULL;
	return parse_macro_body(p, kind, at, range, variable);
}

static struct node *
parse_method(struct parser *p, const char *name, uint32_t at, struct node *target)
{
	_cleanup_(nodes_done) struct nodes args = { 0 };
	enum node_kind macro;

	if (is_macro(name, &macro))
		return parse_macro(p, macro, at, target);
	if (!advance(p) || !nodes_add(p, &args, target) ||
	    !parse_list(p, &args, TOKEN_PAREN_CLOSE, false))
		return NULL;
	return make_call(p, name, at, &args, BUILTIN_METHOD);
}

static struct node *
make_select(struct parser *p, struct node *operand, const char *field, uint32_t at)
{
	struct node *n = node_new(p, NODE_SELECT, at, &operand, 1);

	if (n == NULL)
		return NULL;
	n->value = value_string(field);
	if ((operand->kind == NODE_NAME || operand->kind == NODE_SELECT) && operand->path != NULL) {
		n->path = arena_printf(p->e->arena, "%s.%s", operand->path, field);
		if (n->path == NULL)
			return out_of_memory(p);
	}
	return n;
}

/* The position is behind the dot. */
static struct node *
parse_selector(struct parser *p, struct node *operand)
{
	uint32_t at = p->token.at;
	const char *field;

	if (p->token.kind != TOKEN_NAME || is_keyword(p))
		return refuse_token(p, "the name of a field");
	field = token_text(p);
	if (field == NULL || !advance(p))
		return NULL;
	if (p->token.kind == TOKEN_PAREN_OPEN)
		return parse_method(p, field, at, operand);
	return make_select(p, operand, field, at);
}

/* The position is behind the bracket. */
static struct node *
parse_index(struct parser *p, struct node *operand, uint32_t at)
{
	struct node *index = parse_expr(p);

	if (index == NULL || !expect(p, TOKEN_BRACKET_CLOSE, "]"))
		return NULL;
	return node_binary(p, NODE_INDEX, at, operand, index);
}

static struct node *
parse_member_of(struct parser *p, struct node *n)
{
	uint32_t at;

	while (n != NULL && (p->token.kind == TOKEN_DOT || p->token.kind == TOKEN_BRACKET_OPEN)) {
		bool index = p->token.kind == TOKEN_BRACKET_OPEN;

		at = p->token.at;
		if (!advance(p))
			return NULL;
		n = index ? parse_index(p, n, at) : parse_selector(p, n);
	}
	return n;
}

/* -9223372036854775808 is one literal: its positive half alone would be over 64 bits. */
static struct node *
parse_negative(struct parser *p, uint32_t at)
{
	struct node *n = parse_int(p, true);

	if (n != NULL)
		n->at = at;
	return parse_member_of(p, n);
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
		return parse_member_of(p, parse_primary(p));
	for (; p->token.kind == sign; count++) {
		last = p->token.at;
		if (!advance(p))
			return NULL;
	}
	if (sign == TOKEN_MINUS && p->token.kind == TOKEN_INT) {
		n = parse_negative(p, last);
		count--;
	} else {
		n = parse_member_of(p, parse_primary(p));
	}
	for (; n != NULL && count > 0; count--)
		n = node_new(p, sign == TOKEN_NOT ? NODE_NOT : NODE_NEGATE, at, &n, 1);
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
	if (binds == 1 && is_word(p, "in")) {
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
		if (!advance(p))
			return NULL;
		n = node_binary(p, kind, at, n, parse_binary(p, binds + 1));
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
	if (!nodes_add(p, &nodes, n))
		return NULL;
	while (p->token.kind == sign) {
		n = advance(p) ? parse_operand(p) : NULL;
		if (n == NULL || !nodes_add(p, &nodes, n))
			return NULL;
	}
	return node_new(p, kind, at, nodes.v, nodes.n);
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

	yes = advance(p) ? parse_or(p) : NULL;
	if (yes == NULL || !expect(p, TOKEN_COLON, ":"))
		return NULL;
	no = parse_expr(p);
	if (no == NULL)
		return NULL;
	return node_new(p, NODE_CONDITION, at, (struct node *[]){ condition, yes, no }, 3);
}

static struct node *
parse_expr(struct parser *p)
{
	struct node *n;

	if (p->depth >= EXPR_DEPTH_MAX)
		return refuse(p, p->token.at, "nested deeper than %d", EXPR_DEPTH_MAX);
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
	struct node *n = advance(p) ? parse_expr(p) : NULL;

	if (n != NULL && p->token.kind != TOKEN_END)
		return refuse_token(p, "an operator");
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
