/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll attest: what the running daemon finds, as entries for a file of exceptions. Owner,
 * reason and end are left empty: the loader takes no entry in which nobody answers for it. */
#include "control/client.h"
#include "control/commands.h"
#include "control/show.h"
#include "report/member.h"
#include "report/text.h"
#include "report/words.h"

#include <string.h>

/* What a person has to see before answering for it; a comment to the loader. */
static void
print_comment(FILE *out, struct json_object *finding, const char *leading)
{
	struct json_object *evidence = member(finding, "evidence");
	char *subject = words_subject(member(finding, "subject"));
	char *number = words_rule_id(finding, leading);

	(void)fprintf(out, "# %s ", number == NULL ? "?" : number);
	free(number);
	(void)text_put(out, member_text(finding, "title"), 0);
	(void)fputs("\n# ", out);
	(void)text_put(out, subject == NULL ? "?" : subject, 0);
	(void)fputs(": ", out);
	(void)text_put(out, member_text(finding, "because"), 0);
	free(subject);
	for (size_t i = 0; i < member_count(finding, "evidence"); i++) {
		struct json_object *fact = json_object_array_get_idx(evidence, i);
		struct json_object *value = member(fact, "value");

		(void)fprintf(out, "\n#   %s = ", member_text(fact, "fact"));
		(void)text_put(out, value == NULL ? "nothing" : member_line(value), 0);
	}
	(void)fputc('\n', out);
}

/* A pattern that is like this one text alone, in YAML's double quotes. */
static void
print_pattern(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (; *text != '\0'; text++) {
		if (strchr("*?[\\", *text) != NULL)
			(void)fputs("\\\\", out);
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', out);
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			(void)fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static void
print_subject(FILE *out, struct json_object *subject)
{
	static const struct {
		const char *kind, *key, *member;
	} patterns[] = {
		{ "file", "path", "id" },
		{ "container", "name", "name" },
		{ "image", "name", "name" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		if (strcmp(member_text(subject, "kind"), patterns[i].kind) != 0)
			continue;
		(void)fprintf(out, "  subject: {%s: ", patterns[i].key);
		print_pattern(out, member_text(subject, patterns[i].member));
		(void)fputs("}\n", out);
	}
}

static void
print_entry(FILE *out, struct json_object *finding, const char *leading)
{
	const char *hash = member_text(finding, "evidence_sha256");
	bool review = strcmp(member_text(finding, "verdict"), verdict_name(VERDICT_REVIEW)) == 0;

	print_comment(out, finding, leading);
	(void)fprintf(out, "- rule: %s\n", member_text(finding, "rule"));
	print_subject(out, member(finding, "subject"));
	(void)fprintf(out, "  state: %s\n  owner:\n  reason:\n",
	    exception_state_name(review ? EXCEPTION_ATTESTED : EXCEPTION_WAIVED));
	if (!review || *hash == '\0')
		(void)fputs("  expires:\n", out);
	if (review && *hash == '\0')
		(void)fputs("  evidence: any # it is too long to be looked at whole\n", out);
	else if (review)
		(void)fprintf(out, "  evidence: sha256:%s\n", hash);
}

/* An exception answers a review, or a failure. */
static bool
can_be_excepted(struct json_object *finding)
{
	int verdict = verdict_from_name(member_text(finding, "verdict"));

	return verdict == VERDICT_REVIEW || verdict == VERDICT_FAIL;
}

static int
print_entries(const struct options *o, struct json_object *document)
{
	struct json_object *findings = member(document, "findings"), *last = NULL;
	const char *wanted = o->n_args == 2 ? o->args[1] : NULL;
	unsigned meant = 0, printed = 0;

	for (size_t i = 0; i < member_count(document, "findings"); i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);

		if (wanted != NULL && !show_is_subject(finding, wanted))
			continue;
		meant++;
		last = finding;
		if (!can_be_excepted(finding))
			continue;
		if (printed++ > 0)
			(void)fputc('\n', stdout);
		print_entry(stdout, finding, member_text_at(document, "benchmarks", 0));
	}
	if (printed > 0)
		return STATUS_OK;
	if (meant == 1)
		return command_fail(STATUS_USAGE, "nothing to except: the verdict is %s: %s",
		    member_text(last, "verdict"), member_text(last, "because"));
	if (meant > 1)
		return command_fail(STATUS_USAGE, "nothing to except: none fails or is a review");
	return command_fail(STATUS_USAGE, "%s: the rule says nothing of such a subject",
	    wanted == NULL ? o->args[0] : wanted);
}

int
command_attest(const struct options *o)
{
	_cleanup_(freep) char *target = show_target(o, "/v1/findings?rule=");
	_cleanup_(freep) char *why = NULL;
	struct json_object *document = NULL;
	int r;

	if (target == NULL)
		return command_fail(STATUS_USAGE, "out of memory");
	r = client_get(o->socket, target, &document, &why);
	if (r != 0)
		return command_fail_client(r, why);
	r = print_entries(o, document);
	(void)json_object_put(document);
	return r;
}
