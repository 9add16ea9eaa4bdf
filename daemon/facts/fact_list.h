/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of facts, grouped by topic in the order of enum topic. One line a fact:
 *   X(NAME, path, type, topic, flags, origin, doc)
 * flags: 0, or FACT_VOLATILE (ages and counters: never make drift by themselves), or FACT_NAME_ONLY
 * / FACT_COUNT_ONLY (what of it may be shown). `origin` is shown as evidence's "from". Everything
 * else (ids, names for rules, the man page) is made from this list. */
#ifndef FACTS_FACT_LIST_H
#define FACTS_FACT_LIST_H

/* clang-format off */
#define FACT_LIST(X) \
	/* host.system */ \
	X(HOST_KERNEL, "host.kernel", type_string, TOPIC_HOST_SYSTEM, 0, "uname release", "the running kernel's release") \
	X(HOST_LSMS, "host.lsms", type_list_string, TOPIC_HOST_SYSTEM, 0, "/sys/kernel/security/lsm", "security modules in force") \
	X(HOST_APPARMOR, "host.apparmor", type_bool, TOPIC_HOST_SYSTEM, 0, "/sys/module/apparmor/parameters/enabled", "AppArmor is enabled") \
	X(HOST_SELINUX, "host.selinux", type_bool, TOPIC_HOST_SYSTEM, 0, "/sys/fs/selinux/enforce", "SELinux is enforcing") \
	/* host.mounts */ \
	X(HOST_DATA_ROOT_MOUNTED, "host.data_root_mounted", type_bool, TOPIC_HOST_MOUNTS, 0, "/proc/1/mountinfo", "the engine's data root is a mount point of its own device") \
	X(HOST_DATA_ROOT_DEVICE, "host.data_root_device", type_string, TOPIC_HOST_MOUNTS, 0, "/proc/1/mountinfo", "device of the data root's file system, major:minor") \
	/* host.audit */ \
	X(HOST_AUDIT_ENABLED, "host.audit.enabled", type_bool, TOPIC_HOST_AUDIT, 0, "audit netlink AUDIT_GET", "kernel auditing is on") \
	X(HOST_AUDIT_WATCHES, "host.audit.watches", type_list_audit_watch, TOPIC_HOST_AUDIT, 0, "audit netlink AUDIT_LIST_RULES", "paths and directories that loaded rules watch for writes and attribute changes, unnarrowed") \
	X(HOST_AUDIT_PERSISTENT, "host.audit.persistent", type_list_audit_watch, TOPIC_HOST_AUDIT, 0, "/etc/audit/audit.rules, /etc/audit/rules.d", "the same, from the rule files") \
	/* host.users */ \
	X(HOST_ENGINE_USERS, "host.engine_users", type_list_string, TOPIC_HOST_USERS, 0, "group of the engine's socket, /etc/group, /etc/passwd, name service", "accounts beside root that can reach the engine's socket; * when everyone can") \
	/* host.login */ \
	X(HOST_CONTENT_TRUST, "host.content_trust", type_list_string, TOPIC_HOST_LOGIN, 0, "/etc/environment, /etc/profile, /etc/profile.d", "system-wide files that switch DOCKER_CONTENT_TRUST on") \
	/* host.services */ \
	X(HOST_LISTENERS, "host.listeners", type_list_listener, TOPIC_HOST_SERVICES, 0, "/proc/net/tcp, udp; /proc/*/fd", "sockets that listen on the host outside containers") \
	X(HOST_SYSCTLS, "host.sysctls", type_map_dyn, TOPIC_HOST_SERVICES, 0, "/proc/sys", "settings that hardening guides look at") \
	/* engine.info */ \
	X(ENGINE_KIND, "engine.kind", type_string, TOPIC_ENGINE_INFO, 0, "GET /version Components", "docker, podman, or other") \
	X(ENGINE_VERSION, "engine.version", type_string, TOPIC_ENGINE_INFO, 0, "GET /version Version", "the engine's version") \
	X(ENGINE_API, "engine.api", type_string, TOPIC_ENGINE_INFO, 0, "GET /version ApiVersion", "the newest API version it speaks") \
	X(ENGINE_COMPONENTS, "engine.components", type_map_dyn, TOPIC_ENGINE_INFO, 0, "GET /version Components", "versions of engine, containerd, runc, by name") \
	X(ENGINE_DATA_ROOT, "engine.data_root", type_string, TOPIC_ENGINE_INFO, 0, "GET /info DockerRootDir", "the data root") \
	X(ENGINE_STORAGE_DRIVER, "engine.storage_driver", type_string, TOPIC_ENGINE_INFO, 0, "GET /info Driver", "the storage driver") \
	X(ENGINE_STORAGE_STATUS, "engine.storage_status", type_map_dyn, TOPIC_ENGINE_INFO, 0, "GET /info DriverStatus", "what the storage driver says of itself, by name") \
	X(ENGINE_LOGGING_DRIVER, "engine.logging_driver", type_string, TOPIC_ENGINE_INFO, 0, "GET /info LoggingDriver", "the default logging driver") \
	X(ENGINE_INSECURE_REGISTRIES, "engine.insecure_registries", type_list_string, TOPIC_ENGINE_INFO, 0, "GET /info RegistryConfig", "registries trusted without TLS; the built-in loopback ranges left out") \
	X(ENGINE_DEBUG, "engine.debug", type_bool, TOPIC_ENGINE_INFO, 0, "GET /info Debug", "debug mode is on") \
	X(ENGINE_LIVE_RESTORE, "engine.live_restore", type_bool, TOPIC_ENGINE_INFO, 0, "GET /info LiveRestoreEnabled", "containers outlive the engine") \
	X(ENGINE_USERNS, "engine.userns", type_bool, TOPIC_ENGINE_INFO, 0, "GET /info SecurityOptions", "user namespaces are remapped") \
	X(ENGINE_ROOTLESS, "engine.rootless", type_bool, TOPIC_ENGINE_INFO, 0, "GET /info SecurityOptions", "the engine runs rootless") \
	X(ENGINE_SELINUX, "engine.selinux", type_bool, TOPIC_ENGINE_INFO, 0, "GET /info SecurityOptions", "SELinux support is on in the engine") \
	X(ENGINE_SECCOMP_PROFILE, "engine.seccomp_profile", type_string, TOPIC_ENGINE_INFO, 0, "GET /info SecurityOptions", "the default seccomp profile; empty without seccomp") \
	X(ENGINE_SECCOMP, "engine.seccomp", type_string, TOPIC_ENGINE_INFO, 0, "GET /info SecurityOptions, the profile's file", "what the default seccomp profile comes to: empty without seccomp, unconfined, builtin, forbids, or forbids-nothing") \
	X(ENGINE_NO_NEW_PRIVILEGES, "engine.no_new_privileges", type_bool, TOPIC_ENGINE_INFO, 0, "GET /info SecurityOptions", "containers made from now on can't gain privileges; absent where the engine doesn't say so, before API 1.43") \
	X(ENGINE_AUTHORIZATION_PLUGINS, "engine.authorization_plugins", type_list_string, TOPIC_ENGINE_INFO, 0, "GET /info Plugins.Authorization", "authorization plugins in force") \
	X(ENGINE_SWARM, "engine.swarm", type_string, TOPIC_ENGINE_INFO, 0, "GET /info Swarm.LocalNodeState", "inactive, active, locked ...") \
	/* engine.settings */ \
	X(ENGINE_SET_LOG_LEVEL, "engine.settings.log_level", type_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --log-level, daemon.json log-level", "as given at start; info when not set") \
	X(ENGINE_SET_ICC, "engine.settings.icc", type_bool, TOPIC_ENGINE_SETTINGS, 0, "dockerd --icc, daemon.json icc", "containers on the default bridge may talk to one another") \
	X(ENGINE_SET_IPTABLES, "engine.settings.iptables", type_bool, TOPIC_ENGINE_SETTINGS, 0, "dockerd --iptables, daemon.json iptables", "the engine may change iptables") \
	X(ENGINE_SET_DEFAULT_ULIMITS, "engine.settings.default_ulimits", type_list_ulimit, TOPIC_ENGINE_SETTINGS, 0, "dockerd --default-ulimit, daemon.json default-ulimits", "ulimits that containers get") \
	X(ENGINE_SET_CGROUP_PARENT, "engine.settings.cgroup_parent", type_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --cgroup-parent, daemon.json cgroup-parent", "empty when not set") \
	X(ENGINE_SET_STORAGE_OPTS, "engine.settings.storage_opts", type_list_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --storage-opt, daemon.json storage-opts", "options of the storage driver") \
	X(ENGINE_SET_LOG_OPTS, "engine.settings.log_opts", type_list_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --log-opt, daemon.json log-opts", "names of the log driver's options") \
	X(ENGINE_SET_TCP_HOSTS, "engine.settings.tcp_hosts", type_list_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --host, daemon.json hosts, ListenStream, listening sockets of dockerd", "TCP addresses on which the API listens") \
	X(ENGINE_SET_UNIX_HOSTS, "engine.settings.unix_hosts", type_list_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --host, daemon.json hosts, listening sockets of dockerd", "socket files on which the API listens") \
	X(ENGINE_SET_SOCKET_PATHS, "engine.settings.socket_paths", type_list_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --host, daemon.json hosts, listening sockets of dockerd", "the same, and the paths that their links lead to") \
	X(ENGINE_SET_TLS_VERIFY, "engine.settings.tls_verify", type_bool, TOPIC_ENGINE_SETTINGS, 0, "dockerd --tlsverify, daemon.json tlsverify, DOCKER_TLS_VERIFY", "clients must show a certificate") \
	X(ENGINE_SET_TLS_CA, "engine.settings.tls_ca", type_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --tlscacert, daemon.json tlscacert, DOCKER_CERT_PATH", "file of the CA; empty without TLS") \
	X(ENGINE_SET_TLS_CERT, "engine.settings.tls_cert", type_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --tlscert, daemon.json tlscert, DOCKER_CERT_PATH", "file of the certificate; empty without TLS") \
	X(ENGINE_SET_TLS_KEY, "engine.settings.tls_key", type_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --tlskey, daemon.json tlskey, DOCKER_CERT_PATH", "file of the key; empty without TLS") \
	X(ENGINE_SET_GROUP, "engine.settings.group", type_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --group, daemon.json group", "group that owns the socket; docker when not set") \
	X(ENGINE_SET_GROUP_GID, "engine.settings.group_gid", type_int, TOPIC_ENGINE_SETTINGS, 0, "/etc/group", "its gid; absent when there is no such group") \
	X(ENGINE_SET_CONFIG_FILE, "engine.settings.config_file", type_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --config-file", "path of daemon.json") \
	X(ENGINE_SET_AUTHORIZATION_PLUGINS, "engine.settings.authorization_plugins", type_list_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --authorization-plugin, daemon.json authorization-plugins", "authorization plugins that a reload of the engine takes, or took; unreadable when one may have been taken out since the start") \
	X(ENGINE_SET_LEGACY_REGISTRY, "engine.settings.legacy_registry", type_bool, TOPIC_ENGINE_SETTINGS, 0, "dockerd --disable-legacy-registry, daemon.json disable-legacy-registry", "v1 registries are allowed") \
	X(ENGINE_SET_USERNS_REMAP, "engine.settings.userns_remap", type_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --userns-remap, daemon.json userns-remap", "empty when not set") \
	X(ENGINE_SET_DEFAULT_IP, "engine.settings.default_ip", type_string, TOPIC_ENGINE_SETTINGS, 0, "dockerd --ip, daemon.json ip", "address that published ports bind to when none is named; 0.0.0.0 when not set") \
	X(ENGINE_SET_NO_NEW_PRIVILEGES, "engine.settings.no_new_privileges", type_bool, TOPIC_ENGINE_SETTINGS, 0, "dockerd --no-new-privileges, daemon.json no-new-privileges", "containers made from now on can't gain privileges") \
	X(ENGINE_SET_USERLAND_PROXY, "engine.settings.userland_proxy", type_bool, TOPIC_ENGINE_SETTINGS, 0, "dockerd --userland-proxy, daemon.json userland-proxy", "a process stands behind each published port") \
	X(ENGINE_SET_EXPERIMENTAL, "engine.settings.experimental", type_bool, TOPIC_ENGINE_SETTINGS, 0, "dockerd --experimental, daemon.json experimental", "experimental features are on") \
	X(ENGINE_SET_PENDING, "engine.settings.pending", type_bool, TOPIC_ENGINE_SETTINGS, 0, "daemon.json's time of change, dockerd's start", "daemon.json was written or taken away after dockerd had started: what it says may not be in force yet") \
	X(ENGINE_SET_EXE, "engine.settings.exe", type_string, TOPIC_ENGINE_SETTINGS, 0, "/proc/<dockerd>/exe", "dockerd's program file") \
	X(ENGINE_SET_CONTAINERD_EXE, "engine.settings.containerd_exe", type_string, TOPIC_ENGINE_SETTINGS, 0, "/proc/<containerd>/exe, else the usual places", "containerd's program file; absent when there is none") \
	X(ENGINE_SET_RUNC_EXE, "engine.settings.runc_exe", type_string, TOPIC_ENGINE_SETTINGS, 0, "GET /info Runtimes, else the usual places", "runc's program file; absent when there is none") \
	/* engine.bridge */ \
	X(ENGINE_BRIDGE_EXISTS, "engine.bridge.exists", type_bool, TOPIC_ENGINE_BRIDGE, 0, "GET /networks/bridge", "there is a default bridge") \
	X(ENGINE_BRIDGE_ICC, "engine.bridge.icc", type_bool, TOPIC_ENGINE_BRIDGE, 0, "GET /networks/bridge Options enable_icc", "containers on the default bridge may talk to one another; absent without a bridge") \
	X(ENGINE_BRIDGE_HOST_BINDING, "engine.bridge.host_binding", type_string, TOPIC_ENGINE_BRIDGE, 0, "GET /networks/bridge Options host_binding_ipv4", "address that ports bind to when none is named; empty when not set") \
	/* engine.units */ \
	X(ENGINE_UNITS_SERVICE, "engine.units.service_files", type_list_string, TOPIC_ENGINE_UNITS, 0, "systemd FragmentPath and DropInPaths, else the unit search path", "docker.service's unit file and drop-ins") \
	X(ENGINE_UNITS_SOCKET, "engine.units.socket_files", type_list_string, TOPIC_ENGINE_UNITS, 0, "systemd FragmentPath and DropInPaths, else the unit search path", "docker.socket's unit file and drop-ins") \
	/* engine.inventory */ \
	X(ENGINE_CONTAINERS, "engine.inventory.containers", type_int, TOPIC_ENGINE_INVENTORY, FACT_VOLATILE, "GET /containers/json", "containers on this host") \
	X(ENGINE_CONTAINERS_STOPPED, "engine.inventory.containers_stopped", type_int, TOPIC_ENGINE_INVENTORY, FACT_VOLATILE, "GET /containers/json", "those that don't run") \
	X(ENGINE_IMAGES, "engine.inventory.images", type_int, TOPIC_ENGINE_INVENTORY, FACT_VOLATILE, "GET /images/json", "images on this host") \
	X(ENGINE_IMAGES_UNUSED, "engine.inventory.images_unused", type_list_string, TOPIC_ENGINE_INVENTORY, FACT_VOLATILE, "GET /images/json, /containers/json", "images that no container refers to") \
	X(ENGINE_VOLUMES, "engine.inventory.volumes", type_list_string, TOPIC_ENGINE_INVENTORY, FACT_VOLATILE, "GET /volumes", "names of volumes") \
	/* file.stat */ \
	X(FILE_PATH, "file.path", type_string, TOPIC_FILE_STAT, 0, "the rule's files", "the path as the rule names it") \
	X(FILE_EXISTS, "file.exists", type_bool, TOPIC_FILE_STAT, 0, "stat", "there is such a file") \
	X(FILE_TARGET, "file.target", type_string, TOPIC_FILE_STAT, 0, "/proc/self/fd", "the path that links lead to; absent without a file") \
	X(FILE_TYPE, "file.type", type_string, TOPIC_FILE_STAT, 0, "stat st_mode", "regular, directory, socket, device, fifo; absent without a file") \
	X(FILE_MODE, "file.mode", type_int, TOPIC_FILE_STAT, FACT_OCTAL, "stat st_mode", "permission bits with set-id and sticky; absent without a file") \
	X(FILE_UID, "file.uid", type_int, TOPIC_FILE_STAT, 0, "stat st_uid", "owner; absent without a file") \
	X(FILE_GID, "file.gid", type_int, TOPIC_FILE_STAT, 0, "stat st_gid", "group; absent without a file") \
	X(FILE_LINK_UID, "file.link_uid", type_int, TOPIC_FILE_STAT, 0, "lstat st_uid", "owner of the link itself, where the path is one; else the file's") \
	X(FILE_ACL, "file.acl", type_list_string, TOPIC_FILE_STAT, 0, "system.posix_acl_access", "access list entries beside the mode's three: user:1000:rw-; absent without a file") \
	/* image.inspect */ \
	X(IMAGE_TAGS, "image.tags", type_list_string, TOPIC_IMAGE_INSPECT, 0, "GET /images/{id}/json RepoTags", "names") \
	X(IMAGE_DIGESTS, "image.digests", type_list_string, TOPIC_IMAGE_INSPECT, 0, "GET /images/{id}/json RepoDigests", "digests by which it was pulled") \
	X(IMAGE_CREATED, "image.created", type_string, TOPIC_IMAGE_INSPECT, 0, "GET /images/{id}/json Created", "when it was built; absent when the image doesn't say") \
	X(IMAGE_AGE_DAYS, "image.age_days", type_int, TOPIC_IMAGE_INSPECT, FACT_VOLATILE, "GET /images/{id}/json Created", "days since it was built; absent when the image doesn't say") \
	X(IMAGE_USER, "image.user", type_string, TOPIC_IMAGE_INSPECT, 0, "GET /images/{id}/json Config.User", "the user that it asks for") \
	X(IMAGE_HEALTHCHECK, "image.healthcheck", type_list_string, TOPIC_IMAGE_INSPECT, FACT_COUNT_ONLY, "GET /images/{id}/json Config.Healthcheck.Test", "its health check") \
	X(IMAGE_ENV, "image.env", type_list_string, TOPIC_IMAGE_INSPECT, FACT_NAME_ONLY, "GET /images/{id}/json Config.Env", "variables that it sets") \
	X(IMAGE_EXPOSED, "image.exposed", type_list_string, TOPIC_IMAGE_INSPECT, 0, "GET /images/{id}/json Config.ExposedPorts", "80/tcp ...") \
	X(IMAGE_LAYERS, "image.layers", type_int, TOPIC_IMAGE_INSPECT, 0, "GET /images/{id}/json RootFS.Layers", "how many layers it has") \
	X(IMAGE_SIZE, "image.size", type_int, TOPIC_IMAGE_INSPECT, 0, "GET /images/{id}/json Size", "bytes of all layers") \
	X(IMAGE_IN_USE, "image.in_use", type_bool, TOPIC_IMAGE_INSPECT, 0, "GET /containers/json ImageID", "some container, running or not, was made of it") \
	/* container.inspect */ \
	X(CONTAINER_NAME, "container.name", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json Name", "its name, without the slash") \
	X(CONTAINER_IMAGE, "container.image", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json Config.Image", "the image as it was asked for") \
	X(CONTAINER_IMAGE_ID, "container.image_id", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json Image", "the image's id") \
	X(CONTAINER_STATUS, "container.status", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json State.Status", "created, running, paused, restarting, exited, dead") \
	X(CONTAINER_RUNNING, "container.running", type_bool, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json State.Running", "it has a process") \
	X(CONTAINER_PID, "container.pid", type_int, TOPIC_CONTAINER_INSPECT, FACT_VOLATILE, "GET /containers/{id}/json State.Pid", "its first process; 0 without one") \
	X(CONTAINER_USER, "container.user", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json Config.User", "the user that it asks for; empty: root") \
	X(CONTAINER_PRIVILEGED, "container.privileged", type_bool, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.Privileged", "it was made with --privileged") \
	X(CONTAINER_CAP_ADD, "container.cap_add", type_list_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.CapAdd", "capabilities added: upper case, no CAP_") \
	X(CONTAINER_CAP_DROP, "container.cap_drop", type_list_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.CapDrop", "capabilities dropped: upper case, no CAP_") \
	X(CONTAINER_SECURITY_OPT, "container.security_opt", type_list_security_opt, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.SecurityOpt", "security options as name and value, whichever separator") \
	X(CONTAINER_SECCOMP, "container.seccomp", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.SecurityOpt", "what the seccomp profile that it asks for comes to: empty when it asks for none, unconfined, builtin, forbids, or forbids-nothing") \
	X(CONTAINER_APPARMOR_PROFILE, "container.apparmor_profile", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json AppArmorProfile", "empty before the first start") \
	X(CONTAINER_PROCESS_LABEL, "container.process_label", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json ProcessLabel", "SELinux label of its processes") \
	X(CONTAINER_NETWORK_MODE, "container.network_mode", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.NetworkMode", "host, bridge, none, container:<id> ...") \
	X(CONTAINER_PID_MODE, "container.pid_mode", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.PidMode", "empty, host, container:<id>") \
	X(CONTAINER_IPC_MODE, "container.ipc_mode", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.IpcMode", "private, shareable, host, container:<id> ...") \
	X(CONTAINER_UTS_MODE, "container.uts_mode", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.UTSMode", "empty or host") \
	X(CONTAINER_USERNS_MODE, "container.userns_mode", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.UsernsMode", "empty or host") \
	X(CONTAINER_MEMORY, "container.memory", type_int, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.Memory", "limit in bytes; 0: none") \
	X(CONTAINER_CPU_SHARES, "container.cpu_shares", type_int, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.CpuShares", "0: not set") \
	X(CONTAINER_NANO_CPUS, "container.nano_cpus", type_int, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.NanoCpus", "0: not set") \
	X(CONTAINER_CPU_QUOTA, "container.cpu_quota", type_int, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.CpuQuota", "microseconds; 0 or less: none") \
	X(CONTAINER_PIDS_LIMIT, "container.pids_limit", type_int, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.PidsLimit", "0: none") \
	X(CONTAINER_READONLY_ROOTFS, "container.readonly_rootfs", type_bool, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.ReadonlyRootfs", "its root file system is read-only") \
	X(CONTAINER_RESTART_POLICY, "container.restart_policy", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.RestartPolicy.Name", "no, on-failure, always, unless-stopped; empty is no") \
	X(CONTAINER_RESTART_RETRIES, "container.restart_retries", type_int, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.RestartPolicy.MaximumRetryCount", "0: without end") \
	X(CONTAINER_CGROUP_PARENT, "container.cgroup_parent", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.CgroupParent", "empty when not set") \
	X(CONTAINER_MOUNTS, "container.mounts", type_list_mount, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json Mounts, GET /volumes", "what is mounted into it; before the first start from HostConfig too; behind a volume whose options bind a path of the host, that bind") \
	X(CONTAINER_PORTS, "container.ports", type_list_port, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json NetworkSettings.Ports, HostConfig.PortBindings and PublishAllPorts", "published ports; 0 is one that the engine chooses") \
	X(CONTAINER_PUBLISH_ALL, "container.publish_all", type_bool, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.PublishAllPorts", "every exposed port is published") \
	X(CONTAINER_EXPOSED, "container.exposed", type_list_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json Config.ExposedPorts", "80/tcp ...") \
	X(CONTAINER_DEVICES, "container.devices", type_list_device, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.Devices", "devices handed in") \
	X(CONTAINER_DEVICE_REQUESTS, "container.device_requests", type_int, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.DeviceRequests", "requests such as --gpus") \
	X(CONTAINER_DEVICE_RULES, "container.device_rules", type_list_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.DeviceCgroupRules", "device cgroup rules") \
	X(CONTAINER_ULIMITS, "container.ulimits", type_list_ulimit, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.Ulimits", "ulimits; the engine merges its defaults in") \
	X(CONTAINER_LOG_DRIVER, "container.log_driver", type_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json HostConfig.LogConfig.Type", "its logging driver") \
	X(CONTAINER_HEALTHCHECK, "container.healthcheck", type_list_string, TOPIC_CONTAINER_INSPECT, FACT_COUNT_ONLY, "GET /containers/{id}/json Config.Healthcheck.Test", "its health check") \
	X(CONTAINER_NETWORKS, "container.networks", type_list_string, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json NetworkSettings.Networks", "names of its networks") \
	X(CONTAINER_LABELS, "container.labels", type_map_dyn, TOPIC_CONTAINER_INSPECT, FACT_NAME_ONLY, "GET /containers/{id}/json Config.Labels", "labels") \
	X(CONTAINER_SERVICE, "container.service", type_bool, TOPIC_CONTAINER_INSPECT, 0, "GET /containers/{id}/json Config.Labels", "it is a task of a swarm service") \
	/* container.process */ \
	X(CONTAINER_PROC_UID, "container.process.uid", type_int, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/status Uid", "effective uid on the host; absent without a process") \
	X(CONTAINER_PROC_CAP_EFFECTIVE, "container.process.cap_effective", type_list_string, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/status CapEff", "effective capabilities; absent without a process") \
	X(CONTAINER_PROC_CAP_BOUNDING, "container.process.cap_bounding", type_list_string, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/status CapBnd", "capabilities that it can ever have; absent without a process") \
	X(CONTAINER_PROC_SECCOMP, "container.process.seccomp", type_int, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/status Seccomp", "0 off, 1 strict, 2 filter; absent without a process") \
	X(CONTAINER_PROC_NO_NEW_PRIVILEGES, "container.process.no_new_privileges", type_bool, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/status NoNewPrivs", "absent without a process") \
	X(CONTAINER_PROC_HOST_NETWORK, "container.process.host_network", type_bool, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/ns/net", "shares the host's network namespace; absent without a process") \
	X(CONTAINER_PROC_HOST_PID, "container.process.host_pid", type_bool, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/ns/pid", "shares the host's pid namespace; absent without a process") \
	X(CONTAINER_PROC_HOST_IPC, "container.process.host_ipc", type_bool, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/ns/ipc", "shares the host's ipc namespace; absent without a process") \
	X(CONTAINER_PROC_HOST_UTS, "container.process.host_uts", type_bool, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/ns/uts", "shares the host's uts namespace; absent without a process") \
	X(CONTAINER_PROC_HOST_USER, "container.process.host_user", type_bool, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/ns/user", "shares the host's user namespace; absent without a process") \
	X(CONTAINER_PROC_MEMORY_MAX, "container.process.memory_max", type_int, TOPIC_CONTAINER_PROCESS, 0, "memory.max, memory.limit_in_bytes", "limit that the kernel holds, in bytes; -1: none; absent without a process") \
	X(CONTAINER_PROC_PIDS_MAX, "container.process.pids_max", type_int, TOPIC_CONTAINER_PROCESS, 0, "pids.max", "limit that the kernel holds; -1: none; absent without a process") \
	X(CONTAINER_PROC_LABEL, "container.process.label", type_string, TOPIC_CONTAINER_PROCESS, 0, "/proc/<pid>/attr/current", "label of the security module; absent without a process") \
	X(CONTAINER_PROC_PROGRAMS, "container.process.programs", type_list_string, TOPIC_CONTAINER_PROCESS, FACT_VOLATILE, "/proc/<pid>/comm of its cgroup", "names of its processes' programs; absent without a process") \
	/* container.execs */ \
	X(CONTAINER_EXECS, "container.execs", type_list_exec, TOPIC_CONTAINER_EXECS, 0, "GET /exec/{id}/json", "exec sessions seen within the kept time")
/* clang-format on */

#endif
