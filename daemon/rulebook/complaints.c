/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/complaints.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
complaints_deinit(struct complaints *c)
{
	free(c->text);
	*c = (struct complaints){};
}

static void
append(struct complaints *c, const char *line)
{
	size_t len = strlen(line);
	char *text = realloc(c->text, c->len + len + 1);

	if (text == NULL) {
		c->error = -ENOMEM;
		return;
	}
	memcpy(text + c->len, line, len + 1);
	c->text = text;
	c->len += len;
}

static char *
place(const char *file, unsigned line, unsigned column)
{
	char *text;
	int r;

	if (line == 0)
		r = asprintf(&text, "%s", file);
	else if (column == 0)
		r = asprintf(&text, "%s:%u", file, line);
	else
		r = asprintf(&text, "%s:%u:%u", file, line, column);
	return r < 0 ? NULL : text;
}

void
complainv(struct complaints *c, const char *file, unsigned line, unsigned column,
    const char *format, va_list args)
{
	_cleanup_(freep) char *where = NULL, *what = NULL, *all = NULL;

	c->n++;
	if (c->n > COMPLAINTS_MAX || c->error < 0)
		return;
	where = place(file, line, column);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	if (where == NULL || what == NULL || asprintf(&all, "%s: %s\n", where, what) < 0) {
		all = NULL;
		c->error = -ENOMEM;
		return;
	}
	append(c, all);
}

void
complain(
    struct complaints *c, const char *file, unsigned line, unsigned column, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complainv(c, file, line, column, format, args);
	va_end(args);
}

char *
complaints_take(struct complaints *c)
{
	char more[32];

	if (c->n > COMPLAINTS_MAX) {
		(void)snprintf(more, sizeof(more), "and %u more\n", c->n - COMPLAINTS_MAX);
		append(c, more);
	}
	if (c->error < 0)
		return NULL;
	return TAKE(c->text);
}
