/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/host_services.h"
#include "facts/facts.h"
#include "util/macros.h"
#include <arpa/inet.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ID_A "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
#define ID_B "00000000000000001111111111111111222222222222222233333333333333ff"

static const struct {
	const char *cgroup, *id;
} cgroups[] = {
	{ "0::/system.slice/docker-" ID_A ".scope\n", ID_A },
	{ "12:pids:/docker/" ID_A "\n0::/docker/" ID_A "\n", ID_A },
	{ "0::/docker/" ID_A "/docker/" ID_B "\n", ID_B },
	{ "0::/machine.slice/libpod-" ID_B ".scope/container\n", ID_B },
	{ "0::/docker/" ID_A "0\n", NULL },
	{ "0::/docker/abc\n", NULL },
	{ "0::/system.slice/ssh.service\n", NULL },
	{ "", NULL },
};

static void
test_containers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cgroups); i++) {
		const char *id = host_services_container(cgroups[i].cgroup);

		print_message("%s\n", cgroups[i].cgroup);
		if (cgroups[i].id == NULL)
			assert_null(id);
		else
			assert_memory_equal(id, cgroups[i].id, strlen(cgroups[i].id));
	}
}

struct result {
	struct event_base *base;
	struct snapshot *snapshot;
};

static void
on_done(void *arg, int r, struct snapshot *snapshot)
{
	struct result *result = arg;

	assert_int_equal(r, 0);
	result->snapshot = snapshot;
	event_base_loopbreak(result->base);
}

static int
listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static const struct value *
find_port(const struct value *listeners, uint16_t port)
{
	for (uint32_t i = 0; i < listeners->len; i++) {
		if (value_get(&listeners->items[i], "port")->integer == port)
			return &listeners->items[i];
	}
	return NULL;
}

/* The child is a copy of this program that has closed the socket: its holder is this process. */
static void
test_own_socket(void **state)
{
	_cleanup_(host_services_freep) struct host_services *s = NULL;
	_cleanup_(snapshot_freep) struct snapshot *snapshot = NULL;
	struct result result = { .base = event_base_new() };
	const struct value *sysctls, *mine;
	char ours[64], first[64];
	uint16_t port;
	ssize_t n;
	int fd;

	(void)state;
	/* In a network namespace of its own, what listens here doesn't listen on the host. */
	n = readlink("/proc/self/ns/net", ours, sizeof(ours));
	if (readlink("/proc/1/ns/net", first, sizeof(first)) == n &&
	    memcmp(ours, first, (size_t)n) != 0)
		skip();
	fd = listen_somewhere(&port);
	assert_int_equal(host_services_collect(&s, result.base, on_done, &result), 0);
	while (result.snapshot == NULL)
		assert_int_equal(event_base_loop(result.base, EVLOOP_ONCE), 0);
	snapshot = result.snapshot;
	(void)close(fd);
	event_base_free(result.base);

	sysctls = snapshot_get(snapshot, FACT_HOST_SYSCTLS);
	assert_int_equal(value_get(sysctls, "kernel.randomize_va_space")->type, VALUE_INT);
	assert_int_equal(snapshot_get(snapshot, FACT_HOST_LISTENERS)->type, VALUE_LIST);
	mine = find_port(snapshot_get(snapshot, FACT_HOST_LISTENERS), port);
	assert_non_null(mine);
	assert_string_equal(value_get(mine, "address")->string, "127.0.0.1");
	assert_string_equal(value_get(mine, "protocol")->string, "tcp");
	assert_memory_equal(value_get(mine, "program")->string, "test-collect", 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_own_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
