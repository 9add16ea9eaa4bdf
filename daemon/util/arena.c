/* SPDX-License-Identifier: Apache-2.0 */
#include "util/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	BLOCK_MIN = 4 * 1024,
	BLOCK_MAX = 64 * 1024,
};

struct block {
	struct block *next; /* the one filled before */
	size_t size;
	size_t used;
	max_align_t data[];
};

struct arena {
	struct block *newest;
	size_t used; /* bytes handed out, as rounded */
	size_t limit;
};

struct arena *
arena_new(size_t limit)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->limit = limit;
	return a;
}

/* Frees all blocks but the first one, which is returned. */
static struct block *
blocks_unwind(struct block *newest)
{
	struct block *next;

	if (newest == NULL)
		return NULL;
	for (; newest->next != NULL; newest = next) {
		next = newest->next;
		free(newest);
	}
	return newest;
}

struct arena *
arena_free(struct arena *a)
{
	if (a == NULL)
		return NULL;
	free(blocks_unwind(a->newest));
	free(a);
	return NULL;
}

/* Blocks double, so that a small arena stays small and a big one needs few of them. */
static struct block *
block_new(struct block *before, size_t least)
{
	size_t size = before == NULL ? BLOCK_MIN : before->size * 2;
	struct block *b;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (size < least)
		size = least;
	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->next = before;
	b->size = size;
	b->used = 0;
	return b;
}

static void *
arena_take(struct arena *a, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct block *b = a->newest;
	void *p;

	if (size > a->limit - a->used)
		return NULL;
	size = size == 0 ? align : (size + align - 1) & ~(align - 1);
	if (size > a->limit - a->used)
		return NULL;
	if (b == NULL || size > b->size - b->used) {
		b = block_new(b, size);
		if (b == NULL)
			return NULL;
		a->newest = b;
	}
	p = (char *)b->data + b->used;
	b->used += size;
	a->used += size;
	return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	void *p = arena_take(a, size);

	return p == NULL ? NULL : memset(p, 0, size);
}

char *
arena_strndup(struct arena *a, const char *text, size_t len)
{
	char *copy = len == SIZE_MAX ? NULL : arena_take(a, len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n >= 0)
		text = arena_take(a, (size_t)n + 1);
	if (text == NULL)
		return NULL;
	va_start(args, format);
	(void)vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}

void
arena_reset(struct arena *a)
{
	a->newest = blocks_unwind(a->newest);
	if (a->newest != NULL)
		a->newest->used = 0;
	a->used = 0;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
