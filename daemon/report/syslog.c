/* SPDX-License-Identifier: Apache-2.0
 *
 * Syslog: a line a row, its fields as JSON behind the cookie that rsyslog's mmjsonparse and
 * syslog-ng know. */
#include "report/consumer.h"
#include "report/fields.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

struct line {
	int priority; /* and facility */
	char *text;
};

static const struct {
	const char *name;
	int facility;
} facilities[] = {
	{ "auth", LOG_AUTH },
	{ "authpriv", LOG_AUTHPRIV },
	{ "cron", LOG_CRON },
	{ "daemon", LOG_DAEMON },
	{ "ftp", LOG_FTP },
	{ "kern", LOG_KERN },
	{ "local0", LOG_LOCAL0 },
	{ "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 },
	{ "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 },
	{ "local7", LOG_LOCAL7 },
	{ "lpr", LOG_LPR },
	{ "mail", LOG_MAIL },
	{ "news", LOG_NEWS },
	{ "syslog", LOG_SYSLOG },
	{ "user", LOG_USER },
	{ "uucp", LOG_UUCP },
};

static int facility = LOG_AUTHPRIV;

void
consumer_syslog_facility(const char *name)
{
	facility = LOG_AUTHPRIV;
	for (size_t i = 0; i < ARRAY_SIZE(facilities); i++)
		if (strcmp(facilities[i].name, name) == 0)
			facility = facilities[i].facility;
}

static void
syslog_free(void *prepared)
{
	struct line *line = prepared;

	free(line->text);
	free(line);
}

static void *
syslog_prepare(struct json_object *row)
{
	_cleanup_(fields_freep) struct fields *f = NULL;
	struct line *line = calloc(1, sizeof(*line));

	if (line == NULL)
		return NULL;
	if (fields_new(&f, row) == 0)
		line->text = fields_cee(f);
	if (line->text == NULL) {
		syslog_free(line);
		return NULL;
	}
	line->priority = facility | f->priority;
	return line;
}

/* Blocks while the other side doesn't read; it says nothing of failures. */
static bool
syslog_write(void *prepared)
{
	static bool opened;
	const struct line *line = prepared;

	/* By the one thread that writes: who waits for the other side holds a lock on it. */
	if (!opened)
		openlog("plimsoll", LOG_PID, LOG_AUTHPRIV);
	opened = true;
	syslog(line->priority, "%s", line->text);
	return true;
}

#define SOCKET "/dev/log"

const struct consumer_kind consumer_syslog = {
	.cursor = "syslog",
	.prepare = syslog_prepare,
	.write = syslog_write,
	.free = syslog_free,
	.socket = SOCKET,
};

bool
consumer_syslog_is_there(void)
{
	return access(SOCKET, F_OK) == 0;
}
