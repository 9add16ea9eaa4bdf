/* SPDX-License-Identifier: Apache-2.0
 *
 * What the ledger keeps of a subject, so that after a restart drift is the difference from the last
 * verdict, and a subject that is gone by then can be told with its findings as they stood. Rules go
 * by their keys: what no rule of today is called is forgotten. */
#include "judge/inner.h"

#include "judge/object.h"
#include "util/json_text.h"
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static const char *
text_of(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static uint8_t
read_covered(struct json_object *kept)
{
	const char *name = text_of(kept, "exception");

	for (int state = 0; name != NULL && state < _EXCEPTION_STATES; state++)
		if (strcmp(name, exception_state_name((enum exception_state)state)) == 0)
			return (uint8_t)(1 + state);
	return 0;
}

bool
state_read_finding(struct finding *ret, struct json_object *kept)
{
	const char *verdict = text_of(kept, "verdict"), *digest = text_of(kept, "digest");
	struct json_object *since = NULL;
	int v = verdict == NULL ? -1 : verdict_from_name(verdict);

	if (v < 0 || digest == NULL || !json_object_object_get_ex(kept, "since", &since))
		return false;
	ret->verdict = (uint8_t)v;
	ret->digest = strtoull(digest, NULL, 16);
	ret->since_ms = json_object_get_int64(since);
	ret->covered = read_covered(kept);
	ret->judged = true;
	return true;
}

/* Why a bad finding is one, for when it is told without its subject. */
static void
add_grounds(
    struct object *o, const struct judge *j, const struct subject *s, const struct rule *rule)
{
	struct judgement judgement;
	struct judge_facts facts;
	struct desk desk;

	facts = desk_facts(&desk, j, s);
	if (judge_rule(j, s, rule, &judgement) < 0 || judgement.because == NULL) {
		o->failed = true;
		return;
	}
	object_string(o, "because", judgement.because);
	add_evidence(o, &judgement, rule, &facts);
	object_add(o, "offenders", offenders_json(rule, &judgement));
}

/* `before`: findings as they were kept, in a gap alone; else NULL. */
static void
add_finding(struct object *findings, const struct judge *j, const struct subject *s,
    const struct finding *f, struct json_object *before)
{
	const struct rule *rule = j->rb->rules[f->rule];
	struct json_object *kept = NULL;
	struct finding was;
	struct object o;
	char digest[24];

	/* In a gap the facts may be gone while the verdict stays: then its reason is kept too. */
	if (before != NULL && finding_is_blind(j, s, rule) &&
	    json_object_object_get_ex(before, rule->key, &kept) && state_read_finding(&was, kept) &&
	    was.verdict == f->verdict && was.digest == f->digest) {
		object_borrowed(findings, rule->key, kept);
		return;
	}
	(void)snprintf(digest, sizeof(digest), "%016" PRIx64, f->digest);
	o = object_open(findings, rule->key);
	object_string(&o, "verdict", verdict_name((enum verdict)f->verdict));
	object_int(&o, "since", f->since_ms);
	object_string(&o, "digest", digest);
	if (f->covered != 0)
		object_string(&o, "exception", covered_name(f));
	if (f->verdict == VERDICT_FAIL || f->verdict == VERDICT_UNKNOWN)
		add_grounds(&o, j, s, rule);
	object_close(&o, findings);
}

/* Written as text at once: a thousand containers are saved after a first look. */
static void
put_state(struct json_text *text, const struct judge *j, const struct entry *e,
    struct json_object *before)
{
	struct object o = object_begin_text(text), findings;
	const struct subject *s = &e->s;
	char kin[24];

	object_string(&o, "name", s->name);
	object_string(&o, "image", s->image);
	(void)snprintf(kin, sizeof(kin), "%016" PRIx64, e->kin);
	if (e->kin != 0)
		object_string(&o, "kin", kin);
	if (e->used)
		object_int(&o, "used_until", e->used_until_ms);
	findings = object_open(&o, "findings");
	for (unsigned i = 0; i < s->n_findings; i++)
		if (s->findings[i].judged)
			add_finding(&findings, j, s, &s->findings[i], before);
	object_close(&findings, &o);
	(void)object_end(&o);
}

int
state_save(struct judge *j, struct entry *e)
{
	struct json_object *state = NULL, *before = NULL;
	struct json_text text = { 0 };
	char *kept;

	if (source_is_blind(j, WATCH_EVENTS))
		state = state_read(j, &e->s);
	(void)json_object_object_get_ex(state, "findings", &before);
	put_state(&text, j, e, before);
	json_object_put(state);
	kept = json_text_take(&text);
	return kept == NULL ? -ENOMEM : outbox_put(j, (int)e->s.kind, e->s.id, kept);
}

int
state_text(const struct judge *j, const struct subject *s, char **ret)
{
	const char *waiting = outbox_state(j, (int)s->kind, s->id);

	if (waiting == NULL)
		return ledger_get_subject(j->ledger, (int)s->kind, s->id, ret);
	*ret = strdup(waiting);
	return *ret == NULL ? -ENOMEM : 0;
}

/* The kept state of a subject, parsed; a new reference, or NULL. */
struct json_object *
state_read(const struct judge *j, const struct subject *s)
{
	_cleanup_(freep) char *text = NULL;

	if (state_text(j, s, &text) < 0 || text == NULL)
		return NULL;
	return json_tokener_parse(text);
}

struct json_object *
state_finding(const struct judge *j, const struct subject *s, const struct rule *rule)
{
	struct json_object *state = state_read(j, s), *findings = NULL, *finding = NULL;

	if (json_object_object_get_ex(state, "findings", &findings))
		(void)json_object_object_get_ex(findings, rule->key, &finding);
	(void)json_object_get(finding);
	json_object_put(state);
	return finding;
}

/* A file's findings are those that were kept: which rules name it today is found out later. */
static int
file_findings(const struct judge *j, struct entry *e, struct json_object *kept)
{
	const struct scope_rules *scope = &j->index.scopes[SUBJECT_FILE];

	free(e->s.findings);
	e->s.n_findings = 0;
	e->s.findings = calloc(scope->n + 1, sizeof(*e->s.findings));
	if (e->s.findings == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < scope->n; i++)
		if (json_object_object_get_ex(kept, j->rb->rules[scope->rules[i]]->key, NULL))
			e->s.findings[e->s.n_findings++].rule = scope->rules[i];
	return 0;
}

static int
load_entry(struct judge *j, int kind, const char *id, struct json_object *state)
{
	struct json_object *findings = NULL, *kept = NULL;
	struct json_object *used_until = NULL;
	const char *kin;
	struct entry *e;
	int r = 0;

	if (!json_object_object_get_ex(state, "findings", &findings) ||
	    !json_object_is_type(findings, json_type_object))
		return 0;
	e = entry_find(j, (enum subject_kind)kind, id);
	if (e == NULL)
		r = entry_add(j, &e, (enum subject_kind)kind, id);
	if (r == 0 && kind == SUBJECT_FILE)
		r = file_findings(j, e, findings);
	if (r == 0)
		r = entry_name(j, e, text_of(state, "name"), text_of(state, "image"));
	if (r < 0)
		return r;
	for (unsigned i = 0; i < e->s.n_findings; i++) {
		struct finding *f = &e->s.findings[i];

		if (json_object_object_get_ex(findings, j->rb->rules[f->rule]->key, &kept))
			(void)state_read_finding(f, kept);
	}
	kin = text_of(state, "kin");
	if (kin != NULL)
		e->kin = strtoull(kin, NULL, 16);
	e->used = json_object_object_get_ex(state, "used_until", &used_until);
	e->used_until_ms = json_object_get_int64(used_until);
	e->known = true;
	e->added_ms = 0;
	return 0;
}

static int
on_kept(void *arg, int kind, const char *id, const char *text, size_t len)
{
	struct judge *j = arg;
	struct json_object *state;
	int r;

	if (kind < 0 || kind >= _SUBJECT_KINDS)
		return 0;
	j->baseline = false;
	state = json_tokener_parse(text);
	r = load_entry(j, kind, id, state);
	json_object_put(state);
	return r;
}

int
state_load(struct judge *j)
{
	j->baseline = true;
	return ledger_each_subject(j->ledger, on_kept, j);
}
