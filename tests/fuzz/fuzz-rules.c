/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of rules. Rules that load are judged by their own examples, whatever these claim. */
#include "fuzz.h"

#include "judge/judgement.h"
#include "rules_folder.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rulebook_freep) struct rulebook *rb =
	    rules_folder_load("rules/rules.yaml", data, size);

	for (unsigned i = 0; rb != NULL && i < rb->n_rules; i++) {
		const struct rule *rule = rb->rules[i];

		must(rulebook_find(rb, rule->key, NULL) == rule);
		for (unsigned k = 0; k < rule->n_examples; k++) {
			_cleanup_(freep) char *why = NULL;

			must(judgement_try_example(rule, rb, &rule->examples[k], &why) >= 0);
		}
	}
	return 0;
}
