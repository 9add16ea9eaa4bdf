/* SPDX-License-Identifier: Apache-2.0 */
#include "control/commands.h"
#include "control/client.h"
#include "control/setup.h"
#include "util/nearest.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

const struct command command_table[] = {
	{ "check", "", "audit once, without the daemon", 0, 0,
	    OPTIONS_RULES | OPTIONS_HOST | OPTIONS_FILTER | OPTIONS_JUNIT | OPTIONS_TABLE |
		OPTIONS_VERDICT,
	    false, command_check },
	{ "status", "", "summary from the running daemon", 0, 0, OPTIONS_SOCKET | OPTIONS_FORMAT,
	    false, command_status },
	{ "findings", "", "what the daemon holds now", 0, 0,
	    OPTIONS_SOCKET | OPTIONS_FILTER | OPTIONS_FORMAT | OPTIONS_TABLE, false,
	    command_findings },
	{ "drift", "", "what changed", 0, 0,
	    OPTIONS_SOCKET | OPTIONS_FILTER | OPTIONS_FORMAT | OPTIONS_DRIFT | OPTIONS_TIMES, false,
	    command_drift },
	{ "report", "", "what was true over a period", 0, 0,
	    OPTIONS_SOCKET | OPTIONS_FILTER | OPTIONS_PERIOD | OPTIONS_TABLE | OPTIONS_TIMES, false,
	    command_report },
	{ "explain", "RULE [SUBJECT]", "a rule, what it read, why this verdict, and the fix", 1, 2,
	    OPTIONS_SOCKET | OPTIONS_RULES | OPTIONS_FORMAT | OPTIONS_BENCHMARK, false,
	    command_explain },
	{ "attest", "RULE [SUBJECT]", "print an exception for what is found now, to be filled in",
	    1, 2, OPTIONS_SOCKET | OPTIONS_BENCHMARK, false, command_attest },
	{ "rules", "[show RULE | test [PATH]]", "list the rules, show one, or run their examples",
	    0, 2, OPTIONS_RULES | OPTIONS_FORMAT | OPTIONS_WHICH_RULES, false, command_rules },
	{ "lint", "[PATH]", "check rules, benchmarks and settings as the daemon does", 0, 1,
	    OPTIONS_RULES, false, command_lint },
	{ "eval", "EXPR", "evaluate an expression; every name is taken from --vars", 1, 1,
	    OPTIONS_VARS, true, command_eval },
	{ "doctor", "", "what evidence cannot be read here, why, and what to do", 0, 0,
	    OPTIONS_SOCKET | OPTIONS_RULES | OPTIONS_HOST | OPTIONS_FORMAT, false, command_doctor },
	{ "rescan", "", "have the daemon look at everything again", 0, 0, OPTIONS_SOCKET, false,
	    command_rescan },
	{ "reload", "", "have the daemon read rules, settings and exceptions anew", 0, 0,
	    OPTIONS_SOCKET, false, command_reload },
};
const unsigned command_count = ARRAY_SIZE(command_table);

int
command_fail(int status, const char *format, ...)
{
	va_list args;

	(void)fputs("plimsoll: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return status;
}

int
command_fail_client(int r, const char *message)
{
	if (message == NULL)
		message = strerror(r < 0 ? -r : 0);
	return command_fail(r == CLIENT_E_REFUSED ? STATUS_USAGE : STATUS_NO_DAEMON, "%s", message);
}

const struct rule *
command_find_rule(const struct rulebook *rb, const struct options *o, const char *name)
{
	const struct benchmark *b = filter_benchmark(o->filter, rb);
	const struct rule *rule;
	_cleanup_(freep) char *why = NULL;
	const char *near;

	if (filter_check(o->filter, rb, &why) != 0) {
		(void)command_fail(STATUS_USAGE, "%s", why == NULL ? "out of memory" : why);
		return NULL;
	}
	rule = rulebook_find(rb, name, b == NULL ? NULL : b->id);
	if (rule != NULL)
		return rule;
	near = rulebook_nearest(rb, name);
	(void)command_fail(STATUS_USAGE,
	    near != NULL ? "no such rule: %.64s; did you mean %s?"
			 : "no such rule: %.64s; plimsoll rules lists them",
	    name, near);
	return NULL;
}

int
command_load(struct rulebook **ret, const struct options *o, const struct rulebook_paths *instead)
{
	_cleanup_(setup_freep) struct setup *setup = NULL;
	_cleanup_(freep) char *errors = NULL;
	int r = setup_new(&setup, o->config, o->rules_dir);

	if (r == 0) {
		if (instead != NULL && instead->site_rules_dir != NULL)
			setup->paths.site_rules_dir = instead->site_rules_dir;
		if (instead != NULL && instead->exceptions_dir != NULL)
			setup->paths.exceptions_dir = instead->exceptions_dir;
		if (instead != NULL && instead->config_dir != NULL)
			setup->paths.config_dir = instead->config_dir;
		r = rulebook_load(ret, &setup->paths, &errors);
	}
	if (r == 0)
		return STATUS_OK;
	if (errors == NULL)
		return command_fail(STATUS_USAGE, "%s: %s",
		    setup == NULL ? "rules" : setup->paths.rules_dir, strerror(-r));
	(void)fprintf(stderr, "%s%s", errors, errors[strlen(errors) - 1] == '\n' ? "" : "\n");
	return STATUS_USAGE;
}

static const struct command *
find_command(const char *name)
{
	for (unsigned i = 0; i < command_count; i++)
		if (strcmp(command_table[i].name, name) == 0)
			return &command_table[i];
	return NULL;
}

static void
print_help(FILE *out)
{
	(void)fputs("usage: plimsoll COMMAND [OPTION...] [ARGUMENT...]\n\n"
		    "Audits a Docker host against the CIS Docker Benchmark.\n\n",
	    out);
	for (unsigned i = 0; i < command_count; i++) {
		char call[48];

		(void)snprintf(
		    call, sizeof(call), "%s %s", command_table[i].name, command_table[i].arguments);
		(void)fprintf(out, "  %-32s  %s\n", call, command_table[i].help);
	}
	(void)fputs("  help [COMMAND]                    this list, or what a command takes\n"
		    "\nExit status: 0 nothing found; 1 found; 2 usage, settings or rules; 3 "
		    "incomplete; 4 no daemon.\n",
	    out);
}

static void
print_command_help(FILE *out, const struct command *c)
{
	(void)fprintf(out, "usage: plimsoll %s [OPTION...]%s%s\n\n%s\n\n", c->name,
	    *c->arguments == '\0' ? "" : " ", c->arguments, c->help);
	options_print(out, c->options);
}

static int
usage(const struct command *c, const char *why)
{
	(void)command_fail(STATUS_USAGE, "%s", why);
	(void)fprintf(stderr, "try: plimsoll help %s\n", c->name);
	return STATUS_USAGE;
}

static int
no_such_command(const char *name)
{
	struct nearest n = nearest_to(name, strlen(name));

	for (unsigned i = 0; i < command_count; i++)
		nearest_offer(&n, command_table[i].name);
	if (*name == '-')
		return command_fail(
		    STATUS_USAGE, "%.64s: options come behind the command: plimsoll help", name);
	(void)command_fail(STATUS_USAGE,
	    n.name != NULL ? "no such command: %.64s; did you mean %s?" : "no such command: %.64s",
	    name, n.name);
	(void)fputs("try: plimsoll help\n", stderr);
	return STATUS_USAGE;
}

static int
run_help(int argc, char **argv)
{
	const struct command *c = argc > 2 ? find_command(argv[2]) : NULL;

	if (argc > 2 && c == NULL)
		return no_such_command(argv[2]);
	if (c == NULL)
		print_help(stdout);
	else
		print_command_help(stdout, c);
	return STATUS_OK;
}

/* An expression may begin with a dash: what is none of the command's own options comes behind "--".
 * `sorted` has room for argc + 2. Returns how many. */
static int
sort_dashes(int argc, char **argv, char **sorted)
{
	static char end[] = "--";
	int n = 1;

	sorted[0] = argv[0];
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 1; i < argc; i++) {
			bool with_value = strcmp(argv[i], "--vars") == 0 && i + 1 < argc;
			bool option = with_value || strncmp(argv[i], "--vars=", 7) == 0 ||
				      strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;

			if (option == (pass == 0) && strcmp(argv[i], end) != 0)
				sorted[n++] = argv[i];
			if (with_value && option == (pass == 0))
				sorted[n++] = argv[i + 1];
			i += with_value;
		}
		if (pass == 0)
			sorted[n++] = end;
	}
	sorted[n] = NULL;
	return n;
}

/* `argv[0]` is the command's name. */
static int
run_command(const struct command *c, int argc, char **argv)
{
	_cleanup_(freep) char *why = NULL;
	char *sorted[64];
	struct options o;
	int r;

	if (c->dashes && argc < 60) {
		argc = sort_dashes(argc, argv, sorted);
		argv = sorted;
	}
	r = options_parse(&o, c->options, argc, argv, &why);
	if (r != 0)
		return usage(c, why == NULL ? strerror(-r) : why);
	if (o.help) {
		print_command_help(stdout, c);
		r = STATUS_OK;
	} else if (o.version) {
		(void)puts("plimsoll " PLIMSOLL_VERSION);
		r = STATUS_OK;
	} else if (o.n_args < c->least) {
		r = usage(c, "an argument is missing");
	} else if (o.n_args > c->most) {
		r = usage(c, "too many arguments");
	} else {
		r = c->run(&o);
	}
	options_deinit(&o);
	return r;
}

/* Has whoever read what is printed seen enough? That is no error of ours. */
static bool
reader_is_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

/* What did not reach its file must not look as if it were all. Returns the exit status. */
static int
finish(int status)
{
	const char *why = fflush(stdout) == 0 ? "it could not be written" : strerror(errno);

	if (ferror(stdout) == 0 || reader_is_gone())
		return status;
	return command_fail(STATUS_USAGE, "what is printed here is not complete: %s", why);
}

static int
dispatch(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return run_help(argc, argv);
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("plimsoll " PLIMSOLL_VERSION);
		return STATUS_OK;
	}
	c = find_command(argv[1]);
	return c == NULL ? no_such_command(argv[1]) : run_command(c, argc - 1, argv + 1);
}

int
commands_run(int argc, char **argv)
{
	return finish(dispatch(argc, argv));
}
