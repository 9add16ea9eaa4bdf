/* SPDX-License-Identifier: Apache-2.0
 *
 * Fills the tables of the program's own code into manual pages and into the completion for bash:
 * copies standard input to standard output, and writes a table, as mdoc(7) or for the shell, in the
 * place of each line `.\" TABLE name` or `# TABLE name`. Runs at build time, and is not installed.
 */
#include "control/commands.h"
#include "facts/facts.h"
#include "rulebook/rulebook.h"
#include "util/macros.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line of running text: nothing in it may be taken for a request or an escape. */
static void
put_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++)
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '"')
			fputs("\\(dq", stdout);
		else
			putchar(*text);
}

/* With a capital and a full stop. */
static void
put_sentence(const char *text)
{
	if (*text >= 'a' && *text <= 'z')
		putchar(toupper(*text++));
	put_text(text);
	fputs(".\n", stdout);
}

static void
put_item(const char *name, const struct type *type)
{
	printf(".It Va %s Pq %s\n", name, type->name);
}

static void
put_fact(const struct fact *fact)
{
	put_item(fact->path, fact->type);
	put_text(fact->doc);
	if (fact->flags & FACT_VOLATILE)
		fputs(" (volatile)", stdout);
	if (fact->flags & FACT_NAME_ONLY)
		fputs(" (names alone are shown)", stdout);
	if (fact->flags & FACT_COUNT_ONLY)
		fputs(" (the count alone is shown)", stdout);
	fputs(".\n.br\n", stdout);
	fputs("From: ", stdout);
	put_text(fact->origin);
	putchar('\n');
}

static void
put_topic(enum topic topic)
{
	const struct topic_info *info = &topic_table[topic];
	enum fact_id first = topic_first_fact(topic);

	printf(".Ss Topic %s\n", info->name);
	printf("Of the subject %s", subject_kind_name(info->kind));
	if (info->longest_age_s != 0)
		printf("; collected again after %u s at the latest", info->longest_age_s);
	fputs(".\n.Bl -tag -width 4n\n", stdout);
	for (unsigned i = 0; i < topic_fact_count(topic); i++)
		put_fact(&fact_table[first + i]);
	fputs(".El\n", stdout);
}

static void
put_facts(void)
{
	for (enum topic topic = 0; topic < _TOPICS; topic++)
		put_topic(topic);
}

static void
put_record(const struct type *record)
{
	printf(".Ss Record %s\n.Bl -tag -width 4n\n", record->name);
	for (const struct type_field *field = record->fields; field->name != NULL; field++) {
		put_item(field->name, field->type);
		put_text(field->doc);
		fputs(".\n", stdout);
	}
	fputs(".El\n", stdout);
}

static void
put_records(void)
{
	static const struct type *const records[] = { &type_mount, &type_port, &type_device,
		&type_ulimit, &type_security_opt, &type_audit_watch, &type_listener, &type_exec };

	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		put_record(records[i]);
}

static void
put_params(void)
{
	fputs(".Bl -tag -width 4n\n", stdout);
	for (unsigned i = 0; i < param_count; i++) {
		put_item(param_table[i].name, param_table[i].type);
		put_text(param_table[i].doc);
		fputs(".\n.br\nDefault: ", stdout);
		put_text(param_table[i].default_json);
		putchar('\n');
	}
	fputs(".El\n", stdout);
}

/* --- commands and options --- */

static void
put_long_name(void *arg, const struct option_words *o)
{
	bool *first = arg;

	printf("%s--%s", *first ? "" : " ", o->name);
	*first = false;
}

/* A word of a usage line, all of it one argument of a macro. */
static void
put_words(const char *macro, const char *text)
{
	printf(" %s \"", macro);
	put_text(text);
	putchar('"');
}

static void
put_command(const struct command *c)
{
	bool first = true;

	printf(".It Ic %s", c->name);
	if (*c->arguments != '\0')
		put_words("Ar", c->arguments);
	putchar('\n');
	put_sentence(c->help);
	fputs(".br\nOptions: ", stdout);
	options_each(c->options, put_long_name, &first);
	putchar('\n');
}

static void
put_commands(void)
{
	fputs(".Bl -tag -width 4n\n", stdout);
	for (unsigned i = 0; i < command_count; i++)
		put_command(&command_table[i]);
	fputs(".El\n", stdout);
}

/* Some commands know more values of an option than others: it is shown once. */
static void
put_option(void *arg, const struct option_words *o)
{
	const char **last = arg;

	if (*last != NULL && strcmp(*last, o->name) == 0)
		return;
	*last = o->name;
	fputs(".It", stdout);
	if (o->letter != 0)
		printf(" Fl %c ,", o->letter);
	printf(" Fl -%s", o->name);
	if (o->argument != NULL)
		put_words("Ar", o->argument);
	putchar('\n');
	put_sentence(o->help);
}

static void
put_option_list(uint32_t groups)
{
	const char *last = NULL;

	fputs(".Bl -tag -width 4n\n", stdout);
	options_each(groups, put_option, &last);
	fputs(".El\n", stdout);
}

static void
put_options(void)
{
	uint32_t groups = 0;

	for (unsigned i = 0; i < command_count; i++)
		groups |= command_table[i].options;
	put_option_list(groups);
}

static void
put_daemon_options(void)
{
	put_option_list(OPTIONS_OF_DAEMON);
}

/* The choices of an option, "table|json", by command and option. */
static void
put_choices(void *arg, const struct option_words *o)
{
	const char *const *command = arg;

	if (o->argument == NULL || strchr(o->argument, '|') == NULL)
		return;
	printf("\t[%s--%s]='", *command, o->name);
	for (const char *p = o->argument; *p != '\0'; p++)
		putchar(*p == '|' ? ' ' : *p);
	fputs("'\n", stdout);
}

static void
put_shell_words(const char *name, const char *(*word)(unsigned), unsigned n)
{
	printf("%s='", name);
	for (unsigned i = 0; i < n; i++)
		printf("%s%s", i == 0 ? "" : " ", word(i));
	fputs("'\n", stdout);
}

static const char *
command_name(unsigned i)
{
	return command_table[i].name;
}

static const char *
verdict_word(unsigned i)
{
	return verdict_name((enum verdict)i);
}

/* What --verdict takes besides. */
static const char *
exception_word(unsigned i)
{
	return exception_state_name((enum exception_state)i);
}

static const char *
severity_word(unsigned i)
{
	return severity_name((enum severity)i);
}

static void
put_completion(void)
{
	put_shell_words("_plimsoll_commands", command_name, command_count);
	put_shell_words("_plimsoll_verdicts", verdict_word, _VERDICTS);
	put_shell_words("_plimsoll_exceptions", exception_word, _EXCEPTION_STATES);
	put_shell_words("_plimsoll_severities", severity_word, _SEVERITIES);
	fputs("declare -gA _plimsoll_options=(\n", stdout);
	for (unsigned i = 0; i < command_count; i++) {
		bool first = true;

		printf("\t[%s]='", command_table[i].name);
		options_each(command_table[i].options, put_long_name, &first);
		fputs("'\n", stdout);
	}
	fputs(")\ndeclare -gA _plimsoll_choices=(\n", stdout);
	for (unsigned i = 0; i < command_count; i++) {
		const char *name = command_table[i].name;

		options_each(command_table[i].options, put_choices, &name);
	}
	fputs(")\n", stdout);
}

static const struct {
	const char *name;
	void (*put)(void);
} tables[] = {
	{ "facts", put_facts },
	{ "records", put_records },
	{ "params", put_params },
	{ "commands", put_commands },
	{ "options", put_options },
	{ "daemon-options", put_daemon_options },
	{ "completion", put_completion },
};

static int
put_table(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (strcmp(tables[i].name, name) == 0) {
			tables[i].put();
			return 0;
		}
	(void)fprintf(stderr, "no table %s\n", name);
	return -1;
}

/* The name in a line that asks for a table, or NULL. */
static const char *
asked_for(char *line)
{
	static const char *const marks[] = { ".\\\" TABLE ", "# TABLE " };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (strncmp(line, marks[i], strlen(marks[i])) == 0) {
			line[strcspn(line, "\n")] = '\0';
			return line + strlen(marks[i]);
		}
	return NULL;
}

int
main(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		const char *name = asked_for(line);

		if (name == NULL)
			fputs(line, stdout);
		else if (put_table(name) != 0)
			return EXIT_FAILURE;
	}
	return ferror(stdin) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
