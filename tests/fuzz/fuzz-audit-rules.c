/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's audit rules as it sends them, and rule files. Parts: rules of the kernel, and the
 * text of the files last. */
#include "fuzz.h"

#include "facts/build.h"
#include <libaudit.h>
#include <string.h>

enum { RULES_MAX = 64 };

static const char *
canonical(void *context, const char *path, struct arena *a)
{
	return path[0] == 'L' ? arena_printf(a, "/linked/%s", path) : path;
}

/* As the collector lets it through: there are as many bytes behind it as it says. */
static struct audit_rule_data *
rule_of(const char *bytes, size_t len)
{
	struct audit_rule_data head = { 0 }, *rule;

	memcpy(&head, bytes, len < sizeof(head) ? len : sizeof(head));
	head.buflen = len < sizeof(head) ? 0 : (uint32_t)(len - sizeof(head));
	rule = malloc(sizeof(head) + head.buflen);
	must(rule != NULL);
	memcpy(rule, &head, sizeof(head));
	if (head.buflen > 0)
		memcpy(rule->buf, bytes + sizeof(head), head.buflen);
	return rule;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = { .at = (const char *)data, .left = size };
	struct audit_rule_data *rules[RULES_MAX];
	struct host_audit_input in = { .enabled = true, .canonical = canonical };
	struct snapshot *s = NULL;
	size_t len;
	int r;

	in.rules = (const struct audit_rule_data *const *)rules;
	in.persistent_why = "there is no text";
	while (in.persistent == NULL) {
		char *part = part_next(&parts, &len);

		if (part == NULL)
			break;
		if (parts.over || in.n_rules == RULES_MAX) {
			in.persistent = part;
			break;
		}
		rules[in.n_rules++] = rule_of(part, len);
		free(part);
	}
	r = build_host_audit(&s, &in);
	snapshot_must_hold(r, s);
	for (size_t i = 0; i < in.n_rules; i++)
		free(rules[i]);
	free((void *)(uintptr_t)in.persistent);
	return 0;
}
