/* SPDX-License-Identifier: Apache-2.0
 *
 * A rulebook in the making, within the rulebook: the files that go in, one at a time, and what is
 * wrong with them. Functions that take a file or a part of it return 0 also when they complained:
 * the complaints decide in the end. A negative errno ends the loading. */
#ifndef RULEBOOK_LOADING_H
#define RULEBOOK_LOADING_H

#include "rulebook/complaints.h"
#include "rulebook/rulebook.h"
#include "rulebook/yaml_reader.h"
#include "util/sha256.h"

enum {
	_LOADING_E_SUCCESS,
	LOADING_E_REFUSED, /* after a complaint */
};

enum {
	LOADING_FILES_MAX = 256, /* of one folder */
	LOADING_RULES_MAX = 1024,
	LOADING_BENCHMARKS_MAX = 32,
	LOADING_EXCEPTIONS_MAX = 4096,
	LOADING_MEMORY_MAX = 64 * 1024 * 1024,
};

/* A rule that the settings leave out. */
struct exclusion {
	struct exclusion *next;
	const char *rule, *reason;
	const char *file;
	unsigned line;
};

/* An exception, and the rule that it names. */
struct pending_exception {
	struct pending_exception *next;
	struct exception exception;
	const char *rule;
};

/* A rule that a benchmark's entry names, and how it reads it. */
struct reference {
	struct reference *next;
	struct benchmark_entry *entry;
	const char *rule;     /* NULL: none, so the entry needs a title of its own */
	const char *as;       /* the reading's key; NULL: as the rule itself says */
	struct value *params; /* the reading's: param_count, of which those of `fixed` are set */
	uint64_t fixed;       /* bit set */
	const char *file;
	unsigned line;
};

/* What the settings say of rules; applied when all files are in. */
struct selection {
	uint32_t levels;               /* bit set */
	const char *const *benchmarks; /* ids, ended by NULL; NULL: all */
	const char *benchmarks_file;
	unsigned benchmarks_line;
	struct exclusion *exclusions, **exclusions_tail;
};

struct loading {
	struct rulebook *rb;
	struct complaints complaints;
	struct sha256 *digest;
	struct selection selection;
	struct reference *references, **references_tail;
	unsigned n_readings; /* they stand behind the rulebook's n_rules until all are found */
	struct pending_exception *exceptions, **exceptions_tail;
	bool rules_missing; /* a file of rules could not be read: don't miss its rules elsewhere */

	/* The file at hand. */
	const char *file;      /* in the rulebook's arena */
	bool shipped;          /* from the folder of ours */
	struct arena *scratch; /* of its nodes */
};

int loading_init(struct loading *l); /* 0 or -ENOMEM */
void loading_deinit(struct loading *l);

typedef int loading_fn(struct loading *l, const struct yaml_node *root);

enum {
	LOADING_NEEDED = 1 << 0,  /* that it isn't there is a complaint */
	LOADING_GUARDED = 1 << 1, /* refused where others than root and ourselves may write it */
};

/* Reads a file and hands its root to `take`; not called for a file without a document. */
int loading_file(struct loading *l, const char *path, unsigned flags, loading_fn *take);
/* The same for all *.yaml of a folder, by name. */
int loading_folder(struct loading *l, const char *path, unsigned flags, loading_fn *take);

/* About a line of the file at hand; 0: about the file. */
void loading_complain(struct loading *l, unsigned line, const char *format, ...) _printf_(3, 4);
/* The text as it may stand in a message: one line, not too long. Never NULL. */
const char *loading_shown(struct loading *l, const char *text);

loading_fn load_rules;                   /* load_rules.c */
loading_fn load_benchmark;               /* load_benchmarks.c */
loading_fn load_settings;                /* load_settings.c */
loading_fn load_exceptions;              /* load_exceptions.c */
int default_settings(struct loading *l); /* what holds before any file; 0 or -ENOMEM */

/* Whether a text is spelled as a rule's key is, and the complaint if not; `name` is what holds it.
 */
bool key_is_spelled(struct loading *l, unsigned line, const char *name, const char *text);

/* When all files are in and rules are sorted: gives the entries of benchmarks their rules, adding
 * readings behind the sorted ones; brings benchmarks into order and says of rules whether they are
 * selected; gives exceptions their rules, and checks that they are of a sort. */
int resolve_benchmarks(struct loading *l); /* load_benchmarks.c; 0 or -ENOMEM */
int select_rules(struct loading *l);       /* select.c */
int resolve_exceptions(struct loading *l); /* load_exceptions.c */

#endif
