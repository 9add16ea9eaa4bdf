/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll doctor: what evidence cannot be read here, why, and what to do. Of the running daemon;
 * without one, or where another engine or root is named, of an audit of its own. */
#include "control/audit_once.h"
#include "control/client.h"
#include "control/commands.h"
#include "control/show.h"
#include "report/advice.h"
#include "report/doctor.h"
#include "report/member.h"
#include "report/text.h"
#include "util/clock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	PIECE = 64 * 1024,
	RULES_SHOWN = 12,
};

struct visit {
	const struct options *o;
	struct json_object *status, *findings;
	struct doctor_who who;
};

/* --- what it finds --- */

/* What the daemon says of its own rights. */
static void
take_rights(struct visit *v)
{
	v->who.daemon = true;
	v->who.uid = (uint32_t)member_int(v->status, "rights/uid");
	for (size_t i = 0; i < member_count(v->status, "rights/lacks"); i++) {
		int place =
		    advice_capability_from_name(member_text_at(v->status, "rights/lacks", i));

		if (place >= 0)
			v->who.lacking |= 1U << place;
	}
}

/* False: nobody answers. */
static bool
visit_daemon(struct visit *v, int *ret_status)
{
	_cleanup_(freep) char *why = NULL;
	const char *socket = v->o->socket;
	int r = client_get(socket, "/v1/status", &v->status, &why);

	if (r == 0)
		r = client_get(socket, "/v1/findings", &v->findings, &why);
	if (r == CLIENT_E_NO_ANSWER)
		return false;
	*ret_status = r == 0 ? STATUS_OK : command_fail_client(r, why);
	if (r == 0)
		take_rights(v);
	return true;
}

/* The document of all findings. 0 or -errno. */
static int
take_findings(struct visit *v, const struct audit_once *audit)
{
	_cleanup_(findings_json_freep) struct findings_json *d = NULL;
	const struct findings_query query = audit_once_query(audit);
	_cleanup_(freep) char *whole = NULL;
	size_t len = 0, n;
	bool complete = false;
	const char *text;
	FILE *out = open_memstream(&whole, &len);
	int r = out == NULL ? -ENOMEM : findings_json_new(&d, &query);

	while (r == 0 && !complete) {
		r = findings_json_next(d, PIECE, &text, &n, &complete);
		if (r == 0 && fwrite(text, 1, n, out) != n)
			r = -ENOMEM;
	}
	if (out != NULL && fclose(out) != 0)
		r = -ENOMEM;
	if (r == 0)
		v->findings = json_tokener_parse(whole);
	return r == 0 && v->findings == NULL ? -ENOMEM : r;
}

static void
on_trouble(void *arg, const char *what)
{
	(void)command_fail(STATUS_INCOMPLETE, "%s", what);
}

static int
visit_host(struct visit *v)
{
	const struct options *o = v->o;
	_cleanup_(rulebook_freep) struct rulebook *rb = NULL;
	_cleanup_(audit_once_freep) struct audit_once *audit = NULL;
	struct audit_once_config config = {
		.host_root = o->host_root, .progress = true, .on_trouble = on_trouble
	};
	int status = command_load(&rb, o, NULL), r;

	if (status != STATUS_OK)
		return status;
	if (o->engine != NULL)
		rb->settings.engine_socket = o->engine;
	config.rb = rb;
	r = audit_once_run(&audit, &config);
	if (r == 0)
		r = take_findings(v, audit);
	if (r != 0)
		return command_fail(STATUS_USAGE, "nothing could be looked at: %s", strerror(-r));
	v->who.uid = geteuid();
	v->who.lacking = advice_lacking();
	return STATUS_OK;
}

/* --- what it says --- */

static void
put_rules(const struct doctor_problem *problem)
{
	(void)printf("  %zu finding%s unknown for it: ", problem->findings,
	    problem->findings == 1 ? " is" : "s are");
	for (size_t i = 0; i < problem->n_rules && i < RULES_SHOWN; i++)
		(void)printf("%s%s", i == 0 ? "" : ", ", problem->rules[i]);
	if (problem->n_rules > RULES_SHOWN)
		(void)printf(" and %zu rules more", problem->n_rules - RULES_SHOWN);
	(void)fputc('\n', stdout);
}

static void
put_problem(const struct style *style, const struct doctor_problem *problem)
{
	bool matters = doctor_kind_matters(problem->kind);

	(void)text_put_coloured(
	    stdout, style, matters ? COLOUR_YELLOW : COLOUR_CYAN, problem->what, 0);
	if (*problem->why != '\0' && strcmp(problem->what, problem->why) != 0) {
		(void)fputs(" (", stdout);
		(void)text_put(stdout, problem->why, 0);
		(void)fputc(')', stdout);
	}
	(void)fputc('\n', stdout);
	if (problem->n_rules > 0)
		put_rules(problem);
	text_put_wrapped(stdout, style, 2, problem->advice);
	(void)fputc('\n', stdout);
}

static void
put_doctor(const struct visit *v, const struct doctor *d)
{
	const struct style style = style_of(STDOUT_FILENO);
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		put_problem(&style, &d->problems[i]);
	for (size_t i = 0; i < d->n; i++)
		n += doctor_kind_matters(d->problems[i].kind);
	if (n == 0)
		(void)puts("all evidence can be read here");
	else
		(void)printf("%s is incomplete, for %zu reason%s\n",
		    v->who.daemon ? "what plimsolld sees" : "an audit from here", n,
		    n == 1 ? "" : "s");
}

static int
tell(const struct visit *v)
{
	_cleanup_(doctor_freep) struct doctor *d = NULL;
	struct json_object *json;
	int r = doctor_new(&d, v->status, v->findings, &v->who, clock_realtime_ms());

	if (r != 0)
		return command_fail(STATUS_USAGE, "out of memory");
	if (v->o->format == FORMAT_JSON) {
		json = doctor_json(d);
		show_json(stdout, json);
		(void)json_object_put(json);
	} else {
		put_doctor(v, d);
	}
	return doctor_is_complete(d) ? STATUS_OK : STATUS_INCOMPLETE;
}

int
command_doctor(const struct options *o)
{
	struct visit v = { .o = o };
	bool of_daemon = o->engine == NULL && strcmp(o->host_root, "/") == 0;
	int status = STATUS_OK;

	if (!of_daemon || !visit_daemon(&v, &status))
		status = visit_host(&v);
	if (status == STATUS_OK)
		status = tell(&v);
	(void)json_object_put(v.status);
	(void)json_object_put(v.findings);
	return status;
}
