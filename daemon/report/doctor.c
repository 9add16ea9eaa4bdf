/* SPDX-License-Identifier: Apache-2.0 */
#include "report/doctor.h"
#include "report/advice.h"
#include "report/member.h"
#include "report/words.h"
#include "util/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	ENDS_SOON_DAYS = 14,
	ENGINE_NEWEST = 29, /* the major version that the rules were written by */
};

static const struct {
	const char *name;
	bool matters;
} kinds[_DOCTOR_KINDS] = {
	[DOCTOR_UNREADABLE] = { "unreadable", true },
	[DOCTOR_BLIND] = { "blind", true },
	[DOCTOR_PRIVILEGE] = { "privilege", true },
	[DOCTOR_EXCEPTION] = { "exception", false },
	[DOCTOR_RULEBOOK] = { "rulebook", false },
	[DOCTOR_HINT] = { "hint", false },
};

bool
doctor_kind_matters(enum doctor_kind kind)
{
	return kinds[kind].matters;
}

bool
doctor_is_complete(const struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (kinds[d->problems[i].kind].matters)
			return false;
	return true;
}

static void
problem_deinit(struct doctor_problem *problem)
{
	free(problem->what);
	free(problem->why);
	for (size_t i = 0; i < problem->n_rules; i++)
		free(problem->rules[i]);
	free(problem->rules);
}

struct doctor *
doctor_free(struct doctor *d)
{
	if (d == NULL)
		return NULL;
	for (size_t i = 0; i < d->n; i++)
		problem_deinit(&d->problems[i]);
	free(d->problems);
	free(d);
	return NULL;
}

/* Takes `what`; NULL: out of memory. */
static int
add(struct doctor *d, enum doctor_kind kind, char *what, const char *why, const char *advice)
{
	struct doctor_problem *problems = reallocarray(d->problems, d->n + 1, sizeof(*problems));
	struct doctor_problem problem = { .kind = kind, .why = strdup(why), .advice = advice };

	problem.what = what;
	if (problems != NULL)
		d->problems = problems;
	if (problems == NULL || what == NULL || problem.why == NULL) {
		problem_deinit(&problem);
		return -ENOMEM;
	}
	problems[d->n++] = problem;
	return 0;
}

static char *text(const char *format, ...) _printf_(1, 2);

static char *
text(const char *format, ...)
{
	va_list args;
	char *t;
	int n;

	va_start(args, format);
	n = vasprintf(&t, format, args);
	va_end(args);
	return n < 0 ? NULL : t;
}

/* --- what could not be read --- */

static struct doctor_problem *
find_unreadable(struct doctor *d, const char *why)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->problems[i].kind == DOCTOR_UNREADABLE &&
		    strcmp(d->problems[i].why, why) == 0)
			return &d->problems[i];
	return NULL;
}

static int
add_rule(struct doctor_problem *problem, char *rule)
{
	char **rules;

	if (rule == NULL)
		return -ENOMEM;
	problem->findings++;
	for (size_t i = 0; i < problem->n_rules; i++)
		if (strcmp(problem->rules[i], rule) == 0) {
			free(rule);
			return 0;
		}
	rules = reallocarray(problem->rules, problem->n_rules + 1, sizeof(*rules));
	if (rules == NULL) {
		free(rule);
		return -ENOMEM;
	}
	problem->rules = rules;
	rules[problem->n_rules++] = rule;
	return 0;
}

/* While nothing is heard all say so since then: one problem, whatever the time. */
static const char *
reason_of(struct json_object *finding)
{
	const char *because = member_text(finding, "because");

	return strncmp(because, "stale: ", 7) == 0 ? because : words_cause(finding);
}

static int
add_unreadable(struct doctor *d, struct json_object *finding, const char *leading)
{
	const char *why = reason_of(finding);
	struct doctor_problem *problem = find_unreadable(d, why);
	int r;

	if (problem == NULL) {
		r = add(d, DOCTOR_UNREADABLE, text("%s", why), why, advice_for(why));
		if (r != 0)
			return r;
		problem = &d->problems[d->n - 1];
	}
	return add_rule(problem, words_rule_id(finding, leading));
}

/* --- what will not be so for long --- */

static bool
is_told(const struct doctor *d, enum doctor_kind kind, const char *what)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->problems[i].kind == kind && strcmp(d->problems[i].what, what) == 0)
			return true;
	return false;
}

static int
add_exception(struct doctor *d, struct json_object *finding, int64_t now_ms)
{
	const char *expires = member_text(finding, "exception/expires");
	int64_t ms;
	char *what;
	bool is_day;

	if (!clock_parse(expires, &ms, &is_day) ||
	    ms - now_ms > ENDS_SOON_DAYS * 24LL * 3600 * 1000)
		return 0;
	what = text("the exception of %s by %s ends %s", member_text(finding, "rule"),
	    member_text(finding, "exception/owner"), expires);
	if (what != NULL && is_told(d, DOCTOR_EXCEPTION, what)) {
		free(what);
		return 0;
	}
	return add(d, DOCTOR_EXCEPTION, what, member_text(finding, "exception/reason"),
	    "Mend what it covers, or let its owner decide again: the finding counts the moment it "
	    "ends.");
}

/* --- what would tell more --- */

static bool
says_no(struct json_object *finding, const char *fact)
{
	struct json_object *evidence = member(finding, "evidence");

	for (size_t i = 0; i < member_count(finding, "evidence"); i++) {
		struct json_object *item = json_object_array_get_idx(evidence, i);
		struct json_object *value = member(item, "value");

		if (strcmp(member_text(item, "fact"), fact) == 0)
			return json_object_is_type(value, json_type_boolean) &&
			       !json_object_get_boolean(value);
	}
	return false;
}

static int
add_audit_hint(struct doctor *d, struct json_object *finding)
{
	static const char what[] = "kernel auditing is off";

	if (!says_no(finding, "host.audit.enabled") || is_told(d, DOCTOR_HINT, what))
		return 0;
	return add(d, DOCTOR_HINT, text("%s", what), "",
	    "While it is off nobody can tell who changed a file, and that an audit rule changed is "
	    "seen within a minute, not at once: install auditd (apt-get install auditd), or "
	    "auditctl "
	    "-e 1.");
}

static int
add_findings(struct doctor *d, struct json_object *document, int64_t now_ms)
{
	struct json_object *findings = member(document, "findings");
	const char *leading = member_text_at(document, "benchmarks", 0);
	int r = 0;

	for (size_t i = 0; i < member_count(document, "findings") && r == 0; i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);

		if (strcmp(member_text(finding, "verdict"), "unknown") == 0)
			r = add_unreadable(d, finding, leading);
		if (r == 0)
			r = add_exception(d, finding, now_ms);
		if (r == 0)
			r = add_audit_hint(d, finding);
	}
	return r;
}

static int
add_engine(struct doctor *d, struct json_object *document)
{
	const char *version = member_text(document, "engine/version");
	long major = strtol(version, NULL, 10);

	if (major <= ENGINE_NEWEST)
		return 0;
	return add(d, DOCTOR_RULEBOOK,
	    text("the engine is Docker %s, the rules know it up to %d", version, ENGINE_NEWEST), "",
	    "What is new in it may not be judged: install a newer Plimsoll when there is one.");
}

/* --- who looks --- */

static int
add_sources(struct doctor *d, struct json_object *status)
{
	struct json_object *sources = member(status, "sources");
	int r = 0;

	if (!json_object_is_type(sources, json_type_object))
		return 0;
	json_object_object_foreach (sources, name, source) {
		if (r != 0 || strcmp(member_text(source, "state"), "blind") != 0)
			continue;
		r = add(d, DOCTOR_BLIND,
		    text("%s: nothing is heard since %s", name, member_text(source, "since")),
		    member_text(source, "why"),
		    "What changes meanwhile is found by the look at everything that follows when "
		    "it "
		    "is heard again.");
	}
	return r;
}

static int
add_privileges(struct doctor *d, const struct doctor_who *who)
{
	int r = 0;

	if (!who->daemon && who->uid != 0)
		return add(d, DOCTOR_PRIVILEGE, text("this is run by uid %" PRIu32, who->uid),
		    "not root",
		    "Run it as root: sudo plimsoll doctor. What follows is what can't be read "
		    "without.");
	for (unsigned i = 0; i < advice_capability_count && r == 0; i++) {
		const struct advice_capability *c = &advice_capabilities[i];

		if ((who->lacking & 1U << i) == 0)
			continue;
		r = add(d, DOCTOR_PRIVILEGE,
		    text("%s lacks %s", who->daemon ? "plimsolld" : "this process", c->name),
		    c->needed_for,
		    who->daemon
			? "Give it back: CapabilityBoundingSet and AmbientCapabilities of "
			  "plimsolld.service (systemctl edit plimsolld), or the limits of the "
			  "container that it runs in."
			: "Run it as root on the host itself, not in a container.");
	}
	return r;
}

/* --- the whole --- */

static int
by_kind(const void *left, const void *right)
{
	const struct doctor_problem *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->findings != b->findings)
		return a->findings > b->findings ? -1 : 1;
	return strcmp(a->what, b->what);
}

/* The leading benchmark's numbers stand alone, and come first. */
static int
by_number(const void *left, const void *right)
{
	const char *a = *(const char *const *)left, *b = *(const char *const *)right;
	bool other_a = strchr(a, ':') != NULL, other_b = strchr(b, ':') != NULL;

	if (other_a != other_b)
		return other_a ? 1 : -1;
	return words_compare_ids(a, b);
}

int
doctor_new(struct doctor **ret, struct json_object *status, struct json_object *findings,
    const struct doctor_who *who, int64_t now_ms)
{
	_cleanup_(doctor_freep) struct doctor *d = calloc(1, sizeof(*d));
	int r = d == NULL ? -ENOMEM : add_privileges(d, who);

	if (r == 0)
		r = add_sources(d, status);
	if (r == 0)
		r = add_findings(d, findings, now_ms);
	if (r == 0)
		r = add_engine(d, findings);
	if (r != 0)
		return r;
	if (d->n > 1)
		qsort(d->problems, d->n, sizeof(*d->problems), by_kind);
	for (size_t i = 0; i < d->n; i++)
		if (d->problems[i].n_rules > 0)
			qsort(d->problems[i].rules, d->problems[i].n_rules, sizeof(char *),
			    by_number);
	*ret = TAKE(d);
	return 0;
}

static struct json_object *
problem_new(const struct doctor_problem *problem)
{
	struct json_object *json = json_object_new_object(), *rules = json_object_new_array();
	int r = json == NULL || rules == NULL
		    ? -ENOMEM
		    : member_put_text(json, "kind", kinds[problem->kind].name);

	for (size_t i = 0; i < problem->n_rules && r == 0; i++)
		r = member_append(rules, json_object_new_string(problem->rules[i]));
	if (r == 0)
		r = member_put_true(json, "incomplete", kinds[problem->kind].matters);
	if (r == 0)
		r = member_put_text(json, "what", problem->what);
	if (r == 0)
		r = member_put_text(json, "why", problem->why);
	if (r == 0)
		r = member_put_text(json, "advice", problem->advice);
	if (r == 0)
		r = member_put_int(json, "findings", (int64_t)problem->findings);
	if (r == 0)
		r = member_put(json, "rules", TAKE(rules));
	(void)json_object_put(rules);
	return member_done(json, r);
}

struct json_object *
doctor_json(const struct doctor *d)
{
	struct json_object *json = json_object_new_object(), *list = json_object_new_array();
	int r = json == NULL || list == NULL
		    ? -ENOMEM
		    : member_put_true(json, "complete", doctor_is_complete(d));

	for (size_t i = 0; i < d->n && r == 0; i++)
		r = member_append(list, problem_new(&d->problems[i]));
	if (r == 0)
		r = member_put(json, "problems", TAKE(list));
	(void)json_object_put(list);
	return member_done(json, r);
}
