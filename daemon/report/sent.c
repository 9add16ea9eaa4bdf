/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sent.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

enum { TRIES_MAX = 2 };

/* What the notes hold for. */
struct head {
	char format[16];
	char ledger[48];
	sd_id128_t boot;
	char reserved[16];
};

/* Heads and notes are of such sizes that none lies on two pages: a note is written whole, or not.
 */
struct note {
	struct sent_row row;
	uint32_t tries;
	uint32_t written;
	uint64_t reserved;
};
static_assert(sizeof(struct note) == 32 && sizeof(struct head) % sizeof(struct note) == 0,
    "a note that lies on two pages");

struct sent {
	atomic_uint refs;
	int fd;
};

struct sent_row
sent_row_of(uint64_t seq, const char *line, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)line[i]) * UINT64_C(0x100000001b3);
	return (struct sent_row){ .seq = seq, .hash = hash };
}

/* The last note of a row whose place it is. */
static off_t
place_of(const struct sent_row *row)
{
	return (off_t)(sizeof(struct head) + row->seq % SENT_KEPT * sizeof(struct note));
}

/* Notes that are for another ledger, or from before a power cut, are thrown away; the head comes
 * after that, so that it never stands before them. */
static int
begin(int fd, const struct head *head)
{
	struct head there;

	if (pread(fd, &there, sizeof(there), 0) == (ssize_t)sizeof(there) &&
	    memcmp(&there, head, sizeof(there)) == 0)
		return 0;
	if (ftruncate(fd, 0) < 0)
		return -errno;
	errno = EIO;
	return pwrite(fd, head, sizeof(*head), 0) == (ssize_t)sizeof(*head) ? 0 : -errno;
}

int
sent_open(struct sent **ret, const char *folder, const char *consumer, const char *ledger)
{
	_cleanup_(sent_unrefp) struct sent *s = calloc(1, sizeof(*s));
	_cleanup_(freep) char *path = NULL;
	struct head head = { .format = "plimsoll sent 2" };
	int r;

	if (s == NULL || asprintf(&path, "%s/%s.sent", folder, consumer) < 0)
		return -ENOMEM;
	s->refs = 1;
	s->fd = -1;
	(void)snprintf(head.ledger, sizeof(head.ledger), "%s", ledger);
	r = sd_id128_get_boot(&head.boot);
	if (r < 0)
		return r;
	s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (s->fd < 0)
		return -errno;
	r = begin(s->fd, &head);
	if (r == 0)
		*ret = TAKE(s);
	return r;
}

struct sent *
sent_ref(struct sent *s)
{
	if (s != NULL)
		s->refs++;
	return s;
}

struct sent *
sent_unref(struct sent *s)
{
	if (s == NULL || --s->refs > 0)
		return NULL;
	closep(&s->fd);
	free(s);
	return NULL;
}

/* A place has the note of another row until there is one of this. */
static struct note
note_of(const struct sent *s, const struct sent_row *row)
{
	struct note note;

	if (pread(s->fd, &note, sizeof(note), place_of(row)) == (ssize_t)sizeof(note) &&
	    note.row.seq == row->seq && note.row.hash == row->hash)
		return note;
	return (struct note){ .row = *row };
}

static void
put(struct sent *s, const struct note *note)
{
	(void)!pwrite(s->fd, note, sizeof(*note), place_of(&note->row));
}

void
sent_note(struct sent *s, const struct sent_row *row)
{
	struct note note = note_of(s, row);

	note.written = 1;
	put(s, &note);
}

void
sent_try(struct sent *s, const struct sent_row *row)
{
	struct note note = note_of(s, row);

	note.tries++;
	put(s, &note);
}

void
sent_untry(struct sent *s, const struct sent_row *row)
{
	struct note note = note_of(s, row);

	if (note.tries > 0)
		note.tries--;
	put(s, &note);
}

bool
sent_has(const struct sent *s, const struct sent_row *row)
{
	const struct note note = note_of(s, row);

	return note.written != 0 || note.tries >= TRIES_MAX;
}
