/* SPDX-License-Identifier: Apache-2.0 */
#include "report/advice.h"
#include "util/macros.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/capability.h>

/* The first pattern that matches holds; the last one matches all. */
static const struct {
	const char *pattern, *advice;
} table[] = {
	{ "no engine: systemd holds *",
	    "docker.socket would start dockerd at the first connection, and Plimsoll wakes no "
	    "engine: systemctl start docker, or wait until somebody uses it." },
	{ "no engine: *: Permission denied",
	    "Only root and the engine's group may connect to that socket: run as root." },
	{ "no engine: *: Connection refused",
	    "The socket is there and nobody listens: systemctl restart docker." },
	{ "*engine too old*",
	    "Nothing can be asked of so old an engine in a way that can be relied on: install a "
	    "Docker that is still maintained." },
	{ "no engine: *",
	    "If Docker runs on this host, start it (systemctl start docker), or name the socket "
	    "that "
	    "it listens on: engine.socket in plimsoll.yaml, or --engine. Until then the host is "
	    "audited, and the engine as soon as it is there." },
	{ "the engine has no socket file", "It is known as soon as the engine can be asked; if "
					   "that listens on TCP alone, there is "
					   "nothing to be known." },
	{ "stale: *", "The engine's events are not heard; plimsoll status says since when and why. "
		      "Everything "
		      "is looked at again when they are." },
	{ "*need CAP_AUDIT_CONTROL*",
	    "The kernel shows its audit rules to root in the first user namespace alone: run as "
	    "root "
	    "on the host itself, not in a container, with CAP_AUDIT_CONTROL." },
	{ "*Protocol not supported*", "This kernel has no auditing (CONFIG_AUDIT): the rules of "
				      "section 1 about auditing can't "
				      "be kept on this host with this kernel." },
	{ "*audit*Connection refused*", "Within a network namespace of its own a process can't ask "
					"the kernel's auditing: run on "
					"the host itself, not in a container." },
	{ "*/sys/kernel/security*: No such file or directory",
	    "The file system that tells of security modules is not mounted: mount -t securityfs "
	    "securityfs /sys/kernel/security. systemd does that at boot where the kernel has it." },
	{ "*D-Bus*",
	    "systemd can't be asked about units: on a host without it, or within a container, what "
	    "stands in unit files can't be known." },
	{ "*system bus*",
	    "systemd can't be asked about units: on a host without it, or within a container, what "
	    "stands in unit files can't be known." },
	{ "*Permission denied*",
	    "Run as root; the unit that comes with plimsolld gives what is needed. Files of others "
	    "need CAP_DAC_READ_SEARCH, processes of others CAP_SYS_PTRACE." },
	{ "*Operation not permitted*",
	    "Run as root; the unit that comes with plimsolld gives what is needed. Processes of "
	    "others need CAP_SYS_PTRACE, and a container's limits (seccomp, AppArmor) may forbid "
	    "it "
	    "even so." },
	{ "*too large*", "It is over a limit that keeps Plimsoll small: look by hand (plimsoll "
			 "explain RULE says "
			 "how)." },
	{ "*cut at *",
	    "There are more than are looked at: look by hand (plimsoll explain RULE says how)." },
	{ "*timed out*",
	    "It did not answer in time. If that stays so, the engine or a file system hangs." },
	{ "*deadline*",
	    "It did not answer in time. If that stays so, the engine or a file system hangs." },
	{ "*not listed yet*", "The first look is not over: ask again in a moment." },
	{ "not collected yet", "The first look is not over: ask again in a moment." },
	{ "*", "plimsoll explain RULE says what is read, from where, and how to look by hand." },
};

const char *
advice_for(const char *reason)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(table) - 1 && fnmatch(table[i].pattern, reason, 0) != 0)
		i++;
	return table[i].advice;
}

const struct advice_capability advice_capabilities[] = {
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
	    "owners and modes of keys and sockets in folders that are closed to others" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE",
	    "namespaces, program and root of the processes of others" },
	{ CAP_AUDIT_CONTROL, "CAP_AUDIT_CONTROL", "the kernel's audit rules" },
	{ CAP_AUDIT_READ, "CAP_AUDIT_READ", "the kernel's word that an audit rule has changed" },
};
const unsigned advice_capability_count = ARRAY_SIZE(advice_capabilities);

unsigned
advice_lacking(void)
{
	cap_t held = cap_get_proc();
	unsigned lacking = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(advice_capabilities); i++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (held == NULL ||
		    cap_get_flag(held, advice_capabilities[i].number, CAP_EFFECTIVE, &value) != 0 ||
		    value != CAP_SET)
			lacking |= 1U << i;
	}
	(void)cap_free(held);
	return lacking;
}

int
advice_capability_from_name(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(advice_capabilities); i++)
		if (strcmp(advice_capabilities[i].name, name) == 0)
			return (int)i;
	return -1;
}
