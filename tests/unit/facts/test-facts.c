/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/read.h"
#include <string.h>

static void
facts_stand_in_the_order_of_topics(void **state)
{
	for (unsigned i = 1; i < _FACTS; i++)
		assert_true(fact_table[i - 1].topic <= fact_table[i].topic);
	for (unsigned t = 0, next = 0; t < _TOPICS; t++) {
		assert_int_equal(topic_first_fact(t), next);
		assert_true(topic_fact_count(t) > 0);
		next += topic_fact_count(t);
	}
}

static void
topics_of_a_kind_stand_together(void **state)
{
	for (unsigned t = 0; t < _TOPICS; t++) {
		const struct topic_range *kind = &kind_topics[topic_table[t].kind];

		assert_true(t >= kind->first && t < kind->first + kind->n);
	}
	for (unsigned k = 0; k < _SUBJECT_KINDS; k++)
		for (unsigned i = 0; i < kind_topics[k].n; i++)
			assert_int_equal(topic_table[kind_topics[k].first + i].kind, k);
}

static void
topics_fit_a_draft(void **state)
{
	struct draft *d = NULL;

	for (unsigned t = 0; t < _TOPICS; t++)
		assert_true(topic_fact_count(t) <= ARRAY_SIZE(d->values));
}

static void
facts_are_complete_and_named_after_their_subject(void **state)
{
	for (unsigned i = 0; i < _FACTS; i++) {
		const struct fact *f = &fact_table[i];
		const char *subject = subject_kind_name(topic_table[f->topic].kind);

		assert_non_null(f->type);
		assert_true(f->path[0] != '\0' && f->origin[0] != '\0' && f->doc[0] != '\0');
		assert_true(strlen(f->path) <= 63);
		assert_memory_equal(f->path, subject, strlen(subject));
		assert_int_equal(f->path[strlen(subject)], '.');
	}
}

static void
paths_are_found_and_are_distinct(void **state)
{
	for (unsigned i = 0; i < _FACTS; i++)
		assert_int_equal(fact_find(fact_table[i].path, strlen(fact_table[i].path)), i);
	assert_int_equal(fact_find("container.privilege", 19), -1);
	assert_int_equal(fact_find("container.privileged.x", 20), FACT_CONTAINER_PRIVILEGED);
	assert_int_equal(fact_find("", 0), -1);
}

static void
topics_have_names_and_kinds(void **state)
{
	for (unsigned t = 0; t < _TOPICS; t++) {
		const char *kind = subject_kind_name(topic_table[t].kind);

		assert_memory_equal(topic_table[t].name, kind, strlen(kind));
	}
	for (unsigned k = 0; k < _SUBJECT_KINDS; k++)
		assert_int_equal(subject_kind_from_name(subject_kind_name(k)), k);
	assert_int_equal(subject_kind_from_name("pod"), -1);
}

static void
records_document_their_fields(void **state)
{
	const struct type *records[] = { &type_mount, &type_port, &type_device, &type_ulimit,
		&type_security_opt, &type_audit_watch, &type_listener, &type_exec };

	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		unsigned n = 0;

		assert_int_equal(records[i]->kind, TYPE_RECORD);
		for (const struct type_field *f = records[i]->fields; f->name != NULL; f++, n++)
			assert_non_null(f->doc);
		assert_true(n <= READ_MEMBERS_MAX);
	}
	assert_ptr_equal(type_list_mount.elem, &type_mount);
	assert_ptr_equal(type_field_find(&type_port, "host")->type, &type_int);
	assert_ptr_equal(type_field_find(&type_mount, "rw")->type, &type_bool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_stand_in_the_order_of_topics),
		cmocka_unit_test(topics_of_a_kind_stand_together),
		cmocka_unit_test(topics_fit_a_draft),
		cmocka_unit_test(facts_are_complete_and_named_after_their_subject),
		cmocka_unit_test(paths_are_found_and_are_distinct),
		cmocka_unit_test(topics_have_names_and_kinds),
		cmocka_unit_test(records_document_their_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
