/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines on stdout, for a daemon that somebody looks at: time, then what the journal says. */
#include "report/consumer.h"
#include "report/line.h"
#include "report/member.h"
#include "report/text.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

static enum colour
colour_of(int priority)
{
	if (priority <= LOG_CRIT)
		return COLOUR_BAD;
	if (priority == LOG_ERR)
		return COLOUR_RED;
	if (priority == LOG_WARNING)
		return COLOUR_YELLOW;
	return priority == LOG_NOTICE ? COLOUR_NONE : COLOUR_DIM;
}

/* "17:00:00", in UTC as everywhere. */
static void
put_time(FILE *out, const char *time)
{
	const char *clock = strchr(time, 'T');

	if (clock != NULL)
		(void)fprintf(out, "%.8s  ", clock + 1);
}

static void *
terminal_prepare(struct json_object *row)
{
	struct style style = style_of(STDOUT_FILENO);
	char *line = line_of_drift(row), *text = NULL;
	size_t len;
	FILE *out = line == NULL ? NULL : open_memstream(&text, &len);

	if (out != NULL) {
		enum colour colour = colour_of(line_priority(row));

		if (strcmp(member_text(row, "type"), "restored") == 0)
			colour = COLOUR_GREEN;
		put_time(out, member_text(row, "time"));
		(void)text_put_coloured(out, &style, colour, line, 0);
		(void)fputc('\n', out);
		(void)fclose(out);
	}
	free(line);
	return text;
}

static bool
terminal_write(void *prepared)
{
	(void)fputs(prepared, stdout);
	(void)fflush(stdout);
	return true;
}

const struct consumer_kind consumer_terminal = {
	.cursor = NULL,
	.prepare = terminal_prepare,
	.write = terminal_write,
	.free = free,
};
