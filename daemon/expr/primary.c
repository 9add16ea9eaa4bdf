/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser's half below the operators: literals, names, calls, macros, selections. */
#include "expr/builtin.h"
#include "expr/parser.h"

#include <string.h>

/* Expressions with commas up to `close`, which is swallowed. A list may end in a comma. */
static bool
parse_list(struct parser *p, struct nodes *nodes, enum token_kind close, bool trailing)
{
	const char *wanted = close == TOKEN_BRACKET_CLOSE ? ", or ]" : ", or )";
	struct node *n;

	while (p->token.kind != close) {
		n = parser_expression(p);
		if (n == NULL || !parser_add(p, nodes, n))
			return false;
		if (p->token.kind == close)
			break;
		if (!parser_expect(p, TOKEN_COMMA, wanted))
			return false;
		if (p->token.kind == close && !trailing) {
			(void)parser_refuse_token(p, "an argument");
			return false;
		}
	}
	return parser_advance(p);
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
		return parser_out_of_memory(p);
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

	if (!parser_advance(p) || !parse_list(p, &nodes, TOKEN_BRACKET_CLOSE, true))
		return NULL;
	list = parser_node(p, NODE_LIST, at, nodes.v, nodes.n);
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
		return parser_out_of_memory(p);
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
	struct node *key = parser_expression(p), *value;

	if (key == NULL || !parser_add(p, nodes, key) || !parser_expect(p, TOKEN_COLON, ":"))
		return false;
	value = parser_expression(p);
	return value != NULL && parser_add(p, nodes, value);
}

static struct node *
parse_map_literal(struct parser *p)
{
	_cleanup_(nodes_done) struct nodes nodes = { 0 };
	uint32_t at = p->token.at;
	struct node *map;

	if (!parser_advance(p))
		return NULL;
	while (p->token.kind != TOKEN_BRACE_CLOSE) {
		if (!parse_entry(p, &nodes))
			return NULL;
		if (p->token.kind != TOKEN_BRACE_CLOSE && !parser_expect(p, TOKEN_COMMA, ", or }"))
			return NULL;
	}
	if (!parser_advance(p))
		return NULL;
	map = parser_node(p, NODE_MAP, at, nodes.v, nodes.n);
	if (map != NULL && all_literal(&nodes))
		map = fold_map(p, map);
	return map;
}

struct node *
parser_int(struct parser *p, bool negative)
{
	uint64_t n = p->token.integer;
	uint32_t at = p->token.at;

	if (n > INT64_MAX && !negative)
		return parser_refuse(p, at, "the integer is over 64 bits");
	if (!parser_advance(p))
		return NULL;
	return parser_literal(p, at, value_int((int64_t)(negative ? -n : n)));
}

static struct node *
parse_string(struct parser *p)
{
	const struct token t = p->token;

	if (!parser_advance(p))
		return NULL;
	return parser_literal(p, t.at, value_stringn(t.string.text, t.string.len));
}

/* has(e.f): the selection itself isn't evaluated. */
static struct node *
make_has(struct parser *p, uint32_t at, const struct nodes *args)
{
	if (args->n != 1 || args->v[0]->kind != NODE_SELECT)
		return parser_refuse(p, at, "has() takes a selection, as in has(a.b)");
	args->v[0]->kind = NODE_HAS;
	return args->v[0];
}

static struct node *
make_call(struct parser *p, const char *name, uint32_t at, const struct nodes *args,
    enum builtin_style style)
{
	struct node *call = parser_node(p, NODE_CALL, at, args->v, args->n);

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

	if (!parser_advance(p) || !parse_list(p, &args, TOKEN_PAREN_CLOSE, false))
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
	struct node *n = parser_node(p, s == NULL ? NODE_NAME : NODE_VARIABLE, at, NULL, 0);

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
		return parser_refuse_token(p, "a name");
	if (parser_at_reserved(p))
		return parser_refuse(
		    p, at, "%.*s is a reserved word", (int)p->token.len, p->e->text + at);
	name = parser_text(p);
	if (name == NULL || !parser_advance(p))
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

	if (parser_at_word(p, "true") || parser_at_word(p, "false"))
		value = value_bool(parser_at_word(p, "true"));
	else if (parser_at_word(p, "null"))
		value = value_null();
	else
		return parse_name(p, false);
	return parser_advance(p) ? parser_literal(p, at, value) : NULL;
}

static struct node *
parse_group(struct parser *p)
{
	struct node *n;

	if (!parser_advance(p))
		return NULL;
	n = parser_expression(p);
	if (n == NULL || !parser_expect(p, TOKEN_PAREN_CLOSE, ")"))
		return NULL;
	return n;
}

struct node *
parser_primary(struct parser *p)
{
	if (p->token.kind == TOKEN_NAME)
		return parse_word(p);
	if (p->token.kind == TOKEN_STRING)
		return parse_string(p);
	if (p->token.kind == TOKEN_INT)
		return parser_int(p, false);
	if (p->token.kind == TOKEN_BRACKET_OPEN)
		return parse_list_literal(p);
	if (p->token.kind == TOKEN_BRACE_OPEN)
		return parse_map_literal(p);
	if (p->token.kind == TOKEN_PAREN_OPEN)
		return parse_group(p);
	if (p->token.kind == TOKEN_DOT)
		return parser_advance(p) ? parse_name(p, true) : NULL;
	return parser_refuse_token(p, "an expression");
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
		return parser_refuse(p, at, "nested deeper than %d", EXPR_DEPTH_MAX);
	if (!parser_add(p, &args, range))
		return NULL;
	p->scope = &scope;
	parsed = parse_list(p, &args, TOKEN_PAREN_CLOSE, false);
	p->scope = scope.outer;
	if (!parsed)
		return NULL;
	if (args.n != 2 && !(args.n == 3 && kind == NODE_TRANSFORM))
		return parser_refuse(p, at, "%s() takes a variable and %s", node_macro_name(kind),
		    kind == NODE_TRANSFORM ? "one or two expressions" : "a condition");
	n = parser_node(p, kind, at, args.v, args.n);
	if (n != NULL)
		n->slot = scope.slot;
	return n;
}

/* The position is on the parenthesis. */
static struct node *
parse_macro(struct parser *p, enum node_kind kind, uint32_t at, struct node *range)
{
	const char *variable;

	if (!parser_advance(p))
		return NULL;
	if (p->token.kind != TOKEN_NAME || parser_at_reserved(p))
		return parser_refuse_token(p, "the name of a variable");
	variable = parser_text(p);
	if (variable == NULL || !parser_advance(p) ||
	    !parser_expect(p, TOKEN_COMMA, ", and what is to hold of the variable"))
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
	if (!parser_advance(p) || !parser_add(p, &args, target) ||
	    !parse_list(p, &args, TOKEN_PAREN_CLOSE, false))
		return NULL;
	return make_call(p, name, at, &args, BUILTIN_METHOD);
}

static struct node *
make_select(struct parser *p, struct node *operand, const char *field, uint32_t at)
{
	struct node *n = parser_node(p, NODE_SELECT, at, &operand, 1);

	if (n == NULL)
		return NULL;
	n->value = value_string(field);
	if ((operand->kind == NODE_NAME || operand->kind == NODE_SELECT) && operand->path != NULL) {
		n->path = arena_printf(p->e->arena, "%s.%s", operand->path, field);
		if (n->path == NULL)
			return parser_out_of_memory(p);
	}
	return n;
}

/* The position is behind the dot. */
static struct node *
parse_selector(struct parser *p, struct node *operand)
{
	uint32_t at = p->token.at;
	const char *field;

	if (p->token.kind != TOKEN_NAME || parser_at_keyword(p))
		return parser_refuse_token(p, "the name of a field");
	field = parser_text(p);
	if (field == NULL || !parser_advance(p))
		return NULL;
	if (p->token.kind == TOKEN_PAREN_OPEN)
		return parse_method(p, field, at, operand);
	return make_select(p, operand, field, at);
}

/* The position is behind the bracket. */
static struct node *
parse_index(struct parser *p, struct node *operand, uint32_t at)
{
	struct node *index = parser_expression(p);

	if (index == NULL || !parser_expect(p, TOKEN_BRACKET_CLOSE, "]"))
		return NULL;
	return parser_pair(p, NODE_INDEX, at, operand, index);
}

struct node *
parser_members(struct parser *p, struct node *n)
{
	uint32_t at;

	while (n != NULL && (p->token.kind == TOKEN_DOT || p->token.kind == TOKEN_BRACKET_OPEN)) {
		bool index = p->token.kind == TOKEN_BRACKET_OPEN;

		at = p->token.at;
		if (!parser_advance(p))
			return NULL;
		n = index ? parse_index(p, n, at) : parse_selector(p, n);
	}
	return n;
}
