/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 of what is added bit by bit, as text. libgcrypt does the work; it is made ready on first
 * use. */
#ifndef UTIL_SHA256_H
#define UTIL_SHA256_H

#include "util/macros.h"
#include <stddef.h>

enum { SHA256_HEX = 64 };

struct sha256;

int sha256_new(struct sha256 **ret);          /* 0 or -ENOMEM */
struct sha256 *sha256_free(struct sha256 *s); /* takes NULL, returns NULL */
DEFINE_CLEANUP(struct sha256, sha256_free)

void sha256_add(struct sha256 *s, const void *bytes, size_t len);
/* Lower case digits of all that was added. Nothing may be added afterwards. */
void sha256_finish(struct sha256 *s, char ret[SHA256_HEX + 1]);

#endif
