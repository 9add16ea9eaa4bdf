/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rulebook/yaml_reader.h"

static struct arena *arena;

static int
set_up(void **state)
{
	arena = arena_new(YAML_READER_MEMORY_MAX);
	return arena == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	arena = arena_free(arena);
	return 0;
}

static const struct yaml_node *
read_good(const char *text)
{
	struct yaml_error error = {};
	struct yaml_node *root = NULL;
	int r = yaml_read(&root, arena, text, strlen(text), &error);

	if (r != 0)
		fail_msg("%u: %s", error.line, error.what);
	return root;
}

static const struct {
	const char *text;
	unsigned line;
	const char *what;
} bad[] = {
	{ "a: &x 1\n", 1, "anchors and tags are not taken" },
	{ "a: 1\nb: *x\n", 2, "aliases are not taken" },
	{ "a: !!str 1\n", 1, "anchors and tags are not taken" },
	{ "a: ! 1\n", 1, "anchors and tags are not taken" },
	{ "a: !x {b: 1}\n", 1, "anchors and tags are not taken" },
	{ "a: &x [b]\n", 1, "anchors and tags are not taken" },
	{ "&x a: 1\n", 1, "anchors and tags are not taken" },
	{ "a:\n  <<: {b: 1}\n", 2, "merge keys are not taken" },
	{ "a: 1\n---\nb: 1\n", 2, "a second document" },
	{ "%YAML 1.1\n---\na: 1\n", 1, "directives are not taken" },
	{ "%TAG ! tag:x,2000:\n---\na: 1\n", 1, "directives are not taken" },
	{ "a: 1\nb: 2\na: 3\n", 3, "key `a` is given twice" },
	{ "a:\n  - b: 1\n    \"b\": 2\n", 3, "key `b` is given twice" },
	{ "\"a\\nb\": 1\n\"a\\nb\": 2\n", 2, "key `...` is given twice" },
	{ "? [a]\n: 1\n", 1, "a key must be a text" },
	{ "a: \"x\\0y\"\n", 1, "a zero in a text" },
	{ "a: [1, 2\nb: 3\n", 2,
	    "not YAML: did not find expected ',' or ']' (while parsing a flow sequence that starts "
	    "in line 1)" },
	{ "a: b: c\n", 1, "not YAML: mapping values are not allowed in this context" },
	{ "a: 1\n b: 2\n", 2, "not YAML: mapping values are not allowed in this context" },
	{ "a:\n\t- b\n", 2,
	    "not YAML: found character that cannot start any token (while scanning for the next "
	    "token that starts in line 2)" },
	{ "a: 1\nb: \xff\n", 2, "not YAML: invalid leading UTF-8 octet" },
	{ "a: 1\n\nb: \x01\n", 3, "not YAML: control characters are not allowed" },
	{ "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", 1, "nested over 16 deep" },
};

static void
test_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct yaml_error error = {};
		struct yaml_node *root = NULL;
		int r = yaml_read(&root, arena, bad[i].text, strlen(bad[i].text), &error);

		assert_int_equal(r, YAML_READER_E_INVALID);
		assert_null(root);
		assert_string_equal(error.what, bad[i].what);
		assert_int_equal(error.line, bad[i].line);
	}
}

/* "HEAD" and then the same line over and over. */
static char *
repeated(const char *head, const char *format, unsigned n)
{
	size_t size = strlen(head) + n * (strlen(format) + 10) + 1;
	char *text = test_malloc(size);
	size_t len = (size_t)snprintf(text, size, "%s", head);

	for (unsigned i = 0; i < n; i++) {
		for (const char *f = format; *f != '\0'; f++)
			len += (size_t)(*f == '#' ? snprintf(text + len, size - len, "%u", i)
						  : snprintf(text + len, size - len, "%c", *f));
	}
	return text;
}

static void
test_bounds(void **state)
{
	struct yaml_error error = {};
	struct yaml_node *root = NULL;
	char *text;

	text = repeated("", "- 1\n", YAML_READER_NODES_MAX - 1);
	assert_int_equal(yaml_read(&root, arena, text, strlen(text), &error), 0);
	assert_int_equal(root->n, YAML_READER_NODES_MAX - 1);
	test_free(text);
	text = repeated("", "- 1\n", YAML_READER_NODES_MAX);
	arena_reset(arena);
	assert_int_equal(yaml_read(&root, arena, text, strlen(text), &error), 1);
	assert_string_equal(error.what, "over 65536 values");
	assert_int_equal(error.line, YAML_READER_NODES_MAX);
	test_free(text);
	text = repeated("", "k#: 1\n", YAML_READER_KEYS_MAX + 1);
	arena_reset(arena);
	assert_int_equal(yaml_read(&root, arena, text, strlen(text), &error), 1);
	assert_string_equal(error.what, "a map with over 1024 keys");
	test_free(text);
	text = repeated("a: ", "1234567", YAML_READER_SIZE_MAX / 7 + 1);
	assert_int_equal(yaml_read(&root, arena, text, strlen(text), &error), 1);
	assert_string_equal(error.what, "over 1 MiB");
	test_free(text);
}

static void
test_memory(void **state)
{
	_cleanup_(arena_freep) struct arena *small = arena_new(256);
	struct yaml_error error = {};
	struct yaml_node *root = NULL;

	assert_int_equal(yaml_read(&root, small, "[a, b, c, d]", 12, &error), -ENOMEM);
	assert_null(root);
}

static void
test_no_document(void **state)
{
	assert_null(read_good(""));
	assert_null(read_good("# nothing\n\n# here\n"));
}

static void
test_tree(void **state)
{
	const struct yaml_node *root = read_good("# c\n"
						 "name: x y\n"
						 "list:\n"
						 "- 1\n"
						 "- \"2\"\n"
						 "- {a: ~, b: null}\n"
						 "text: |\n"
						 "  one\n"
						 "  two\n"
						 "nothing:\n");
	const struct yaml_node *n;

	assert_int_equal(root->kind, YAML_MAP);
	assert_int_equal(root->n, 4);
	assert_int_equal(root->line, 2);
	n = node_get(root, "name");
	assert_string_equal(n->text, "x y");
	assert_int_equal(n->style, YAML_PLAIN);
	assert_int_equal(n->key_line, 2);
	n = node_get(root, "list");
	assert_int_equal(n->kind, YAML_LIST);
	assert_int_equal(n->n, 3);
	assert_string_equal(n->first->text, "1");
	assert_int_equal(n->first->next->style, YAML_DOUBLE_QUOTED);
	n = n->first->next->next;
	assert_int_equal(n->line, 6);
	assert_true(node_is_null(node_get(n, "a")));
	assert_true(node_is_null(node_get(n, "b")));
	n = node_get(root, "text");
	assert_string_equal(n->text, "one\ntwo\n");
	assert_int_equal(n->line, 7);
	assert_true(node_is_null(node_get(root, "nothing")));
	assert_false(node_is_null(node_get(root, "name")));
	assert_null(node_get(root, "nam"));
}

/* Each text has one scalar with an $ in it, or ends where the $ would be. */
static const struct {
	const char *text;
	unsigned line, column; /* 0: can't be told */
} positions[] = {
	{ "a: x $ y\n", 1, 6 }, { "a: $\n", 1, 4 }, { "\"\xc3\xa4\xc3\xb6\": $\n", 1, 9 },
	{ "a: x\n   y  $\n", 2, 7 }, { "a: \"x $\"\n", 1, 7 }, { "a: \"x \\t $\"\n", 0, 0 },
	{ "a: 'x $'\n", 1, 7 }, { "a: 'it''s $'\n", 1, 11 }, { "a: |\n  $\n", 2, 3 },
	{ "a: |  # note\n  one\n    two $\n", 3, 9 }, { "a: |-\n\n  one\n\n  two$\n", 5, 6 },
	{ "a: |2\n    one\n  $\n", 3, 3 }, { "a: >\n  one\n  two\n\n  three $\n", 5, 9 },
	{ "b: |\n  x\na: >-\n  one\n  $\n", 5, 3 }, { "b: {a: [x, y $]}\n", 1, 14 },
	{ "a: x\r   y $\n", 1, 11 }, /* a line to us, two to YAML */
};

static const struct yaml_node *
find_at(const struct yaml_node *n)
{
	const struct yaml_node *found = NULL;

	if (n->kind == YAML_SCALAR)
		return strchr(n->text, '$') != NULL ? n : NULL;
	for (const struct yaml_node *c = n->first; c != NULL && found == NULL; c = c->next)
		found = find_at(c);
	return found;
}

static void
test_positions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(positions); i++) {
		const struct yaml_node *n = find_at(read_good(positions[i].text));
		unsigned line = 0, column = 0;

		assert_non_null(n);
		assert_int_equal(node_position(n, strcspn(n->text, "$"), &line, &column),
		    positions[i].line != 0);
		assert_int_equal(line, positions[i].line);
		assert_int_equal(column, positions[i].column);
	}
}

static void
test_position_of_end(void **state)
{
	const struct yaml_node *n = read_good("- |\n  one\n  two\n");
	unsigned line, column;

	assert_true(node_position(n->first, n->first->len, &line, &column));
	assert_int_equal(line, 3);
	assert_int_equal(column, 6);
	assert_false(node_position(n->first, n->first->len + 1, &line, &column));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
		cmocka_unit_test(test_memory),
		cmocka_unit_test_setup_teardown(test_no_document, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_positions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_position_of_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
