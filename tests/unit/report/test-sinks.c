/* SPDX-License-Identifier: Apache-2.0
 *
 * What reaches a journald and a syslogd. Both have their sockets at fixed places: they are put
 * there in a mount namespace of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "report/consumer.h"
#include "util/macros.h"

static const char drift[] =
    "{\"seq\":7,\"time\":\"2026-11-30T12:00:00.000Z\",\"type\":\"regressed\",\"rule\":"
    "\"privileged\","
    "\"title\":\"T\",\"severity\":\"critical\",\"verdict\":\"fail\",\"was\":\"pass\","
    "\"because\":\"container web runs privileged\",\"refs\":{},"
    "\"subject\":{\"kind\":\"container\",\"id\":\"abc\",\"name\":\"web\"},"
    "\"cause\":{\"source\":\"docker-event\",\"detail\":\"container start\"}}";

static int
enter_namespace(void **state)
{
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return 0;
	if (mount("none", "/dev", "tmpfs", 0, NULL) != 0 ||
	    mount("none", "/run", "tmpfs", 0, NULL) != 0 || mkdir("/run/systemd", 0755) != 0 ||
	    mkdir("/run/systemd/journal", 0755) != 0)
		return -1;
	*state = "inside";
	return 0;
}

/* Somebody who listens there, and never blocks. */
static int
listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Writes the row as the thread does; what came is in `ret`. */
static void
write_row(const struct consumer_kind *kind, int fd, char *ret, size_t size)
{
	struct json_object *row = json_tokener_parse(drift);
	void *prepared = kind->prepare(row);
	ssize_t len;

	assert_non_null(prepared);
	assert_true(kind->write(prepared));
	len = recv(fd, ret, size - 1, 0);
	assert_true(len > 0);
	for (ssize_t i = 0; i < len; i++)
		if (ret[i] == '\0')
			ret[i] = '~';
	ret[len] = '\0';
	kind->free(prepared);
	json_object_put(row);
}

static void
test_syslog(void **state)
{
	char text[8192], priority[16];
	int fd;

	if (*state == NULL)
		skip();
	assert_false(consumer_syslog_is_there());
	fd = listen_at("/dev/log");
	assert_true(consumer_syslog_is_there());
	consumer_syslog_facility("local3");
	write_row(&consumer_syslog, fd, text, sizeof(text));
	(void)snprintf(priority, sizeof(priority), "<%d>", LOG_LOCAL3 | LOG_CRIT);
	assert_memory_equal(text, priority, strlen(priority));
	assert_non_null(strstr(text, "plimsoll["));
	assert_non_null(strstr(text, "@cee: {"));
	assert_non_null(strstr(text, "container web runs privileged"));

	/* What is no facility is the one that only root reads. */
	consumer_syslog_facility("nowhere");
	write_row(&consumer_syslog, fd, text, sizeof(text));
	(void)snprintf(priority, sizeof(priority), "<%d>", LOG_AUTHPRIV | LOG_CRIT);
	assert_memory_equal(text, priority, strlen(priority));
	closelog();
	(void)close(fd);
}

static void
test_journal(void **state)
{
	char text[8192];
	int fd;

	if (*state == NULL)
		skip();
	assert_false(consumer_journal_is_there());
	fd = listen_at("/run/systemd/journal/socket");
	assert_true(consumer_journal_is_there());
	write_row(&consumer_journal, fd, text, sizeof(text));
	assert_non_null(strstr(text, "PRIORITY=2\n"));
	assert_non_null(strstr(text, "PLIMSOLL_RULE=privileged\n"));
	assert_non_null(strstr(text, "PLIMSOLL_SEQ=7\n"));
	(void)close(fd);
}

/* A row waits while journald is away, and isn't lost. */
static void
test_journal_is_restarted(void **state)
{
	struct json_object *row = json_tokener_parse(drift);
	void *prepared = consumer_journal.prepare(row);

	if (*state != NULL) {
		assert_false(consumer_journal.write(prepared)); /* nobody behind the socket */
		(void)unlink("/run/systemd/journal/socket");
		assert_false(consumer_journal.write(prepared));
	}
	consumer_journal.free(prepared);
	json_object_put(row);
	if (*state == NULL)
		skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syslog),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_journal_is_restarted),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
