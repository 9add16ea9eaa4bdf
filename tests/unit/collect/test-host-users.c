/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/host.h"
#include "collect/host_mounts.h"
#include "collect/host_users.h"
#include "facts/facts.h"
#include "util/macros.h"
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A root of a host with the files of a test, and a socket that is of nobody's group. */
struct world {
	char root[64], socket[128];
	int fd;
	struct host *host;
	struct event_base *base;
	struct snapshot *snapshot;
};

static void
put(const struct world *w, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s%s", w->root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
make_folder(const struct world *w, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s%s", w->root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	assert_non_null(w);
	*state = w;
	(void)snprintf(w->root, sizeof(w->root), "/tmp/plimsoll-users-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	(void)snprintf(w->socket, sizeof(w->socket), "%s/engine.sock", w->root);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", w->socket);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(w->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(w->socket, 0660), 0);
	make_folder(w, "/etc");
	w->base = event_base_new();
	assert_non_null(w->base);
	return host_new(&w->host, w->root);
}

static int
tear_down(void **state)
{
	struct world *w = *state;
	char command[128];

	w->snapshot = snapshot_free(w->snapshot);
	w->host = host_free(w->host);
	event_base_free(w->base);
	(void)close(w->fd);
	(void)snprintf(command, sizeof(command), "rm -r %s", w->root);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

static void
on_done(void *arg, int r, struct snapshot *snapshot)
{
	struct world *w = arg;

	assert_int_equal(r, 0);
	w->snapshot = snapshot;
	event_base_loopbreak(w->base);
}

static const struct value *
ask(struct world *w)
{
	struct host_users *asking = NULL;

	w->snapshot = snapshot_free(w->snapshot);
	assert_int_equal(
	    host_users_collect(&w->snapshot, &asking, w->base, w->host, w->socket, on_done, w), 0);
	return snapshot_get(w->snapshot, FACT_HOST_ENGINE_USERS);
}

static void
write_accounts(const struct world *w)
{
	unsigned gid = (unsigned)getegid();
	char text[128];

	(void)snprintf(text, sizeof(text), "root:x:0:0::/:/x\nann:x:4711:%u::/:/x\n", gid);
	put(w, "/etc/passwd", text);
	(void)snprintf(text, sizeof(text), "engine:x:%u:bob\n", gid);
	put(w, "/etc/group", text);
}

static void
assert_ann_and_bob(const struct value *users)
{
	assert_int_equal(users->type, VALUE_LIST);
	assert_true(users->len >= 2);
	assert_string_equal(users->items[users->len - 2].string, "ann");
	assert_string_equal(users->items[users->len - 1].string, "bob");
}

static void
test_files_alone(void **state)
{
	struct world *w = *state;

	write_accounts(w);
	assert_ann_and_bob(ask(w));
	put(w, "/etc/nsswitch.conf", "passwd: files\ngroup: files\n");
	assert_ann_and_bob(ask(w));
}

static void
test_service_of_another_root(void **state)
{
	struct world *w = *state;

	write_accounts(w);
	put(w, "/etc/nsswitch.conf", "passwd: files sss\n");
	assert_string_equal(ask(w)->string, "the name service of another root can't be asked");
}

static void
test_missing_files(void **state)
{
	struct world *w = *state;
	const struct value *users = ask(w);

	assert_int_equal(users->type, VALUE_UNREADABLE);
	assert_string_equal(users->string, "/etc/passwd: No such file or directory");
}

/* Through the child process: whatever names there are, the answer is a list. */
static void
test_own_name_service(void **state)
{
	struct world *w = *state;
	_cleanup_(host_users_freep) struct host_users *asking = NULL;
	int r;

	w->host = host_free(w->host);
	assert_int_equal(host_new(&w->host, "/"), 0);
	r = host_users_collect(&w->snapshot, &asking, w->base, w->host, w->socket, on_done, w);
	if (r == HOST_USERS_E_ASKING) {
		while (w->snapshot == NULL)
			assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
	} else {
		assert_int_equal(r, 0);
	}
	assert_int_equal(snapshot_get(w->snapshot, FACT_HOST_ENGINE_USERS)->type, VALUE_LIST);
}

static void
test_mounts(void **state)
{
	struct world *w = *state;
	_cleanup_(snapshot_freep) struct snapshot *none = NULL, *found = NULL;
	char link[128];

	assert_int_equal(host_mounts_collect(&none, w->host, "/srv/docker", NULL), 0);
	assert_string_equal(snapshot_get(none, FACT_HOST_DATA_ROOT_MOUNTED)->string,
	    "/proc/1/mountinfo: No such file or directory");

	/* The engine says where a link stands, the table where it leads to. */
	make_folder(w, "/proc");
	make_folder(w, "/proc/1");
	make_folder(w, "/data");
	make_folder(w, "/srv");
	put(w, "/proc/1/mountinfo",
	    "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 27 8:17 / /data rw - ext4 /dev/sdb1 rw\n");
	(void)snprintf(link, sizeof(link), "%s/srv/docker", w->root);
	assert_int_equal(symlink("/data", link), 0);
	assert_int_equal(host_mounts_collect(&found, w->host, "/srv/docker", NULL), 0);
	assert_true(snapshot_get(found, FACT_HOST_DATA_ROOT_MOUNTED)->boolean);
	assert_string_equal(snapshot_get(found, FACT_HOST_DATA_ROOT_DEVICE)->string, "8:17");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_service_of_another_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_own_name_service, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mounts, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
