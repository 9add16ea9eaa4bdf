/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/inner.h"

static const struct cause event = { .source = CAUSE_DOCKER_EVENT, .detail = "container start" };
static const struct cause look = { .source = CAUSE_RESYNC, .detail = "look at everything" };

static void
test_one_copy_for_many_topics(void **state)
{
	struct judge j = { 0 };
	const struct cause *topics[3] = { 0 };
	struct cause later = event;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(cause_note(&j, &topics[i], &event), 0);
	assert_ptr_equal(topics[0], topics[1]);
	assert_ptr_equal(topics[0], topics[2]);
	assert_string_equal(topics[0]->detail, "container start");

	/* The same words at another time are another cause, and the first is left alone. */
	later.event_ns = 7;
	topics[1] = cause_release(topics[1]);
	assert_null(topics[1]);
	assert_int_equal(cause_note(&j, &topics[1], &later), 0);
	assert_ptr_not_equal(topics[0], topics[1]);
	assert_int_equal(topics[0]->event_ns, 0);
	assert_int_equal(topics[1]->event_ns, 7);

	for (unsigned i = 0; i < 3; i++)
		(void)cause_release(topics[i]);
	(void)cause_release(j.last_cause);
}

static void
test_what_tells_more_stays(void **state)
{
	struct judge j = { 0 };
	struct cause second = event;
	const struct cause *at = NULL;

	(void)state;
	assert_int_equal(cause_note(&j, &at, &look), 0);
	assert_int_equal(at->source, CAUSE_RESYNC);
	assert_int_equal(cause_note(&j, &at, &event), 0);
	assert_int_equal(at->source, CAUSE_DOCKER_EVENT);
	second.event_ns = 7;
	assert_int_equal(cause_note(&j, &at, &second), 0);
	assert_int_equal(at->event_ns, 0);
	assert_int_equal(cause_note(&j, &at, &look), 0);
	assert_int_equal(at->source, CAUSE_DOCKER_EVENT);
	/* Unless it is put there whatever was there before. */
	assert_int_equal(cause_set(&j, &at, &look), 0);
	assert_int_equal(at->source, CAUSE_RESYNC);
	(void)cause_release(at);
	(void)cause_release(j.last_cause);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_copy_for_many_topics),
		cmocka_unit_test(test_what_tells_more_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
