/* SPDX-License-Identifier: Apache-2.0
 *
 * What the name service (LDAP, SSSD, systemd's user records ...) knows of accounts and groups
 * beside /etc/passwd and /etc/group. Internal to host.users. */
#ifndef COLLECT_NAME_SERVICE_H
#define COLLECT_NAME_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

/* /etc/nsswitch.conf names something other than the files for accounts or groups. */
bool name_service_beside_files(const char *nsswitch);

/* To be run in a child process; `question` is a struct socket_ids. Writes the accounts and groups
 * of these ids in the form of /etc/passwd and /etc/group, each text ended by a zero. */
int name_service_answer(int fd, const void *question);
/* The two texts of such an answer, borrowed. False when it is none. */
bool name_service_split(const char *answer, size_t len, const char **passwd, const char **group);

#endif
