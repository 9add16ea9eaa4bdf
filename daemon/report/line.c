/* SPDX-License-Identifier: Apache-2.0 */
#include "report/line.h"
#include "report/member.h"
#include "report/words.h"
#include "watch/cause.h"

#include <string.h>
#include <syslog.h>

enum {
	ITEMS_MAX = 3, /* added or removed offenders that a line names */
	VALUE_MAX = 120,
};

/* Texts of notices, in pieces between bars. {name} stands for that member of the notice; a piece
 * whose member is missing is left out. */
static const struct notice_words {
	const char *kind, *text;
	int priority;
} notices[] = {
	{ "started", "plimsolld| {version}| started|: {set_aside}", LOG_NOTICE },
	{ "stopping", "plimsolld stops", LOG_NOTICE },
	{ "baseline", "first look: {summary}|; {set_aside}", LOG_NOTICE },
	{ "heartbeat", "watching: {summary}|, blind for {blind_s} s in all", LOG_NOTICE },
	{ "open", "still {verdict}| {rule}|: {because}| (since {since})|, and {more} more",
	    LOG_NOTICE },
	{ "gap-opened", "blind: {source}| ({why})", LOG_WARNING },
	{ "gap-closed", "sees again: {source}|, blind for {blind_ms} ms", LOG_WARNING },
	{ "reloaded",
	    "reload|: {changed} findings changed by rules, not by the host|, {excepted} by "
	    "exceptions| refused: {error}|; at the next start: {restart}",
	    LOG_NOTICE },
	{ "exception-expired", "exception expired: {rule}| for {subject}| (owner {owner})",
	    LOG_NOTICE },
	{ "unseen",
	    "gone before it could be looked at: {subject}|, {lifetime_ms} ms after it was made",
	    LOG_NOTICE },
	{ "dropped", "dropped: {count} events| ({why})", LOG_WARNING },
	{ "pruned", "history pruned|: {rows} rows| before {before}", LOG_NOTICE },
	{ "folded",
	    "left out: {what}| about {subject}|, {count} times in {minutes} min|, now {verdict}"
	    "| (rows {first} to {last} of plimsoll drift)",
	    LOG_NOTICE },
	{ "truncated", "older history is not kept: it begins with {first}", LOG_NOTICE },
};

static const struct notice_words *
notice_find(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(notices); i++)
		if (strcmp(notices[i].kind, kind) == 0)
			return &notices[i];
	return NULL;
}

/* "12 fail, 3 unknown": the counts of a summary that are not zero. */
static void
put_counts(FILE *out, struct json_object *counts)
{
	const char *before = "";

	json_object_object_foreach (counts, name, value) {
		if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) == 0)
			continue;
		(void)fprintf(
		    out, "%s%lld %s", before, (long long)json_object_get_int64(value), name);
		before = ", ";
	}
	if (*before == '\0')
		(void)fputs("nothing", out);
}

static void
put_list(FILE *out, struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		(void)fprintf(out, "%s%s", i == 0 ? "" : ", ",
		    json_object_get_string(json_object_array_get_idx(list, i)));
}

static void
put_member(FILE *out, struct json_object *notice, const char *name)
{
	struct json_object *m = member(notice, name);
	char *subject;

	if (strcmp(name, "verdict") == 0) {
		(void)fputs(words_verdict(member_text(notice, name)), out);
	} else if (json_object_is_type(m, json_type_object) && strcmp(name, "subject") == 0) {
		subject = words_subject(m);
		(void)fputs(subject == NULL ? "?" : subject, out);
		free(subject);
	} else if (json_object_is_type(m, json_type_object)) {
		put_counts(out, m);
	} else if (json_object_is_type(m, json_type_array)) {
		put_list(out, m);
	} else {
		(void)fputs(m == NULL ? "?" : json_object_get_string(m), out);
	}
}

/* Cuts the name out of "{name}..."; returns what follows it. */
static const char *
take_name(const char *text, char *ret, size_t size)
{
	size_t len = strcspn(text + 1, "}");

	(void)snprintf(ret, size, "%.*s", (int)len, text + 1);
	return text + 1 + len + 1;
}

static bool
has_members(struct json_object *notice, const char *piece, const char *end)
{
	char name[32];

	for (const char *at = memchr(piece, '{', (size_t)(end - piece)); at != NULL;) {
		at = take_name(at, name, sizeof(name));
		if (member(notice, name) == NULL)
			return false;
		at = memchr(at, '{', (size_t)(end - at));
	}
	return true;
}

static void
put_piece(FILE *out, struct json_object *notice, const char *piece, const char *end)
{
	char name[32];

	while (piece < end) {
		if (*piece != '{') {
			(void)fputc(*piece++, out);
			continue;
		}
		piece = take_name(piece, name, sizeof(name));
		put_member(out, notice, name);
	}
}

static void
put_notice(FILE *out, struct json_object *row)
{
	struct json_object *notice = member(row, "notice");
	const char *kind = member_text(notice, "kind");
	const struct notice_words *w = notice_find(kind);

	if (w == NULL) {
		(void)fprintf(out, "notice: %s", kind);
		return;
	}
	for (const char *piece = w->text, *end;; piece = end + 1) {
		end = strchrnul(piece, '|');
		if (has_members(notice, piece, end))
			put_piece(out, notice, piece, end);
		if (*end == '\0')
			break;
	}
}

/* "5.4 ", or "1.6.0:5.29 " where the leading benchmark of the row has no number for it. */
static void
put_number(FILE *out, struct json_object *row, struct json_object *finding)
{
	const char *leading = member_text(row, "benchmark"), *first = NULL;
	char *number;

	if (member_first_ref(finding, &first) == NULL)
		return;
	number = words_rule_id(finding, *leading == '\0' ? first : leading);
	(void)fprintf(out, "%s ", number == NULL ? "?" : number);
	free(number);
}

/* "FAIL 5.4 container-privileged: container web runs privileged" */
static void
put_finding(FILE *out, struct json_object *row, struct json_object *finding)
{
	(void)fprintf(out, "%s ", words_verdict(member_text(finding, "verdict")));
	if (member(finding, "exception") != NULL)
		(void)fprintf(out, "(%s) ", member_text(finding, "exception/state"));
	put_number(out, row, finding);
	(void)fprintf(out, "%s: %s", member_text(finding, "rule"), member_text(finding, "because"));
}

/* Offenders that are a word each; the reason names those that are more. */
static void
put_items(FILE *out, struct json_object *row, const char *list, const char *what)
{
	size_t n = member_count(row, list), shown = 0;
	struct json_object *items = member(row, list);

	for (size_t i = 0; i < n && shown < ITEMS_MAX; i++) {
		struct json_object *item = json_object_array_get_idx(items, i);

		if (!json_object_is_type(item, json_type_string))
			continue;
		(void)fprintf(out, "%s%.*s", shown == 0 ? what : ", ", VALUE_MAX,
		    json_object_get_string(item));
		shown++;
	}
	if (shown == ITEMS_MAX && n > shown)
		(void)fprintf(out, " and %zu more", n - shown);
	if (shown > 0)
		(void)fputs("; ", out);
}

/* Why, by whom where that is known, and a bracket. */
static void
put_cause(FILE *out, struct json_object *row)
{
	(void)fputs(member_text(row, "cause/detail"), out);
	words_put_actor(out, member(row, "cause/actor"));
	(void)fputc(')', out);
}

static void
put_verdict(FILE *out, struct json_object *row)
{
	const char *was = member_text(row, "was");

	put_finding(out, row, row);
	(void)fputs(" (", out);
	if (*was != '\0' && strcmp(was, member_text(row, "verdict")) != 0)
		(void)fprintf(out, "was %s; ", was);
	put_items(out, row, "added", "new: ");
	put_items(out, row, "removed", "no longer: ");
	put_cause(out, row);
}

static size_t
count_bad(struct json_object *row)
{
	struct json_object *findings = member(row, "findings");
	size_t n = member_count(row, "findings"), bad = 0;

	for (size_t i = 0; i < n; i++)
		bad += words_verdict_is_bad(
		    member_text(json_object_array_get_idx(findings, i), "verdict"));
	return bad;
}

/* Rows about a whole subject: "APPEARED container web: FAIL 5.4 ..., and 3 more (container start)".
 */
static void
put_subject(FILE *out, struct json_object *row, const char *what)
{
	char *subject = words_subject(member(row, "subject"));
	size_t n = member_count(row, "findings");

	(void)fprintf(out, "%s %s", what, subject == NULL ? "?" : subject);
	free(subject);
	if (n > 0) {
		(void)fputs(": ", out);
		put_finding(out, row, json_object_array_get_idx(member(row, "findings"), 0));
	}
	if (n > 1)
		(void)fprintf(out, ", and %zu more", n - 1);
	(void)fputs(" (", out);
	put_cause(out, row);
}

static void
put_gone(FILE *out, struct json_object *row)
{
	char *subject = words_subject(member(row, "subject"));
	size_t bad = count_bad(row);

	(void)fprintf(out, "GONE %s", subject == NULL ? "?" : subject);
	free(subject);
	if (bad > 0)
		(void)fprintf(out, ", with %zu open finding%s", bad, bad == 1 ? "" : "s");
	(void)fputs(" (", out);
	put_cause(out, row);
}

char *
line_of_drift(struct json_object *row)
{
	const char *type = member_text(row, "type");
	char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);

	if (out == NULL)
		return NULL;
	if (strcmp(type, "notice") == 0)
		put_notice(out, row);
	else if (strcmp(type, "appeared") == 0)
		put_subject(out, row, "APPEARED");
	else if (strcmp(type, "carried") == 0)
		put_subject(out, row, "CARRIED OVER");
	else if (strcmp(type, "gone") == 0)
		put_gone(out, row);
	else
		put_verdict(out, row);
	if (fclose(out) == 0)
		return line;
	free(line);
	return NULL;
}

static bool
is_scored(struct json_object *finding)
{
	struct json_object *refs = member(finding, "refs");

	if (!json_object_is_type(refs, json_type_object))
		return false;
	json_object_object_foreach (refs, benchmark, ref) {
		(void)benchmark;
		if (member_true(ref, "scored"))
			return true;
	}
	return false;
}

static int
finding_priority(struct json_object *finding)
{
	const char *verdict = member_text(finding, "verdict");

	if (member(finding, "exception") != NULL)
		return LOG_INFO;
	if (strcmp(verdict, verdict_name(VERDICT_UNKNOWN)) == 0)
		return LOG_WARNING;
	if (strcmp(verdict, verdict_name(VERDICT_FAIL)) != 0)
		return LOG_NOTICE;
	if (words_severity_rank(member_text(finding, "severity")) == SEVERITY_CRITICAL)
		return LOG_CRIT;
	return is_scored(finding) ? LOG_ERR : LOG_WARNING;
}

int
line_priority(struct json_object *row)
{
	const char *type = member_text(row, "type");
	size_t n = member_count(row, "findings");
	int worst = LOG_NOTICE;

	if (strcmp(type, "carried") == 0 || strcmp(type, "gone") == 0 ||
	    strcmp(member_text(row, "cause/source"), cause_source_name(CAUSE_RELOAD)) == 0)
		return LOG_INFO;
	if (strcmp(type, "notice") == 0) {
		const struct notice_words *w = notice_find(member_text(row, "notice/kind"));

		/* A summary is as bad as the worst of what it sums up. */
		if (member(row, "notice/priority") != NULL)
			return (int)member_int(row, "notice/priority");
		return w == NULL ? LOG_NOTICE : w->priority;
	}
	if (n == 0)
		return finding_priority(row);
	for (size_t i = 0; i < n; i++) {
		struct json_object *f = json_object_array_get_idx(member(row, "findings"), i);
		int priority = finding_priority(f);

		worst = priority < worst ? priority : worst;
	}
	return worst;
}
