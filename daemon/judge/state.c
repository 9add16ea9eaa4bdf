/* SPDX-License-Identifier: Apache-2.0
 *
 * What the ledger keeps of a subject, so that after a restart drift is the difference from the last
 * verdict, and a subject that is gone by then can be told with its findings as they stood. Rules go
 * by their keys: what no rule of today is called is forgotten. */
#include "judge/inner.h"

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

/* A state is written as text at once: a thousand containers are saved after a first look, and most
 * of what is kept is as plain as a passing finding. */
struct saving {
	const struct judge *judge;
	const struct subject *subject;
	uint64_t kin;
	struct json_object *before; /* findings as they were kept, in a gap alone; else NULL */
	FILE *out;
	bool failed;
};

/* Takes the value; NULL is a failure. */
static void
put_value(struct saving *w, struct json_object *value)
{
	const char *text = value == NULL
			       ? NULL
			       : json_object_to_json_string_ext(value,
				     JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text == NULL)
		w->failed = true;
	else
		(void)fputs(text, w->out);
	json_object_put(value);
}

static void
put_string(struct saving *w, const char *text)
{
	if (text == NULL)
		(void)fputs("null", w->out);
	else
		put_value(w, json_object_new_string(text));
}

/* Why a bad finding is one, for when it is told without its subject. */
static void
put_grounds(struct saving *w, const struct rule *rule)
{
	struct judgement judgement;
	struct judge_facts facts;
	struct desk desk;

	facts = desk_facts(&desk, w->judge, w->subject);
	if (judge_rule(w->judge, w->subject, rule, &judgement) < 0 || judgement.because == NULL) {
		w->failed = true;
		return;
	}
	(void)fputs(",\"because\":", w->out);
	put_string(w, judgement.because);
	(void)fputs(",\"evidence\":", w->out);
	put_value(w, judgement_evidence(&judgement, rule, &facts));
	(void)fputs(",\"offenders\":", w->out);
	put_value(w, offenders_json(rule, &judgement));
}

static void
put_finding(struct saving *w, const struct finding *f)
{
	const struct rule *rule = w->judge->rb->rules[f->rule];
	struct json_object *kept = NULL;
	struct finding was;

	/* In a gap the facts may be gone while the verdict stays: then its reason is kept too. */
	if (w->before != NULL && finding_is_blind(w->judge, w->subject, rule) &&
	    json_object_object_get_ex(w->before, rule->key, &kept) &&
	    state_read_finding(&was, kept) && was.verdict == f->verdict &&
	    was.digest == f->digest) {
		put_value(w, json_object_get(kept));
		return;
	}
	(void)fprintf(w->out,
	    "{\"verdict\":\"%s\",\"since\":%" PRIi64 ",\"digest\":\"%016" PRIx64 "\"",
	    verdict_name((enum verdict)f->verdict), f->since_ms, f->digest);
	if (f->covered != 0)
		(void)fprintf(w->out, ",\"exception\":\"%s\"",
		    exception_state_name((enum exception_state)(f->covered - 1)));
	if (f->verdict == VERDICT_FAIL || f->verdict == VERDICT_UNKNOWN)
		put_grounds(w, rule);
	(void)fputs("}", w->out);
}

static void
put_state(struct saving *w)
{
	const struct subject *s = w->subject;
	const char *before = "";

	(void)fputs("{\"name\":", w->out);
	put_string(w, s->name);
	(void)fputs(",\"image\":", w->out);
	put_string(w, s->image);
	if (w->kin != 0)
		(void)fprintf(w->out, ",\"kin\":\"%016" PRIx64 "\"", w->kin);
	(void)fputs(",\"findings\":{", w->out);
	for (unsigned i = 0; i < s->n_findings; i++) {
		if (!s->findings[i].judged)
			continue;
		/* Keys of rules are plain words. */
		(void)fprintf(
		    w->out, "%s\"%s\":", before, w->judge->rb->rules[s->findings[i].rule]->key);
		put_finding(w, &s->findings[i]);
		before = ",";
	}
	(void)fputs("}}", w->out);
}

int
state_save(struct judge *j, struct entry *e)
{
	struct saving w = { .judge = j, .subject = &e->s, .kin = e->kin };
	struct json_object *state = NULL;
	char *text = NULL;
	size_t len;

	w.out = open_memstream(&text, &len);
	if (w.out == NULL)
		return -ENOMEM;
	if (source_is_blind(j, WATCH_EVENTS))
		state = state_read(j, &e->s);
	(void)json_object_object_get_ex(state, "findings", &w.before);
	put_state(&w);
	json_object_put(state);
	w.failed |= fclose(w.out) != 0;
	if (w.failed) {
		free(text);
		return -ENOMEM;
	}
	return outbox_put(j, (int)e->s.kind, e->s.id, text);
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
	if (text_of(state, "kin") != NULL)
		e->kin = strtoull(text_of(state, "kin"), NULL, 16);
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
