/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/host.h"
#include "sink.h"
#include "util/macros.h"
#include "watch/files.h"
#include <event2/event.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The test has a mount table of its own. */
static bool own_mounts;

struct world {
	char root[64];
	struct event_base *base;
	struct host *host;
	struct heard heard;
	struct watch_sink sink;
	struct files_watch *watch;
	unsigned sets, contents; /* what was told of globs */
};

/* A shell command, with the root of the test's host as $R. */
static void
run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static void
on_glob(void *arg, const char *pattern, bool moved)
{
	struct world *w = arg;

	assert_string_equal(pattern, "/etc/docker/certs.d/*/*.crt");
	w->sets += moved;
	w->contents += !moved;
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)strcpy(w->root, "/tmp/plimsoll-files-XXXXXX");
	if (mkdtemp(w->root) == NULL)
		return -1;
	if (setenv("R", w->root, 1) != 0)
		return -1;
	run("mkdir -p $R/etc/docker $R/run $R/srv");
	w->base = event_base_new();
	w->sink = (struct watch_sink)HEARD_SINK(&w->heard);
	assert_int_equal(host_new(&w->host, w->root), 0);
	assert_int_equal(files_watch_new(&w->watch, w->base, w->host, &w->sink, on_glob, w), 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	files_watch_free(w->watch);
	host_free(w->host);
	event_base_free(w->base);
	run("rm -rf $R");
	free(w);
	return 0;
}

static void
watch(struct world *w, const char *path)
{
	assert_int_equal(files_watch_set(w->watch, &path, 1), 0);
}

/* What was heard since the last call, after all that the kernel has to say. */
static bool
heard(struct world *w, const char *path)
{
	char line[256];
	bool found;

	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	(void)snprintf(line, sizeof(line), "stale 2 %s one\n", path);
	found = strstr(w->heard.text, line) != NULL;
	w->heard.text[0] = '\0';
	return found;
}

#define DAEMON_JSON "/etc/docker/daemon.json"

static void
test_a_mode_an_owner_and_content(void **state)
{
	struct world *w = *state;

	run("echo '{}' >$R" DAEMON_JSON);
	watch(w, DAEMON_JSON);
	assert_false(heard(w, DAEMON_JSON));
	run("chmod 666 $R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
	run("echo '{ }' >$R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
	run("echo other >$R/etc/docker/key.json");
	assert_false(heard(w, DAEMON_JSON));
}

static void
test_a_file_that_appears_and_goes(void **state)
{
	struct world *w = *state;

	watch(w, DAEMON_JSON);
	run("echo '{}' >$R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
	run("chmod 666 $R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
	run("rm $R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
	run("rmdir $R/etc/docker");
	assert_true(heard(w, DAEMON_JSON));
	run("mkdir $R/etc/docker && echo '{}' >$R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
	run("chmod 600 $R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
}

static void
test_replacement_by_rename(void **state)
{
	struct world *w = *state;

	run("echo '{}' >$R" DAEMON_JSON);
	watch(w, DAEMON_JSON);
	run("echo '{}' >$R/etc/docker/.new && mv $R/etc/docker/.new $R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
	/* The new inode is the one that is watched now. */
	run("chmod 640 $R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
}

static void
test_a_directory_renamed_away_and_back(void **state)
{
	struct world *w = *state;

	run("echo '{}' >$R" DAEMON_JSON);
	watch(w, DAEMON_JSON);
	run("mv $R/etc/docker $R/etc/docker.old");
	assert_true(heard(w, DAEMON_JSON));
	run("chmod 666 $R/etc/docker.old/daemon.json");
	assert_false(heard(w, DAEMON_JSON));
	run("mv $R/etc/docker.old $R/etc/docker");
	assert_true(heard(w, DAEMON_JSON));
	run("chmod 644 $R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
}

static void
test_through_links(void **state)
{
	struct world *w = *state;

	/* An absolute link stays below the root. */
	run("ln -s /run $R/var_run && ln -s ../srv/real $R/run/docker.sock && echo x >$R/srv/real");
	watch(w, "/var_run/docker.sock");
	run("chmod 600 $R/srv/real");
	assert_true(heard(w, "/var_run/docker.sock"));
	run("ln -sfn /srv/other $R/run/docker.sock");
	assert_true(heard(w, "/var_run/docker.sock"));
	run("echo y >$R/srv/other");
	assert_true(heard(w, "/var_run/docker.sock"));
	run("chmod 644 $R/srv/real");
	assert_false(heard(w, "/var_run/docker.sock"));
}

static void
test_a_link_that_leads_to_itself(void **state)
{
	struct world *w = *state;

	run("ln -s loop $R/etc/loop");
	watch(w, "/etc/loop");
	assert_int_equal(w->heard.blind, 1);
}

static void
test_a_glob_tells_of_its_set(void **state)
{
	struct world *w = *state;

	watch(w, "/etc/docker/certs.d/*/*.crt");
	(void)heard(w, "");
	assert_int_equal(w->sets, 0);
	run("mkdir -p $R/etc/docker/certs.d/registry");
	(void)heard(w, "");
	assert_true(w->sets > 0);
	w->sets = 0;
	run("echo x >$R/etc/docker/certs.d/registry/ca.crt");
	(void)heard(w, "");
	assert_true(w->sets > 0);
}

/* What is read through a glob is read again; the set is what it was. */
static void
test_a_file_in_a_glob_changes_no_set(void **state)
{
	struct world *w = *state;

	run("mkdir -p $R/etc/docker/certs.d/registry");
	run("echo x >$R/etc/docker/certs.d/registry/ca.crt");
	watch(w, "/etc/docker/certs.d/*/*.crt");
	run("chmod 600 $R/etc/docker/certs.d/registry/ca.crt");
	(void)heard(w, "");
	assert_int_equal(w->sets, 0);
	assert_true(w->contents > 0);
	w->contents = 0;
	run("echo y >>$R/etc/docker/certs.d/registry/ca.crt");
	(void)heard(w, "");
	assert_int_equal(w->sets, 0);
	assert_true(w->contents > 0);
	run("chmod 700 $R/etc/docker/certs.d/registry");
	(void)heard(w, "");
	assert_true(w->sets > 0);
}

static void
test_a_mount_that_covers_the_way(void **state)
{
	struct world *w = *state;
	struct cause cause = { .source = CAUSE_MOUNT, .detail = "mount table changed" };
	char covered[128];

	if (!own_mounts)
		skip();
	run("echo '{}' >$R" DAEMON_JSON);
	watch(w, DAEMON_JSON);
	files_watch_check(w->watch, &cause);
	assert_false(heard(w, DAEMON_JSON));
	(void)snprintf(covered, sizeof(covered), "%s/etc/docker", w->root);
	assert_int_equal(mount("none", covered, "tmpfs", 0, NULL), 0);
	files_watch_check(w->watch, &cause);
	assert_true(heard(w, DAEMON_JSON));
	run("echo '{}' >$R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
	assert_int_equal(umount(covered), 0);
	files_watch_check(w->watch, &cause);
	assert_true(heard(w, DAEMON_JSON));
}

static void
test_the_set_may_change(void **state)
{
	struct world *w = *state;
	const char *both[] = { "/etc/docker", DAEMON_JSON };

	watch(w, DAEMON_JSON);
	assert_int_equal(files_watch_set(w->watch, both, 2), 0);
	run("echo '{}' >$R" DAEMON_JSON);
	assert_true(heard(w, DAEMON_JSON));
	run("chmod 700 $R/etc/docker");
	assert_true(heard(w, "/etc/docker"));
	watch(w, "/etc/docker");
	run("chmod 600 $R" DAEMON_JSON);
	assert_false(heard(w, DAEMON_JSON));
	assert_int_equal(w->heard.sees, 1);
}

/* The events of the old way are for nobody any more once the new one is walked. */
static void
test_a_way_that_moves_as_the_set_changes(void **state)
{
	struct world *w = *state;
	const char *both[] = { "/etc/docker", DAEMON_JSON };

	run("echo '{}' >$R" DAEMON_JSON);
	watch(w, DAEMON_JSON);
	run("mv $R/etc/docker $R/etc/old; mkdir $R/etc/docker; echo '{ }' >$R" DAEMON_JSON);
	assert_int_equal(files_watch_set(w->watch, both, 2), 0);
	assert_non_null(strstr(w->heard.text, DAEMON_JSON));
	(void)heard(w, "");
	/* What stays where it was is not told. */
	assert_int_equal(files_watch_set(w->watch, both, 1), 0);
	assert_string_equal(w->heard.text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_mode_an_owner_and_content, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_that_appears_and_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replacement_by_rename, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_directory_renamed_away_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_through_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_link_that_leads_to_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_glob_tells_of_its_set, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_file_in_a_glob_changes_no_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_mount_that_covers_the_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_set_may_change, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_way_that_moves_as_the_set_changes, setup, teardown),
	};

	/* Before any descriptor of the test's is opened: those stay in the old table. */
	own_mounts =
	    unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
