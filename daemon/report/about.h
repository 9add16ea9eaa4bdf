/* SPDX-License-Identifier: Apache-2.0
 *
 * What every document begins with: the version, the benchmarks, the rulebook, the host and the
 * engine. */
#ifndef REPORT_ABOUT_H
#define REPORT_ABOUT_H

struct json_object;
struct judge;

/* Adds plimsoll, benchmarks, rulebook, host and engine. 0 or -ENOMEM. */
int about_add(struct json_object *document, const struct judge *judge);

#endif
