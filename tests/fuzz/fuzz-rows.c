/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of drift as the journal, syslog and the terminal say them. A row is ours, but the names and
 * texts in it are whatever somebody outside chose. */
#include "fuzz.h"

#include "report/fields.h"
#include "report/line.h"
#include <json-c/json.h>
#include <string.h>

enum { NAME_MAX_LEN = 64 };

/* "NAME=text", as journald takes it. */
static void
field_must_hold(const char *field)
{
	const char *equals = strchr(field, '=');
	size_t n = equals == NULL ? 0 : (size_t)(equals - field);

	must(n > 0 && n < NAME_MAX_LEN);
	must(strspn(field, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == n);
	must(strlen(equals + 1) <= FIELDS_EVIDENCE_MAX);
}

static void
fields_must_hold(struct json_object *row)
{
	_cleanup_(fields_freep) struct fields *f = NULL;
	_cleanup_(freep) char *cee = NULL;
	struct json_object *json;

	must(fields_new(&f, row) == 0);
	must(f->n <= FIELDS_MAX && f->priority >= 0 && f->priority <= 7);
	for (unsigned i = 0; i < f->n; i++)
		field_must_hold(f->texts[i]);
	cee = fields_cee(f);
	must(cee != NULL && strncmp(cee, "@cee: ", 6) == 0 && strchr(cee, '\n') == NULL);
	json = json_tokener_parse(cee + 6);
	must(json_object_is_type(json, json_type_object));
	json_object_put(json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *row = fuzz_json((const char *)data, size);
	_cleanup_(freep) char *line = NULL;
	int priority;

	if (json_object_is_type(row, json_type_object)) {
		line = line_of_drift(row);
		must(line != NULL);
		priority = line_priority(row);
		must(priority >= 0 && priority <= 7);
		fields_must_hold(row);
	}
	json_object_put(row);
	return 0;
}
