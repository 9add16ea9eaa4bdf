/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/actors.h"

#include "util/clock.h"
#include "watch/audit_socket.h"
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <libaudit.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	RECORD_MAX = 8960, /* MAX_AUDIT_MESSAGE_LENGTH of the kernel's headers */
	READS_MAX = 256,   /* in one turn of the loop */
};

/* A path that some process touched. */
struct touch {
	char path[256];
	struct actor actor;
};

struct actors {
	struct event *event, *pause;
	int fd;
	struct touch touches[ACTORS_KEPT];
	unsigned next; /* the oldest, written over next */
	/* The event that is being read: its records carry one serial number. */
	uint64_t serial;
	struct actor actor;
	char cwd[256];
	int64_t second; /* of CLOCK_MONOTONIC, and records in it */
	unsigned in_second;
};

/* The value of `name=` in a record, quoted or not; NULL: none. Names stand after a blank or at the
 * start. */
static const char *
field_of(const char *text, const char *name, size_t *ret_len, bool *ret_quoted)
{
	size_t n = strlen(name);

	for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
		if ((at != text && at[-1] != ' ') || at[n] != '=')
			continue;
		at += n + 1;
		*ret_quoted = *at == '"';
		if (*ret_quoted)
			at++;
		*ret_len = strcspn(at, *ret_quoted ? "\"" : " ");
		return at;
	}
	return NULL;
}

static uint64_t
number_of(const char *text, const char *name)
{
	size_t len;
	bool quoted;
	const char *value = field_of(text, name, &len, &quoted);

	return value != NULL ? strtoull(value, NULL, 10) : 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Texts with blanks or quotes come as upper-case hexadecimal without quotes. "(null)" is none. */
static bool
text_of(const char *text, const char *name, char *ret, size_t size)
{
	size_t len;
	bool quoted;
	const char *value = field_of(text, name, &len, &quoted);

	if (value == NULL || (!quoted && strncmp(value, "(null)", 6) == 0))
		return false;
	if (quoted) {
		(void)snprintf(ret, size, "%.*s", (int)(len < INT_MAX ? len : 0), value);
		return len < size;
	}
	if (len % 2 != 0 || len / 2 >= size)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(value[i]), low = hex_digit(value[i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i / 2] = (char)(high * 16 + low);
	}
	ret[len / 2] = '\0';
	return true;
}

/* "audit(1700000000.123:456): " at the start. */
static bool
stamp_of(const char *text, int64_t *ret_ms, uint64_t *ret_serial)
{
	int64_t seconds;
	unsigned ms;

	if (sscanf(text, "audit(%" SCNd64 ".%u:%" SCNu64 ")", &seconds, &ms, ret_serial) != 3 ||
	    ms > 999 || seconds < 0 || seconds > INT64_MAX / 2000)
		return false;
	*ret_ms = seconds * 1000 + ms;
	return true;
}

/* Takes "/./", "/../" and doubled slashes out, in place. The path is absolute. */
static void
tidy(char *path)
{
	char *out = path;
	const char *in = path;

	while (*in != '\0') {
		size_t n;

		in += strspn(in, "/");
		n = strcspn(in, "/");
		if (n == 2 && strncmp(in, "..", 2) == 0) {
			while (out > path && *--out != '/')
				;
		} else if (n > 0 && !(n == 1 && *in == '.')) {
			*out++ = '/';
			memmove(out, in, n);
			out += n;
		}
		in += n;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

static void
take_path(struct actors *a, const char *text)
{
	struct touch *touch = &a->touches[a->next];
	char name[256], type[16];
	int n;

	if (!text_of(text, "name", name, sizeof(name)))
		return;
	/* The directory is named as well; what was touched is the entry in it. */
	size_t len;
	bool quoted;
	const char *nametype = field_of(text, "nametype", &len, &quoted);

	(void)snprintf(type, sizeof(type), "%.*s", nametype != NULL && len < 15 ? (int)len : 0,
	    nametype != NULL ? nametype : "");
	if (strcmp(type, "PARENT") == 0)
		return;
	if (name[0] != '/' && a->cwd[0] == '\0')
		return;
	n = name[0] == '/' ? snprintf(touch->path, sizeof(touch->path), "%s", name)
			   : snprintf(touch->path, sizeof(touch->path), "%s/%s", a->cwd, name);
	if (n < 0 || n >= (int)sizeof(touch->path)) {
		touch->path[0] = '\0';
		return;
	}
	/* A folder that can't be reached from the root is named "(unreachable)/...". */
	if (touch->path[0] != '/') {
		touch->path[0] = '\0';
		return;
	}
	tidy(touch->path);
	touch->actor = a->actor;
	a->next = (a->next + 1) % ACTORS_KEPT;
}

static void
take_call(struct actors *a, const char *text, uint64_t serial, int64_t time_ms)
{
	a->serial = serial;
	a->cwd[0] = '\0';
	a->actor = (struct actor){
		.auid = (uint32_t)number_of(text, "auid"),
		.uid = (uint32_t)number_of(text, "uid"),
		.pid = (int64_t)number_of(text, "pid"),
		.time_ms = time_ms,
	};
	if (!text_of(text, "exe", a->actor.exe, sizeof(a->actor.exe)))
		a->actor.exe[0] = '\0';
}

void
actors_record(struct actors *a, unsigned type, const char *text)
{
	uint64_t serial;
	int64_t time_ms;

	if (!stamp_of(text, &time_ms, &serial))
		return;
	if (type == AUDIT_SYSCALL)
		take_call(a, text, serial, time_ms);
	else if (serial != a->serial)
		return;
	else if (type == AUDIT_CWD && !text_of(text, "cwd", a->cwd, sizeof(a->cwd)))
		a->cwd[0] = '\0';
	else if (type == AUDIT_PATH)
		take_path(a, text);
}

static bool
over_rate(struct actors *a)
{
	int64_t second = clock_monotonic_ms() / 1000;

	if (second != a->second) {
		a->second = second;
		a->in_second = 0;
	}
	return ++a->in_second > ACTORS_RATE_MAX;
}

static void
pause_reading(struct actors *a)
{
	const struct timeval tv = { .tv_sec = ACTORS_PAUSE_S };

	(void)event_del(a->event);
	(void)evtimer_add(a->pause, &tv);
}

static void
read_records(struct actors *a)
{
	union {
		struct nlmsghdr header;
		char bytes[RECORD_MAX + NLMSG_HDRLEN + 1];
	} message;

	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(a->fd, message.bytes, sizeof(message.bytes) - 1, MSG_DONTWAIT);

		if (n < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (n < NLMSG_HDRLEN)
			return;
		message.bytes[n] = '\0';
		actors_record(a, message.header.nlmsg_type, message.bytes + NLMSG_HDRLEN);
		if (over_rate(a)) {
			pause_reading(a);
			return;
		}
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	read_records(arg);
}

/* What came in the pause is of no use: it is read and mostly too old. */
static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct actors *a = arg;

	(void)event_add(a->event, NULL);
}

int
actors_new_offline(struct actors **ret)
{
	struct actors *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -ENOMEM;
	a->fd = -1;
	*ret = a;
	return 0;
}

int
actors_new(struct actors **ret, struct event_base *base)
{
	static const uint16_t types[] = { AUDIT_SYSCALL, AUDIT_CWD, AUDIT_PATH };
	_cleanup_(actors_freep) struct actors *a = NULL;
	int r;

	r = actors_new_offline(&a);
	if (r < 0)
		return r;
	a->fd = audit_socket_open(types, ARRAY_SIZE(types));
	if (a->fd < 0)
		return a->fd;
	a->event = event_new(base, a->fd, EV_READ | EV_PERSIST, on_readable, a);
	a->pause = evtimer_new(base, on_pause_over, a);
	if (a->event == NULL || a->pause == NULL || event_add(a->event, NULL) < 0)
		return -ENOMEM;
	*ret = TAKE(a);
	return 0;
}

struct actors *
actors_free(struct actors *a)
{
	if (a == NULL)
		return NULL;
	if (a->event != NULL)
		event_free(a->event);
	if (a->pause != NULL)
		event_free(a->pause);
	closep(&a->fd);
	free(a);
	return NULL;
}

static bool
find_touch(const struct actors *a, const char *path, const char *target, int64_t since_ms,
    struct actor *ret)
{
	int64_t oldest = clock_realtime_ms() - ACTORS_AGE_MS;

	for (unsigned i = 1; i <= ACTORS_KEPT; i++) {
		const struct touch *touch = &a->touches[(a->next + ACTORS_KEPT - i) % ACTORS_KEPT];

		if (touch->path[0] == '\0' || touch->actor.time_ms < since_ms ||
		    touch->actor.time_ms < oldest)
			continue;
		if (strcmp(touch->path, path) != 0 &&
		    (target == NULL || strcmp(touch->path, target) != 0))
			continue;
		*ret = touch->actor;
		return true;
	}
	return false;
}

/* Waits for more records. False: none came in time, or nobody reads them now. */
static bool
wait_readable(const struct actors *a, int64_t until_ms)
{
	struct pollfd readable = { .fd = a->fd, .events = POLLIN };
	int64_t left = until_ms - clock_monotonic_ms();

	return left > 0 && event_pending(a->event, EV_READ, NULL) != 0 &&
	       poll(&readable, 1, (int)left) > 0;
}

bool
actors_find(struct actors *a, const char *path, const char *target, int64_t since_ms,
    unsigned wait_ms, struct actor *ret)
{
	int64_t until_ms = clock_monotonic_ms() + wait_ms;
	bool found;

	if (a == NULL)
		return false;
	if (a->fd >= 0)
		read_records(a);
	found = find_touch(a, path, target, since_ms, ret);
	while (!found && a->fd >= 0 && wait_readable(a, until_ms)) {
		read_records(a);
		found = find_touch(a, path, target, since_ms, ret);
	}
	return found;
}
