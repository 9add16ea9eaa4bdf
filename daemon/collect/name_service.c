/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/name_service.h"

#include "facts/build.h"
#include "util/lines.h"
#include "util/macros.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	NSSWITCH_LINES_MAX = 4096,
	ACCOUNTS_MAX = 128 * 1024,
	GROUP_SIZE_MAX = 1024 * 1024, /* bytes of one group with all its members */
};

/* "group: files [NOTFOUND=return] systemd": actions are no sources. */
static bool
names_others(struct span sources)
{
	struct span word;
	bool action = false;

	while (span_field(&sources, ' ', &word) && word.text[0] != '#') {
		action |= word.text[0] == '[';
		if (!action && !span_is(word, "files"))
			return true;
		if (word.text[word.len - 1] == ']')
			action = false;
	}
	return false;
}

bool
name_service_beside_files(const char *nsswitch)
{
	static const char *const databases[] = { "passwd", "group", "initgroups" };
	struct lines lines = { .at = nsswitch, .left = NSSWITCH_LINES_MAX };
	struct span line, name, word;

	while (lines_next(&lines, &line)) {
		if (!span_field(&line, ':', &name) || line.text == NULL ||
		    !span_field(&name, ' ', &word))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(databases); i++) {
			if (span_is(word, databases[i]) && names_others(line))
				return true;
		}
	}
	return lines.cut;
}

static bool
has(const uint32_t *ids, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

/* The end of the list and an error look alike but for errno. */
static int
write_accounts(FILE *f, const struct socket_ids *ids)
{
	const struct passwd *p;
	unsigned n = 0;

	setpwent();
	for (;;) {
		errno = 0;
		p = getpwent();
		if (p == NULL)
			break;
		if (++n > ACCOUNTS_MAX)
			return EFBIG;
		if (p->pw_uid == 0 || has(ids->uids, ids->n_uids, p->pw_uid) ||
		    has(ids->gids, ids->n_gids, p->pw_gid))
			(void)fprintf(f, "%s:*:%u:%u::\n", p->pw_name, (unsigned)p->pw_uid,
			    (unsigned)p->pw_gid);
	}
	return errno == ENOENT || errno == ESRCH ? 0 : errno;
}

static void
write_group(FILE *f, const struct group *g)
{
	(void)fprintf(f, "%s:*:%u:", g->gr_name, (unsigned)g->gr_gid);
	for (char **member = g->gr_mem; *member != NULL; member++)
		(void)fprintf(f, "%s%s", member == g->gr_mem ? "" : ",", *member);
	(void)fputc('\n', f);
}

static int
write_groups(FILE *f, const struct socket_ids *ids)
{
	_cleanup_(freep) char *room = malloc(GROUP_SIZE_MAX);
	struct group group, *found;
	int r;

	if (room == NULL)
		return ENOMEM;
	for (size_t i = 0; i < ids->n_gids; i++) {
		found = NULL;
		r = getgrgid_r(ids->gids[i], &group, room, GROUP_SIZE_MAX, &found);
		if (r != 0 && r != ENOENT && r != ESRCH)
			return r;
		if (found != NULL)
			write_group(f, found);
	}
	return 0;
}

int
name_service_answer(int fd, const void *question)
{
	const struct socket_ids *ids = question;
	FILE *f = fdopen(fd, "w");
	int r;

	if (f == NULL)
		return errno;
	r = write_accounts(f, ids);
	if (r != 0)
		return r;
	(void)fputc('\0', f);
	r = write_groups(f, ids);
	if (r != 0)
		return r;
	(void)fputc('\0', f);
	return fclose(f) == 0 ? 0 : errno;
}

bool
name_service_split(const char *answer, size_t len, const char **passwd, const char **group)
{
	size_t first = strnlen(answer, len), second;

	if (first == len)
		return false;
	second = strnlen(answer + first + 1, len - first - 1);
	if (first + 1 + second + 1 != len)
		return false;
	*passwd = answer;
	*group = answer + first + 1;
	return true;
}
