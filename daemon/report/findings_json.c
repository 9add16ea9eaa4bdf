/* SPDX-License-Identifier: Apache-2.0 */
#include "report/findings_json.h"
#include "report/about.h"
#include "report/member.h"
#include "util/json_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct findings_json {
	struct findings_query query;
	/* The last finding that was written: the next piece goes on behind it, whatever came or
	 * went. */
	struct finding_place place;
	bool begun, any;
	struct json_text text;
	size_t enough;
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
	json_text_deinit(&d->text);
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
findings_not_selected_json(const struct findings_query *q)
{
	return left_out_not_selected(judge_rulebook(q->judge), q->wanted_left_out, q->arg);
}

struct json_object *
findings_not_checked_json(const struct findings_query *q)
{
	return left_out_not_checked(
	    judge_rulebook(q->judge), q->benchmark, q->wanted_left_out, q->arg);
}

/* Consumes the list. 0 or -ENOMEM. */
static int
put_length(struct json_object *json, const char *name, struct json_object *list)
{
	int r = list == NULL ? -ENOMEM
			     : member_put_int(json, name, (int64_t)json_object_array_length(list));

	(void)json_object_put(list);
	return r;
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
	if (r == 0)
		r = put_length(json, "notselected", findings_not_selected_json(query));
	if (r == 0)
		r = put_length(json, "notchecked", findings_not_checked_json(query));
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
	if (r == 0)
		r = member_put(head, "notselected", findings_not_selected_json(q));
	if (r == 0)
		r = member_put(head, "notchecked", findings_not_checked_json(q));
	return member_done(head, r);
}

/* The head's members, and the beginning of the list. */
static int
put_head(struct findings_json *d)
{
	static const char list[] = ",\"findings\":[";
	struct json_object *head = head_new(&d->query);
	const char *text;

	if (head == NULL)
		return -ENOMEM;
	text = member_line(head);
	json_text_raw(&d->text, text, strlen(text) - strlen("}"));
	json_text_raw(&d->text, list, strlen(list));
	(void)json_object_put(head);
	return 0;
}

/* --- the findings --- */

static int
move_place(struct finding_place *place, const struct finding_view *view)
{
	char *name = strdup(view->subject->name), *id = strdup(view->subject->id);

	if (name == NULL || id == NULL) {
		free(name);
		free(id);
		return -ENOMEM;
	}
	free(place->name);
	free(place->id);
	*place = (struct finding_place){ view->rule->index, name, id };
	return 0;
}

/* 1: enough for now. */
static int
put_one(void *arg, const struct finding_view *view)
{
	struct findings_json *d = arg;
	int r;

	if (!is_wanted(&d->query, view))
		return 0;
	json_text_line(&d->text);
	judge_put_finding(d->query.judge, view, &d->text);
	if (d->text.len < d->enough)
		return 0;
	r = move_place(&d->place, view);
	d->any = true;
	return r < 0 ? r : 1;
}

int
findings_json_next(
    struct findings_json *d, size_t enough, const char **ret, size_t *ret_len, bool *ret_complete)
{
	static const char end[] = "]}\n";
	int r = 0;

	json_text_clear(&d->text);
	if (!d->begun)
		r = put_head(d);
	if (r != 0)
		return r;
	d->begun = true;
	d->enough = enough;
	r = judge_each_finding_behind(d->query.judge, d->any ? &d->place : NULL, put_one, d);
	if (r == 0)
		json_text_raw(&d->text, end, strlen(end));
	if (r < 0 || d->text.failed)
		return -ENOMEM;
	*ret_complete = r == 0;
	*ret = d->text.bytes;
	*ret_len = d->text.len;
	return 0;
}
