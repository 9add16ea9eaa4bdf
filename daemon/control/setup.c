/* SPDX-License-Identifier: Apache-2.0 */
#include "control/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *
beside(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');
	int len = slash == NULL ? 0 : (int)(slash - file) + 1;
	char *path;

	return asprintf(&path, "%.*s%s", len, file, name) < 0 ? NULL : path;
}

static const char *
find_rules(const char *flag)
{
	const char *named = getenv("PLIMSOLL_RULES_DIR");

	if (flag != NULL)
		return flag;
	return named != NULL && *named != '\0' ? named : PLIMSOLL_DATADIR "/rules";
}

int
setup_new(struct setup **ret, const char *config, const char *rules_dir)
{
	_cleanup_(setup_freep) struct setup *s = calloc(1, sizeof(*s));
	const char *file = config == NULL ? SETUP_CONFIG : config;

	if (s == NULL)
		return -ENOMEM;
	s->config_dir = beside(file, "plimsoll.d");
	s->site_rules_dir = beside(file, "rules.d");
	s->exceptions_dir = beside(file, "exceptions.d");
	if (s->config_dir == NULL || s->site_rules_dir == NULL || s->exceptions_dir == NULL)
		return -ENOMEM;
	s->paths.rules_dir = find_rules(rules_dir);
	s->paths.site_rules_dir = s->site_rules_dir;
	s->paths.config_dir = s->config_dir;
	s->paths.exceptions_dir = s->exceptions_dir;
	if (config != NULL || access(file, F_OK) == 0)
		s->paths.config_file = file;
	*ret = TAKE(s);
	return 0;
}

struct setup *
setup_free(struct setup *s)
{
	if (s == NULL)
		return NULL;
	free(s->config_dir);
	free(s->site_rules_dir);
	free(s->exceptions_dir);
	free(s);
	return NULL;
}
