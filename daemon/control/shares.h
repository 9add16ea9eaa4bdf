/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of this process' time each user may take. Whoever has used up a share waits until it has
 * grown again; what is asked less often than that does not wait at all. */
#ifndef CONTROL_SHARES_H
#define CONTROL_SHARES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SHARES_USERS = 16,           /* remembered; of more, who asked longest ago is forgotten */
	SHARES_MOST_US = 500 * 1000, /* that a user who asks seldom may take at once */
	SHARES_PERCENT = 4,          /* of the time, that a user may take who always asks */
};

struct share {
	uid_t uid;
	int64_t at_us;   /* when `left_us` was reckoned; 0: nobody's */
	int64_t left_us; /* below 0: taken in advance */
};

struct shares {
	struct share users[SHARES_USERS];
};

/* `now_us` is monotonic, and not 0. */
bool shares_left(struct shares *s, uid_t uid, int64_t now_us);
void shares_take(struct shares *s, uid_t uid, int64_t took_us, int64_t now_us);

#endif
