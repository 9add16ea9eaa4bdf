/* SPDX-License-Identifier: Apache-2.0 */
#include "util/utf8_feed.h"

#include "util/utf8.h"

/* The second byte's limits are narrower after some first bytes, the others' never. */
static bool
begin(struct utf8_feed *f, uint8_t c)
{
	*f = (struct utf8_feed){ .low = 0x80, .high = 0xbf };
	if (c < 0x80)
		return true;
	if (c < 0xc2 || c > 0xf4)
		return false;
	f->need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	if (c == 0xe0)
		f->low = 0xa0;
	else if (c == 0xed)
		f->high = 0x9f;
	else if (c == 0xf0)
		f->low = 0x90;
	else if (c == 0xf4)
		f->high = 0x8f;
	return true;
}

bool
utf8_feed(struct utf8_feed *f, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c;

		if (f->need == 0)
			i += utf8_ascii(data + i, len - i);
		if (i == len)
			break;
		c = (uint8_t)data[i];
		if (f->need == 0) {
			if (!begin(f, c))
				return false;
			continue;
		}
		if (c < f->low || c > f->high)
			return false;
		f->need--;
		f->low = 0x80;
		f->high = 0xbf;
	}
	return true;
}
