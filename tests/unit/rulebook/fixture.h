/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of rules, benchmarks and settings for one test, and what the loader says of it. Include
 * after cmocka.h. */
#ifndef TESTS_RULEBOOK_FIXTURE_H
#define TESTS_RULEBOOK_FIXTURE_H

#include "rulebook/rulebook.h"
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One good rule, for tests that are about something else. */
#define GOOD_RULE(key)                                           \
	"- key: " key "\n"                                       \
	"  title: Title of " key "\n"                            \
	"  severity: low\n"                                      \
	"  scope: container\n"                                   \
	"  pass: container.user != \"\"\n"                       \
	"  why: Because.\n"                                      \
	"  audit: docker inspect {subject}\n"                    \
	"  fix: Do it.\n"                                        \
	"  examples:\n"                                          \
	"    - {verdict: pass, facts: {container.user: app}}\n"  \
	"    - {verdict: fail, facts: {container.user: \"\"}}\n" \
	"    - {verdict: unknown, unreadable: [container.user]}\n"

struct fixture {
	char dir[64];
	struct rulebook *rb;
	char *errors; /* with the folder's name cut out, and the last newline */
};

static inline void
fixture_put(const struct fixture *f, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static inline void
fixture_folder(const struct fixture *f, const char *name)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static inline void
fixture_init(struct fixture *f)
{
	*f = (struct fixture){};
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/plimsoll-rulebook-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	fixture_folder(f, "rules");
	fixture_folder(f, "rules/benchmarks");
	fixture_folder(f, "rules.d");
	fixture_folder(f, "plimsoll.d");
	fixture_folder(f, "exceptions.d");
	fixture_put(f, "plimsoll.yaml", "");
}

static inline int
fixture_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline void
fixture_deinit(struct fixture *f)
{
	f->rb = rulebook_free(f->rb);
	free(f->errors);
	(void)nftw(f->dir, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void
fixture_cut_dir(struct fixture *f)
{
	size_t len = strlen(f->dir) + 1;
	char *at;

	while ((at = strstr(f->errors, f->dir)) != NULL)
		memmove(at, at + len, strlen(at + len) + 1);
	at = strrchr(f->errors, '\n');
	if (at != NULL)
		*at = '\0';
}

/* Loads all folders; what rulebook_load() returns. */
static inline int
fixture_load(struct fixture *f)
{
	char rules[PATH_MAX], site[PATH_MAX], file[PATH_MAX], folder[PATH_MAX];
	char exceptions[PATH_MAX];
	const struct rulebook_paths paths = { rules, site, file, folder, exceptions };
	int r;

	(void)snprintf(rules, sizeof(rules), "%s/rules", f->dir);
	(void)snprintf(site, sizeof(site), "%s/rules.d", f->dir);
	(void)snprintf(file, sizeof(file), "%s/plimsoll.yaml", f->dir);
	(void)snprintf(folder, sizeof(folder), "%s/plimsoll.d", f->dir);
	(void)snprintf(exceptions, sizeof(exceptions), "%s/exceptions.d", f->dir);
	f->rb = rulebook_free(f->rb);
	free(f->errors);
	f->errors = NULL;
	r = rulebook_load(&f->rb, &paths, &f->errors);
	if (f->errors != NULL)
		fixture_cut_dir(f);
	return r;
}

static inline void
fixture_load_good(struct fixture *f)
{
	int r = fixture_load(f);

	if (f->errors != NULL)
		fail_msg("%s", f->errors);
	assert_int_equal(r, 0);
	assert_non_null(f->rb);
}

static inline void
fixture_load_bad(struct fixture *f, const char *errors)
{
	assert_int_equal(fixture_load(f), RULEBOOK_E_INVALID);
	assert_null(f->rb);
	assert_string_equal(f->errors, errors);
}

#endif
