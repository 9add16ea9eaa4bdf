/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "expr/type.h"
#include "expr/value.h"
#include "util/arena.h"
#include "util/json_text.h"

static struct arena *arena;

static int
set_up(void **state)
{
	arena = arena_new(4 * 1024 * 1024);
	return arena == NULL;
}

static int
tear_down(void **state)
{
	arena = arena_free(arena);
	return 0;
}

static struct value
read_json(const char *text)
{
	struct json_object *json = json_tokener_parse(text);
	struct value v;

	assert_int_equal(value_from_json(&v, json, arena), 0);
	json_object_put(json);
	return v;
}

static struct value
marked_cut(struct value v)
{
	v.cut = true;
	return v;
}

/* Written at once, it is the same. */
static void
assert_put_alike(const struct value *v)
{
	struct json_object *json = value_to_json(v);
	const char *want = json_object_to_json_string_ext(
	    json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	struct json_text t = { 0 };

	value_put_json(&t, v);
	assert_false(t.failed);
	assert_int_equal(t.len, strlen(want));
	assert_memory_equal(t.bytes, want, t.len);
	json_text_deinit(&t);
	json_object_put(json);
}

static void
test_json_round_trip(void **state)
{
	static const char *const texts[] = {
		"true",
		"-9223372036854775808",
		"9223372036854775807",
		"\"a\\u0000b\"",
		"[]",
		"{}",
		"[1,\"x\",null,[false]]",
		"{\"b\":1,\"a\":{\"c\":[]}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct value v = read_json(texts[i]);
		struct json_object *json = value_to_json(&v);

		assert_string_equal(
		    json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN), texts[i]);
		json_object_put(json);
		assert_put_alike(&v);
	}
}

static void
test_json_of_what_has_no_value(void **state)
{
	struct value v = value_unreadable("permission denied");
	struct json_object *json = value_to_json(&v);

	assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN),
	    "{\"unreadable\":\"permission denied\"}");
	json_object_put(json);
	assert_put_alike(&v);
	v = value_absent();
	assert_put_alike(&v);
	assert_null(value_to_json(&v));
}

static void
test_json_keys_become_text(void **state)
{
	const struct value_entry entries[] = {
		{ value_int(-7), value_bool(true) },
		{ value_bool(false), value_null() },
	};
	struct value v = value_map(entries, 2);
	struct json_object *json = value_to_json(&v);

	assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN),
	    "{\"-7\":true,\"false\":null}");
	json_object_put(json);
	assert_put_alike(&v);
}

static void
test_json_that_is_unreadable(void **state)
{
	static const struct {
		const char *text, *reason;
	} bad[] = {
		{ "0.5", "a fraction" },
		{ "1e300", "a fraction" },
		{ "18446744073709551615", "an integer over 64 bits" },
		{ "9223372036854775808", "an integer over 64 bits" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct value v = read_json(bad[i].text);

		assert_int_equal(v.type, VALUE_UNREADABLE);
		assert_string_equal(v.string, bad[i].reason);
	}
	assert_int_equal(read_json("1e3").integer, 1000);
}

static void
test_json_depth(void **state)
{
	struct json_object *json = json_object_new_array(), *outer;
	struct value v;

	for (int i = 0; i < 100; i++) {
		outer = json_object_new_array();
		json_object_array_add(outer, json);
		json = outer;
	}
	assert_int_equal(value_from_json(&v, json, arena), 0);
	json_object_put(json);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(v.type, VALUE_LIST);
		v = v.items[0];
	}
	assert_int_equal(v.items[0].type, VALUE_UNREADABLE);
}

static void
test_json_out_of_memory(void **state)
{
	_cleanup_(arena_freep) struct arena *small = arena_new(64);
	struct json_object *json = json_tokener_parse("{\"a\": [1, 2, 3, 4, 5, 6, 7]}");
	struct value v;

	assert_true(value_from_json(&v, json, small) < 0);
	json_object_put(json);
}

static void
assert_same(struct value a, struct value b)
{
	assert_true(value_same(&a, &b));
	assert_true(value_same(&b, &a));
	assert_true(value_hash(&a, 3, false) == value_hash(&b, 3, false));
	assert_true(value_hash(&a, 3, true) == value_hash(&b, 3, true));
}

static void
assert_differ(struct value a, struct value b)
{
	assert_false(value_same(&a, &b));
	assert_false(value_same(&b, &a));
	assert_true(value_hash(&a, 3, false) != value_hash(&b, 3, false));
}

static void
test_same(void **state)
{
	assert_same(read_json("[1, {\"a\": \"x\"}]"), read_json("[1, {\"a\": \"x\"}]"));
	assert_same(read_json("{\"a\": 1, \"b\": 2}"), read_json("{\"b\": 2, \"a\": 1}"));
	assert_same(value_absent(), value_absent());
	assert_same(value_unreadable("one"), value_unreadable("another reason"));
	assert_same(marked_cut(read_json("[1]")), marked_cut(read_json("[1]")));
}

static void
test_differ(void **state)
{
	assert_differ(value_absent(), value_null());
	assert_differ(value_absent(), value_unreadable(""));
	assert_differ(value_null(), value_bool(false));
	assert_differ(value_bool(true), value_int(1));
	assert_differ(value_int(0), value_int(-1));
	assert_differ(value_string(""), value_null());
	assert_differ(value_string("abcdefgh"), value_string("abcdefgi"));
	assert_differ(value_stringn("a", 1), value_stringn("a\0", 2));
	assert_differ(read_json("[1, 2]"), read_json("[2, 1]"));
	assert_differ(read_json("[[1], 2]"), read_json("[1, [2]]"));
	assert_differ(read_json("[]"), read_json("{}"));
	assert_differ(read_json("{\"a\": 1}"), read_json("{\"b\": 1}"));
	assert_differ(read_json("{\"a\": 1, \"b\": 2}"), read_json("{\"a\": 2, \"b\": 1}"));
	assert_differ(read_json("[1]"), marked_cut(read_json("[1]")));
}

static void
test_hash_as_set(void **state)
{
	struct value a = read_json("[[1, 2], \"x\"]"), b = read_json("[\"x\", [2, 1]]");
	struct value c = read_json("[\"x\", [2, 2]]");

	assert_true(value_hash(&a, 0, true) == value_hash(&b, 0, true));
	assert_true(value_hash(&a, 0, true) != value_hash(&c, 0, true));
	assert_true(value_hash(&a, 0, true) != value_hash(&a, 1, true));
}

/* The ledger keeps hashes: they may never change without a new version of its schema. */
static void
test_hash_is_stable(void **state)
{
	struct value v =
	    read_json("{\"name\": \"web\", \"caps\": [\"NET_ADMIN\", 12, null, true]}");

	assert_true(value_hash(&v, 0, false) == UINT64_C(0xc105b0dfa8e71f9e));
	assert_true(value_hash(&v, 0, true) == UINT64_C(0x7fbc4b52ca13a658));
}

static void
test_copy_shares_nothing(void **state)
{
	char text[] = "value", key[] = "key", reason[] = "gone";
	struct value items[] = { value_string(text), value_unreadable(reason) };
	struct value_entry entries[] = { { value_string(key), value_list(items, 2) } };
	struct value v = value_map(entries, 1), copy;

	assert_int_equal(value_copy(&copy, &v, arena), 0);
	assert_true(value_same(&v, &copy));
	memset(text, 'x', sizeof(text) - 1);
	memset(key, 'x', sizeof(key) - 1);
	memset(reason, 'x', sizeof(reason) - 1);
	items[0] = items[1] = value_null();
	entries[0].value = value_null();
	assert_non_null(value_get(&copy, "key"));
	assert_string_equal(value_get(&copy, "key")->items[0].string, "value");
	assert_string_equal(value_get(&copy, "key")->items[1].string, "gone");
}

static void
test_lookup(void **state)
{
	const struct value_entry entries[] = {
		{ value_int(1), value_string("int") },
		{ value_bool(true), value_string("bool") },
		{ value_string("1"), value_string("string") },
	};
	struct value map = value_map(entries, 3), one = value_int(1), list = read_json("[1]");

	assert_string_equal(value_lookup(&map, &one)->string, "int");
	assert_string_equal(value_get(&map, "1")->string, "string");
	assert_null(value_get(&map, "2"));
	assert_null(value_get(&list, "1"));
}

static const struct type_field fields[] = {
	{ "path", &type_string },
	{ "modes", &type_list_int },
	{ NULL },
};
static const struct type record = { TYPE_RECORD, "entry", .fields = fields };
static const struct type map_string = { TYPE_MAP, "map(string)", .elem = &type_string };

static void
test_type_holds(void **state)
{
	static const struct {
		const struct type *type;
		const char *text;
		bool holds;
	} cases[] = {
		{ &type_dyn, "[1, \"x\"]", true },
		{ &type_bool, "true", true },
		{ &type_bool, "1", false },
		{ &type_null, "null", true },
		{ &type_string, "null", false },
		{ &type_list_int, "[1, 2]", true },
		{ &type_list_int, "[1, \"2\"]", false },
		{ &type_list_int, "{}", false },
		{ &map_string, "{\"a\": \"b\"}", true },
		{ &map_string, "{\"a\": 1}", false },
		{ &record, "{\"path\": \"/\", \"modes\": [1]}", true },
		{ &record, "{\"path\": \"/\"}", true },
		{ &record, "{\"path\": 1}", false },
		{ &record, "{\"paht\": \"/\"}", false },
		{ &record, "[]", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct value v = read_json(cases[i].text);

		if (type_holds(cases[i].type, &v) != cases[i].holds)
			fail_msg("%s as %s", cases[i].text, cases[i].type->name);
	}
}

static void
test_type_meets(void **state)
{
	static const struct type_field few[] = { { "path", &type_string }, { NULL } };
	static const struct type shorter = { TYPE_RECORD, "short", .fields = few };

	assert_true(type_meets(&type_int, &type_dyn));
	assert_true(type_meets(&type_list_int, &type_list_dyn));
	assert_true(type_meets(&shorter, &map_string));
	assert_true(type_meets(&type_map_dyn, &record));
	assert_false(type_meets(&type_int, &type_null));
	assert_false(type_meets(&type_list_int, &type_list_string));
	assert_false(type_meets(&map_string, &record));
	assert_false(type_meets(&shorter, &record));
	assert_false(type_meets(&record, &shorter));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_round_trip),
		cmocka_unit_test(test_json_of_what_has_no_value),
		cmocka_unit_test(test_json_keys_become_text),
		cmocka_unit_test(test_json_that_is_unreadable),
		cmocka_unit_test(test_json_depth),
		cmocka_unit_test(test_json_out_of_memory),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_differ),
		cmocka_unit_test(test_hash_as_set),
		cmocka_unit_test(test_hash_is_stable),
		cmocka_unit_test(test_copy_shares_nothing),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_type_holds),
		cmocka_unit_test(test_type_meets),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
