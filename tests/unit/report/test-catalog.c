/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal's catalog explains every kind of entry, and no other. */
#include "report/fields.h"
#include "util/file.h"

#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const types[] = { "regressed", "restored", "changed", "appeared", "carried",
	"gone" };
static const char *const notices[] = { "started", "stopping", "baseline", "heartbeat", "open",
	"gap-opened", "gap-closed", "reloaded", "exception-expired", "unseen", "dropped", "pruned",
	"folded", "truncated" };

static char *
read_catalog(void)
{
	char path[4096];
	char *text;

	assert_non_null(getenv("PLIMSOLL_SOURCE"));
	(void)snprintf(
	    path, sizeof(path), "%s/systemd/plimsoll.catalog", getenv("PLIMSOLL_SOURCE"));
	assert_int_equal(file_read(path, 1 << 20, &text, NULL), 0);
	return text;
}

static void
assert_explained(const char *catalog, const char *id)
{
	char head[64];

	assert_non_null(id);
	(void)snprintf(head, sizeof(head), "\n-- %s\nSubject: ", id);
	if (strstr(catalog, head) == NULL)
		fail_msg("the catalog does not explain %s", id);
}

/* Entries that show the fix are those that have it: journalctl shows the name of a field that isn't
 * there. */
static void
assert_fix(const char *catalog, const char *row, const char *id)
{
	const char *entry = strstr(catalog, id);
	const char *end = strstr(entry, "\n-- "), *shown = strstr(entry, "\n    @PLIMSOLL_FIX@\n");
	struct json_object *json = json_tokener_parse(row);
	struct fields *f;
	bool has = false;

	assert_int_equal(fields_new(&f, json), 0);
	for (unsigned i = 0; i < f->n; i++)
		has |= strncmp(f->texts[i], "PLIMSOLL_FIX=", strlen("PLIMSOLL_FIX=")) == 0;
	if (has != (shown != NULL && (end == NULL || shown < end)))
		fail_msg("%s: %s", row, has ? "the fix is not shown" : "there is no fix to show");
	(void)fields_free(f);
	(void)json_object_put(json);
}

static void
test_fix_is_shown_where_it_is(void **state)
{
	char *catalog = read_catalog(), row[128];

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		(void)snprintf(row, sizeof(row), "{\"type\":\"%s\"}", types[i]);
		assert_fix(catalog, row, fields_message_id(types[i], ""));
	}
	for (size_t i = 0; i < ARRAY_SIZE(notices); i++) {
		(void)snprintf(row, sizeof(row),
		    "{\"type\":\"notice\",\"notice\":{\"kind\":\"%s\"}}", notices[i]);
		assert_fix(catalog, row, fields_message_id("notice", notices[i]));
	}
	free(catalog);
}

static unsigned
count_entries(const char *catalog)
{
	unsigned n = 0;

	for (const char *p = catalog; (p = strstr(p, "\n-- ")) != NULL; p++)
		n++;
	return n;
}

static void
test_every_id_is_explained(void **state)
{
	char *catalog = read_catalog();

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_explained(catalog, fields_message_id(types[i], ""));
	for (size_t i = 0; i < ARRAY_SIZE(notices); i++)
		assert_explained(catalog, fields_message_id("notice", notices[i]));
	assert_int_equal(count_entries(catalog), ARRAY_SIZE(types) + ARRAY_SIZE(notices));
	free(catalog);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_id_is_explained),
		cmocka_unit_test(test_fix_is_shown_where_it_is) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
