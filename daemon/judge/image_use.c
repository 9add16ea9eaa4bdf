/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether an image is in use hangs on the containers that were made of it: when the first of them
 * comes or the last one goes, the image is looked at again. As long as another container may still
 * take the place of the last one, nothing is said of that: the image stays in use. */
#include "judge/inner.h"

#include "util/clock.h"
#include <stdio.h>
#include <string.h>

static const char *
image_of(const struct judge *j, const struct entry *container)
{
	const struct value *v = subject_fact(j, &container->s, FACT_CONTAINER_IMAGE_ID);

	return v->type == VALUE_STRING ? v->string : NULL;
}

static bool
is_used_by_others(const struct judge *j, const char *image, const struct entry *container)
{
	for (size_t i = 0; i < j->n_entries; i++) {
		const struct entry *e = j->entries[i];
		const char *of =
		    e->s.kind == SUBJECT_CONTAINER && e != container ? image_of(j, e) : NULL;

		if (of != NULL && strcmp(of, image) == 0)
			return true;
	}
	return false;
}

static int
mark_image(struct judge *j, struct entry *image, bool used, const struct cause *cause)
{
	const struct value *held = subject_fact(j, &image->s, FACT_IMAGE_IN_USE);
	bool asked = entry_slot(image, TOPIC_IMAGE_INSPECT)->asked;

	if (!asked && held->type == VALUE_BOOL && held->boolean == used)
		return 0;
	return mark(j, image, TOPIC_IMAGE_INSPECT, cause, false);
}

int
image_use_begins(struct judge *j, const struct entry *container, const struct cause *cause)
{
	const char *id = image_of(j, container);
	struct entry *image = id == NULL ? NULL : entry_find(j, SUBJECT_IMAGE, id);

	/* A look at everything looks at images itself. */
	if (image == NULL || cause == NULL || cause_rank(cause) == 0)
		return 0;
	return mark_image(j, image, true, cause);
}

int
image_use_ends(struct judge *j, const struct entry *container, const struct cause *cause)
{
	const char *id = image_of(j, container);
	int r = 0;

	/* Of which image it was is not known if it was never looked at. */
	for (size_t i = 0; r == 0 && i < j->n_entries; i++) {
		struct entry *e = j->entries[i];

		if (e->s.kind == SUBJECT_IMAGE && (id == NULL || strcmp(id, e->s.id) == 0) &&
		    !is_used_by_others(j, e->s.id, container))
			r = mark_image(j, e, false, cause);
	}
	return r;
}

/* Until when an image is in use that no container was made of as of now. The clock may have been
 * set back. */
static int64_t
used_until(const struct judge *j, const struct entry *image, int64_t now_ms)
{
	int64_t latest_ms = now_ms + (int64_t)j->rb->settings.carried_within_s * 1000;

	if (!image->used)
		return now_ms;
	if (image->used_until_ms != 0 && image->used_until_ms < latest_ms)
		return image->used_until_ms;
	return latest_ms;
}

static void
note_use(struct judge *j, struct entry *image, bool used, int64_t until_ms)
{
	if (image->used == used && image->used_until_ms == until_ms)
		return;
	image->used = used;
	image->used_until_ms = until_ms;
	/* Over a restart, too. One that is not known yet is kept when it is judged. */
	if (image->known)
		outbox_dirty(j, image);
}

void
image_use_read(struct judge *j, struct entry *image, struct snapshot *fresh)
{
	struct value *v = &fresh->values[FACT_IMAGE_IN_USE - fresh->first];
	int64_t now_ms = clock_realtime_ms(), until_ms;

	if (v->type != VALUE_BOOL)
		return;
	until_ms = v->boolean ? 0 : used_until(j, image, now_ms);
	if (!v->boolean && until_ms > now_ms) {
		*v = value_bool(true);
		clock_plan(j, until_ms - now_ms);
	}
	note_use(j, image, v->boolean, v->boolean ? until_ms : 0);
}

int
image_use_tick(struct judge *j, struct entry *image)
{
	struct cause cause = { .source = CAUSE_CLOCK, .woke_ns = clock_monotonic_ns() };
	int64_t left_ms = image->used_until_ms - clock_realtime_ms();

	if (image->used_until_ms == 0)
		return 0;
	if (left_ms > 0) {
		clock_plan(j, left_ms);
		return 0;
	}
	(void)snprintf(cause.detail, sizeof(cause.detail), "no container was made of it for %u s",
	    j->rb->settings.carried_within_s);
	return mark(j, image, TOPIC_IMAGE_INSPECT, &cause, true);
}
