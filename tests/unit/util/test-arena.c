/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/arena.h"

static void
test_zeroed_and_aligned(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(1024 * 1024);
	static const char zeros[200];

	assert_non_null(a);
	for (size_t size = 0; size < sizeof(zeros); size++) {
		char *p = arena_alloc(a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		assert_memory_equal(p, zeros, size);
		memset(p, 0xff, size);
	}
}

static void
test_zeroed_again_after_reset(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(1024 * 1024);
	char *first, *again;

	first = arena_alloc(a, 64);
	memset(first, 0xff, 64);
	assert_non_null(arena_alloc(a, 100 * 1000));
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	again = arena_alloc(a, 64);
	assert_ptr_equal(again, first);
	assert_int_equal(again[63], 0);
}

static void
test_limit(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(4096);

	assert_null(arena_alloc(a, 4097));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_strndup(a, "", SIZE_MAX));
	assert_non_null(arena_alloc(a, 4080));
	assert_non_null(arena_alloc(a, 1));
	assert_int_equal(arena_used(a), 4096);
	assert_null(arena_alloc(a, 1));
	assert_null(arena_strdup(a, ""));
	assert_null(arena_printf(a, "%d", 1));
	arena_reset(a);
	assert_non_null(arena_alloc(a, 4096));
}

static void
test_many_blocks_stay_intact(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(16 * 1024 * 1024);
	char *texts[2000];

	for (int i = 0; i < 2000; i++)
		texts[i] = arena_printf(a, "%0*d", i % 300 + 1, i);
	assert_non_null(arena_alloc(a, 1024 * 1024));
	for (int i = 0; i < 2000; i++)
		assert_int_equal(atoi(texts[i]), i);
}

static void
test_texts(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new(4096);

	assert_string_equal(arena_strdup(a, "name"), "name");
	assert_string_equal(arena_strndup(a, "name", 2), "na");
	assert_memory_equal(arena_strndup(a, "a\0b", 3), "a\0b", 4);
	assert_string_equal(arena_printf(a, "%s:%d", "name", 7), "name:7");
}

static void
test_free_takes_null(void **state)
{
	assert_null(arena_free(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed_and_aligned),
		cmocka_unit_test(test_zeroed_again_after_reset),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_many_blocks_stay_intact),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_free_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
