/* SPDX-License-Identifier: Apache-2.0 */
#include "control/options.h"
#include "control/setup.h"
#include "control/when.h"
#include "util/clock.h"
#include "util/nearest.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <string.h>

enum { FILTER_VALUE = 1024 }; /* what getopt_long() returns for the first filter */

/* Each gets the value of the option; 0, OPTIONS_E_INVALID with *reterr, or -ENOMEM. */
typedef int take_fn(struct options *o, const char *value, char **reterr);

static int
invalid(char **reterr, const char *what, const char *value)
{
	return asprintf(reterr, "%s: %.256s", what, value) < 0 ? -ENOMEM : OPTIONS_E_INVALID;
}

/* Which formats a command has is what its group of options says. */
static int
take_format_of(struct options *o, uint32_t formats, const char *value, char **reterr)
{
	static const char *const names[_FORMATS] = {
		[FORMAT_TABLE] = "table",
		[FORMAT_JSON] = "json",
		[FORMAT_JUNIT] = "junit",
		[FORMAT_CSV] = "csv",
		[FORMAT_HTML] = "html",
	};

	for (int format = 0; format < _FORMATS; format++) {
		if ((formats & 1U << format) == 0 || strcmp(names[format], value) != 0)
			continue;
		o->format = (enum format)format;
		return 0;
	}
	return invalid(reterr, "no such format", value);
}

static int
take_format(struct options *o, const char *value, char **reterr)
{
	return take_format_of(o, 1U << FORMAT_TABLE | 1U << FORMAT_JSON, value, reterr);
}

static int
take_junit(struct options *o, const char *value, char **reterr)
{
	return take_format_of(
	    o, 1U << FORMAT_TABLE | 1U << FORMAT_JSON | 1U << FORMAT_JUNIT, value, reterr);
}

static int
take_period(struct options *o, const char *value, char **reterr)
{
	return take_format_of(o,
	    1U << FORMAT_TABLE | 1U << FORMAT_JSON | 1U << FORMAT_CSV | 1U << FORMAT_HTML, value,
	    reterr);
}

static int
take_fail_on(struct options *o, const char *value, char **reterr)
{
	o->fail_on = 0;
	/* Nothing is no word either: an empty variable of a script would let everything through. */
	do {
		size_t len = strcspn(value, ",");
		char word[32];
		int verdict;

		(void)snprintf(word, sizeof(word), "%.*s", (int)len, value);
		verdict = verdict_from_name(word);
		if (verdict < 0)
			return invalid(reterr,
			    "--fail-on takes pass, fail, review, unknown and not-applicable, not",
			    word);
		o->fail_on |= 1U << verdict;
		value += len + (value[len] == ',');
	} while (*value != '\0');
	return 0;
}

static int
take_engine(struct options *o, const char *value, char **reterr)
{
	static const char scheme[] = "unix://";
	bool other = strstr(value, "://") != NULL && strncmp(value, scheme, strlen(scheme)) != 0;

	if (other || *value == '\0')
		return invalid(reterr, "--engine takes the path of a Unix socket, not", value);
	o->engine = value;
	return 0;
}

static int
take_moment(char **moment, const char *value, char **reterr)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t ms;

	if (!when_parse(value, clock_realtime_ms(), &ms))
		return invalid(reterr, "not a time (" WHEN_FORMS ")", value);
	clock_text(ms, text);
	free(*moment);
	*moment = strdup(text);
	return *moment == NULL ? -ENOMEM : 0;
}

static int
take_since(struct options *o, const char *value, char **reterr)
{
	return take_moment(&o->since, value, reterr);
}

static int
take_until(struct options *o, const char *value, char **reterr)
{
	return take_moment(&o->until, value, reterr);
}

#define TEXT(member) offsetof(struct options, member), 0, NULL
#define FLAG(member) 0, offsetof(struct options, member), NULL
#define BY(function) 0, 0, function

static const struct option_info {
	uint32_t groups;
	char letter; /* 0: none */
	const char *name, *argument, *help;
	size_t text, flag; /* where it goes; 0: not there */
	take_fn *take;
} infos[] = {
	{ OPTIONS_SOCKET, 0, "socket", "PATH", "the daemon's socket (" SETUP_SOCKET ")",
	    TEXT(socket) },
	{ OPTIONS_RULES, 0, "config", "FILE",
	    "settings (" SETUP_CONFIG "); its folders lie beside it", TEXT(config) },
	{ OPTIONS_RULES, 0, "rules-dir", "DIR", "the rules as shipped", TEXT(rules_dir) },
	{ OPTIONS_HOST, 0, "engine", "SOCKET", "the Docker engine's socket", BY(take_engine) },
	{ OPTIONS_HOST, 0, "host-root", "DIR", "look for the host's files below DIR",
	    TEXT(host_root) },
	{ OPTIONS_DAEMON, 0, "state", "DIR", "where the ledger is kept (" SETUP_STATE ")",
	    TEXT(state) },
	{ OPTIONS_DAEMON, 0, "print", NULL,
	    "print the first audit as a table, then each drift as it happens", FLAG(print) },
	{ OPTIONS_DAEMON, 0, "test-config", NULL, "check settings and rules, and end",
	    FLAG(test_config) },
	{ OPTIONS_FORMAT, 0, "format", "table|json", "how it is printed", BY(take_format) },
	{ OPTIONS_JUNIT, 0, "format", "table|json|junit", "how it is printed", BY(take_junit) },
	{ OPTIONS_PERIOD, 0, "format", "table|json|csv|html", "how it is printed",
	    BY(take_period) },
	{ OPTIONS_TABLE, 0, "all", NULL,
	    "every finding, passes too, none folded; and what is not judged", FLAG(all) },
	{ OPTIONS_VERDICT, 0, "fail-on", "VERDICT,...",
	    "verdicts that make the exit status 1 (fail)", BY(take_fail_on) },
	{ OPTIONS_VERDICT, 'q', "quiet", NULL, "print nothing, the exit status says it",
	    FLAG(quiet) },
	{ OPTIONS_DRIFT, 'f', "follow", NULL, "go on with what comes", FLAG(follow) },
	{ OPTIONS_TIMES, 0, "since", "TIME", "from then on, in UTC: " WHEN_FORMS, BY(take_since) },
	{ OPTIONS_TIMES, 0, "until", "TIME", "before then", BY(take_until) },
	{ OPTIONS_VARS, 0, "vars", "JSON", "an object with the values of names", TEXT(vars) },
	{ UINT32_MAX, 'h', "help", NULL, "this help", FLAG(help) },
	{ UINT32_MAX, 0, "version", NULL, "the version", FLAG(version) },
};

static bool
takes_filter(uint32_t groups, int kind)
{
	return (groups & OPTIONS_FILTER) != 0 ||
	       ((groups & OPTIONS_WHICH_RULES) != 0 && (FILTERS_OF_RULES & 1U << kind) != 0) ||
	       ((groups & OPTIONS_BENCHMARK) != 0 && kind == FILTER_BENCHMARK);
}

/* What getopt_long() wants: `longs` has room for all. */
static void
make_longs(uint32_t groups, struct option *longs, char *letters)
{
	for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
		if ((infos[i].groups & groups) == 0)
			continue;
		*longs++ = (struct option){ infos[i].name,
			infos[i].argument == NULL ? no_argument : required_argument, NULL, (int)i };
		if (infos[i].letter != 0)
			*letters++ = infos[i].letter;
	}
	for (int kind = 0; kind < _FILTERS; kind++)
		if (takes_filter(groups, kind))
			*longs++ = (struct option){ filter_infos[kind].name, required_argument,
				NULL, FILTER_VALUE + kind };
	*longs = (struct option){ 0 };
	*letters = '\0';
}

static int
take_option(struct options *o, const struct option_info *info, const char *value, char **reterr)
{
	char *base = (char *)o;

	if (info->take != NULL)
		return info->take(o, value, reterr);
	if (info->argument != NULL)
		*(const char **)(void *)(base + info->text) = value;
	else
		*(bool *)(base + info->flag) = true;
	return 0;
}

/* "--fromat=json" is near to "format". */
static const char *
nearest_option(const struct option *longs, const char *word)
{
	const char *name = word + strspn(word, "-");
	struct nearest n = nearest_to(name, strcspn(name, "="));

	for (; longs->name != NULL; longs++)
		nearest_offer(&n, longs->name);
	return n.name;
}

/* What getopt_long() complained about: it looked at argv[optind - 1]. */
static int
complain(const struct option *longs, char **argv, int c, char **reterr)
{
	char letter[] = { '-', (char)optopt, '\0' };
	bool one_letter = optopt > 0 && optopt < 128 && c == '?' && argv[optind - 1][1] != '-';
	const char *word = one_letter ? letter : argv[optind - 1];
	const char *near = one_letter ? NULL : nearest_option(longs, word);

	if (c == ':')
		return invalid(reterr, "this option needs a value", word);
	if (near == NULL)
		return invalid(reterr, "no such option here", word);
	if (asprintf(reterr, "no such option here: %.256s; did you mean --%s?", word, near) < 0)
		return -ENOMEM;
	return OPTIONS_E_INVALID;
}

static const struct option_info *
find_letter(int letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(infos); i++)
		if (infos[i].letter != 0 && infos[i].letter == letter)
			return &infos[i];
	return NULL;
}

int
options_parse(struct options *ret, uint32_t groups, int argc, char **argv, char **reterr)
{
	struct option longs[ARRAY_SIZE(infos) + _FILTERS + 1];
	char letters[ARRAY_SIZE(infos) + 2] = ":";
	int c, r;

	*ret = (struct options){ .socket = SETUP_SOCKET,
		.host_root = "/",
		.state = SETUP_STATE,
		.fail_on = 1U << VERDICT_FAIL };
	r = filter_new(&ret->filter);
	make_longs(groups, longs, letters + 1);
	opterr = 0;
	optind = 0;
	while (r == 0 && (c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_info *info = find_letter(c);

		if (c == '?' || c == ':')
			r = complain(longs, argv, c, reterr);
		else if (info != NULL)
			r = take_option(ret, info, optarg, reterr);
		else if (c >= FILTER_VALUE)
			r = filter_add(
			    ret->filter, (enum filter_kind)(c - FILTER_VALUE), optarg, reterr);
		else
			r = take_option(ret, &infos[c], optarg, reterr);
	}
	ret->args = argv + optind;
	ret->n_args = argc - optind;
	if (r != 0)
		options_deinit(ret);
	return r == FILTER_E_INVALID ? OPTIONS_E_INVALID : r;
}

void
options_deinit(struct options *o)
{
	o->filter = filter_free(o->filter);
	free(TAKE(o->since));
	free(TAKE(o->until));
}

void
options_each(uint32_t groups, void (*fn)(void *arg, const struct option_words *words), void *arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
		struct option_words words = { infos[i].letter, infos[i].name, infos[i].argument,
			infos[i].help, false };

		if ((infos[i].groups & groups) != 0)
			fn(arg, &words);
	}
	for (int kind = 0; kind < _FILTERS; kind++) {
		struct option_words words = { 0, filter_infos[kind].name,
			filter_infos[kind].argument, filter_infos[kind].help, true };

		if (takes_filter(groups, kind))
			fn(arg, &words);
	}
}

enum { HELP_COLUMN = 28 };

struct help {
	FILE *out;
	bool filters; /* whether a filter was printed */
};

/* What is too long to stand beside its explanation stands above it. */
static void
print_option(void *arg, const struct option_words *o)
{
	struct help *h = arg;
	char text[64], prefix[8] = "    ";
	int len;

	if (o->filter && !h->filters)
		(void)fputs("\nFilters: several values of one widen it, several filters narrow "
			    "down.\n\n",
		    h->out);
	h->filters |= o->filter;
	if (o->letter != 0)
		(void)snprintf(prefix, sizeof(prefix), "-%c, ", o->letter);
	len = snprintf(text, sizeof(text), "%s--%s%s%s", prefix, o->name,
	    o->argument == NULL ? "" : " ", o->argument == NULL ? "" : o->argument);
	if (len > HELP_COLUMN)
		(void)fprintf(h->out, "  %s\n  %*s  %s\n", text, HELP_COLUMN, "", o->help);
	else
		(void)fprintf(h->out, "  %-*s  %s\n", HELP_COLUMN, text, o->help);
}

void
options_print(FILE *out, uint32_t groups)
{
	struct help h = { .out = out };

	options_each(groups, print_option, &h);
}
