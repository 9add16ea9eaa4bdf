/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "collect/host.h"
#include "collect/host_follow.h"
#include <sys/mount.h>

struct world {
	char dir[64]; /* holds root/ and outside/ */
	struct host *host;
};

static void
at(const struct world *w, const char *path, char *ret, size_t size)
{
	assert_in_range(snprintf(ret, size, "%s%s", w->dir, path), 1, size - 1);
}

static void
make_dir(const struct world *w, const char *path)
{
	char full[256];

	at(w, path, full, sizeof(full));
	assert_int_equal(mkdir(full, 0755), 0);
}

static void
make_file(const struct world *w, const char *path, const char *text)
{
	char full[256];
	FILE *f;

	at(w, path, full, sizeof(full));
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static void
make_link(const struct world *w, const char *path, const char *target)
{
	char full[256];

	at(w, path, full, sizeof(full));
	assert_int_equal(symlink(target, full), 0);
}

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char root[128];

	assert_non_null(w);
	strcpy(w->dir, "/tmp/plimsoll-host-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	make_dir(w, "/root");
	make_dir(w, "/root/etc");
	make_dir(w, "/root/etc/docker");
	make_dir(w, "/outside");
	make_file(w, "/outside/secret", "outside");
	make_file(w, "/root/etc/docker/daemon.json", "{}");
	at(w, "/root/", root, sizeof(root));
	assert_int_equal(host_new(&w->host, root), 0);
	*state = w;
	return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	w->host = host_free(w->host);
	assert_int_equal(nftw(w->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(w);
	return 0;
}

static void
assert_text(const struct world *w, const char *path, const char *text)
{
	_cleanup_(freep) char *got = NULL;
	size_t len;

	assert_int_equal(host_read(w->host, path, 1024, &got, &len), 0);
	assert_string_equal(got, text);
	assert_int_equal(len, strlen(text));
}

static int
read_error(const struct world *w, const char *path, size_t max)
{
	_cleanup_(freep) char *got = NULL;
	size_t len;

	return host_read(w->host, path, max, &got, &len);
}

static void
test_root_is_without_slash(void **state)
{
	struct world *w = *state;
	char root[128];
	_cleanup_(host_freep) struct host *h = NULL;

	at(w, "/root", root, sizeof(root));
	assert_string_equal(host_root(w->host), root);
	assert_int_equal(host_new(&h, "/"), 0);
	assert_string_equal(host_root(h), "");
}

static void
test_real_root_works(void **state)
{
	_cleanup_(host_freep) struct host *h = NULL;
	_cleanup_(freep) char *real = NULL, *text = NULL;
	size_t len;

	assert_int_equal(host_new(&h, "/"), 0);
	assert_int_equal(host_realpath(h, "/etc/../usr", &real), 0);
	assert_string_equal(real, "/usr");
	assert_int_equal(host_read(h, "/proc/self/status", 65536, &text, &len), 0);
	assert_int_equal(strncmp(text, "Name:", 5), 0);
}

static void
test_links_stay_inside(void **state)
{
	struct world *w = *state;
	char outside[128];

	at(w, "/outside/secret", outside, sizeof(outside));
	make_link(w, "/root/etc/absolute", outside);
	make_link(w, "/root/etc/dots", "../../../../../../../../outside/secret");
	make_link(w, "/root/etc/folder", "../../outside");
	assert_int_equal(read_error(w, "/etc/absolute", 1024), -ENOENT);
	assert_int_equal(read_error(w, "/etc/dots", 1024), -ENOENT);
	assert_int_equal(read_error(w, "/etc/folder/secret", 1024), -ENOENT);
	assert_int_equal(read_error(w, "/../outside/secret", 1024), -ENOENT);
	assert_int_equal(host_open_path(w->host, "/etc/absolute", true), -ENOENT);
}

static void
test_absolute_links_start_at_the_root(void **state)
{
	struct world *w = *state;
	_cleanup_(freep) char *real = NULL;

	make_link(w, "/root/conf", "/etc/docker");
	make_link(w, "/root/etc/again", "/conf/daemon.json");
	assert_text(w, "/etc/again", "{}");
	assert_int_equal(host_realpath(w->host, "/etc/again", &real), 0);
	assert_string_equal(real, "/etc/docker/daemon.json");
}

static void
test_realpath_of_the_root(void **state)
{
	struct world *w = *state;
	_cleanup_(freep) char *real = NULL;

	assert_int_equal(host_realpath(w->host, "/", &real), 0);
	assert_string_equal(real, "/");
}

static void
test_link_itself(void **state)
{
	struct world *w = *state;
	_cleanup_(closep) int link = -1, file = -1;
	struct stat st;

	make_link(w, "/root/etc/link", "docker/daemon.json");
	link = host_open_path(w->host, "/etc/link", false);
	assert_true(link >= 0);
	assert_int_equal(fstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	file = host_open_path(w->host, "/etc/link", true);
	assert_true(file >= 0);
	assert_int_equal(fstat(file, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void
test_read_is_bounded(void **state)
{
	struct world *w = *state;
	char text[10001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	make_file(w, "/root/big", text);
	assert_int_equal(read_error(w, "/big", 9999), -EFBIG);
	assert_int_equal(read_error(w, "/big", 10000), 0);
	assert_int_equal(read_error(w, "/etc", 1024), -EISDIR);
}

static void
test_read_does_not_wait_for_a_writer(void **state)
{
	struct world *w = *state;
	char full[256];

	at(w, "/root/fifo", full, sizeof(full));
	assert_int_equal(mkfifo(full, 0644), 0);
	assert_int_equal(read_error(w, "/fifo", 1024), -EINVAL);
}

/* Paths that match, joined by spaces. */
static const char *
glob_text(const struct world *w, const char *pattern)
{
	static char text[1024];
	char **paths;
	size_t n;

	text[0] = '\0';
	assert_int_equal(host_glob(w->host, pattern, &paths, &n), 0);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strcat(text, " ");
		strcat(text, paths[i]);
	}
	host_glob_free(paths, n);
	return text;
}

static void
make_certs(const struct world *w)
{
	make_dir(w, "/root/etc/docker/certs.d");
	make_dir(w, "/root/etc/docker/certs.d/b.example:5000");
	make_dir(w, "/root/etc/docker/certs.d/a.example");
	make_dir(w, "/root/etc/docker/certs.d/.hidden");
	make_file(w, "/root/etc/docker/certs.d/b.example:5000/ca.crt", "");
	make_file(w, "/root/etc/docker/certs.d/a.example/ca.crt", "");
	make_file(w, "/root/etc/docker/certs.d/a.example/client.key", "");
	make_file(w, "/root/etc/docker/certs.d/.hidden/ca.crt", "");
	make_file(w, "/root/etc/docker/certs.d/a-file", "");
}

static void
test_glob(void **state)
{
	struct world *w = *state;
	char outside[128];

	make_certs(w);
	at(w, "/outside", outside, sizeof(outside));
	make_link(w, "/root/etc/docker/certs.d/out", outside);
	make_link(w, "/root/etc/docker/certs.d/in", "/etc/docker/certs.d/a.example");

	assert_string_equal(glob_text(w, "/etc/docker/certs.d/*/*.crt"),
	    "/etc/docker/certs.d/a.example/ca.crt /etc/docker/certs.d/b.example:5000/ca.crt "
	    "/etc/docker/certs.d/in/ca.crt");
	assert_string_equal(glob_text(w, "/etc/docker/certs.d/[ab].*/client.key"),
	    "/etc/docker/certs.d/a.example/client.key");
	assert_string_equal(glob_text(w, "/etc/docker/certs.d/out/*"), "");
	assert_string_equal(glob_text(w, "/nowhere/*"), "");
	assert_string_equal(glob_text(w, "/*"), "/etc");
	assert_string_equal(glob_text(w, "/etc/doc*er"), "/etc/docker");
	assert_string_equal(glob_text(w, "/not/there"), "/not/there");
}

static void
test_glob_is_cut(void **state)
{
	struct world *w = *state;
	char path[64];
	char **paths;
	size_t n;

	for (int i = 0; i <= HOST_GLOB_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/root/etc/%05d", i);
		make_file(w, path, "");
	}
	assert_int_equal(host_glob(w->host, "/etc/0*", &paths, &n), HOST_E_CUT);
	assert_int_equal(n, HOST_GLOB_MAX);
	assert_string_equal(paths[0], "/etc/00000");
	assert_string_equal(paths[n - 1], "/etc/01023");
	host_glob_free(paths, n);
}

static void
assert_leads(struct follower *f, const char *path, const char *there)
{
	_cleanup_(freep) char *got = NULL;

	assert_int_equal(follower_follow(f, path, &got), 0);
	assert_string_equal(got, there);
}

static void
test_links_are_followed(void **state)
{
	struct world *w = *state;
	struct follower *f = NULL;

	make_link(w, "/root/absolute", "/etc");
	make_link(w, "/root/relative", "etc/../etc/docker");
	make_link(w, "/root/etc/chain", "../absolute/docker");
	make_link(w, "/root/out", "../../../outside");
	make_link(w, "/root/nowhere", "/gone/away");
	make_link(w, "/root/circle", "circle");
	assert_int_equal(follower_new(&f, w->host), 0);

	assert_leads(f, "/", "/");
	assert_leads(f, "/etc/docker/", "/etc/docker");
	assert_leads(f, "/etc//docker/./daemon.json", "/etc/docker/daemon.json");
	assert_leads(f, "/absolute", "/etc");
	assert_leads(f, "/absolute/docker", "/etc/docker");
	assert_leads(f, "/relative/daemon.json", "/etc/docker/daemon.json");
	assert_leads(f, "/etc/chain", "/etc/docker");
	assert_leads(f, "/etc/../../etc", "/etc");
	assert_leads(f, "/out", "/outside"); /* of the root, where there is none */
	/* What isn't there may be made. */
	assert_leads(f, "/absolute/new/folder", "/etc/new/folder");
	assert_leads(f, "/nowhere/else", "/gone/away/else");
	assert_leads(f, "/etc/docker/daemon.json/below", "/etc/docker/daemon.json/below");
	assert_leads(f, "/circle", "/circle");
	assert_null(follower_free(f));
	assert_null(follower_free(NULL));
}

/* Where they lead for us is not where they lead for the engine. */
static void
test_links_of_proc_are_not_followed(void **state)
{
	_cleanup_(follower_freep) struct follower *f = NULL;
	_cleanup_(host_freep) struct host *ours = NULL;

	(void)state;
	assert_int_equal(host_new(&ours, "/"), 0);
	assert_int_equal(follower_new(&f, ours), 0);
	assert_leads(f, "/proc/self/cwd", "/proc/self/cwd");
	assert_leads(f, "/proc/1/root/etc", "/proc/1/root/etc");
}

/* No server ever answers for this file system: a look into it would be the end of the test. */
static void
test_what_may_hang_is_not_looked_at(void **state)
{
	static const char *const paths[][2] = {
		{ "/far away/link/x", "/far away/link/x" },
		{ "/far away/", "/far away" },
		{ "/leads-there", "/far away/etc" },
	};
	_cleanup_(closep) int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	_cleanup_(follower_freep) struct follower *f = NULL;
	char point[256], options[64], *got[ARRAY_SIZE(paths)] = { NULL };
	struct world *w = *state;

	make_dir(w, "/root/far away");
	make_link(w, "/root/leads-there", "far away/etc");
	at(w, "/root/far away", point, sizeof(point));
	(void)snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("test", point, "fuse", 0, options) < 0)
		skip();
	assert_int_equal(follower_new(&f, w->host), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		(void)follower_follow(f, paths[i][0], &got[i]);
	assert_int_equal(umount2(point, MNT_DETACH), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_string_equal(got[i], paths[i][1]);
		free(got[i]);
	}
}

static int64_t
ctime_of(const struct world *w, const char *path)
{
	char full[256];
	struct stat st;

	at(w, path, full, sizeof(full));
	assert_int_equal(lstat(full, &st), 0);
	return st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
}

/* Until what is made from now on is newer than what was made before. */
static void
let_time_pass(const struct world *w)
{
	const int64_t before = ctime_of(w, "/root/etc/docker/daemon.json");
	char full[256];

	at(w, "/outside/secret", full, sizeof(full));
	do
		assert_int_equal(chmod(full, 0600), 0);
	while (ctime_of(w, "/outside/secret") <= before);
}

static void
assert_changed(struct follower *f, const char *path, int64_t when, const char *missing_from)
{
	struct follow_change change;

	assert_int_equal(follower_change(f, path, &change), 0);
	assert_int_equal(change.changed_ms, when);
	assert_int_equal(change.missing, missing_from != NULL);
	assert_string_equal(change.folder, missing_from != NULL ? missing_from : "");
}

/* A time that was set back doesn't deceive, nor does an old file under a new link. */
static void
test_since_when_a_path_leads_there(void **state)
{
	static const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	_cleanup_(follower_freep) struct follower *f = NULL;
	struct world *w = *state;
	char full[256], new[256];
	int64_t made = ctime_of(w, "/root/etc/docker/daemon.json");

	assert_int_equal(follower_new(&f, w->host), 0);
	assert_changed(f, "/etc/docker/daemon.json", made, NULL);

	let_time_pass(w);
	make_file(w, "/root/etc/docker/other", "");
	assert_changed(f, "/etc/docker/daemon.json", made, NULL);
	make_link(w, "/root/link", "etc/docker");
	make_link(w, "/root/etc/docker/again", "../../link/daemon.json");
	assert_true(ctime_of(w, "/root/link") > made);
	assert_changed(f, "/link/daemon.json", ctime_of(w, "/root/link"), NULL);
	assert_changed(f, "/etc/docker/again", ctime_of(w, "/root/etc/docker/again"), NULL);

	at(w, "/root/etc/docker/daemon.json", full, sizeof(full));
	at(w, "/root/etc/docker/kept", new, sizeof(new));
	assert_int_equal(utimensat(AT_FDCWD, full, long_ago, 0), 0);
	assert_true(ctime_of(w, "/root/etc/docker/daemon.json") > made);
	assert_changed(
	    f, "/etc/docker/daemon.json", ctime_of(w, "/root/etc/docker/daemon.json"), NULL);
	assert_int_equal(rename(full, new), 0);
	assert_changed(f, "/etc/docker/kept", ctime_of(w, "/root/etc/docker/kept"), NULL);
}

static void
test_since_when_a_path_leads_nowhere(void **state)
{
	_cleanup_(follower_freep) struct follower *f = NULL;
	struct world *w = *state;
	struct follow_change change;
	char full[256];

	assert_int_equal(follower_new(&f, w->host), 0);
	let_time_pass(w);
	at(w, "/root/etc/docker/daemon.json", full, sizeof(full));
	assert_int_equal(unlink(full), 0);
	assert_changed(
	    f, "/etc/docker/daemon.json", ctime_of(w, "/root/etc/docker"), "/etc/docker");
	assert_changed(f, "/etc/docker/a/b", ctime_of(w, "/root/etc/docker"), "/etc/docker");
	assert_changed(f, "/etc/gone/daemon.json", ctime_of(w, "/root/etc"), "/etc");
	assert_changed(f, "/gone", ctime_of(w, "/root"), "/");

	make_link(w, "/root/etc/dangling", "docker/daemon.json");
	assert_changed(f, "/etc/dangling", ctime_of(w, "/root/etc/dangling"), "/etc/docker");
	make_link(w, "/root/circle", "circle");
	assert_int_equal(follower_change(f, "/circle", &change), -ELOOP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_root_is_without_slash, set_up, tear_down),
		cmocka_unit_test(test_real_root_works),
		cmocka_unit_test_setup_teardown(test_links_stay_inside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_absolute_links_start_at_the_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_realpath_of_the_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_read_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_read_does_not_wait_for_a_writer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_glob, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_glob_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links_are_followed, set_up, tear_down),
		cmocka_unit_test(test_links_of_proc_are_not_followed),
		cmocka_unit_test_setup_teardown(
		    test_what_may_hang_is_not_looked_at, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_since_when_a_path_leads_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_since_when_a_path_leads_nowhere, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
