/* SPDX-License-Identifier: Apache-2.0
 *
 * Moments as people write them. All are UTC, as all outputs are. */
#ifndef CONTROL_WHEN_H
#define CONTROL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#define WHEN_FORMS "2026-11-23, \"2026-11-23 17:00\", 17:00, 90m, 6h, 2d ago, now, today, yesterday"

/* CLOCK_REALTIME in ms of what is written, seen from `now_ms`. False: it means nothing. */
bool when_parse(const char *text, int64_t now_ms, int64_t *ret);

#endif
