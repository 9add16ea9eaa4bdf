/* SPDX-License-Identifier: Apache-2.0
 *
 * Builders: raw input in, one snapshot out. Testable without a world: they get parsed JSON and file
 * contents, never a path. What is missing, null, of another type or cut at a limit comes out
 * unreadable with a reason, or as the documented meaning of "not set" where the API says so (see
 * facts of HostConfig). Each returns 0, -ENOMEM, or BUILD_E_NONSENSE when the input as a whole is
 * not what it should be. JSON objects are borrowed. */
#ifndef FACTS_BUILD_H
#define FACTS_BUILD_H

#include "facts/facts.h"
#include <limits.h>

struct json_object;

enum {
	_BUILD_E_SUCCESS,
	BUILD_E_NONSENSE,
};

enum {
	BUILD_LIST_MAX = 1024, /* elements of any list: then it is cut */
};

/* The file of the engine's own seccomp profile, as it was when dockerd read it: a text, or why
 * there is none to be had. Neither: nobody looked. */
struct engine_profile_input {
	const char *text, *why;
};
int build_engine_info(struct snapshot **ret, struct json_object *version, struct json_object *info,
    const struct engine_profile_input *profile);
/* The path of that file. False when the profile that /info names lies in none. */
bool engine_profile_path(struct json_object *info, char *path, size_t size);
/* `bridge` NULL: the engine has no network of that name. */
int build_engine_bridge(struct snapshot **ret, struct json_object *bridge);

/* Raw input of engine.settings. Each text may be NULL with a reason in its `_why`. */
struct engine_settings_input {
	const char *cmdline; /* /proc/<pid>/cmdline, words ended by zeros */
	size_t cmdline_len;
	const char *environ; /* /proc/<pid>/environ, entries ended by zeros */
	size_t environ_len;
	const char *process_why; /* why cmdline or environ could not be read */
	const char *config;      /* text of daemon.json; NULL with config_why NULL: there is none */
	const char *config_why;
	const char *config_now;    /* text of the file as it is now, be it in force or not; NULL as
				      with `config` */
	bool config_remembered;    /* `config` is what dockerd started with; the file says something
				      else now */
	int64_t config_changed_ms; /* CLOCK_REALTIME; 0: not known. Without a file it is the time of
				      `config_folder` */
	int64_t process_started_ms;            /* the same */
	char config_folder[PATH_MAX];          /* in which the file is missing; "": not known */
	const char *exe;                       /* real path of dockerd; NULL: not known */
	const char *containerd_exe, *runc_exe; /* NULL, and no reason below: there is none */
	const char *containerd_why, *runc_why; /* why it could not be looked for */
	const char *group_file;                /* text of /etc/group; NULL with group_why */
	const char *group_why;
	const char *const *listening; /* TCP sockets on which dockerd listens, as
					 "0.0.0.0:2375" or "[::]:2375"; NULL with
					 listening_why */
	size_t n_listening;
	const char *const *listening_paths; /* those of sockets in the file system, as they were
					       bound; as complete as `listening` */
	size_t n_listening_paths;
	/* Where the links of a path lead: a string, or unreadable. NULL: nobody looks, and paths
	 * stay as they are. */
	struct value (*follow)(void *context, const char *path, struct arena *a);
	void *context;
	const char *listening_why;
};
int build_engine_settings(struct snapshot **ret, const struct engine_settings_input *in);
/* Where --config-file points, from a command line; the default path when it doesn't. Copied into
 * `path`. */
void engine_config_path(const char *cmdline, size_t len, char *path, size_t size);

/* Raw input of container.inspect. */
struct container_inspect_input {
	struct json_object *inspect;
	struct json_object *volumes; /* a reply to GET /volumes; NULL with volumes_why, or where
					container_has_volumes() says that none is needed */
	const char *volumes_why;
	/* Where the links of a path of the host lead: a string, or unreadable. NULL: nobody looks,
	 * and paths stay as they are. */
	struct value (*follow)(void *context, const char *path, struct arena *a);
	void *context;
	/* The other name of what a path without links leads to, where it is bound from elsewhere: a
	 * string, "" when there is none, or unreadable. NULL: nobody looks. */
	struct value (*other_name)(void *context, const char *path, struct arena *a);
	void *names_context;
};
int build_container_inspect(struct snapshot **ret, const struct container_inspect_input *in);
/* Options of a volume say what it is, and the engine tells them elsewhere. */
bool container_has_volumes(struct json_object *inspect);

/* Raw input of container.process. Namespaces are inode numbers, 0 with the errno in `ns_errno` when
 * one can't be read. */
enum namespace_kind { NS_NET, NS_PID, NS_IPC, NS_UTS, NS_USER, _NAMESPACES };
struct container_process_input {
	const char *status; /* text of /proc/<pid>/status; NULL: could not be read */
	int status_errno;
	uint64_t ns[_NAMESPACES], host_ns[_NAMESPACES];
	int ns_errno[_NAMESPACES], host_ns_errno[_NAMESPACES];
	const char *memory_max, *pids_max; /* text of the cgroup's file; NULL: could not be read */
	const char *cgroup_why;
	const char *label; /* text of attr/current; NULL: could not be read */
	int label_errno;
	const char *const
	    *programs; /* comm of each process of the cgroup; NULL: could not be read */
	size_t n_programs;
	bool programs_cut;
};
int build_container_process(struct snapshot **ret, const struct container_process_input *in);

/* Raw input of file.stat. */
struct stat;
struct file_stat_input {
	const char *path;
	int error; /* 0, or the errno of looking: ENOENT and ENOTDIR mean that there is no file,
		      others are unreadable */
	const struct stat *st, *lst;
	const char *target;
	const void *acl; /* system.posix_acl_access, as the kernel gives it */
	size_t acl_len;
	int acl_errno; /* 0, ENODATA and EOPNOTSUPP: there is none */
};
int build_file_stat(struct snapshot **ret, const struct file_stat_input *in);

/* Raw input of host.audit. */
struct audit_rule_data;
struct host_audit_input {
	int error;                                  /* 0, or the errno of asking the kernel */
	bool enabled;                               /* status.enabled is 1 or 2 */
	const struct audit_rule_data *const *rules; /* in the kernel's order */
	size_t n_rules;
	bool rules_cut; /* the kernel has more */
	const char
	    *persistent; /* texts of the rule files, one behind another; NULL with persistent_why */
	const char *persistent_why;
	/* What a rule that names a path is about: the path with those links resolved that the
	 * kernel follows, in the arena, or the path itself. */
	const char *(*canonical)(void *context, const char *path, struct arena *a);
	void *context;
};
int build_host_audit(struct snapshot **ret, const struct host_audit_input *in);

/* Raw input of host.mounts. */
struct host_mounts_input {
	const char *mountinfo; /* text of /proc/1/mountinfo; NULL with mountinfo_why */
	const char *mountinfo_why;
	const char *data_root; /* its links resolved; NULL with data_root_why */
	const char *data_root_why;
};
int build_host_mounts(struct snapshot **ret, const struct host_mounts_input *in);

/* Raw input of host.users. Each text may be NULL with a reason in its `_why`. */
struct host_users_input {
	const struct snapshot *socket; /* file.stat of the engine's socket */
	const char *passwd, *group;    /* texts of the files */
	const char *passwd_why, *group_why;
	/* What the name service has beside the files, in their format; all NULL: it is not asked,
	 * as the files are all there is. */
	const char *service_passwd, *service_group;
	const char *service_why;
};
int build_host_users(struct snapshot **ret, const struct host_users_input *in);
/* Groups and accounts whom the socket lets in, by number. */
enum { SOCKET_IDS_MAX = 64 };
struct socket_ids {
	uint32_t gids[SOCKET_IDS_MAX], uids[SOCKET_IDS_MAX]; /* root is left out of uids */
	size_t n_gids, n_uids;
	bool everyone;
};
/* False when it can't be told, with the reason; the reason is borrowed from the snapshot or static.
 */
bool socket_ids_of(struct socket_ids *ret, const struct snapshot *socket, const char **why);

/* Raw input of engine.inventory. Each list may be NULL with a reason in its `_why`. */
struct engine_inventory_input {
	struct json_object *containers, *images, *volumes; /* bodies of the three replies */
	const char *containers_why, *images_why, *volumes_why;
};
int build_engine_inventory(struct snapshot **ret, const struct engine_inventory_input *in);

/* `in_use`: some container was made of it; NULL with in_use_why. `now_ms`: CLOCK_REALTIME. */
int build_image_inspect(struct snapshot **ret, struct json_object *inspect, const bool *in_use,
    const char *in_use_why, int64_t now_ms);

/* Raw input of host.login: files that make every login's environment, in the order in which they
 * are read, or why they can't be. */
struct environment_file {
	const char *path, *text;
	bool all_exported; /* it is no shell script: each line is one variable of the environment */
};
struct host_login_input {
	const struct environment_file *files;
	size_t n_files;
	const char *files_why;
};
int build_host_login(struct snapshot **ret, const struct host_login_input *in);

/* Raw input of host.services. */
struct host_listener {
	char protocol[8]; /* tcp, udp */
	char address[64];
	uint16_t port;
	char program[64]; /* empty: not known */
};
struct host_sysctl {
	const char *name; /* kernel.kptr_restrict */
	const char *text; /* NULL with why */
	const char *why;
};
struct host_services_input {
	const struct host_listener *listeners; /* those outside containers */
	size_t n_listeners;
	bool listeners_cut;
	const char *listeners_why;
	const struct host_sysctl *sysctls; /* those that this kernel has */
	size_t n_sysctls;
};
int build_host_services(struct snapshot **ret, const struct host_services_input *in);

/* Raw input of host.system. A text NULL without a reason: this kernel has no such file. */
struct host_system_input {
	const char *kernel; /* release; NULL: not known */
	const char *lsms, *lsms_why;
	const char *apparmor, *apparmor_why;
	const char *selinux, *selinux_why;
};
int build_host_system(struct snapshot **ret, const struct host_system_input *in);

/* Raw input of engine.units: a unit's file and its drop-ins. */
struct unit_files {
	const char *const *paths;
	size_t n;
	bool cut;        /* there are more */
	const char *why; /* not NULL: they could not be had */
};
int build_engine_units(
    struct snapshot **ret, const struct unit_files *service, const struct unit_files *socket);

#endif
