/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/listening.h"
#include "collect/proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	TABLE_MAX = 64 * 1024 * 1024,
	STATE_LISTEN = 0x0a,
	ADDRESS_DIGITS = 8, /* of IPv4; four times as many of IPv6 */
};

/* The kernel prints addresses as words of 32 bits in its own byte order, in hexadecimal. */
static bool
read_address(const char *digits, size_t n, unsigned port, char *ret, size_t size)
{
	uint32_t words[4];
	char text[INET6_ADDRSTRLEN];
	bool six = n == 4 * ADDRESS_DIGITS;

	if (!six && n != ADDRESS_DIGITS)
		return false;
	for (size_t i = 0; i < n / ADDRESS_DIGITS; i++)
		if (sscanf(digits + i * ADDRESS_DIGITS, "%8x", &words[i]) != 1)
			return false;
	if (inet_ntop(six ? AF_INET6 : AF_INET, words, text, sizeof(text)) == NULL)
		return false;
	return snprintf(ret, size, six ? "[%s]:%u" : "%s:%u", text, port) < (int)size;
}

static bool
read_line(const char *line, ino_t *ret_inode, char *ret, size_t size)
{
	char digits[4 * ADDRESS_DIGITS + 1];
	unsigned port, state;
	unsigned long inode;

	if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%4x %*s %2x %*s %*s %*s %*s %*s %lu", digits, &port,
		&state, &inode) != 4 ||
	    state != STATE_LISTEN)
		return false;
	*ret_inode = inode;
	return read_address(digits, strlen(digits), port, ret, size);
}

static bool
has_inode(const ino_t *inodes, size_t n, ino_t wanted)
{
	for (size_t i = 0; i < n; i++)
		if (inodes[i] == wanted)
			return true;
	return false;
}

int
listening_add(struct listening *l, const char *table, const ino_t *inodes, size_t n)
{
	char address[64], **grown;
	const char *line = table;
	ino_t inode;

	for (; *line != '\0'; line = strchrnul(line, '\n'), line += *line == '\n') {
		if (!read_line(line, &inode, address, sizeof(address)) ||
		    !has_inode(inodes, n, inode))
			continue;
		grown = reallocarray(l->addresses, l->n + 1, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		l->addresses = grown;
		l->addresses[l->n] = strdup(address);
		if (l->addresses[l->n] == NULL)
			return -ENOMEM;
		l->n++;
	}
	return 0;
}

void
listening_clear(struct listening *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->addresses[i]);
	free(l->addresses);
	*l = (struct listening){ 0 };
}

/* No file: the kernel does without that protocol. */
static int
add_table(struct listening *l, int pid, const char *name, const ino_t *inodes, size_t n)
{
	_cleanup_(freep) char *table = NULL;
	int r = proc_read(pid, name, TABLE_MAX, &table, NULL);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : listening_add(l, table, inodes, n);
}

int
listening_read(struct listening *ret, int pid)
{
	_cleanup_(freep) ino_t *inodes = NULL;
	size_t n = 0;
	int r;

	*ret = (struct listening){ 0 };
	r = proc_sockets(pid, &inodes, &n);
	if (r == 0)
		r = add_table(ret, pid, "net/tcp", inodes, n);
	if (r == 0)
		r = add_table(ret, pid, "net/tcp6", inodes, n);
	return r;
}
