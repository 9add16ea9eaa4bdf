/* SPDX-License-Identifier: Apache-2.0
 *
 * The options of both programs: one table says how each is written, what it takes and who takes it;
 * parsing and help come from there. */
#ifndef CONTROL_OPTIONS_H
#define CONTROL_OPTIONS_H

#include "control/filter.h"
#include "util/macros.h"
#include <stdint.h>
#include <stdio.h>

/* What a command takes. */
enum option_group {
	OPTIONS_SOCKET = 1 << 0, /* of the daemon that is asked, or listens */
	OPTIONS_RULES = 1 << 1,  /* where rules and settings are */
	OPTIONS_HOST = 1 << 2,   /* what is audited */
	OPTIONS_FILTER = 1 << 3,
	OPTIONS_FORMAT = 1 << 4,
	OPTIONS_TABLE = 1 << 5,
	OPTIONS_VERDICT = 1 << 6, /* what the exit status says */
	OPTIONS_DRIFT = 1 << 7,
	OPTIONS_VARS = 1 << 8,
	OPTIONS_BENCHMARK = 1 << 9,    /* the one filter that names numbers */
	OPTIONS_DAEMON = 1 << 10,      /* plimsolld's own */
	OPTIONS_JUNIT = 1 << 11,       /* OPTIONS_FORMAT, and one that shows test results */
	OPTIONS_PERIOD = 1 << 12,      /* OPTIONS_FORMAT, and those of a report */
	OPTIONS_TIMES = 1 << 13,       /* from when to when */
	OPTIONS_WHICH_RULES = 1 << 14, /* the filters that choose among rules */
	/* All that plimsolld takes. */
	OPTIONS_OF_DAEMON = OPTIONS_SOCKET | OPTIONS_RULES | OPTIONS_HOST | OPTIONS_DAEMON,
};

enum format {
	FORMAT_TABLE,
	FORMAT_JSON,
	FORMAT_JUNIT,
	FORMAT_CSV,
	FORMAT_HTML,
	_FORMATS,
};

struct options {
	const char *socket, *config, *rules_dir, *engine, *host_root, *state, *vars;
	char *since, *until; /* as rows of drift have times; owned */
	enum format format;
	uint32_t fail_on; /* bit set of enum verdict */
	bool all, quiet, follow, test_config, print, help, version;
	struct filter *filter;
	char **args; /* what is no option */
	int n_args;
};

enum {
	_OPTIONS_E_SUCCESS,
	OPTIONS_E_INVALID, /* *reterr says what is wrong; the caller frees it */
};

/* Parses argv[1..]; options and arguments may be mixed. Reorders argv, and points into it. 0,
 * OPTIONS_E_INVALID or -ENOMEM. */
int options_parse(struct options *ret, uint32_t groups, int argc, char **argv, char **reterr);
void options_deinit(struct options *o);

/* An option as help shows it. */
struct option_words {
	char letter;                        /* 0: none */
	const char *name, *argument, *help; /* argument NULL: it takes none */
	bool filter;                        /* it narrows down what a command is about */
};

/* The options of these groups, one after the other. */
void options_each(
    uint32_t groups, void (*fn)(void *arg, const struct option_words *words), void *arg);

/* The same for people: filters behind the others, under a heading. */
void options_print(FILE *out, uint32_t groups);

#endif
