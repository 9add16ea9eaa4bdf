/* SPDX-License-Identifier: Apache-2.0 */
#include "report/findings_table.h"
#include "report/member.h"
#include "report/table.h"
#include "report/words.h"

#include <errno.h>
#include <string.h>

struct entry {
	char *verdict, *severity, *rule, *id, *subject, *because;
	char *cause;   /* why it is unknown, whatever the fact; "" for other verdicts */
	unsigned rank; /* of the worst severity among those that stand together */
	bool excepted; /* an exception covers it */
};

struct findings_table {
	char *benchmark;
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
findings_table_new(struct findings_table **ret, const char *benchmark)
{
	struct findings_table *t = calloc(1, sizeof(*t));

	if (t != NULL)
		t->benchmark = strdup(benchmark);
	if (t == NULL || t->benchmark == NULL) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
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
	free(e->cause);
}

struct findings_table *
findings_table_free(struct findings_table *t)
{
	if (t == NULL)
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		entry_deinit(&t->entries[i]);
	free(t->entries);
	free(t->benchmark);
	free(t);
	return NULL;
}

static int
entry_init(struct entry *e, const struct findings_table *t, struct json_object *finding)
{
	const char *state = member_text(finding, "exception/state");
	const char *verdict = member_text(finding, "verdict");
	bool unknown = strcmp(verdict, verdict_name(VERDICT_UNKNOWN)) == 0;

	e->excepted = *state != '\0';
	e->verdict = strdup(e->excepted ? state : verdict);
	e->severity = strdup(member_text(finding, "severity"));
	e->rank = words_severity_rank(member_text(finding, "severity"));
	e->rule = strdup(member_text(finding, "rule"));
	e->id = words_rule_id(finding, t->benchmark);
	e->cause = strdup(unknown ? words_cause(finding) : "");
	e->subject = words_subject(member(finding, "subject"));
	if (e->subject == NULL)
		return -ENOMEM;
	e->because = strdup(words_without_subject(member_text(finding, "because"), e->subject));
	if (e->verdict == NULL || e->severity == NULL || e->rule == NULL || e->id == NULL ||
	    e->cause == NULL || e->because == NULL)
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
	if (entry_init(&e, t, finding) != 0) {
		entry_deinit(&e);
		return -ENOMEM;
	}
	t->entries[t->n++] = e;
	return 0;
}

int
findings_table_add_list(struct findings_table *t, struct json_object *list)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = findings_table_add(t, json_object_array_get_idx(list, i));
	return r;
}

static int
compare(unsigned a, unsigned b)
{
	return a < b ? -1 : a > b;
}

static int
by_cause(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	return strcmp(a->cause, b->cause);
}

/* The worst first; what stands together comes together. */
static int
by_badness(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = compare(words_verdict_rank(a->verdict), words_verdict_rank(b->verdict));

	if (order == 0)
		order = compare(a->rank, b->rank);
	if (order == 0)
		order = strcmp(a->cause, b->cause);
	if (order == 0)
		order = compare(words_severity_rank(a->severity), words_severity_rank(b->severity));
	if (order == 0)
		order = words_compare_ids(a->id, b->id);
	if (order == 0)
		order = strcmp(a->rule, b->rule);
	return order != 0 ? order : words_compare_ids(a->subject, b->subject);
}

static bool
same_cause(const struct entry *a, const struct entry *b)
{
	return *a->cause != '\0' && strcmp(a->cause, b->cause) == 0;
}

static bool
same_group(const struct entry *a, const struct entry *b)
{
	return strcmp(a->verdict, b->verdict) == 0 &&
	       (strcmp(a->rule, b->rule) == 0 || same_cause(a, b));
}

/* Unknown for one cause ranks as the worst of them does. */
static void
sort(struct findings_table *t)
{
	qsort(t->entries, t->n, sizeof(*t->entries), by_cause);
	for (size_t i = 0, end; i < t->n; i = end) {
		unsigned worst = t->entries[i].rank;

		for (end = i + 1; end < t->n && same_cause(&t->entries[i], &t->entries[end]); end++)
			if (t->entries[end].rank < worst)
				worst = t->entries[end].rank;
		for (size_t k = i; k < end; k++)
			t->entries[k].rank = worst;
	}
	qsort(t->entries, t->n, sizeof(*t->entries), by_badness);
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

/* Many that are unknown for one cause: one line, and their numbers. */
static int
add_cause(struct table *table, const struct entry *e, size_t n)
{
	struct entry folded = *e;
	char count[32], several[] = "several", ids[192];
	size_t at, i;

	(void)snprintf(count, sizeof(count), "%zu findings", n);
	at = (size_t)snprintf(ids, sizeof(ids), "%*s", 9, "");
	for (i = 0; i < n && at < sizeof(ids) - 64; i++) {
		if (i > 0 && strcmp(e[i].id, e[i - 1].id) == 0)
			continue;
		at += (size_t)snprintf(
		    ids + at, sizeof(ids) - at, "%s%.16s", i == 0 ? "" : ", ", e[i].id);
	}
	(void)snprintf(ids + at, sizeof(ids) - at, "%s (--all shows them)", i < n ? " ..." : "");
	folded.id = count;
	folded.because = folded.cause;
	for (i = 1; i < n; i++)
		if (strcmp(e[i].subject, e->subject) != 0)
			folded.subject = several;
	return add_row(table, &folded) == 0 ? table_note(table, ids) : -ENOMEM;
}

/* The lines of those that stand together. */
static int
add_group(struct table *table, const struct entry *e, size_t n, bool all)
{
	size_t shown = n;
	char note[128];

	if (!all && *e->cause != '\0' && n > FINDINGS_TABLE_PER_CAUSE)
		return add_cause(table, e, n);
	/* Folding a single line would save nothing. */
	if (!all && n > FINDINGS_TABLE_PER_RULE + 1)
		shown = FINDINGS_TABLE_PER_RULE;
	for (size_t i = 0; i < shown; i++)
		if (add_row(table, &e[i]) != 0)
			return -ENOMEM;
	if (shown == n)
		return 0;
	(void)snprintf(note, sizeof(note), "%*sand %zu more of %.64s (--all shows them)", 9, "",
	    n - shown, e->id);
	return table_note(table, note);
}

int
findings_table_print(struct findings_table *t, FILE *out, const struct style *style, bool all)
{
	_cleanup_(table_freep) struct table *table = NULL;
	int r = table_new(&table, columns, ARRAY_SIZE(columns));

	if (r != 0 || t->n == 0)
		return r;
	sort(t);
	for (size_t i = 0, end; i < t->n; i = end) {
		for (end = i + 1; end < t->n; end++)
			if (!same_group(&t->entries[i], &t->entries[end]))
				break;
		r = add_group(table, &t->entries[i], end - i, all);
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
		bool always; /* even if there are none */
	} counts[] = {
		{ "fail", "fail", COLOUR_RED, true },
		{ "unknown", "unknown", COLOUR_YELLOW, true },
		{ "review", "to review", COLOUR_CYAN, true },
		{ "pass", "pass", COLOUR_GREEN, true },
		{ "not-applicable", "not applicable", COLOUR_NONE, true },
		{ "waived", "waived", COLOUR_NONE, false },
		{ "attested", "attested", COLOUR_NONE, false },
		{ "notselected", "not selected", COLOUR_NONE, false },
		{ "notchecked", "not checked", COLOUR_NONE, false },
	};
	unsigned width = 0; /* of the line, with a comma and a space behind each count */
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		int64_t n = member_int(summary, counts[i].name);

		if (n == 0 && !counts[i].always)
			continue;
		(void)snprintf(text, sizeof(text), "%lld %s", (long long)n, counts[i].words);
		width += text_width(text) + 2;
		if (i > 0 && style->width != 0 && width > style->width) {
			width = text_width(text) + 2;
			(void)fputs(",\n", out);
		} else {
			(void)fputs(i == 0 ? "" : ", ", out);
		}
		(void)text_put_coloured(
		    out, style, n == 0 ? COLOUR_NONE : counts[i].colour, text, 0);
	}
	(void)fputc('\n', out);
}
