/* SPDX-License-Identifier: Apache-2.0
 *
 * A benchmark. */
#include "fuzz.h"

#include "rules_folder.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)rulebook_free(rules_folder_load("rules/benchmarks/benchmark.yaml", data, size));
	return 0;
}
