/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/sha256.h"

/* The two well-known ones: of nothing, and of "abc". */
static void
test_known_digests(void **state)
{
	static const char *const parts[] = { "", "abc" };
	static const char *const digests[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	};
	char hex[SHA256_HEX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_(sha256_freep) struct sha256 *s = NULL;

		assert_int_equal(sha256_new(&s), 0);
		for (const char *p = parts[i]; *p != '\0'; p++)
			sha256_add(s, p, 1);
		sha256_finish(s, hex);
		assert_string_equal(hex, digests[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
