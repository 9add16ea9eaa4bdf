/* SPDX-License-Identifier: Apache-2.0
 *
 * host.system and engine.units. */
#include "facts/build.h"

#include "facts/read.h"
#include <errno.h>
#include <string.h>

/* A file of one line, or why it could not be read. */
static struct value
flag_of(struct arena *a, const char *path, const char *text, const char *why, const char *on)
{
	if (text != NULL)
		return value_bool(strncmp(text, on, strlen(on)) == 0);
	if (why != NULL)
		return unreadable_printf(a, "%s: %s", path, why);
	return value_bool(false); /* not in this kernel */
}

static struct value
lsms_of(struct arena *a, const struct host_system_input *in)
{
	struct list_draft l = { .arena = a };
	const char *text = in->lsms;
	size_t len;

	if (text == NULL)
		return unreadable_printf(a, "/sys/kernel/security/lsm: %s",
		    in->lsms_why != NULL ? in->lsms_why : "there is none");
	for (; *text != '\0'; text += len) {
		text += strspn(text, ",\n");
		len = strcspn(text, ",\n");
		if (len > 0)
			list_add(&l, read_text(a, text, len));
	}
	return list_finish(&l);
}

int
build_host_system(struct snapshot **ret, const struct host_system_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	int r = draft_init(&d, TOPIC_HOST_SYSTEM);

	if (r < 0)
		return r;
	draft_set(&d, FACT_HOST_KERNEL,
	    in->kernel != NULL ? read_text(d.arena, in->kernel, strlen(in->kernel))
			       : value_unreadable("uname failed"));
	draft_set(&d, FACT_HOST_LSMS, lsms_of(d.arena, in));
	draft_set(&d, FACT_HOST_APPARMOR,
	    flag_of(d.arena, "/sys/module/apparmor/parameters/enabled", in->apparmor,
		in->apparmor_why, "Y"));
	draft_set(&d, FACT_HOST_SELINUX,
	    flag_of(d.arena, "/sys/fs/selinux/enforce", in->selinux, in->selinux_why, "1"));
	return draft_finish(&d, ret);
}

static struct value
files_of(struct arena *a, const struct unit_files *files)
{
	struct list_draft l = { .arena = a };
	struct value v;

	if (files->why != NULL)
		return unreadable_printf(a, "%s", files->why);
	for (size_t i = 0; i < files->n; i++)
		list_add(&l, read_text(a, files->paths[i], strlen(files->paths[i])));
	v = list_finish(&l);
	v.cut |= v.type == VALUE_LIST && files->cut;
	return v;
}

int
build_engine_units(
    struct snapshot **ret, const struct unit_files *service, const struct unit_files *socket)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	int r = draft_init(&d, TOPIC_ENGINE_UNITS);

	if (r < 0)
		return r;
	draft_set(&d, FACT_ENGINE_UNITS_SERVICE, files_of(d.arena, service));
	draft_set(&d, FACT_ENGINE_UNITS_SOCKET, files_of(d.arena, socket));
	return draft_finish(&d, ret);
}
