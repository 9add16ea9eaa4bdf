/* SPDX-License-Identifier: Apache-2.0
 *
 * host.login: which files switch Docker's content trust on for every login: a shell's assignments,
 * read without running them. What one file sets, a later one may unset. An assignment counts where
 * it stands at the start of a line, is exported and literal; one that is indented may stand in a
 * branch that isn't taken, so it can only switch off. */
#include "facts/build.h"

#include "facts/read.h"
#include "util/lines.h"
#include <string.h>

static const char variable[] = "DOCKER_CONTENT_TRUST";

enum {
	LINES_MAX = 16 * 1024,
};

/* What is known of the variable so far. */
struct trust {
	struct list_draft places;
	bool on, exported, placed; /* `placed`: this file is in the list */
	const struct environment_file *file;
};

static void
switch_off(struct trust *t)
{
	t->on = t->placed = false;
	t->places.n = 0;
}

static struct span
unquoted(struct span s)
{
	if (s.len >= 2 && (s.text[0] == '"' || s.text[0] == '\'') && s.text[s.len - 1] == s.text[0])
		return (struct span){ s.text + 1, s.len - 2 };
	return s;
}

/* The client reads a boolean as Go does, and takes whatever else is set for true. */
static bool
is_on(struct span value)
{
	static const char *const off[] = { "", "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		if (span_is(value, off[i]))
			return false;
	}
	for (size_t i = 0; i < value.len; i++) {
		if (strchr("$`\"'\\", value.text[i]) != NULL)
			return false;
	}
	return true;
}

/* "NAME=value", or "NAME" alone. False when it is about something else. */
static bool
split(struct span word, bool *ret_assigned, struct span *ret_value)
{
	size_t len = strlen(variable);

	if (word.len < len || memcmp(word.text, variable, len) != 0)
		return false;
	*ret_assigned = word.len > len && word.text[len] == '=';
	if (*ret_assigned)
		*ret_value = unquoted((struct span){ word.text + len + 1, word.len - len - 1 });
	return *ret_assigned || word.len == len;
}

static void
take_word(struct trust *t, struct span word, bool export, bool sure)
{
	struct span value;
	bool assigned;

	if (!split(word, &assigned, &value))
		return;
	if (assigned && !is_on(value)) {
		switch_off(t);
		return;
	}
	if (!sure)
		return;
	t->on |= assigned;
	t->exported |= export || t->file->all_exported;
	if (t->on && t->exported && !t->placed) {
		list_add(
		    &t->places, read_text(t->places.arena, t->file->path, strlen(t->file->path)));
		t->placed = true;
	}
}

/* One command of a line. */
static void
take_command(struct trust *t, struct span command, bool sure)
{
	bool export = false, unset = false, assigned;
	struct span word, value;

	if (!span_field(&command, ' ', &word))
		return;
	if (span_is(word, "unset"))
		unset = true;
	else if (span_is(word, "export"))
		export = true;
	else
		take_word(t, word, false, sure);
	while (span_field(&command, ' ', &word) && word.text[0] != '#') {
		if (unset && split(word, &assigned, &value))
			switch_off(t);
		/* "NAME=1 command" sets it for that command alone. */
		if (export)
			take_word(t, word, true, sure);
	}
}

static void
take_line(struct trust *t, struct span line)
{
	bool sure = line.len > 0 && line.text[0] != ' ' && line.text[0] != '\t';
	struct span command;

	if (line.len > 0 && line.text[0] == '#')
		return;
	while (span_field(&line, ';', &command))
		take_command(t, command, sure);
}

/* Paths of the files. */
static struct value
trust_places(struct arena *a, const struct host_login_input *in)
{
	struct trust t = { .places.arena = a };

	for (size_t i = 0; i < in->n_files; i++) {
		struct lines lines = { .at = in->files[i].text, .left = LINES_MAX };
		struct span line;

		t.file = &in->files[i];
		t.placed = false;
		while (lines_next(&lines, &line))
			take_line(&t, line);
		if (lines.cut)
			return unreadable_printf(a, "%s is too long", in->files[i].path);
	}
	return list_finish(&t.places);
}

int
build_host_login(struct snapshot **ret, const struct host_login_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	int r = draft_init(&d, TOPIC_HOST_LOGIN);

	if (r < 0)
		return r;
	draft_set(&d, FACT_HOST_CONTENT_TRUST,
	    in->files_why != NULL ? unreadable_printf(d.arena, "%s", in->files_why)
				  : trust_places(d.arena, in));
	return draft_finish(&d, ret);
}
