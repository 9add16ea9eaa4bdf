/* SPDX-License-Identifier: Apache-2.0 */
#include "report/about.h"
#include "judge/judge.h"
#include "report/member.h"

#include <errno.h>
#include <sys/utsname.h>
#include <systemd/sd-id128.h>

static struct json_object *
benchmarks_new(const struct rulebook *rb)
{
	struct json_object *list = json_object_new_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < rb->n_benchmarks && r == 0; i++)
		if (rb->benchmarks[i].enabled)
			r = member_append(list, json_object_new_string(rb->benchmarks[i].id));
	return member_done(list, r);
}

static struct json_object *
rulebook_new(const struct rulebook *rb)
{
	struct json_object *json = json_object_new_object();
	int r = json == NULL ? -ENOMEM : member_put_int(json, "rules", rb->n_rules);

	if (r == 0)
		r = member_put_text(json, "sha256", rb->sha256);
	return member_done(json, r);
}

static struct json_object *
host_new(void)
{
	struct json_object *json = json_object_new_object();
	char machine[SD_ID128_STRING_MAX] = "";
	struct utsname name = { 0 };
	sd_id128_t id;
	int r;

	(void)uname(&name);
	if (sd_id128_get_machine(&id) == 0)
		(void)sd_id128_to_string(id, machine);
	r = json == NULL ? -ENOMEM : member_put_text(json, "name", name.nodename);
	if (r == 0)
		r = member_put_text(json, "machine_id", machine);
	if (r == 0)
		r = member_put_text(json, "kernel", name.release);
	return member_done(json, r);
}

int
about_add(struct json_object *document, const struct judge *judge)
{
	const struct rulebook *rb = judge_rulebook(judge);
	int r = member_put_text(document, "plimsoll", PLIMSOLL_VERSION);

	if (r == 0)
		r = member_put(document, "benchmarks", benchmarks_new(rb));
	if (r == 0)
		r = member_put(document, "rulebook", rulebook_new(rb));
	if (r == 0)
		r = member_put(document, "host", host_new());
	/* Without an engine it is JSON's null, which is NULL. */
	if (r == 0 && json_object_object_add(document, "engine", judge_engine_json(judge)) != 0)
		r = -ENOMEM;
	return r;
}
