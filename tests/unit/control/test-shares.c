/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/shares.h"

enum { SECOND = 1000 * 1000 };

static void
test_a_share_is_used_up(void **state)
{
	struct shares s = { 0 };

	assert_true(shares_left(&s, 1000, 1));
	shares_take(&s, 1000, SHARES_MOST_US - 1, 1);
	assert_true(shares_left(&s, 1000, 1));
	shares_take(&s, 1000, 1, 1);
	assert_false(shares_left(&s, 1000, 1));
	assert_true(shares_left(&s, 1001, 1));
}

static void
test_a_share_grows(void **state)
{
	struct shares s = { 0 };

	shares_take(&s, 1000, SHARES_MOST_US + SHARES_PERCENT * SECOND / 100, 1);
	assert_false(shares_left(&s, 1000, 1 + SECOND - 100));
	assert_true(shares_left(&s, 1000, 1 + SECOND + 100));
	/* Not beyond what may be taken at once. */
	assert_true(shares_left(&s, 1000, 1 + 100 * (int64_t)SECOND));
	shares_take(&s, 1000, SHARES_MOST_US, 1 + 100 * (int64_t)SECOND);
	assert_false(shares_left(&s, 1000, 1 + 100 * (int64_t)SECOND));
}

/* Growth in small steps is not lost by rounding for good. */
static void
test_a_share_grows_however_often_it_is_looked_at(void **state)
{
	struct shares s = { 0 };
	int64_t now = 1;

	shares_take(&s, 1000, SHARES_MOST_US + 1000, now);
	for (unsigned i = 0; i < 10000; i++)
		(void)shares_left(&s, 1000, now += 3);
	assert_true(shares_left(&s, 1000, now));
}

static void
test_of_too_many_users_the_oldest_is_forgotten(void **state)
{
	struct shares s = { 0 };

	for (uid_t uid = 1; uid <= SHARES_USERS; uid++)
		shares_take(&s, uid, SHARES_MOST_US + SECOND, (int64_t)uid);
	assert_false(shares_left(&s, SHARES_USERS, SHARES_USERS));
	assert_true(shares_left(&s, 1000, SHARES_USERS + 1));
	assert_false(shares_left(&s, 2, SHARES_USERS + 2));
	assert_true(shares_left(&s, 1, SHARES_USERS + 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_share_is_used_up),
		cmocka_unit_test(test_a_share_grows),
		cmocka_unit_test(test_a_share_grows_however_often_it_is_looked_at),
		cmocka_unit_test(test_of_too_many_users_the_oldest_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
