/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/audit_calls.h"

#include "util/macros.h"
#include <libaudit.h>
#include <stddef.h>
#include <string.h>

enum {
	BITS = 32,
};

/* What auditctl asks for when a rule names an architecture and the accesses "wa". Newer calls with
 * the same effects are left out: a rule that was loaded by an older auditctl doesn't have them. */
static const char *const changing[] = { "open", "openat", "creat", "truncate", "ftruncate",
	"fallocate", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
	"unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chmod", "fchmod",
	"fchmodat", "chown", "lchown", "fchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr",
	"removexattr", "lremovexattr", "fremovexattr" };

/* What rules of action never are about on many hosts: clocks, and processes by the thousand. */
static const char *const harmless[] = { "adjtimex", "clock_adjtime", "clock_settime",
	"settimeofday", "stime", "time", "nanosleep", "fork", "vfork", "clone", "clone3", "wait4",
	"exit", "exit_group", "kill", "tkill", "tgkill" };

static bool
has_call(const uint32_t *mask, int call)
{
	return (mask[call / BITS] & UINT32_C(1) << call % BITS) != 0;
}

static bool
is_one_of(const char *name, size_t len, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	return false;
}

/* The last word of a mask names classes of calls, which the kernel leaves out of what it reports.
 */
static bool
has_all_numbers(const uint32_t *mask)
{
	for (unsigned i = 0; i < AUDIT_BITMASK_SIZE - 1; i++)
		if (mask[i] != UINT32_MAX)
			return false;
	return true;
}

static bool
has_all_changing(const uint32_t *mask, int machine)
{
	int call;

	for (size_t i = 0; i < ARRAY_SIZE(changing); i++) {
		call = audit_name_to_syscall(changing[i], machine);
		/* Newer architectures don't have the older calls. */
		if (call >= 0 && call < AUDIT_BITMASK_SIZE * BITS && !has_call(mask, call))
			return false;
	}
	return true;
}

static bool
has_only_harmless(const uint32_t *mask, int machine)
{
	const char *name;

	for (int call = 0; call < AUDIT_BITMASK_SIZE * BITS; call++) {
		if (!has_call(mask, call))
			continue;
		name = audit_syscall_to_name(call, machine);
		if (name == NULL || !is_one_of(name, strlen(name), harmless, ARRAY_SIZE(harmless)))
			return false;
	}
	return true;
}

enum audit_calls
audit_calls_of(const uint32_t *mask, uint32_t arch)
{
	int machine;

	if (has_all_numbers(mask))
		return AUDIT_CALLS_ALL;
	machine = arch == 0 ? -1 : audit_elf_to_machine(arch);
	if (machine < 0)
		return AUDIT_CALLS_SOME;
	if (has_only_harmless(mask, machine))
		return AUDIT_CALLS_HARMLESS;
	return has_all_changing(mask, machine) ? AUDIT_CALLS_ALL : AUDIT_CALLS_SOME;
}

enum audit_calls
audit_calls_named(const char *names)
{
	size_t len;

	if (strcmp(names, "all") == 0)
		return AUDIT_CALLS_ALL;
	for (const char *at = names;; at += len + 1) {
		len = strcspn(at, ",");
		if (!is_one_of(at, len, harmless, ARRAY_SIZE(harmless)))
			return AUDIT_CALLS_SOME;
		if (at[len] == '\0')
			return AUDIT_CALLS_HARMLESS;
	}
}

uint32_t
audit_arch_named(const char *name)
{
	uint32_t native = audit_machine_to_elf(audit_detect_machine());

	if (strcmp(name, "b64") == 0)
		return native;
	/* Which one doesn't matter, as long as it is another. */
	return strcmp(name, "b32") == 0 ? native & ~(uint32_t)__AUDIT_ARCH_64BIT : 0;
}

bool
audit_arch_is_half(uint32_t arch)
{
	static const uint32_t double_machines[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64,
		AUDIT_ARCH_PPC64, AUDIT_ARCH_S390X };

	if ((arch & __AUDIT_ARCH_64BIT) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(double_machines); i++)
		if (arch == double_machines[i])
			return true;
	return false;
}
