/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8: is it? Names of programs and files are bytes of somebody else's choosing. */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stddef.h>

/* Bytes of the character that `text` starts with: 1 to 4; 0 when it doesn't start with one
 * (overlong forms, surrogates and what is over U+10FFFF are none). */
size_t utf8_char(const char *text, size_t len);

/* How many bytes at the beginning are ASCII. */
size_t utf8_ascii(const char *text, size_t len);

/* Puts a ? in place of each byte that is in no character: a message that was cut, or that quotes
 * somebody, can be told then. */
void utf8_mend(char *text);
/* The text itself where it is UTF-8; else a mended copy, which *ret_copy owns. NULL: no memory. */
const char *utf8_text(const char *text, char **ret_copy);

#endif
