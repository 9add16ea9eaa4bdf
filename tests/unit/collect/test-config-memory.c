/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collect/config_memory.h"
#include "facts/build.h"
#include <stdio.h>
#include <unistd.h>

enum { PID = 42, DAY_MS = 24 * 3600 * 1000 };

/* Of a dockerd that started at 1000 by a clock that is wrong by `clock_ms`. */
static struct engine_settings_input
look(struct config_memory *m, long long ticks, int64_t clock_ms, const char *text,
    int64_t changed_ms)
{
	struct engine_settings_input in = { .config = text, .config_changed_ms = changed_ms };

	in.process_started_ms = config_memory_started(m, PID, ticks, 1000 + clock_ms);
	config_memory_recall(m, &in);
	return in;
}

static bool
is_pending(const struct engine_settings_input *in)
{
	return in->config_remembered || in->config_changed_ms > in->process_started_ms;
}

static void
test_seen_in_time(void **state)
{
	struct config_memory m = { 0 };
	struct engine_settings_input in = look(&m, 7, 0, "{}", 900);

	assert_false(is_pending(&in));
	in = look(&m, 7, 0, "{\"icc\":false}", 1100);
	assert_true(is_pending(&in));
	assert_string_equal(in.config, "{}");
	/* Taken away, and as it was again. */
	in = look(&m, 7, 0, NULL, 1200);
	assert_true(is_pending(&in));
	assert_string_equal(in.config, "{}");
	in = look(&m, 7, 0, "{}", 1300);
	assert_false(is_pending(&in));
	/* A new dockerd has read what is there. */
	in = look(&m, 8, 0, "[]", 900);
	assert_false(is_pending(&in));
	assert_string_equal(in.config, "[]");
	config_memory_deinit(&m);
}

static void
test_no_file_at_first(void **state)
{
	struct config_memory m = { 0 };
	struct engine_settings_input in = look(&m, 7, 0, NULL, 900);

	assert_false(is_pending(&in));
	in = look(&m, 7, 0, "{}", 1100);
	assert_true(in.config_remembered);
	assert_null(in.config);
	config_memory_deinit(&m);
}

/* Whatever the clock says later of a file that was too new for this dockerd, it was not read. */
static void
test_clock_that_steps(void **state)
{
	static const int64_t steps[] = { 0, DAY_MS, -DAY_MS, 0 };
	struct config_memory m = { 0 };
	struct engine_settings_input in;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		in = look(&m, 7, steps[i], "{}", 1100);
		assert_true(is_pending(&in));
		assert_false(in.config_remembered);
		in = look(&m, 7, steps[i], "[]", 1200 - DAY_MS);
		assert_true(is_pending(&in));
	}
	config_memory_deinit(&m);
}

static void
test_clock_that_steps_after_it_was_seen(void **state)
{
	static const int64_t steps[] = { 0, DAY_MS, -DAY_MS, 0 };
	struct config_memory m = { 0 };
	struct engine_settings_input in;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		in = look(&m, 7, steps[i], "{}", 900);
		assert_false(is_pending(&in));
		in = look(&m, 7, steps[i], "[]", 800 - DAY_MS);
		assert_true(in.config_remembered);
		assert_string_equal(in.config, "{}");
	}
	config_memory_deinit(&m);
}

/* While it can't be told, nothing is decided. */
static void
test_what_cannot_be_told(void **state)
{
	struct config_memory m = { 0 };
	struct engine_settings_input in = { .config_why = "no" };

	in.process_started_ms = config_memory_started(&m, PID, 7, 1000);
	config_memory_recall(&m, &in);
	in = look(&m, 7, 0, "{}", 0);
	assert_int_equal(in.config_changed_ms, 0);
	/* Its folder is made, and then the key in it, which is no change. */
	in = look(&m, 7, 0, NULL, 1100);
	assert_true(is_pending(&in));
	in = look(&m, 7, 0, NULL, 1000);
	assert_false(is_pending(&in));
	in = look(&m, 7, 0, "{}", 0);
	assert_true(in.config_remembered);
	config_memory_deinit(&m);
}

/* A file that is too long is held against the clock each time. */
static void
test_long_file(void **state)
{
	struct config_memory m = { 0 };
	char *text = calloc(1, CONFIG_REMEMBERED_MAX + 2);
	struct engine_settings_input in;

	memset(text, ' ', CONFIG_REMEMBERED_MAX + 1);
	in = look(&m, 7, 0, text, 900);
	assert_false(is_pending(&in) || m.known);
	free(text);
	config_memory_deinit(&m);
}

/* --- over a restart of ours --- */

static void
begin(struct config_memory *m, const char *folder)
{
	*m = (struct config_memory){ 0 };
	assert_int_equal(config_memory_keep(m, folder), 0);
}

static void
write_kept(const char *folder, const char *text)
{
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/dockerd.config", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
test_kept_over_a_restart(void **state)
{
	static const char *const texts[] = { "{\"icc\":false}\n", NULL };
	char folder[] = "/tmp/plimsoll-config-XXXXXX", path[64];
	struct config_memory m;
	struct engine_settings_input in;

	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		begin(&m, folder);
		(void)look(&m, (long long)i, 0, texts[i], 900);
		config_memory_deinit(&m);
		begin(&m, folder);
		in = look(&m, (long long)i, 0, "{}", 1100);
		assert_true(in.config_remembered);
		if (texts[i] == NULL)
			assert_null(in.config);
		else
			assert_string_equal(in.config, texts[i]);
		config_memory_deinit(&m);
	}
	/* Another dockerd has read something else. */
	begin(&m, folder);
	in = look(&m, 7, 0, "{}", 1100);
	assert_true(is_pending(&in) && !in.config_remembered);
	config_memory_deinit(&m);
	(void)snprintf(path, sizeof(path), "%s/dockerd.config", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
test_nonsense_is_not_remembered(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "{\"pid\":42}",
		("{\"boot\":\"00000000000000000000000000000000\",\"pid\":42,"
		 "\"started_ticks\":7,\"started_ms\":1000,\"config\":null}") };
	char folder[] = "/tmp/plimsoll-config-XXXXXX", path[64];
	struct config_memory m;

	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/dockerd.config", folder);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct engine_settings_input in;

		write_kept(folder, texts[i]);
		begin(&m, folder);
		in = look(&m, 7, 0, "{}", 1100);
		assert_false(in.config_remembered);
		assert_true(is_pending(&in));
		config_memory_deinit(&m);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seen_in_time),
		cmocka_unit_test(test_no_file_at_first),
		cmocka_unit_test(test_clock_that_steps),
		cmocka_unit_test(test_clock_that_steps_after_it_was_seen),
		cmocka_unit_test(test_what_cannot_be_told),
		cmocka_unit_test(test_long_file),
		cmocka_unit_test(test_kept_over_a_restart),
		cmocka_unit_test(test_nonsense_is_not_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
