/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/net_table.h"
#include "util/lines.h"
#include "util/macros.h"
#include <string.h>

#define REST " 00000000:00000000 00:00000000 00000000     0        0 483 1 0000 100 0"

/* Lines as a little-endian machine writes them. */
static const struct {
	const char *line;
	bool udp;
	enum net_line what;
	const char *address;
	uint16_t port;
} cases[] = {
	{ "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
	  "timeout inode",
	    false, NET_LINE_OTHER, NULL, 0 },
	{ "   0: 00000000:07E8 00000000:0000 0A" REST, false, NET_LINE_LISTENS, "0.0.0.0", 2024 },
	{ "  10: 0100007F:0035 00000000:0000 0A" REST, false, NET_LINE_LISTENS, "127.0.0.1", 53 },
	{ "   0: 0100007F:1F90 0100007F:C001 01" REST, false, NET_LINE_OTHER, NULL, 0 },
	{ "   0: 0100007F:0035 00000000:0000 07" REST, true, NET_LINE_LISTENS, "127.0.0.1", 53 },
	{ "   0: 0100007F:0035 0100007F:1234 01" REST, true, NET_LINE_OTHER, NULL, 0 },
	{ "   0: 00000000000000000000000000000000:0016 "
	  "00000000000000000000000000000000:0000 0A" REST,
	    false, NET_LINE_LISTENS, "::", 22 },
	{ "   0: 00000000000000000000000001000000:0016 "
	  "00000000000000000000000000000000:0000 0A" REST,
	    false, NET_LINE_LISTENS, "::1", 22 },
	{ "   0: 00000000:07E8 00000000:0000 0A", false, NET_LINE_NONSENSE, NULL, 0 },
	{ "   0: 0000:07E8 00000000:0000 0A" REST, false, NET_LINE_NONSENSE, NULL, 0 },
	{ "   0: 00000000:7E8 00000000:0000 0A" REST, false, NET_LINE_NONSENSE, NULL, 0 },
	{ "   0: 00000000 00000000:0000 0A" REST, false, NET_LINE_NONSENSE, NULL, 0 },
	{ "   0: 00000000:07E8 00000000:0000 XX" REST, false, NET_LINE_NONSENSE, NULL, 0 },
	{ "", false, NET_LINE_NONSENSE, NULL, 0 },
};

static void
test_lines(void **state)
{
	const uint16_t one = 1;

	(void)state;
	if (*(const uint8_t *)&one != 1)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct span line = { cases[i].line, strlen(cases[i].line) };
		struct net_socket socket;

		print_message("%s\n", cases[i].line);
		assert_int_equal(net_table_line(line, cases[i].udp, &socket), cases[i].what);
		if (cases[i].what != NET_LINE_LISTENS)
			continue;
		assert_string_equal(socket.address, cases[i].address);
		assert_int_equal(socket.port, cases[i].port);
		assert_int_equal(socket.inode, 483);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
