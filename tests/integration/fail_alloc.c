/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into a program: one of its allocations, or all from one on, get no memory. What is to
 * fail and what did is in a page that the test shares with the program: the file that
 * PLIMSOLL_FAIL_ALLOC names. Child processes are left in peace. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES = 24, WHERE = 3072, NOTED_MAX = 10000 };

struct page {
	_Atomic uint64_t count;    /* allocations so far */
	_Atomic uint64_t from, to; /* those that fail: from <= n < to; from is 1 or more */
	_Atomic uint64_t failed;
	char where[WHERE]; /* who asked for the last that failed: a line a frame */
};

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static struct page *page;
static pid_t owner;

static void
note_where(void)
{
	void *frames[FRAMES];
	int n = backtrace(frames, FRAMES);
	size_t len = 0;

	for (int i = 0; i < n && len < WHERE - 256; i++) {
		Dl_info info = { 0 };
		const char *name = "?";

		if (dladdr(frames[i], &info) != 0 && info.dli_fname != NULL)
			name = strrchr(info.dli_fname, '/') == NULL
				   ? info.dli_fname
				   : strrchr(info.dli_fname, '/') + 1;
		len += (size_t)snprintf(page->where + len, WHERE - len, "%.60s %.60s +0x%zx\n",
		    name, info.dli_sname == NULL ? "?" : info.dli_sname,
		    (size_t)((char *)frames[i] - (char *)info.dli_fbase));
	}
}

static bool
fails(void)
{
	static _Thread_local bool inside;
	uint64_t n;

	if (page == NULL || inside || getpid() != owner)
		return false;
	n = atomic_fetch_add(&page->count, 1) + 1;
	if (atomic_load(&page->from) == 0 || n < atomic_load(&page->from) ||
	    n >= atomic_load(&page->to))
		return false;
	inside = true;
	if (atomic_fetch_add(&page->failed, 1) < NOTED_MAX)
		note_where();
	inside = false;
	errno = ENOMEM;
	return true;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("PLIMSOLL_FAIL_ALLOC");
	void *frames[2];
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *p;

	if (fd < 0)
		return;
	p = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	(void)backtrace(frames, 2); /* loads what it needs */
	owner = getpid();
	if (p != MAP_FAILED)
		page = p;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return size != 0 && fails() ? NULL : __libc_realloc(p, size);
}

void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, all);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

void *
memalign(size_t alignment, size_t size)
{
	return aligned_alloc(alignment, size);
}

int
posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *p = aligned_alloc(alignment, size);

	if (p == NULL)
		return ENOMEM;
	*ret = p;
	return 0;
}
