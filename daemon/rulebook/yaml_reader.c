/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/yaml_reader.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one at hand; type YAML_NO_EVENT: none */
	struct arena *arena;
	const char *text, *end;
	const char *line_start; /* of line `line` of the text; events only move it forward */
	unsigned line;
	unsigned n_nodes;
	struct yaml_error error;
};

static int read_node(struct reader *r, unsigned depth, struct yaml_node **ret);

static void
reader_deinit(struct reader *r)
{
	yaml_event_delete(&r->event);
	yaml_parser_delete(&r->parser);
}

static unsigned
event_line(const struct reader *r)
{
	return (unsigned)r->event.start_mark.line + 1;
}

static int
refuse(struct reader *r, unsigned line, const char *what)
{
	r->error = (struct yaml_error){ .line = line, .what = what };
	return YAML_READER_E_INVALID;
}

static unsigned
line_of_offset(const struct reader *r, size_t offset)
{
	unsigned line = 1;

	for (const char *p = r->text; p < r->end && (size_t)(p - r->text) < offset; p++)
		line += *p == '\n';
	return line;
}

static int
refuse_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	unsigned line = (unsigned)p->problem_mark.line + 1;
	const char *problem = p->problem != NULL ? p->problem : "malformed";
	const char *what;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR)
		line = line_of_offset(r, p->problem_offset);
	if (p->context != NULL)
		what = arena_printf(r->arena, "not YAML: %s (%s that starts in line %zu)", problem,
		    p->context, p->context_mark.line + 1);
	else
		what = arena_printf(r->arena, "not YAML: %s", problem);
	return what == NULL ? -ENOMEM : refuse(r, line, what);
}

static int
next_event(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event) == 0)
		return refuse_syntax(r);
	return 0;
}

/* Moves to a line of the text, from 1; NULL beyond its end, which happens where libyaml takes
 * another sign than a newline for the end of a line. */
static const char *
seek_line(struct reader *r, unsigned line)
{
	const char *newline;

	while (r->line < line) {
		newline = memchr(r->line_start, '\n', (size_t)(r->end - r->line_start));
		if (newline == NULL)
			return NULL;
		r->line_start = newline + 1;
		r->line++;
	}
	return r->line == line ? r->line_start : NULL;
}

/* libyaml counts columns in characters: steps over as many of UTF-8. */
static const char *
skip_characters(const char *p, const char *end, size_t n)
{
	for (; n > 0 && p < end; n--)
		do
			p++;
		while (p < end && ((unsigned char)*p & 0xc0) == 0x80);
	return p;
}

static void
note_source(struct reader *r, struct yaml_node *n)
{
	const char *start;

	if (n->style == YAML_BLOCK) {
		n->source = seek_line(r, n->line + 1);
		n->source_line = n->line + 1;
		n->source_column = 1;
		return;
	}
	start = seek_line(r, n->line);
	if (start == NULL)
		return;
	n->source = skip_characters(start, r->end, r->event.start_mark.column);
	if (n->style != YAML_PLAIN && n->source < r->end)
		n->source++;
	n->source_line = n->line;
	n->source_column = (unsigned)(n->source - start) + 1;
}

static enum yaml_style
style_of(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return YAML_SINGLE_QUOTED;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return YAML_DOUBLE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return YAML_BLOCK;
	case YAML_ANY_SCALAR_STYLE:
	case YAML_PLAIN_SCALAR_STYLE:
		break;
	}
	return YAML_PLAIN;
}

static int
read_scalar(struct reader *r, struct yaml_node *n)
{
	const char *value = (const char *)r->event.data.scalar.value;

	n->len = r->event.data.scalar.length;
	n->style = style_of(r->event.data.scalar.style);
	if (memchr(value, '\0', n->len) != NULL)
		return refuse(r, n->line, "a zero in a text");
	n->text = arena_strndup(r->arena, value, n->len);
	if (n->text == NULL)
		return -ENOMEM;
	n->source_end = r->end;
	note_source(r, n);
	return 0;
}

static int
read_list(struct reader *r, struct yaml_node *list, unsigned depth)
{
	struct yaml_node **tail = &list->first;
	int e;

	for (;;) {
		e = next_event(r);
		if (e != 0 || r->event.type == YAML_SEQUENCE_END_EVENT)
			return e;
		e = read_node(r, depth + 1, tail);
		if (e != 0)
			return e;
		tail = &(*tail)->next;
		list->n++;
	}
}

static int
refuse_twin(struct reader *r, unsigned line, const char *key)
{
	const char *what;

	/* The message is a line. */
	if (strpbrk(key, "\n\r") != NULL || strlen(key) > 64)
		key = "...";
	what = arena_printf(r->arena, "key `%s` is given twice", key);
	return what == NULL ? -ENOMEM : refuse(r, line, what);
}

static int
read_key(struct reader *r, const struct yaml_node *map, const char **ret)
{
	struct yaml_node key = { .line = event_line(r) };
	const struct yaml_node *twin;
	int e;

	if (r->event.type != YAML_SCALAR_EVENT)
		return refuse(r, key.line, "a key must be a text");
	if (r->event.data.scalar.anchor != NULL || r->event.data.scalar.tag != NULL)
		return refuse(r, key.line, "anchors and tags are not taken");
	if (map->n == YAML_READER_KEYS_MAX)
		return refuse(r, key.line, "a map with over 1024 keys");
	e = read_scalar(r, &key);
	if (e != 0)
		return e;
	if (key.style == YAML_PLAIN && strcmp(key.text, "<<") == 0)
		return refuse(r, key.line, "merge keys are not taken");
	twin = node_get(map, key.text);
	if (twin != NULL)
		return refuse_twin(r, key.line, key.text);
	*ret = key.text;
	return 0;
}

static int
read_map(struct reader *r, struct yaml_node *map, unsigned depth)
{
	struct yaml_node **tail = &map->first;
	unsigned key_line;
	const char *key;
	int e;

	for (;;) {
		e = next_event(r);
		if (e != 0 || r->event.type == YAML_MAPPING_END_EVENT)
			return e;
		key_line = event_line(r);
		e = read_key(r, map, &key);
		if (e == 0)
			e = next_event(r);
		if (e == 0)
			e = read_node(r, depth + 1, tail);
		if (e != 0)
			return e;
		(*tail)->key = key;
		(*tail)->key_line = key_line;
		tail = &(*tail)->next;
		map->n++;
	}
}

static bool
event_is_decorated(const yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT)
		return e->data.scalar.anchor != NULL || e->data.scalar.tag != NULL;
	if (e->type == YAML_SEQUENCE_START_EVENT)
		return e->data.sequence_start.anchor != NULL || e->data.sequence_start.tag != NULL;
	return e->data.mapping_start.anchor != NULL || e->data.mapping_start.tag != NULL;
}

/* Reads the node whose first event is at hand. *ret is set with the node half-built, too: the list
 * that it hangs in is given up as a whole. */
static int
read_node(struct reader *r, unsigned depth, struct yaml_node **ret)
{
	yaml_event_type_t type = r->event.type;
	struct yaml_node *n;

	if (type == YAML_ALIAS_EVENT)
		return refuse(r, event_line(r), "aliases are not taken");
	if (event_is_decorated(&r->event))
		return refuse(r, event_line(r), "anchors and tags are not taken");
	if (depth > YAML_READER_DEPTH_MAX)
		return refuse(r, event_line(r), "nested over 16 deep");
	if (++r->n_nodes > YAML_READER_NODES_MAX)
		return refuse(r, event_line(r), "over 65536 values");
	n = arena_alloc(r->arena, sizeof(*n));
	if (n == NULL)
		return -ENOMEM;
	*ret = n;
	n->line = event_line(r);
	if (type == YAML_SCALAR_EVENT)
		return read_scalar(r, n);
	n->kind = type == YAML_SEQUENCE_START_EVENT ? YAML_LIST : YAML_MAP;
	return n->kind == YAML_LIST ? read_list(r, n, depth) : read_map(r, n, depth);
}

static int
read_document(struct reader *r, struct yaml_node **ret)
{
	const yaml_event_t *e = &r->event;
	int error;

	if (e->data.document_start.version_directive != NULL ||
	    e->data.document_start.tag_directives.start !=
		e->data.document_start.tag_directives.end)
		return refuse(r, event_line(r), "directives are not taken");
	error = next_event(r);
	if (error == 0)
		error = read_node(r, 1, ret);
	if (error == 0)
		error = next_event(r); /* the document's end */
	if (error == 0)
		error = next_event(r);
	if (error == 0 && r->event.type != YAML_STREAM_END_EVENT)
		return refuse(r, event_line(r), "a second document");
	return error;
}

static int
read_stream(struct reader *r, struct yaml_node **ret)
{
	int e = next_event(r); /* the stream's start */

	if (e == 0)
		e = next_event(r);
	if (e != 0 || r->event.type == YAML_STREAM_END_EVENT)
		return e;
	return read_document(r, ret);
}

int
yaml_read(struct yaml_node **ret, struct arena *a, const char *text, size_t len,
    struct yaml_error *reterr)
{
	struct reader r = { .arena = a, .text = text, .end = text + len, .line_start = text };
	struct yaml_node *root = NULL;
	int e;

	if (len > YAML_READER_SIZE_MAX) {
		*reterr = (struct yaml_error){ .what = "over 1 MiB" };
		return YAML_READER_E_INVALID;
	}
	if (yaml_parser_initialize(&r.parser) == 0)
		return -ENOMEM;
	r.line = 1;
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	e = read_stream(&r, &root);
	if (e == 0)
		*ret = root;
	else
		*reterr = r.error;
	reader_deinit(&r);
	return e;
}

const char *
node_kind_name(enum yaml_kind kind)
{
	switch (kind) {
	case YAML_SCALAR:
		return "a text";
	case YAML_LIST:
		return "a list";
	case YAML_MAP:
		return "a map";
	}
	return "?";
}

const struct yaml_node *
node_get(const struct yaml_node *map, const char *key)
{
	for (const struct yaml_node *n = map->first; n != NULL; n = n->next)
		if (strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

bool
node_is_null(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && n->style == YAML_PLAIN &&
	       (n->len == 0 || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

/* A place in the text read. */
struct place {
	const char *at, *end;
	unsigned line, column;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
place_step(struct place *p)
{
	if (*p->at++ == '\n') {
		p->line++;
		p->column = 1;
	} else {
		p->column++;
	}
}

/* Goes to where the source has that character of the scalar. */
static bool
place_find(struct place *p, char c)
{
	while (p->at < p->end && is_blank(*p->at))
		place_step(p);
	return p->at < p->end && *p->at == c;
}

/* Folding and indenting change blanks alone, so a scalar and its source agree in all else, quotes
 * and escapes aside. */
bool
node_position(
    const struct yaml_node *scalar, size_t offset, unsigned *ret_line, unsigned *ret_column)
{
	struct place p = { scalar->source, scalar->source_end, scalar->source_line,
		scalar->source_column };
	const char *text = scalar->text;

	if (p.at == NULL || offset > scalar->len)
		return false;
	for (size_t i = 0; i < offset; i++) {
		if (is_blank(text[i]))
			continue;
		if (!place_find(&p, text[i]))
			return false;
		place_step(&p);
		if (scalar->style == YAML_SINGLE_QUOTED && text[i] == '\'' && p.at < p.end)
			place_step(&p);
	}
	if (offset < scalar->len && !is_blank(text[offset]) && !place_find(&p, text[offset]))
		return false;
	*ret_line = p.line;
	*ret_column = p.column;
	return true;
}
