/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/findings_table.h"

static void add(struct findings_table *t, const char *format, ...) _printf_(2, 3);

static void
add(struct findings_table *t, const char *format, ...)
{
	char text[1024];
	struct json_object *finding;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	finding = json_tokener_parse(text);
	assert_non_null(finding);
	assert_int_equal(findings_table_add(t, finding), 0);
	(void)json_object_put(finding);
}

static char *
printed(struct findings_table *t, bool all)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(findings_table_print(t, out, &(struct style){ 0 }, all), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
test_worst_first(void **state)
{
	_cleanup_(findings_table_freep) struct findings_table *t = NULL;
	_cleanup_(freep) char *text = NULL;

	assert_int_equal(findings_table_new(&t, "b"), 0);
	add(t,
	    "{\"rule\":\"a\",\"severity\":\"low\",\"refs\":{\"b\":{\"id\":\"5.10\"}},"
	    "\"subject\":{\"kind\":\"container\",\"id\":\"f00\",\"name\":\"web\"},"
	    "\"verdict\":\"fail\",\"because\":\"container web has no limit\",\"exception\":null}");
	add(t, "{\"rule\":\"b\",\"severity\":\"low\",\"refs\":{\"b\":{\"id\":\"5.9\"}},"
	       "\"subject\":{\"kind\":\"file\",\"id\":\"/etc/docker\",\"name\":\"/etc/docker\"},"
	       "\"verdict\":\"fail\",\"because\":\"its mode is 0777\"}");
	add(t, "{\"rule\":\"c\",\"severity\":\"critical\",\"refs\":{},"
	       "\"subject\":{\"kind\":\"engine\",\"id\":\"\",\"name\":\"\"},"
	       "\"verdict\":\"review\",\"because\":\"somebody has to look\"}");
	add(t, "{\"rule\":\"d\",\"severity\":\"critical\",\"refs\":{\"b\":{\"id\":\"5.4\"}},"
	       "\"subject\":{\"kind\":\"container\",\"id\":\"f00\",\"name\":\"web\"},"
	       "\"verdict\":\"fail\",\"because\":\"container web runs privileged\"}");
	add(t, "{\"rule\":\"e\",\"severity\":\"critical\",\"refs\":{\"b\":{\"id\":\"5.5\"}},"
	       "\"subject\":{\"kind\":\"container\",\"id\":\"f00\",\"name\":\"web\"},"
	       "\"verdict\":\"fail\",\"because\":\"x\",\"exception\":{\"state\":\"waived\"}}");
	add(t, "{\"rule\":\"f\",\"severity\":\"medium\",\"refs\":{\"b\":{\"id\":\"1.2\"}},"
	       "\"subject\":{\"kind\":\"host\",\"id\":\"\",\"name\":\"host\"},"
	       "\"verdict\":\"unknown\",\"because\":\"no permission\"}");
	text = printed(t, true);
	assert_string_equal(text,
	    "VERDICT  ID    SEVERITY  SUBJECT           BECAUSE\n"
	    "FAIL     5.4   critical  container web     runs privileged\n"
	    "FAIL     5.9   low       file /etc/docker  its mode is 0777\n"
	    "FAIL     5.10  low       container web     has no limit\n"
	    "UNKNOWN  1.2   medium    host              no permission\n"
	    "REVIEW   c     critical  engine            somebody has to look\n"
	    "waived   5.5   critical  container web     x\n");
}

static void
add_many(struct findings_table *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		add(t,
		    "{\"rule\":\"a\",\"severity\":\"high\",\"refs\":{\"b\":{\"id\":\"5.11\"}},"
		    "\"subject\":{\"kind\":\"container\",\"id\":\"%u\",\"name\":\"c%u\"},"
		    "\"verdict\":\"fail\",\"because\":\"container c%u has no memory limit\"}",
		    i, i, i);
}

static unsigned
count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void
test_many_of_a_rule_fold(void **state)
{
	_cleanup_(findings_table_freep) struct findings_table *t = NULL;
	_cleanup_(freep) char *folded = NULL, *all = NULL;

	assert_int_equal(findings_table_new(&t, "b"), 0);
	add_many(t, 490);
	folded = printed(t, false);
	assert_int_equal(count_lines(folded), 1 + FINDINGS_TABLE_PER_RULE + 1);
	assert_non_null(strstr(folded, "container c9 "));
	assert_null(strstr(folded, "container c10 "));
	assert_non_null(strstr(folded, "and 480 more of 5.11"));
	all = printed(t, true);
	assert_int_equal(count_lines(all), 1 + 490);
}

static void
test_one_more_does_not_fold(void **state)
{
	_cleanup_(findings_table_freep) struct findings_table *t = NULL;
	_cleanup_(freep) char *text = NULL;

	assert_int_equal(findings_table_new(&t, "b"), 0);
	add_many(t, FINDINGS_TABLE_PER_RULE + 1);
	text = printed(t, false);
	assert_null(strstr(text, "more"));
}

/* Without an engine most is unknown, for one cause: that is one line. */
static void
test_one_cause_folds(void **state)
{
	static const char *const findings[] = {
		"{\"rule\":\"a\",\"severity\":\"low\",\"refs\":{\"b\":{\"id\":\"2.1\"}},"
		"\"subject\":{\"kind\":\"engine\"},\"verdict\":\"unknown\",\"because\":\"could not "
		"read engine.kind: no engine: /run/x\",\"evidence\":[{\"fact\":\"engine.kind\","
		"\"value\":{\"unreadable\":\"no engine: /run/x\"}}]}",
		"{\"rule\":\"b\",\"severity\":\"critical\",\"refs\":{\"b\":{\"id\":\"5.4\"}},"
		"\"subject\":{\"kind\":\"engine\"},\"verdict\":\"unknown\",\"because\":\"could not "
		"list the containers: no engine: /run/x\",\"evidence\":[]}",
		"{\"rule\":\"c\",\"severity\":\"low\",\"refs\":{\"c-1\":{\"id\":\"5.5\"}},"
		"\"subject\":{\"kind\":\"engine\"},\"verdict\":\"unknown\",\"because\":\"could not "
		"list the containers: no engine: /run/x\",\"evidence\":[]}",
		"{\"rule\":\"d\",\"severity\":\"low\",\"refs\":{\"b\":{\"id\":\"3.15\"}},"
		"\"subject\":{\"kind\":\"host\",\"name\":\"vm\"},\"verdict\":\"unknown\","
		"\"because\":"
		"\"could not tell which files: engine.settings.tls_ca: no engine: /run/x\"}",
		"{\"rule\":\"e\",\"severity\":\"high\",\"refs\":{\"b\":{\"id\":\"1.3\"}},"
		"\"subject\":{\"kind\":\"host\",\"name\":\"vm\"},\"verdict\":\"unknown\","
		"\"because\":\"could not read host.lsms: /sys/x: No such file\"}",
	};
	_cleanup_(findings_table_freep) struct findings_table *t = NULL;
	_cleanup_(freep) char *text = NULL;

	assert_int_equal(findings_table_new(&t, "b"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(findings); i++)
		add(t, "%s", findings[i]);
	text = printed(t, false);
	assert_string_equal(text, "VERDICT  ID          SEVERITY  SUBJECT  BECAUSE\n"
				  "UNKNOWN  4 findings  critical  several  no engine: /run/x\n"
				  "         5.4, 1:5.5, 2.1, 3.15 (--all shows them)\n"
				  "UNKNOWN  1.3         high      host vm  could not read "
				  "host.lsms: /sys/x: No such file\n");
}

static void
test_nothing_prints_nothing(void **state)
{
	_cleanup_(findings_table_freep) struct findings_table *t = NULL;
	_cleanup_(freep) char *text = NULL;

	assert_int_equal(findings_table_new(&t, "b"), 0);
	text = printed(t, true);
	assert_string_equal(text, "");
}

static void
test_summary_counts_everything(void **state)
{
	struct json_object *summary = json_tokener_parse("{\"pass\":40,\"fail\":3,\"waived\":1}");
	_cleanup_(freep) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	findings_summary_print(summary, out, &(struct style){ 0 });
	assert_int_equal(fclose(out), 0);
	assert_string_equal(
	    text, "3 fail, 0 unknown, 0 to review, 40 pass, 0 not applicable, 1 waived\n");
	(void)json_object_put(summary);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worst_first),
		cmocka_unit_test(test_many_of_a_rule_fold),
		cmocka_unit_test(test_one_more_does_not_fold),
		cmocka_unit_test(test_one_cause_folds),
		cmocka_unit_test(test_nothing_prints_nothing),
		cmocka_unit_test(test_summary_counts_everything),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
