/* SPDX-License-Identifier: Apache-2.0 */
#include "control/shares.h"

/* The share of a user, as it is now. */
static struct share *
share_of(struct shares *s, uid_t uid, int64_t now_us)
{
	struct share *share = &s->users[0];
	int64_t grown;

	for (unsigned i = 0; i < SHARES_USERS; i++) {
		struct share *other = &s->users[i];

		if (other->at_us != 0 && other->uid == uid) {
			share = other;
			break;
		}
		if (other->at_us < share->at_us)
			share = other;
	}
	if (share->at_us == 0 || share->uid != uid)
		*share = (struct share){ uid, now_us, SHARES_MOST_US };
	grown = (now_us - share->at_us) * SHARES_PERCENT / 100;
	share->at_us += grown * 100 / SHARES_PERCENT;
	share->left_us += grown;
	if (share->left_us > SHARES_MOST_US)
		share->left_us = SHARES_MOST_US;
	return share;
}

bool
shares_left(struct shares *s, uid_t uid, int64_t now_us)
{
	return share_of(s, uid, now_us)->left_us > 0;
}

void
shares_take(struct shares *s, uid_t uid, int64_t took_us, int64_t now_us)
{
	share_of(s, uid, now_us)->left_us -= took_us;
}
