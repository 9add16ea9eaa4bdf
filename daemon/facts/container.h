/* SPDX-License-Identifier: Apache-2.0
 *
 * The two parts of container.inspect that take more than one look: what is in force stands in one
 * place of the reply, what is asked for in another. */
#ifndef FACTS_CONTAINER_H
#define FACTS_CONTAINER_H

#include "facts/read.h"

read_fn read_ports; /* of NetworkSettings.Ports, and HostConfig.PortBindings */

/* Of Mounts, and HostConfig.Binds and Mounts, and of what the engine says of its volumes. */
struct container_inspect_input;
struct value read_mounts(struct arena *a, const struct container_inspect_input *in);

#endif
