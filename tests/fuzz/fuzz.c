/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "collect/docker_private.h"
#include "facts/build.h"
#include "util/json_text.h"
#include "util/utf8.h"
#include "util/utf8_feed.h"
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
fuzz_fail(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: must be: %s\n", file, line, what);
	abort();
}

char *
part_next(struct parts *p, size_t *ret_len)
{
	const char *end = p->left == 0 ? NULL : memchr(p->at, PART_END, p->left);
	size_t len = end == NULL ? p->left : (size_t)(end - p->at);
	char *text;

	if (p->over)
		return NULL;
	text = malloc(len + 1);
	must(text != NULL);
	if (len > 0)
		memcpy(text, p->at, len);
	text[len] = '\0';
	p->over = end == NULL;
	p->at += len + !p->over;
	p->left -= len + !p->over;
	if (ret_len != NULL)
		*ret_len = len;
	return text;
}

unsigned
part_byte(struct parts *p)
{
	_cleanup_(freep) char *text = part_next(p, NULL);

	return text == NULL ? 0 : (unsigned char)text[0];
}

struct json_object *
fuzz_json(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(DOCKER_JSON_DEPTH);
	struct utf8_feed utf8 = { 0 };
	struct json_object *json = NULL;

	must(tokener != NULL);
	json_tokener_set_flags(tokener, DOCKER_JSON_FLAGS | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	if (len < INT_MAX && utf8_feed(&utf8, text, len))
		json = json_tokener_parse_ex(tokener, text, (int)len);
	json_tokener_free(tokener);
	return json;
}

/* All texts are UTF-8. */
static void
texts_must_hold(const struct value *v)
{
	size_t step;

	if (v->type == VALUE_STRING || v->type == VALUE_UNREADABLE)
		for (size_t at = 0; at < v->len; at += step) {
			step = utf8_char(v->string + at, v->len - at);
			must(step > 0);
		}
	for (uint32_t i = 0; v->type == VALUE_LIST && i < v->len; i++)
		texts_must_hold(&v->items[i]);
	for (uint32_t i = 0; v->type == VALUE_MAP && i < v->len; i++) {
		texts_must_hold(&v->entries[i].key);
		texts_must_hold(&v->entries[i].value);
	}
}

static void
fact_must_hold(enum fact_id id, const struct value *v)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);
	struct json_text text = { 0 };
	struct value shown;

	must(a != NULL);
	if (!type_holds(fact_table[id].type, v)) {
		(void)fprintf(
		    stderr, "%s is no %s\n", fact_table[id].path, fact_table[id].type->name);
		must(!"a fact is of its type");
	}
	must(v->type != VALUE_UNREADABLE || (v->string != NULL && v->len > 0));
	must(value_same(v, v));
	texts_must_hold(v);
	must(fact_shown(&shown, id, v, a) == 0);
	value_put_json(&text, &shown);
	must(!text.failed);
	json_text_deinit(&text);
}

void
snapshot_must_hold(int r, struct snapshot *s)
{
	enum fact_id differ[64];

	must(r == 0 || r == BUILD_E_NONSENSE);
	if (r != 0)
		return;
	must(s->n == topic_fact_count(s->topic));
	for (unsigned i = 0; i < s->n; i++)
		fact_must_hold(topic_first_fact(s->topic) + i, &s->values[i]);
	must(snapshot_diff(s, s, differ) == 0);
	(void)snapshot_free(s);
}

/* Mixes well enough that seeds close to each other give numbers far apart. */
struct dice
dice_of(const uint8_t *data, size_t size)
{
	struct dice d = { .state = size };

	for (size_t i = 0; i < size; i++)
		d.state = (d.state ^ data[i]) * UINT64_C(0x100000001b3);
	return d;
}

unsigned
dice_roll(struct dice *d, unsigned sides)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ (z >> 31)) % sides);
}
