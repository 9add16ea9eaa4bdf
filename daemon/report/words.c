/* SPDX-License-Identifier: Apache-2.0 */
#include "report/words.h"
#include "report/member.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct verdict_words {
	enum verdict verdict;
	const char *word;
	bool bad;
	enum colour colour;
} verdicts_by_rank[] = {
	{ VERDICT_FAIL, "FAIL", true, COLOUR_RED },
	{ VERDICT_UNKNOWN, "UNKNOWN", true, COLOUR_YELLOW },
	{ VERDICT_REVIEW, "REVIEW", true, COLOUR_CYAN },
	{ VERDICT_PASS, "PASS", false, COLOUR_GREEN },
	{ VERDICT_NOT_APPLICABLE, "NOT APPLICABLE", false, COLOUR_DIM },
};

unsigned
words_verdict_rank(const char *verdict)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(verdicts_by_rank); i++)
		if (strcmp(verdict_name(verdicts_by_rank[i].verdict), verdict) == 0)
			break;
	return i;
}

static const struct verdict_words *
words_of(const char *verdict)
{
	unsigned rank = words_verdict_rank(verdict);

	return rank < ARRAY_SIZE(verdicts_by_rank) ? &verdicts_by_rank[rank] : NULL;
}

const char *
words_verdict(const char *verdict)
{
	const struct verdict_words *w = words_of(verdict);

	return w == NULL ? verdict : w->word;
}

bool
words_verdict_is_bad(const char *verdict)
{
	const struct verdict_words *w = words_of(verdict);

	return w != NULL && w->bad;
}

unsigned
words_severity_rank(const char *severity)
{
	int s = severity_from_name(severity);

	return s < 0 ? _SEVERITIES : (unsigned)s;
}

enum colour
words_colour(const char *verdict, const char *severity)
{
	const struct verdict_words *w = words_of(verdict);

	if (w == NULL)
		return COLOUR_NONE;
	if (w->verdict == VERDICT_FAIL && words_severity_rank(severity) <= SEVERITY_HIGH)
		return COLOUR_BAD;
	return w->colour;
}

char *
words_subject(struct json_object *subject)
{
	const char *kind = member_text(subject, "kind");
	const char *name = member_text(subject, "name");
	char *text;

	if (*name == '\0')
		name = member_text(subject, "id");
	if (*name == '\0' || strcmp(name, kind) == 0)
		return strdup(kind);
	return asprintf(&text, "%s %s", kind, name) < 0 ? NULL : text;
}

const char *
words_without_subject(const char *because, const char *subject)
{
	size_t len = strlen(subject);

	if (strncmp(because, subject, len) != 0 || because[len] == '\0')
		return because;
	because += len;
	return because + strspn(because, " :");
}

/* "engine.kind: no engine" is "no engine", whatever the fact. */
static const char *
without_facts(const char *why)
{
	for (;;) {
		size_t len = strcspn(why, ": /");

		if (len == 0 || why[len] != ':' || why[len + 1] != ' ' ||
		    memchr(why, '.', len) == NULL)
			return why;
		why += len + 2;
	}
}

const char *
words_cause(struct json_object *finding)
{
	struct json_object *evidence = member(finding, "evidence");
	const char *because = member_text(finding, "because"), *colon;

	for (size_t i = 0; i < member_count(finding, "evidence"); i++) {
		const char *why =
		    member_text(json_object_array_get_idx(evidence, i), "value/unreadable");

		if (*why != '\0')
			return without_facts(why);
	}
	colon = strstr(because, ": ");
	return without_facts(colon == NULL ? because : colon + 2);
}

char *
words_rule_id(struct json_object *finding, const char *leading)
{
	const char *benchmark = NULL, *dash;
	struct json_object *own = member(member(finding, "refs"), leading);
	struct json_object *ref = member_first_ref(finding, &benchmark);
	char *id;

	if (own != NULL)
		return strdup(member_text(own, "id"));
	if (ref == NULL)
		return strdup(member_text(finding, "rule"));
	dash = strrchr(benchmark, '-');
	if (asprintf(&id, "%s:%s", dash == NULL ? benchmark : dash + 1, member_text(ref, "id")) < 0)
		return NULL;
	return id;
}

int
words_compare_ids(const char *a, const char *b)
{
	return strverscmp(a, b);
}

void
words_put_actor(FILE *out, struct json_object *actor)
{
	int64_t auid = member_int(actor, "auid"), uid = member_int(actor, "uid");

	if (actor == NULL)
		return;
	if (auid < 0)
		(void)fprintf(out, ", by uid %" PRIi64, uid);
	else if (auid != uid)
		(void)fprintf(out, ", by uid %" PRIi64 " (as uid %" PRIi64 ")", auid, uid);
	else
		(void)fprintf(out, ", by uid %" PRIi64, auid);
	(void)fprintf(out, " with %s", member_text(actor, "exe"));
}
