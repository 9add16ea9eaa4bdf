/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/net_table.h"

#include "util/lines.h"
#include <arpa/inet.h>
#include <string.h>

enum {
	STATE_UNCONNECTED = 0x07, /* of UDP */
	STATE_LISTEN = 0x0a,      /* of TCP */
	HEX_WORD = 8,             /* digits of 32 bits */
	WORDS_MAX = 4,
};

/* Exactly `n` hexadecimal digits. */
static bool
take_hex(struct span *s, size_t n, uint32_t *ret)
{
	static const char digits[] = "0123456789ABCDEF";
	uint32_t value = 0;

	if (s->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *digit = memchr(digits, s->text[i], sizeof(digits) - 1);

		if (digit == NULL)
			return false;
		value = value << 4 | (uint32_t)(digit - digits);
	}
	*ret = value;
	s->text += n;
	s->len -= n;
	return true;
}

/* "0100007F:1F90": words of the address as they lie in this machine's memory. */
static bool
parse_address(struct span s, struct net_socket *ret)
{
	uint32_t words[WORDS_MAX], port;
	size_t n = 0;

	while (n < WORDS_MAX && take_hex(&s, HEX_WORD, &words[n]))
		n++;
	if ((n != 1 && n != WORDS_MAX) || s.len == 0 || s.text[0] != ':')
		return false;
	s.text++;
	s.len--;
	if (!take_hex(&s, 4, &port) || s.len != 0)
		return false;
	ret->port = (uint16_t)port;
	return inet_ntop(n == 1 ? AF_INET : AF_INET6, words, ret->address, sizeof(ret->address)) !=
	       NULL;
}

enum net_line
net_table_line(struct span line, bool udp, struct net_socket *ret)
{
	/* sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode */
	enum { NUMBER, LOCAL, REMOTE, STATE, INODE = 9, FIELDS };
	struct span fields[FIELDS];
	struct net_socket remote;
	uint32_t state;

	for (size_t i = 0; i < FIELDS; i++) {
		if (!span_field(&line, ' ', &fields[i]))
			return NET_LINE_NONSENSE;
	}
	if (span_is(fields[NUMBER], "sl"))
		return NET_LINE_OTHER;
	if (fields[STATE].len != 2 || !take_hex(&fields[STATE], 2, &state) ||
	    !parse_address(fields[LOCAL], ret) || !parse_address(fields[REMOTE], &remote) ||
	    !span_number(fields[INODE], &ret->inode))
		return NET_LINE_NONSENSE;
	return state == (udp ? STATE_UNCONNECTED : STATE_LISTEN) && remote.port == 0 &&
		       ret->port != 0
		   ? NET_LINE_LISTENS
		   : NET_LINE_OTHER;
}
