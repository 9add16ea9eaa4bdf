/* SPDX-License-Identifier: Apache-2.0
 *
 * The filters in a request's query. */
#ifndef CONTROL_QUERY_H
#define CONTROL_QUERY_H

#include "control/filter.h"
#include "control/server.h"

/* The filter that the parameters make. `others` are parameters that aren't filters, ended by NULL;
 * NULL: none. NULL: what stands there makes no sense, and the request has been answered. */
struct filter *query_filter(
    struct request *rq, const struct rulebook *rb, const char *const *others);

#endif
