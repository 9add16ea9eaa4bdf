/* SPDX-License-Identifier: Apache-2.0
 *
 * A world for the judge: a collector whose answers a test sets, and a judge that looks at it. It
 * stands in for collect/collector.c: a program that includes this must not link that. */
#ifndef TESTS_JUDGE_WORLD_H
#define TESTS_JUDGE_WORLD_H

#include "judge/judge.h"

#include <json-c/json.h>

struct thing; /* a subject with its facts */

struct world {
	struct event_base *base;
	struct rulebook *rb;
	struct collector *collector;
	struct ledger *ledger;
	struct judge *judge;
	char dir[64], path[128];
	bool store_away;
	unsigned settled, committed, files_told;
	char files[1024];         /* what on_files() said last, with a space behind each */
	char trouble[1024];       /* everything that on_trouble() said */
	struct json_object *rows; /* rows of the ledger that world_rows() was not asked for yet */
	uint64_t read;
};

struct rule_source;

/* A world without a judge yet. `store`: the ledger is a file. */
struct world *world_new(const struct rule_source *rules, unsigned n, bool store);
void world_free(struct world *w);
int world_teardown(void **state); /* the same, for cmocka */
void world_open(struct world *w); /* opens the ledger and makes a judge */
/* From now on the store can't be opened, or can be again. */
void world_store_away(struct world *w, bool away);
void world_look(struct world *w);  /* the first look, until it settles */
void world_start(struct world *w); /* both */
void world_begin(struct world *w); /* both, and forgets the rows that came of it */
void world_stop(struct world *w);  /* ends judge and ledger, as a restart does */

/* Sets facts of a subject, as JSON by path; null is absent, {"unreadable": why} is unreadable. A
 * new subject is made; facts that stay unset are unreadable. */
void world_set(struct world *w, enum subject_kind kind, const char *id, const char *facts);
void world_remove(struct world *w, enum subject_kind kind, const char *id);
void world_engine_away(struct world *w, const char *why);             /* NULL: it is back */
void world_exec(struct world *w, const char *exec, const char *json); /* NULL: can't be read */
/* From now on questions wait until they are let go. */
void world_hold(struct world *w, bool hold);
/* The same of topics of the engine alone. */
void world_freeze(struct world *w, bool freeze);
unsigned world_asked(const struct world *w); /* collections that were asked for */

/* Says that something is stale, by a docker event. */
void world_event(
    struct world *w, enum subject_kind kind, const char *id, enum topic topic, const char *detail);
/* What an event calls a container, and, after `after_ms`, that it went away. */
void world_named(struct world *w, const char *id, const char *name, const char *image);
void world_gone(struct world *w, const char *id, int64_t after_ms);
void world_blind(struct world *w, enum watch_source source, const char *why);
void world_sees(struct world *w, enum watch_source source);
/* Runs the loop until nothing happens any more. */
void world_settle(struct world *w);
/* Runs the loop for a moment, while nothing can become still. */
void world_turn(struct world *w);
/* Runs the loop until `done` says yes, at most ten seconds. */
void world_until(struct world *w, bool (*done)(struct world *w));
/* The rows that came since the last call: an array, borrowed until the next. */
struct json_object *world_rows(struct world *w);

void expect_rows(struct json_object *rows, size_t n);
/* A row's type, rule and moves in one line: "regressed caps pass fail". */
void expect_row(struct json_object *row, const char *want);

/* Whether a text stands in the file of a ledger that is closed. */
bool world_file_has(struct world *w, const char *text);

/* The text of a member, by a path such as "subject/id"; "" when there is none. */
const char *json_text(struct json_object *json, const char *path);
struct json_object *json_at(struct json_object *json, const char *path);

#endif
