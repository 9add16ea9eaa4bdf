/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll eval: an expression, parsed and not checked. */
#include "control/commands.h"
#include "expr/expr.h"
#include "report/member.h"

#include <errno.h>
#include <string.h>

static int
fail(const char *what)
{
	(void)fprintf(stderr, "%s\n", what);
	return STATUS_FOUND;
}

/* The names and their values: 0, or a status after saying why. */
static int
read_vars(const struct options *o, struct value *ret, struct arena *a)
{
	struct json_object *json;
	int r;

	*ret = value_map(NULL, 0);
	if (o->vars == NULL)
		return 0;
	json = json_tokener_parse(o->vars);
	if (!json_object_is_type(json, json_type_object)) {
		(void)json_object_put(json);
		return command_fail(STATUS_USAGE, "--vars takes a JSON object");
	}
	r = value_from_json(ret, json, a);
	(void)json_object_put(json);
	return r == 0 ? 0 : command_fail(STATUS_USAGE, "--vars: too much");
}

static int
evaluate(const struct expr *e, const struct value *vars)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(EXPR_MEMORY_MAX);
	struct expr_input input = { .vars = vars };
	struct expr_outcome outcome;
	struct json_object *json;

	if (a == NULL || expr_eval(&outcome, e, &input, a) != 0)
		return fail("out of memory");
	if (outcome.error != NULL)
		return fail(outcome.error);
	json = value_to_json(&outcome.value);
	(void)printf("%s\n", member_line(json));
	(void)json_object_put(json);
	return STATUS_OK;
}

int
command_eval(const struct options *o)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(16 * 1024 * 1024);
	_cleanup_(expr_freep) struct expr *e = NULL;
	_cleanup_(freep) char *why = NULL;
	struct value vars;
	int r;

	if (a == NULL)
		return command_fail(STATUS_USAGE, "out of memory");
	r = read_vars(o, &vars, a);
	if (r != 0)
		return r;
	r = expr_parse(&e, o->args[0], strlen(o->args[0]), &why);
	if (r != 0)
		return fail(why == NULL ? strerror(-r) : why);
	return evaluate(e, &vars);
}
