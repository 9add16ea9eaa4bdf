/* SPDX-License-Identifier: Apache-2.0
 *
 * Fills the tables of the program's own code into a manual page: copies standard input to standard
 * output, and writes a table, as mdoc(7), in the place of each line `.\" TABLE name`. Runs when the
 * pages are built, and is not installed. */
#include "facts/facts.h"
#include "rulebook/rulebook.h"
#include "util/macros.h"

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

static const struct {
	const char *name;
	void (*put)(void);
} tables[] = {
	{ "facts", put_facts },
	{ "records", put_records },
	{ "params", put_params },
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

int
main(void)
{
	static const char mark[] = ".\\\" TABLE ";
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strncmp(line, mark, strlen(mark)) != 0) {
			fputs(line, stdout);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		if (put_table(line + strlen(mark)) != 0)
			return EXIT_FAILURE;
	}
	return ferror(stdin) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
