/* SPDX-License-Identifier: Apache-2.0
 *
 * A row of drift as one line for people: what the journal, syslog and the terminal say. */
#ifndef REPORT_LINE_H
#define REPORT_LINE_H

#include <stdio.h>

struct json_object;

/* "FAIL 5.4 container-privileged: container web runs privileged (was pass; container start)".
 * Caller frees; NULL when out of memory. The text may hold whatever a name outside holds: what goes
 * to a terminal goes through text_put(). */
char *line_of_drift(struct json_object *row);

/* 2 critical fail; 3 other scored fail; 4 unscored fail, unknown, gap; 5 restored, heartbeat and
 * other notices; 6 waived, carried, gone. As syslog(3) numbers them. */
int line_priority(struct json_object *row);

#endif
