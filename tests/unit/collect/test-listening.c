/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collect/listening.h"

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
    "  sl  local_address                         remote_address                        st\n"
    "   0: 00000000000000000000000000000000:0948 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 104 1 0000000000000000 100 0 0 10 0\n"
    "   1: B80D0120000000000000000001000000:0949 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 105 1 0000000000000000 100 0 0 10 0\n";

static void
test_tables(void **state)
{
	static const ino_t mine[] = { 101, 103, 104, 105 };
	_cleanup_(listening_clear) struct listening l = { 0 };

	if (htole32(1) != 1)
		skip();
	assert_int_equal(listening_add(&l, tcp, mine, 4), 0);
	assert_int_equal(listening_add(&l, tcp6, mine, 4), 0);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.addresses[0], "127.0.0.1:2375");
	assert_string_equal(l.addresses[1], "[::]:2376");
	assert_string_equal(l.addresses[2], "[2001:db8::1]:2377");
}

static void
test_nonsense(void **state)
{
	static const char *const texts[] = { "", "\n", "\n\n", "0: 01:01 0 0A", "0: zz",
		"0: 0100007F0:0947 0:0 0A 0:0 0:0 0 0 0 101" };
	static const ino_t mine[] = { 101 };
	_cleanup_(listening_clear) struct listening l = { 0 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(listening_add(&l, texts[i], mine, 1), 0);
	assert_int_equal(l.n, 0);
}

static void
test_this_process(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_(listening_clear) struct listening l = { 0 };
	char text[32];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listening_read(&l, getpid()), 0);
	assert_int_equal(l.n, 0); /* bound, but does not listen */
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(listening_read(&l, getpid()), 0);
	assert_int_equal(l.n, 1);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
	assert_string_equal(l.addresses[0], text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
