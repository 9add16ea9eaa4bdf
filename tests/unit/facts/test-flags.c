/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/flags.h"
#include "util/macros.h"
#include <stdio.h>
#include <string.h>

enum {
	TEXT_MAX = 512,
};

/* Words are ended by a bar here, by a zero in /proc. */
static const struct {
	const char *words, *flags;
} cases[] = {
	{ "", "" },
	{ "dockerd|", "" },
	{ "dockerd|--icc|", "icc=true;" },
	{ "dockerd|--icc=false|", "icc=false;" },
	{ "dockerd|--icc|false|", "icc=true;" },
	{ "dockerd|--icc=|", "icc=;" },
	{ "dockerd|--log-level|debug|-D|", "log-level=debug;debug=true;" },
	{ "dockerd|-l|debug|", "log-level=debug;" },
	{ "dockerd|-ldebug|", "log-level=debug;" },
	{ "dockerd|-l=debug|", "log-level=debug;" },
	{ "dockerd|-Dl|debug|", "debug=true;log-level=debug;" },
	{ "dockerd|-DHtcp://x|", "debug=true;host=tcp://x;" },
	{ "dockerd|-D=false|", "debug=false;" },
	{ "dockerd|-H|fd://|-H|tcp://0.0.0.0:2375|", "host=fd://;host=tcp://0.0.0.0:2375;" },
	{ "dockerd|-G|wheel|-p|/run/x.pid|", "group=wheel;pidfile=/run/x.pid;" },
	/* A value may look like a flag. */
	{ "dockerd|--log-level|--icc|", "log-level=--icc;" },
	{ "dockerd|--storage-opt|dm.basesize=20G|", "storage-opt=dm.basesize=20G;" },
	/* A flag that we don't know. */
	{ "dockerd|--new-text|x|--new-bool|--icc=0|", "new-text=x;new-bool=true;icc=0;" },
	{ "dockerd|-z|x|-q|", "z=x;q=true;" },
	{ "dockerd|daemon|--icc|", "icc=true;" },
	{ "dockerd|--|--icc|", "" },
	{ "dockerd|-|--icc|", "icc=true;" },
	{ "dockerd||--icc|", "icc=true;" },
	{ "dockerd|--icc=a=b|", "icc=a=b;" },
	{ "dockerd|--=x|", "=x;" },
	/* The kernel cut it short. */
	{ "dockerd|--log-level|deb", "log-level=deb;" },
	{ "dockerd|--log-level", "log-level=true;" },
	{ "dockerd|-H", "host=true;" },
};

static size_t
with_zeros(const char *words, char *ret)
{
	size_t len = strlen(words);

	for (size_t i = 0; i < len; i++)
		ret[i] = words[i] == '|' ? '\0' : words[i];
	return len;
}

static void
command_lines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char cmdline[TEXT_MAX], seen[TEXT_MAX] = "";
		size_t len = with_zeros(cases[i].words, cmdline), n = 0;
		struct flag_reader r = flag_reader(cmdline, len);
		struct flag f;

		while (flag_next(&r, &f))
			n += (size_t)snprintf(seen + n, sizeof(seen) - n, "%.*s=%.*s;",
			    (int)f.name_len, f.name, (int)f.value_len, f.value);
		assert_string_equal(seen, cases[i].flags);
		assert_false(flag_next(&r, &f));
	}
}

static void
the_last_one_wins(void **state)
{
	char cmdline[TEXT_MAX];
	size_t len = with_zeros("dockerd|--icc=false|--icc|-l|warn|", cmdline);
	struct flag f = { .name = "untouched" };

	assert_true(flag_find(cmdline, len, "icc", &f));
	assert_int_equal(f.value_len, 4);
	assert_memory_equal(f.value, "true", 4);
	assert_true(flag_find(cmdline, len, "log-level", &f));
	f.name = "untouched";
	assert_false(flag_find(cmdline, len, "log", &f));
	assert_string_equal(f.name, "untouched");
}

static void
bools_as_go_takes_them(void **state)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
	static const char *const neither[] = { "", "tRUE", "yes", "on", "2", "truee", "tru" };
	bool on;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		struct flag f = { .value = yes[i], .value_len = strlen(yes[i]) };

		assert_true(flag_bool(&f, &on) && on);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		struct flag f = { .value = no[i], .value_len = strlen(no[i]) };

		assert_true(flag_bool(&f, &on) && !on);
	}
	for (size_t i = 0; i < ARRAY_SIZE(neither); i++) {
		struct flag f = { .value = neither[i], .value_len = strlen(neither[i]) };

		assert_false(flag_bool(&f, &on));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines),
		cmocka_unit_test(the_last_one_wins),
		cmocka_unit_test(bools_as_go_takes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
