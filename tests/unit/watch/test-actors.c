/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/clock.h"
#include "util/macros.h"
#include "watch/actors.h"
#include <inttypes.h>
#include <libaudit.h>
#include <stdio.h>
#include <string.h>

static void
say(struct actors *a, unsigned type, unsigned serial, const char *rest)
{
	int64_t now = clock_realtime_ms();
	char text[1024];

	(void)snprintf(text, sizeof(text), "audit(%" PRId64 ".%03d:%u): %s", now / 1000,
	    (int)(now % 1000), serial, rest);
	actors_record(a, type, text);
}

#define CALL                                                                                    \
	"arch=c000003e syscall=268 success=yes exit=0 items=1 ppid=7 pid=4711 auid=1000 uid=0 " \
	"gid=0 euid=0 comm=\"chmod\" "                                                          \
	"exe=\"/usr/bin/chmod\" key=\"docker\""

/* Records of one call after another, and the path that is then asked for. */
static const struct {
	const char *cwd, *path, *asked;
	bool known;
} cases[] = {
	{ "cwd=\"/root\"", "item=0 name=\"/etc/docker/daemon.json\" nametype=NORMAL",
	    "/etc/docker/daemon.json", true },
	{ "cwd=\"/etc\"", "item=0 name=\"docker/daemon.json\" nametype=NORMAL",
	    "/etc/docker/daemon.json", true },
	{ "cwd=\"/etc/docker/x\"", "item=0 name=\".././/daemon.json\" nametype=NORMAL",
	    "/etc/docker/daemon.json", true },
	{ "cwd=\"/\"", "item=0 name=2F6574632F6120622E6A736F6E nametype=NORMAL", "/etc/a b.json",
	    true },
	{ "cwd=\"/\"", "item=0 name=\"/etc/docker\" nametype=PARENT", "/etc/docker", false },
	{ "cwd=\"/\"", "item=0 name=\"/etc/docker/other\" nametype=NORMAL",
	    "/etc/docker/daemon.json", false },
	{ "cwd=\"(unreachable)/x\"", "item=0 name=\"y\" nametype=NORMAL", "/(unreachable)/x/y",
	    false },
	{ "cwd=\"x\"", "item=0 name=\"y/z\" nametype=NORMAL", "/x/y/z", false },
	{ "cwd=(null)", "item=0 name=\"daemon.json\" nametype=NORMAL", "/daemon.json", false },
	{ "cwd=\"/\"", "item=0 name=(null) nametype=NORMAL", "/", false },
	{ "cwd=\"/\"", "item=0 name=2F6 nametype=NORMAL", "/", false },
	{ "cwd=\"/\"", "item=0", "/", false },
};

static void
test_who_touched_what(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(actors_freep) struct actors *a = NULL;
		struct actor actor;

		assert_int_equal(actors_new_offline(&a), 0);
		say(a, AUDIT_SYSCALL, 5, CALL);
		say(a, AUDIT_CWD, 5, cases[i].cwd);
		say(a, AUDIT_PATH, 5, cases[i].path);
		if (actors_find(a, cases[i].asked, NULL, 0, 0, &actor) != cases[i].known)
			fail_msg("%s", cases[i].path);
		if (!cases[i].known)
			continue;
		assert_int_equal(actor.auid, 1000);
		assert_int_equal(actor.uid, 0);
		assert_int_equal(actor.pid, 4711);
		assert_string_equal(actor.exe, "/usr/bin/chmod");
	}
}

static void
test_a_path_of_another_call_names_nobody(void **state)
{
	_cleanup_(actors_freep) struct actors *a = NULL;
	struct actor actor;

	(void)state;
	assert_int_equal(actors_new_offline(&a), 0);
	say(a, AUDIT_SYSCALL, 5, CALL);
	say(a, AUDIT_PATH, 6, "item=0 name=\"/x\" nametype=NORMAL");
	assert_false(actors_find(a, "/x", NULL, 0, 0, &actor));
	assert_false(actors_find(NULL, "/x", NULL, 0, 0, &actor));
}

static void
test_the_newest_counts_and_old_ones_do_not(void **state)
{
	_cleanup_(actors_freep) struct actors *a = NULL;
	struct actor actor;

	(void)state;
	assert_int_equal(actors_new_offline(&a), 0);
	actors_record(a, AUDIT_SYSCALL, "audit(1000.001:1): pid=1 auid=1 uid=1 exe=\"/old\"");
	actors_record(a, AUDIT_PATH, "audit(1000.001:1): name=\"/x\" nametype=NORMAL");
	assert_false(actors_find(a, "/x", NULL, 0, 0, &actor));
	for (unsigned serial = 2; serial < 2 + 3 * ACTORS_KEPT; serial++) {
		char call[128];

		(void)snprintf(call, sizeof(call), "pid=%u auid=1 uid=1 exe=\"/new\"", serial);
		say(a, AUDIT_SYSCALL, serial, call);
		say(a, AUDIT_PATH, serial, "name=\"/x\" nametype=NORMAL");
	}
	assert_true(actors_find(a, "/other", "/x", 0, 0, &actor));
	assert_int_equal(actor.pid, 1 + 3 * ACTORS_KEPT);
	assert_false(actors_find(a, "/x", NULL, clock_realtime_ms() + 60000, 0, &actor));
}

static void
test_nonsense(void **state)
{
	static const char *const texts[] = { "", "audit(",
		"audit(99999999999999999999.1:1): name=\"/x\"",
		"audit(-1.1:1): ", "audit(1.5000:1): ", "name=\"/x\"" };
	_cleanup_(actors_freep) struct actors *a = NULL;
	struct actor actor;

	(void)state;
	assert_int_equal(actors_new_offline(&a), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
		actors_record(a, AUDIT_SYSCALL, texts[i]);
		actors_record(a, AUDIT_CWD, texts[i]);
		actors_record(a, AUDIT_PATH, texts[i]);
	}
	assert_false(actors_find(a, "/x", NULL, 0, 0, &actor));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_touched_what),
		cmocka_unit_test(test_a_path_of_another_call_names_nobody),
		cmocka_unit_test(test_the_newest_counts_and_old_ones_do_not),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
