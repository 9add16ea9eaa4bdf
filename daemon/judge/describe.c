/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/describe.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char dots[] = "...";

enum {
	ID_LEN = 64, /* of a container or an exec session, of which people read twelve */
	ID_SHORT = 12,
	DEPTH_MAX = 4,
};

/* Records in words: the first line whose fields are all there. What stands in brackets is left out
 * where its field is empty. */
static const char *const record_words[] = {
	"{source} on {destination}",
	"{host_ip}:{host}->{container}/{protocol}",
	"{path_on_host} ({permissions})",
	"[{program} at ]{address}:{port}/{protocol}",
	"{name}={soft}:{hard}",
	"{name}[={value}]",
	"{path} ({perm})",
	"{id}[ as {user}]",
	"{count}",
};

/* Where to cut a text so that no character is torn. */
static size_t
whole_characters(const char *bytes, size_t len)
{
	while (len > 0 && ((unsigned char)bytes[len] & 0xc0) == 0x80)
		len--;
	return len;
}

void
text_clear(struct text *t)
{
	t->len = 0;
	t->cut = false;
}

static void
add_printable(struct text *t, const char *bytes, size_t len)
{
	char *at = t->bytes + t->len;

	memcpy(at, bytes, len);
	t->len += len;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)at[i] < ' ' || at[i] == 0x7f)
			at[i] = '?';
}

void
text_add(struct text *t, const char *bytes, size_t len)
{
	size_t room = sizeof(t->bytes) - sizeof(dots) - t->len;

	if (t->cut)
		return;
	if (len > room) {
		len = whole_characters(bytes, room);
		t->cut = true;
	}
	add_printable(t, bytes, len);
	if (t->cut) {
		memcpy(t->bytes + t->len, dots, sizeof(dots) - 1);
		t->len += sizeof(dots) - 1;
	}
}

void
text_puts(struct text *t, const char *words)
{
	text_add(t, words, strlen(words));
}

void
text_printf(struct text *t, const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n > 0)
		text_puts(t, line);
}

const char *
text_end(const struct text *t, struct arena *a)
{
	return arena_strndup(a, t->bytes, t->len);
}

static void
describe_string(struct text *t, const char *bytes, size_t len)
{
	if (len <= DESCRIBE_ITEM_MAX) {
		text_add(t, bytes, len);
		return;
	}
	text_add(t, bytes, whole_characters(bytes, DESCRIBE_ITEM_MAX));
	text_puts(t, dots);
}

static bool
is_id(const struct value *v)
{
	if (v->type != VALUE_STRING || v->len != ID_LEN)
		return false;
	for (uint32_t i = 0; i < v->len; i++)
		if (!isxdigit((unsigned char)v->string[i]))
			return false;
	return true;
}

static void describe_at(struct text *t, const struct value *v, int depth);

/* The field that a placeholder at `*at` names; moves `*at` behind it. NULL: there is none. */
static const struct value *
placed(const struct value *record, const char **at)
{
	const char *end = strchr(*at, '}');
	char name[32];

	(void)snprintf(name, sizeof(name), "%.*s", (int)(end - *at - 1), *at + 1);
	*at = end + 1;
	return value_get(record, name);
}

static bool
words_fit(const char *words, const struct value *record)
{
	for (const char *at = strchr(words, '{'); at != NULL; at = strchr(at, '{'))
		if (placed(record, &at) == NULL)
			return false;
	return true;
}

static bool
is_empty(const struct value *v)
{
	return v == NULL || (v->type == VALUE_STRING && v->len == 0);
}

static void
fill_words(struct text *t, const char *words, const struct value *record)
{
	const struct value *field;
	const char *at = words, *open;
	size_t plain;

	while (*at != '\0') {
		plain = strcspn(at, "{[]");
		text_add(t, at, plain);
		at += plain;
		if (*at == '[') {
			open = strchr(at, '{');
			at = is_empty(placed(record, &open)) ? strchr(at, ']') : at + 1;
		} else if (*at == ']') {
			at++;
		} else if (*at == '{') {
			field = placed(record, &at);
			if (is_id(field))
				text_add(t, field->string, ID_SHORT);
			else
				describe_at(t, field, DEPTH_MAX);
		}
	}
}

static void
describe_entries(struct text *t, const struct value *v, int depth)
{
	uint32_t n = v->len > DESCRIBE_ITEMS ? DESCRIBE_ITEMS : v->len;

	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			text_puts(t, ", ");
		describe_at(t, &v->entries[i].key, depth);
		text_puts(t, "=");
		describe_at(t, &v->entries[i].value, depth);
	}
	if (n < v->len)
		text_printf(t, " and %" PRIu32 " more", v->len - n);
}

static void
describe_map(struct text *t, const struct value *v, int depth)
{
	for (size_t i = 0; v->len > 0 && i < ARRAY_SIZE(record_words); i++) {
		if (words_fit(record_words[i], v)) {
			fill_words(t, record_words[i], v);
			return;
		}
	}
	if (v->len == 0)
		text_puts(t, "none");
	else
		describe_entries(t, v, depth);
}

static void
describe_list(struct text *t, const struct value *v, int depth)
{
	uint32_t n = v->len > DESCRIBE_ITEMS ? DESCRIBE_ITEMS : v->len;

	if (n == 0)
		text_puts(t, v->cut ? "more than could be looked at" : "none");
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			text_puts(t, ", ");
		describe_at(t, &v->items[i], depth);
	}
	if (n < v->len)
		text_printf(t, " and %" PRIu32 "%s more", v->len - n, v->cut ? " or" : "");
	else if (v->cut && n > 0)
		text_puts(t, " and maybe more");
}

static void
describe_at(struct text *t, const struct value *v, int depth)
{
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
	case VALUE_ABSENT:
		text_puts(t, "nothing");
		break;
	case VALUE_BOOL:
		text_puts(t, v->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		text_printf(t, "%" PRIi64, v->integer);
		break;
	case VALUE_STRING:
		describe_string(t, v->string, v->len);
		break;
	case VALUE_LIST:
	case VALUE_MAP:
		if (depth >= DEPTH_MAX)
			text_puts(t, dots);
		else if (v->type == VALUE_LIST)
			describe_list(t, v, depth + 1);
		else
			describe_map(t, v, depth + 1);
		break;
	case VALUE_UNREADABLE:
		text_puts(t, "unreadable: ");
		describe_string(t, v->string, v->len);
		break;
	}
}

void
describe_value(struct text *t, const struct value *v)
{
	describe_at(t, v, 0);
}

/* Facts that are true or false and read better in words of their own. */
static const struct fact_words {
	enum fact_id fact;
	const char *no, *yes;
} fact_words[] = {
	{ FACT_HOST_AUDIT_ENABLED, "kernel auditing is off", "kernel auditing is on" },
};

static const struct fact_words *
words_of(enum fact_id fact, const struct value *v)
{
	for (size_t i = 0; i < ARRAY_SIZE(fact_words) && v->type == VALUE_BOOL; i++)
		if (fact_words[i].fact == fact)
			return &fact_words[i];
	return NULL;
}

int
describe_fact(struct text *t, enum fact_id fact, const struct value *v, struct arena *a)
{
	const struct fact_words *words = words_of(fact, v);
	struct value shown;
	int r;

	if (words != NULL) {
		text_puts(t, v->boolean ? words->yes : words->no);
		return 0;
	}
	if (v->type == VALUE_NULL || v->type == VALUE_ABSENT || v->type == VALUE_UNREADABLE) {
		describe_value(t, v);
		return 0;
	}
	r = fact_shown(&shown, fact, v, a);
	if (r == 0)
		describe_value(t, &shown);
	return r;
}
