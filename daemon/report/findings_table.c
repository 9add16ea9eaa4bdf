/* SPDX-License-Identifier: Apache-2.0 */
#include "report/findings_table.h"
#include "report/member.h"
#include "report/table.h"
#include "report/words.h"

#include <errno.h>
#include <string.h>

struct entry {
	char *verdict, *severity, *rule, *id, *subject, *because;
	bool excepted; /* an exception covers it */
};

struct findings_table {
	struct entry *entries;
	size_t n, room;
};

static const struct column columns[] = {
	{ "VERDICT", false },
	{ "ID", false },
	{ "SEVERITY", false },
	{ "SUBJECT", true },
	{ "BECAUSE", true },
};

int
findings_table_new(struct findings_table **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret == NULL ? -ENOMEM : 0;
}

static void
entry_deinit(struct entry *e)
{
	free(e->verdict);
	free(e->severity);
	free(e->rule);
	free(e->id);
	free(e->subject);
	free(e->because);
}

struct findings_table *
findings_table_free(struct findings_table *t)
{
	if (t == NULL)
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		entry_deinit(&t->entries[i]);
	free(t->entries);
	free(t);
	return NULL;
}

/* A reason often begins with its subject, which has a column of its own. */
static const char *
without_subject(const char *because, const char *subject)
{
	size_t len = strlen(subject);

	if (strncmp(because, subject, len) != 0 || because[len] == '\0')
		return because;
	because += len;
	return because + strspn(because, " :");
}

static int
entry_init(struct entry *e, struct json_object *finding)
{
	struct json_object *ref = member_first_ref(finding, NULL);
	const char *state = member_text(finding, "exception/state");

	e->excepted = *state != '\0';
	e->verdict = strdup(e->excepted ? state : member_text(finding, "verdict"));
	e->severity = strdup(member_text(finding, "severity"));
	e->rule = strdup(member_text(finding, "rule"));
	e->id = strdup(member_text(ref == NULL ? finding : ref, ref == NULL ? "rule" : "id"));
	e->subject = words_subject(member(finding, "subject"));
	if (e->subject != NULL)
		e->because = strdup(without_subject(member_text(finding, "because"), e->subject));
	if (e->verdict == NULL || e->severity == NULL || e->rule == NULL || e->id == NULL ||
	    e->because == NULL)
		return -ENOMEM;
	return 0;
}

int
findings_table_add(struct findings_table *t, struct json_object *finding)
{
	struct entry e = { 0 };

	if (t->n == t->room) {
		size_t room = t->room == 0 ? 64 : t->room * 2;
		struct entry *entries = reallocarray(t->entries, room, sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		t->entries = entries;
		t->room = room;
	}
	if (entry_init(&e, finding) != 0) {
		entry_deinit(&e);
		return -ENOMEM;
	}
	t->entries[t->n++] = e;
	return 0;
}

static int
compare(unsigned a, unsigned b)
{
	return a < b ? -1 : a > b;
}

static int
entry_compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = compare(words_verdict_rank(a->verdict), words_verdict_rank(b->verdict));

	if (order == 0)
		order = compare(words_severity_rank(a->severity), words_severity_rank(b->severity));
	if (order == 0)
		order = words_compare_ids(a->id, b->id);
	if (order == 0)
		order = strcmp(a->rule, b->rule);
	return order != 0 ? order : words_compare_ids(a->subject, b->subject);
}

static bool
same_group(const struct entry *a, const struct entry *b)
{
	return strcmp(a->rule, b->rule) == 0 && strcmp(a->verdict, b->verdict) == 0;
}

static int
add_row(struct table *table, const struct entry *e)
{
	enum colour colour = e->excepted ? COLOUR_DIM : words_colour(e->verdict, e->severity);
	int r = table_cell(table, colour, words_verdict(e->verdict));

	if (r == 0)
		r = table_cell(table, COLOUR_NONE, e->id);
	if (r == 0)
		r = table_cell(table, COLOUR_NONE, e->severity);
	if (r == 0)
		r = table_cell(table, COLOUR_NONE, e->subject);
	if (r == 0)
		r = table_cell(table, COLOUR_NONE, e->because);
	return r;
}

/* The lines of one rule and verdict, from `e` to before `end`. */
static int
add_group(struct table *table, const struct entry *e, const struct entry *end, unsigned per_rule)
{
	size_t n = (size_t)(end - e), shown = n;
	char note[128];

	/* Folding a single line would save nothing. */
	if (per_rule != 0 && n > per_rule + 1)
		shown = per_rule;
	for (size_t i = 0; i < shown; i++)
		if (add_row(table, &e[i]) != 0)
			return -ENOMEM;
	if (shown == n)
		return 0;
	(void)snprintf(note, sizeof(note), "%*s and %zu more of %.64s (--all shows them)", 8, "",
	    n - shown, e->id);
	return table_note(table, note);
}

int
findings_table_print(
    struct findings_table *t, FILE *out, const struct style *style, unsigned per_rule)
{
	_cleanup_(table_freep) struct table *table = NULL;
	int r = table_new(&table, columns, ARRAY_SIZE(columns));

	if (r != 0 || t->n == 0)
		return r;
	qsort(t->entries, t->n, sizeof(*t->entries), entry_compare);
	for (size_t i = 0, end; i < t->n; i = end) {
		for (end = i + 1; end < t->n; end++)
			if (!same_group(&t->entries[i], &t->entries[end]))
				break;
		r = add_group(table, &t->entries[i], &t->entries[end], per_rule);
		if (r != 0)
			return r;
	}
	table_print(table, out, style);
	return 0;
}

void
findings_summary_print(struct json_object *summary, FILE *out, const struct style *style)
{
	static const struct {
		const char *name, *words;
		enum colour colour;
	} counts[] = {
		{ "fail", "fail", COLOUR_RED },
		{ "unknown", "unknown", COLOUR_YELLOW },
		{ "review", "to review", COLOUR_CYAN },
		{ "pass", "pass", COLOUR_GREEN },
		{ "not-applicable", "not applicable", COLOUR_NONE },
		{ "waived", "waived", COLOUR_NONE },
		{ "attested", "attested", COLOUR_NONE },
		{ "notselected", "not selected", COLOUR_NONE },
		{ "notchecked", "not checked", COLOUR_NONE },
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		int64_t n = member_int(summary, counts[i].name);

		(void)snprintf(text, sizeof(text), "%lld %s", (long long)n, counts[i].words);
		(void)fputs(i == 0 ? "" : ", ", out);
		(void)text_put_coloured(
		    out, style, n == 0 ? COLOUR_NONE : counts[i].colour, text, 0);
	}
	(void)fputc('\n', out);
}
