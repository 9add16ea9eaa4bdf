/* SPDX-License-Identifier: Apache-2.0 */
#include "report/junit.h"
#include "report/markup.h"
#include "report/member.h"
#include "report/words.h"
#include "util/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

enum { TIMESTAMP_SIZE = sizeof("2026-11-23T17:00:00") };

/* The cases of one rule; the numbers stand before them in the document. */
struct suite {
	const struct rule *rule;
	const struct rulebook *rb;
	char *cases;
	size_t len;
	FILE *out;
	unsigned tests, failures, errors, skipped;
};

struct printing {
	const struct findings_query *query;
	FILE *out;
	const char *host;
	char timestamp[TIMESTAMP_SIZE];
	struct suite suite;
	unsigned suites;
};

/* What a rule is called: "5.4 container-privileged", or its key alone. */
static void
put_rule_name(FILE *out, const struct suite *s)
{
	const struct benchmark_entry *entry = NULL;

	if (s->rb->n_benchmarks > 0)
		entry = benchmark_entry_of(&s->rb->benchmarks[0], s->rule);
	if (entry != NULL)
		(void)fprintf(out, "%s ", entry->id);
	(void)fputs(s->rule->key, out);
}

static void
put_property(FILE *out, const char *name, const char *value)
{
	(void)fputs("      <property", out);
	markup_put_attribute(out, "name", name);
	markup_put_attribute(out, "value", value);
	(void)fputs("/>\n", out);
}

static void
put_properties(FILE *out, const struct suite *s)
{
	(void)fputs("    <properties>\n", out);
	put_property(out, "title", s->rule->title);
	put_property(out, "severity", severity_name(s->rule->severity));
	for (unsigned i = 0; i < s->rb->n_benchmarks; i++) {
		const struct benchmark *b = &s->rb->benchmarks[i];
		const struct benchmark_entry *entry =
		    b->enabled ? benchmark_entry_of(b, s->rule) : NULL;

		if (entry != NULL)
			put_property(out, b->id, entry->id);
	}
	put_property(out, "rulebook", s->rb->sha256);
	(void)fputs("    </properties>\n", out);
}

static int
begin_suite(struct printing *p, const struct rule *rule)
{
	struct suite *s = &p->suite;

	*s = (struct suite){ .rule = rule, .rb = judge_rulebook(p->query->judge) };
	s->out = open_memstream(&s->cases, &s->len);
	return s->out == NULL ? -ENOMEM : 0;
}

static const char suite_end[] = "    <system-out/>\n    <system-err/>\n  </testsuite>\n";

/* The rest of the tag, behind the name. */
static void
put_counts(struct printing *p, const struct suite *s)
{
	(void)fprintf(p->out,
	    "\" id=\"%u\" package=\"plimsoll\" tests=\"%u\" failures=\"%u\" errors=\"%u\" "
	    "skipped=\"%u\" time=\"0\" timestamp=\"%s\"",
	    p->suites++, s->tests, s->failures, s->errors, s->skipped, p->timestamp);
	markup_put_attribute(p->out, "hostname", p->host);
	(void)fputs(">\n", p->out);
}

/* The elements that some readers want stand there even when they are empty. */
static int
end_suite(struct printing *p)
{
	struct suite *s = &p->suite;
	int r = 0;

	if (s->out == NULL)
		return 0;
	if (fclose(TAKE(s->out)) != 0)
		r = -ENOMEM;
	if (r == 0) {
		(void)fputs("  <testsuite name=\"", p->out);
		put_rule_name(p->out, s);
		put_counts(p, s);
		put_properties(p->out, s);
		(void)fwrite(s->cases, 1, s->len, p->out);
		(void)fputs(suite_end, p->out);
	}
	free(TAKE(s->cases));
	return r;
}

/* --- cases --- */

static void
put_grounds(struct suite *s, struct json_object *finding)
{
	struct json_object *evidence = member(finding, "evidence");

	for (size_t i = 0; i < member_count(finding, "evidence"); i++) {
		struct json_object *fact = json_object_array_get_idx(evidence, i);
		struct json_object *value = member(fact, "value");

		markup_put(s->out, member_text(fact, "fact"));
		(void)fputs(" = ", s->out);
		markup_put(s->out, value == NULL ? "nothing" : member_line(value));
		(void)fputs(" (", s->out);
		markup_put(s->out, member_text(fact, "from"));
		(void)fputs(")\n", s->out);
	}
	(void)fputs("\nFix: ", s->out);
	markup_put(s->out, s->rule->fix);
}

/* A failure or an error: its type, its reason, and what it rests on. */
static void
put_trouble(struct suite *s, const char *element, const char *type, struct json_object *finding)
{
	(void)fprintf(s->out, "      <%s", element);
	markup_put_attribute(s->out, "type", type);
	markup_put_attribute(s->out, "message", member_text(finding, "because"));
	(void)fputc('>', s->out);
	put_grounds(s, finding);
	(void)fprintf(s->out, "</%s>\n", element);
}

static void
put_skipped(struct suite *s, struct json_object *finding)
{
	struct json_object *exception = member(finding, "exception");

	(void)fputs("      <skipped message=\"", s->out);
	if (exception != NULL) {
		(void)fprintf(s->out, "%s by ", member_text(exception, "state"));
		markup_put(s->out, member_text(exception, "owner"));
		(void)fputs(": ", s->out);
		markup_put(s->out, member_text(exception, "reason"));
		(void)fputs(" / ", s->out);
	}
	markup_put(s->out, member_text(finding, "because"));
	(void)fputs("\"/>\n", s->out);
	s->skipped++;
}

static void
put_outcome(struct suite *s, const struct finding_view *view, struct json_object *finding)
{
	if (view->exception != NULL) {
		put_skipped(s, finding);
		return;
	}
	switch (view->verdict) {
	case VERDICT_FAIL:
		put_trouble(s, "failure", severity_name(s->rule->severity), finding);
		s->failures++;
		break;
	case VERDICT_UNKNOWN:
		put_trouble(s, "error", verdict_name(VERDICT_UNKNOWN), finding);
		s->errors++;
		break;
	case VERDICT_REVIEW:
	case VERDICT_NOT_APPLICABLE:
		put_skipped(s, finding);
		break;
	case VERDICT_PASS:
	case _VERDICTS:
		break;
	}
}

static int
put_case(struct suite *s, const struct judge *judge, const struct finding_view *view)
{
	struct json_object *finding = judge_finding_json(judge, view);
	_cleanup_(freep) char *subject = words_subject(member(finding, "subject"));

	if (finding == NULL || subject == NULL) {
		(void)json_object_put(finding);
		return -ENOMEM;
	}
	(void)fputs("    <testcase", s->out);
	markup_put_attribute(s->out, "name", subject);
	(void)fprintf(s->out, " classname=\"plimsoll.%s\" time=\"0\">\n", s->rule->key);
	put_outcome(s, view, finding);
	(void)fputs("    </testcase>\n", s->out);
	s->tests++;
	(void)json_object_put(finding);
	return 0;
}

static int
on_finding(void *arg, const struct finding_view *view)
{
	struct printing *p = arg;
	int r = 0;

	if (p->query->wanted != NULL && !p->query->wanted(p->query->arg, view))
		return 0;
	if (p->suite.rule != view->rule) {
		r = end_suite(p);
		if (r == 0)
			r = begin_suite(p, view->rule);
	}
	return r == 0 ? put_case(&p->suite, p->query->judge, view) : r;
}

/* --- what is not judged --- */

static void
put_left_out(struct printing *p, struct json_object *list)
{
	const struct rulebook *rb = judge_rulebook(p->query->judge);
	const char *leading = rb->n_benchmarks > 0 ? rb->benchmarks[0].id : "";

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		_cleanup_(freep) char *id = words_rule_id(item, leading);

		(void)fputs("    <testcase", p->out);
		markup_put_attribute(p->out, "name", id == NULL ? "?" : id);
		(void)fprintf(p->out, " classname=\"plimsoll.%s\" time=\"0\">\n      <skipped",
		    member_text(item, "verdict"));
		markup_put_attribute(p->out, "message", member_text(item, "because"));
		(void)fputs("/>\n    </testcase>\n", p->out);
	}
}

/* One suite of them all, where there are any. */
static int
put_all_left_out(struct printing *p)
{
	struct json_object *not_selected = findings_not_selected_json(p->query);
	struct json_object *not_checked = findings_not_checked_json(p->query);
	int r = not_selected == NULL || not_checked == NULL ? -ENOMEM : 0;
	struct suite s = { 0 };

	if (r == 0)
		s.tests = s.skipped = (unsigned)(json_object_array_length(not_selected) +
						 json_object_array_length(not_checked));
	if (s.tests > 0) {
		(void)fputs("  <testsuite name=\"not judged", p->out);
		put_counts(p, &s);
		(void)fputs("    <properties/>\n", p->out);
		put_left_out(p, not_selected);
		put_left_out(p, not_checked);
		(void)fputs(suite_end, p->out);
	}
	(void)json_object_put(not_selected);
	(void)json_object_put(not_checked);
	return r;
}

int
junit_print(const struct findings_query *query, FILE *out)
{
	struct printing p = { .query = query, .out = out };
	char started[CLOCK_TEXT_SIZE];
	struct utsname name = { 0 };
	int r, ended;

	(void)uname(&name);
	p.host = name.nodename;
	clock_text(query->started_ms, started);
	(void)snprintf(p.timestamp, sizeof(p.timestamp), "%.19s", started);
	(void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
	r = judge_each_finding(query->judge, on_finding, &p);
	ended = end_suite(&p);
	if (r == 0 && ended == 0)
		ended = put_all_left_out(&p);
	(void)fputs("</testsuites>\n", out);
	return r != 0 ? r : ended;
}
