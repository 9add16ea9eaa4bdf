/* SPDX-License-Identifier: Apache-2.0
 *
 * Text inside XML and HTML. Names and reasons come from outside: what would be markup is written as
 * a reference, and what text_put() would not show is not written either. */
#ifndef REPORT_MARKUP_H
#define REPORT_MARKUP_H

#include <stdio.h>

/* For content and for values of attributes in double quotes alike. Newlines stay. */
void markup_put(FILE *out, const char *text);
/* A name and its value: ' name="value"'. */
void markup_put_attribute(FILE *out, const char *name, const char *value);

#endif
