/* SPDX-License-Identifier: Apache-2.0
 *
 * A table for people: rows of cells, aligned in columns, made to fit the terminal by cutting the
 * columns that may shrink. Knows nothing of what it shows. */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include "report/text.h"
#include "util/macros.h"

enum { TABLE_COLUMNS_MAX = 8 };

struct table;
struct column {
	const char *title; /* NULL in the first one: the table has no titles */
	bool shrinks;      /* its cells may be cut */
};

/* `columns` is borrowed and stays. 0 or -ENOMEM. */
int table_new(struct table **ret, const struct column *columns, unsigned n);
struct table *table_free(struct table *t); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct table, table_free)

/* The next cell of the last row; a row that is full begins another. Copied. 0 or -ENOMEM. */
int table_cell(struct table *t, enum colour colour, const char *text);
/* A row of its own, without columns: "and 480 more". It must not come within a row. */
int table_note(struct table *t, const char *text);
void table_print(const struct table *t, FILE *out, const struct style *style);

#endif
