/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/facts.h"

/* A record type, and the list of it that facts are made of. */
#define RECORD(name_, ...)                                                                \
	const struct type type_##name_ = { .kind = TYPE_RECORD,                           \
		.name = #name_,                                                           \
		.fields = (const struct type_field[]){ __VA_ARGS__, { .name = NULL } } }; \
	const struct type type_list_##name_ = {                                           \
		.kind = TYPE_LIST, .name = "list(" #name_ ")", .elem = &type_##name_      \
	}

RECORD(mount, { "type", &type_string, "bind, volume, tmpfs, npipe, cluster, image" },
    { "source", &type_string,
	"path on the host, links followed; of a volume not yet made its name" },
    { "destination", &type_string, "path in the container" },
    { "name", &type_string,
	"the volume's name; of a path whose links lead elsewhere, the path as given; "
	"empty otherwise" },
    { "driver", &type_string, "the volume's driver; empty otherwise" },
    { "mode", &type_string, "options as given: ro, z ..." },
    { "rw", &type_bool, "it may be written to" },
    { "propagation", &type_string, "rprivate, rshared ...; empty when not set" });

RECORD(port, { "container", &type_int, "port in the container" },
    { "protocol", &type_string, "tcp, udp, sctp" },
    { "host_ip", &type_string, "address on the host as given; empty when not set" },
    { "host", &type_int, "port on the host; 0: chosen at the start" });

RECORD(device, { "path_on_host", &type_string, "device file on the host" },
    { "path_in_container", &type_string, "where it appears in the container" },
    { "permissions", &type_string, "r, w, m: read, write, make a node" });

RECORD(ulimit, { "name", &type_string, "nofile, nproc ..." },
    { "soft", &type_int, "-1: unlimited" }, { "hard", &type_int, "-1: unlimited" });

RECORD(security_opt, { "name", &type_string, "apparmor, seccomp, label, no-new-privileges ..." },
    { "value", &type_string, "empty when bare" });

RECORD(audit_watch, { "path", &type_string, "what is watched" },
    { "kind", &type_string, "path, or dir: all below it too" },
    { "perm", &type_string, "r, w, x, a: accesses that are recorded" },
    { "key", &type_string, "the rule's key; empty without one" });

RECORD(listener, { "protocol", &type_string, "tcp, udp" },
    { "address", &type_string, "address that it is bound to" },
    { "port", &type_int, "port that it is bound to" },
    { "program", &type_string, "name of the program that holds it; empty when not known" });

RECORD(exec, { "id", &type_string, "id of the session" },
    { "privileged", &type_bool, "it was made with --privileged" },
    { "user", &type_string, "the user that it ran as" },
    { "default_user", &type_string, "the user that the container asks for" },
    { "time", &type_int, "seconds since 1970 at which it was made" });
