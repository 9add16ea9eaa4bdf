/* SPDX-License-Identifier: Apache-2.0
 *
 * The judge: knows the subjects and what was last learned of each, keeps the queue of what is
 * stale, collects it, judges the rules that a changed fact touches, and writes findings and drift
 * into the ledger, one commit a round. Start-up, a rescan, a reload and the recovery after a gap
 * are one act: judge_look(). It asks the collector and never does I/O of its own.
 *
 * A round: everything stale that may be collected now is asked for; when the answers are in (or
 * have waited 20 ms for others), changed facts select rules, rules give judgements, judgements that
 * differ from what is held become drift, and one transaction commits all of it. Then on_committed()
 * is called: consumers read the ledger. */
#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H

#include "collect/collector.h"
#include "judge/ledger.h"
#include "rulebook/rulebook.h"
#include "watch/cause.h"

struct actor;
struct event_base;
struct json_object;
struct json_text;
struct judge;

/* What is held of one rule for one subject. */
struct finding {
	uint16_t rule;    /* index into rulebook.rules */
	uint8_t verdict;  /* enum verdict */
	bool judged;      /* false: never yet */
	bool fresh;       /* judged for the first time in the round under way */
	uint8_t covered;  /* 0, or 1 + enum exception_state: what it counts under */
	int64_t since_ms; /* CLOCK_REALTIME */
	uint64_t digest;  /* struct judgement */
};

struct subject {
	enum subject_kind kind;
	char *id;                            /* "" for host, engine and swarm; a path; a full id */
	char *name;                          /* what people call it */
	char *image;                         /* of a container; NULL */
	struct snapshot *snapshots[_TOPICS]; /* those of its kind; NULL: not collected yet */
	struct finding *findings;            /* one per rule of its scope that covers it */
	unsigned n_findings;
};

struct judge_handlers {
	void *arg;
	void (*on_committed)(void *arg); /* rows may be new in the ledger */
	void (*on_settled)(
	    void *arg); /* the first look, or one asked for, is complete: nothing is stale */
	/* The files that rules look at, globs among them, sorted: to be watched. Called when the
	 * set changed. */
	void (*on_files)(void *arg, const char *const *paths, size_t n);
	/* Who changed a file, where that is known (see actors_find()). May be NULL. */
	bool (*find_actor)(void *arg, const char *path, const char *target, int64_t since_ms,
	    unsigned wait_ms, struct actor *ret);
	/* Something that the operator of the daemon must hear: the store could not be written, a
	 * round failed. */
	void (*on_trouble)(void *arg, const char *what);
};

struct judge_counters {
	uint64_t events, stale_marks, collections, evaluations, resyncs, missed_changes, gaps,
	    drops, drifts;
};

/* Borrows all but the handlers, which are copied. The collector goes before the judge does, so that
 * it has no answers left to give. The ledger may have no store (see
 * judge/ledger.h). */
int judge_new(struct judge **ret, struct event_base *base, const struct rulebook *rb,
    struct collector *collector, struct ledger *ledger, const struct judge_handlers *handlers);
struct judge *judge_free(struct judge *j); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct judge, judge_free)

/* The sink that watchers report to. Borrowed. */
const struct watch_sink *judge_sink(struct judge *j);
/* Marks everything stale: all subjects are listed anew and looked at. on_settled() follows. */
int judge_look(struct judge *j, enum cause_source source);
bool judge_settled(const struct judge *j);
/* Nothing is stale, under way or to be judged. */
bool judge_is_idle(const struct judge *j);
/* Puts another rulebook in force, at once and whole: findings go over by the keys of their rules,
 * all are judged anew over what is held, which tells drift by rules from drift by the host, and
 * then everything is looked at again; a notice "reloaded" follows, with counts and the members of
 * `more` (consumed; NULL: none). 0: the old rulebook is used no longer. -ENOMEM: it stays. */
int judge_adopt(struct judge *j, const struct rulebook *rb, struct json_object *more);
/* What a glob that on_files() named matches may have changed, if it `moved`; else something about a
 * file that it matches did. */
void judge_files_changed(struct judge *j, const char *pattern, bool moved);

/* Subjects in order of kind, then name. Borrowed; valid until the next return to the event loop. */
const struct subject *const *judge_subjects(const struct judge *j, size_t *ret_n);
const struct rulebook *judge_rulebook(const struct judge *j);
const struct judge_counters *judge_counters(const struct judge *j);
/* Stale topics that wait. */
size_t judge_queue_depth(const struct judge *j);
/* Whether a source sees, and since when (CLOCK_REALTIME ms); *ret_why is set while it is blind. */
bool judge_source_sees(
    const struct judge *j, enum watch_source s, int64_t *ret_since_ms, const char **ret_why);
uint64_t judge_blind_ms(const struct judge *j, enum watch_source s); /* in all */
unsigned judge_gaps(const struct judge *j, enum watch_source s);

/* A finding as outputs see it. A rule without any subject (no container, say) has one finding too:
 * not applicable, or unknown where the subjects could not be listed, and the engine's. */
struct finding_view {
	const struct subject *subject;
	const struct rule *rule;
	const struct finding *finding; /* NULL: the rule has no subject */
	enum verdict verdict;          /* what is to be shown: unknown while its source is blind */
	const struct exception *exception; /* it counts under this alone; NULL: under its verdict */
};
/* Every finding, in order of rules, then subjects. Stops at the first callback that returns other
 * than 0, and returns that. */
typedef int judge_finding_fn(void *arg, const struct finding_view *view);
int judge_each_finding(const struct judge *j, judge_finding_fn *fn, void *arg);
/* A place in that order: that of a finding, whether it is still there or not. */
struct finding_place {
	unsigned rule;
	char *name, *id; /* of the subject */
};
/* Those behind a place; NULL: all. */
int judge_each_finding_behind(
    const struct judge *j, const struct finding_place *place, judge_finding_fn *fn, void *arg);

struct judge_summary {
	unsigned verdicts[_VERDICTS], waived, attested;
	unsigned notselected; /* rules that the settings leave out */
	unsigned notchecked;  /* entries of enabled benchmarks that no rule stands for */
};
struct judge_summary judge_summary(const struct judge *j);
/* As interfaces.md has it. New reference; NULL when out of memory. */
struct json_object *judge_summary_json(const struct judge *j);

/* A finding with its reason and evidence, judged anew from what is held, as interfaces.md has it:
 * an object with rule, title, severity, refs, subject, verdict, since, checked, because, evidence,
 * exception. New reference; NULL when out of memory. */
struct json_object *judge_finding_json(const struct judge *j, const struct finding_view *view);
/* The same as text, written at once. */
void judge_put_finding(
    const struct judge *j, const struct finding_view *view, struct json_text *text);
/* The engine's part of that document, or a JSON null. */
struct json_object *judge_engine_json(const struct judge *j);

/* Forgets rows of the ledger that the settings don't keep: some at a time, while nothing else is to
 * be done, and with a notice at the end. Done after a look, and once an hour, without being asked.
 */
void judge_prune(struct judge *j);

/* A notice row of that kind, with members of `more` (consumed; NULL: none): started, stopping,
 * heartbeat ... */
int judge_notice(struct judge *j, const char *kind, struct json_object *more);

#endif
