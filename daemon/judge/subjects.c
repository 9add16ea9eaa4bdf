/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/inner.h"

#include "util/clock.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct slot *
entry_slot(struct entry *e, enum topic topic)
{
	return &e->slots[topic - kind_topics[e->s.kind].first];
}

/* Where the entry is, or where it would be put in. */
static size_t
place_of(const struct judge *j, enum subject_kind kind, const char *id, bool *ret_found)
{
	size_t low = 0, high = j->n_entries, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = (int)j->entries[middle]->s.kind - (int)kind;
		if (order == 0)
			order = strcmp(j->entries[middle]->s.id, id);
		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

struct entry *
entry_find(const struct judge *j, enum subject_kind kind, const char *id)
{
	bool found;
	size_t at = place_of(j, kind, id == NULL ? "" : id, &found);

	return found ? j->entries[at] : NULL;
}

static struct entry *
entry_free(struct entry *e)
{
	if (e == NULL)
		return NULL;
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		(void)cause_release(e->slots[i].waiting);
		(void)cause_release(e->slots[i].working);
	}
	for (int topic = 0; topic < _TOPICS; topic++)
		snapshot_free(e->s.snapshots[topic]);
	free(e->s.id);
	free(e->s.name);
	free(e->s.image);
	free(e->s.findings);
	free(e);
	return NULL;
}
DEFINE_CLEANUP(struct entry, entry_free)

/* The findings of all rules of the scope; a file's are given to it by files.c. */
static int
add_findings(const struct judge *j, struct entry *e)
{
	const struct scope_rules *scope = &j->index.scopes[e->s.kind];

	if (e->s.kind == SUBJECT_FILE || scope->n == 0)
		return 0;
	e->s.findings = calloc(scope->n, sizeof(*e->s.findings));
	if (e->s.findings == NULL)
		return -ENOMEM;
	e->s.n_findings = scope->n;
	for (unsigned i = 0; i < scope->n; i++)
		e->s.findings[i].rule = scope->rules[i];
	return 0;
}

/* What people call a subject of which no name is known yet: the start of an id, as docker ps. */
static char *
first_name(enum subject_kind kind, const char *id)
{
	return kind == SUBJECT_CONTAINER ? strndup(id, 12) : strdup(id);
}

int
entry_add(struct judge *j, struct entry **ret, enum subject_kind kind, const char *id)
{
	_cleanup_(entry_freep) struct entry *e = calloc(1, sizeof(*e));
	struct entry **grown;
	bool found;
	size_t at;

	if (e == NULL)
		return -ENOMEM;
	e->s.kind = kind;
	e->s.id = strdup(id);
	e->s.name = first_name(kind, id);
	e->added_ms = clock_monotonic_ms();
	if (e->s.id == NULL || e->s.name == NULL || add_findings(j, e) < 0)
		return -ENOMEM;
	at = place_of(j, kind, id, &found);
	if (found)
		return -EEXIST;
	/* Room grows by a half, so that a host's first list costs few copies. */
	if (j->n_entries == j->entries_room) {
		size_t room = j->entries_room + j->entries_room / 2 + 16;

		grown = reallocarray(j->entries, room, sizeof(struct entry *));
		if (grown == NULL)
			return -ENOMEM;
		j->entries = grown;
		j->entries_room = room;
	}
	memmove(&j->entries[at + 1], &j->entries[at], (j->n_entries - at) * sizeof(struct entry *));
	*ret = j->entries[at] = TAKE(e);
	j->n_entries++;
	j->sorted->stale = true;
	return 0;
}

static int
replace(char **text, const char *with)
{
	char *copy = NULL;

	if (with != NULL && *text != NULL && strcmp(*text, with) == 0)
		return 0;
	if (with != NULL) {
		copy = strdup(with);
		if (copy == NULL)
			return -ENOMEM;
	}
	free(*text);
	*text = copy;
	return 1;
}

int
entry_name(struct judge *j, struct entry *e, const char *name, const char *image)
{
	int r = 0;

	if (name != NULL && name[0] != '\0')
		r = replace(&e->s.name, name);
	if (r > 0) {
		j->sorted->stale = true;
		if (e->known)
			outbox_dirty(j, e);
	}
	if (r >= 0 && image != NULL && image[0] != '\0')
		r = replace(&e->s.image, image);
	return r < 0 ? r : 0;
}

void
entry_remove(struct judge *j, struct entry *e)
{
	bool found;
	size_t at = place_of(j, e->s.kind, e->s.id, &found);

	forget_asks(j, e);
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		j->look.slots -= e->slots[i].look;
	if (e->queued)
		TAILQ_REMOVE(&j->queue, e, in_queue);
	if (e->held)
		TAILQ_REMOVE(&j->answered, e, in_answered);
	j->listings[e->s.kind].since_ms = clock_realtime_ms();
	j->n_entries--;
	memmove(&j->entries[at], &j->entries[at + 1], (j->n_entries - at) * sizeof(struct entry *));
	j->sorted->stale = true;
	entry_free(e);
}

bool
has_all(const struct subject *s)
{
	enum topic first = kind_topics[s->kind].first;

	for (unsigned i = 0; i < kind_topics[s->kind].n; i++)
		if (s->snapshots[first + i] == NULL)
			return false;
	return true;
}

void
entries_free(struct judge *j)
{
	for (size_t i = 0; i < j->n_entries; i++)
		entry_free(j->entries[i]);
	free(j->entries);
}

/* As much of it as there is room for, and a zero; where the next one goes. */
static char *
put_word(char *at, const char *end, const char *word)
{
	size_t len = strlen(word), room = (size_t)(end - at) - 1;

	if (len > room)
		len = room;
	memcpy(at, word, len);
	at[len] = '\0';
	return at + len;
}

/* Said of every judgement, wherefore snprintf() is too dear. */
void
subject_words(const struct subject *s, char *ret, size_t size)
{
	bool only =
	    s->kind == SUBJECT_HOST || s->kind == SUBJECT_ENGINE || s->kind == SUBJECT_SWARM;
	const char *kind = subject_kind_name(s->kind);
	char *at = ret, *end = ret + size;

	at = put_word(at, end, only ? "the" : kind);
	at = put_word(at, end, " ");
	(void)put_word(at, end, only ? kind : s->name);
}

static int
by_kind_and_name(const void *a, const void *b)
{
	const struct subject *x = *(const struct subject *const *)a;
	const struct subject *y = *(const struct subject *const *)b;
	int order = (int)x->kind - (int)y->kind;

	if (order == 0)
		order = strcmp(x->name, y->name);
	return order != 0 ? order : strcmp(x->id, y->id);
}

/* Made anew when asked for after a change. */
const struct subject *const *
judge_subjects(const struct judge *j, size_t *ret_n)
{
	struct sorted *sorted = j->sorted;
	const struct subject **items;

	*ret_n = 0;
	if (sorted->stale) {
		items = reallocarray(sorted->items, j->n_entries, sizeof(*items));
		if (items == NULL)
			return NULL;
		for (size_t i = 0; i < j->n_entries; i++)
			items[i] = &j->entries[i]->s;
		qsort(items, j->n_entries, sizeof(*items), by_kind_and_name);
		sorted->items = items;
		sorted->stale = false;
	}
	*ret_n = j->n_entries;
	return sorted->items;
}
