/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "collect/listening.h"

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
	listening_clear(&l);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(listening_read(&l, getpid()), 0);
	assert_int_equal(l.n, 1);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
	assert_string_equal(l.addresses[0], text);
}

static void
test_files_of_sockets(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_(listening_clear) struct listening l = { 0 };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/plimsoll-listening-%d",
	    (int)getpid());
	(void)unlink(address.sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listening_read(&l, getpid()), 0);
	assert_int_equal(l.n_paths, 0); /* bound, but does not listen */
	listening_clear(&l);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(listening_read(&l, getpid()), 0);
	assert_int_equal(unlink(address.sun_path), 0);
	assert_int_equal(l.n_paths, 1);
	assert_string_equal(l.paths[0], address.sun_path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_process),
		cmocka_unit_test(test_files_of_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
