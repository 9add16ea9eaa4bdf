/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernel's audit rules watch, and what the rule files would make it watch after a boot.
 *
 * A rule counts as a watch when it is on the exit list with action always, names a path or a
 * directory, asks for writes and attribute changes (or for all), holds for all system calls that
 * make these, has no field that narrows it, and no earlier rule of action never hides it. A rule
 * for one of a machine's two architectures counts when there is another for the other one. The
 * first rule that matches decides in the kernel: a `never` without a path hides all that comes
 * later, and one with a path what lies at, below or above it, unless it is about calls that touch
 * no file. `never,task`, as Debian ships it, hides everything. */
#include "facts/build.h"

#include "facts/audit_calls.h"
#include "facts/read.h"
#include "util/macros.h"
#include "util/path.h"
#include <errno.h>
#include <libaudit.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* One rule, whether from the kernel or from a file, as far as this module cares. */
struct parsed {
	bool task, exclude, exit_list, never, narrowed;
	const char *path, *key;
	bool dir;
	uint32_t perm; /* AUDIT_PERM_*; all when none is named */
	uint32_t arch; /* 0: all */
	enum audit_calls calls;
};

enum {
	PERM_ALL = AUDIT_PERM_READ | AUDIT_PERM_WRITE | AUDIT_PERM_EXEC | AUDIT_PERM_ATTR,
	PERM_WANTED = AUDIT_PERM_WRITE | AUDIT_PERM_ATTR,
	LINES_MAX = 16 * 1024,
	AUDIT_OFF_LOOK_MS = 60 * 1000,
};

/* A watch for one of two architectures. */
struct half {
	const char *path;
	bool dir;
	uint32_t arch;
};

/* A list of watches in the making. */
struct watches {
	struct value *items;
	size_t n;
	struct half halves[BUILD_LIST_MAX];
	size_t n_halves;
	const char *hidden[BUILD_LIST_MAX]; /* paths of earlier never rules */
	size_t n_hidden;
	bool all_hidden, cut;
	const struct host_audit_input *in;
	struct arena *arena;
};

static bool
is_hidden(const struct watches *w, const char *path)
{
	if (w->all_hidden)
		return true;
	for (size_t i = 0; i < w->n_hidden; i++) {
		if (path_behind(path, w->hidden[i]) != NULL ||
		    path_behind(w->hidden[i], path) != NULL)
			return true;
	}
	return false;
}

static const char *
perm_text(uint32_t perm, struct arena *a)
{
	return arena_printf(a, "%s%s%s%s", perm & AUDIT_PERM_READ ? "r" : "",
	    perm & AUDIT_PERM_WRITE ? "w" : "", perm & AUDIT_PERM_EXEC ? "x" : "",
	    perm & AUDIT_PERM_ATTR ? "a" : "");
}

static int
add_watch(struct watches *w, const struct parsed *rule, const char *path)
{
	struct value_entry *entries = arena_alloc(w->arena, 4 * sizeof(*entries));
	const char *perm = perm_text(rule->perm, w->arena);
	const char *key = rule->key != NULL ? rule->key : "";
	struct value shown = read_text(w->arena, path, strlen(path));
	struct value key_shown = read_text(w->arena, key, strlen(key));

	if (entries == NULL || perm == NULL || shown.type != VALUE_STRING ||
	    key_shown.type != VALUE_STRING)
		return -ENOMEM;
	entries[0] = (struct value_entry){ value_string("path"), shown };
	entries[1] =
	    (struct value_entry){ value_string("kind"), value_string(rule->dir ? "dir" : "path") };
	entries[2] = (struct value_entry){ value_string("perm"), value_string(perm) };
	entries[3] = (struct value_entry){ value_string("key"), key_shown };
	w->items[w->n++] = value_map(entries, 4);
	return 0;
}

static void
take_never(struct watches *w, const struct parsed *rule, const char *path)
{
	if (rule->exit_list && rule->calls == AUDIT_CALLS_HARMLESS)
		return;
	if (path == NULL || w->n_hidden == ARRAY_SIZE(w->hidden))
		w->all_hidden = true;
	else
		w->hidden[w->n_hidden++] = path;
}

/* False when it is a half, and the other one has not come yet. */
static bool
is_whole(struct watches *w, const struct parsed *rule, const char *path)
{
	if (rule->arch == 0 || !audit_arch_is_half(rule->arch))
		return true;
	for (size_t i = 0; i < w->n_halves; i++) {
		const struct half *h = &w->halves[i];

		if (h->arch != rule->arch && h->dir == rule->dir && strcmp(h->path, path) == 0)
			return true;
	}
	if (w->n_halves == ARRAY_SIZE(w->halves))
		w->cut = true;
	else
		w->halves[w->n_halves++] = (struct half){ path, rule->dir, rule->arch };
	return false;
}

static bool
watches_changes(const struct parsed *rule)
{
	return rule->exit_list && rule->path != NULL && !rule->narrowed &&
	       rule->calls == AUDIT_CALLS_ALL && (rule->perm & PERM_WANTED) == PERM_WANTED;
}

static int
take_rule(struct watches *w, const struct parsed *rule)
{
	const char *path = NULL;

	if (rule->exclude) {
		w->all_hidden = true;
		return 0;
	}
	if (rule->path != NULL) {
		path = w->in->canonical(w->in->context, rule->path, w->arena);
		if (path == NULL)
			return -ENOMEM;
	}
	if (rule->never) {
		if (rule->task || rule->exit_list)
			take_never(w, rule, path);
		return 0;
	}
	if (!watches_changes(rule) || is_hidden(w, path) || !is_whole(w, rule, path))
		return 0;
	if (w->n == BUILD_LIST_MAX) {
		w->cut = true;
		return 0;
	}
	return add_watch(w, rule, path);
}

/* Fields of one kernel rule. A field that this module doesn't know narrows. */
static int
parse_field(struct parsed *rule, const struct audit_rule_data *data, unsigned i, size_t *at,
    struct arena *a)
{
	uint32_t field = data->fields[i] & ~(uint32_t)AUDIT_OPERATORS, value = data->values[i];
	char *text = NULL;

	if (field == AUDIT_WATCH || field == AUDIT_DIR || field == AUDIT_FILTERKEY ||
	    field == AUDIT_EXE || (field >= AUDIT_SUBJ_USER && field <= AUDIT_OBJ_LEV_HIGH)) {
		if (value > data->buflen - *at)
			return BUILD_E_NONSENSE;
		text = arena_strndup(a, data->buf + *at, value);
		if (text == NULL)
			return -ENOMEM;
		*at += value;
	}
	switch (field) {
	case AUDIT_WATCH:
	case AUDIT_DIR:
		rule->path = text;
		rule->dir = field == AUDIT_DIR;
		break;
	case AUDIT_FILTERKEY:
		rule->key = text;
		break;
	case AUDIT_PERM:
		rule->perm = value;
		break;
	case AUDIT_ARCH:
		if ((data->fieldflags[i] & AUDIT_OPERATORS) == AUDIT_EQUAL)
			rule->arch = value;
		break;
	case AUDIT_MSGTYPE:
		rule->exclude = rule->exclude && (value == AUDIT_SYSCALL || value == AUDIT_PATH);
		break;
	default:
		rule->narrowed = true;
		break;
	}
	/* "path != x" watches everything but x: no watch of ours. */
	if ((data->fieldflags[i] & AUDIT_OPERATORS) != AUDIT_EQUAL)
		rule->narrowed = true;
	return 0;
}

static int
parse_kernel_rule(struct parsed *rule, const struct audit_rule_data *data, struct arena *a)
{
	uint32_t list = data->flags & AUDIT_FILTER_MASK;
	size_t at = 0;
	int r;

	*rule = (struct parsed){
		.task = list == AUDIT_FILTER_TASK,
		.exclude = list == AUDIT_FILTER_EXCLUDE,
		.exit_list = list == AUDIT_FILTER_EXIT,
		.never = data->action == AUDIT_NEVER,
		.perm = PERM_ALL,
	};
	for (unsigned i = 0; i < data->field_count && i < AUDIT_MAX_FIELDS; i++) {
		r = parse_field(rule, data, i, &at, a);
		if (r != 0)
			return r;
	}
	rule->calls = audit_calls_of(data->mask, rule->arch);
	return 0;
}

static uint32_t
parse_perm(const char *text)
{
	uint32_t perm = 0;

	for (; *text != '\0'; text++) {
		perm |= *text == 'r' ? AUDIT_PERM_READ : 0;
		perm |= *text == 'w' ? AUDIT_PERM_WRITE : 0;
		perm |= *text == 'x' ? AUDIT_PERM_EXEC : 0;
		perm |= *text == 'a' ? AUDIT_PERM_ATTR : 0;
	}
	return perm;
}

/* The value of "-F name=value". */
static void
parse_field_text(struct parsed *rule, const char *field)
{
	static const char path[] = "path=", dir[] = "dir=", perm[] = "perm=", key[] = "key=",
			  arch[] = "arch=";

	if (strncmp(field, path, strlen(path)) == 0) {
		rule->path = field + strlen(path);
	} else if (strncmp(field, dir, strlen(dir)) == 0) {
		rule->path = field + strlen(dir);
		rule->dir = true;
	} else if (strncmp(field, perm, strlen(perm)) == 0) {
		rule->perm = parse_perm(field + strlen(perm));
	} else if (strncmp(field, key, strlen(key)) == 0) {
		rule->key = field + strlen(key);
	} else if (strncmp(field, arch, strlen(arch)) == 0) {
		rule->arch = audit_arch_named(field + strlen(arch));
		rule->narrowed |= rule->arch == 0;
	} else {
		rule->narrowed = true;
	}
}

static void
parse_list_text(struct parsed *rule, const char *lists)
{
	/* "always,exit" and "exit,always" are the same. */
	rule->exit_list = strstr(lists, "exit") != NULL;
	rule->task = strstr(lists, "task") != NULL;
	rule->never = strstr(lists, "never") != NULL;
}

/* One line of a rule file: options with one argument each. Writes zeros into `line`. */
static void
parse_line(struct parsed *rule, char *line)
{
	char *saved = NULL, *option, *argument;

	*rule = (struct parsed){ .perm = PERM_ALL };
	for (option = strtok_r(line, " \t\r", &saved); option != NULL;
	     option = strtok_r(NULL, " \t\r", &saved)) {
		argument = strtok_r(NULL, " \t\r", &saved);
		if (argument == NULL)
			return;
		if (strcmp(option, "-w") == 0) {
			rule->path = argument;
			/* auditctl makes a dir rule of a watch on a directory: which it is, the
			 * path tells then. */
			rule->exit_list = rule->dir = true;
		} else if (strcmp(option, "-p") == 0) {
			rule->perm = parse_perm(argument);
		} else if (strcmp(option, "-k") == 0) {
			rule->key = argument;
		} else if (strcmp(option, "-F") == 0) {
			parse_field_text(rule, argument);
		} else if (strcmp(option, "-a") == 0 || strcmp(option, "-A") == 0) {
			parse_list_text(rule, argument);
		} else if (strcmp(option, "-S") == 0) {
			rule->calls = audit_calls_named(argument);
		} else {
			rule->narrowed = true;
		}
	}
}

static int
begin(struct watches *w, const struct host_audit_input *in, struct arena *a)
{
	*w = (struct watches){ .in = in, .arena = a };
	w->items = arena_alloc(a, BUILD_LIST_MAX * sizeof(*w->items));
	return w->items == NULL ? -ENOMEM : 0;
}

static struct value
end(const struct watches *w)
{
	struct value list = value_list(w->items, w->n);

	list.cut = w->cut;
	return list;
}

static int
loaded(struct draft *d, const struct host_audit_input *in)
{
	struct watches w;
	struct parsed rule;
	int r;

	r = begin(&w, in, d->arena);
	for (size_t i = 0; r == 0 && i < in->n_rules; i++) {
		r = parse_kernel_rule(&rule, in->rules[i], d->arena);
		if (r == BUILD_E_NONSENSE) {
			draft_set(d, FACT_HOST_AUDIT_WATCHES,
			    value_unreadable("a rule of the kernel makes no sense"));
			return 0;
		}
		if (r == 0)
			r = take_rule(&w, &rule);
	}
	if (r != 0)
		return r;
	w.cut |= in->rules_cut;
	draft_set(d, FACT_HOST_AUDIT_WATCHES, end(&w));
	return 0;
}

static int
persistent(struct draft *d, const struct host_audit_input *in)
{
	char *text, *line, *saved = NULL;
	unsigned lines = 0;
	struct parsed rule;
	struct watches w;
	int r;

	if (in->persistent == NULL) {
		draft_set(d, FACT_HOST_AUDIT_PERSISTENT,
		    unreadable_printf(d->arena, "%s", in->persistent_why));
		return 0;
	}
	text = arena_strdup(d->arena, in->persistent);
	r = text == NULL ? -ENOMEM : begin(&w, in, d->arena);
	if (r != 0)
		return r;
	for (line = strtok_r(text, "\n", &saved); r == 0 && line != NULL;
	     line = strtok_r(NULL, "\n", &saved)) {
		if (++lines > LINES_MAX) {
			w.cut = true;
			break;
		}
		line += strspn(line, " \t");
		if (*line == '#')
			continue;
		parse_line(&rule, line);
		r = take_rule(&w, &rule);
	}
	if (r != 0)
		return r;
	draft_set(d, FACT_HOST_AUDIT_PERSISTENT, end(&w));
	return 0;
}

static const char *
why_not(int error, struct arena *a)
{
	if (error == EPERM || error == EACCES)
		return "the kernel's audit rules need CAP_AUDIT_CONTROL in the first user "
		       "namespace";
	if (error == EPROTONOSUPPORT || error == ECONNREFUSED || error == EAFNOSUPPORT)
		return "the kernel's auditing can't be reached from here";
	return arena_printf(a, "the kernel's audit rules: %s", strerror(error));
}

int
build_host_audit(struct snapshot **ret, const struct host_audit_input *in)
{
	static const char too_many[] = "too many audit rules to keep";
	_cleanup_(draft_deinit) struct draft d = { 0 };
	struct value why;
	int r;

	r = draft_init(&d, TOPIC_HOST_AUDIT);
	if (r < 0)
		return r;
	if (in->error != 0) {
		why = value_unreadable(why_not(in->error, d.arena));
		draft_set(&d, FACT_HOST_AUDIT_ENABLED, why);
		draft_set(&d, FACT_HOST_AUDIT_WATCHES, why);
	} else {
		draft_set(&d, FACT_HOST_AUDIT_ENABLED, value_bool(in->enabled));
		if (loaded(&d, in) < 0)
			draft_set(&d, FACT_HOST_AUDIT_WATCHES, value_unreadable(too_many));
	}
	if (persistent(&d, in) < 0)
		draft_set(&d, FACT_HOST_AUDIT_PERSISTENT, value_unreadable(too_many));
	r = draft_finish(&d, ret);
	/* Nothing tells of a change while auditing is off. */
	if (r == 0 && !(in->error == 0 && in->enabled))
		(*ret)->changes_at_ms = (*ret)->collected_ms + AUDIT_OFF_LOOK_MS;
	return r;
}
