/* SPDX-License-Identifier: Apache-2.0
 *
 * Containers that went away: late events of them are no news, and a successor is held against what
 * they were. They are records in the ledger, so that both hold over a restart:
 *
 *     {"at": CLOCK_REALTIME ms, "state": as it was kept}    or {} where there is nothing to succeed
 */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum {
	LATE_MS = 60 * 1000, /* how late an event may be */
	SHORT_ID = 12,       /* what compose puts before the name of a container that it replaces */
};

static int64_t
within_ms(const struct judge *j)
{
	return (int64_t)j->rb->settings.carried_within_s * 1000;
}

static void
departed_clear(struct departed *d)
{
	free(d->id);
	free(d->name);
	*d = (struct departed){ 0 };
}

/* A place for one more; the oldest makes room. NULL when out of memory. */
static struct departed *
place(struct judge *j)
{
	struct departed *gone;

	if (j->n_gone < GONE_KEPT && j->n_gone % 64 == 0) {
		gone = reallocarray(j->gone, j->n_gone + 64, sizeof(*gone));
		if (gone == NULL)
			return NULL;
		j->gone = gone;
	}
	if (j->n_gone < GONE_KEPT) {
		gone = &j->gone[j->n_gone++];
		*gone = (struct departed){ 0 };
		return gone;
	}
	gone = &j->gone[j->gone_next];
	j->gone_next = (j->gone_next + 1) % GONE_KEPT;
	departed_clear(gone);
	return gone;
}

/* `name` NULL: it has no successor. */
static int
add(struct judge *j, const char *id, const char *name, uint64_t kin, int64_t at_ms)
{
	struct departed d = { .id = strdup(id), .kin = kin, .at_ms = at_ms };
	struct departed *at = d.id == NULL ? NULL : place(j);

	if (at == NULL) {
		free(d.id);
		return -ENOMEM;
	}
	*at = d;
	if (name == NULL)
		return 0;
	at->name = strdup(name);
	return at->name == NULL ? -ENOMEM : 0;
}

bool
recently_gone(const struct judge *j, const char *id)
{
	for (unsigned i = 0; i < j->n_gone; i++)
		if (strcmp(j->gone[i].id, id) == 0)
			return true;
	return false;
}

/* Takes the state; NULL: there is none. */
static int
put_record(struct judge *j, const char *id, int64_t at_ms, char *state)
{
	char *body = NULL;
	int n = state == NULL ? asprintf(&body, "{}")
			      : asprintf(&body, "{\"at\":%" PRIi64 ",\"state\":%s}", at_ms, state);

	free(state);
	return n < 0 ? -ENOMEM
		     : outbox_record(j, RECORD_GONE, id, at_ms + within_ms(j) + LATE_MS, body);
}

int
gone_note(struct judge *j, const struct entry *e)
{
	int64_t now_ms = clock_realtime_ms();
	char *state = NULL;
	int r = 0;

	if (e->known && !e->succeeded)
		r = state_text(j, &e->s, &state);
	if (r == 0)
		r = add(j, e->s.id, state == NULL ? NULL : e->s.name, e->kin, now_ms);
	if (r < 0) {
		free(state);
		return r;
	}
	return put_record(j, e->s.id, now_ms, state);
}

int
gone_unseen(struct judge *j, const struct entry *e, const struct cause *cause, int64_t end_ns)
{
	struct object more = object_begin();

	if (end_ns == 0)
		end_ns = clock_realtime_ns();
	add_subject(&more, &e->s);
	if (e->made_ns != 0 && end_ns >= e->made_ns)
		object_ms(&more, "lifetime_ms", (double)(end_ns - e->made_ns) / 1e6);
	else
		object_null(&more, "lifetime_ms");
	object_string(&more, "cause", cause->detail);
	return drift_notice(j, "unseen", object_end(&more));
}

/* --- successors --- */

static const struct value *
label(const struct snapshot *inspect, const char *name)
{
	const struct value *labels = snapshot_get(inspect, FACT_CONTAINER_LABELS), *v = NULL;

	if (labels->type == VALUE_MAP)
		v = value_get(labels, name);
	return v != NULL && v->type == VALUE_STRING ? v : NULL;
}

/* Values of labels are kept nowhere: a hash of them is enough to know them again. */
uint64_t
kin_of(const struct snapshot *inspect)
{
	const struct value *project = label(inspect, "com.docker.compose.project");
	const struct value *service = label(inspect, "com.docker.compose.service");

	if (project == NULL || service == NULL)
		return 0;
	return value_hash(service, value_hash(project, 1, false), false);
}

/* Compose renames a container on its way out to "<its id>_<name>"; or names the new one so, after
 * the id of the old one, until that is gone. */
static bool
is_being_replaced(const struct entry *old, const struct entry *by)
{
	const char *id = old->s.id;

	if (strlen(id) <= SHORT_ID)
		return false;
	return (strncmp(old->s.name, id, SHORT_ID) == 0 && old->s.name[SHORT_ID] == '_') ||
	       (strncmp(by->s.name, id, SHORT_ID) == 0 && by->s.name[SHORT_ID] == '_');
}

static struct entry *
find_living(const struct judge *j, const struct entry *e)
{
	for (size_t i = 0; e->kin != 0 && i < j->n_entries; i++) {
		struct entry *old = j->entries[i];

		if (old->s.kind == SUBJECT_CONTAINER && old != e && old->kin == e->kin &&
		    old->known && !old->succeeded && is_being_replaced(old, e))
			return old;
	}
	return NULL;
}

/* How well one fits: of the same service and name before the same service before the same name. */
static int
fit_of(const struct departed *d, const struct entry *e)
{
	bool kin = e->kin != 0 && d->kin == e->kin;
	bool name = d->name != NULL && strcmp(d->name, e->s.name) == 0;

	return d->name == NULL ? 0 : 2 * kin + name;
}

/* Of those that fit as well, the one that went last. */
static struct departed *
find_departed(const struct judge *j, const struct entry *e)
{
	int64_t since_ms = clock_realtime_ms() - within_ms(j);
	struct departed *best = NULL;

	for (unsigned i = 0; i < j->n_gone; i++) {
		struct departed *d = &j->gone[i];
		int fit = fit_of(d, e), best_fit = best == NULL ? 0 : fit_of(best, e);

		if (fit > 0 && d->at_ms >= since_ms &&
		    (fit > best_fit || (fit == best_fit && d->at_ms >= best->at_ms)))
			best = d;
	}
	return best;
}

static bool
take_living(struct predecessor *ret, struct judge *j, struct entry *old)
{
	ret->id = strdup(old->s.id);
	ret->state = state_read(j, &old->s);
	old->succeeded = ret->state != NULL;
	return old->succeeded;
}

/* Its record stays, without the state: nobody else takes its place. */
static bool
take_departed(struct predecessor *ret, struct judge *j, struct departed *d)
{
	_cleanup_(freep) char *body = NULL;
	struct json_object *record = NULL, *state = NULL;

	if (outbox_read_record(j, RECORD_GONE, d->id, &body) == 0 && body != NULL)
		record = json_tokener_parse(body);
	(void)json_object_object_get_ex(record, "state", &state);
	ret->id = strdup(d->id);
	ret->state = json_object_get(state);
	json_object_put(record);
	free(d->name);
	d->name = NULL;
	if (put_record(j, d->id, d->at_ms, NULL) < 0)
		judge_trouble(j, "out of memory");
	return ret->state != NULL;
}

bool
predecessor_find(struct predecessor *ret, struct judge *j, const struct entry *e)
{
	struct departed *departed;
	struct entry *living;
	bool found = false;

	*ret = (struct predecessor){ 0 };
	if (within_ms(j) == 0)
		return false;
	living = find_living(j, e);
	departed = living == NULL ? find_departed(j, e) : NULL;
	if (living != NULL)
		found = take_living(ret, j, living);
	else if (departed != NULL)
		found = take_departed(ret, j, departed);
	if (!found)
		predecessor_deinit(ret);
	return found;
}

void
predecessor_deinit(struct predecessor *p)
{
	free(p->id);
	json_object_put(p->state);
	*p = (struct predecessor){ 0 };
}

/* --- over a restart --- */

static const char *
text_of(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(object, key, &value);
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static int
on_record(
    void *arg, const char *kind, const char *id, int64_t until_ms, const char *body, size_t len)
{
	struct judge *j = arg;
	struct json_object *record, *state = NULL;
	const char *kin;
	int r;

	if (strcmp(kind, RECORD_GONE) != 0 || until_ms <= clock_realtime_ms())
		return 0;
	record = json_tokener_parse(body);
	(void)json_object_object_get_ex(record, "state", &state);
	kin = text_of(state, "kin");
	r = add(j, id, text_of(state, "name"), kin == NULL ? 0 : strtoull(kin, NULL, 16),
	    json_object_get_int64(json_object_object_get(record, "at")));
	json_object_put(record);
	return r;
}

int
gone_load(struct judge *j)
{
	return ledger_each_record(j->ledger, on_record, j);
}

void
gone_deinit(struct judge *j)
{
	for (unsigned i = 0; i < j->n_gone; i++)
		departed_clear(&j->gone[i]);
	free(j->gone);
}
