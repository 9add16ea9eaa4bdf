/* SPDX-License-Identifier: Apache-2.0 */
#include "rules_folder.h"

#include "fuzz.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/plimsoll-fuzz-XXXXXX";
static int memory = -1;

static const char *const folders[] = { "rules", "rules/benchmarks", "plimsoll.d", "exceptions.d" };

static const struct {
	const char *name, *text;
} files[] = {
	{ "rules/rules.yaml", "- key: container-privileged\n"
			      "  title: Containers are not privileged\n"
			      "  severity: critical\n"
			      "  scope: container\n"
			      "  pass: '!container.privileged'\n"
			      "  why: Because.\n"
			      "  audit: docker inspect {subject}\n"
			      "  fix: Do it.\n"
			      "  examples:\n"
			      "    - {verdict: pass, facts: {container.privileged: false}}\n"
			      "    - {verdict: fail, facts: {container.privileged: true}}\n"
			      "    - {verdict: unknown, unreadable: [container.privileged]}\n"
			      "- key: container-shares\n"
			      "  title: Containers have shares\n"
			      "  severity: low\n"
			      "  scope: container\n"
			      "  pass: params.cpu_alternatives || container.cpu_shares > 0\n"
			      "  why: Because.\n"
			      "  audit: docker inspect {subject}\n"
			      "  fix: Do it.\n"
			      "  examples:\n"
			      "    - {verdict: pass, facts: {container.cpu_shares: 1}}\n"
			      "    - {verdict: fail, facts: {container.cpu_shares: 0}}\n"
			      "    - {verdict: unknown, unreadable: [container.cpu_shares]}\n" },
	{ "rules/benchmarks/benchmark.yaml", "" },
	{ "plimsoll.yaml", "" },
	{ "exceptions.d/exceptions.yaml", "" },
};

static const char *
path_of(const char *name, char ret[PATH_MAX])
{
	must(snprintf(ret, PATH_MAX, "%s/%s", root, name) < PATH_MAX);
	return ret;
}

static void
remove_folder(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlink(path_of(files[i].name, path));
	for (size_t i = ARRAY_SIZE(folders); i > 0; i--)
		(void)rmdir(path_of(folders[i - 1], path));
	(void)rmdir(root);
}

static void
put_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f = fopen(path_of(name, path), "we");

	must(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0644) == 0);
}

static void
make_folder(const char *input)
{
	char path[PATH_MAX], link[64];

	memory = memfd_create("input", MFD_CLOEXEC);
	must(memory >= 0 && fchmod(memory, 0644) == 0 && mkdtemp(root) != NULL);
	must(atexit(remove_folder) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		must(mkdir(path_of(folders[i], path), 0700) == 0);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", memory);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (strcmp(files[i].name, input) == 0)
			must(symlink(link, path_of(input, path)) == 0);
		else
			put_file(files[i].name, files[i].text);
	}
}

struct rulebook *
rules_folder_load(const char *input, const uint8_t *data, size_t size)
{
	char rules[PATH_MAX], file[PATH_MAX], folder[PATH_MAX], exceptions[PATH_MAX];
	struct rulebook_paths paths = {
		.rules_dir = rules,
		.config_file = file,
		.config_dir = folder,
		.exceptions_dir = exceptions,
	};
	_cleanup_(freep) char *errors = NULL;
	struct rulebook *rb = NULL;
	int r;

	if (memory < 0)
		make_folder(input);
	(void)path_of("rules", rules);
	(void)path_of("plimsoll.yaml", file);
	(void)path_of("plimsoll.d", folder);
	(void)path_of("exceptions.d", exceptions);
	must(ftruncate(memory, 0) == 0 && pwrite(memory, data, size, 0) == (ssize_t)size);
	r = rulebook_load(&rb, &paths, &errors);
	must(r == 0 || r == RULEBOOK_E_INVALID);
	must((r == 0) == (rb != NULL) && (r != 0) == (errors != NULL && errors[0] != '\0'));
	return rb;
}
