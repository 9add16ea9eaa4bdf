/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fields.h"
#include "report/line.h"
#include "report/member.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Types of drift first, then kinds of notices. Fixed for ever: people match on them. */
static const struct message {
	const char *name, *id;
	bool fix; /* the catalog shows how it is mended */
} messages[] = {
	{ "regressed", "01c88455225a46daaa9539ea71365804", true },
	{ "restored", "85201b21ad794cf789a08d52ac841597" },
	{ "changed", "18332a7fd588448ca34bddbef886f213", true },
	{ "appeared", "3eb47a7bb6014c29a058b12f0ccb314a", true },
	{ "carried", "c4f2eff772eb4f7d8083a98ca3689d91" },
	{ "gone", "b85549b446ab45558e1f652dd68a3a6e" },
	{ "started", "a9758b053e9f402daef88b35237453f4" },
	{ "stopping", "8ca6ac9042d3491aa1b55cc1c262de2d" },
	{ "baseline", "b5ffe0294311494e9321394398102e11" },
	{ "heartbeat", "e3d2aecd696049ddabb6c9414b086e67" },
	{ "open", "1bfc985db5994cd0b0692ea4b9a538a1", true },
	{ "gap-opened", "6a82a9c7395145968b6391f305a8b4c2" },
	{ "gap-closed", "e6378c4006484172bbd3cbed57cff167" },
	{ "reloaded", "016a01faf72141dba5d7c8c03fa75146" },
	{ "exception-expired", "0f31688520e14a7983313519811583de", true },
	{ "unseen", "8c0f519431ec499087744d179fc73ae8" },
	{ "dropped", "4ff4814f595f431aa770026f1acb264a" },
	{ "pruned", "37572856f6764bb7bad046738fbe8996" },
	{ "folded", "d5a4783e50d5484fb66306ed359accba" },
	{ "truncated", "4481d6d15ad24dc792af55cf98b9168a" },
};

static const struct message *
find_message(const char *type, const char *notice_kind)
{
	const char *name = strcmp(type, "notice") == 0 ? notice_kind : type;

	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (strcmp(messages[i].name, name) == 0)
			return &messages[i];
	return NULL;
}

const char *
fields_message_id(const char *type, const char *notice_kind)
{
	const struct message *message = find_message(type, notice_kind);

	return message == NULL ? NULL : message->id;
}

struct fields *
fields_free(struct fields *f)
{
	if (f == NULL)
		return NULL;
	for (unsigned i = 0; i < f->n; i++)
		free(f->texts[i]);
	free(f);
	return NULL;
}

/* Adds a field, unless its text is empty or there is no room. 0 or -ENOMEM. */
static int
add(struct fields *f, const char *name, const char *text)
{
	char *field;

	if (text == NULL || *text == '\0' || f->n == FIELDS_MAX)
		return 0;
	if (asprintf(&field, "%s=%.*s", name, FIELDS_TEXT_MAX, text) < 0)
		return -ENOMEM;
	f->texts[f->n++] = field;
	return 0;
}

static int
add_evidence(struct fields *f, struct json_object *evidence)
{
	const char *text;
	char *field;

	if (evidence == NULL || f->n == FIELDS_MAX)
		return 0;
	text = member_line(evidence);
	if (strlen(text) > FIELDS_EVIDENCE_MAX)
		return add(f, "PLIMSOLL_EVIDENCE_CUT", "1");
	if (asprintf(&field, "PLIMSOLL_EVIDENCE=%s", text) < 0)
		return -ENOMEM;
	f->texts[f->n++] = field;
	return 0;
}

/* "cis-docker-1.11.0:5.4", one field a benchmark. */
static int
add_refs(struct fields *f, struct json_object *finding)
{
	struct json_object *refs = member(finding, "refs");
	char text[128];

	if (!json_object_is_type(refs, json_type_object))
		return 0;
	json_object_object_foreach (refs, benchmark, ref) {
		(void)snprintf(text, sizeof(text), "%s:%s", benchmark, member_text(ref, "id"));
		if (add(f, "PLIMSOLL_REFS", text) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
add_subject(struct fields *f, struct json_object *subject)
{
	const char *kind = member_text(subject, "kind");
	const char *id = member_text(subject, "id"), *name = member_text(subject, "name");
	int r = add(f, "PLIMSOLL_SUBJECT_KIND", kind);

	if (r == 0)
		r = add(f, "PLIMSOLL_SUBJECT_ID", id);
	if (r == 0)
		r = add(f, "PLIMSOLL_SUBJECT_NAME", name);
	if (r != 0 || strcmp(kind, "container") != 0)
		return r;
	/* As Docker's journald driver names them. Never CONTAINER_ID_FULL: `docker logs` would
	 * print our lines as the container's. */
	r = add(f, "CONTAINER_NAME", name);
	if (r == 0) {
		char short_id[13];

		(void)snprintf(short_id, sizeof(short_id), "%s", id);
		r = add(f, "CONTAINER_ID", short_id);
	}
	return r;
}

/* Members that are a field each. */
static const struct {
	const char *field, *path;
} plain[] = {
	{ "PLIMSOLL_TYPE", "type" },
	{ "PLIMSOLL_NOTICE", "notice/kind" },
	{ "PLIMSOLL_SEVERITY", "severity" },
	{ "PLIMSOLL_VERDICT", "verdict" },
	{ "PLIMSOLL_WAS", "was" },
	{ "PLIMSOLL_CAUSE", "cause/source" },
};

/* What a row lacks itself: a notice about a finding has it inside, a new subject has it in its
 * worst finding. */
static const char *
text_of(struct json_object *row, const char *path)
{
	const char *text = member_text(row, path);

	if (*text == '\0')
		text = member_text(member(row, "notice"), path);
	if (*text == '\0' && member_count(row, "findings") > 0 &&
	    strcmp(member_text(row, "type"), "gone") != 0)
		text = member_text(json_object_array_get_idx(member(row, "findings"), 0), path);
	return text;
}

static int
add_plain(struct fields *f, struct json_object *row)
{
	struct json_object *actor = member(row, "cause/actor");
	char number[24];
	int r = 0;

	/* A summary has no place in the ledger. */
	(void)snprintf(number, sizeof(number), "%lld", (long long)member_int(row, "seq"));
	if (member(row, "seq") != NULL)
		r = add(f, "PLIMSOLL_SEQ", number);
	for (size_t i = 0; i < ARRAY_SIZE(plain) && r == 0; i++)
		r = add(f, plain[i].field, text_of(row, plain[i].path));
	if (r == 0 && actor != NULL)
		r = add(f, "PLIMSOLL_ACTOR", member_line(actor));
	return r;
}

const char *
fields_rule(struct json_object *row)
{
	return text_of(row, "rule");
}

static int
add_rule(struct fields *f, struct json_object *finding)
{
	int r = add(f, "PLIMSOLL_RULE", member_text(finding, "rule"));

	return r == 0 ? add_refs(f, finding) : r;
}

/* The rule of the row, or the rules of all its findings, so that a match on a rule finds it. */
static int
add_rules(struct fields *f, struct json_object *row)
{
	struct json_object *findings = member(row, "findings");
	size_t n = member_count(row, "findings");
	int r = add_rule(f, row);

	if (r == 0)
		r = add_rule(f, member(row, "notice"));
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_rule(f, json_object_array_get_idx(findings, i));
	return r;
}

static int
add_message(struct fields *f, struct json_object *row)
{
	const struct message *message =
	    find_message(member_text(row, "type"), member_text(row, "notice/kind"));
	_cleanup_(freep) char *line = line_of_drift(row);
	const char *fix = member_text(row, "fix");
	char number[12];
	int r;

	if (line == NULL)
		return -ENOMEM;
	f->priority = line_priority(row);
	(void)snprintf(number, sizeof(number), "%d", f->priority);
	r = add(f, "MESSAGE", line);
	if (r == 0 && message != NULL)
		r = add(f, "MESSAGE_ID", message->id);
	/* What the catalog shows has to be there: journalctl would show the field's name. */
	if (r == 0 && message != NULL && message->fix)
		r = add(
		    f, "PLIMSOLL_FIX", *fix == '\0' ? "(no such rule is in force any more)" : fix);
	if (r == 0)
		r = add(f, "PRIORITY", number);
	return r == 0 ? add(f, "SYSLOG_IDENTIFIER", "plimsoll") : r;
}

int
fields_new(struct fields **ret, struct json_object *row)
{
	_cleanup_(fields_freep) struct fields *f = calloc(1, sizeof(*f));
	struct json_object *subject = member(row, "subject");

	if (subject == NULL)
		subject = member(row, "notice/subject");
	if (f == NULL || add_message(f, row) != 0 || add_plain(f, row) != 0 ||
	    add_subject(f, subject) != 0 || add_evidence(f, member(row, "evidence")) != 0 ||
	    add_rules(f, row) != 0)
		return -ENOMEM;
	*ret = TAKE(f);
	return 0;
}

/* A list of both; consumes `second`. NULL when out of memory. */
static struct json_object *
list_of(struct json_object *first, struct json_object *second)
{
	struct json_object *list = json_object_new_array();

	if (list != NULL && json_object_array_add(list, json_object_get(first)) == 0 &&
	    json_object_array_add(list, second) == 0)
		return list;
	(void)json_object_put(list);
	(void)json_object_put(second);
	return NULL;
}

/* Adds a member; what stands there already becomes a list with it. Consumes `text`. */
static int
cee_add(struct json_object *cee, const char *name, struct json_object *text)
{
	struct json_object *there = json_object_object_get(cee, name);

	if (json_object_is_type(there, json_type_array) && json_object_array_add(there, text) == 0)
		return 0;
	if (json_object_is_type(there, json_type_string))
		text = list_of(there, text);
	if (text != NULL && json_object_object_add(cee, name, text) == 0)
		return 0;
	(void)json_object_put(text);
	return -ENOMEM;
}

/* Syslog has the identifier and the priority in its own header. */
static bool
is_in_header(const char *name)
{
	return strcmp(name, "SYSLOG_IDENTIFIER") == 0 || strcmp(name, "PRIORITY") == 0;
}

static int
cee_add_field(struct json_object *cee, const char *field)
{
	const char *equals = strchr(field, '=');
	char name[32];

	(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - field), field);
	if (is_in_header(name))
		return 0;
	return cee_add(
	    cee, strcmp(name, "MESSAGE") == 0 ? "msg" : name, json_object_new_string(equals + 1));
}

char *
fields_cee(const struct fields *f)
{
	struct json_object *cee = json_object_new_object();
	char *line = NULL;
	int r = cee == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < f->n && r == 0; i++)
		r = cee_add_field(cee, f->texts[i]);
	if (r == 0 && asprintf(&line, "@cee: %s", member_line(cee)) < 0)
		line = NULL;
	(void)json_object_put(cee);
	return line;
}
