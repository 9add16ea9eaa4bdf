/* SPDX-License-Identifier: Apache-2.0
 *
 * The command's side of the daemon's socket: one request, one answer, by libcurl. Blocks. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include "util/macros.h"
#include <stddef.h>

enum {
	_CLIENT_E_SUCCESS,
	CLIENT_E_NO_ANSWER, /* nobody there, or not one that speaks: the message says which socket
			     */
	CLIENT_E_REFUSED,   /* it answered with an error: the message is its own, with the hint */
};

enum { CLIENT_BODY_MAX = 256 * 1024 * 1024 };

struct json_object;

/* GETs "/v1/status" and the like. 0, CLIENT_E_*, or -ENOMEM; *reterr is set when it isn't 0, and
 * the caller's to free. */
int client_get(const char *socket, const char *target, struct json_object **ret, char **reterr);
int client_post(const char *socket, const char *target, struct json_object **ret, char **reterr);
/* GETs lines; each comes without its newline. `fn` returns other than 0 to stop, which is no error.
 */
typedef int client_line_fn(void *arg, const char *line, size_t len);
int client_lines(
    const char *socket, const char *target, client_line_fn *fn, void *arg, char **reterr);

#endif
