/* SPDX-License-Identifier: Apache-2.0 */
#include "report/outlets.h"
#include "judge/judge.h"
#include "report/consumer.h"
#include "report/limiter.h"
#include "report/writer.h"

#include <errno.h>
#include <string.h>

struct outlet {
	struct writer *writer; /* NULL: it was never on */
	struct consumer *consumer;
};

enum { OUTLET_JOURNAL, OUTLET_SYSLOG, OUTLETS };

static const struct consumer_kind *const kinds[OUTLETS] = {
	[OUTLET_JOURNAL] = &consumer_journal,
	[OUTLET_SYSLOG] = &consumer_syslog,
};

struct outlets {
	struct event_base *base;
	struct ledger *ledger;
	const struct judge *judge;
	char *folder;
	struct outlet items[OUTLETS];
};

int
outlets_new(struct outlets **ret, struct event_base *base, struct ledger *ledger,
    const struct judge *judge, const char *folder)
{
	_cleanup_(outlets_freep) struct outlets *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return -ENOMEM;
	o->base = base;
	o->ledger = ledger;
	o->judge = judge;
	o->folder = strdup(folder);
	if (o->folder == NULL)
		return -ENOMEM;
	*ret = TAKE(o);
	return 0;
}

static void
outlet_deinit(struct outlet *outlet)
{
	outlet->writer = writer_free(outlet->writer);
	outlet->consumer = consumer_free(outlet->consumer);
}

struct outlets *
outlets_free(struct outlets *o)
{
	if (o == NULL)
		return NULL;
	for (int i = 0; i < OUTLETS; i++)
		outlet_deinit(&o->items[i]);
	free(o->folder);
	free(o);
	return NULL;
}

static void
on_room(void *arg)
{
	struct outlet *outlet = arg;

	if (outlet->consumer != NULL)
		consumer_run(outlet->consumer);
}

static const char *
fix_of(void *arg, const char *key)
{
	const struct outlets *o = arg;
	const struct rule *rule = rulebook_find(judge_rulebook(o->judge), key, NULL);

	return rule == NULL ? NULL : rule->fix;
}

static int
start(struct outlets *o, int which, const struct limits *limits)
{
	struct outlet *outlet = &o->items[which];
	int r = writer_new(&outlet->writer, o->base, on_room, outlet);

	if (r == 0)
		r = consumer_new(&outlet->consumer, kinds[which], o->base, o->ledger,
		    outlet->writer, o->folder, limits);
	if (r == 0)
		consumer_advise(outlet->consumer, fix_of, o);
	else
		outlet_deinit(outlet);
	return r;
}

static int
set(struct outlets *o, int which, bool on, const struct limits *limits)
{
	struct outlet *outlet = &o->items[which];

	if (outlet->consumer == NULL)
		return on ? start(o, which, limits) : 0;
	consumer_limit(outlet->consumer, limits);
	consumer_pause(outlet->consumer, !on);
	return 0;
}

int
outlets_set(struct outlets *o, const struct settings *s)
{
	const struct limits limits = { s->per_minute, s->fold_after, s->fold_within_s };
	bool journal =
	    s->report_journal == 1 || (s->report_journal < 0 && consumer_journal_is_there());
	bool syslog = s->report_syslog == 1 ||
		      (s->report_syslog < 0 && !journal && consumer_syslog_is_there());
	int r, first;

	consumer_syslog_facility(s->syslog_facility);
	first = set(o, OUTLET_JOURNAL, journal, &limits);
	r = set(o, OUTLET_SYSLOG, syslog, &limits);
	return first != 0 ? first : r;
}

void
outlets_run(struct outlets *o)
{
	for (int i = 0; i < OUTLETS; i++)
		on_room(&o->items[i]);
}

void
outlets_end(struct outlets *o)
{
	for (int i = 0; i < OUTLETS; i++)
		if (o->items[i].consumer != NULL)
			consumer_end(o->items[i].consumer);
}
