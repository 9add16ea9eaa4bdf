/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of rules: a list of maps. The keys of a map come in any order, so expressions wait as
 * nodes until the scope is known. */
#include "rulebook/load_rules.h"

#include "rulebook/compile.h"
#include "rulebook/mapper.h"
#include "util/nearest.h"
#include <errno.h>
#include <string.h>

enum {
	KEY_MAX = 64, /* bytes of a rule's key */
	REVIEWS_MAX = 16,
	FILES_MAX = 64,
};

struct rule_text {
	const char *key, *title, *otherwise, *says, *why, *audit, *fix;
	int severity, scope; /* -1: not given, or wrong */
	const struct yaml_node *when, *pass, *offenders, *review, *files, *examples;
};

static const char *const severity_choices[] = { "critical", "high", "medium", "low", NULL };
static const char *const scope_choices[] = { "host", "engine", "file", "image", "container",
	"swarm", NULL };

static const struct key rule_keys[] = {
	{ "key", take_text, offsetof(struct rule_text, key), true },
	{ "title", take_text, offsetof(struct rule_text, title), true },
	{ "severity", take_choice, offsetof(struct rule_text, severity), true, severity_choices },
	{ "scope", take_choice, offsetof(struct rule_text, scope), true, scope_choices },
	{ "when", take_node, offsetof(struct rule_text, when) },
	{ "otherwise", take_text, offsetof(struct rule_text, otherwise) },
	{ "pass", take_node, offsetof(struct rule_text, pass) },
	{ "offenders", take_node, offsetof(struct rule_text, offenders) },
	{ "review", take_node, offsetof(struct rule_text, review) },
	{ "files", take_node, offsetof(struct rule_text, files) },
	{ "says", take_text, offsetof(struct rule_text, says) },
	{ "why", take_text, offsetof(struct rule_text, why), true },
	{ "audit", take_text, offsetof(struct rule_text, audit), true },
	{ "fix", take_text, offsetof(struct rule_text, fix), true },
	{ "examples", take_node, offsetof(struct rule_text, examples) },
};

static const struct keys rule_map = KEYS("a rule", rule_keys);

bool
key_is_spelled(struct loading *l, unsigned line, const char *name, const char *text)
{
	if (text[0] >= 'a' && text[0] <= 'z' && strlen(text) <= KEY_MAX &&
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0')
		return true;
	loading_complain(l, line,
	    "`%s` must be of a-z, 0-9 and -, start with a letter, and have at most 64: %s", name,
	    loading_shown(l, text));
	return false;
}

/* Does the key name one rule, this one? A benchmark's numbers start with a digit, keys don't. */
static bool
key_is_good(struct loading *l, const struct yaml_node *n, const char *key)
{
	const struct rule *twin;

	if (!key_is_spelled(l, n->line, "key", key))
		return false;
	for (unsigned i = 0; i < l->rb->n_rules; i++) {
		twin = l->rb->rules[i];
		if (strcmp(twin->key, key) != 0)
			continue;
		loading_complain(
		    l, n->line, "rule `%s` is in %s:%u already", key, twin->source, twin->line);
		return false;
	}
	return true;
}

static bool
kinds_are_good(struct loading *l, const struct yaml_node *n, const struct rule_text *t)
{
	if ((t->pass != NULL) + (t->offenders != NULL) + (t->review != NULL) != 1) {
		loading_complain(l, n->line, "a rule has one of `pass`, `offenders` and `review`");
		return false;
	}
	if ((t->when != NULL) != (t->otherwise != NULL)) {
		loading_complain(l, n->line, "`when` and `otherwise` go together");
		return false;
	}
	if ((t->files != NULL) != (t->scope == SUBJECT_FILE)) {
		loading_complain(l, n->line, "`files` goes with `scope: file`");
		return false;
	}
	if (l->shipped && t->examples == NULL) {
		loading_complain(l, n->line, "a rule needs `examples`");
		return false;
	}
	return true;
}

static int
compile_reviews(struct loading *l, const struct yaml_node *list, struct rule *rule)
{
	int r;

	r = node_expect(l, list, YAML_LIST, "`review`");
	if (r != 0)
		return r;
	if (list->n == 0 || list->n > REVIEWS_MAX) {
		loading_complain(l, list->line, "`review` must be 1 to 16 expressions");
		return LOADING_E_REFUSED;
	}
	rule->reviews = arena_alloc(l->rb->arena, list->n * sizeof(*rule->reviews));
	if (rule->reviews == NULL)
		return -ENOMEM;
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
		r = compile(
		    l, n, rulebook_names(rule->scope), NULL, &rule->reviews[rule->n_reviews]);
		if (r < 0)
			return r;
		rule->n_reviews += r == 0;
	}
	return 0;
}

static int
compile_test(struct loading *l, const struct rule_text *t, struct rule *rule)
{
	const struct expr_names *names = rulebook_names(rule->scope);

	if (t->pass != NULL) {
		rule->kind = RULE_PASS;
		return compile(l, t->pass, names, &type_bool, &rule->test);
	}
	if (t->offenders != NULL) {
		rule->kind = RULE_OFFENDERS;
		return compile(l, t->offenders, names, &type_list_dyn, &rule->test);
	}
	rule->kind = RULE_REVIEW;
	return compile_reviews(l, t->review, rule);
}

struct file_text {
	const struct yaml_node *expr;
};

static const struct key file_keys[] = {
	{ "expr", take_node, offsetof(struct file_text, expr), true },
};

static const struct keys file_map = KEYS("an entry of `files`", file_keys);

/* Which files there are is asked of the host and the engine, before there is a file to ask. */
static int
compile_files_expr(struct loading *l, const struct yaml_node *map, struct rule_files *files)
{
	struct file_text t = {};
	const struct type *type;
	int r;

	r = map_take(l, map, &file_map, &t);
	if (r < 0 || t.expr == NULL)
		return r;
	r = compile(l, t.expr, rulebook_names(SUBJECT_ENGINE), NULL, &files->expr);
	if (r != 0)
		return r;
	type = expr_type(files->expr);
	if (!type_meets(type, &type_string) && !type_meets(type, &type_list_string))
		loading_complain(l, t.expr->line,
		    "an expression of `files` must be string or list(string), not %s", type->name);
	return 0;
}

static int
take_files_entry(struct loading *l, const struct yaml_node *n, struct rule_files *files)
{
	if (n->kind == YAML_MAP)
		return compile_files_expr(l, n, files);
	if (n->kind != YAML_SCALAR || n->text[0] != '/') {
		loading_complain(
		    l, n->line, "an entry of `files` must be an absolute path, or {expr: ...}");
		return 0;
	}
	files->pattern = arena_strdup(l->rb->arena, n->text);
	return files->pattern == NULL ? -ENOMEM : 0;
}

static int
take_files(struct loading *l, const struct yaml_node *list, struct rule *rule)
{
	int r;

	r = node_expect(l, list, YAML_LIST, "`files`");
	if (r != 0)
		return r;
	if (list->n == 0 || list->n > FILES_MAX) {
		loading_complain(l, list->line, "`files` must have 1 to 64 entries");
		return LOADING_E_REFUSED;
	}
	rule->files = arena_alloc(l->rb->arena, list->n * sizeof(*rule->files));
	if (rule->files == NULL)
		return -ENOMEM;
	for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
		r = take_files_entry(l, n, &rule->files[rule->n_files++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void
complain_placeholder(struct loading *l, const struct yaml_node *n, const struct rule *rule,
    const char *name, size_t len)
{
	const struct expr_names *names = rulebook_names(rule->scope);
	const char *near = names->nearest(names, name, len);
	const char *shown = arena_strndup(l->scratch, name, len);

	shown = shown == NULL ? "..." : loading_shown(l, shown);
	if (near != NULL)
		loading_complain(
		    l, n->line, "`says` has no {%s} to fill in; did you mean {%s}?", shown, near);
	else
		loading_complain(l, n->line, "`says` has no {%s} to fill in", shown);
}

/* What is said in words is read, too: the words must not grow old. */
static void
check_says(
    struct loading *l, const struct yaml_node *n, const struct rule *rule, struct reads *reads)
{
	const struct expr_names *names = rulebook_names(rule->scope);
	const struct type *type;
	const char *p = rule->says, *end;
	unsigned id;

	while ((p = strchr(p, '{')) != NULL) {
		p++;
		end = strchr(p, '}');
		if (end == NULL) {
			loading_complain(l, n->line, "`says` has a { without a }");
			return;
		}
		if (names->resolve(names, p, (size_t)(end - p), &id, &type))
			reads_add(reads, id);
		else if ((size_t)(end - p) != strlen("subject") || strncmp(p, "subject", 7) != 0)
			complain_placeholder(l, n, rule, p, (size_t)(end - p));
		p = end;
	}
}

static int
set_says(struct loading *l, const struct rule_text *t, struct rule *rule)
{
	rule->says = t->says;
	if (t->says == NULL)
		rule->says = arena_printf(l->rb->arena,
		    rule->kind == RULE_REVIEW ? "{subject} is to be reviewed: %s"
					      : "{subject} fails: %s",
		    t->title);
	return rule->says == NULL ? -ENOMEM : 0;
}

/* Compiles all there is, so that one look shows all complaints. */
static int
compile_rule(
    struct loading *l, const struct yaml_node *n, const struct rule_text *t, struct rule *rule)
{
	struct reads reads = {};
	int r = 0;

	if (t->when != NULL)
		r = compile(l, t->when, rulebook_names(rule->scope), &type_bool, &rule->when);
	if (r >= 0)
		r = compile_test(l, t, rule);
	if (r >= 0 && t->files != NULL)
		r = take_files(l, t->files, rule);
	if (r >= 0)
		r = set_says(l, t, rule);
	if (r < 0)
		return r;
	reads_add_expr(&reads, rule->when);
	reads_add_expr(&reads, rule->test);
	for (unsigned i = 0; i < rule->n_reviews; i++)
		reads_add_expr(&reads, rule->reviews[i]);
	check_says(l, n, rule, &reads);
	return reads_store(&reads, l->rb->arena, rule);
}

static struct rule *
rule_new(struct loading *l, const struct yaml_node *n, const struct rule_text *t)
{
	struct rule *rule = arena_alloc(l->rb->arena, sizeof(*rule));

	if (rule == NULL)
		return NULL;
	*rule = (struct rule){
		.key = t->key,
		.title = t->title,
		.severity = (enum severity)t->severity,
		.scope = (enum subject_kind)t->scope,
		.otherwise = t->otherwise,
		.why = t->why,
		.audit = t->audit,
		.fix = t->fix,
		.source = l->file,
		.line = n->line,
	};
	l->rb->rules[l->rb->n_rules++] = rule;
	return rule;
}

static int
load_rule(struct loading *l, const struct yaml_node *n)
{
	struct rule_text t = { .severity = -1, .scope = -1 };
	struct rule *rule;
	int r;

	r = map_take(l, n, &rule_map, &t);
	if (r < 0)
		return r;
	if (t.key == NULL || t.title == NULL || t.severity < 0 || t.scope < 0) {
		l->rules_missing = true;
		return 0;
	}
	if (!key_is_good(l, n, t.key))
		return 0;
	if (l->rb->n_rules == LOADING_RULES_MAX) {
		loading_complain(l, n->line, "over %d rules", LOADING_RULES_MAX);
		return 0;
	}
	rule = rule_new(l, n, &t);
	if (rule == NULL)
		return -ENOMEM;
	if (!kinds_are_good(l, n, &t))
		return 0;
	r = compile_rule(l, n, &t, rule);
	if (r < 0 || t.examples == NULL)
		return r;
	return load_examples(l, t.examples, rule);
}

int
load_rules(struct loading *l, const struct yaml_node *root)
{
	int r;

	r = node_expect(l, root, YAML_LIST, "a file of rules");
	if (r != 0)
		return r;
	for (const struct yaml_node *n = root->first; n != NULL; n = n->next) {
		r = load_rule(l, n);
		if (r < 0)
			return r;
	}
	return 0;
}
