/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/tcp_listeners.h"
#include "util/file.h"
#include "util/macros.h"

/* As the kernel of a little-endian machine prints them. */
static const char tcp[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:0947 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "101 1 0000000000000000 100 0 0 10 0\n"
    "   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "102 1 0000000000000000 100 0 0 10 0\n"
    "   2: 0100007F:0947 0100007F:8F42 01 00000000:00000000 00:00000000 00000000     0        0 "
    "103 1 0000000000000000 20 4 30 10 -1\n";
static const char tcp6[] =
    "  sl  local_address                         remote_address                        st "
    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 00000000000000000000000000000000:0948 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 104 1 0000000000000000 100 0 0 10 0\n"
    "   1: B80D0120000000000000000001000000:0949 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 105 1 0000000000000000 100 0 0 10 0\n";

static void
expect(const struct net_socket *socket, const char *address, uint16_t port, uint64_t inode)
{
	assert_string_equal(socket->address, address);
	assert_int_equal(socket->port, port);
	assert_int_equal(socket->inode, inode);
}

static void
test_tables(void **state)
{
	_cleanup_(tcp_listeners_clear) struct tcp_listeners l = { 0 };

	if (htole32(1) != 1)
		skip();
	assert_int_equal(tcp_listeners_add_table(&l, tcp), 0);
	assert_int_equal(tcp_listeners_add_table(&l, tcp6), 0);
	assert_int_equal(l.n, 4);
	assert_false(l.cut);
	expect(&l.items[0], "127.0.0.1", 2375, 101);
	expect(&l.items[1], "0.0.0.0", 22, 102);
	expect(&l.items[2], "::", 2376, 104);
	expect(&l.items[3], "2001:db8::1", 2377, 105);
}

static void
test_nonsense(void **state)
{
	static const char *const texts[] = { "\n", "0: 01:01 0 0A", "0: zz",
		"0: 0100007F0:0947 0:0 0A 0:0 0:0 0 0 0 101" };
	_cleanup_(tcp_listeners_clear) struct tcp_listeners l = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(tcp_listeners_add_table(&l, texts[i]), -EBADMSG);
	assert_int_equal(tcp_listeners_add_table(&l, ""), 0);
	assert_int_equal(l.n, 0);
}

static bool
has(const struct tcp_listeners *l, uint64_t inode, const char *address)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].inode == inode && strcmp(l->items[i].address, address) == 0)
			return true;
	return false;
}

static int
bound_socket(int family, const struct sockaddr *address, socklen_t size)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, address, size) < 0)
		closep(&fd);
	return fd;
}

/* However the kernel was asked, its tables say the same. */
static void
assert_in_table(const char *path, uint64_t inode, const char *address)
{
	_cleanup_(tcp_listeners_clear) struct tcp_listeners l = { 0 };
	_cleanup_(freep) char *text = NULL;

	assert_int_equal(file_read(path, 1 << 28, &text, NULL), 0);
	assert_int_equal(tcp_listeners_add_table(&l, text), 0);
	assert_true(has(&l, inode, address));
}

static void
test_this_namespace(void **state)
{
	const struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	_cleanup_(closep) int a =
	    bound_socket(AF_INET, (const struct sockaddr *)&four, sizeof(four));
	_cleanup_(closep) int b =
	    bound_socket(AF_INET6, (const struct sockaddr *)&six, sizeof(six));
	_cleanup_(tcp_listeners_clear) struct tcp_listeners before = { 0 }, after = { 0 };
	struct stat st;

	assert_int_equal(fstat(a, &st), 0);
	assert_int_equal(tcp_listeners_read(&before, getpid()), 0);
	assert_false(has(&before, st.st_ino, "127.0.0.1")); /* bound, but does not listen */
	assert_int_equal(listen(a, 1), 0);
	assert_true(b < 0 || listen(b, 1) == 0);
	assert_int_equal(tcp_listeners_read(&after, getpid()), 0);
	assert_true(has(&after, st.st_ino, "127.0.0.1"));
	assert_in_table("/proc/self/net/tcp", st.st_ino, "127.0.0.1");
	if (b < 0)
		return; /* a machine without IPv6 */
	assert_int_equal(fstat(b, &st), 0);
	assert_true(has(&after, st.st_ino, "::1"));
	assert_in_table("/proc/self/net/tcp6", st.st_ino, "::1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_this_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
