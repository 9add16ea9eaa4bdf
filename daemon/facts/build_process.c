/* SPDX-License-Identifier: Apache-2.0
 *
 * container.process. */
#include "facts/build.h"

#include "facts/read.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/capability.h>

enum {
	NO_LIMIT = -1,
};

/* cgroup v1 writes "no limit" as the largest number of whole pages; no machine has as much. */
static const int64_t v1_no_limit = INT64_C(1) << 62;

/* What follows "NAME:" and blanks on a line of its own, or NULL. */
static const char *
status_line(const char *status, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = status; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ':') {
			line += len + 1;
			return line + strspn(line, "\t ");
		}
	}
	return NULL;
}

/* A number that ends at a blank or at the end of the text. False when there is none. */
static bool
parse_number(const char *text, int base, uint64_t *ret, const char **ret_end)
{
	char *end;

	if (!isxdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*ret = strtoull(text, &end, base);
	*ret_end = end;
	return errno == 0 && end != text && (*end == '\0' || isspace((unsigned char)*end));
}

static bool
status_number(const char *status, const char *name, int base, uint64_t *ret, const char **ret_end)
{
	const char *text = status_line(status, name);

	return text != NULL && parse_number(text, base, ret, ret_end);
}

static struct value
unreadable_line(struct arena *a, const char *name)
{
	return unreadable_printf(a, "no %s in /proc/<pid>/status", name);
}

/* The second one of real, effective, saved and file system's. */
static struct value
effective_uid(struct arena *a, const char *status)
{
	uint64_t uid;
	const char *end;

	if (!status_number(status, "Uid", 10, &uid, &end))
		return unreadable_line(a, "Uid");
	end += strspn(end, "\t ");
	if (!parse_number(end, 10, &uid, &end) || uid > UINT32_MAX)
		return unreadable_line(a, "effective Uid");
	return value_int((int64_t)uid);
}

static struct value
status_int(struct arena *a, const char *status, const char *name)
{
	const char *end;
	uint64_t n;

	if (!status_number(status, name, 10, &n, &end) || n > INT32_MAX)
		return unreadable_line(a, name);
	return value_int((int64_t)n);
}

static struct value
status_bool(struct arena *a, const char *status, const char *name)
{
	struct value v = status_int(a, status, name);

	return v.type == VALUE_INT ? value_bool(v.integer != 0) : v;
}

/* "SYS_ADMIN"; a number for one that libcap doesn't know yet. */
static struct value
capability_name(struct arena *a, int bit)
{
	char *known = cap_to_name((cap_value_t)bit), *name = NULL;

	if (known != NULL)
		name = arena_strdup(a, strncmp(known, "cap_", 4) == 0 ? known + 4 : known);
	cap_free(known);
	if (name == NULL)
		return value_unreadable("no memory for names of capabilities");
	for (char *c = name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	return value_string(name);
}

static struct value
status_capabilities(struct arena *a, const char *status, const char *name)
{
	struct list_draft l = { .arena = a };
	const char *end;
	uint64_t set;

	if (!status_number(status, name, 16, &set, &end))
		return unreadable_line(a, name);
	for (int bit = 0; bit < 64; bit++)
		if (set & (UINT64_C(1) << bit))
			list_add(&l, capability_name(a, bit));
	return list_finish(&l);
}

static void
set_from_status(struct draft *d, const struct container_process_input *in)
{
	const char *status = in->status;
	struct arena *a = d->arena;

	if (status == NULL) {
		const struct value why =
		    unreadable_printf(a, "/proc/<pid>/status: %s", strerror(in->status_errno));

		for (enum fact_id f = FACT_CONTAINER_PROC_UID;
		     f <= FACT_CONTAINER_PROC_NO_NEW_PRIVILEGES; f++)
			draft_set(d, f, why);
		return;
	}
	draft_set(d, FACT_CONTAINER_PROC_UID, effective_uid(a, status));
	draft_set(d, FACT_CONTAINER_PROC_CAP_EFFECTIVE, status_capabilities(a, status, "CapEff"));
	draft_set(d, FACT_CONTAINER_PROC_CAP_BOUNDING, status_capabilities(a, status, "CapBnd"));
	draft_set(d, FACT_CONTAINER_PROC_SECCOMP, status_int(a, status, "Seccomp"));
	draft_set(d, FACT_CONTAINER_PROC_NO_NEW_PRIVILEGES, status_bool(a, status, "NoNewPrivs"));
}

static const struct {
	enum fact_id fact;
	const char *name;
} namespaces[_NAMESPACES] = {
	[NS_NET] = { FACT_CONTAINER_PROC_HOST_NETWORK, "net" },
	[NS_PID] = { FACT_CONTAINER_PROC_HOST_PID, "pid" },
	[NS_IPC] = { FACT_CONTAINER_PROC_HOST_IPC, "ipc" },
	[NS_UTS] = { FACT_CONTAINER_PROC_HOST_UTS, "uts" },
	[NS_USER] = { FACT_CONTAINER_PROC_HOST_USER, "user" },
};

static struct value
shares_namespace(struct arena *a, const struct container_process_input *in, enum namespace_kind k)
{
	if (in->ns[k] == 0)
		return unreadable_printf(
		    a, "/proc/<pid>/ns/%s: %s", namespaces[k].name, strerror(in->ns_errno[k]));
	if (in->host_ns[k] == 0)
		return unreadable_printf(a, "the host's %s namespace: %s", namespaces[k].name,
		    strerror(in->host_ns_errno[k]));
	return value_bool(in->ns[k] == in->host_ns[k]);
}

static struct value
cgroup_limit(struct arena *a, const char *text, const char *name, const char *why)
{
	const char *end;
	uint64_t n;

	if (text == NULL)
		return unreadable_printf(a, "%s: %s", name, why == NULL ? "not readable" : why);
	if (strncmp(text, "max", 3) == 0 && (text[3] == '\n' || text[3] == '\0'))
		return value_int(NO_LIMIT);
	if (!isdigit((unsigned char)text[0]) || !parse_number(text, 10, &n, &end))
		return unreadable_printf(a, "%s is no number", name);
	return value_int(n >= (uint64_t)v1_no_limit ? NO_LIMIT : (int64_t)n);
}

/* Without a security module that labels, the kernel answers EINVAL: there is no label. */
static struct value
process_label(struct arena *a, const char *label, int error)
{
	if (label == NULL)
		return error == EINVAL
			   ? value_string("")
			   : unreadable_printf(a, "/proc/<pid>/attr/current: %s", strerror(error));
	return read_text(a, label, strcspn(label, "\n"));
}

static struct value
program_names(struct arena *a, const struct container_process_input *in)
{
	struct list_draft l = { .arena = a };
	struct value v;

	if (in->programs == NULL)
		return value_unreadable("the processes of its cgroup could not be read");
	for (size_t i = 0; i < in->n_programs; i++)
		list_add(&l, read_text(a, in->programs[i], strcspn(in->programs[i], "\n")));
	v = list_finish(&l);
	v.cut |= v.type == VALUE_LIST && in->programs_cut;
	return v;
}

int
build_container_process(struct snapshot **ret, const struct container_process_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	int r;

	r = draft_init(&d, TOPIC_CONTAINER_PROCESS);
	if (r < 0)
		return r;
	set_from_status(&d, in);
	for (enum namespace_kind k = 0; k < _NAMESPACES; k++)
		draft_set(&d, namespaces[k].fact, shares_namespace(d.arena, in, k));
	draft_set(&d, FACT_CONTAINER_PROC_MEMORY_MAX,
	    cgroup_limit(d.arena, in->memory_max, "memory limit of the cgroup", in->cgroup_why));
	draft_set(&d, FACT_CONTAINER_PROC_PIDS_MAX,
	    cgroup_limit(d.arena, in->pids_max, "pids limit of the cgroup", in->cgroup_why));
	draft_set(
	    &d, FACT_CONTAINER_PROC_LABEL, process_label(d.arena, in->label, in->label_errno));
	draft_set(&d, FACT_CONTAINER_PROC_PROGRAMS, program_names(d.arena, in));
	return draft_finish(&d, ret);
}
