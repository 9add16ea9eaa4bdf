/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host_login.h"

#include "collect/host.h"
#include "facts/build.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	PROFILE_FILES_MAX = 64,
	PROFILE_MAX = 256 * 1024,
};

struct profiles {
	struct environment_file files[PROFILE_FILES_MAX];
	size_t n;
	char **below; /* of /etc/profile.d */
	size_t n_below;
	char why[256];
};

static void
profiles_clear(struct profiles *p)
{
	for (size_t i = 0; i < p->n; i++)
		free((char *)(uintptr_t)p->files[i].text);
	host_glob_free(p->below, p->n_below);
}

static int
add_profile(struct profiles *p, const struct host *host, const char *path, bool all_exported)
{
	char *text;
	int r;

	if (p->n == PROFILE_FILES_MAX) {
		(void)snprintf(
		    p->why, sizeof(p->why), "there are too many files in /etc/profile.d");
		return -E2BIG;
	}
	r = host_read(host, path, PROFILE_MAX, &text, NULL);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		(void)snprintf(p->why, sizeof(p->why), "%.128s: %s", path, strerror(-r));
		return r;
	}
	p->files[p->n++] =
	    (struct environment_file){ .path = path, .text = text, .all_exported = all_exported };
	return 0;
}

static int
read_profiles(struct profiles *p, const struct host *host)
{
	int r;

	r = add_profile(p, host, "/etc/environment", true);
	if (r == 0)
		r = add_profile(p, host, "/etc/profile", false);
	if (r < 0)
		return r;
	r = host_glob(host, "/etc/profile.d/*.sh", &p->below, &p->n_below);
	if (r != 0) {
		(void)snprintf(p->why, sizeof(p->why), "/etc/profile.d: %s",
		    r == HOST_E_CUT ? "too many files" : strerror(-r));
		return r;
	}
	for (size_t i = 0; r == 0 && i < p->n_below; i++)
		r = add_profile(p, host, p->below[i], false);
	return r;
}

int
host_login_collect(struct snapshot **ret, const struct host *host)
{
	_cleanup_(profiles_clear) struct profiles profiles = { 0 };
	struct host_login_input in = { .files = profiles.files };

	if (read_profiles(&profiles, host) != 0)
		in.files_why = profiles.why;
	in.n_files = profiles.n;
	return build_host_login(ret, &in);
}
