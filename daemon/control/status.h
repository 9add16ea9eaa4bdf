/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /v1/status: how the daemon does. */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include <stdint.h>

struct api_config;
struct json_object;

/* What the socket dropped, and requests that it refused. A new reference; NULL when out of memory.
 */
struct json_object *status_json(const struct api_config *config, uint64_t drops, uint64_t refusals);

#endif
