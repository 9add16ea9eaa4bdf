/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of drift: what changed, what it was, what it is, and why. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/clock.h"
#include "util/path.h"
#include "watch/actors.h"
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum {
	ACTOR_BACK_MS = 2000,    /* a record may come before the watcher wakes up */
	ACTOR_WAIT_MS = 20,      /* or behind it, when the system call that it is about ends */
	LATENCY_MAX_S = 60 * 60, /* beyond, some clock was set */
};

static bool
is_bad(const struct finding *f)
{
	return f->judged && (f->verdict == VERDICT_FAIL || f->verdict == VERDICT_UNKNOWN);
}

/* What the move from one verdict to another is called. */
static const char *
move_name(enum verdict was, enum verdict is)
{
	if (is == VERDICT_PASS && was != VERDICT_PASS)
		return "restored";
	if ((is == VERDICT_FAIL || is == VERDICT_UNKNOWN) && was != VERDICT_FAIL &&
	    was != VERDICT_UNKNOWN)
		return "regressed";
	return "changed";
}

/* The file that a cause is about: the subject's own, or the one that its words begin with. */
static void
file_of(const struct subject *s, const struct cause *cause, char *ret, size_t size)
{
	const char *end = strrchr(cause->detail, ' ');

	if (s->kind == SUBJECT_FILE)
		(void)snprintf(ret, size, "%s", s->id);
	else if (cause->detail[0] == '/' && end != NULL)
		(void)snprintf(ret, size, "%.*s", (int)(end - cause->detail), cause->detail);
	else
		ret[0] = '\0';
}

static struct json_object *
actor_json(const struct actor *actor)
{
	struct object o = object_begin();

	object_int(&o, "auid", actor->auid == UINT32_MAX ? -1 : (int64_t)actor->auid);
	object_int(&o, "uid", actor->uid);
	object_int(&o, "pid", actor->pid);
	object_string(&o, "exe", actor->exe);
	return object_end(&o);
}

static int64_t
cause_time_ms(const struct cause *cause)
{
	if (cause->event_ns != 0)
		return cause->event_ns / 1000000;
	if (cause->woke_ns != 0)
		return clock_realtime_ms() - (clock_monotonic_ns() - cause->woke_ns) / 1000000;
	return clock_realtime_ms();
}

/* Does a rule in the kernel watch the file, so that a record must come? */
static bool
is_audited(const struct judge *j, const char *path)
{
	const struct value name = value_string("path");
	const struct value *on = subject_fact(j, &j->host->s, FACT_HOST_AUDIT_ENABLED);
	const struct value *watches = subject_fact(j, &j->host->s, FACT_HOST_AUDIT_WATCHES);

	if (on->type != VALUE_BOOL || !on->boolean || watches->type != VALUE_LIST)
		return false;
	for (uint32_t i = 0; i < watches->len; i++) {
		const struct value *watched = value_lookup(&watches->items[i], &name);

		if (watched != NULL && watched->type == VALUE_STRING && watched->len > 0 &&
		    path_behind(path, watched->string) != NULL)
			return true;
	}
	return false;
}

static bool
find_actor(
    const struct judge *j, const struct entry *e, const struct cause *cause, struct actor *ret)
{
	const struct value *target = subject_fact(j, &e->s, FACT_FILE_TARGET);
	const char *target_path = target->type == VALUE_STRING ? target->string : NULL;
	unsigned wait_ms = 0;
	char path[512];

	if (cause->source != CAUSE_FILE || cause->after_gap || j->handlers.find_actor == NULL)
		return false;
	file_of(&e->s, cause, path, sizeof(path));
	if (path[0] == '\0')
		return false;
	if (is_audited(j, path) || (target_path != NULL && is_audited(j, target_path)))
		wait_ms = ACTOR_WAIT_MS;
	return j->handlers.find_actor(
	    j->handlers.arg, path, target_path, cause_time_ms(cause) - ACTOR_BACK_MS, wait_ms, ret);
}

static void
add_actor(struct object *o, const struct judge *j, const struct entry *e, const struct cause *cause)
{
	struct actor actor;

	if (find_actor(j, e, cause, &actor))
		object_add(o, "actor", actor_json(&actor));
	else
		object_null(o, "actor");
}

static struct json_object *
cause_json(const struct judge *j, const struct entry *e, const struct cause *cause)
{
	struct object o = object_begin();

	object_string(&o, "source", cause_source_name(cause->source));
	object_string(&o, "detail", cause->detail);
	object_time(&o, "time", cause_time_ms(cause));
	add_actor(&o, j, e, cause);
	return object_end(&o);
}

static void
add_latency(struct object *o, const struct cause *cause)
{
	int64_t ns = -1;

	if (cause->event_ns != 0)
		ns = clock_realtime_ns() - cause->event_ns;
	else if (cause->woke_ns != 0)
		ns = clock_monotonic_ns() - cause->woke_ns;
	if (cause->after_gap || ns < 0 || ns / 1000000000 > LATENCY_MAX_S)
		object_null(o, "latency_ms");
	else
		object_ms(o, "latency_ms", (double)ns / 1e6);
}

static struct object
row_begin(const char *type)
{
	struct object o = object_begin();

	object_time(&o, "time", clock_realtime_ms());
	object_string(&o, "type", type);
	return o;
}

/* A row says itself whose numbers stand alone: settings may be others by the time it is read. */
static struct object
numbered_begin(const struct judge *j, const char *type)
{
	const struct benchmark *leading = rulebook_leading(j->rb);
	struct object o = row_begin(type);

	if (leading != NULL)
		object_string(&o, "benchmark", leading->id);
	return o;
}

/* Rows of a whole subject have a list of them. */
static unsigned
findings_in(const struct object *row)
{
	struct json_object *list = NULL;

	if (!json_object_object_get_ex(row->json, "findings", &list))
		return 1;
	return (unsigned)json_object_array_length(list);
}

/* Ends the row and gives it to the outbox. */
static int
row_end(struct judge *j, struct object *row, const struct entry *e, const struct cause *cause)
{
	object_add(row, "cause", cause_json(j, e, cause));
	add_latency(row, cause);
	if (cause->source == CAUSE_RESYNC && !cause->after_gap)
		j->counters.missed_changes++;
	if (cause->source == CAUSE_RELOAD)
		j->reload.changed += findings_in(row);
	j->counters.drifts++;
	return outbox_row(j, object_end(row));
}

struct json_object *
offenders_json(const struct rule *rule, const struct judgement *judgement)
{
	if (rule->kind != RULE_OFFENDERS || judgement->verdict != VERDICT_FAIL ||
	    !judgement_is_public(rule))
		return json_object_new_array_ext(1);
	return value_to_json(&judgement->offenders);
}

static bool
array_has(struct json_object *array, struct json_object *item)
{
	for (size_t i = 0; i < json_object_array_length(array); i++)
		if (json_object_equal(json_object_array_get_idx(array, i), item))
			return true;
	return false;
}

/* What is in the one and not in the other. New reference; NULL when out of memory. */
static struct json_object *
array_without(struct json_object *array, struct json_object *without)
{
	struct json_object *rest = json_object_new_array(), *item;
	size_t n =
	    json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;

	for (size_t i = 0; rest != NULL && i < n; i++) {
		item = json_object_array_get_idx(array, i);
		if (json_object_is_type(without, json_type_array) && array_has(without, item))
			continue;
		/* An item may be a null. */
		if (json_object_array_add(rest, json_object_get(item)) < 0) {
			json_object_put(item);
			json_object_put(rest);
			rest = NULL;
		}
	}
	return rest;
}

/* Rows that hold a container against the one whose place it took say which one. */
static void
add_predecessor(struct object *row, const struct predecessor *p)
{
	struct object o;

	if (p == NULL)
		return;
	o = object_begin();
	object_string(&o, "kind", subject_kind_name(SUBJECT_CONTAINER));
	object_string(&o, "id", p->id);
	object_borrowed(&o, "name", json_object_object_get(p->state, "name"));
	object_add(row, "predecessor", object_end(&o));
}

static const char *
was_name(const struct judge *j, const struct finding *f)
{
	if (f->judged)
		return verdict_name((enum verdict)f->verdict);
	return j->reload.judging ? "notselected" : NULL;
}

const char *
covered_name(const struct finding *f)
{
	return f->covered == 0 ? NULL
			       : exception_state_name((enum exception_state)(f->covered - 1));
}

/* What it was, since when, and under which exception: so that a time can be told of by its end,
 * too.
 */
static void
add_was(struct object *row, const struct judge *j, const struct finding *f)
{
	object_string(row, "was", was_name(j, f));
	object_time(row, "was_since", f->judged ? f->since_ms : 0);
	object_string(row, "was_exception", covered_name(f));
}

/* Why it failed, as it stood. */
static void
add_was_because(struct object *row, struct json_object *kept)
{
	struct json_object *because = NULL;

	if (json_object_object_get_ex(kept, "because", &because))
		object_borrowed(row, "was_because", because);
	else
		object_null(row, "was_because");
}

/* A row of one finding: from `f`, with what is kept of it in the ledger, to a judgement. */
static int
drift_move(struct judge *j, struct entry *e, const struct finding *f, struct json_object *kept,
    const struct predecessor *p, const struct judgement *judgement,
    const struct exception *exception, const struct cause *cause)
{
	const struct rule *rule = j->rb->rules[f->rule];
	struct object row = numbered_begin(
	    j, f->judged ? move_name((enum verdict)f->verdict, judgement->verdict) : "changed");
	struct json_object *before = NULL, *after;
	struct desk desk;
	struct judge_facts facts = desk_facts(&desk, j, &e->s);

	(void)json_object_object_get_ex(kept, "offenders", &before);
	after = offenders_json(rule, judgement);
	object_string(&row, "rule", rule->key);
	object_string(&row, "severity", severity_name(rule->severity));
	add_refs(&row, j, rule);
	add_subject(&row, &e->s);
	add_was(&row, j, f);
	add_was_because(&row, kept);
	object_string(&row, "verdict", verdict_name(judgement->verdict));
	object_string(&row, "because", judgement->because);
	add_evidence(&row, judgement, rule, &facts);
	object_add(&row, "added", after == NULL ? NULL : array_without(after, before));
	object_add(&row, "removed", array_without(before, after));
	add_exception(&row, exception);
	add_predecessor(&row, p);
	json_object_put(after);
	return row_end(j, &row, e, cause);
}

int
drift_finding(struct judge *j, struct entry *e, const struct finding *f,
    const struct judgement *judgement, const struct exception *exception, const struct cause *cause)
{
	const struct rule *rule = j->rb->rules[f->rule];
	struct json_object *kept = NULL;
	int r;

	if (f->judged && f->verdict == VERDICT_FAIL)
		kept = state_finding(j, &e->s, rule);
	r = drift_move(j, e, f, kept, NULL, judgement, exception, cause);
	json_object_put(kept);
	return r;
}

int
drift_difference(struct judge *j, struct entry *e, const struct finding *f,
    const struct predecessor *p, struct json_object *kept)
{
	const struct exception *exception = finding_exception(j, &e->s, f);
	struct finding was = { .rule = f->rule };
	struct judgement judgement;
	int r;

	(void)state_read_finding(&was, kept);
	r = judge_rule(j, &e->s, j->rb->rules[f->rule], &judgement);
	if (r < 0)
		return r;
	return drift_move(j, e, &was, kept, p, &judgement, exception, entry_cause(j, e));
}

int
drift_unselected(struct judge *j, struct entry *e, const struct finding *f, const char *why)
{
	const struct rule *rule = j->rb->rules[f->rule];
	struct object row = numbered_begin(j, "changed");

	object_string(&row, "rule", rule->key);
	object_string(&row, "severity", severity_name(rule->severity));
	add_refs(&row, j, rule);
	add_subject(&row, &e->s);
	add_was(&row, j, f);
	object_string(&row, "verdict", "notselected");
	object_string(&row, "because", why);
	object_add(&row, "evidence", json_object_new_array_ext(1));
	object_add(&row, "added", json_object_new_array_ext(1));
	object_add(&row, "removed", json_object_new_array_ext(1));
	add_exception(&row, NULL);
	return row_end(j, &row, e, &j->reload.cause);
}

/* One bad finding in the list of a subject that appeared or went away. */
static struct json_object *
bad_json(const struct judge *j, const struct entry *e, const struct finding *f)
{
	const struct rule *rule = j->rb->rules[f->rule];
	struct object o = object_begin();
	struct json_object *kept, *because = NULL, *evidence = NULL;

	/* As it stood, not as it would be judged in a gap. */
	kept = state_finding(j, &e->s, rule);
	(void)json_object_object_get_ex(kept, "because", &because);
	(void)json_object_object_get_ex(kept, "evidence", &evidence);
	object_string(&o, "rule", rule->key);
	add_refs(&o, j, rule);
	object_string(&o, "severity", severity_name(rule->severity));
	object_string(&o, "verdict", verdict_name((enum verdict)f->verdict));
	object_time(&o, "since", f->since_ms);
	if (because != NULL && evidence != NULL) {
		object_add(&o, "because", json_object_get(because));
		object_add(&o, "evidence", json_object_get(evidence));
	} else {
		add_judged(&o, j, &e->s, rule, false);
	}
	add_exception(&o, finding_exception(j, &e->s, f));
	json_object_put(kept);
	return object_end(&o);
}

/* Worst first: fails before unknown ones, then by severity. */
static struct json_object *
bad_findings(const struct judge *j, const struct entry *e, bool fresh)
{
	struct json_object *list = json_object_new_array();

	for (int place = 0; list != NULL && place < 2 * _SEVERITIES; place++) {
		enum verdict verdict = place < _SEVERITIES ? VERDICT_FAIL : VERDICT_UNKNOWN;
		enum severity severity = (enum severity)(place % _SEVERITIES);

		for (unsigned i = 0; list != NULL && i < e->s.n_findings; i++) {
			const struct finding *f = &e->s.findings[i];

			if (!is_bad(f) || f->verdict != verdict || (fresh && !f->fresh) ||
			    j->rb->rules[f->rule]->severity != severity)
				continue;
			if (array_add(list, bad_json(j, e, f)) < 0) {
				json_object_put(list);
				list = NULL;
			}
		}
	}
	return list;
}

static int
drift_subject(struct judge *j, const char *type, struct entry *e, const struct predecessor *p,
    bool fresh, const struct cause *cause)
{
	struct object row = numbered_begin(j, type);

	add_subject(&row, &e->s);
	add_predecessor(&row, p);
	object_add(&row, "findings", bad_findings(j, e, fresh));
	return row_end(j, &row, e, cause);
}

int
drift_appeared(struct judge *j, struct entry *e, const struct cause *cause)
{
	return drift_subject(j, "appeared", e, NULL, true, cause);
}

int
drift_carried(
    struct judge *j, struct entry *e, const struct predecessor *p, const struct cause *cause)
{
	return drift_subject(j, "carried", e, p, true, cause);
}

int
drift_gone(struct judge *j, struct entry *e, const struct cause *cause)
{
	return drift_subject(j, "gone", e, NULL, false, cause);
}

int
drift_notice(struct judge *j, const char *kind, struct json_object *more)
{
	struct object row = row_begin("notice"), notice = object_begin();

	object_string(&notice, "kind", kind);
	if (more != NULL && notice.json != NULL) {
		json_object_object_foreach (more, key, value)
			object_borrowed(&notice, key, value);
	}
	json_object_put(more);
	object_add(&row, "notice", object_end(&notice));
	return outbox_row(j, object_end(&row));
}

int
judge_notice(struct judge *j, const char *kind, struct json_object *more)
{
	int r = drift_notice(j, kind, more);

	outbox_flush(j);
	return r;
}
