/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/ask_child.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	ANSWER_FD = 3,
	READ_STEP = 16 * 1024,
	DEATH_WAIT_MS = 100, /* a killed process that takes longer stays a zombie until we end */
	ERRNO_MAX = 125,     /* what an exit status holds beside the shell's own */
};

struct ask_child {
	ask_child_done_fn *done;
	void *arg;
	int pipe, pidfd;
	struct event *readable, *ended, *late;
	char *answer;
	size_t len, room;
};

/* --- in the child --- */

static void
reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void
be_child(int pipe, pid_t parent, ask_child_fn *fn, const void *question)
{
	int r;

	reset_signals();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have ended before the line above. */
	if (getppid() != parent || dup2(pipe, ANSWER_FD) < 0)
		_exit(ERRNO_MAX);
	(void)fcntl(ANSWER_FD, F_SETFD, 0);
	(void)close_range(ANSWER_FD + 1, ~0U, 0);
	r = fn(ANSWER_FD, question);
	_exit(r < 0 || r > ERRNO_MAX ? ERRNO_MAX : r);
}

/* --- in the parent --- */

static void
finish(struct ask_child *c, const char *why)
{
	(void)event_del(c->readable);
	(void)event_del(c->ended);
	(void)event_del(c->late);
	if (why == NULL && c->answer == NULL)
		c->done(c->arg, NULL, "", 0);
	else
		c->done(c->arg, why, why == NULL ? c->answer : NULL, why == NULL ? c->len : 0);
}

static int
grow(struct ask_child *c)
{
	size_t room = c->room == 0 ? READ_STEP : c->room * 2;
	char *answer;

	if (c->len + 1 < c->room)
		return 0;
	if (c->len >= ASK_CHILD_ANSWER_MAX)
		return -EFBIG;
	answer = realloc(c->answer, room);
	if (answer == NULL)
		return -ENOMEM;
	c->answer = answer;
	c->room = room;
	return 0;
}

/* Takes what is there. 0 at the end of the answer, -EAGAIN when more may come, -errno. */
static int
take(struct ask_child *c)
{
	ssize_t n;
	int r;

	for (;;) {
		r = grow(c);
		if (r < 0)
			return r;
		n = read(c->pipe, c->answer + c->len, c->room - c->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		c->len += (size_t)n;
		c->answer[c->len] = '\0';
		if (n == 0)
			return 0;
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ask_child *c = arg;
	int r = take(c);

	/* At its end the answer waits for the exit status. */
	if (r == 0)
		(void)event_del(c->readable);
	else if (r != -EAGAIN)
		finish(c, strerror(-r));
}

static void
on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct ask_child *c = arg;
	siginfo_t info = { 0 };
	char why[64];
	int r;

	if (waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
		return;
	closep(&c->pidfd);
	c->pidfd = -1;
	r = take(c);
	if (info.si_code != CLD_EXITED) {
		(void)snprintf(
		    why, sizeof(why), "the process that asks ended by signal %d", info.si_status);
		finish(c, why);
	} else if (info.si_status != 0) {
		finish(c, strerror(info.si_status));
	} else {
		finish(c, r < 0 && r != -EAGAIN ? strerror(-r) : NULL);
	}
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	finish(arg, "no answer in time");
}

static int
start(struct ask_child *c, ask_child_fn *fn, const void *question)
{
	_cleanup_(closep) int write_end = -1;
	pid_t parent = getpid(), pid;
	sigset_t all, before;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	c->pipe = ends[0];
	write_end = ends[1];
	if (fcntl(c->pipe, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	/* No handler of ours may run in the child. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		be_child(write_end, parent, fn, question);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return -errno;
	c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (c->pidfd < 0) {
		int r = -errno;

		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return r;
	}
	return 0;
}

int
ask_child_new(struct ask_child **ret, struct event_base *base, ask_child_fn *fn,
    const void *question, unsigned deadline_ms, ask_child_done_fn *done, void *arg)
{
	const struct timeval deadline = { deadline_ms / 1000, deadline_ms % 1000 * 1000 };
	_cleanup_(ask_child_freep) struct ask_child *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL)
		return -ENOMEM;
	*c = (struct ask_child){ .done = done, .arg = arg, .pipe = -1, .pidfd = -1 };
	r = start(c, fn, question);
	if (r < 0)
		return r;
	c->readable = event_new(base, c->pipe, EV_READ | EV_PERSIST, on_readable, c);
	c->ended = event_new(base, c->pidfd, EV_READ | EV_PERSIST, on_ended, c);
	c->late = evtimer_new(base, on_late, c);
	if (c->readable == NULL || c->ended == NULL || c->late == NULL ||
	    event_add(c->readable, NULL) < 0 || event_add(c->ended, NULL) < 0 ||
	    event_add(c->late, &deadline) < 0)
		return -ENOMEM;
	*ret = TAKE(c);
	return 0;
}

static void
end_process(int pidfd)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	siginfo_t info;

	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	(void)poll(&ended, 1, DEATH_WAIT_MS);
	(void)waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
}

struct ask_child *
ask_child_free(struct ask_child *c)
{
	if (c == NULL)
		return NULL;
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->ended != NULL)
		event_free(c->ended);
	if (c->late != NULL)
		event_free(c->late);
	if (c->pidfd >= 0)
		end_process(c->pidfd);
	closep(&c->pidfd);
	closep(&c->pipe);
	free(c->answer);
	free(c);
	return NULL;
}
