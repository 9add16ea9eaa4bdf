/* SPDX-License-Identifier: Apache-2.0
 *
 * A history of drift, and the findings of now, replayed into the report of a period and printed in
 * every format. The input is {"rules": [...], "findings": [...], "rows": [...]}. */
#include "fuzz.h"

#include "report/member.h"
#include "report/period_print.h"
#include <string.h>

enum { ROWS_MAX = 64 };

static void
add_each(struct period *p, struct json_object *input, const char *name,
    int (*add)(struct period *p, struct json_object *json))
{
	struct json_object *list = member(input, name);
	size_t n = member_count(input, name);

	for (size_t i = 0; i < n && i < ROWS_MAX; i++)
		must(add(p, json_object_array_get_idx(list, i)) == 0);
}

struct walk {
	const struct period *p;
	int64_t at_ms, ms[_PERIOD_STATES];
};

/* Pieces come in order, apart from one another, within the period. */
static int
piece_must_hold(void *arg, const struct period_stretch *piece)
{
	struct walk *w = arg;

	must(piece->from_ms < piece->to_ms && piece->from_ms >= w->at_ms);
	must(piece->to_ms <= w->p->question.until_ms);
	w->at_ms = piece->to_ms;
	w->ms[piece->state] += piece->to_ms - piece->from_ms;
	return 0;
}

static void
pair_must_hold(const struct period *p, const struct period_pair *pair)
{
	struct walk w = { .p = p, .at_ms = p->question.since_ms };

	must(period_each_piece(p, pair, piece_must_hold, &w) == 0);
	must(memcmp(w.ms, pair->ms, sizeof(w.ms)) == 0);
	for (size_t i = 0; i < pair->n_violations; i++) {
		const struct period_violation *v = &pair->violations[i];

		must(v->from_ms <= v->to_ms && v->ms >= 0 && v->blind_ms >= 0);
	}
}

static char *
print(int (*fn)(const struct period_paper *paper, FILE *out), const struct period_paper *paper)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	must(out != NULL && fn(paper, out) == 0 && fclose(out) == 0);
	return text;
}

static int
print_table(const struct period_paper *paper, FILE *out)
{
	return period_print_table(paper, out, &(struct style){ .width = 80 });
}

static void
paper_must_hold(const struct period_paper *paper)
{
	_cleanup_(freep) char *table = print(print_table, paper);
	_cleanup_(freep) char *json = print(period_print_json, paper);
	_cleanup_(freep) char *csv = print(period_print_csv, paper);
	_cleanup_(freep) char *html = print(period_print_html, paper);
	struct json_object *parsed = json_tokener_parse(json);

	must(json_object_is_type(parsed, json_type_object));
	must(table[0] != '\0' && csv[0] != '\0');
	must(strstr(html, "<script") == NULL);
	json_object_put(parsed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *input = fuzz_json((const char *)data, size);
	const struct period_question question = {
		.since_ms = member_int(input, "since") & INT32_MAX,
		.until_ms = (int64_t)1 << 42,
		.leading = "cis-docker-1.11.0",
		.asked_seq = 1000,
	};
	_cleanup_(period_freep) struct period *p = NULL;
	struct period_paper paper = { .about = input };

	must(period_new(&p, &question) == 0);
	add_each(p, input, "rules", period_add_rule);
	add_each(p, input, "findings", period_add_finding);
	add_each(p, input, "rows", period_add_row);
	must(period_end(p) == 0);
	for (size_t i = 0; i < p->n_rules; i++)
		for (size_t k = 0; k < p->rules[i]->n_pairs; k++)
			pair_must_hold(p, p->rules[i]->pairs[k]);
	paper.period = p;
	paper_must_hold(&paper);
	json_object_put(input);
	return 0;
}
