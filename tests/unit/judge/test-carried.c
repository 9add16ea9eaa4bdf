/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"
#include "world.h"

static const struct rule_source rules[] = {
	{ .key = "caps",
	    .scope = SUBJECT_CONTAINER,
	    .kind = RULE_OFFENDERS,
	    .test = "container.cap_add",
	    .says = "{subject} adds capabilities",
	    .severity = SEVERITY_HIGH },
	{ .key = "privileged",
	    .scope = SUBJECT_CONTAINER,
	    .test = "!container.privileged",
	    .says = "{subject} runs privileged",
	    .severity = SEVERITY_CRITICAL },
	{ .key = "readonly",
	    .scope = SUBJECT_CONTAINER,
	    .test = "container.readonly_rootfs",
	    .says = "{subject} can write to its root file system",
	    .severity = SEVERITY_LOW },
	{ .key = "health",
	    .scope = SUBJECT_IMAGE,
	    .when = "image.in_use",
	    .test = "size(image.healthcheck) > 0",
	    .says = "{subject} has no health check",
	    .severity = SEVERITY_LOW },
};

#define IMAGE_FACTS(in_use) "{\"image.in_use\": " in_use ", \"image.healthcheck\": []}"

#define COMPOSE                                             \
	"\"container.labels\": {"                           \
	"\"com.docker.compose.project\": \"shop-secret\", " \
	"\"com.docker.compose.service\": \"web-secret\"}"

/* It fails `readonly` and nothing else. */
#define FACTS(name, more)                                                     \
	"{\"container.name\": \"" name "\", \"container.image\": \"nginx\", " \
	"\"container.cap_add\": [], \"container.privileged\": false, "        \
	"\"container.readonly_rootfs\": false, \"container.labels\": {}" more "}"

static int
setup(void **state)
{
	struct world *w = world_new(rules, ARRAY_SIZE(rules), true);

	world_set(w, SUBJECT_CONTAINER, "old", FACTS("web", ""));
	*state = w;
	return 0;
}

/* A container that comes while the judge runs. */
static void
come(struct world *w, const char *id, const char *facts)
{
	world_set(w, SUBJECT_CONTAINER, id, facts);
	world_event(w, SUBJECT_CONTAINER, id, TOPIC_ALL, "container create");
	world_settle(w);
}

static void
go(struct world *w, const char *id)
{
	world_remove(w, SUBJECT_CONTAINER, id);
	world_gone(w, id, 0);
	world_settle(w);
}

/* The rows since the last call: "carried readonly; regressed privileged pass fail; ". */
static void
expect(struct world *w, const char *want)
{
	struct json_object *rows = world_rows(w);
	char got[1024] = "";

	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		struct json_object *findings = json_at(row, "findings");
		size_t len = strlen(got), n = 0;

		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s", json_text(row, "type"));
		n = findings == NULL ? 0 : json_object_array_length(findings);
		for (size_t k = 0; k < n; k++)
			len += (size_t)snprintf(got + len, sizeof(got) - len, " %s",
			    json_text(json_object_array_get_idx(findings, k), "rule"));
		if (findings == NULL)
			len += (size_t)snprintf(got + len, sizeof(got) - len, " %s %s %s",
			    json_text(row, "rule"), json_text(row, "was"),
			    json_text(row, "verdict"));
		(void)snprintf(got + len, sizeof(got) - len, "; ");
	}
	assert_string_equal(got, want);
}

static void
test_same_name(void **state)
{
	struct world *w = *state;

	world_begin(w);
	go(w, "old");
	expect(w, "gone readonly; ");
	come(w, "new", FACTS("web", ""));
	expect(w, "carried readonly; ");
	assert_string_equal(json_text(w->rows, "0/subject/id"), "new");
	assert_string_equal(json_text(w->rows, "0/predecessor/id"), "old");
	assert_string_equal(json_text(w->rows, "0/predecessor/name"), "web");
	assert_string_equal(json_text(w->rows, "0/findings/0/because"),
	    "container web can write to its root file system");
}

static void
test_another_name_appears(void **state)
{
	struct world *w = *state;

	world_begin(w);
	go(w, "old");
	come(w, "new", FACTS("db", ""));
	expect(w, "gone readonly; appeared readonly; ");
}

/* One takes its place, not two. */
static void
test_one_successor(void **state)
{
	struct world *w = *state;

	world_begin(w);
	go(w, "old");
	come(w, "new", FACTS("web", ""));
	come(w, "newer", FACTS("web", ""));
	expect(w, "gone readonly; carried readonly; appeared readonly; ");
}

static void
test_differences_are_told(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_CONTAINER, "old", "{\"container.cap_add\": [\"NET_ADMIN\"]}");
	world_begin(w);
	go(w, "old");
	come(w, "new",
	    FACTS(
		"web", ", \"container.privileged\": true, \"container.cap_add\": [\"SYS_TIME\"]"));
	expect(w, "gone caps readonly; carried readonly; changed caps fail fail; "
		  "regressed privileged pass fail; ");
	assert_string_equal(json_text(w->rows, "2/added/0"), "SYS_TIME");
	assert_string_equal(json_text(w->rows, "2/removed/0"), "NET_ADMIN");
	assert_string_equal(json_text(w->rows, "3/predecessor/id"), "old");
	/* And they are what stands from now on. */
	go(w, "new");
	come(w, "newer", FACTS("web", ""));
	expect(w, "gone privileged caps readonly; carried readonly; restored caps fail pass; "
		  "restored privileged fail pass; ");
}

/* Nothing of it was there before: it is told as a whole, and what it mends is told too. */
static void
test_nothing_in_common(void **state)
{
	struct world *w = *state;

	world_begin(w);
	go(w, "old");
	come(w, "new",
	    FACTS("web", ", \"container.privileged\": true, \"container.readonly_rootfs\": true"));
	expect(w, "gone readonly; appeared privileged; restored readonly fail pass; ");
}

static void
test_mended(void **state)
{
	struct world *w = *state;

	world_begin(w);
	go(w, "old");
	come(w, "new", FACTS("web", ", \"container.readonly_rootfs\": true"));
	expect(w, "gone readonly; restored readonly fail pass; ");
}

/* Of one compose service, under another name; values of labels are kept nowhere. */
static void
test_same_service(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_CONTAINER, "old", "{" COMPOSE "}");
	world_begin(w);
	go(w, "old");
	come(w, "new", FACTS("shop_web_2", ", " COMPOSE));
	expect(w, "gone readonly; carried readonly; ");
	assert_null(strstr(json_object_to_json_string(w->rows), "secret"));
	world_stop(w);
	assert_int_not_equal(world_file_has(w, "readonly"), 0);
	assert_int_equal(world_file_has(w, "-secret"), 0);
}

/* Compose makes the new one before it removes the old one, whose id it puts before the name. */
static void
test_replaced_while_it_lives(void **state)
{
	struct world *w = *state;
	static const char id[] = "0123456789abcdef0123456789abcdef";

	world_set(w, SUBJECT_CONTAINER, id, FACTS("shop_web_1", ", " COMPOSE));
	world_begin(w);
	come(w, "new", FACTS("0123456789ab_shop_web_1", ", " COMPOSE));
	expect(w, "carried readonly; ");
	go(w, id);
	come(w, "newer", FACTS("shop_web_2", ", " COMPOSE));
	expect(w, "gone readonly; appeared readonly; ");
}

/* One more of a service is no successor of one that lives. */
static void
test_scaled_up(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_CONTAINER, "old", "{" COMPOSE "}");
	world_begin(w);
	come(w, "new", FACTS("shop_web_2", ", " COMPOSE));
	expect(w, "appeared readonly; ");
}

static void
test_over_a_restart(void **state)
{
	struct world *w = *state;

	world_begin(w);
	go(w, "old");
	world_stop(w);
	world_begin(w);
	come(w, "new", FACTS("web", ""));
	expect(w, "carried readonly; ");
	world_stop(w);
	world_begin(w);
	come(w, "newer", FACTS("web", ""));
	expect(w, "appeared readonly; ");
}

/* It went, and its successor came, while nobody watched. */
static void
test_while_nobody_watched(void **state)
{
	struct world *w = *state;

	world_begin(w);
	world_stop(w);
	world_remove(w, SUBJECT_CONTAINER, "old");
	world_set(w, SUBJECT_CONTAINER, "new", FACTS("web", ""));
	world_start(w);
	expect(w, "gone readonly; carried readonly; ");
}

static void
test_too_late(void **state)
{
	struct world *w = *state;

	w->rb->settings.carried_within_s = 0;
	world_begin(w);
	go(w, "old");
	come(w, "new", FACTS("web", ""));
	expect(w, "gone readonly; appeared readonly; ");
}

static void
look_at_image(struct world *w, const char *facts)
{
	world_set(w, SUBJECT_IMAGE, "nginx", facts);
	world_look(w);
}

static bool
has_rows(struct world *w)
{
	return ledger_last_seq(w->ledger) > w->read;
}

/* Its last container went away, and another one may be on its way: nothing is said of the image
 * meanwhile, in this life or the next. */
static void
test_image_waits_for_a_container(void **state)
{
	struct world *w = *state;

	world_set(w, SUBJECT_IMAGE, "nginx", IMAGE_FACTS("true"));
	world_begin(w);
	look_at_image(w, IMAGE_FACTS("false"));
	expect(w, "");
	world_stop(w);
	world_start(w);
	expect(w, "");
	look_at_image(w, IMAGE_FACTS("true"));
	expect(w, "");
}

static void
test_image_waits_in_vain(void **state)
{
	struct world *w = *state;

	w->rb->settings.carried_within_s = 1;
	world_set(w, SUBJECT_IMAGE, "nginx", IMAGE_FACTS("true"));
	world_begin(w);
	look_at_image(w, IMAGE_FACTS("false"));
	expect(w, "");
	world_until(w, has_rows);
	expect(w, "changed health fail not-applicable; ");
	assert_string_equal(json_text(w->rows, "0/cause/source"), "clock");
	assert_string_equal(
	    json_text(w->rows, "0/cause/detail"), "no container was made of it for 1 s");
	/* It was told once, and begins anew with the next container. */
	look_at_image(w, IMAGE_FACTS("false"));
	expect(w, "");
	look_at_image(w, IMAGE_FACTS("true"));
	expect(w, "regressed health not-applicable fail; ");
	look_at_image(w, IMAGE_FACTS("false"));
	expect(w, "");
}

static void
test_image_waits_for_nobody(void **state)
{
	struct world *w = *state;

	w->rb->settings.carried_within_s = 0;
	world_set(w, SUBJECT_IMAGE, "nginx", IMAGE_FACTS("true"));
	world_begin(w);
	look_at_image(w, IMAGE_FACTS("false"));
	expect(w, "changed health fail not-applicable; ");
}

int
main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_same_name),
		IN_A_WORLD(test_another_name_appears),
		IN_A_WORLD(test_one_successor),
		IN_A_WORLD(test_differences_are_told),
		IN_A_WORLD(test_nothing_in_common),
		IN_A_WORLD(test_mended),
		IN_A_WORLD(test_same_service),
		IN_A_WORLD(test_replaced_while_it_lives),
		IN_A_WORLD(test_scaled_up),
		IN_A_WORLD(test_over_a_restart),
		IN_A_WORLD(test_while_nobody_watched),
		IN_A_WORLD(test_too_late),
		IN_A_WORLD(test_image_waits_for_a_container),
		IN_A_WORLD(test_image_waits_in_vain),
		IN_A_WORLD(test_image_waits_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
