/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/builtin.h"

#include "expr/eval.h"
#include "util/nearest.h"
#include <fnmatch.h>
#include <string.h>

enum {
	VERSION_PARTS_MAX = 8,
	VERSION_DIGITS_MAX = 18, /* of one part, so that it fits into 64 bits */
};

/* Continuation bytes aside, each byte of UTF-8 is a code point. */
static int64_t
code_points(struct value text)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < text.len; i++)
		n += (text.string[i] & 0xc0) != 0x80;
	return n;
}

static struct value
run_size(struct machine *m, const struct node *n, const struct value *args)
{
	if (args[0].type == VALUE_STRING) {
		(void)machine_charge(m, args[0].len / 64);
		return value_int(code_points(args[0]));
	}
	if (args[0].cut)
		return machine_fail_cut(m, n->args[0], args[0]);
	return value_int(args[0].len);
}

static struct value
run_starts_with(struct machine *m, const struct node *n, const struct value *args)
{
	return value_bool(
	    args[1].len <= args[0].len && memcmp(args[0].string, args[1].string, args[1].len) == 0);
}

static struct value
run_ends_with(struct machine *m, const struct node *n, const struct value *args)
{
	return value_bool(
	    args[1].len <= args[0].len &&
	    memcmp(args[0].string + args[0].len - args[1].len, args[1].string, args[1].len) == 0);
}

static struct value
run_contains(struct machine *m, const struct node *n, const struct value *args)
{
	(void)machine_charge(m, args[0].len / 64);
	return value_bool(memmem(args[0].string, args[0].len, args[1].string, args[1].len) != NULL);
}

static struct value
run_dyn(struct machine *m, const struct node *n, const struct value *args)
{
	return args[0];
}

/* The permission bits that "0644" says, -1 if it says none. */
static int
parse_mode(const struct value *text)
{
	int mode = 0;

	if (text->len == 0 || text->len > 5)
		return -1;
	for (uint32_t i = 0; i < text->len; i++) {
		if (text->string[i] < '0' || text->string[i] > '7')
			return -1;
		mode = mode * 8 + text->string[i] - '0';
	}
	return mode <= 07777 ? mode : -1;
}

static const char *
vet_mode(const struct value *literal)
{
	return parse_mode(literal) < 0 ? "not an octal mode" : NULL;
}

static struct value
run_mode_within(struct machine *m, const struct node *n, const struct value *args)
{
	int allowed = parse_mode(&args[1]);

	if (allowed < 0)
		return machine_fail(m, -1, "mode_within(): not an octal mode: %s", args[1].string);
	return value_bool((args[0].integer & 07777 & ~(int64_t)allowed) == 0);
}

/* Steps over slashes and "." to the next component of a path: its length, 0 at the end. */
static uint32_t
next_component(const struct value *path, uint32_t *at)
{
	uint32_t n;

	do {
		while (*at < path->len && path->string[*at] == '/')
			++*at;
		for (n = 0; *at + n < path->len && path->string[*at + n] != '/'; n++)
			;
		if (n != 1 || path->string[*at] != '.')
			return n;
		*at += n;
	} while (true);
}

static bool
has_dot_dot(const struct value *path)
{
	uint32_t at = 0, n;

	for (; (n = next_component(path, &at)) > 0; at += n)
		if (n == 2 && memcmp(path->string + at, "..", 2) == 0)
			return true;
	return false;
}

static const char *
vet_directory(const struct value *literal)
{
	if (literal->len == 0 || literal->string[0] != '/')
		return "not an absolute path";
	return has_dot_dot(literal) ? "a path with .. in it" : NULL;
}

static bool
is_under(const struct value *path, const struct value *dir)
{
	uint32_t path_at = 0, dir_at = 0, path_n, dir_n;

	while ((dir_n = next_component(dir, &dir_at)) > 0) {
		path_n = next_component(path, &path_at);
		if (path_n != dir_n ||
		    memcmp(path->string + path_at, dir->string + dir_at, dir_n) != 0)
			return false;
		path_at += path_n;
		dir_at += dir_n;
	}
	return true;
}

/* What isn't absolute (the name of a volume) is under nothing. */
static struct value
run_under(struct machine *m, const struct node *n, const struct value *args)
{
	const char *wrong = vet_directory(&args[1]);

	if (wrong != NULL)
		return machine_fail(m, -1, "under(): %s: %s", wrong, args[1].string);
	if (args[0].len == 0 || args[0].string[0] != '/')
		return value_bool(false);
	if (has_dot_dot(&args[0]))
		return machine_fail(m, -1, "under(): a path with .. in it: %s", args[0].string);
	return value_bool(is_under(&args[0], &args[1]));
}

/* A shell pattern over the whole text, in which * and ? match slashes too: texts are names of
 * images and containers as often as paths. A zero byte would hide the rest of the text from
 * fnmatch(). */
static struct value
run_glob(struct machine *m, const struct node *n, const struct value *args)
{
	const struct value *text = &args[0], *pattern = &args[1];

	if (memchr(text->string, '\0', text->len) != NULL ||
	    memchr(pattern->string, '\0', pattern->len) != NULL)
		return machine_fail(m, -1, "glob(): a zero byte");
	(void)machine_charge(m, (size_t)text->len * pattern->len / 64);
	return value_bool(fnmatch(pattern->string, text->string, 0) == 0);
}

static bool
is_digit(const struct value *text, uint32_t at)
{
	return at < text->len && text->string[at] >= '0' && text->string[at] <= '9';
}

/* Numbers with dots between them; what follows is the packager's: "-ce", "~rc1", "+dfsg1". An epoch
 * before a colon is none of that, so it is refused. Parts that aren't written are zero. */
static bool
parse_version(const struct value *text, int64_t parts[VERSION_PARTS_MAX])
{
	uint32_t at = 0, start;
	unsigned n = 0;

	memset(parts, 0, VERSION_PARTS_MAX * sizeof(parts[0]));
	while (is_digit(text, at)) {
		if (n == VERSION_PARTS_MAX)
			return false;
		for (start = at; is_digit(text, at); at++) {
			if (at - start >= VERSION_DIGITS_MAX)
				return false;
			parts[n] = parts[n] * 10 + text->string[at] - '0';
		}
		n++;
		if (at < text->len && text->string[at] == '.')
			at++;
		else
			break;
	}
	return n > 0 && (at == text->len || text->string[at] != ':');
}

static const char *
vet_version(const struct value *literal)
{
	int64_t parts[VERSION_PARTS_MAX];

	return parse_version(literal, parts) ? NULL : "not a version";
}

static struct value
run_version_at_least(struct machine *m, const struct node *n, const struct value *args)
{
	int64_t parts[2][VERSION_PARTS_MAX];

	for (unsigned i = 0; i < 2; i++)
		if (!parse_version(&args[i], parts[i]))
			return machine_fail(
			    m, -1, "version_at_least(): not a version: %s", args[i].string);
	for (unsigned i = 0; i < VERSION_PARTS_MAX; i++)
		if (parts[0][i] != parts[1][i])
			return value_bool(parts[0][i] > parts[1][i]);
	return value_bool(true);
}

#define ANY ((1u << (VALUE_MAP + 1)) - 1)
#define SIZED (1u << VALUE_STRING | 1u << VALUE_LIST | 1u << VALUE_MAP)
#define INT (1u << VALUE_INT)
#define TEXT (1u << VALUE_STRING)

static const struct builtin builtins[] = {
	{ "size", BUILTIN_GLOBAL | BUILTIN_METHOD, 1, { SIZED }, { "a string, list or map" },
	    &type_int, run_size },
	{ "startsWith", BUILTIN_METHOD, 2, { TEXT, TEXT }, { "a string", "a string" }, &type_bool,
	    run_starts_with },
	{ "endsWith", BUILTIN_METHOD, 2, { TEXT, TEXT }, { "a string", "a string" }, &type_bool,
	    run_ends_with },
	{ "contains", BUILTIN_METHOD, 2, { TEXT, TEXT }, { "a string", "a string" }, &type_bool,
	    run_contains },
	{ "dyn", BUILTIN_GLOBAL, 1, { ANY }, { "anything" }, &type_dyn, run_dyn },
	{ "mode_within", BUILTIN_GLOBAL, 2, { INT, TEXT }, { "an int", "a string" }, &type_bool,
	    run_mode_within, vet_mode },
	{ "under", BUILTIN_GLOBAL, 2, { TEXT, TEXT }, { "a string", "a string" }, &type_bool,
	    run_under, vet_directory },
	{ "glob", BUILTIN_GLOBAL, 2, { TEXT, TEXT }, { "a string", "a string" }, &type_bool,
	    run_glob },
	{ "version_at_least", BUILTIN_GLOBAL, 2, { TEXT, TEXT }, { "a string", "a string" },
	    &type_bool, run_version_at_least, vet_version },
};

const struct builtin *
builtin_find(const char *name, enum builtin_style style)
{
	for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
		if (strcmp(builtins[i].name, name) == 0 && (builtins[i].style & style) != 0)
			return &builtins[i];
	return NULL;
}

const char *
builtin_nearest(const char *name)
{
	static const char *const macros[] = { "all", "exists", "exists_one", "filter", "has",
		"map" };
	struct nearest n = nearest_to(name, strlen(name));

	for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
		nearest_offer(&n, builtins[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(macros); i++)
		nearest_offer(&n, macros[i]);
	return n.name;
}
