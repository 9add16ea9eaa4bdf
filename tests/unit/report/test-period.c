/* SPDX-License-Identifier: Apache-2.0
 *
 * Histories, and what was true by them. Times are seconds of one minute. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "report/period_print.h"
#include "util/clock.h"

#define DAY "2026-01-01T00:00:"
#define AT(second) DAY second ".000Z"

/* Pieces of rows. */
#define NOTICE(second, members) \
	"{\"time\":\"" AT(second) "\",\"type\":\"notice\",\"notice\":{" members "}}"
#define STARTED(second) NOTICE(second, "\"kind\":\"started\"")
#define WEB "\"subject\":{\"kind\":\"container\",\"id\":\"aa\",\"name\":\"web\",\"image\":\"i\"}"
#define MOVE(second, was, since, is)                                                         \
	"{\"time\":\"" AT(                                                                   \
	    second) "\",\"type\":\"changed\",\"rule\":\"privileged\"," WEB ",\"was\":\"" was \
		    "\",\"was_since\":" since ",\"verdict\":\"" is "\",\"because\":\""       \
		    "container web is so\",\"exception\":null,\"latency_ms\":1.0,"           \
		    "\"cause\":{\"source\":\"docker-event\",\"detail\":\"container update\"}}"
#define BAD(verdict, members) \
	"{\"rule\":\"privileged\",\"verdict\":\"" verdict "\",\"because\":\"b\"" members "}"
#define SUBJECT_ROW(second, type, findings)                                                      \
	"{\"time\":\"" AT(second) "\",\"type\":\"" type "\"," WEB ",\"findings\":[" findings     \
				  "],\"latency_ms\":1.0,\"cause\":{\"source\":\"docker-event\"," \
				  "\"detail\":\"x\"}}"
#define NOW(verdict, second, members)                             \
	"{\"rule\":\"privileged\"," WEB ",\"verdict\":\"" verdict \
	"\",\"since\":\"" AT(second) "\",\"because\":\"now\",\"exception\":null" members "}"

static const char rule[] =
    "{\"key\":\"privileged\",\"title\":\"t\",\"severity\":\"critical\",\"scope\":\"container\","
    "\"refs\":{\"cis\":{\"id\":\"5.4\"}},\"topics\":[\"container.inspect\"]}";

enum { TEXTS = 12 };

struct history {
	const char *findings[TEXTS], *rows[TEXTS];
	int since, until; /* 0 since: the beginning */
};

static int64_t
at(int second)
{
	int64_t ms;
	bool is_day;

	assert_true(clock_parse("2026-01-01T00:00:00.000Z", &ms, &is_day));
	return ms + second * 1000;
}

static struct json_object *
parsed(const char *text)
{
	struct json_object *json = json_tokener_parse(text);

	if (json == NULL)
		fail_msg("no JSON: %s", text);
	return json;
}

static void
add(struct period *p, int (*fn)(struct period *p, struct json_object *json), const char *text,
    int64_t seq)
{
	struct json_object *json = parsed(text);

	if (seq > 0)
		json_object_object_add(json, "seq", json_object_new_int64(seq));
	assert_int_equal(fn(p, json), 0);
	json_object_put(json);
}

static struct period *
replayed(const struct history *h)
{
	const struct period_question question = {
		.since_ms = h->since == 0 ? 0 : at(h->since),
		.until_ms = at(h->until == 0 ? 59 : h->until),
		.leading = "cis",
		.asked_seq = 1000,
	};
	struct period *p;

	assert_int_equal(period_new(&p, &question), 0);
	add(p, period_add_rule, rule, 0);
	for (size_t i = 0; i < TEXTS && h->findings[i] != NULL; i++)
		add(p, period_add_finding, h->findings[i], 0);
	for (size_t i = 0; i < TEXTS && h->rows[i] != NULL; i++)
		add(p, period_add_row, h->rows[i], (int64_t)i + 1);
	assert_int_equal(period_end(p), 0);
	return p;
}

static int
put_piece(void *arg, const struct period_stretch *piece)
{
	(void)fprintf(arg, "%s %d-%d, ", period_state_name(piece->state),
	    (int)((piece->from_ms - at(0)) / 1000), (int)((piece->to_ms - at(0)) / 1000));
	return 0;
}

static const struct period_pair *
only_pair(const struct period *p)
{
	assert_int_equal(p->n_rules, 1);
	assert_int_equal(p->rules[0]->n_pairs, 1);
	return p->rules[0]->pairs[0];
}

static char *
pieces(const struct period *p)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (p->rules[0]->n_pairs > 0)
		assert_int_equal(period_each_piece(p, only_pair(p), put_piece, out), 0);
	assert_int_equal(fclose(out), 0);
	if (len > 2)
		text[len - 2] = '\0';
	return text;
}

static const struct {
	struct history history;
	const char *pieces;
} state_cases[] = {
	/* One that never changed stands in no row. */
	{ { .findings = { NOW("pass", "05", "") }, .rows = { STARTED("04") } }, "pass 5-59" },
	{ { .findings = { NOW("pass", "05", "") },
	      .rows = { STARTED("04") },
	      .since = 10,
	      .until = 20 },
	    "pass 10-20" },
	/* The first row says what it was before. */
	{ { .findings = { NOW("fail", "20", "") },
	      .rows = { STARTED("04"), MOVE("20", "pass", "\"" AT("05") "\"", "fail") } },
	    "pass 5-20, fail 20-59" },
	/* One of an older daemon does not say since when. */
	{ { .findings = { NOW("fail", "20", "") },
	      .rows = { STARTED("04"), MOVE("20", "pass", "null", "fail") } },
	    "pass 4-20, fail 20-59" },
	/* There and back, and what lies outside is cut off. */
	{ { .findings = { NOW("pass", "30", "") },
	      .rows = { STARTED("04"), MOVE("20", "pass", "\"" AT("05") "\"", "fail"),
		  MOVE("30", "fail", "\"" AT("20") "\"", "pass") },
	      .since = 25,
	      .until = 40 },
	    "fail 25-30, pass 30-40" },
	{ { .findings = { NOW("pass", "30", "") },
	      .rows = { STARTED("04"), MOVE("20", "pass", "\"" AT("05") "\"", "fail"),
		  MOVE("30", "fail", "\"" AT("20") "\"", "pass") },
	      .since = 40 },
	    "pass 40-59" },
	{ { .findings = { NOW("pass", "30", "") },
	      .rows = { STARTED("04"), MOVE("30", "fail", "\"" AT("20") "\"", "pass") },
	      .until = 25 },
	    "fail 20-25" },
	/* A subject that came and went. */
	{ { .rows = { STARTED("04"), SUBJECT_ROW("10", "appeared", BAD("fail", "")),
		SUBJECT_ROW("20", "gone", BAD("fail", "")) } },
	    "fail 10-20" },
	/* One that was there from the start and went: since when is in its last row. */
	{ { .rows = { STARTED("04"),
		SUBJECT_ROW("20", "gone", BAD("fail", ",\"since\":\"" AT("06") "\"")) } },
	    "fail 6-20" },
	{ { .rows = { STARTED("04"), SUBJECT_ROW("20", "gone", BAD("fail", "")) } }, "fail 4-20" },
	/* Of one that passed and went nothing is known. */
	{ { .rows = { STARTED("04"), SUBJECT_ROW("20", "gone", "") } }, "" },
	/* But for one that we asked about just before. */
	{ { .findings = { NOW("pass", "05", "") },
	      .rows = { STARTED("04"), SUBJECT_ROW("20", "gone", "") } },
	    "pass 5-20" },
	/* A file that goes and comes back, and passes in silence. */
	{ { .findings = { NOW("pass", "30", "") },
	      .rows = { STARTED("04"), SUBJECT_ROW("10", "appeared", BAD("fail", "")),
		  SUBJECT_ROW("20", "gone", BAD("fail", "")) } },
	    "fail 10-20, pass 30-59" },
	/* A row that is lost leaves a trace in the next one. */
	{ { .findings = { NOW("pass", "40", "") },
	      .rows = { STARTED("04"), MOVE("20", "pass", "\"" AT("05") "\"", "fail"),
		  MOVE("40", "unknown", "\"" AT("30") "\"", "pass") } },
	    "pass 5-20, fail 20-30, unknown 30-40, pass 40-59" },
	/* What it was is what another one was, whose place it took. */
	{ { .findings = { NOW("pass", "20", "") },
	      .rows = { STARTED("04"),
		  "{\"time\":\"" AT(
		      "20") "\",\"type\":\"restored\",\"rule\":\"privileged\"," WEB
			    ",\"was\":\"fail\",\"was_since\":\"" AT(
				"05") "\",\"verdict\":\"pass\","
				      "\"predecessor\":{\"id\":\"bb\"},\"latency_ms\":1."
				      "0}" } },
	    "pass 20-59" },
	/* A rule that is not judged any more. */
	{ { .rows = { STARTED("04"), MOVE("20", "fail", "\"" AT("05") "\"", "notselected") } },
	    "fail 5-20" },
	{ { .rows = { STARTED("04"), MOVE("20", "fail", "\"" AT("05") "\"", "pass"),
		NOTICE("30", "\"kind\":\"reloaded\",\"rulebook\":\"x\"") } },
	    "fail 5-20, pass 20-30" },
	/* One that vanished without a word: nobody can tell. */
	{ { .rows = { STARTED("04"), MOVE("20", "fail", "\"" AT("05") "\"", "pass") } },
	    "fail 5-20, unknown 20-59" },
	/* A clock that was set forward and back: no time is counted twice. */
	{ { .findings = { NOW("fail", "10", "") },
	      .rows = { STARTED("04"), MOVE("50", "pass", "\"" AT("05") "\"", "none"),
		  MOVE("20", "pass", "\"" AT("06") "\"", "fail") } },
	    "pass 5-50, fail 50-59" },
	/* A clock that was set back. */
	{ { .findings = { NOW("fail", "10", "") },
	      .rows = { STARTED("04"), MOVE("20", "pass", "\"" AT("05") "\"", "fail"),
		  MOVE("10", "fail", "\"" AT("20") "\"", "pass"),
		  MOVE("30", "pass", "\"" AT("10") "\"", "fail") } },
	    "pass 5-20, pass 20-30, fail 30-59" },
};

static void
test_time_in_each_state(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(state_cases); i++) {
		_cleanup_(period_freep) struct period *p = replayed(&state_cases[i].history);
		_cleanup_(freep) char *text = pieces(p);

		if (strcmp(text, state_cases[i].pieces) != 0)
			fail_msg("case %zu: %s\n  instead of %s", i, text, state_cases[i].pieces);
	}
}

static void
test_blind_time_is_subtracted(void **state)
{
	static const struct {
		struct history history;
		const char *pieces;
	} cases[] = {
		{ { .findings = { NOW("pass", "05", "") },
		      .rows = { STARTED("04"),
			  NOTICE("10", "\"kind\":\"gap-opened\",\"source\":\"docker-events\","
				       "\"why\":\"w\""),
			  NOTICE("20", "\"kind\":\"gap-closed\",\"source\":\"docker-events\"") } },
		    "pass 5-10, blind 10-20, pass 20-59" },
		/* That source tells nothing of containers. */
		{ { .findings = { NOW("pass", "05", "") },
		      .rows = { STARTED("04"),
			  NOTICE("10", "\"kind\":\"gap-opened\",\"source\":\"audit\"") } },
		    "pass 5-59" },
		/* It lasts. What is said meanwhile is what it was before. */
		{ { .findings = { NOW("unknown", "05", ",\"last\":\"pass\"") },
		      .rows = { STARTED("04"),
			  NOTICE("10", "\"kind\":\"gap-opened\",\"source\":\"docker-events\"") } },
		    "pass 5-10, blind 10-59" },
		/* Nobody was there. */
		{ { .findings = { NOW("pass", "05", "") },
		      .rows = { STARTED("04"), NOTICE("10", "\"kind\":\"stopping\""),
			  STARTED("20") } },
		    "pass 5-10, blind 10-20, pass 20-59" },
		/* Who ended without a word is blind since the last one. */
		{ { .findings = { NOW("pass", "05", "") },
		      .rows = { STARTED("04"), NOTICE("10", "\"kind\":\"heartbeat\""),
			  STARTED("20") } },
		    "pass 5-10, blind 10-20, pass 20-59" },
		/* A gap that the end of the daemon cuts off. */
		{ { .findings = { NOW("pass", "05", "") },
		      .rows = { STARTED("04"),
			  NOTICE("10", "\"kind\":\"gap-opened\",\"source\":\"docker-events\""),
			  NOTICE("15", "\"kind\":\"stopping\""), STARTED("20") } },
		    "pass 5-10, blind 10-20, pass 20-59" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(period_freep) struct period *p = replayed(&cases[i].history);
		_cleanup_(freep) char *text = pieces(p);

		if (strcmp(text, cases[i].pieces) != 0)
			fail_msg("case %zu: %s\n  instead of %s", i, text, cases[i].pieces);
	}
}

/* A period that is older than the history: nobody watched then. */
static void
test_before_the_history(void **state)
{
	const struct history h = {
		.findings = { NOW("pass", "05", "") }, .rows = { STARTED("10") }, .since = 1
	};
	_cleanup_(period_freep) struct period *p = replayed(&h);
	_cleanup_(freep) char *text = pieces(p);

	assert_string_equal(text, "blind 5-10, pass 10-59");
	assert_int_equal(p->blinds->n, 1);
	assert_int_equal(p->blinds->items[0].from_ms, at(1));
	assert_int_equal(p->n_notes, 1);
	assert_non_null(strstr(p->notes[0], "nobody watched yet"));
}

/* A daemon that can't write its ledger. */
static void
test_without_a_history(void **state)
{
	const struct history h = { .findings = { NOW("pass", "05", "") }, .since = 1 };
	const struct history from_the_beginning = { .findings = { NOW("pass", "05", "") } };
	_cleanup_(period_freep) struct period *p = replayed(&h);
	_cleanup_(period_freep) struct period *q = replayed(&from_the_beginning);
	_cleanup_(freep) char *text = pieces(p);

	assert_string_equal(text, "blind 5-59");
	assert_int_equal(p->n_notes, 1);
	assert_non_null(strstr(p->notes[0], "no history"));
	assert_int_equal(q->question.since_ms, at(59));
}

#define WAIVED(owner) \
	",\"exception\":{\"state\":\"waived\",\"owner\":\"" owner "\",\"reason\":\"r\"}"

static void
test_violation(void **state)
{
	const struct history h = {
		.rows = { STARTED("04"), SUBJECT_ROW("10", "appeared", BAD("fail", "")),
		    /* excepted, under another owner, no longer */
		    SUBJECT_ROW("15", "appeared", BAD("fail", WAIVED("ann"))),
		    SUBJECT_ROW("20", "appeared", BAD("fail", WAIVED("bob"))),
		    SUBJECT_ROW("25", "appeared", BAD("fail", ",\"exception\":null")),
		    NOTICE("26", "\"kind\":\"gap-opened\",\"source\":\"docker-events\""),
		    NOTICE("29", "\"kind\":\"gap-closed\",\"source\":\"docker-events\""),
		    MOVE("30", "fail", "\"" AT("10") "\"", "pass") },
		.findings = { NOW("pass", "30", "") },
	};
	_cleanup_(period_freep) struct period *p = replayed(&h);
	_cleanup_(freep) char *text = pieces(p);
	const struct period_pair *pair = only_pair(p);
	const struct period_violation *v = &pair->violations[0];
	_cleanup_(freep) char *begin = period_begin_text(v), *end = period_end_text(p, v);
	_cleanup_(freep) char *first =
	    period_exception_text(json_object_array_get_idx(v->exceptions, 0));

	assert_string_equal(
	    text, "fail 10-15, waived 15-25, fail 25-26, blind 26-29, fail 29-30, pass 30-59");
	assert_int_equal(pair->n_violations, 1);
	assert_int_equal(v->from_ms, at(10));
	assert_int_equal(v->to_ms, at(30));
	assert_int_equal(v->ms, 17000);
	assert_int_equal(v->blind_ms, 3000);
	assert_int_equal(pair->ms[PERIOD_FAIL], 7000);
	assert_int_equal(pair->ms[PERIOD_WAIVED], 10000);
	assert_string_equal(begin, "x");
	assert_string_equal(end, "then pass (container update)");
	assert_int_equal(json_object_array_length(v->exceptions), 2);
	assert_string_equal(first, "waived by ann: r (in force from 2026-01-01T00:00:15Z to "
				   "2026-01-01T00:00:20Z)");
}

/* A change that nobody saw may be as old as the blindness. */
static void
test_found_later(void **state)
{
	static const char found[] =
	    "{\"time\":\"" AT("21") "\",\"type\":\"regressed\",\"rule\":\"privileged\"," WEB
				    ",\"was\":\"pass\",\"was_since\":\"" AT(
					"05") "\",\"verdict\":\"fail\","
					      "\"because\":\"b\",\"latency_ms\":null,\"cause\":{"
					      "\"source\":\"start\"}}";
	const struct history h = { .findings = { NOW("fail", "21", "") },
		.rows = {
		    STARTED("04"), NOTICE("10", "\"kind\":\"stopping\""), STARTED("20"), found } };
	_cleanup_(period_freep) struct period *p = replayed(&h);
	const struct period_violation *v = only_pair(p)->violations;
	_cleanup_(freep) char *begin = period_begin_text(v), *end = period_end_text(p, v);

	assert_int_equal(only_pair(p)->n_violations, 1);
	assert_true(v->found_later);
	assert_int_equal(v->earliest_ms, at(10));
	assert_string_equal(begin, "found when plimsolld started; may have begun unseen from "
				   "2026-01-01 00:00:10 on");
	assert_string_equal(end, "stood at the end");
}

static void
test_rulebooks_unseen_and_what_is_not_known(void **state)
{
#define SHA64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
	const struct history h = {
		.rows = { NOTICE("04", "\"kind\":\"started\",\"rulebook\":\"" SHA64 "0\""),
		    NOTICE("05", "\"kind\":\"heartbeat\",\"rulebook\":\"" SHA64 "0\""),
		    NOTICE("10", "\"kind\":\"reloaded\",\"rulebook\":\"" SHA64 "1\""),
		    NOTICE("12", "\"kind\":\"unseen\"," WEB),
		    NOTICE("13", "\"kind\":\"dropped\",\"count\":7"), SUBJECT_ROW("20", "gone", ""),
		    STARTED("30") },
	};
	_cleanup_(period_freep) struct period *p = replayed(&h);

	assert_int_equal(p->n_rulebooks, 2);
	assert_int_equal(p->rulebooks[1].from_ms, at(10));
	assert_int_equal(p->n_unseen, 1);
	assert_string_equal(p->unseen[0].words, "container web");
	assert_int_equal(p->n_notes, 3);
	assert_non_null(strstr(p->notes[0], "without a word"));
	assert_non_null(strstr(p->notes[1], "7 rows"));
	assert_non_null(strstr(p->notes[2], "1 subjects went away"));
}

/* --- on paper --- */

static char *
printed(const struct period *p, int (*print)(const struct period_paper *paper, FILE *out))
{
	struct json_object *about = parsed("{\"plimsoll\":\"0\",\"host\":{\"name\":\"<h>\"}}");
	const struct period_paper paper = { .period = p, .about = about, .made_ms = at(59) };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(print(&paper, out), 0);
	assert_int_equal(fclose(out), 0);
	json_object_put(about);
	return text;
}

static void
test_names_from_outside(void **state)
{
	static const char row[] = "{\"time\":\"" AT(
	    "10") "\",\"type\":\"appeared\",\"subject\":{\"kind\":\"file\","
		  "\"id\":\"=cmd()\",\"name\":\"=cmd()<script>\",\"image\":null},\"findings\":["
		  "{\"rule\":\"privileged\",\"verdict\":\"fail\",\"because\":\"a,\\\"b\\\"\\n<i>\"}"
		  "],"
		  "\"latency_ms\":1.0,\"cause\":{\"source\":\"file\",\"detail\":\"x\"}}";
	static const char gone[] =
	    "{\"time\":\"" AT("20") "\",\"type\":\"gone\",\"subject\":{"
				    "\"kind\":\"file\",\"id\":\"=cmd()\"},\"findings\":[]}";
	const struct history h = { .rows = { STARTED("04"), row, gone } };
	_cleanup_(period_freep) struct period *p = replayed(&h);
	_cleanup_(freep) char *csv = printed(p, period_print_csv);
	_cleanup_(freep) char *html = printed(p, period_print_html);
	_cleanup_(freep) char *text = printed(p, period_print_json);
	struct json_object *json = parsed(text);

	assert_non_null(strstr(csv, ",file,'=cmd()<script>,'=cmd(),fail,"));
	assert_non_null(strstr(csv, ",\"a,\"\"b\"\"?<i>\",x,"));
	assert_null(strstr(html, "<script>"));
	assert_null(strstr(html, "<i>"));
	assert_non_null(strstr(html, "file =cmd()&lt;script&gt;"));
	assert_non_null(strstr(html, "<h1>Docker host &lt;h&gt;</h1>"));
	assert_int_equal(json_object_array_length(json_object_object_get(json, "rules")), 1);
	json_object_put(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_in_each_state),
		cmocka_unit_test(test_blind_time_is_subtracted),
		cmocka_unit_test(test_before_the_history),
		cmocka_unit_test(test_without_a_history),
		cmocka_unit_test(test_violation),
		cmocka_unit_test(test_found_later),
		cmocka_unit_test(test_rulebooks_unseen_and_what_is_not_known),
		cmocka_unit_test(test_names_from_outside),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
