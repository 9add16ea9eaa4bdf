/* SPDX-License-Identifier: Apache-2.0
 *
 * Which system calls an audit rule is about. Their numbers mean something only together with an
 * architecture; a rule that names none is about calls of those numbers in all of them. */
#ifndef FACTS_AUDIT_CALLS_H
#define FACTS_AUDIT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

enum audit_calls {
	AUDIT_CALLS_ALL,      /* all that change files or their attributes, and maybe others */
	AUDIT_CALLS_SOME,     /* not all of these */
	AUDIT_CALLS_HARMLESS, /* none that could touch a file */
};

/* `mask` has AUDIT_BITMASK_SIZE words; `arch` is an ELF one (AUDIT_ARCH_*), 0 when none is named.
 */
enum audit_calls audit_calls_of(const uint32_t *mask, uint32_t arch);
/* The same of names separated by commas, as a rule file has them. */
enum audit_calls audit_calls_named(const char *names);

/* The ELF architecture of "b64" or "b32" on this machine; 0 for other words. */
uint32_t audit_arch_named(const char *name);
/* Programs of two architectures run on this kind of machine: a rule for one of them watches half.
 */
bool audit_arch_is_half(uint32_t arch);

#endif
