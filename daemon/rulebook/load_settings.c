/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of settings. Several may be read, one after the other, into the same settings: a key that
 * a file doesn't have stays as it is. */
#include "rulebook/loading.h"
#include "rulebook/mapper.h"
#include "rulebook/params.h"
#include "util/nearest.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>

enum {
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	LEVEL_MAX = 9,
};

static const uint64_t MIB = UINT64_C(1024) * 1024;

/* engine: socket */
static int
take_socket(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	static const char scheme[] = "unix://";
	const char *path;
	int r;

	r = text_of_node(l, n, "`socket`", &path);
	if (r != 0)
		return r < 0 ? r : 0;
	if (strncmp(path, scheme, strlen(scheme)) == 0)
		path += strlen(scheme);
	if (path[0] != '/' || strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		loading_complain(l, n->line,
		    "`socket` must be the absolute path of a Unix socket, at most 107 bytes");
	else
		*(const char **)target = path;
	return 0;
}

/* The list itself is all that there is to say: an order, the leading one first. */
static int
take_benchmarks(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	int r;

	r = texts_of_node(l, n, "`benchmarks`", &l->selection.benchmarks);
	l->selection.benchmarks_file = l->file;
	l->selection.benchmarks_line = n->line;
	if (r == 0 && n->n == 0)
		loading_complain(l, n->line, "`benchmarks` is empty");
	return r < 0 ? r : 0;
}

static int
take_levels(struct loading *l, const struct yaml_node *list, const struct key *key, void *target)
{
	const struct key level = { "levels", take_number, .min = 1, .max = LEVEL_MAX };
	unsigned one;

	if (node_expect(l, list, YAML_LIST, "`levels`") != 0)
		return 0;
	if (list->n == 0)
		loading_complain(l, list->line, "`levels` is empty");
	l->selection.levels = 0;
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
		one = 0;
		(void)take_number(l, n, &level, &one);
		l->selection.levels |= UINT32_C(1) << one;
	}
	return 0;
}

struct exclusion_text {
	const char *rule, *reason;
};

static const struct key exclusion_keys[] = {
	{ "rule", take_text, offsetof(struct exclusion_text, rule), true },
	{ "reason", take_text, offsetof(struct exclusion_text, reason), true },
};

static const struct keys exclusion_map = KEYS("an entry of `exclude`", exclusion_keys);

static int
take_exclusion(struct loading *l, const struct yaml_node *n)
{
	struct exclusion_text t = {};
	struct exclusion *e;
	int r;

	r = map_take(l, n, &exclusion_map, &t);
	if (r < 0 || t.rule == NULL || t.reason == NULL)
		return r;
	e = arena_alloc(l->rb->arena, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	*e = (struct exclusion){
		.rule = t.rule, .reason = t.reason, .file = l->file, .line = n->line
	};
	*l->selection.exclusions_tail = e;
	l->selection.exclusions_tail = &e->next;
	return 0;
}

static int
take_exclude(struct loading *l, const struct yaml_node *list, const struct key *key, void *target)
{
	int r;

	if (node_expect(l, list, YAML_LIST, "`exclude`") != 0)
		return 0;
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
		r = take_exclusion(l, n);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
take_params(struct loading *l, const struct yaml_node *map, const struct key *key, void *target)
{
	uint64_t set;

	return node_is_null(map) ? 0 : params_of_node(l, map, l->rb->params, &set);
}

static const char *const switch_choices[] = { "off", "on", "auto", NULL };

static int
take_switch(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	const struct key choice = { key->name, take_choice, .more = switch_choices };
	int i = *(int *)target;

	(void)take_choice(l, n, &choice, &i);
	*(int *)target = i == 2 ? -1 : i;
	return 0;
}

static const char *const facility_choices[] = { "auth", "authpriv", "cron", "daemon", "ftp", "kern",
	"lpr", "mail", "news", "syslog", "user", "uucp", "local0", "local1", "local2", "local3",
	"local4", "local5", "local6", "local7", NULL };

static int
take_facility(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	const struct key choice = { key->name, take_choice, .more = facility_choices };
	int i = -1;

	(void)take_choice(l, n, &choice, &i);
	if (i >= 0)
		*(const char **)target = facility_choices[i];
	return 0;
}

static const struct key engine_keys[] = {
	{ "socket", take_socket, offsetof(struct settings, engine_socket) },
};

static const struct key select_keys[] = {
	{ "levels", take_levels },
	{ "exclude", take_exclude },
};

static const struct key report_keys[] = {
	{ "journal", take_switch, offsetof(struct settings, report_journal) },
	{ "syslog", take_switch, offsetof(struct settings, report_syslog) },
	{ "syslog_facility", take_facility, offsetof(struct settings, syslog_facility) },
	{ "heartbeat_interval", take_interval, offsetof(struct settings, heartbeat_interval_s),
	    .min = 1, .max = 7 * DAY },
	{ "open_interval", take_interval, offsetof(struct settings, open_interval_s), .min = 1,
	    .max = 30 * DAY },
	{ "per_minute", take_number, offsetof(struct settings, per_minute), .max = 100000 },
	{ "fold_after", take_number, offsetof(struct settings, fold_after), .max = 100000 },
	{ "fold_within", take_duration, offsetof(struct settings, fold_within_s), .min = 1,
	    .max = DAY },
	{ "carried_within", take_interval, offsetof(struct settings, carried_within_s), .min = 1,
	    .max = DAY },
};

static const struct key limits_keys[] = {
	{ "resync_interval", take_duration, offsetof(struct settings, resync_interval_s), .min = 1,
	    .max = 7 * DAY },
	{ "keep_days", take_number, offsetof(struct settings, keep_days), .min = 1, .max = 36500 },
	{ "keep_size", take_size, offsetof(struct settings, keep_bytes), .min = 1024 * 1024,
	    .max = UINT64_C(1) << 40 },
	{ "exec_keep", take_duration, offsetof(struct settings, exec_keep_s), .min = MINUTE,
	    .max = 30 * DAY },
};

static const struct keys engine_map = KEYS("`engine`", engine_keys),
			 select_map = KEYS("`select`", select_keys),
			 report_map = KEYS("`report`", report_keys),
			 limits_map = KEYS("`limits`", limits_keys);

static const struct key settings_keys[] = {
	{ "engine", take_map, .more = &engine_map },
	{ "benchmarks", take_benchmarks },
	{ "select", take_map, .more = &select_map },
	{ "params", take_params },
	{ "report", take_map, .more = &report_map },
	{ "limits", take_map, .more = &limits_map },
};

static const struct keys settings_map = KEYS("a file of settings", settings_keys);

int
load_settings(struct loading *l, const struct yaml_node *root)
{
	return map_take(l, root, &settings_map, &l->rb->settings);
}

int
default_settings(struct loading *l)
{
	l->rb->settings = (struct settings){
		.engine_socket = "/run/docker.sock",
		.resync_interval_s = 6 * HOUR,
		.heartbeat_interval_s = HOUR,
		.open_interval_s = DAY,
		.report_journal = -1,
		.report_syslog = -1,
		.syslog_facility = "authpriv",
		.keep_days = 400,
		.keep_bytes = 512 * MIB,
		.exec_keep_s = DAY,
		.per_minute = 60,
		.fold_after = 5,
		.fold_within_s = 10 * MINUTE,
		.carried_within_s = 10 * MINUTE,
	};
	l->selection.levels = ~UINT32_C(0);
	return params_default(&l->rb->params, l->rb->arena);
}
