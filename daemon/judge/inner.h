/* SPDX-License-Identifier: Apache-2.0
 *
 * The judge's inside, shared by its files and by nobody else. What happens, in order: a mark makes
 * a topic of a subject stale and the pump asks the collector (queue.c); an answer is swapped in and
 * its changed facts noted (queue.c); a round judges the rules that read them (evaluate.c);
 * differences become rows (drift.c) and states (state.c) in the outbox, which commits them
 * (outbox.c). All of it is driven by one function in judge.c, which every entrance schedules and
 * which alone decides when a look is over. */
#ifndef JUDGE_INNER_H
#define JUDGE_INNER_H

#include "judge/cover.h"
#include "judge/judge.h"
#include "judge/judgement.h"
#include "util/json_text.h"

#include <sys/queue.h>

struct event;
struct exec_ask;
struct object;

enum {
	ASKS_MAX = 64,         /* collections under way at once */
	SLOTS_MAX = 6,         /* topics of a kind; asserted by a test */
	GONE_KEPT = 1024,      /* containers that went away last: late events are ignored */
	ROUND_WAIT_MS = 20,    /* how long the first answer of a round waits for others */
	HOLD_MS = 1000,        /* how long a subject waits for the rest of its own topics */
	LOOK_WAIT_MS = 2000,   /* how long in a look all others wait for the host and the engine */
	DOUBT_MS = 1000,       /* between an answer that can't be read and the next question */
	DOUBT_AWAY_MS = 30000, /* how long a gap is waited for, where the engine is gone */
	RETRY_MS = 1000,       /* after memory has run out */
	FACT_WORDS = (_FACTS + 63) / 64,
};

struct fact_set {
	uint64_t words[FACT_WORDS];
};

/* Of what could not be had. */
struct retry {
	uint32_t due_s; /* CLOCK_MONOTONIC; 0: it could be had */
	uint8_t tries;
};

/* One topic of a subject on its way. */
struct slot {
	const struct cause *waiting; /* of the first mark that was not yet asked about */
	const struct cause *working; /* of what is being collected, or waits to be judged */
	int64_t asked_ms;            /* monotonic; 0: never */
	uint64_t since;              /* what it must be newer than, by collector_now() */
	bool stale, urgent;          /* urgent: without regard to the least interval */
	bool asked, answered;        /* answered: swapped in, not judged yet */
	int64_t doubted_ms; /* monotonic: since when it can't be read and isn't believed; 0: no */
	bool look;          /* a look waits for it */
	struct retry retry;
};

struct entry {
	struct subject s; /* the first member: what outsiders see */
	struct slot slots[SLOTS_MAX];
	TAILQ_ENTRY(entry) in_queue, in_answered;
	struct fact_set changed;    /* since it was last judged */
	int64_t added_ms;           /* monotonic */
	int64_t made_ns;            /* of a container, by the engine's clock; 0: not known */
	uint64_t kin;               /* of a container: struct departed */
	int64_t answered_ms;        /* monotonic: the first answer that waits to be judged */
	int64_t execs_cut_until_ms; /* CLOCK_REALTIME: until then, sessions are missing */
	unsigned listed;            /* number of the list that had it last */
	bool queued, held;          /* is in the lists above */
	bool known;                 /* judged once, now or before the start */
	bool dirty;                 /* its state is to be written */
	bool recheck;               /* an exception may have come or gone */
	bool globbed;               /* a file that globs alone name */
	bool succeeded;             /* another container took its place already */
	bool used;                  /* an image: some container was made of it, or ... */
	int64_t used_until_ms;      /* CLOCK_REALTIME: ... may be soon; 0: one is there */
};
TAILQ_HEAD(entries, entry);

struct ask {
	struct judge *judge;
	struct entry *entry; /* NULL: it went away meanwhile */
	enum topic topic;
	bool busy;
};

/* A container that went away. What is kept of its findings is in the ledger. */
struct departed {
	char *id, *name; /* name NULL: nothing is kept, so it has no successor */
	uint64_t kin;    /* hash of its compose project and service; 0: it has none */
	int64_t at_ms;   /* CLOCK_REALTIME */
};

/* The container whose place another one takes. */
struct predecessor {
	char *id;
	struct json_object *state; /* as it is kept in the ledger */
};

/* What waits to be committed. */
struct row {
	int64_t time_ms;
	char *body;
	size_t len;
};
struct put {
	int kind;
	char *id, *state; /* state NULL: the subject is gone */
};
struct record {
	const char *kind; /* static: RECORD_EXEC ... */
	char *id, *body;
	int64_t until_ms;
};
struct outbox {
	struct row *rows;
	struct put *puts;
	struct record *records;
	size_t n_rows, n_puts, n_records;
	uint64_t dropped;    /* rows that had to be forgotten, not yet said */
	bool failing, dirty; /* dirty: some subject is */
	int64_t replaced_ms; /* monotonic: when a broken store was set aside */
	struct event *retry;
	unsigned retry_ms;
};

struct source {
	bool told, sees;
	int64_t since_ms, since_mono_ms;
	uint64_t blind_ms; /* of gaps that are over */
	unsigned gaps;
	char *why;
};

/* A look at everything, or at what a source covers. */
struct look {
	bool active, told; /* told: on_settled() follows */
	uint32_t topics;   /* a bit for each that it is about */
	int64_t begin_ms;  /* monotonic: what was asked later is fresh */
	uint64_t since;    /* the same by collector_now() */
	size_t slots;      /* topics that it waits for */
	struct cause cause;
};

/* The list of subjects of one kind. */
struct listing {
	struct judge *judge;
	enum subject_kind kind;
	bool asked, again;
	bool had;         /* it could be had once */
	int64_t asked_ms; /* monotonic */
	unsigned number;
	char *why; /* why the last one could not be had; NULL: it could */
	struct retry retry;
	/* CLOCK_REALTIME: of what a rule without subjects says, and when it was last known. */
	int64_t since_ms, checked_ms;
	struct cause cause;
};

/* The selected rules of one scope: indices into the rulebook, ascending. */
struct scope_rules {
	uint16_t *rules;
	unsigned n;
};

/* Exceptions, by their place in the rulebook. */
struct covers {
	bool *told;        /* that it has ended */
	int64_t looked_ms; /* CLOCK_REALTIME: ends up to then are told */
};

/* What is kept by rule and by exception of the rulebook in force. */
struct rule_index {
	struct scope_rules scopes[_SUBJECT_KINDS];
	struct covers covers;
	unsigned n_rules;
	char **files_why; /* by rule: why its files are not known; NULL: they are */
};

/* A rulebook that took another's place, until that is told. */
struct reload {
	bool pending; /* the notice is still to come */
	bool judging; /* what differs now differs by the rules */
	struct cause cause;
	unsigned changed, excepted; /* findings */
	unsigned added, removed;    /* rules that are judged from now on, or no longer */
	struct json_object *more;   /* members of the notice; owned */
};

/* Subjects in the order that outsiders see. */
struct sorted {
	const struct subject **items;
	bool stale;
};

/* Members of a rule that are the same in all its findings, as text. */
struct rule_text {
	const struct rule *rule; /* NULL: none */
	struct json_text text;
};

/* Old rows on their way out, some at a time. */
struct prune {
	struct event *step;
	bool active;
	int64_t began_ms; /* monotonic: the last time */
	int64_t before_ms;
	uint64_t keep_bytes;
	uint64_t rows; /* that are gone */
	unsigned waits;
};

struct judge {
	struct event_base *base;
	const struct rulebook *rb;
	struct collector *collector;
	struct ledger *ledger;
	struct judge_handlers handlers;
	struct watch_sink sink;
	struct judge_counters counters;
	int64_t started_ms, started_mono_ms; /* CLOCK_REALTIME, CLOCK_MONOTONIC */
	struct arena *arena;                 /* of one judgement */

	struct rule_index index;
	struct reload reload;

	struct entry **entries; /* by kind, then id */
	size_t n_entries, entries_room;
	struct entry *host, *engine;
	struct sorted *sorted;
	struct rule_text *head; /* of the rule that was written last */
	struct departed *gone;  /* a ring once it is full */
	unsigned n_gone, gone_next;

	struct entries queue, answered;
	struct ask asks[ASKS_MAX];
	unsigned outstanding;
	LIST_HEAD(, exec_ask) exec_asks;
	unsigned execs_outstanding;
	struct listing listings[_SUBJECT_KINDS];
	struct look look;
	const struct cause *last_cause; /* that was held; causes.c */
	bool baseline;                  /* the first look of a new ledger: nothing is news */

	bool files_stale; /* the set of files is to be computed anew */
	struct cause files_cause;
	struct retry files_retry; /* not all could be found */
	char **watched;           /* what on_files() was told */
	size_t n_watched;

	struct source sources[_WATCH_SOURCES];
	struct outbox outbox;
	struct event *step, *clock, *resync, *idle;
	int64_t step_due_ms, clock_due_ms; /* monotonic; 0: not set */
	struct prune prune;
};

/* What judgement_make() reads facts of a subject by. */
struct desk {
	const struct judge *judge;
	const struct subject *subject;
	char words[512];
};

/* judge.c */
void judge_schedule(struct judge *j, int64_t in_ms);
void judge_trouble(struct judge *j, const char *what);

/* adopt.c */
int rule_index_init(struct rule_index *ret, const struct rulebook *rb); /* 0 or -ENOMEM */
void rule_index_deinit(struct rule_index *index);
void reload_tell(struct judge *j); /* the notice, if it is still to come */
void reload_deinit(struct judge *j);

/* subjects.c */
struct slot *entry_slot(struct entry *e, enum topic topic);
struct entry *entry_find(const struct judge *j, enum subject_kind kind, const char *id);
int entry_add(struct judge *j, struct entry **ret, enum subject_kind kind, const char *id);
int entry_name(struct judge *j, struct entry *e, const char *name, const char *image);
void entry_remove(struct judge *j, struct entry *e); /* without a word to anybody */
void entries_free(struct judge *j);
/* All its topics were collected once. */
bool has_all(const struct subject *s);
/* "container web", "the engine" */
void subject_words(const struct subject *s, char *ret, size_t size);
const struct finding *subject_finding(const struct subject *s, unsigned rule);

/* causes.c */
int cause_rank(const struct cause *c);
/* Holds a copy in *at, in place of what was there. 0 or -ENOMEM. */
int cause_set(struct judge *j, const struct cause **at, const struct cause *cause);
/* The same, but keeps the first cause of a kind, and one that tells more above one that tells
 * less. */
int cause_note(struct judge *j, const struct cause **at, const struct cause *cause);
const struct cause *cause_release(const struct cause *cause); /* takes NULL, returns NULL */

/* queue.c */
int mark(
    struct judge *j, struct entry *e, enum topic topic, const struct cause *cause, bool urgent);
void pump(struct judge *j);
void forget_asks(struct judge *j, const struct entry *e);
/* It waits for a first answer on some topic. */
bool entry_is_waiting(struct entry *e, int64_t now_ms);
/* It waits to be judged, once all of it is known. */
void hold(struct judge *j, struct entry *e);
/* Puts a snapshot in place and notes which facts changed. Takes it. */
void swap_in(struct judge *j, struct entry *e, struct snapshot *snapshot);

/* look.c */
/* `topics`: a bit for each. */
int look_begin(struct judge *j, const struct cause *cause, uint32_t topics, bool told);
/* Looks at what the look under way is about, and at what nobody has asked about. */
int look_at(struct judge *j, struct entry *e);
int look_list(struct judge *j, enum subject_kind kind, const struct cause *cause);
void listing_answered(struct listing *listing, bool failed);
/* Ends the look if it is over; says whether it did. */
bool look_end(struct judge *j);
int subject_new(struct judge *j, struct entry **ret, enum subject_kind kind, const char *id);
/* `end_ns`: when, by the engine's clock; 0: just now; -1: nobody knows. */
void subject_gone(struct judge *j, struct entry *e, const struct cause *cause, int64_t end_ns);

/* gone.c */
int gone_load(struct judge *j);
void gone_deinit(struct judge *j);
/* Remembers a container that goes away, whose state is kept yet. 0 or -errno. */
int gone_note(struct judge *j, const struct entry *e);
/* What containers of one compose service share; 0: it is of none. */
uint64_t kin_of(const struct snapshot *inspect);
/* The container that `e` takes the place of: found once. False: there is none. */
bool predecessor_find(struct predecessor *ret, struct judge *j, const struct entry *e);
void predecessor_deinit(struct predecessor *p);
bool recently_gone(const struct judge *j, const char *id);
/* Tells of a container that went away before it could be read. 0 or -ENOMEM. */
int gone_unseen(struct judge *j, const struct entry *e, const struct cause *cause, int64_t end_ns);

/* carried.c */
/* Tells of a container that is judged for the first time; `news`: it has bad findings. */
int carried_or_appeared(struct judge *j, struct entry *e, bool news);

/* evaluate.c */
void fact_set_add(struct fact_set *set, enum fact_id fact);
const struct snapshot *subject_snapshot(
    const struct judge *j, const struct subject *s, enum topic topic);
const struct value *subject_fact(const struct judge *j, const struct subject *s, enum fact_id id);
struct judge_facts desk_facts(struct desk *desk, const struct judge *j, const struct subject *s);
/* Judges one rule over what is held, in the judge's arena, which is emptied first. */
int judge_rule(
    const struct judge *j, const struct subject *s, const struct rule *rule, struct judgement *ret);
bool facts_ready(const struct judge *j);
bool finding_is_blind(const struct judge *j, const struct subject *s, const struct rule *rule);
const struct cause *entry_cause(const struct judge *j, const struct entry *e);
/* In how many ms a round is due; -1: nothing waits. */
int64_t round_due(const struct judge *j, int64_t now_ms);
int round_run(struct judge *j);
/* Judges all rules for all subjects over what is held, but for those that wait for an answer: these
 * are judged with it. 0 or -ENOMEM. */
int round_anew(struct judge *j);

/* covers.c */
int covers_init(struct covers *c, const struct rulebook *rb);
void covers_deinit(struct covers *c);
/* Tells what has ended by now, and has what it covered looked at again. */
void covers_tick(struct judge *j);
/* Tells that it has ended, unless that was told. */
void covers_ended(struct judge *j, const struct exception *e);
bool rule_has_exceptions(const struct judge *j, const struct rule *rule);
/* What covers a judgement now. 0 or -ENOMEM. */
int cover_of(struct cover *ret, const struct judge *j, const struct subject *s,
    const struct rule *rule, const struct judgement *judgement);
/* The same of a finding as it stands; NULL: nothing. Empties the judge's arena. */
const struct exception *finding_exception(
    const struct judge *j, const struct subject *s, const struct finding *f);
void cover_cause(struct cause *ret, const struct cover *cover);
void add_exception(struct object *o, const struct exception *e); /* NULL: null */

/* drift.c */
const char *covered_name(const struct finding *f); /* "waived"; NULL: no exception covers it */
int drift_finding(struct judge *j, struct entry *e, const struct finding *f,
    const struct judgement *judgement, const struct exception *exception,
    const struct cause *cause);
/* A finding whose rule is not judged any more. `why`: "excluded: REASON" */
int drift_unselected(struct judge *j, struct entry *e, const struct finding *f, const char *why);
/* A finding as it stands, held against what is kept of the predecessor's (NULL: nothing). */
int drift_difference(struct judge *j, struct entry *e, const struct finding *f,
    const struct predecessor *p, struct json_object *kept);
int drift_appeared(struct judge *j, struct entry *e, const struct cause *cause);
int drift_carried(
    struct judge *j, struct entry *e, const struct predecessor *p, const struct cause *cause);
int drift_gone(struct judge *j, struct entry *e, const struct cause *cause);
/* A notice that is committed with the round. Takes `more`. */
int drift_notice(struct judge *j, const char *kind, struct json_object *more);
struct json_object *offenders_json(const struct rule *rule, const struct judgement *judgement);

/* render.c */
void add_subject(struct object *o, const struct subject *s);
void add_refs(struct object *o, const struct judge *j, const struct rule *rule);
/* Adds because and evidence, judged anew; `stale`: the reason is that nothing is heard. */
void add_judged(struct object *o, const struct judge *j, const struct subject *s,
    const struct rule *rule, bool stale);

/* state.c */
int state_load(struct judge *j);
int state_save(struct judge *j, struct entry *e);
struct json_object *state_read(const struct judge *j, const struct subject *s);
/* The same as text, the caller's; NULL: there is none. 0 or -errno. */
int state_text(const struct judge *j, const struct subject *s, char **ret);
/* Reads what is kept of one finding. False: it is not what state_save() writes. */
bool state_read_finding(struct finding *ret, struct json_object *kept);
/* What is kept of one finding; a new reference, or NULL. */
struct json_object *state_finding(
    const struct judge *j, const struct subject *s, const struct rule *rule);

/* Kinds of records. */
#define RECORD_EXEC "exec"
#define RECORD_GONE "gone"

/* outbox.c */
int outbox_init(struct judge *j);
void outbox_deinit(struct judge *j);
/* Takes the body; NULL: -ENOMEM. */
int outbox_row(struct judge *j, struct json_object *body);
/* Takes the state; NULL: the subject is gone. */
int outbox_put(struct judge *j, int kind, const char *id, char *state);
/* The state that waits to be written, or NULL. */
const char *outbox_state(const struct judge *j, int kind, const char *id);
/* Takes the body. */
int outbox_record(struct judge *j, const char *kind, const char *id, int64_t until_ms, char *body);
/* The body of a record, the caller's; NULL: there is none. 0 or -errno. */
int outbox_read_record(const struct judge *j, const char *kind, const char *id, char **ret);
/* The state of the subject is to be written. */
void outbox_dirty(struct judge *j, struct entry *e);
void outbox_flush(struct judge *j);
/* Works the store's log in when there is time. */
void outbox_plan_idle(struct judge *j);

/* What waits to be committed of drift and states is of no use any more. */
void outbox_forget_drift(struct judge *j);

/* late.c */
/* Opens the ledger that waits, and holds what it keeps against what is known by now. 0 or -errno,
 * with *retwhy set (caller frees), unless out of memory. */
int late_open(struct judge *j, char **retwhy);
/* Puts a new ledger in the place of a broken one, and all that is known into it. 0 or -errno. */
int late_replace(struct judge *j);

/* prune.c */
int prune_init(struct judge *j);
void prune_deinit(struct judge *j);
/* Begins, if the last time is an hour ago. */
void prune_tick(struct judge *j);

/* files.c */
int files_update(struct judge *j);
void files_stale(struct judge *j, const struct cause *cause);
void files_deinit(struct judge *j);

/* inputs.c */
/* Marks the topics that read from a file of that path or glob. */
int inputs_mark(struct judge *j, const char *path, const struct cause *cause);
/* The fixed files that topics read from, to be watched: NULL ends them. */
const char *input_path(unsigned i);
/* It is one of them. */
bool is_input(const char *path);
/* A file that the engine makes when it starts and takes away when it stops. */
bool is_engine_socket(const struct judge *j, const struct subject *s);

/* image_use.c */
/* A container was read for the first time. `cause` NULL: none is known. */
int image_use_begins(struct judge *j, const struct entry *container, const struct cause *cause);
/* A container goes, and is still held. */
int image_use_ends(struct judge *j, const struct entry *container, const struct cause *cause);
/* What was read of an image: it stays in use for report.carried_within, over a restart as well. */
void image_use_read(struct judge *j, struct entry *image, struct snapshot *fresh);
/* Looks at it again when that time is over. 0 or -ENOMEM. */
int image_use_tick(struct judge *j, struct entry *image);

/* execs.c */
int execs_begin(struct judge *j, struct entry *e);
int execs_load(struct judge *j);
void execs_watched(struct judge *j);
void execs_expire(struct judge *j, struct entry *e);
void execs_seen(
    struct judge *j, const char *container, const char *exec, const struct cause *cause);
void execs_deinit(struct judge *j);

/* gaps.c */
bool source_is_blind(const struct judge *j, enum watch_source s);
void source_blind(struct judge *j, enum watch_source s, const char *why);
void source_sees(struct judge *j, enum watch_source s);
void sources_deinit(struct judge *j);

/* retry.c */
/* Whether it could be had this time. `anew`: it could the last time. */
void retry_note(struct judge *j, struct retry *r, bool failed, bool anew);
/* It is to be asked for again now. False: the clock has been told when it is. */
bool retry_is_due(struct judge *j, const struct retry *r);

/* clock.c */
int clock_init(struct judge *j);
void clock_deinit(struct judge *j);
/* Settings and exceptions are others now. */
void clock_reset(struct judge *j);
/* The clock looks at ages in so many ms at the latest. */
void clock_plan(struct judge *j, int64_t in_ms);

#endif
