/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/read.h"

#include "facts/build.h"
#include "util/utf8.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char too_large[] = "too large to keep";

struct value
unreadable_printf(struct arena *a, const char *format, ...)
{
	char reason[512];
	const char *copy;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	utf8_mend(reason);
	copy = arena_strdup(a, reason);
	return value_unreadable(copy == NULL ? too_large : copy);
}

struct json_object *
read_member_of(struct json_object *doc, const char *name)
{
	struct json_object *member = NULL;

	if (!json_object_is_type(doc, json_type_object) ||
	    !json_object_object_get_ex(doc, name, &member))
		return NULL;
	return member;
}

/* The object that the path's last name is a member of, or NULL. */
static struct json_object *
parent_of(struct json_object *doc, const char *path, const char **ret_last)
{
	const char *at = path, *dot;
	char name[64];

	for (; (dot = strchr(at, '.')) != NULL; at = dot + 1) {
		size_t len = (size_t)(dot - at);

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, at, len);
		name[len] = '\0';
		doc = read_member_of(doc, name);
	}
	*ret_last = at;
	return json_object_is_type(doc, json_type_object) ? doc : NULL;
}

enum read_outcome
read_find(struct arena *a, struct json_object *doc, const char *path, json_type want,
    unsigned flags, struct json_object **ret, struct value *why)
{
	struct json_object *parent, *found = NULL;
	const char *name;

	parent = parent_of(doc, path, &name);
	if (parent == NULL || !json_object_object_get_ex(parent, name, &found)) {
		if (parent != NULL && (flags & READ_MISSING_IS_EMPTY))
			return READ_EMPTY;
		*why = unreadable_printf(a, "%s is not in the reply", path);
		return READ_UNREADABLE;
	}
	if (found == NULL && (flags & READ_NULL_IS_EMPTY))
		return READ_EMPTY;
	if (!json_object_is_type(found, want)) {
		*why = unreadable_printf(a, "%s is of type %s, not %s", path,
		    json_type_to_name(json_object_get_type(found)), json_type_to_name(want));
		return READ_UNREADABLE;
	}
	*ret = found;
	return READ_FOUND;
}

/* Bytes that it takes to write bytes that are no UTF-8 as U+FFFD. */
static size_t
text_len(const char *text, size_t len)
{
	size_t n = 0, step;

	for (size_t i = 0; i < len; i += step == 0 ? 1 : step) {
		step = utf8_char(text + i, len - i);
		n += step == 0 ? 3 : step;
	}
	return n;
}

static struct value
mend_text(struct arena *a, const char *text, size_t len)
{
	size_t n = text_len(text, len), step;
	char *copy = arena_alloc(a, n + 1), *to = copy;

	if (copy == NULL)
		return value_unreadable(too_large);
	for (size_t i = 0; i < len; i += step == 0 ? 1 : step) {
		step = utf8_char(text + i, len - i);
		memcpy(to, step == 0 ? "\xef\xbf\xbd" : text + i, step == 0 ? 3 : step);
		to += step == 0 ? 3 : step;
	}
	return value_stringn(copy, n);
}

struct value
read_text(struct arena *a, const char *text, size_t len)
{
	const char *copy;

	if (utf8_ascii(text, len) < len)
		return mend_text(a, text, len);
	copy = arena_strndup(a, text, len);
	return copy == NULL ? value_unreadable(too_large) : value_stringn(copy, len);
}

static struct value
text_of(struct arena *a, struct json_object *string)
{
	return read_text(
	    a, json_object_get_string(string), (size_t)json_object_get_string_len(string));
}

struct value
read_bool(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *found = NULL;
	struct value why;

	switch (read_find(a, doc, path, json_type_boolean, flags, &found, &why)) {
	case READ_FOUND:
		return value_bool(json_object_get_boolean(found));
	case READ_EMPTY:
		return value_bool(false);
	case READ_UNREADABLE:
		break;
	}
	return why;
}

struct value
read_int(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *found = NULL;
	struct value why;

	switch (read_find(a, doc, path, json_type_int, flags, &found, &why)) {
	case READ_FOUND:
		/* json-c keeps what is over INT64_MAX as unsigned. */
		if (json_object_get_uint64(found) > INT64_MAX)
			return unreadable_printf(a, "%s is over 64 bits", path);
		return value_int(json_object_get_int64(found));
	case READ_EMPTY:
		return value_int(0);
	case READ_UNREADABLE:
		break;
	}
	return why;
}

struct value
read_string(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *found = NULL;
	struct value why;

	switch (read_find(a, doc, path, json_type_string, flags, &found, &why)) {
	case READ_FOUND:
		return text_of(a, found);
	case READ_EMPTY:
		return value_string("");
	case READ_UNREADABLE:
		break;
	}
	return why;
}

void
list_add(struct list_draft *l, struct value item)
{
	struct value *grown;
	size_t room;

	if (l->trouble.type == VALUE_UNREADABLE)
		return;
	if (item.type == VALUE_UNREADABLE) {
		l->trouble = item;
		return;
	}
	if (l->n == BUILD_LIST_MAX) {
		l->cut = true;
		return;
	}
	if (l->n == l->room) {
		room = l->room == 0 ? 8 : l->room * 2;
		grown = arena_alloc(l->arena, room * sizeof(*grown));
		if (grown == NULL) {
			l->trouble = value_unreadable(too_large);
			return;
		}
		if (l->n > 0)
			memcpy(grown, l->items, l->n * sizeof(*grown));
		l->items = grown;
		l->room = room;
	}
	l->items[l->n++] = item;
}

struct value
list_finish(const struct list_draft *l)
{
	struct value v;

	if (l->trouble.type == VALUE_UNREADABLE)
		return l->trouble;
	v = value_list(l->items, l->n);
	v.cut = l->cut;
	return v;
}

/* Elements of `array`, each made a value by `element`; one that is unreadable spoils the list. */
static struct value
read_elements(struct arena *a, struct json_object *array, const char *path,
    struct value (*element)(
	struct arena *a, struct json_object *item, const char *path, const void *context),
    const void *context)
{
	struct list_draft l = { .arena = a };
	size_t n = json_object_array_length(array);

	for (size_t i = 0; i < n && !l.cut && l.trouble.type != VALUE_UNREADABLE; i++)
		list_add(&l, element(a, json_object_array_get_idx(array, i), path, context));
	return list_finish(&l);
}

static struct value
string_element(struct arena *a, struct json_object *item, const char *path, const void *context)
{
	if (!json_object_is_type(item, json_type_string))
		return unreadable_printf(a, "%s holds a %s, not a string", path,
		    json_type_to_name(json_object_get_type(item)));
	return text_of(a, item);
}

struct value
read_strings(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *found = NULL;
	struct value why;

	switch (read_find(a, doc, path, json_type_array, flags, &found, &why)) {
	case READ_FOUND:
		return read_elements(a, found, path, string_element, NULL);
	case READ_EMPTY:
		return value_list(NULL, 0);
	case READ_UNREADABLE:
		break;
	}
	return why;
}

struct value
read_names(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct list_draft l = { .arena = a };
	struct json_object *found = NULL;
	struct value why;

	switch (read_find(a, doc, path, json_type_object, flags, &found, &why)) {
	case READ_FOUND: {
		json_object_object_foreach (found, name, member) {
			(void)member;
			list_add(&l, read_text(a, name, strlen(name)));
		}
		return list_finish(&l);
	}
	case READ_EMPTY:
		return value_list(NULL, 0);
	case READ_UNREADABLE:
		break;
	}
	return why;
}

struct value
read_count(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *found = NULL;
	struct value why;

	switch (read_find(a, doc, path, json_type_array, flags, &found, &why)) {
	case READ_FOUND:
		return value_int((int64_t)json_object_array_length(found));
	case READ_EMPTY:
		return value_int(0);
	case READ_UNREADABLE:
		break;
	}
	return why;
}

struct value
read_map(struct arena *a, struct json_object *doc, const char *path, unsigned flags)
{
	struct json_object *found = NULL;
	struct value v;

	switch (read_find(a, doc, path, json_type_object, flags, &found, &v)) {
	case READ_FOUND:
		if (value_from_json(&v, found, a) < 0)
			return value_unreadable(too_large);
		return v;
	case READ_EMPTY:
		return value_map(NULL, 0);
	case READ_UNREADABLE:
		break;
	}
	return v;
}

void
read_fields(struct draft *d, struct json_object *doc, const struct read_field *fields, size_t n)
{
	for (const struct read_field *f = fields; f < fields + n; f++)
		draft_set(d, f->fact, f->read(d->arena, doc, f->path, f->flags));
}

struct value
record_make(struct arena *a, const struct type *record, const struct value *fields)
{
	struct value_entry *entries;
	size_t n = 0;

	while (record->fields[n].name != NULL)
		n++;
	entries = arena_alloc(a, n * sizeof(*entries));
	if (entries == NULL)
		return value_unreadable(too_large);
	for (size_t i = 0; i < n; i++) {
		if (fields[i].type == VALUE_UNREADABLE)
			return fields[i];
		entries[i] =
		    (struct value_entry){ value_string(record->fields[i].name), fields[i] };
	}
	return value_map(entries, n);
}

struct record_shape {
	const struct type *record;
	const struct read_member *members;
};

static struct value
record_element(struct arena *a, struct json_object *item, const char *path, const void *context)
{
	const struct record_shape *shape = context;
	struct value fields[READ_MEMBERS_MAX], *field = fields;

	for (size_t i = 0; shape->record->fields[i].name != NULL; i++, field++) {
		const struct read_member *m = &shape->members[i];

		*field = m->read(a, item, m->path, m->flags);
		if (field->type == VALUE_UNREADABLE)
			return unreadable_printf(a, "%s: %s", path, field->string);
	}
	return record_make(a, shape->record, fields);
}

struct value
read_records(struct arena *a, struct json_object *doc, const char *path, unsigned flags,
    const struct type *record, const struct read_member *members)
{
	const struct record_shape shape = { record, members };
	struct json_object *found = NULL;
	struct value why;

	switch (read_find(a, doc, path, json_type_array, flags, &found, &why)) {
	case READ_FOUND:
		return read_elements(a, found, path, record_element, &shape);
	case READ_EMPTY:
		return value_list(NULL, 0);
	case READ_UNREADABLE:
		break;
	}
	return why;
}
