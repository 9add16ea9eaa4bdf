/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/fields.h"
#include "report/line.h"

#define WEB "\"subject\":{\"kind\":\"container\",\"id\":\"0123456789abcdef\",\"name\":\"web\"}"
#define REFS(id, scored) \
	"\"refs\":{\"cis-docker-1.11.0\":{\"id\":\"" id "\",\"scored\":" scored "}}"
#define CAUSE(detail) \
	"\"cause\":{\"source\":\"docker-event\",\"detail\":\"" detail "\",\"actor\":null}"
#define PRIVILEGED                                                           \
	"\"rule\":\"container-privileged\",\"severity\":\"critical\"," REFS( \
	    "5.4", "true") ","                                               \
			   "\"verdict\":\"fail\",\"because\":\"container web runs privileged\""
#define NOTICE(members) "{\"seq\":1,\"type\":\"notice\",\"notice\":{" members "}}"

static const struct {
	const char *row, *line;
	int priority;
} cases[] = {
	{ "{\"seq\":17,\"type\":\"regressed\"," PRIVILEGED "," WEB
	  ",\"was\":\"pass\"," CAUSE("container start") "}",
	    "FAIL 5.4 container-privileged: container web runs privileged (was pass; container "
	    "start)",
	    2 },
	/* The leading benchmark's number stands alone; another one says whose it is. */
	{ "{\"type\":\"regressed\",\"benchmark\":\"cis-docker-1.11.0\"," PRIVILEGED "," WEB
	  ",\"was\":\"pass\"," CAUSE("container start") "}",
	    "FAIL 5.4 container-privileged: container web runs privileged (was pass; container "
	    "start)",
	    2 },
	{ "{\"type\":\"regressed\",\"benchmark\":\"cis-docker-1.12.0\"," PRIVILEGED "," WEB
	  ",\"was\":\"pass\"," CAUSE("container start") "}",
	    "FAIL 1.11.0:5.4 container-privileged: container web runs privileged (was pass; "
	    "container start)",
	    2 },
	{ "{\"type\":\"appeared\",\"benchmark\":\"cis-docker-1.12.0\"," WEB
	  ",\"findings\":[{" PRIVILEGED "}]," CAUSE("container start") "}",
	    "APPEARED container web: FAIL 1.11.0:5.4 container-privileged: container web runs "
	    "privileged (container start)",
	    2 },
	{ "{\"type\":\"regressed\",\"rule\":\"x\",\"severity\":\"low\"," REFS("5.9",
	      "true") ","
		      "\"verdict\":\"fail\",\"because\":\"b\",\"was\":\"pass\"," CAUSE("d") "}",
	    "FAIL 5.9 x: b (was pass; d)", 3 },
	{ "{\"type\":\"regressed\",\"rule\":\"x\",\"severity\":\"low\"," REFS("5.9",
	      "false") ","
		       "\"verdict\":\"fail\",\"because\":\"b\",\"was\":\"pass\"," CAUSE("d") "}",
	    "FAIL 5.9 x: b (was pass; d)", 4 },
	{ "{\"type\":\"regressed\",\"rule\":\"x\",\"severity\":\"critical\",\"refs\":{},"
	  "\"verdict\":\"unknown\",\"because\":\"no answer\",\"was\":\"pass\"," CAUSE("d") "}",
	    "UNKNOWN x: no answer (was pass; d)", 4 },
	{ "{\"type\":\"regressed\"," PRIVILEGED ",\"was\":\"pass\",\"cause\":{\"source\":\"audit\","
	  "\"detail\":\"d\",\"actor\":{\"auid\":1000,\"uid\":0,\"pid\":7,\"exe\":\"/bin/chmod\"}}}",
	    "FAIL 5.4 container-privileged: container web runs privileged (was pass; d, by uid "
	    "1000 "
	    "(as uid 0) with /bin/chmod)",
	    2 },
	{ "{\"type\":\"restored\",\"rule\":\"x\",\"severity\":\"critical\",\"refs\":{},"
	  "\"verdict\":\"pass\",\"because\":\"fine\",\"was\":\"fail\"," CAUSE("d") "}",
	    "PASS x: fine (was fail; d)", 5 },
	{ "{\"type\":\"changed\"," PRIVILEGED ",\"was\":\"fail\",\"added\":[\"/etc\"],"
	  "\"removed\":[\"a\",\"b\",\"c\",\"d\"]," CAUSE("d") "}",
	    "FAIL 5.4 container-privileged: container web runs privileged (new: /etc; no longer: "
	    "a, "
	    "b, c and 1 more; d)",
	    2 },
	{ "{\"type\":\"regressed\"," PRIVILEGED ",\"was\":\"pass\",\"exception\":{\"state\":"
	  "\"waived\"}," CAUSE("d") "}",
	    "FAIL (waived) 5.4 container-privileged: container web runs privileged (was pass; d)",
	    6 },
	{ "{\"type\":\"regressed\"," PRIVILEGED ",\"was\":\"pass\",\"cause\":{\"source\":"
	  "\"reload\",\"detail\":\"d\"}}",
	    "FAIL 5.4 container-privileged: container web runs privileged (was pass; d)", 6 },
	{ "{\"type\":\"notice\",\"notice\":{\"kind\":\"reloaded\",\"changed\":12,\"excepted\":1}}",
	    "reload: 12 findings changed by rules, not by the host, 1 by exceptions", 5 },
	{ "{\"type\":\"notice\",\"notice\":{\"kind\":\"reloaded\",\"error\":\"a.yaml:3: no\"}}",
	    "reload refused: a.yaml:3: no", 5 },
	{ "{\"type\":\"appeared\"," WEB ",\"findings\":[{" PRIVILEGED "},{\"rule\":\"y\","
	  "\"verdict\":\"review\",\"severity\":\"low\"}]," CAUSE("container start") "}",
	    "APPEARED container web: FAIL 5.4 container-privileged: container web runs privileged, "
	    "and 1 more (container start)",
	    2 },
	{ "{\"type\":\"carried\"," WEB ",\"findings\":[{" PRIVILEGED "}]," CAUSE("d") "}",
	    "CARRIED OVER container web: FAIL 5.4 container-privileged: container web runs "
	    "privileged (d)",
	    6 },
	{ "{\"type\":\"gone\"," WEB ",\"findings\":[{" PRIVILEGED
	  "},{\"verdict\":\"pass\"}]," CAUSE("container destroy") "}",
	    "GONE container web, with 1 open finding (container destroy)", 6 },
	{ "{\"type\":\"gone\"," WEB ",\"findings\":[]," CAUSE("d") "}", "GONE container web (d)",
	    6 },
	{ NOTICE("\"kind\":\"stopping\""), "plimsolld stops", 5 },
	{ NOTICE("\"kind\":\"gap-opened\",\"source\":\"docker-events\",\"why\":\"closed\""),
	    "blind: docker-events (closed)", 4 },
	{ NOTICE("\"kind\":\"gap-opened\",\"source\":\"docker-events\""), "blind: docker-events",
	    4 },
	{ NOTICE("\"kind\":\"baseline\",\"summary\":{\"fail\":3,\"unknown\":0,\"pass\":40}"),
	    "first look: 3 fail, 40 pass", 5 },
	{ NOTICE("\"kind\":\"unheard-of\""), "notice: unheard-of", 5 },
	{ "{}", " :  ()", 5 },
};

static void
test_lines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *row = json_tokener_parse(cases[i].row);
		_cleanup_(freep) char *line = NULL;

		if (row == NULL)
			fail_msg("no JSON: %s", cases[i].row);
		line = line_of_drift(row);
		assert_string_equal(line, cases[i].line);
		assert_int_equal(line_priority(row), cases[i].priority);
		(void)json_object_put(row);
	}
}

static unsigned
count(const struct fields *f, const char *field)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->n; i++)
		n += strcmp(f->texts[i], field) == 0;
	return n;
}

static struct fields *
fields_of(const char *text)
{
	struct json_object *row = json_tokener_parse(text);
	struct fields *f = NULL;

	assert_non_null(row);
	assert_int_equal(fields_new(&f, row), 0);
	(void)json_object_put(row);
	return f;
}

static void
test_fields(void **state)
{
	_cleanup_(fields_freep) struct fields *f = fields_of(
	    "{\"seq\":17,\"type\":\"regressed\"," PRIVILEGED "," WEB ",\"was\":\"pass\","
	    "\"evidence\":[{\"fact\":\"container.privileged\",\"value\":true}]," CAUSE("d") "}");

	assert_int_equal(f->priority, 2);
	assert_int_equal(count(f, "PRIORITY=2"), 1);
	assert_int_equal(count(f, "SYSLOG_IDENTIFIER=plimsoll"), 1);
	assert_int_equal(count(f, "PLIMSOLL_SEQ=17"), 1);
	assert_int_equal(count(f, "PLIMSOLL_RULE=container-privileged"), 1);
	assert_int_equal(count(f, "PLIMSOLL_REFS=cis-docker-1.11.0:5.4"), 1);
	assert_int_equal(count(f, "PLIMSOLL_SUBJECT_ID=0123456789abcdef"), 1);
	assert_int_equal(count(f, "CONTAINER_NAME=web"), 1);
	assert_int_equal(count(f, "CONTAINER_ID=0123456789ab"), 1);
	assert_int_equal(count(f, "PLIMSOLL_CAUSE=docker-event"), 1);
	assert_int_equal(
	    count(f, "PLIMSOLL_EVIDENCE=[{\"fact\":\"container.privileged\",\"value\":true}]"), 1);
	for (unsigned i = 0; i < f->n; i++)
		assert_null(strstr(f->texts[i], "CONTAINER_ID_FULL"));
}

static void
test_fields_repeat_rules(void **state)
{
	_cleanup_(fields_freep) struct fields *f =
	    fields_of("{\"seq\":1,\"type\":\"appeared\"," WEB ",\"findings\":[{" PRIVILEGED
		      "},{\"rule\":\"second\",\"verdict\":\"fail\"}]," CAUSE("d") "}");
	_cleanup_(freep) char *cee = fields_cee(f);
	struct json_object *json, *rules;

	assert_int_equal(count(f, "PLIMSOLL_RULE=container-privileged"), 1);
	assert_int_equal(count(f, "PLIMSOLL_RULE=second"), 1);
	assert_int_equal(count(f, "PLIMSOLL_VERDICT=fail"), 1);
	assert_int_equal(count(f, "PLIMSOLL_SEVERITY=critical"), 1);
	assert_ptr_equal(strstr(cee, "@cee: {\"msg\":\"APPEARED container web: "), cee);
	json = json_tokener_parse(cee + strlen("@cee: "));
	rules = json_object_object_get(json, "PLIMSOLL_RULE");
	assert_int_equal(json_object_array_length(rules), 2);
	assert_null(json_object_object_get(json, "PRIORITY"));
	(void)json_object_put(json);
}

/* A row can be as big as its findings; an entry cannot. */
static void
test_fields_are_bounded(void **state)
{
	_cleanup_(freep) char *row = NULL;
	_cleanup_(fields_freep) struct fields *f = NULL;
	size_t len;
	FILE *out = open_memstream(&row, &len);

	fprintf(out, "{\"type\":\"appeared\",\"findings\":[{}");
	for (int i = 0; i < 500; i++)
		fprintf(out, ",{\"rule\":\"r%d\"}", i);
	fprintf(out, "],\"evidence\":[\"%05000d\"]}", 0);
	assert_int_equal(fclose(out), 0);
	f = fields_of(row);
	assert_int_equal(f->n, FIELDS_MAX);
	assert_int_equal(count(f, "PLIMSOLL_EVIDENCE_CUT=1"), 1);
}

static void
test_every_type_has_an_id(void **state)
{
	static const char *const types[] = { "regressed", "restored", "changed", "appeared",
		"carried", "gone" };
	static const char *const kinds[] = { "started", "stopping", "baseline", "heartbeat", "open",
		"gap-opened", "gap-closed", "reloaded", "exception-expired", "unseen", "dropped",
		"pruned", "folded", "truncated" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_int_equal(strlen(fields_message_id(types[i], "")), 32);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(strlen(fields_message_id("notice", kinds[i])), 32);
	assert_null(fields_message_id("notice", "regressed-not"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_fields_repeat_rules),
		cmocka_unit_test(test_fields_are_bounded),
		cmocka_unit_test(test_every_type_has_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
