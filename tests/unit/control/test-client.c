/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/client.h"
#include "control/listen.h"

struct world {
	char folder[32], path[64];
	int fd;
	pid_t child;
};

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char *why = NULL;

	strcpy(w->folder, "/tmp/plimsoll-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/s", w->folder);
	w->fd = listen_at(w->path, &why);
	assert_true(w->fd >= 0);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	if (w->child > 0) {
		(void)kill(w->child, SIGKILL);
		(void)waitpid(w->child, NULL, 0);
	}
	closep(&w->fd);
	(void)unlink(w->path);
	assert_int_equal(rmdir(w->folder), 0);
	free(w);
	return 0;
}

/* A child that reads one request and answers it with that text. */
static void
answer(struct world *w, const char *text)
{
	w->child = fork();
	assert_true(w->child >= 0);
	if (w->child > 0)
		return;
	for (;;) {
		char request[1024];
		int fd = accept(w->fd, NULL, NULL);

		if (fd < 0)
			continue;
		if (read(fd, request, sizeof(request)) > 0)
			(void)!write(fd, text, strlen(text));
		(void)close(fd);
	}
}

#define OK "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

static void
test_answer(void **state)
{
	struct world *w = *state;
	struct json_object *json = NULL;
	char *why = NULL;

	answer(w, OK "{\"plimsoll\": \"0.1.0\"}\n");
	assert_int_equal(client_get(w->path, "/v1/status", &json, &why), 0);
	assert_null(why);
	assert_string_equal(
	    json_object_get_string(json_object_object_get(json, "plimsoll")), "0.1.0");
	(void)json_object_put(json);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *answer;
		int r;
		const char *message;
	} cases[] = {
		{ "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n{\"error\":\"only "
		  "root\",\"hint\":\"sudo\"}",
		    CLIENT_E_REFUSED, "only root (sudo)" },
		{ "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n<html>", CLIENT_E_REFUSED,
		    "the daemon answered with status 500" },
		{ OK "<html>", CLIENT_E_NO_ANSWER, "what it says is no JSON" },
		{ OK, CLIENT_E_NO_ANSWER, "what it says is no JSON" },
		{ "SSH-2.0\r\n", CLIENT_E_NO_ANSWER, "no answer at" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", CLIENT_E_NO_ANSWER,
		    "no answer at /tmp/" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *json = NULL;
		_cleanup_(freep) char *why = NULL;

		answer(w, cases[i].answer);
		assert_int_equal(client_post(w->path, "/v1/rescan", &json, &why), cases[i].r);
		assert_null(json);
		if (strstr(why, cases[i].message) == NULL)
			fail_msg("%s", why);
		(void)kill(w->child, SIGKILL);
		(void)waitpid(w->child, NULL, 0);
		w->child = 0;
	}
}

static void
test_nobody_there(void **state)
{
	struct json_object *json = NULL;
	_cleanup_(freep) char *why = NULL;

	assert_int_equal(client_get("/nonexistent/plimsoll.sock", "/v1/status", &json, &why),
	    CLIENT_E_NO_ANSWER);
	assert_non_null(strstr(why, "no answer at /nonexistent/plimsoll.sock"));
	assert_non_null(strstr(why, "systemctl status plimsolld"));
}

struct heard {
	unsigned n, stop_after;
	char text[64];
};

static int
on_line(void *arg, const char *line, size_t len)
{
	struct heard *h = arg;

	assert_int_equal(strlen(line), len);
	strcat(h->text, line);
	strcat(h->text, "|");
	return ++h->n == h->stop_after;
}

static void
test_lines(void **state)
{
	struct world *w = *state;
	struct heard all = { 0 }, first = { .stop_after = 1 };
	char *why = NULL;

	answer(w, OK "{\"seq\":1}\n{\"seq\":2}\n{\"se");
	assert_int_equal(client_lines(w->path, "/v1/drift", on_line, &all, &why), 0);
	assert_string_equal(all.text, "{\"seq\":1}|{\"seq\":2}|");
	assert_int_equal(client_lines(w->path, "/v1/drift", on_line, &first, &why), 0);
	assert_string_equal(first.text, "{\"seq\":1}|");
	assert_null(why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_errors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
