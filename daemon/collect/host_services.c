/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host_services.h"

#include "collect/ask_child.h"
#include "collect/proc.h"
#include "collect/tcp_listeners.h"
#include "facts/build.h"
#include "util/file.h"
#include "util/lines.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	TABLE_MAX = 256 * 1024 * 1024, /* bytes of one table, in a process of its own */
	TABLE_LINES_MAX = 1024 * 1024,
	CGROUP_MAX = 64 * 1024,
	SYSCTL_MAX = 4096,
	CONTAINER_ID_LEN = 64,
};

struct host_services {
	host_services_done_fn *done;
	void *arg;
	struct ask_child *child;
};

/* --- in the child --- */

struct found {
	uint64_t inode;
	bool inside, outside; /* it is held by a process in a container, by one that isn't */
	struct host_listener listener;
};

/* What the child says: this, then the listeners. */
struct answer_head {
	size_t n;
	bool cut;
};

struct search {
	struct found items[HOST_LISTENERS_MAX];
	size_t n;
	bool cut;
	char *own_cgroup; /* PID 1's: where all this runs in a container, that one is the host */
};

static void
add_listener(struct search *s, const struct net_socket *socket, const char *protocol)
{
	struct found *f = &s->items[s->n++];

	f->inode = socket->inode;
	f->listener.port = socket->port;
	(void)snprintf(f->listener.protocol, sizeof(f->listener.protocol), "%s", protocol);
	(void)snprintf(f->listener.address, sizeof(f->listener.address), "%s", socket->address);
}

static void
take(struct search *s, const struct net_socket *socket, const char *protocol)
{
	s->cut |= s->n == HOST_LISTENERS_MAX;
	if (!s->cut)
		add_listener(s, socket, protocol);
}

static int
take_tcp(struct search *s)
{
	_cleanup_(tcp_listeners_clear) struct tcp_listeners all = { 0 };
	int r = tcp_listeners_read(&all, 1);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		take(s, &all.items[i], "tcp");
	s->cut |= all.cut;
	return r;
}

static int
take_udp(struct search *s, const char *path)
{
	_cleanup_(freep) char *text = NULL;
	struct lines lines = { .left = TABLE_LINES_MAX };
	struct net_socket socket;
	enum net_line what;
	struct span line;
	int r;

	r = file_read(path, TABLE_MAX, &text, NULL);
	if (r == -ENOENT)
		return 0; /* a kernel without that protocol */
	if (r < 0)
		return r;
	lines.at = text;
	while (lines_next(&lines, &line)) {
		what = net_table_line(line, true, &socket);
		if (what == NET_LINE_NONSENSE)
			return -EBADMSG;
		if (what == NET_LINE_LISTENS)
			take(s, &socket, "udp");
	}
	s->cut |= lines.cut;
	return 0;
}

static int
take_sockets(struct search *s)
{
	int r = take_tcp(s);

	if (r == 0)
		r = take_udp(s, "/proc/1/net/udp");
	return r < 0 ? r : take_udp(s, "/proc/1/net/udp6");
}

static int
compare_inodes(const void *a, const void *b)
{
	const struct found *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

const char *
host_services_container(const char *cgroup)
{
	const char *found = NULL;
	size_t n;

	while (*cgroup != '\0') {
		n = strspn(cgroup, "0123456789abcdef");
		if (n == CONTAINER_ID_LEN)
			found = cgroup;
		cgroup += n == 0 ? 1 : n;
	}
	return found;
}

static bool
is_in_container(const struct search *s, int pid)
{
	_cleanup_(freep) char *cgroup = NULL;
	const char *id;

	if (proc_read(pid, "cgroup", CGROUP_MAX, &cgroup, NULL) < 0)
		return false;
	id = host_services_container(cgroup);
	return id != NULL && (s->own_cgroup == NULL || memmem(s->own_cgroup, strlen(s->own_cgroup),
							   id, CONTAINER_ID_LEN) == NULL);
}

static void
hold(struct found *f, int pid, bool in_container)
{
	f->inside |= in_container;
	f->outside |= !in_container;
	if (!in_container && f->listener.program[0] == '\0')
		(void)proc_comm(pid, f->listener.program);
}

/* A process that is gone, or whose descriptors are not for us to see, holds nothing. */
static void
look_at_process(struct search *s, int pid)
{
	_cleanup_(freep) ino_t *inodes = NULL;
	bool asked = false, in_container = false;
	size_t n = 0;

	if (proc_sockets(pid, &inodes, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct found wanted = { .inode = inodes[i] };
		struct found *f =
		    bsearch(&wanted, s->items, s->n, sizeof(*s->items), compare_inodes);

		if (f == NULL)
			continue;
		if (!asked)
			in_container = is_in_container(s, pid);
		asked = true;
		hold(f, pid, in_container);
	}
}

/* Whether it is known of each that something outside of containers holds it, and its name. */
static bool
all_held(const struct search *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->items[i].outside || s->items[i].listener.program[0] == '\0')
			return false;
	return true;
}

static int
look_at_processes(struct search *s)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	unsigned n = 0;

	if (dir == NULL)
		return -errno;
	while (n < HOST_PROCESSES_MAX && !all_held(s) && (entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		n++;
		look_at_process(s, atoi(entry->d_name));
	}
	(void)closedir(dir);
	return 0;
}

static int
write_answer(int fd, struct search *s)
{
	struct answer_head head = { .cut = s->cut };
	FILE *f = fdopen(fd, "w");

	if (f == NULL)
		return errno;
	for (size_t i = 0; i < s->n; i++)
		head.n += s->items[i].outside || !s->items[i].inside;
	(void)fwrite(&head, sizeof(head), 1, f);
	for (size_t i = 0; i < s->n; i++) {
		if (s->items[i].outside || !s->items[i].inside)
			(void)fwrite(&s->items[i].listener, sizeof(s->items[i].listener), 1, f);
	}
	return fclose(f) == 0 ? 0 : errno;
}

static int
search(int fd, const void *question)
{
	struct search *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return ENOMEM;
	r = take_sockets(s);
	if (r == 0) {
		(void)proc_read(1, "cgroup", CGROUP_MAX, &s->own_cgroup, NULL);
		qsort(s->items, s->n, sizeof(*s->items), compare_inodes);
		r = look_at_processes(s);
	}
	r = r < 0 ? -r : write_answer(fd, s);
	free(s->own_cgroup);
	free(s);
	return r;
}

/* --- in the daemon --- */

/* What hardening guides look at. What a kernel doesn't have is left out. */
static const char *const sysctls[] = {
	"fs.protected_fifos",
	"fs.protected_hardlinks",
	"fs.protected_regular",
	"fs.protected_symlinks",
	"fs.suid_dumpable",
	"kernel.dmesg_restrict",
	"kernel.kexec_load_disabled",
	"kernel.kptr_restrict",
	"kernel.perf_event_paranoid",
	"kernel.randomize_va_space",
	"kernel.sysrq",
	"kernel.unprivileged_bpf_disabled",
	"kernel.yama.ptrace_scope",
	"net.ipv4.conf.all.accept_redirects",
	"net.ipv4.conf.all.accept_source_route",
	"net.ipv4.conf.all.log_martians",
	"net.ipv4.conf.all.rp_filter",
	"net.ipv4.conf.all.send_redirects",
	"net.ipv4.icmp_echo_ignore_broadcasts",
	"net.ipv4.tcp_syncookies",
	"net.ipv6.conf.all.accept_redirects",
	"net.ipv6.conf.all.accept_source_route",
};

struct settings {
	struct host_sysctl items[ARRAY_SIZE(sysctls)];
	char *texts[ARRAY_SIZE(sysctls)];
	size_t n;
};

static void
settings_clear(struct settings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->texts[i]);
}

static int
read_settings(struct settings *s)
{
	char path[128];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		(void)snprintf(path, sizeof(path), "/proc/sys/%s", sysctls[i]);
		for (char *p = path + strlen("/proc/sys/"); *p != '\0'; p++)
			*p = *p == '.' ? '/' : *p;
		r = file_read(path, SYSCTL_MAX, &s->texts[s->n], NULL);
		if (r == -ENOMEM)
			return r;
		if (r == -ENOENT)
			continue;
		s->items[s->n] = (struct host_sysctl){ .name = sysctls[i],
			.text = s->texts[s->n],
			.why = r < 0 ? strerror(-r) : NULL };
		s->n++;
	}
	return 0;
}

/* Takes the head off the answer. False when it isn't one. */
static bool
read_head(struct answer_head *head, const char *answer, size_t len)
{
	if (len < sizeof(*head))
		return false;
	memcpy(head, answer, sizeof(*head));
	return head->n <= HOST_LISTENERS_MAX &&
	       len - sizeof(*head) == head->n * sizeof(struct host_listener);
}

static int
read_answer(
    struct host_services_input *in, struct host_listener **ret, const char *answer, size_t len)
{
	struct answer_head head;

	if (!read_head(&head, answer, len)) {
		in->listeners_why = "the answer of the process that looked makes no sense";
		return 0;
	}
	*ret = calloc(head.n + 1, sizeof(**ret));
	if (*ret == NULL)
		return -ENOMEM;
	memcpy(*ret, answer + sizeof(head), head.n * sizeof(**ret));
	in->listeners = *ret;
	in->n_listeners = head.n;
	in->listeners_cut = head.cut;
	return 0;
}

static void
on_answer(void *arg, const char *why, const char *answer, size_t len)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	_cleanup_(freep) struct host_listener *listeners = NULL;
	struct host_services_input in = { .listeners_why = why };
	struct snapshot *snapshot = NULL;
	struct host_services *s = arg;
	int r = 0;

	if (why == NULL)
		r = read_answer(&in, &listeners, answer, len);
	if (r == 0)
		r = read_settings(&settings);
	in.sysctls = settings.items;
	in.n_sysctls = settings.n;
	if (r == 0)
		r = build_host_services(&snapshot, &in);
	s->done(s->arg, r, snapshot);
}

int
host_services_collect(
    struct host_services **ret, struct event_base *base, host_services_done_fn *done, void *arg)
{
	_cleanup_(host_services_freep) struct host_services *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return -ENOMEM;
	s->done = done;
	s->arg = arg;
	r = ask_child_new(&s->child, base, search, NULL, ASK_CHILD_DEADLINE_MS, on_answer, s);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

struct host_services *
host_services_free(struct host_services *s)
{
	if (s == NULL)
		return NULL;
	s->child = ask_child_free(s->child);
	free(s);
	return NULL;
}
