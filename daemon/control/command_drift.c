/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll drift: what changed; rescan and reload: what the daemon is asked to do. */
#include "control/client.h"
#include "control/commands.h"
#include "report/line.h"
#include "report/member.h"
#include "report/text.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

struct printing {
	const struct options *o;
	struct style style;
};

static void
print_row(const struct printing *p, struct json_object *row)
{
	_cleanup_(freep) char *line = line_of_drift(row);
	int priority = line_priority(row);
	enum colour colour = COLOUR_NONE;

	if (priority <= LOG_ERR)
		colour = priority == LOG_CRIT ? COLOUR_BAD : COLOUR_RED;
	else if (strcmp(member_text(row, "type"), "restored") == 0)
		colour = COLOUR_GREEN;
	else if (priority == LOG_INFO)
		colour = COLOUR_DIM;
	(void)printf("%.19sZ  ", member_text(row, "time"));
	(void)text_put_coloured(stdout, &p->style, colour, line == NULL ? "?" : line, 0);
	(void)fputc('\n', stdout);
}

static int
on_line(void *arg, const char *line, size_t len)
{
	struct printing *p = arg;
	struct json_object *row;

	if (p->o->format == FORMAT_JSON) {
		(void)fwrite(line, 1, len, stdout);
		(void)fputc('\n', stdout);
	} else {
		row = json_tokener_parse(line);
		if (row != NULL)
			print_row(p, row);
		(void)json_object_put(row);
	}
	/* Whoever reads along gets each line at once; one who is gone ends it. */
	return p->o->follow && fflush(stdout) != 0;
}

static char *
target_of(const struct options *o)
{
	_cleanup_(freep) char *query = filter_query(o->filter);
	char *target;

	if (query == NULL)
		return NULL;
	if (asprintf(&target, "/v1/drift?after=0%s%s%s%s%s%s%s", o->follow ? "&follow=1" : "",
		o->since == NULL ? "" : "&since=", o->since == NULL ? "" : o->since,
		o->until == NULL ? "" : "&until=", o->until == NULL ? "" : o->until,
		*query == '\0' ? "" : "&", query) < 0)
		return NULL;
	return target;
}

int
command_drift(const struct options *o)
{
	struct printing p = { .o = o, .style = style_of(STDOUT_FILENO) };
	_cleanup_(freep) char *target = target_of(o);
	_cleanup_(freep) char *why = NULL;
	int r;

	if (o->since != NULL && o->until != NULL && strcmp(o->since, o->until) >= 0)
		return command_fail(
		    STATUS_USAGE, "--since %s is not before --until %s", o->since, o->until);
	if (target == NULL)
		return command_fail(STATUS_USAGE, "out of memory");
	r = client_lines(o->socket, target, on_line, &p, &why);
	(void)fflush(stdout);
	return r == 0 ? STATUS_OK : command_fail_client(r, why);
}

static int
post(const struct options *o, const char *target, const char *done)
{
	_cleanup_(freep) char *why = NULL;
	struct json_object *answer = NULL;
	int r = client_post(o->socket, target, &answer, &why);

	(void)json_object_put(answer);
	if (r != 0)
		return command_fail_client(r, why);
	(void)puts(done);
	return STATUS_OK;
}

int
command_rescan(const struct options *o)
{
	return post(o, "/v1/rescan", "the daemon looks at everything again");
}

int
command_reload(const struct options *o)
{
	_cleanup_(freep) char *why = NULL;
	struct json_object *answer = NULL;
	int r = client_post(o->socket, "/v1/reload", &answer, &why);

	if (r != 0)
		return command_fail_client(r, why);
	(void)printf("in force: %lld rules, %lld exceptions\n",
	    (long long)member_int(answer, "rules"), (long long)member_int(answer, "exceptions"));
	for (size_t i = 0; i < member_count(answer, "restart"); i++)
		(void)printf("%s: changes when plimsolld is started again\n",
		    json_object_get_string(
			json_object_array_get_idx(member(answer, "restart"), i)));
	(void)json_object_put(answer);
	return STATUS_OK;
}
