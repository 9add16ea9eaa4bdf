/* SPDX-License-Identifier: Apache-2.0
 *
 * The rulebook: rules, benchmarks, settings and exceptions, read from YAML files and checked whole.
 * Loading makes a new rulebook or none: reload is a transaction. Knows nothing of subjects, of the
 * world or of findings.
 *
 * Files, all with the ending .yaml: lists of rules in RULES_DIR, benchmarks in
 * RULES_DIR/benchmarks, the site's own in rules.d (and rules.d/benchmarks), settings in
 * plimsoll.yaml and plimsoll.d, lists of exceptions in exceptions.d. No anchors, tags or merges; an
 * unknown or repeated key is refused; every complaint is "FILE:LINE: what".
 *
 * A file or folder of the site (all but RULES_DIR) is refused if it is owned by another user than
 * root and the one that we run as, or if its group or others may write it. RULES_DIR is named by
 * whoever starts the program and may be a checkout of any owner; packages install it as root's.
 *
 * Settings files are read in the order of their names, plimsoll.yaml first. A later file wins key
 * by key, lists as a whole; select.exclude adds up. Rules of RULES_DIR must have examples of each
 * verdict that they can give; the site's own may.
 *
 * Where an edition reads a rule otherwise than the rule's file does, its entry fixes parameters and
 * gives that reading a key of its own: it is judged beside the rule, whatever the settings say of
 * these parameters. Editions that read alike share a reading. */
#ifndef RULEBOOK_RULEBOOK_H
#define RULEBOOK_RULEBOOK_H

#include "expr/expr.h"
#include "facts/facts.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_REVIEW,
	VERDICT_UNKNOWN,
	VERDICT_NOT_APPLICABLE,
	_VERDICTS,
};

enum severity {
	SEVERITY_CRITICAL,
	SEVERITY_HIGH,
	SEVERITY_MEDIUM,
	SEVERITY_LOW,
	_SEVERITIES,
};

const char *verdict_name(enum verdict v);   /* "not-applicable" */
const char *severity_name(enum severity s); /* "critical" */
int verdict_from_name(const char *name);    /* -1: none of that name */
int severity_from_name(const char *name);

enum rule_kind {
	RULE_PASS,      /* `test` is a bool: true passes */
	RULE_OFFENDERS, /* `test` is a list: empty passes, elements are the evidence */
	RULE_REVIEW,    /* `reviews` are laid before a person */
};

/* Where the files of a file rule come from. */
struct rule_files {
	char *pattern;     /* a literal path or a glob; NULL where it is an expression */
	struct expr *expr; /* list(string) or string; "" means none */
};

/* An example: facts and the verdict that they must get. */
struct rule_example {
	enum verdict verdict;
	struct value
	    facts; /* map from path to value, in the rulebook's arena; params too ("params.NAME") */
	const char *const
	    *absent; /* paths, or prefixes of paths ("container.process"), ended by NULL */
	const char *const *unreadable;
	const char *source; /* file */
	unsigned line;
};

struct rule {
	unsigned index; /* its place in rulebook.rules */
	const char *key, *title;
	enum severity severity;
	enum subject_kind scope;
	struct expr *when;     /* bool; NULL: always */
	const char *otherwise; /* why it doesn't apply when `when` is false */
	enum rule_kind kind;
	struct expr *test;
	struct expr **reviews;
	unsigned n_reviews;
	struct rule_files *files;
	unsigned n_files;
	/* A fail in words, with {subject} and {fact.path}: "{subject} runs privileged". Made from
	 * the title where the file has none; never NULL. */
	const char *says;
	const char *why, *audit, *fix;
	const unsigned *reads; /* ids of facts and parameters that when, test and reviews read, and
				* that `says` shows: ascending, distinct. Those that `files` read
				* are not among them: expr_reads() of each tells */
	size_t n_reads;
	uint32_t topics;                     /* bit set of enum topic: those of `reads` */
	const struct rule_example *examples; /* a reading has none of its own */
	unsigned n_examples;
	/* A reading: another rule as an entry of a benchmark reads it. All but key, title and
	 * parameters is that rule's. NULL: a rule of its own. */
	const struct rule *reading_of;
	uint64_t fixed;             /* a reading: bit set of the parameters that its entry fixes */
	const struct value *params; /* a reading: param_count of them; else NULL, the rulebook's */
	const char *source;         /* file */
	unsigned line;
	bool selected; /* an enabled benchmark has it at a selected level, or no benchmark has it;
			* and nobody excluded it */
	const char *unselected_why; /* "excluded: REASON" */
};

struct benchmark_entry {
	const char *id;      /* "5.4" */
	const char *section; /* "5" */
	const char *title;
	unsigned level;
	bool scored;
	const struct rule *rule; /* NULL: notchecked */
};

struct benchmark_section {
	const char *id; /* "5" */
	const char *title;
};

struct benchmark {
	const char *id; /* "cis-docker-1.11.0" */
	const char *title;
	const char *version;                /* "1.11.0" */
	struct benchmark_section *sections; /* in the order of the file, as entries are */
	unsigned n_sections;
	struct benchmark_entry *entries;
	unsigned n_entries;
	bool enabled;
};

/* A parameter is a setting that rules read as params.NAME. Declared with type and default in one
 * table (params.c). Its id for the checker is PARAM_ID_FIRST + its index. */
enum { PARAM_ID_FIRST = 4096 };
struct param {
	const char *name;
	const struct type *type;
	const char *doc;
	const char *default_json;
};
extern const struct param param_table[];
extern const unsigned param_count;

struct settings {
	const char *engine_socket;         /* "/run/docker.sock" */
	unsigned resync_interval_s;        /* 6 h */
	unsigned heartbeat_interval_s;     /* 1 h; 0: never */
	unsigned open_interval_s;          /* 1 d; 0: never */
	int report_journal, report_syslog; /* -1 auto, 0 off, 1 on */
	const char *syslog_facility;       /* "authpriv" */
	unsigned keep_days;
	uint64_t keep_bytes;
	unsigned exec_keep_s;   /* how long an exec finding stays: 1 day */
	unsigned per_minute;    /* rows about one rule that the journal and syslog are told: 60 */
	unsigned fold_after;    /* rows about one rule and one subject within ...: 5 */
	unsigned fold_within_s; /* ... 10 min. 0: any number */
	unsigned carried_within_s; /* how soon a container takes the place of a gone one: 10 min;
				      0: never */
};

/* An operator's entry: a fail is waived, or a review attested, by whom, why and until when. The
 * rulebook keeps it past its end: whoever judges says that it has ended. */
enum exception_state {
	EXCEPTION_WAIVED,   /* of rules that pass or fail */
	EXCEPTION_ATTESTED, /* of reviews */
	_EXCEPTION_STATES,
};
const char *exception_state_name(enum exception_state s); /* "waived" */

/* What its pattern is held against. */
enum exception_match {
	EXCEPTION_ALL, /* no pattern: every subject of the rule */
	EXCEPTION_NAME,
	EXCEPTION_IMAGE,
	EXCEPTION_LABEL, /* of containers. "KEY": has it; "KEY=GLOB": and with such a value */
	EXCEPTION_PATH,
	_EXCEPTION_MATCHES,
};

struct exception {
	const struct rule *rule;
	enum exception_match match;
	const char *pattern; /* a glob, in which * matches slashes too; NULL: EXCEPTION_ALL */
	enum exception_state state;
	const char *owner, *reason;
	const char *ticket;   /* NULL: none */
	const char *expires;  /* as it is written; NULL: never */
	int64_t expires_ms;   /* CLOCK_REALTIME from which on it covers nothing; INT64_MAX: never */
	const char *evidence; /* SHA-256 in hex of what was attested; NULL: any */
	const char *source;   /* file */
	unsigned line;
};

struct rulebook {
	struct rule **rules; /* sorted by key */
	unsigned n_rules;
	struct exception *exceptions; /* by rule, then in the order of files and lines */
	unsigned n_exceptions;
	struct benchmark *benchmarks; /* the leading one first, enabled before others */
	unsigned n_benchmarks;
	struct settings settings;
	struct value *params; /* param_count of them */
	char sha256[65];      /* of all files that went in, in the order of their names */
	struct arena *arena;
};

struct rulebook_paths {
	const char *rules_dir;      /* ours */
	const char *site_rules_dir; /* NULL or absent: none */
	const char *config_file;    /* NULL: defaults; named but absent: refused */
	const char *config_dir;     /* plimsoll.d; NULL or absent: none */
	const char *exceptions_dir; /* NULL or absent: none */
};

enum {
	_RULEBOOK_E_SUCCESS,
	RULEBOOK_E_INVALID, /* *reterrors: one complaint a line, at most 50 */
};

/* 0, RULEBOOK_E_INVALID, or -errno (with *reterrors set where a file is the reason). The caller
 * frees *reterrors. */
int rulebook_load(struct rulebook **ret, const struct rulebook_paths *paths, char **reterrors);
struct rulebook *rulebook_free(struct rulebook *rb); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct rulebook, rulebook_free)

/* By key, by number in the benchmark named (NULL: the leading one), or by "1.6.0:5.29", whatever is
 * named. NULL: there is none. */
const struct rule *rulebook_find(
    const struct rulebook *rb, const char *key_or_number, const char *benchmark);
/* The key of the rule that a mistyped key is nearest to, for "did you mean", or NULL. */
const char *rulebook_nearest(const struct rulebook *rb, const char *key);
/* The exceptions of a rule: the first of *ret_n. */
const struct exception *rulebook_exceptions(
    const struct rulebook *rb, const struct rule *rule, unsigned *ret_n);
/* The benchmark whose numbers stand alone; NULL: none is enabled. */
const struct benchmark *rulebook_leading(const struct rulebook *rb);
/* The entry of a rule in a benchmark, or NULL. */
const struct benchmark_entry *benchmark_entry_of(
    const struct benchmark *b, const struct rule *rule);

/* The value that a parameter has for a rule; `id` counts from PARAM_ID_FIRST. */
const struct value *rulebook_param(const struct rulebook *rb, const struct rule *rule, unsigned id);

/* Names of facts and parameters, for expr_check(): what a rule of that scope may read (its own
 * subject's facts, the host's, the engine's, the parameters). Static. */
const struct expr_names *rulebook_names(enum subject_kind scope);
/* The path of a fact or parameter id: "container.privileged", "params.trusted_users". */
const char *rulebook_name_of(unsigned id);

#endif
