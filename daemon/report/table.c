/* SPDX-License-Identifier: Apache-2.0 */
#include "report/table.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
	GAP = 2,          /* columns between two columns */
	SHRUNK_LEAST = 8, /* no column is cut to less */
};

struct cell {
	char *text;
	enum colour colour;
	bool note; /* stands alone in its row */
};

struct table {
	const struct column *columns;
	unsigned n_columns;
	struct cell *cells;
	size_t n, room;
};

int
table_new(struct table **ret, const struct column *columns, unsigned n)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return -ENOMEM;
	t->columns = columns;
	t->n_columns = n < TABLE_COLUMNS_MAX ? n : TABLE_COLUMNS_MAX;
	*ret = t;
	return 0;
}

struct table *
table_free(struct table *t)
{
	if (t == NULL)
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
	return NULL;
}

static int
add(struct table *t, enum colour colour, bool note, const char *text)
{
	struct cell *c;

	if (t->n == t->room) {
		size_t room = t->room == 0 ? 64 : t->room * 2;
		struct cell *cells = reallocarray(t->cells, room, sizeof(*cells));

		if (cells == NULL)
			return -ENOMEM;
		t->cells = cells;
		t->room = room;
	}
	c = &t->cells[t->n];
	*c = (struct cell){ .text = strdup(text), .colour = colour, .note = note };
	if (c->text == NULL)
		return -ENOMEM;
	t->n++;
	return 0;
}

int
table_cell(struct table *t, enum colour colour, const char *text)
{
	return add(t, colour, false, text);
}

int
table_note(struct table *t, const char *text)
{
	return add(t, COLOUR_DIM, true, text);
}

/* Calls for every cell that stands in a column. */
static void
measure(const struct table *t, unsigned *widths)
{
	unsigned column = 0;

	for (unsigned i = 0; i < t->n_columns; i++)
		widths[i] = t->columns[0].title == NULL ? 0 : text_width(t->columns[i].title);
	for (size_t i = 0; i < t->n; i++) {
		unsigned width;

		if (t->cells[i].note)
			continue;
		width = text_width(t->cells[i].text);
		if (width > widths[column])
			widths[column] = width;
		column = (column + 1) % t->n_columns;
	}
}

/* Takes column after column from the widest of those that may shrink, until the row fits. */
static void
shrink(const struct table *t, unsigned *widths, unsigned width)
{
	unsigned all = GAP * (t->n_columns - 1);

	for (unsigned i = 0; i < t->n_columns; i++)
		all += widths[i];
	while (all > width) {
		unsigned *widest = NULL;

		for (unsigned i = 0; i < t->n_columns; i++)
			if (t->columns[i].shrinks && (widest == NULL || widths[i] > *widest))
				widest = &widths[i];
		if (widest == NULL || *widest <= SHRUNK_LEAST)
			return;
		(*widest)--;
		all--;
	}
}

static void
put_cell(const struct table *t, FILE *out, const struct style *style, const unsigned *widths,
    unsigned column, enum colour colour, const char *text)
{
	unsigned width = text_put_coloured(out, style, colour, text, widths[column]);

	if (column == t->n_columns - 1)
		(void)fputc('\n', out);
	else
		(void)fprintf(out, "%*s", (int)(widths[column] - width + GAP), "");
}

void
table_print(const struct table *t, FILE *out, const struct style *style)
{
	unsigned widths[TABLE_COLUMNS_MAX], column = 0;

	assert(t->n_columns > 0);
	measure(t, widths);
	if (style->width != 0)
		shrink(t, widths, style->width);
	for (unsigned i = 0; i < t->n_columns && t->columns[0].title != NULL; i++)
		put_cell(t, out, style, widths, i, COLOUR_BOLD, t->columns[i].title);
	for (size_t i = 0; i < t->n; i++) {
		const struct cell *c = &t->cells[i];

		if (c->note) {
			(void)text_put_coloured(out, style, c->colour, c->text, style->width);
			(void)fputc('\n', out);
			continue;
		}
		put_cell(t, out, style, widths, column, c->colour, c->text);
		column = (column + 1) % t->n_columns;
	}
}
