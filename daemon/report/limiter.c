/* SPDX-License-Identifier: Apache-2.0 */
#include "report/limiter.h"
#include "report/line.h"
#include "report/member.h"
#include "util/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

enum {
	WINDOWS = 256, /* of each sort, at once */
	MINUTE_MS = 60 * 1000,
};

enum sort {
	SORT_FOLD, /* rows about one rule and one subject */
	SORT_RULE, /* rows about one rule */
	_SORTS,
};

static const char *const sort_names[_SORTS] = { "fold", "rule" };

struct window {
	uint64_t key; /* 0: it is free */
	int64_t begin_ms;
	unsigned told, left; /* left out, since it began */
	int64_t first, last; /* rows that were left out */
	int priority;        /* of the worst of them */
	struct json_object
	    *about; /* what the summary says of all of them; NULL: nothing was left out */
	struct json_object *verdict; /* of the last of them */
};

struct limiter {
	struct limits limits;
	struct window windows[_SORTS][WINDOWS];
};

int
limiter_new(struct limiter **ret, const struct limits *limits)
{
	struct limiter *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return -ENOMEM;
	l->limits = *limits;
	*ret = l;
	return 0;
}

static void
window_clear(struct window *w)
{
	(void)json_object_put(w->about);
	(void)json_object_put(w->verdict);
	*w = (struct window){ 0 };
}

struct limiter *
limiter_free(struct limiter *l)
{
	if (l == NULL)
		return NULL;
	for (int sort = 0; sort < _SORTS; sort++)
		for (unsigned i = 0; i < WINDOWS; i++)
			window_clear(&l->windows[sort][i]);
	free(l);
	return NULL;
}

void
limiter_set(struct limiter *l, const struct limits *limits)
{
	l->limits = *limits;
}

int64_t
limiter_time_of(struct json_object *row)
{
	int64_t ms = 0;
	bool is_day;

	return clock_parse(member_text(row, "time"), &ms, &is_day) ? ms : 0;
}

static int64_t
length_ms(const struct limiter *l, enum sort sort)
{
	return sort == SORT_RULE ? MINUTE_MS : (int64_t)l->limits.fold_within_s * 1000;
}

static unsigned
limit(const struct limiter *l, enum sort sort)
{
	return sort == SORT_RULE ? l->limits.per_minute : l->limits.fold_after;
}

/* --- finding a window --- */

static uint64_t
hash(uint64_t seed, const char *text)
{
	uint64_t h = seed;

	for (const char *p = text;; p++) {
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
		if (*p == '\0')
			break;
	}
	return h == 0 ? 1 : h;
}

/* The clock may have been set back. */
static bool
is_over(const struct limiter *l, enum sort sort, const struct window *w, int64_t at_ms)
{
	int64_t age_ms = at_ms - w->begin_ms;

	return age_ms >= length_ms(l, sort) || age_ms < -length_ms(l, sort);
}

/* A free one, or else the oldest of those that left nothing out; NULL: there is none. */
static struct window *
find_free(struct limiter *l, enum sort sort)
{
	struct window *best = NULL;

	for (unsigned i = 0; i < WINDOWS; i++) {
		struct window *w = &l->windows[sort][i];

		if (w->key == 0)
			return w;
		if (w->left == 0 && (best == NULL || w->begin_ms < best->begin_ms))
			best = w;
	}
	return best;
}

/* The window of a key, begun anew if it is over. NULL: no room, so there is no limit. */
static struct window *
find(struct limiter *l, enum sort sort, uint64_t key, int64_t at_ms)
{
	struct window *w = NULL;

	for (unsigned i = 0; i < WINDOWS && w == NULL; i++)
		if (l->windows[sort][i].key == key)
			w = &l->windows[sort][i];
	if (w != NULL && (w->left > 0 || !is_over(l, sort, w, at_ms)))
		return w;
	if (w == NULL)
		w = find_free(l, sort);
	if (w != NULL) {
		window_clear(w);
		w->key = key;
		w->begin_ms = at_ms;
	}
	return w;
}

/* --- what a row is about --- */

static struct json_object *
subject_of(struct json_object *row)
{
	struct json_object *subject = member(row, "subject");

	return subject != NULL ? subject : member(row, "notice/subject");
}

static const char *
type_of(struct json_object *row)
{
	const char *type = member_text(row, "type");

	return strcmp(type, "notice") == 0 ? member_text(row, "notice/kind") : type;
}

/* What the daemon says of itself is always told; failures that stand are told once a day. */
static bool
is_limited(struct json_object *row)
{
	return strcmp(member_text(row, "type"), "notice") != 0 ||
	       strcmp(member_text(row, "notice/kind"), "unseen") == 0;
}

/* A container that appears is news by its rules; one that goes, or is carried over, is not. */
static bool
counts_by_rules(struct json_object *row)
{
	return strcmp(type_of(row), "appeared") == 0 && member_count(row, "findings") > 0;
}

/* What is counted: the rule, or else the type. */
static const char *
what_of(struct json_object *row)
{
	const char *rule = member_text(row, "rule");

	return *rule != '\0' ? rule : type_of(row);
}

static struct window *
find_fold(struct limiter *l, struct json_object *row, int64_t at_ms)
{
	struct json_object *subject = subject_of(row);
	uint64_t key = hash(UINT64_C(0xcbf29ce484222325), what_of(row));

	if (l->limits.fold_after == 0)
		return NULL;
	/* By its name: a container that is made anew again and again is another one each time. */
	key = hash(key, member_text(subject, "kind"));
	return find(l, SORT_FOLD, hash(key, member_text(subject, "name")), at_ms);
}

static struct window *
find_rule(struct limiter *l, const char *what, int64_t at_ms)
{
	if (l->limits.per_minute == 0)
		return NULL;
	return find(l, SORT_RULE, hash(UINT64_C(0xcbf29ce484222325), what), at_ms);
}

/* --- counting --- */

/* What the summary will say of all. NULL when out of memory. */
static struct json_object *
about_of(struct json_object *row, enum sort sort)
{
	struct json_object *about = json_object_new_object();
	struct json_object *worst =
	    counts_by_rules(row) ? json_object_array_get_idx(member(row, "findings"), 0) : row;
	const char *rule = member_text(worst, "rule");
	int r = about == NULL ? -ENOMEM : member_put_text(about, "kind", "folded");

	if (r == 0)
		r = member_put_text(
		    about, "what", sort == SORT_RULE && *rule != '\0' ? rule : what_of(row));
	if (r == 0 && *rule != '\0')
		r = member_put_text(about, "rule", rule);
	if (r == 0 && *rule != '\0' && member(worst, "refs") != NULL)
		r = member_put(about, "refs", json_object_get(member(worst, "refs")));
	if (r == 0 && sort == SORT_FOLD)
		r = member_put(about, "subject", json_object_get(subject_of(row)));
	return member_done(about, r);
}

/* Counts a row that is left out. False: there is no memory to say so later, so it is told. */
static bool
leave_out(struct window *w, enum sort sort, struct json_object *row)
{
	int priority = line_priority(row);

	if (w->about == NULL)
		w->about = about_of(row, sort);
	if (w->about == NULL)
		return false;
	if (w->left == 0) {
		w->first = member_int(row, "seq");
		w->priority = priority;
	}
	w->last = member_int(row, "seq");
	w->priority = priority < w->priority ? priority : w->priority;
	(void)json_object_put(w->verdict);
	w->verdict = sort == SORT_FOLD ? json_object_get(member(row, "verdict")) : NULL;
	w->left++;
	return true;
}

/* NULL: no limit. */
static bool
has_room(const struct limiter *l, enum sort sort, const struct window *w)
{
	return w == NULL || w->told < limit(l, sort);
}

static void
count_told(struct window *w)
{
	if (w != NULL)
		w->told++;
}

/* Of a new subject each bad finding is news by itself: it is told while one of them is. */
static bool
take_by_rules(struct limiter *l, struct json_object *row, int64_t at_ms)
{
	bool by_rules = counts_by_rules(row), room = false;
	size_t n = by_rules ? member_count(row, "findings") : 1;
	struct window *first = NULL, *w;

	for (size_t i = 0; i < n; i++) {
		const char *what =
		    by_rules
			? member_text(json_object_array_get_idx(member(row, "findings"), i), "rule")
			: what_of(row);

		w = find_rule(l, what, at_ms);
		if (i == 0)
			first = w;
		room |= has_room(l, SORT_RULE, w);
		if (has_room(l, SORT_RULE, w))
			count_told(w);
	}
	return room || first == NULL || !leave_out(first, SORT_RULE, row);
}

bool
limiter_take(struct limiter *l, struct json_object *row)
{
	int64_t at_ms = limiter_time_of(row);
	struct window *fold;

	if (!is_limited(row))
		return true;
	fold = find_fold(l, row, at_ms);
	if (!has_room(l, SORT_FOLD, fold))
		return !leave_out(fold, SORT_FOLD, row);
	if (!take_by_rules(l, row, at_ms))
		return false;
	count_told(fold);
	return true;
}

/* --- summaries --- */

static int64_t
due_of(const struct limiter *l, enum sort sort, const struct window *w)
{
	return w->left == 0 ? INT64_MAX : w->begin_ms + length_ms(l, sort);
}

int64_t
limiter_due_ms(const struct limiter *l)
{
	int64_t due = INT64_MAX;

	for (int sort = 0; sort < _SORTS; sort++)
		for (unsigned i = 0; i < WINDOWS; i++) {
			int64_t one = due_of(l, sort, &l->windows[sort][i]);

			due = one < due ? one : due;
		}
	return due;
}

static struct json_object *
make_summary(const struct limiter *l, enum sort sort, struct window *w, int64_t now_ms)
{
	struct json_object *row = json_object_new_object();
	int64_t minutes = (length_ms(l, sort) + MINUTE_MS - 1) / MINUTE_MS;
	int r = row == NULL ? -ENOMEM : member_put_time(row, "time", now_ms);

	if (r == 0)
		r = member_put_text(row, "type", "notice");
	if (r == 0)
		r = member_put(row, "notice", json_object_get(w->about));
	if (r == 0)
		r = member_put_int(w->about, "count", w->left);
	if (r == 0)
		r = member_put_int(w->about, "minutes", minutes);
	if (r == 0 && w->verdict != NULL)
		r = member_put(w->about, "verdict", json_object_get(w->verdict));
	if (r == 0)
		r = member_put_int(w->about, "first", w->first);
	if (r == 0)
		r = member_put_int(w->about, "last", w->last);
	if (r == 0)
		r = member_put_int(w->about, "priority", w->priority);
	return member_done(row, r);
}

/* What goes on is folded from the first row on; the flood of a rule may begin again. */
static void
begin_anew(const struct limiter *l, enum sort sort, struct window *w, int64_t now_ms)
{
	uint64_t key = w->key;
	int64_t begin_ms = w->begin_ms + length_ms(l, sort);

	window_clear(w);
	if (sort == SORT_RULE)
		return;
	w->key = key;
	w->told = l->limits.fold_after;
	w->begin_ms = now_ms - begin_ms < length_ms(l, sort) ? begin_ms : now_ms;
}

struct json_object *
limiter_summary(struct limiter *l, int64_t now_ms, bool all)
{
	struct json_object *row;

	for (int sort = 0; sort < _SORTS; sort++)
		for (unsigned i = 0; i < WINDOWS; i++) {
			struct window *w = &l->windows[sort][i];

			if (w->left == 0 || (!all && !is_over(l, sort, w, now_ms)))
				continue;
			row = make_summary(l, sort, w, now_ms);
			if (row != NULL)
				begin_anew(l, sort, w, now_ms);
			return row;
		}
	return NULL;
}

/* --- over a restart --- */

static struct json_object *
save(enum sort sort, const struct window *w)
{
	struct json_object *json = json_object_new_object();
	char key[17];
	int r = json == NULL ? -ENOMEM : member_put_text(json, "sort", sort_names[sort]);

	(void)snprintf(key, sizeof(key), "%016" PRIx64, w->key);
	if (r == 0)
		r = member_put_text(json, "key", key);
	if (r == 0)
		r = member_put_int(json, "begin", w->begin_ms);
	if (r == 0)
		r = member_put_int(json, "left", w->left);
	if (r == 0)
		r = member_put_int(json, "first", w->first);
	if (r == 0)
		r = member_put_int(json, "last", w->last);
	if (r == 0)
		r = member_put_int(json, "priority", w->priority);
	if (r == 0 && w->verdict != NULL)
		r = member_put(json, "verdict", json_object_get(w->verdict));
	if (r == 0)
		r = member_put(json, "about", json_object_get(w->about));
	return member_done(json, r);
}

struct json_object *
limiter_state(const struct limiter *l)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (int sort = 0; sort < _SORTS; sort++)
		for (unsigned i = 0; i < WINDOWS && r == 0; i++)
			if (l->windows[sort][i].left > 0)
				r = member_append(list, save(sort, &l->windows[sort][i]));
	return member_done(list, r);
}

static void
restore(struct limiter *l, struct json_object *json)
{
	uint64_t key = strtoull(member_text(json, "key"), NULL, 16);
	int64_t left = member_int(json, "left");
	struct json_object *about = member(json, "about");
	enum sort sort =
	    strcmp(member_text(json, "sort"), sort_names[SORT_RULE]) == 0 ? SORT_RULE : SORT_FOLD;
	struct window *w;

	if (key == 0 || left <= 0 || left > INT32_MAX ||
	    !json_object_is_type(about, json_type_object))
		return;
	w = find(l, sort, key, member_int(json, "begin"));
	if (w == NULL)
		return;
	w->told = limit(l, sort);
	w->left = (unsigned)left;
	w->first = member_int(json, "first");
	w->last = member_int(json, "last");
	w->priority = (int)member_int(json, "priority");
	w->about = json_object_get(about);
	w->verdict = json_object_get(member(json, "verdict"));
}

void
limiter_restore(struct limiter *l, struct json_object *state)
{
	size_t n =
	    json_object_is_type(state, json_type_array) ? json_object_array_length(state) : 0;

	for (size_t i = 0; i < n; i++)
		restore(l, json_object_array_get_idx(state, i));
}
