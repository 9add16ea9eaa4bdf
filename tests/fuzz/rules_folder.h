/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of rules, benchmarks, settings and exceptions that the loader reads as it is, in which
 * one file is the input. That one is a link to a file in memory. */
#ifndef TESTS_FUZZ_RULES_FOLDER_H
#define TESTS_FUZZ_RULES_FOLDER_H

#include "rulebook/rulebook.h"
#include <stddef.h>
#include <stdint.h>

/* "rules/rules.yaml", "rules/benchmarks/benchmark.yaml", "plimsoll.yaml",
 * "exceptions.d/exceptions.yaml": the same at each call. The rulebook, or NULL where the loader
 * refuses it, which it must say in words. */
struct rulebook *rules_folder_load(const char *input, const uint8_t *data, size_t size);

#endif
