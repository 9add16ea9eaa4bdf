/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether an image is in use hangs on the containers that were made of it: when the first of them
 * comes or the last one goes, the image is looked at again. */
#include "judge/inner.h"

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
