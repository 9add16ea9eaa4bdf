/* SPDX-License-Identifier: Apache-2.0 */
#include "control/show.h"
#include "control/options.h"
#include "report/audit_table.h"
#include "report/member.h"

#include <event2/http.h>
#include <fnmatch.h>
#include <string.h>

void
show_json(FILE *out, struct json_object *json)
{
	const char *text = json_object_to_json_string_ext(json,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);

	(void)fprintf(out, "%s\n", text == NULL ? "null" : text);
}

uint32_t
show_verdicts(const struct options *o)
{
	if (o->all || filter_has(o->filter, FILTER_VERDICT))
		return UINT32_MAX;
	return AUDIT_TABLE_BAD;
}

static void
show_part(FILE *out, const struct style *style, const char *title, const char *text)
{
	if (*text == '\0')
		return;
	(void)fputc('\n', out);
	(void)text_put_coloured(out, style, COLOUR_BOLD, title, 0);
	(void)fputc('\n', out);
	text_put_wrapped(out, style, 2, text);
}

/* "cis-docker-1.11.0 5.4 (level 1, scored)" */
static void
show_refs(FILE *out, struct json_object *refs)
{
	if (!json_object_is_type(refs, json_type_object))
		return;
	json_object_object_foreach (refs, benchmark, ref) {
		(void)fprintf(out, "  %s %s (level %lld, %s)\n", benchmark, member_text(ref, "id"),
		    (long long)member_int(ref, "level"),
		    member_true(ref, "scored") ? "scored" : "not scored");
	}
}

/* Expressions keep their lines. */
static void
show_expression(FILE *out, const struct style *style, const char *title, const char *text)
{
	if (*text == '\0')
		return;
	(void)fputc('\n', out);
	(void)text_put_coloured(out, style, COLOUR_BOLD, title, 0);
	(void)fputc('\n', out);
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		(void)fprintf(out, "  %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void
show_audit(FILE *out, const struct style *style, const char *audit, const char *subject)
{
	static const char mark[] = "{subject}";
	const char *at;

	if (*audit == '\0')
		return;
	(void)fputc('\n', out);
	(void)text_put_coloured(out, style, COLOUR_BOLD, "By hand", 0);
	(void)fputs("\n  ", out);
	while (subject != NULL && (at = strstr(audit, mark)) != NULL) {
		(void)fprintf(out, "%.*s", (int)(at - audit), audit);
		(void)text_put(out, subject, 0);
		audit = at + strlen(mark);
	}
	for (; *audit != '\0'; audit++)
		(void)fputs(
		    *audit == '\n' && audit[1] != '\0' ? "\n  " : (char[]){ *audit, '\0' }, out);
	if (audit[-1] != '\n')
		(void)fputc('\n', out);
}

/* "a reading of exec-user-override, with {"exec_any_user":false}" */
static void
show_reading(FILE *out, struct json_object *rule)
{
	if (member(rule, "reading_of") == NULL)
		return;
	(void)fprintf(out, "  a reading of %s, with ", member_text(rule, "reading_of"));
	(void)text_put(out, member_line(member(rule, "params")), 0);
	(void)fputc('\n', out);
}

void
show_rule(FILE *out, const struct style *style, struct json_object *rule, const char *subject)
{
	(void)text_put_coloured(out, style, COLOUR_BOLD, member_text(rule, "title"), 0);
	(void)fprintf(out, "\n  %s, severity %s, about each %s\n", member_text(rule, "key"),
	    member_text(rule, "severity"), member_text(rule, "scope"));
	show_reading(out, rule);
	show_refs(out, member(rule, "refs"));
	if (member(rule, "selected") != NULL && !member_true(rule, "selected"))
		(void)fprintf(out, "  not selected: %s\n", member_text(rule, "unselected"));
	show_expression(out, style, "Applies when", member_text(rule, "when"));
	show_expression(out, style,
	    strcmp(member_text(rule, "kind"), "review") == 0 ? "Laid before a person" : "Checked",
	    member_text(rule, "expression"));
	show_part(out, style, "Why", member_text(rule, "why"));
	show_audit(out, style, member_text(rule, "audit"), subject);
	show_part(out, style, "Fix", member_text(rule, "fix"));
}

char *
show_target(const struct options *o, const char *before)
{
	_cleanup_(freep) char *rule = evhttp_encode_uri(o->args[0]);
	_cleanup_(freep) char *query = filter_query(o->filter);
	char *target;

	if (rule == NULL || query == NULL ||
	    asprintf(&target, "%s%s%s%s", before, rule, strchr(before, '?') == NULL ? "?" : "&",
		query) < 0)
		return NULL;
	return target;
}

bool
show_is_subject(struct json_object *finding, const char *wanted)
{
	const char *id = member_text(finding, "subject/id");
	const char *name = member_text(finding, "subject/name");

	if (strcmp(member_text(finding, "subject/kind"), wanted) == 0 ||
	    fnmatch(wanted, name, 0) == 0)
		return true;
	if (strncmp(id, "sha256:", 7) == 0)
		id += 7;
	return *wanted != '\0' && strncmp(id, wanted, strlen(wanted)) == 0;
}
