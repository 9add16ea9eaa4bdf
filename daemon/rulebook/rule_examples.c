/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/load_rules.h"

#include "rulebook/mapper.h"
#include <errno.h>
#include <string.h>

enum { EXAMPLES_MAX = 64 }; /* of a rule */

struct example_text {
	int verdict;
	const struct yaml_node *facts, *absent, *unreadable;
};

static const char *const verdict_choices[] = { "pass", "fail", "review", "unknown",
	"not-applicable", NULL };

static const struct key example_keys[] = {
	{ "verdict", take_choice, offsetof(struct example_text, verdict), true, verdict_choices },
	{ "facts", take_node, offsetof(struct example_text, facts) },
	{ "absent", take_node, offsetof(struct example_text, absent) },
	{ "unreadable", take_node, offsetof(struct example_text, unreadable) },
};

static const struct keys example_map = KEYS("an example", example_keys);

static void
complain_path(struct loading *l, unsigned line, const char *path, const struct rule *rule)
{
	const struct expr_names *names = rulebook_names(rule->scope);
	const char *near = names->nearest(names, path, strlen(path));
	const char *why = names->elsewhere(names, path, strlen(path));
	const char *shown = loading_shown(l, path);

	if (why != NULL)
		loading_complain(l, line, "%s %s", shown, why);
	else if (near != NULL)
		loading_complain(l, line, "no such fact: %s; did you mean %s?", shown, near);
	else
		loading_complain(l, line, "no such fact: %s", shown);
}

static int
take_fact(struct loading *l, const struct yaml_node *n, const struct rule *rule,
    struct value_entry *entry)
{
	const struct expr_names *names = rulebook_names(rule->scope);
	const struct type *type;
	unsigned id;

	if (!names->resolve(names, n->key, strlen(n->key), &id, &type)) {
		complain_path(l, n->key_line, n->key, rule);
		return LOADING_E_REFUSED;
	}
	entry->key = value_string(rulebook_name_of(id));
	return value_of_node(l, n, type, rulebook_name_of(id), &entry->value);
}

static int
take_facts(
    struct loading *l, const struct yaml_node *map, const struct rule *rule, struct value *ret)
{
	struct value_entry *entries;
	unsigned i = 0;
	int r;

	r = node_expect(l, map, YAML_MAP, "`facts`");
	if (r != 0)
		return r;
	entries = arena_alloc(l->rb->arena, map->n * sizeof(*entries));
	if (entries == NULL)
		return -ENOMEM;
	for (const struct yaml_node *n = map->first; n != NULL; n = n->next) {
		r = take_fact(l, n, rule, &entries[i]);
		if (r < 0)
			return r;
		i += r == 0;
	}
	*ret = value_map(entries, i);
	return 0;
}

/* Is it the path of a fact that the rule may read, or the first part of one? */
static bool
names_facts(const struct rule *rule, const char *prefix)
{
	const struct expr_names *names = rulebook_names(rule->scope);
	size_t len = strlen(prefix);
	const struct type *type;
	const char *path;
	unsigned id;

	for (unsigned i = 0; i < _FACTS; i++) {
		path = fact_table[i].path;
		if (strncmp(path, prefix, len) == 0 && (path[len] == '\0' || path[len] == '.') &&
		    names->resolve(names, path, strlen(path), &id, &type))
			return true;
	}
	return false;
}

static int
take_paths(struct loading *l, const struct yaml_node *list, const char *what,
    const struct rule *rule, const char *const **ret)
{
	int r;

	r = texts_of_node(l, list, what, ret);
	if (r != 0)
		return r;
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next)
		if (!names_facts(rule, n->text))
			complain_path(l, n->line, n->text, rule);
	return 0;
}

static int
load_example(
    struct loading *l, const struct yaml_node *n, const struct rule *rule, struct rule_example *e)
{
	static const char *const none[] = { NULL };
	struct example_text t = { .verdict = -1 };
	int r;

	*e = (struct rule_example){ .facts = value_map(NULL, 0),
		.absent = none,
		.unreadable = none,
		.source = l->file,
		.line = n->line };
	r = map_take(l, n, &example_map, &t);
	if (r < 0 || t.verdict < 0)
		return r;
	e->verdict = (enum verdict)t.verdict;
	if (t.facts != NULL)
		r = take_facts(l, t.facts, rule, &e->facts);
	if (r >= 0 && t.absent != NULL)
		r = take_paths(l, t.absent, "`absent`", rule, &e->absent);
	if (r >= 0 && t.unreadable != NULL)
		r = take_paths(l, t.unreadable, "`unreadable`", rule, &e->unreadable);
	return r < 0 ? r : 0;
}

/* Every verdict that a rule can give is shown by an example, or who knows that it can. */
static void
check_coverage(struct loading *l, const struct yaml_node *list, const struct rule *rule)
{
	bool review = rule->kind == RULE_REVIEW, shown[_VERDICTS] = {};
	const bool needed[_VERDICTS] = {
		[VERDICT_PASS] = !review,
		[VERDICT_FAIL] = !review,
		[VERDICT_REVIEW] = review,
		[VERDICT_UNKNOWN] = true,
		[VERDICT_NOT_APPLICABLE] = rule->when != NULL,
	};

	for (unsigned i = 0; i < rule->n_examples; i++)
		shown[rule->examples[i].verdict] = true;
	for (unsigned v = 0; v < _VERDICTS; v++)
		if (needed[v] && !shown[v])
			loading_complain(l, list->line, "`examples` has none of verdict %s",
			    verdict_name((enum verdict)v));
}

int
load_examples(struct loading *l, const struct yaml_node *list, struct rule *rule)
{
	struct rule_example *examples;
	int r;

	r = node_expect(l, list, YAML_LIST, "`examples`");
	if (r != 0)
		return r < 0 ? r : 0;
	if (list->n > EXAMPLES_MAX) {
		loading_complain(l, list->line, "over %d examples", EXAMPLES_MAX);
		return 0;
	}
	examples = arena_alloc(l->rb->arena, list->n * sizeof(*examples));
	if (examples == NULL)
		return -ENOMEM;
	rule->examples = examples;
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
		r = load_example(l, n, rule, &examples[rule->n_examples++]);
		if (r < 0)
			return r;
	}
	if (l->shipped)
		check_coverage(l, list, rule);
	return 0;
}
