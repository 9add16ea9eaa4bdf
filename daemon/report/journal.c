/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal: an entry a row, with fields. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "report/consumer.h"
#include "report/fields.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

static void *
journal_prepare(struct json_object *row)
{
	struct fields *f;

	return fields_new(&f, row) == 0 ? f : NULL;
}

/* Blocks while journald doesn't read. False where nobody listens: it is being restarted. Where
 * there is no socket, the library takes the entry and loses it. */
static bool
journal_write(void *prepared)
{
	const struct fields *f = prepared;
	struct iovec parts[FIELDS_MAX];
	int r;

	if (!consumer_journal_is_there())
		return false;
	for (unsigned i = 0; i < f->n; i++)
		parts[i] = (struct iovec){ f->texts[i], strlen(f->texts[i]) };
	r = sd_journal_sendv(parts, (int)f->n);
	return r != -ECONNREFUSED && r != -EAGAIN;
}

static void
journal_free(void *prepared)
{
	(void)fields_free(prepared);
}

#define SOCKET "/run/systemd/journal/socket"

const struct consumer_kind consumer_journal = {
	.cursor = "journal",
	.prepare = journal_prepare,
	.write = journal_write,
	.free = journal_free,
	.socket = SOCKET,
};

bool
consumer_journal_is_there(void)
{
	return access(SOCKET, F_OK) == 0;
}
