/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "collect/unit_bus.h"

/* What stands for systemd: a process that answers on a socket as it would. */
enum role {
	ROLE_ANSWERS,
	ROLE_REFUSES,  /* an error for each question */
	ROLE_SILENT,   /* accepts, and says nothing */
	ROLE_NONSENSE, /* properties of other types */
	ROLE_CLOSES,   /* hangs up once it is spoken to */
};

struct world {
	char dir[40], path[64], address[80];
	pid_t pid;
	struct event_base *base;
};

static int
reply_files(sd_bus_message *m, bool service, bool drop_ins)
{
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r < 0)
		return r;
	if (!drop_ins)
		r = sd_bus_message_append(
		    reply, "v", "s", service ? "/lib/systemd/system/docker.service" : "");
	else if (service)
		r = sd_bus_message_append(reply, "v", "as", 2, "/etc/a.conf", "/etc/b.conf");
	else
		r = sd_bus_message_append(reply, "v", "as", 0);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

static int
on_question(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	const enum role *role = arg;
	const char *interface, *property;

	if (!sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get"))
		return 0;
	if (*role == ROLE_REFUSES)
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "not for you");
	if (*role == ROLE_NONSENSE)
		return sd_bus_reply_method_return(m, "v", "u", 7);
	if (sd_bus_message_read(m, "ss", &interface, &property) < 0)
		return -EINVAL;
	return reply_files(m, strstr(sd_bus_message_get_path(m), "2eservice") != NULL,
	    strcmp(property, "DropInPaths") == 0);
}

static void
serve(int listener, enum role role)
{
	int fd = accept(listener, NULL, NULL);
	sd_id128_t id = { 0 };
	sd_bus *bus = NULL;
	char first;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (role == ROLE_CLOSES)
		_exit(read(fd, &first, 1) == 1 ? 0 : 1);
	while (role == ROLE_SILENT)
		(void)pause();
	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
	    sd_bus_set_server(bus, 1, id) < 0 || sd_bus_set_anonymous(bus, 1) < 0 ||
	    sd_bus_add_filter(bus, NULL, on_question, &role) < 0 || sd_bus_start(bus) < 0)
		_exit(1);
	for (;;) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0)
			_exit(0);
		if (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0)
			_exit(0);
	}
}

static struct world
world_new(enum role role)
{
	struct world w = { .base = event_base_new() };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(w.dir, "/tmp/plimsoll-bus-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	(void)snprintf(w.path, sizeof(w.path), "%s/bus", w.dir);
	(void)snprintf(w.address, sizeof(w.address), "unix:path=%s", w.path);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", w.path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	w.pid = fork();
	assert_true(w.pid >= 0);
	if (w.pid == 0)
		serve(fd, role);
	(void)close(fd);
	return w;
}

static void
world_free(struct world *w)
{
	(void)kill(w->pid, SIGKILL);
	assert_int_equal(waitpid(w->pid, NULL, 0), w->pid);
	(void)unlink(w->path);
	(void)rmdir(w->dir);
	event_base_free(w->base);
}

struct told {
	bool done;
	char why[256], text[512];
	struct unit_query *query;
};

static void
add(struct told *t, const struct unit_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		strncat(t->text, files->paths[i], 100);
		strncat(t->text, " ", 2);
	}
	strncat(t->text, ";", 2);
}

static void
take(void *arg, const char *why, const struct unit_files *service, const struct unit_files *socket)
{
	struct told *t = arg;

	assert_false(t->done);
	t->done = true;
	(void)snprintf(t->why, sizeof(t->why), "%s", why != NULL ? why : "");
	if (why == NULL) {
		add(t, service);
		add(t, socket);
	}
	t->query = unit_query_free(t->query);
}

static struct told
ask(enum role role)
{
	struct world w = world_new(role);
	struct told t = { 0 };

	assert_int_equal(unit_query_new(&t.query, w.base, w.address, take, &t), 0);
	assert_false(t.done);
	while (!t.done)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	world_free(&w);
	return t;
}

static void
test_files(void **state)
{
	struct told t = ask(ROLE_ANSWERS);

	assert_string_equal(t.why, "");
	assert_string_equal(
	    t.text, "/lib/systemd/system/docker.service /etc/a.conf /etc/b.conf ;;");
}

static void
test_failures(void **state)
{
	static const struct {
		enum role role;
		const char *why;
	} cases[] = {
		{ ROLE_REFUSES, "systemd over D-Bus: not for you" },
		{ ROLE_SILENT, "systemd over D-Bus: no answer within the deadline" },
		{ ROLE_NONSENSE, "systemd over D-Bus: " },
		{ ROLE_CLOSES, "systemd over D-Bus: " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told t = ask(cases[i].role);

		assert_int_equal(strncmp(t.why, cases[i].why, strlen(cases[i].why)), 0);
		assert_string_equal(t.text, "");
	}
}

static void
test_nobody_there(void **state)
{
	struct event_base *base = event_base_new();
	struct unit_query *q = NULL;

	assert_true(unit_query_new(&q, base, "unix:path=/nowhere/at/all", take, NULL) < 0);
	assert_null(q);
	event_base_free(base);
}

static void
never(void *arg, const char *why, const struct unit_files *service, const struct unit_files *socket)
{
	fail_msg("called after the query was freed");
}

static void
test_free_early(void **state)
{
	struct world w = world_new(ROLE_SILENT);
	struct unit_query *q;

	assert_int_equal(unit_query_new(&q, w.base, w.address, never, NULL), 0);
	event_base_loop(w.base, EVLOOP_NONBLOCK);
	q = unit_query_free(q);
	event_base_loop(w.base, EVLOOP_NONBLOCK);
	world_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_free_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
