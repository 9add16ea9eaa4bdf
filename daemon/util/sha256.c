/* SPDX-License-Identifier: Apache-2.0 */
#include "util/sha256.h"

#include <errno.h>
#include <gcrypt.h>

enum { SHA256_BYTES = 32 };

struct sha256 {
	gcry_md_hd_t handle;
};

/* libgcrypt must be told that nobody needs its locked memory, once, and may have been told already
 * by another library of the process. */
static void
gcrypt_ready(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P) != 0)
		return;
	(void)gcry_check_version(NULL);
	(void)gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	(void)gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

int
sha256_new(struct sha256 **ret)
{
	_cleanup_(sha256_freep) struct sha256 *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	gcrypt_ready();
	if (gcry_md_open(&s->handle, GCRY_MD_SHA256, 0) != 0)
		return -ENOMEM;
	*ret = TAKE(s);
	return 0;
}

struct sha256 *
sha256_free(struct sha256 *s)
{
	if (s == NULL)
		return NULL;
	gcry_md_close(s->handle);
	free(s);
	return NULL;
}

void
sha256_add(struct sha256 *s, const void *bytes, size_t len)
{
	gcry_md_write(s->handle, bytes, len);
}

void
sha256_finish(struct sha256 *s, char ret[SHA256_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *digest = gcry_md_read(s->handle, GCRY_MD_SHA256);

	for (unsigned i = 0; i < SHA256_BYTES; i++) {
		ret[2 * i] = digits[digest[i] >> 4];
		ret[2 * i + 1] = digits[digest[i] & 0xf];
	}
	ret[SHA256_HEX] = '\0';
}
