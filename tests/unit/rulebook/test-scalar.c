/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rulebook/scalar.h"

static struct yaml_node
scalar(const char *text)
{
	return (struct yaml_node){ .text = text, .len = strlen(text) };
}

static const struct {
	const char *text;
	bool looks, fits;
	int64_t i;
} ints[] = {
	{ "0", true, true, 0 },
	{ "-12", true, true, -12 },
	{ "0644", true, true, 0644 },
	{ "0o644", true, true, 0644 },
	{ "9223372036854775807", true, true, INT64_MAX },
	{ "-9223372036854775808", true, true, INT64_MIN },
	{ "9223372036854775808", true, false, 0 },
	{ "07777777777777777777777777", true, false, 0 },
	{ "", false, false, 0 },
	{ "-", false, false, 0 },
	{ "--1", false, false, 0 },
	{ "+1", false, false, 0 },
	{ "0888", false, false, 0 },
	{ "0o", false, false, 0 },
	{ "0x10", false, false, 0 },
	{ "1.0", false, false, 0 },
	{ "1_000", false, false, 0 },
	{ "1 ", false, false, 0 },
};

static void
test_ints(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ints); i++) {
		struct yaml_node n = scalar(ints[i].text);
		int64_t value = 0;

		assert_int_equal(scalar_is_int(&n), ints[i].looks);
		assert_int_equal(scalar_int(&n, &value), ints[i].fits);
		assert_true(value == ints[i].i);
	}
}

static const struct {
	const char *text;
	bool ok;
	uint64_t s;
} durations[] = {
	{ "90s", true, 90 },
	{ "5m", true, 300 },
	{ "6h", true, 21600 },
	{ "1d", true, 86400 },
	{ "0s", true, 0 },
	{ "213503982334601d", true, 18446744073709526400U },
	{ "213503982334602d", false, 0 },
	{ "99999999999999999999s", false, 0 },
	{ "1", false, 0 },
	{ "s", false, 0 },
	{ "-1s", false, 0 },
	{ "1h30m", false, 0 },
	{ "1 h", false, 0 },
	{ " 1h", false, 0 },
	{ "1H", false, 0 },
	{ "1w", false, 0 },
	{ "", false, 0 },
};

static void
test_durations(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		struct yaml_node n = scalar(durations[i].text);
		uint64_t s = 0;

		assert_int_equal(scalar_duration(&n, &s), durations[i].ok);
		if (durations[i].ok)
			assert_true(s == durations[i].s);
	}
}

static void
test_sizes(void **state)
{
	static const char *const bad[] = { "1", "1K", "1MB", "1 MiB", "1.5GiB", "MiB", "1mib",
		"17179869184GiB" };
	struct yaml_node n;
	uint64_t bytes;

	n = scalar("100B");
	assert_true(scalar_size(&n, &bytes) && bytes == 100);
	n = scalar("4KiB");
	assert_true(scalar_size(&n, &bytes) && bytes == 4096);
	n = scalar("512MiB");
	assert_true(scalar_size(&n, &bytes) && bytes == UINT64_C(512) << 20);
	n = scalar("17179869183GiB");
	assert_true(scalar_size(&n, &bytes) && bytes == UINT64_C(17179869183) << 30);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		n = scalar(bad[i]);
		assert_false(scalar_size(&n, &bytes));
	}
}

static void
test_bools(void **state)
{
	static const char *const bad[] = { "yes", "True", "on", "1", "" };
	struct yaml_node n = scalar("true");
	bool b = false;

	assert_true(scalar_bool(&n, &b) && b);
	n = scalar("false");
	assert_true(scalar_bool(&n, &b) && !b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		n = scalar(bad[i]);
		assert_false(scalar_bool(&n, &b));
	}
}

/* In quotes it is text; a list is neither. */
static void
test_only_plain_scalars(void **state)
{
	struct yaml_node n = scalar("1");
	int64_t i;
	bool b;

	n.style = YAML_DOUBLE_QUOTED;
	assert_false(scalar_int(&n, &i));
	n.text = "true";
	assert_false(scalar_bool(&n, &b));
	n = (struct yaml_node){ .kind = YAML_LIST };
	assert_false(scalar_int(&n, &i));
	assert_false(scalar_bool(&n, &b));
	assert_false(scalar_duration(&n, (uint64_t *)&i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ints),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_only_plain_scalars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
