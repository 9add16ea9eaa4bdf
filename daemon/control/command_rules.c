/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll rules and lint: the rules as files, read with the daemon's own loader. */
#include "control/commands.h"
#include "control/show.h"
#include "judge/judgement.h"
#include "report/member.h"
#include "report/rule_json.h"
#include "report/table.h"
#include "report/words.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct column columns[] = {
	{ "ID", false },
	{ "RULE", false },
	{ "SCOPE", false },
	{ "SEVERITY", false },
	{ "TITLE", true },
};

static int
add_row(struct table *t, const char *id, const struct rule *rule)
{
	enum colour colour = rule->selected ? COLOUR_NONE : COLOUR_DIM;
	int r = table_cell(t, colour, id);

	if (r == 0)
		r = table_cell(t, colour, rule->key);
	if (r == 0)
		r = table_cell(t, colour, subject_kind_name(rule->scope));
	if (r == 0)
		r = table_cell(t, colour, severity_name(rule->severity));
	return r == 0 ? table_cell(t, colour, rule->title) : r;
}

static bool
is_wanted(const void *filter, const struct rulebook *rb, const struct rule *rule)
{
	const struct filter_view view = { .rule = rule, .verdict = -1, .kind = -1 };

	return rule != NULL && filter_matches_part(filter, FILTERS_OF_RULES, rb, &view);
}

/* The benchmark's rules in its order; those that are in none by key. */
static int
add_rows(struct table *t, const struct rulebook *rb, const struct filter *filter)
{
	const struct benchmark *b = filter_benchmark(filter, rb);
	int r = 0;

	for (unsigned i = 0; b != NULL && i < b->n_entries && r == 0; i++)
		if (is_wanted(filter, rb, b->entries[i].rule))
			r = add_row(t, b->entries[i].id, b->entries[i].rule);
	for (unsigned i = 0; i < rb->n_rules && r == 0; i++)
		if ((b == NULL || benchmark_entry_of(b, rb->rules[i]) == NULL) &&
		    is_wanted(filter, rb, rb->rules[i]))
			r = add_row(t, "", rb->rules[i]);
	return r;
}

static int
list_rules(const struct options *o, const struct rulebook *rb)
{
	_cleanup_(table_freep) struct table *t = NULL;
	_cleanup_(freep) char *why = NULL;
	struct style style = style_of(STDOUT_FILENO);
	int r = filter_check(o->filter, rb, &why);

	if (r != 0)
		return command_fail(STATUS_USAGE, "%s", why == NULL ? strerror(-r) : why);
	if (o->format == FORMAT_JSON) {
		struct json_object *json = rules_json_of(rb, is_wanted, o->filter);

		show_json(stdout, json);
		(void)json_object_put(json);
		return STATUS_OK;
	}
	r = table_new(&t, columns, ARRAY_SIZE(columns));
	if (r == 0)
		r = add_rows(t, rb, o->filter);
	if (r != 0)
		return command_fail(STATUS_USAGE, "out of memory");
	table_print(t, stdout, &style);
	return STATUS_OK;
}

static int
show_one(const struct options *o, const struct rulebook *rb)
{
	struct style style = style_of(STDOUT_FILENO);
	const struct rule *rule = command_find_rule(rb, o, o->args[1]);
	struct json_object *json;

	if (rule == NULL)
		return STATUS_USAGE;
	json = rule_json(rb, rule);
	if (json == NULL)
		return command_fail(STATUS_USAGE, "out of memory");
	if (o->format == FORMAT_JSON)
		show_json(stdout, json);
	else
		show_rule(stdout, &style, json, NULL);
	(void)json_object_put(json);
	return STATUS_OK;
}

/* --- examples --- */

struct tally {
	unsigned passed, failed;
};

/* 0 or -ENOMEM. */
static int
try_rule(struct tally *tally, const struct rulebook *rb, const struct rule *rule)
{
	for (unsigned i = 0; i < rule->n_examples; i++) {
		const struct rule_example *e = &rule->examples[i];
		_cleanup_(freep) char *why = NULL;
		int r = judgement_try_example(rule, rb, e, &why);

		if (r < 0)
			return r;
		tally->passed += r == 0;
		tally->failed += r != 0;
		if (r != 0)
			(void)printf("%s:%u: %s: %s\n", e->source, e->line, rule->key,
			    why == NULL ? "?" : why);
	}
	return 0;
}

/* Is the file the one that was named, or in the folder that was? */
static bool
is_meant(const char *source, const char *path)
{
	size_t len = path == NULL ? 0 : strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return path == NULL ||
	       (strncmp(source, path, len) == 0 && (source[len] == '\0' || source[len] == '/'));
}

static int
test_rules(const struct rulebook *rb, const char *path)
{
	struct tally tally = { 0 };

	for (unsigned i = 0; i < rb->n_rules; i++)
		if (is_meant(rb->rules[i]->source, path) && try_rule(&tally, rb, rb->rules[i]) != 0)
			return command_fail(STATUS_USAGE, "out of memory");
	(void)printf("%u passed, %u failed\n", tally.passed, tally.failed);
	if (path != NULL && tally.passed + tally.failed == 0)
		return command_fail(STATUS_USAGE, "%s: no examples are here", path);
	return tally.failed == 0 ? STATUS_OK : STATUS_FOUND;
}

/* --- which files --- */

/* The options, with the files that a path names: a file of settings or the folder that holds it
 * brings all that lies beside it; a folder that holds benchmarks, or is called so, takes the place
 * of the rules as shipped; one that is called exceptions or plimsoll.d that of exceptions.d or
 * plimsoll.d; any other that of rules.d. A file stands for its folder. */
struct named {
	struct options o;
	char folder[PATH_MAX];
	struct rulebook_paths instead;
};

static const char settings_name[] = "plimsoll.yaml";

static bool
holds(const char *folder, const char *name)
{
	char path[PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

/* "exceptions.d" and "site/exceptions/" are called exceptions. */
static bool
is_called(const char *folder, const char *name)
{
	char real[PATH_MAX];
	const char *slash = realpath(folder, real) == NULL ? NULL : strrchr(real, '/');

	return slash != NULL && strncmp(slash + 1, name, strlen(name)) == 0;
}

static int
name_folder(struct named *n)
{
	size_t len = strlen(n->folder), room = sizeof(n->folder) - len;

	if (holds(n->folder, settings_name)) {
		if ((size_t)snprintf(n->folder + len, room, "/%s", settings_name) >= room)
			return command_fail(STATUS_USAGE, "%s: too long", n->folder);
		n->o.config = n->folder;
	} else if (holds(n->folder, "benchmarks")) {
		n->o.rules_dir = n->folder;
	} else if (is_called(n->folder, "benchmarks")) {
		if ((size_t)snprintf(n->folder + len, room, "/..") >= room)
			return command_fail(STATUS_USAGE, "%s: too long", n->folder);
		n->o.rules_dir = n->folder;
	} else if (is_called(n->folder, "exceptions")) {
		n->instead.exceptions_dir = n->folder;
	} else if (is_called(n->folder, "plimsoll.d")) {
		n->instead.config_dir = n->folder;
	} else {
		n->instead.site_rules_dir = n->folder;
	}
	return STATUS_OK;
}

static int
name_path(struct named *n, const struct options *o, const char *path)
{
	struct stat st;
	char *slash;

	n->o = *o;
	n->instead = (struct rulebook_paths){ 0 };
	if (path == NULL)
		return STATUS_OK;
	if (stat(path, &st) != 0 || strlen(path) >= sizeof(n->folder))
		return command_fail(STATUS_USAGE, "%s: %s", path, strerror(errno));
	(void)stpcpy(n->folder, path);
	if (S_ISDIR(st.st_mode))
		return name_folder(n);
	if (strlen(path) < 5 || strcmp(path + strlen(path) - 5, ".yaml") != 0)
		return command_fail(STATUS_USAGE, "%s: files of ours end in .yaml", path);
	slash = strrchr(n->folder, '/');
	if (strcmp(slash == NULL ? path : slash + 1, settings_name) == 0) {
		n->o.config = path;
		return STATUS_OK;
	}
	if (slash == NULL)
		(void)strcpy(n->folder, ".");
	else
		slash[slash == n->folder] = '\0';
	return name_folder(n);
}

int
command_rules(const struct options *o)
{
	_cleanup_(rulebook_freep) struct rulebook *rb = NULL;
	const char *what = o->n_args > 0 ? o->args[0] : "";
	bool test = strcmp(what, "test") == 0;
	const char *path = test && o->n_args == 2 ? o->args[1] : NULL;
	struct named named;
	int status;

	if ((strcmp(what, "show") == 0) != (o->n_args == 2 && !test) || (!test && o->n_args == 1))
		return command_fail(
		    STATUS_USAGE, "rules takes: show RULE, test [PATH], or nothing");
	status = name_path(&named, o, path);
	if (status == STATUS_OK)
		status = command_load(&rb, &named.o, &named.instead);
	if (status != STATUS_OK)
		return status;
	if (test)
		return test_rules(rb, path);
	return o->n_args == 2 ? show_one(o, rb) : list_rules(o, rb);
}

int
command_lint(const struct options *o)
{
	_cleanup_(rulebook_freep) struct rulebook *rb = NULL;
	struct named named;
	int status = name_path(&named, o, o->n_args == 0 ? NULL : o->args[0]);

	if (status == STATUS_OK)
		status = command_load(&rb, &named.o, &named.instead);
	if (status == STATUS_OK)
		(void)printf("%u rules, %u benchmarks and %u exceptions: nothing is wrong\n",
		    rb->n_rules, rb->n_benchmarks, rb->n_exceptions);
	return status;
}
