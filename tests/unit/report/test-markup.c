/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/markup.h"
#include "util/macros.h"

static char *
put(void (*fn)(FILE *out, const char *text), const char *text)
{
	char *written = NULL;
	size_t len;
	FILE *out = open_memstream(&written, &len);

	fn(out, text);
	assert_int_equal(fclose(out), 0);
	return written;
}

static void
put_value(FILE *out, const char *text)
{
	markup_put_attribute(out, "title", text);
}

static void
test_markup_is_written_as_references(void **state)
{
	_cleanup_(freep) char *text = put(markup_put, "<b> & \"it's\"\nü 日本");
	_cleanup_(freep) char *value = put(put_value, "\"/><script>");

	assert_string_equal(text, "&lt;b&gt; &amp; &quot;it&#39;s&quot;\nü 日本");
	assert_string_equal(value, " title=\"&quot;/&gt;&lt;script&gt;\"");
}

/* What XML forbids, what is no UTF-8, and what turns the direction of text around. */
static void
test_what_must_not_be_there(void **state)
{
	_cleanup_(freep) char *text = put(markup_put, "a\033[31mb\001c\xff"
						      "d\xe2\x80\xae"
						      "e\xef\xbf\xbf"
						      "f\xed\xa0\x80");

	assert_string_equal(text, "a?[31mb?c?d?e?f???");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup_is_written_as_references),
		cmocka_unit_test(test_what_must_not_be_there),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
