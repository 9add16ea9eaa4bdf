/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/mapper.h"

#include "rulebook/scalar.h"
#include "util/nearest.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void
complain_unknown(struct loading *l, const struct yaml_node *entry, const struct keys *keys)
{
	struct nearest n = nearest_to(entry->key, strlen(entry->key));
	const char *shown = loading_shown(l, entry->key);

	for (size_t i = 0; i < keys->n; i++)
		nearest_offer(&n, keys->keys[i].name);
	if (n.name != NULL)
		loading_complain(
		    l, entry->key_line, "unknown key `%s`; did you mean `%s`?", shown, n.name);
	else
		loading_complain(l, entry->key_line, "unknown key `%s`", shown);
}

static const struct key *
key_find(const struct keys *keys, const char *name)
{
	for (size_t i = 0; i < keys->n; i++)
		if (strcmp(keys->keys[i].name, name) == 0)
			return &keys->keys[i];
	return NULL;
}

int
map_take(struct loading *l, const struct yaml_node *map, const struct keys *keys, void *target)
{
	const struct key *key;
	int r;

	r = node_expect(l, map, YAML_MAP, keys->what);
	if (r != 0)
		return r < 0 ? r : 0;
	for (const struct yaml_node *n = map->first; n != NULL; n = n->next) {
		key = key_find(keys, n->key);
		if (key == NULL) {
			complain_unknown(l, n, keys);
			continue;
		}
		r = key->take(l, n, key, (char *)target + key->offset);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < keys->n; i++)
		if (keys->keys[i].required && node_get(map, keys->keys[i].name) == NULL)
			loading_complain(
			    l, map->line, "%s needs `%s`", keys->what, keys->keys[i].name);
	return 0;
}

/* "`key`", to name a value in a complaint. */
static const char *
quoted(struct loading *l, const char *name)
{
	const char *text = arena_printf(l->scratch, "`%s`", name);

	return text != NULL ? text : name;
}

int
node_expect(struct loading *l, const struct yaml_node *n, enum yaml_kind kind, const char *what)
{
	if (n->kind == kind)
		return 0;
	loading_complain(l, n->line, "%s must be %s, not %s", what, node_kind_name(kind),
	    node_kind_name(n->kind));
	return LOADING_E_REFUSED;
}

static size_t
len_without_blanks(const struct yaml_node *n)
{
	size_t len = n->len;

	while (len > 0 && strchr(" \t\r\n", n->text[len - 1]) != NULL)
		len--;
	return len;
}

int
text_of_node(struct loading *l, const struct yaml_node *n, const char *what, const char **ret)
{
	const char *text;
	int r;

	r = node_expect(l, n, YAML_SCALAR, what);
	if (r != 0)
		return r;
	if (node_is_null(n) || len_without_blanks(n) == 0) {
		loading_complain(l, n->line, "%s is empty", what);
		return LOADING_E_REFUSED;
	}
	text = arena_strndup(l->rb->arena, n->text, len_without_blanks(n));
	if (text == NULL)
		return -ENOMEM;
	*ret = text;
	return 0;
}

int
texts_of_node(
    struct loading *l, const struct yaml_node *list, const char *what, const char *const **ret)
{
	const char **texts;
	unsigned i = 0;
	int r;

	r = node_expect(l, list, YAML_LIST, what);
	if (r != 0)
		return r;
	texts = arena_alloc(l->rb->arena, (list->n + 1) * sizeof(*texts));
	if (texts == NULL)
		return -ENOMEM;
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
		r = text_of_node(l, n, what, &texts[i++]);
		if (r != 0)
			return r;
	}
	*ret = texts;
	return 0;
}

int
take_text(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	int r = text_of_node(l, n, quoted(l, key->name), target);

	return r < 0 ? r : 0;
}

int
take_node(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	*(const struct yaml_node **)target = n;
	return 0;
}

/* "critical, high, medium or low" */
static const char *
choices_shown(struct loading *l, const char *const *names)
{
	const char *text = names[0];

	for (unsigned i = 1; names[i] != NULL && text != NULL; i++)
		text = arena_printf(
		    l->scratch, "%s%s%s", text, names[i + 1] == NULL ? " or " : ", ", names[i]);
	return text != NULL ? text : "?";
}

int
take_choice(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	const char *const *names = key->more;

	for (unsigned i = 0; n->kind == YAML_SCALAR && names[i] != NULL; i++)
		if (strcmp(names[i], n->text) == 0) {
			*(int *)target = (int)i;
			return 0;
		}
	loading_complain(l, n->line, "`%s` must be %s", key->name, choices_shown(l, names));
	return 0;
}

int
take_bool(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	if (!scalar_bool(n, target))
		loading_complain(l, n->line, "`%s` must be true or false", key->name);
	return 0;
}

int
take_number(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	int64_t i;

	if (scalar_int(n, &i) && i >= (int64_t)key->min && i <= (int64_t)key->max)
		*(unsigned *)target = (unsigned)i;
	else
		loading_complain(l, n->line, "`%s` must be a number from %" PRIu64 " to %" PRIu64,
		    key->name, key->min, key->max);
	return 0;
}

int
take_duration(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	uint64_t s;

	if (!scalar_duration(n, &s))
		loading_complain(
		    l, n->line, "`%s` must be a duration such as 90s, 5m, 6h or 1d", key->name);
	else if (s < key->min || s > key->max)
		loading_complain(l, n->line,
		    "`%s` must be from %" PRIu64 "s to %" PRIu64 "s, and this is %" PRIu64 "s",
		    key->name, key->min, key->max, s);
	else
		*(unsigned *)target = (unsigned)s;
	return 0;
}

int
take_interval(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	if (n->kind != YAML_SCALAR || strcmp(n->text, "off") != 0)
		return take_duration(l, n, key, target);
	*(unsigned *)target = 0;
	return 0;
}

int
take_size(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	uint64_t bytes;

	if (!scalar_size(n, &bytes))
		loading_complain(
		    l, n->line, "`%s` must be a size such as 100KiB, 512MiB or 1GiB", key->name);
	else if (bytes < key->min || bytes > key->max)
		loading_complain(l, n->line,
		    "`%s` must be from %" PRIu64 "B to %" PRIu64 "B, and this is %" PRIu64 "B",
		    key->name, key->min, key->max, bytes);
	else
		*(uint64_t *)target = bytes;
	return 0;
}

/* A part whose every line is a comment is as good as one that isn't there. */
int
take_map(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	return node_is_null(n) ? 0 : map_take(l, n, key->more, target);
}
