/* SPDX-License-Identifier: Apache-2.0 */
#include "report/findings_json.h"
#include "report/about.h"
#include "report/member.h"

#include <errno.h>
#include <string.h>

/* The last finding that was written, by what orders them: the next piece goes on behind it,
 * whatever came or went. */
struct place {
	bool any;
	unsigned rule;
	char *name, *id; /* of the subject */
};

struct findings_json {
	struct findings_query query;
	struct place place;
	bool begun;
};

struct piece {
	struct findings_json *d;
	FILE *out;
	size_t written, enough;
};

int
findings_json_new(struct findings_json **ret, const struct findings_query *query)
{
	struct findings_json *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	d->query = *query;
	*ret = d;
	return 0;
}

struct findings_json *
findings_json_free(struct findings_json *d)
{
	if (d == NULL)
		return NULL;
	free(d->place.name);
	free(d->place.id);
	free(d);
	return NULL;
}

/* --- counts --- */

struct count {
	const struct findings_query *query;
	unsigned verdicts[_VERDICTS], excepted[_EXCEPTION_STATES];
};

static bool
is_wanted(const struct findings_query *q, const struct finding_view *view)
{
	return q->wanted == NULL || q->wanted(q->arg, view);
}

static int
count_one(void *arg, const struct finding_view *view)
{
	struct count *count = arg;

	if (!is_wanted(count->query, view))
		return 0;
	if (view->exception != NULL)
		count->excepted[view->exception->state]++;
	else
		count->verdicts[view->verdict]++;
	return 0;
}

struct json_object *
findings_summary_json(const struct findings_query *query)
{
	struct count count = { .query = query };
	struct json_object *json = judge_summary_json(query->judge);
	int r = 0;

	if (json == NULL || query->wanted == NULL)
		return json;
	(void)judge_each_finding(query->judge, count_one, &count);
	for (unsigned v = 0; v < _VERDICTS && r == 0; v++)
		r = member_put_int(json, verdict_name(v), count.verdicts[v]);
	for (unsigned e = 0; e < _EXCEPTION_STATES && r == 0; e++)
		r = member_put_int(json, exception_state_name(e), count.excepted[e]);
	return member_done(json, r);
}

/* --- what stands before the findings --- */

static struct json_object *
took_new(double ms)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%.1f", ms);
	return json_object_new_double_s(ms, text);
}

static struct json_object *
head_new(const struct findings_query *q)
{
	struct json_object *head = json_object_new_object();
	int r = head == NULL ? -ENOMEM : about_add(head, q->judge);

	if (r == 0)
		r = member_put_time(head, "started", q->started_ms);
	if (r == 0)
		r = member_put(head, "took_ms", took_new(q->took_ms));
	if (r == 0)
		r = member_put(head, "summary", findings_summary_json(q));
	return member_done(head, r);
}

/* The head's members, and the beginning of the list. */
static int
write_head(struct findings_json *d, FILE *out)
{
	struct json_object *head = head_new(&d->query);
	const char *text;

	if (head == NULL)
		return -ENOMEM;
	text = member_line(head);
	(void)fprintf(out, "%.*s,\"findings\":[", (int)strlen(text) - 1, text);
	(void)json_object_put(head);
	return 0;
}

/* --- the findings --- */

/* The judge's order: rules, then subjects by name. */
static bool
is_behind(const struct place *place, const struct finding_view *view)
{
	int order;

	if (!place->any || view->rule->index != place->rule)
		return !place->any || view->rule->index > place->rule;
	order = strcmp(view->subject->name, place->name);
	if (order == 0)
		order = strcmp(view->subject->id, place->id);
	return order > 0;
}

static int
move_place(struct place *place, const struct finding_view *view)
{
	char *name = strdup(view->subject->name), *id = strdup(view->subject->id);

	if (name == NULL || id == NULL) {
		free(name);
		free(id);
		return -ENOMEM;
	}
	free(place->name);
	free(place->id);
	place->name = name;
	place->id = id;
	place->rule = view->rule->index;
	place->any = true;
	return 0;
}

/* 1: enough for now. */
static int
write_one(void *arg, const struct finding_view *view)
{
	struct piece *p = arg;
	struct json_object *json;
	int n;

	if (!is_behind(&p->d->place, view) || !is_wanted(&p->d->query, view))
		return 0;
	if (p->written >= p->enough)
		return 1;
	json = judge_finding_json(p->d->query.judge, view);
	if (json == NULL)
		return -ENOMEM;
	n = fprintf(p->out, "%s\n%s", p->d->place.any ? "," : "", member_line(json));
	p->written += n < 0 ? 0 : (size_t)n;
	(void)json_object_put(json);
	return move_place(&p->d->place, view);
}

int
findings_json_write(struct findings_json *d, FILE *out, size_t enough, bool *ret_complete)
{
	struct piece p = { .d = d, .out = out, .enough = enough };
	int r = d->begun ? 0 : write_head(d, out);

	if (r != 0)
		return r;
	d->begun = true;
	r = judge_each_finding(d->query.judge, write_one, &p);
	if (r < 0)
		return r;
	*ret_complete = r == 0;
	if (r == 0)
		(void)fputs("]}\n", out);
	return 0;
}
