/* SPDX-License-Identifier: Apache-2.0
 *
 * What the targets share: an assertion that a fuzzer sees, the parts of an input, and what must
 * hold of every snapshot. A target also declares LLVMFuzzerTestOneInput(), which libFuzzer calls.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "facts/facts.h"
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

_Noreturn void fuzz_fail(const char *file, int line, const char *what);
#define must(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

/* An input of several parts: a byte RS (0x1e) stands between them. */
enum { PART_END = 0x1e };
struct parts {
	const char *at;
	size_t left;
	bool over;
};

/* The next part in memory of its own, with a zero behind, so that a read beyond it shows. NULL when
 * there is none. Caller frees. */
char *part_next(struct parts *p, size_t *ret_len);
/* The next part's first byte, 0 when there is none: for choices. */
unsigned part_byte(struct parts *p);

/* A document as the engine's client would take it, or NULL. Caller puts. */
struct json_object *fuzz_json(const char *text, size_t len);

/* `r` is what a builder returned. Of what it made, every fact has its type, can be shown, and is
 * the same as itself. Frees it. */
void snapshot_must_hold(int r, struct snapshot *s);

/* Repeatable numbers out of an input. */
struct dice {
	uint64_t state;
};
struct dice dice_of(const uint8_t *data, size_t size);
unsigned dice_roll(struct dice *d, unsigned sides); /* 0 to sides - 1 */

#endif
