/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of /proc/net: sockets that listen. */
#include "fuzz.h"

#include "facts/net_table.h"
#include "util/lines.h"
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = { .at = (const char *)data, .left = size };
	_cleanup_(freep) char *text = part_next(&parts, NULL);
	struct lines lines = { .at = text, .left = 1000 };
	struct net_socket found;
	struct span line;

	while (lines_next(&lines, &line)) {
		for (int udp = 0; udp < 2; udp++) {
			enum net_line what = net_table_line(line, udp, &found);

			must(what != NET_LINE_LISTENS ||
			     strnlen(found.address, sizeof(found.address)) < sizeof(found.address));
		}
	}
	return 0;
}
