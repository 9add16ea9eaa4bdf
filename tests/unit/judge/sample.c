/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "sample.h"

static const struct rule_source rules[] = {
	{ .key = "caps",
	    .scope = SUBJECT_CONTAINER,
	    .kind = RULE_OFFENDERS,
	    .test = "container.cap_add.map(c, c == \"NULL\" ? dyn(null) : dyn(c))",
	    .says = "{subject} adds capabilities",
	    .severity = SEVERITY_HIGH },
	{ .key = "confined",
	    .scope = SUBJECT_CONTAINER,
	    .when = "host.apparmor",
	    .test = "container.apparmor_profile != \"unconfined\"",
	    .says = "{subject} is not confined",
	    .severity = SEVERITY_LOW },
	{ .key = "execs",
	    .scope = SUBJECT_CONTAINER,
	    .kind = RULE_OFFENDERS,
	    .test = "container.execs.filter(e, e.privileged)",
	    .says = "privileged exec sessions in {subject}",
	    .severity = SEVERITY_CRITICAL },
	{ .key = "live",
	    .scope = SUBJECT_ENGINE,
	    .test = "engine.live_restore",
	    .says = "{subject} takes its containers along",
	    .severity = SEVERITY_MEDIUM },
	{ .key = "modes",
	    .scope = SUBJECT_FILE,
	    .test = "file.mode == 420",
	    .when = "file.exists",
	    .says = "{subject} has mode {file.mode}",
	    .pattern = "/etc/*.d/x" },
	{ .key = "patched",
	    .scope = SUBJECT_HOST,
	    .test = "host.kernel == \"6\"",
	    .says = "{subject} runs an old kernel",
	    .severity = SEVERITY_MEDIUM },
	{ .key = "privileged",
	    .scope = SUBJECT_CONTAINER,
	    .test = "!container.privileged",
	    .says = "{subject} runs privileged",
	    .severity = SEVERITY_CRITICAL },
	{ .key = "units",
	    .scope = SUBJECT_FILE,
	    .test = "file.mode == 420",
	    .says = "{subject} has mode {file.mode}",
	    .files_expr = "engine.units.service_files" },
};

const char sample_container[] =
    "{\"container.name\": \"web\", \"container.image\": \"nginx\", \"container.cap_add\": [],"
    " \"container.apparmor_profile\": \"docker-default\", \"container.privileged\": false}";

int
sample_setup(void **state)
{
	struct world *w = world_new(rules, ARRAY_SIZE(rules), true);

	world_set(w, SUBJECT_HOST, "", "{\"host.apparmor\": true, \"host.kernel\": \"6\"}");
	world_set(w, SUBJECT_ENGINE, "",
	    "{\"engine.live_restore\": true, \"engine.units.service_files\": []}");
	world_set(w, SUBJECT_CONTAINER, "aaa", sample_container);
	*state = w;
	return 0;
}

void
sample_event(struct world *w, const char *id, const char *detail)
{
	world_event(w, SUBJECT_CONTAINER, id, TOPIC_ALL, detail);
	world_settle(w);
}
