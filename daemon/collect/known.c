/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/known.h"

#include <stdint.h>
#include <string.h>

static uint32_t
bucket_of(const char *id)
{
	uint32_t h = 2166136261; /* FNV-1a */

	for (; *id != '\0'; id++)
		h = (h ^ (uint8_t)*id) * 16777619;
	return h % KNOWN_BUCKETS;
}

static void
drop(struct known *k, struct known_container **at)
{
	struct known_container *c = *at;

	*at = c->next;
	k->n--;
	free(c->id);
	free(c->user);
	free(c);
}

void
known_deinit(struct known *k)
{
	for (unsigned i = 0; i < KNOWN_BUCKETS; i++)
		while (k->buckets[i] != NULL)
			drop(k, &k->buckets[i]);
}

struct known_container *
known_find(const struct known *k, const char *id)
{
	struct known_container *c = k->buckets[bucket_of(id)];

	while (c != NULL && strcmp(c->id, id) != 0)
		c = c->next;
	return c;
}

struct known_container *
known_add(struct known *k, const char *id)
{
	struct known_container *c = known_find(k, id), **bucket = &k->buckets[bucket_of(id)];

	if (c != NULL || k->n >= KNOWN_MAX)
		return c;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->id = strdup(id);
	if (c->id == NULL) {
		free(c);
		return NULL;
	}
	c->next = *bucket;
	*bucket = c;
	k->n++;
	return c;
}

void
known_mark_listed(struct known *k, const char *id)
{
	struct known_container *c = known_find(k, id);

	if (c != NULL)
		c->listed = true;
}

void
known_forget_unlisted(struct known *k)
{
	struct known_container **at;

	for (unsigned i = 0; i < KNOWN_BUCKETS; i++)
		for (at = &k->buckets[i]; *at != NULL;) {
			if (!(*at)->listed) {
				drop(k, at);
				continue;
			}
			(*at)->listed = false;
			at = &(*at)->next;
		}
}

void
known_forget(struct known *k, const char *id)
{
	struct known_container **at = &k->buckets[bucket_of(id)];

	while (*at != NULL && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	if (*at != NULL)
		drop(k, at);
}
