/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands of plimsoll: one table says how each is called, what it takes and what it does; help
 * comes from there. */
#ifndef CONTROL_COMMANDS_H
#define CONTROL_COMMANDS_H

#include "control/options.h"

/* Exit statuses, as the interface has them. */
enum {
	STATUS_OK = 0,
	STATUS_FOUND = 1,      /* a finding that --fail-on names; an error of `eval` */
	STATUS_USAGE = 2,      /* usage, settings or rules: nothing was done */
	STATUS_INCOMPLETE = 3, /* something could not be read */
	STATUS_NO_DAEMON = 4,
};

struct command {
	const char *name, *arguments, *help;
	int least, most; /* arguments */
	uint32_t options;
	bool dashes; /* its argument may begin with a dash: an expression */
	int (*run)(const struct options *o);
};

extern const struct command command_table[];
extern const unsigned command_count;

/* Runs what the arguments say; messages go to stderr. Returns the exit status. */
int commands_run(int argc, char **argv);

/* For commands: "plimsoll: what", and the status. */
int command_fail(int status, const char *format, ...) _printf_(2, 3);
int command_fail_client(int r, const char *message); /* a CLIENT_E_* or -errno, with its message */

int command_check(const struct options *o);
int command_status(const struct options *o);
int command_findings(const struct options *o);
int command_drift(const struct options *o);
int command_report(const struct options *o);
int command_explain(const struct options *o);
int command_attest(const struct options *o);
int command_rules(const struct options *o);
int command_lint(const struct options *o);
int command_eval(const struct options *o);
int command_doctor(const struct options *o);
int command_rescan(const struct options *o);
int command_reload(const struct options *o);

/* The rule of that key, or of that number in the benchmark that the options name. NULL after saying
 * why not; the status is then STATUS_USAGE. */
const struct rule *command_find_rule(
    const struct rulebook *rb, const struct options *o, const char *name);

/* Loads what the options name; folders that `instead` names (NULL: none) take the place of rules.d,
 * exceptions.d and plimsoll.d. STATUS_OK, or another after saying why. */
int command_load(
    struct rulebook **ret, const struct options *o, const struct rulebook_paths *instead);

#endif
