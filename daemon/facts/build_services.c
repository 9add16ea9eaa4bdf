/* SPDX-License-Identifier: Apache-2.0
 *
 * host.services: what listens on the host, and what the kernel is set to: evidence for people. */
#include "facts/build.h"

#include "facts/read.h"
#include "util/lines.h"
#include <errno.h>
#include <string.h>

/* Order and repetition are the kernel's affair: several sockets may share an address, and each
 * worker of a server holds the same one. */
static int
compare(const void *left, const void *right)
{
	const struct host_listener *a = left, *b = right;
	int order = strcmp(a->protocol, b->protocol);

	if (order == 0)
		order = (int)a->port - (int)b->port;
	if (order == 0)
		order = strcmp(a->address, b->address);
	return order != 0 ? order : strcmp(a->program, b->program);
}

static struct value
list_listeners(struct arena *a, const struct host_services_input *in)
{
	struct list_draft l = { .arena = a, .cut = in->listeners_cut };
	struct host_listener *sorted = arena_alloc(a, (in->n_listeners + 1) * sizeof(*sorted));

	if (sorted == NULL)
		return value_unreadable("too large to keep");
	if (in->n_listeners > 0)
		memcpy(sorted, in->listeners, in->n_listeners * sizeof(*sorted));
	qsort(sorted, in->n_listeners, sizeof(*sorted), compare);
	for (size_t i = 0; i < in->n_listeners; i++) {
		const struct host_listener *s = &sorted[i];
		const struct value fields[] = {
			read_text(a, s->protocol, strlen(s->protocol)),
			read_text(a, s->address, strlen(s->address)),
			value_int(s->port),
			read_text(a, s->program, strlen(s->program)),
		};

		if (i == 0 || compare(s, s - 1) != 0)
			list_add(&l, record_make(a, &type_listener, fields));
	}
	return list_finish(&l);
}

/* A number where it is one: rules compare. */
static struct value
sysctl_value(struct arena *a, const struct host_sysctl *s)
{
	struct span text;
	bool negative;
	uint64_t n;

	if (s->text == NULL)
		return unreadable_printf(a, "%s", s->why);
	text = (struct span){ s->text, strcspn(s->text, "\n") };
	negative = text.len > 0 && text.text[0] == '-';
	if (span_number((struct span){ text.text + negative, text.len - negative }, &n) &&
	    n <= INT64_MAX)
		return value_int(negative ? -(int64_t)n : (int64_t)n);
	return read_text(a, text.text, text.len);
}

static struct value
map_sysctls(struct arena *a, const struct host_services_input *in)
{
	struct value_entry *entries = arena_alloc(a, (in->n_sysctls + 1) * sizeof(*entries));

	if (entries == NULL)
		return value_unreadable("too large to keep");
	for (size_t i = 0; i < in->n_sysctls; i++) {
		entries[i] = (struct value_entry){
			read_text(a, in->sysctls[i].name, strlen(in->sysctls[i].name)),
			sysctl_value(a, &in->sysctls[i]),
		};
	}
	return value_map(entries, in->n_sysctls);
}

int
build_host_services(struct snapshot **ret, const struct host_services_input *in)
{
	_cleanup_(draft_deinit) struct draft d = { 0 };
	int r;

	r = draft_init(&d, TOPIC_HOST_SERVICES);
	if (r < 0)
		return r;
	draft_set(&d, FACT_HOST_LISTENERS,
	    in->listeners_why != NULL ? unreadable_printf(d.arena, "%s", in->listeners_why)
				      : list_listeners(d.arena, in));
	draft_set(&d, FACT_HOST_SYSCTLS, map_sysctls(d.arena, in));
	return draft_finish(&d, ret);
}
