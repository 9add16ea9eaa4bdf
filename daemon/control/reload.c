/* SPDX-License-Identifier: Apache-2.0 */
#include "control/reload.h"

#include "control/setup.h"
#include "judge/judge.h"
#include "report/member.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Settings that are looked at when the daemon starts, and not again: texts, all of them. */
static const struct {
	const char *name;
	size_t offset;
} fixed[] = {
	{ "engine.socket", offsetof(struct settings, engine_socket) },
};

static const char **
text_at(size_t which, struct settings *s)
{
	return (const char **)((char *)s + fixed[which].offset);
}

/* What is in force goes on to be what the settings say. 0 or -ENOMEM. */
static int
keep(size_t which, struct rulebook *rb, struct settings *before)
{
	const char **to = text_at(which, &rb->settings);

	*to = arena_strdup(rb->arena, *text_at(which, before));
	return *to == NULL ? -ENOMEM : 0;
}

/* Names those that differ, and keeps them. New reference; NULL when out of memory. */
static struct json_object *
keep_fixed(struct rulebook *rb, struct settings *before)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < ARRAY_SIZE(fixed) && r == 0; i++) {
		if (strcmp(*text_at(i, before), *text_at(i, &rb->settings)) == 0)
			continue;
		r = keep(i, rb, before);
		if (r == 0)
			r = json_object_array_add(list, json_object_new_string(fixed[i].name));
	}
	return member_done(list, r);
}

/* New reference; NULL when out of memory. */
static struct json_object *
answer_new(const struct rulebook *rb, struct json_object *restart)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : member_put_text(json, "done", "reload");

	if (r == 0)
		r = member_put_int(json, "rules", rb->n_rules);
	if (r == 0)
		r = member_put_int(json, "exceptions", rb->n_exceptions);
	if (r == 0)
		r = member_put_text(json, "rulebook", rb->sha256);
	if (r == 0)
		r = member_put(json, "restart", json_object_get(restart));
	return member_done(json, r);
}

/* A notice is one line: the first complaint, and how many more there are. */
static char *
first_complaint(const char *text)
{
	size_t len = strcspn(text, "\n");
	unsigned more = 0;
	char *line;
	int n;

	for (const char *p = text + len; *p != '\0'; p++)
		more += p[0] == '\n' && p[1] != '\0';
	if (more == 0)
		n = asprintf(&line, "%.*s", (int)len, text);
	else
		n = asprintf(&line, "%.*s (and %u more)", (int)len, text, more);
	return n < 0 ? NULL : line;
}

static void
tell_refused(struct judge *judge, const char *why)
{
	_cleanup_(freep) char *line = first_complaint(why);
	struct json_object *more = json_object_new_object();
	int r = more == NULL || line == NULL ? -ENOMEM : member_put_text(more, "error", line);

	(void)judge_notice(judge, "reloaded", member_done(more, r));
}

static int
load(struct rulebook **ret, const struct reload_sources *sources, char **reterr)
{
	_cleanup_(setup_freep) struct setup *setup = NULL;
	int r = setup_new(&setup, sources->config, sources->rules_dir);

	if (r == 0)
		r = rulebook_load(ret, &setup->paths, reterr);
	if (r == 0 && sources->engine != NULL)
		(*ret)->settings.engine_socket = sources->engine;
	if (r == RULEBOOK_E_INVALID)
		return RELOAD_E_INVALID;
	if (r < 0 && *reterr == NULL)
		*reterr = strdup(strerror(-r));
	return r;
}

static int
adopt(struct json_object **ret, struct judge *judge, struct rulebook **rb, struct rulebook *fresh)
{
	struct json_object *restart = keep_fixed(fresh, &(*rb)->settings);
	struct json_object *answer = restart == NULL ? NULL : answer_new(fresh, restart);
	struct json_object *more = json_object_new_object();
	int r = answer == NULL || more == NULL ? -ENOMEM : 0;

	if (r == 0 && json_object_array_length(restart) > 0)
		r = member_put(more, "restart", json_object_get(restart));
	if (r == 0)
		r = judge_adopt(judge, fresh, TAKE(more));
	(void)json_object_put(more);
	(void)json_object_put(restart);
	if (r == 0)
		*ret = TAKE(answer);
	(void)json_object_put(answer);
	return r;
}

int
reload_run(struct json_object **ret, struct judge *judge, struct rulebook **rb,
    const struct reload_sources *sources, char **reterr)
{
	_cleanup_(rulebook_freep) struct rulebook *fresh = NULL, *before = NULL;
	char *why = NULL;
	int r;

	r = load(&fresh, sources, &why);
	if (r == 0)
		r = adopt(ret, judge, rb, fresh);
	if (r == 0) {
		before = *rb;
		*rb = TAKE(fresh);
		return 0;
	}
	if (why == NULL)
		why = strdup(strerror(r < 0 ? -r : EINVAL));
	if (why == NULL)
		return -ENOMEM;
	if (*why != '\0' && why[strlen(why) - 1] == '\n')
		why[strlen(why) - 1] = '\0';
	tell_refused(judge, why);
	*reterr = why;
	return r;
}
