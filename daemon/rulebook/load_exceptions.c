/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of exceptions: a list of maps. Whether an entry has ended by now doesn't matter here: a
 * daemon must start on the day after. */
#include "rulebook/loading.h"
#include "rulebook/mapper.h"
#include "util/clock.h"

#include <errno.h>
#include <string.h>

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

struct pattern_text {
	const char *of[_EXCEPTION_MATCHES];
};

static const struct key pattern_keys[] = {
	{ "name", take_text, offsetof(struct pattern_text, of[EXCEPTION_NAME]) },
	{ "image", take_text, offsetof(struct pattern_text, of[EXCEPTION_IMAGE]) },
	{ "label", take_text, offsetof(struct pattern_text, of[EXCEPTION_LABEL]) },
	{ "path", take_text, offsetof(struct pattern_text, of[EXCEPTION_PATH]) },
};

static const struct keys pattern_map = KEYS("`subject`", pattern_keys);

static int
take_subject(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	struct exception *e = target;
	struct pattern_text t = {};
	int r;

	r = map_take(l, n, &pattern_map, &t);
	if (r < 0 || n->kind != YAML_MAP)
		return r;
	if (n->n != 1)
		loading_complain(
		    l, n->line, "`subject` has one of `name`, `image`, `label` and `path`");
	for (int match = 0; match < _EXCEPTION_MATCHES; match++) {
		if (t.of[match] == NULL)
			continue;
		e->match = (enum exception_match)match;
		e->pattern = t.of[match];
	}
	return 0;
}

/* Through the day that is named. */
static int
take_expires(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	struct exception *e = target;
	bool is_day;
	int r;

	r = text_of_node(l, n, "`expires`", &e->expires);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!clock_parse(e->expires, &e->expires_ms, &is_day))
		loading_complain(l, n->line,
		    "`expires` must be a day such as 2027-03-31, or a time such as "
		    "2027-03-31T18:00:00Z");
	else if (is_day)
		e->expires_ms += DAY_MS;
	return 0;
}

static bool
is_hash(const char *text)
{
	return strlen(text) == SHA256_HEX && text[strspn(text, "0123456789abcdef")] == '\0';
}

static int
take_evidence(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	static const char scheme[] = "sha256:";
	struct exception *e = target;
	const char *text;
	int r;

	r = text_of_node(l, n, "`evidence`", &text);
	if (r != 0)
		return r < 0 ? r : 0;
	if (strncmp(text, scheme, strlen(scheme)) == 0 && is_hash(text + strlen(scheme)))
		e->evidence = text + strlen(scheme);
	else if (strcmp(text, "any") != 0)
		loading_complain(
		    l, n->line, "`evidence` must be any, or sha256: and 64 digits of 0-9 and a-f");
	return 0;
}

static int
take_state(struct loading *l, const struct yaml_node *n, const struct key *key, void *target)
{
	static const char *const choices[] = { "waived", "attested", NULL };
	const struct key choice = { key->name, take_choice, .more = choices };

	return take_choice(l, n, &choice, target);
}

struct exception_text {
	const char *rule;
	int state;
	struct exception e;
};

static const struct key exception_keys[] = {
	{ "rule", take_text, offsetof(struct exception_text, rule), true },
	{ "subject", take_subject, offsetof(struct exception_text, e) },
	{ "state", take_state, offsetof(struct exception_text, state), true },
	{ "owner", take_text, offsetof(struct exception_text, e.owner), true },
	{ "reason", take_text, offsetof(struct exception_text, e.reason), true },
	{ "expires", take_expires, offsetof(struct exception_text, e) },
	{ "ticket", take_text, offsetof(struct exception_text, e.ticket) },
	{ "evidence", take_evidence, offsetof(struct exception_text, e) },
};

static const struct keys exception_map = KEYS("an exception", exception_keys);

/* Whatever isn't bound to what was looked at has to end by itself. */
static void
check_terms(struct loading *l, const struct yaml_node *n, const struct exception *e)
{
	if (e->state == EXCEPTION_WAIVED && node_get(n, "evidence") != NULL)
		loading_complain(l, n->line, "`evidence` goes with `state: attested`");
	else if (e->evidence == NULL && node_get(n, "expires") == NULL)
		loading_complain(l, n->line, "%s needs `expires`",
		    e->state == EXCEPTION_WAIVED ? "an exception"
						 : "an attestation of any evidence");
}

static int
load_exception(struct loading *l, const struct yaml_node *n)
{
	struct exception_text t = { .state = -1, .e.expires_ms = INT64_MAX };
	struct pending_exception *p;
	int r;

	r = map_take(l, n, &exception_map, &t);
	if (r < 0 || t.rule == NULL || t.state < 0)
		return r;
	t.e.state = (enum exception_state)t.state;
	t.e.source = l->file;
	t.e.line = n->line;
	check_terms(l, n, &t.e);
	if (l->rb->n_exceptions == LOADING_EXCEPTIONS_MAX) {
		loading_complain(l, n->line, "over %d exceptions", LOADING_EXCEPTIONS_MAX);
		return LOADING_E_REFUSED;
	}
	p = arena_alloc(l->rb->arena, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	*p = (struct pending_exception){ .exception = t.e, .rule = t.rule };
	*l->exceptions_tail = p;
	l->exceptions_tail = &p->next;
	l->rb->n_exceptions++;
	return 0;
}

int
load_exceptions(struct loading *l, const struct yaml_node *root)
{
	int r;

	r = node_expect(l, root, YAML_LIST, "a file of exceptions");
	if (r != 0)
		return r;
	for (const struct yaml_node *n = root->first; n != NULL; n = n->next) {
		r = load_exception(l, n);
		if (r != 0)
			return r;
	}
	return 0;
}

static void _printf_(3, 4)
    complain_of(struct loading *l, const struct exception *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complainv(&l->complaints, e->source, e->line, 0, format, args);
	va_end(args);
}

static void
complain_rule(struct loading *l, const struct exception *e, const char *name)
{
	const char *near = rulebook_nearest(l->rb, name);

	complain_of(l, e, near != NULL ? "no rule `%s`; did you mean `%s`?" : "no rule `%s`",
	    loading_shown(l, name), near);
}

/* What subjects of each kind can be told apart by. */
static const struct {
	uint32_t matches; /* bit set of enum exception_match */
	const char *wrong;
} patterns[_SUBJECT_KINDS] = {
	[SUBJECT_HOST] = { 0, "a rule of the host has one subject, so no `subject` to choose" },
	[SUBJECT_ENGINE] = { 0, "a rule of the engine has one subject, so no `subject` to choose" },
	[SUBJECT_SWARM] = { 0, "a rule of the swarm has one subject, so no `subject` to choose" },
	[SUBJECT_FILE] = { 1U << EXCEPTION_PATH, "files are told apart by `path`" },
	[SUBJECT_IMAGE] = { 1U << EXCEPTION_NAME | 1U << EXCEPTION_IMAGE,
	    "images are told apart by `name` or `image`, which is the same" },
	[SUBJECT_CONTAINER] = { 1U << EXCEPTION_NAME | 1U << EXCEPTION_IMAGE |
				    1U << EXCEPTION_LABEL,
	    "containers are told apart by `name`, `image` or `label`" },
};

/* Does the entry say something that this rule can use? Else it would cover nothing, silently. */
static bool
is_of_use(struct loading *l, const struct exception *e)
{
	bool review = e->rule->kind == RULE_REVIEW;

	if (review != (e->state == EXCEPTION_ATTESTED)) {
		complain_of(l, e, "rule `%s` is %s", e->rule->key,
		    review ? "a review: it is attested, not waived"
			   : "no review: it is waived, not attested");
		return false;
	}
	if (e->match != EXCEPTION_ALL && (patterns[e->rule->scope].matches >> e->match & 1) == 0) {
		complain_of(l, e, "%s", patterns[e->rule->scope].wrong);
		return false;
	}
	return true;
}

static int
compare_exceptions(const void *a, const void *b)
{
	const struct exception *left = a, *right = b;
	int order;

	if (left->rule != right->rule)
		return left->rule->index < right->rule->index ? -1 : 1;
	order = strcmp(left->source, right->source);
	return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

int
resolve_exceptions(struct loading *l)
{
	struct rulebook *rb = l->rb;
	struct exception *e;

	rb->exceptions = arena_alloc(rb->arena, rb->n_exceptions * sizeof(*rb->exceptions));
	if (rb->exceptions == NULL)
		return -ENOMEM;
	rb->n_exceptions = 0;
	for (struct pending_exception *p = l->exceptions; p != NULL; p = p->next) {
		e = &p->exception;
		e->rule = rulebook_find(rb, p->rule, NULL);
		if (e->rule != NULL) {
			if (is_of_use(l, e))
				rb->exceptions[rb->n_exceptions++] = *e;
		} else if (!l->rules_missing) {
			complain_rule(l, e, p->rule);
		}
	}
	if (rb->n_exceptions > 0)
		qsort(rb->exceptions, rb->n_exceptions, sizeof(*e), compare_exceptions);
	return 0;
}
