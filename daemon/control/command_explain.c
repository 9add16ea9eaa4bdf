/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll explain: a rule, and for a subject what was read, why this verdict, and what to do. The
 * verdict is the running daemon's; the rule alone needs none. */
#include "control/client.h"
#include "control/commands.h"
#include "control/show.h"
#include "report/findings_table.h"
#include "report/member.h"
#include "report/rule_json.h"
#include "report/text.h"
#include "report/words.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The rule from the files; NULL after saying why not. */
static struct json_object *
load_rule(const struct options *o, int *ret_status)
{
	_cleanup_(rulebook_freep) struct rulebook *rb = NULL;
	const struct rule *rule;

	*ret_status = command_load(&rb, o, NULL);
	if (*ret_status != STATUS_OK)
		return NULL;
	rule = command_find_rule(rb, o, o->args[0]);
	if (rule == NULL) {
		*ret_status = STATUS_USAGE;
		return NULL;
	}
	return rule_json(rb, rule);
}

static void
show_fact(struct json_object *fact)
{
	struct json_object *value = member(fact, "value");

	(void)printf("  %s = ", member_text(fact, "fact"));
	(void)text_put(stdout, value == NULL ? "nothing" : member_line(value), 0);
	(void)printf("\n    from %s\n", member_text(fact, "from"));
}

/* "waived by OWNER until 2027-03-31: REASON" */
static void
show_exception(struct json_object *exception)
{
	const char *expires = member_text(exception, "expires");

	if (exception == NULL)
		return;
	(void)printf("  %s by ", member_text(exception, "state"));
	(void)text_put(stdout, member_text(exception, "owner"), 0);
	if (*expires != '\0')
		(void)printf(" until %s", expires);
	(void)fputs(": ", stdout);
	(void)text_put(stdout, member_text(exception, "reason"), 0);
	(void)fputc('\n', stdout);
}

static void
show_finding(const struct style *style, struct json_object *finding)
{
	_cleanup_(freep) char *subject = words_subject(member(finding, "subject"));
	const char *verdict = member_text(finding, "verdict");
	struct json_object *evidence = member(finding, "evidence");

	(void)fputc('\n', stdout);
	(void)text_put_coloured(stdout, style,
	    words_colour(verdict, member_text(finding, "severity")), words_verdict(verdict), 0);
	(void)fputs(": ", stdout);
	(void)text_put(stdout, subject == NULL ? "?" : subject, 0);
	(void)printf("\n  since %s, last checked %s\n", member_text(finding, "since"),
	    member_text(finding, "checked"));
	show_exception(member(finding, "exception"));
	text_put_wrapped(stdout, style, 2, member_text(finding, "because"));
	for (size_t i = 0; i < member_count(finding, "evidence"); i++)
		show_fact(json_object_array_get_idx(evidence, i));
}

/* What the rule says of all its subjects: those that ask for somebody, and how many there are. */
static int
show_findings(const struct options *o, const struct style *style, struct json_object *document)
{
	const char *named = filter_benchmark_name(o->filter);
	_cleanup_(findings_table_freep) struct findings_table *table = NULL;
	struct json_object *findings = member(document, "findings");
	size_t n = member_count(document, "findings");
	int r = findings_table_new(
	    &table, named != NULL ? named : member_text_at(document, "benchmarks", 0));

	for (size_t i = 0; i < n && r == 0; i++) {
		struct json_object *f = json_object_array_get_idx(findings, i);

		if (member(f, "exception") == NULL &&
		    words_verdict_is_bad(member_text(f, "verdict")))
			r = findings_table_add(table, f);
	}
	(void)fputc('\n', stdout);
	if (r == 0)
		r = findings_table_print(table, stdout, style, false);
	findings_summary_print(member(document, "summary"), stdout, style);
	return r == 0 ? STATUS_OK : command_fail(STATUS_USAGE, "out of memory");
}

/* The rule, and what it says of the subjects that are meant. */
static int
show(const struct options *o, struct json_object *rule, struct json_object *document)
{
	struct style style = style_of(STDOUT_FILENO);
	struct json_object *findings = member(document, "findings"), *only = NULL;
	size_t n = member_count(document, "findings"), meant = 0;
	const char *name = NULL;

	for (size_t i = 0; i < n; i++) {
		struct json_object *f = json_object_array_get_idx(findings, i);

		if (o->n_args == 2 ? show_is_subject(f, o->args[1]) : n == 1) {
			only = f;
			meant++;
		}
	}
	if (o->n_args == 2 && meant == 0)
		return command_fail(STATUS_USAGE,
		    "%s: the rule says nothing of such a subject; "
		    "plimsoll findings --rule %s --all lists them",
		    o->args[1], o->args[0]);
	if (meant == 1)
		name = member_text(only, "subject/name");
	show_rule(stdout, &style, rule, name != NULL && *name != '\0' ? name : NULL);
	for (size_t i = 0; i < n; i++) {
		struct json_object *f = json_object_array_get_idx(findings, i);

		if (o->n_args == 2 ? show_is_subject(f, o->args[1]) : n == 1)
			show_finding(&style, f);
	}
	return o->n_args == 1 && n > 1 ? show_findings(o, &style, document) : STATUS_OK;
}

static int
show_as_json(struct json_object *rule, struct json_object *document)
{
	struct json_object *findings = member(document, "findings");
	struct json_object *both = json_object_new_object();
	int r = both == NULL ? -ENOMEM : member_put(both, "rule", json_object_get(rule));

	if (r == 0 && findings != NULL)
		r = member_put(both, "findings", json_object_get(findings));
	if (r == 0)
		show_json(stdout, both);
	(void)json_object_put(both);
	return r == 0 ? STATUS_OK : command_fail(STATUS_USAGE, "out of memory");
}

int
command_explain(const struct options *o)
{
	_cleanup_(freep) char *rule_target = show_target(o, "/v1/rules/");
	_cleanup_(freep) char *findings_target = show_target(o, "/v1/findings?rule=");
	_cleanup_(freep) char *why = NULL;
	struct json_object *rule = NULL, *document = NULL;
	int r, status = STATUS_OK;

	if (rule_target == NULL || findings_target == NULL)
		return command_fail(STATUS_USAGE, "out of memory");
	r = client_get(o->socket, rule_target, &rule, &why);
	if (r == 0)
		r = client_get(o->socket, findings_target, &document, &why);
	if (r == CLIENT_E_NO_ANSWER && o->n_args == 1)
		rule = load_rule(o, &status);
	else if (r != 0)
		status = command_fail_client(r, why);
	if (status == STATUS_OK)
		status = o->format == FORMAT_JSON ? show_as_json(rule, document)
						  : show(o, rule, document);
	(void)json_object_put(rule);
	(void)json_object_put(document);
	return status;
}
