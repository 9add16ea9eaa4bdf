/* SPDX-License-Identifier: Apache-2.0
 *
 * With the kernel's own auditing, where the machine lets us: a rule of the test's own on a path
 * that doesn't exist. The state of auditing is put back. One test at a time over the machine, by a
 * lock that the integration tests take too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sink.h"
#include "util/macros.h"
#include "watch/audit.h"
#include <event2/event.h>
#include <fcntl.h>
#include <libaudit.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOCK "/run/plimsoll-test-audit.lock"

static void
change_rules(int fd)
{
	struct audit_rule_data *rule = calloc(1, sizeof(*rule));

	assert_non_null(rule);
	assert_int_equal(
	    audit_add_watch_dir(AUDIT_WATCH, &rule, "/etc/plimsoll-test-no-such-file"), 0);
	assert_true(audit_add_rule_data(fd, rule, AUDIT_FILTER_EXIT, AUDIT_ALWAYS) > 0);
	assert_true(audit_delete_rule_data(fd, rule, AUDIT_FILTER_EXIT, AUDIT_ALWAYS) > 0);
	free(rule);
}

static void
give_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

static void
test_a_change_of_rules_is_told(void **state)
{
	const struct timeval patience = { .tv_sec = 30 };
	struct heard heard = { 0 };
	const struct watch_sink sink = HEARD_SINK(&heard);
	struct event_base *base = event_base_new();
	_cleanup_(closep) int lock = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600), fd = -1;
	struct audit_watch *w;
	bool late = false;
	int was;

	(void)state;
	if (lock < 0 || flock(lock, LOCK_EX) < 0 || (fd = audit_open()) < 0) {
		event_base_free(base);
		skip();
	}
	was = audit_is_enabled(fd);
	assert_int_equal(audit_watch_new(&w, base, &sink), 0);
	if (was < 0 || heard.blind != 0 || (was == 0 && audit_set_enabled(fd, 1) <= 0)) {
		audit_watch_free(w);
		event_base_free(base);
		skip();
	}
	change_rules(fd);
	assert_int_equal(event_base_once(base, -1, EV_TIMEOUT, give_up, &late, &patience), 0);
	while (heard.text[0] == '\0' && !late)
		(void)event_base_loop(base, EVLOOP_ONCE);
	if (was == 0)
		(void)audit_set_enabled(fd, 0);
	assert_false(late);
	assert_non_null(strstr(heard.text, "stale 0 - one\n"));
	assert_string_equal(heard.last.detail, "audit rules changed");
	audit_watch_free(w);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_change_of_rules_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
