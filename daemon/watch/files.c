/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/files.h"

#include "collect/host.h"
#include "util/clock.h"
#include "watch/files_places.h"
#include "watch/files_way.h"
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
	WAY_MASK = IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
		   IN_DELETE_SELF | IN_MOVE_SELF,
	SELF_MASK = WAY_MASK | IN_MODIFY | IN_CLOSE_WRITE,
	/* After these the way to the file may be another; after a new mode of a directory, too. */
	STRUCTURE_MASK = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
			 IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT,
	READ_SIZE = 64 * 1024,
	READS_MAX = 64, /* in one turn of the loop */
};

struct watched {
	char *path;
	bool glob;
	bool stale;   /* told in this turn */
	bool moved;   /* told in this turn that the way may be another */
	bool anew;    /* the way is to be walked anew */
	uint64_t way; /* what lay on the way at the last walk */
};

/* An event on `wd` with that name concerns the path. */
struct interest {
	int wd;
	unsigned path;
	char *name; /* NULL: any name, and the directory or file itself */
};

struct files_watch {
	const struct host *host;
	const struct watch_sink *sink;
	files_glob_fn *on_glob;
	void *arg;
	struct event *event, *poll;
	struct watched *paths;
	size_t n_paths;
	struct interest *interests;
	size_t n_interests, room;
	struct files_places places;
	int fd;
	bool told, seeing;
	bool missing; /* a watch could not be set in the last walk */
	char why[128];
};

static void
say_blind(struct files_watch *w)
{
	if (w->told && !w->seeing)
		return;
	w->told = true;
	w->seeing = false;
	w->sink->blind(w->sink->arg, WATCH_FILES, w->why);
}

static void
say_sees(struct files_watch *w)
{
	if (w->told && w->seeing)
		return;
	w->told = true;
	w->seeing = true;
	w->sink->sees(w->sink->arg, WATCH_FILES);
}

struct step {
	struct files_watch *watch;
	unsigned path;
	uint64_t way;
};

/* Mixes device and inode of one step into the way. */
static int
note_step(void *arg, int fd, const char *path, const char *name, bool self)
{
	struct step *step = arg;
	struct stat st;

	(void)name;
	(void)self;
	if (fstat(fd, &st) < 0)
		return -errno;
	step->way = (step->way ^ st.st_dev) * UINT64_C(0x9e3779b97f4a7c15);
	step->way = (step->way ^ (step->way >> 29) ^ st.st_ino) * UINT64_C(0xbf58476d1ce4e5b9);
	return files_places_note(&step->watch->places, path, &st);
}

static int
add_interest(struct files_watch *w, int wd, unsigned path, const char *name)
{
	struct interest *more;
	char *copy = NULL;

	if (w->n_interests == w->room) {
		size_t room = w->room == 0 ? 64 : w->room * 2;

		more = reallocarray(w->interests, room, sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		w->interests = more;
		w->room = room;
	}
	if (name != NULL && (copy = strdup(name)) == NULL)
		return -ENOMEM;
	w->interests[w->n_interests++] = (struct interest){ .wd = wd, .path = path, .name = copy };
	return 0;
}

static int
on_step(void *arg, int fd, const char *at, const char *name, bool self)
{
	struct step *step = arg;
	struct files_watch *w = step->watch;
	uint32_t mask = (uint32_t)(self ? SELF_MASK : WAY_MASK) | IN_MASK_ADD;
	char path[64];
	int wd;

	wd = note_step(arg, fd, at, name, self);
	if (wd < 0)
		return wd;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	wd = -1;
	errno = w->fd < 0 ? EMFILE : ENOSPC;
	if (w->fd >= 0 && w->n_interests < FILES_WATCHES_MAX)
		wd = inotify_add_watch(w->fd, path, mask);
	if (wd < 0) {
		w->missing = true;
		(void)snprintf(w->why, sizeof(w->why), "a file could not be watched: %s%s",
		    strerror(errno),
		    errno == ENOSPC ? " (see fs.inotify.max_user_watches); files are polled"
				    : "; files are polled");
		return 0;
	}
	return add_interest(w, wd, step->path, name);
}

static bool
wd_in_use(const struct files_watch *w, int wd)
{
	for (size_t i = 0; i < w->n_interests; i++) {
		if (w->interests[i].wd == wd)
			return true;
	}
	return false;
}

/* Takes the path's interests away and keeps the watches that served them alone, which the next walk
 * mostly wants again. */
static size_t
drop_interests(struct files_watch *w, unsigned path, int *wds, size_t max)
{
	size_t kept = 0, n = 0;

	for (size_t i = 0; i < w->n_interests; i++) {
		if (w->interests[i].path != path) {
			w->interests[kept++] = w->interests[i];
			continue;
		}
		if (n < max)
			wds[n++] = w->interests[i].wd;
		free(w->interests[i].name);
	}
	w->n_interests = kept;
	return n;
}

static void
walk_path(struct files_watch *w, unsigned path)
{
	int wds[256];
	size_t n = drop_interests(w, path, wds, ARRAY_SIZE(wds));
	struct step step = { .watch = w, .path = path };

	w->paths[path].anew = false;
	if (files_walk(w->host, w->paths[path].path, on_step, &step) != 0) {
		w->missing = true;
		(void)snprintf(w->why, sizeof(w->why), "the way to %.80s could not be walked",
		    w->paths[path].path);
	}
	w->paths[path].way = step.way;
	for (size_t i = 0; i < n; i++) {
		if (!wd_in_use(w, wds[i]))
			(void)inotify_rm_watch(w->fd, wds[i]); /* the inode may be gone already */
	}
}

static void
tell_path(struct files_watch *w, struct watched *watched, const struct cause *cause)
{
	bool moved = watched->moved;

	watched->stale = watched->moved = false;
	if (watched->glob && w->on_glob != NULL)
		w->on_glob(w->arg, watched->path, moved);
	else if (!watched->glob)
		w->sink->stale(w->sink->arg, SUBJECT_FILE, watched->path, TOPIC_FILE_STAT, cause);
}

static void
tell_changed(struct files_watch *w, struct watched *watched, int64_t woke_ns)
{
	struct cause cause = { .source = CAUSE_FILE, .woke_ns = woke_ns };

	(void)snprintf(cause.detail, sizeof(cause.detail), "%.80s changed", watched->path);
	tell_path(w, watched, &cause);
}

static void
set_polling(struct files_watch *w)
{
	struct timeval tv = { .tv_sec = FILES_POLL_S };

	if (w->missing) {
		say_blind(w);
		(void)evtimer_add(w->poll, &tv);
	} else {
		say_sees(w);
	}
}

/* Walks the ways that may be others, then tells: what the sink's owner looks at is watched already.
 */
static void
flush(struct files_watch *w, int64_t woke_ns)
{
	bool walked = false;

	for (unsigned i = 0; i < w->n_paths; i++) {
		if (!w->paths[i].anew)
			continue;
		if (!walked)
			w->missing = false;
		walked = true;
		walk_path(w, i);
	}
	for (unsigned i = 0; i < w->n_paths; i++) {
		if (w->paths[i].stale)
			tell_changed(w, &w->paths[i], woke_ns);
	}
	if (walked && (w->missing || !w->seeing))
		set_polling(w);
}

static bool
moves_the_way(const struct inotify_event *event)
{
	return (event->mask & STRUCTURE_MASK) != 0 ||
	       (event->mask & (IN_ATTRIB | IN_ISDIR)) == (IN_ATTRIB | IN_ISDIR);
}

static void
mark(struct files_watch *w, const struct inotify_event *event)
{
	bool moves = moves_the_way(event);

	for (size_t i = 0; i < w->n_interests; i++) {
		const struct interest *interest = &w->interests[i];

		if (interest->wd != event->wd)
			continue;
		if (interest->name != NULL && event->len > 0 &&
		    strcmp(interest->name, event->name) != 0)
			continue;
		w->paths[interest->path].stale = true;
		w->paths[interest->path].moved |= moves;
		w->paths[interest->path].anew |= moves;
	}
}

static void
overflowed(struct files_watch *w)
{
	struct cause cause = {
		.source = CAUSE_FILE,
		.detail = "inotify queue overflowed",
		.woke_ns = clock_monotonic_ns(),
		.after_gap = true,
	};

	(void)snprintf(
	    w->why, sizeof(w->why), "inotify queue overflowed (see fs.inotify.max_queued_events)");
	say_blind(w);
	files_watch_again(w, &cause);
}

static void
read_events(struct files_watch *w)
{
	union {
		struct inotify_event align;
		char bytes[READ_SIZE];
	} buffer;
	int64_t woke_ns = clock_monotonic_ns();
	bool overflow = false;

	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t n = read(w->fd, buffer.bytes, sizeof(buffer.bytes));

		if (n <= 0)
			break;
		for (char *at = buffer.bytes; at < buffer.bytes + n;) {
			const struct inotify_event *event =
			    (const struct inotify_event *)(const void *)at;

			overflow |= (event->mask & IN_Q_OVERFLOW) != 0;
			mark(w, event);
			at += sizeof(*event) + event->len;
		}
		/* The kernel gives all that fits. */
		if ((size_t)n < sizeof(buffer.bytes) / 2)
			break;
	}
	if (overflow)
		overflowed(w);
	else
		flush(w, woke_ns);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	read_events(arg);
}

static void
on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct files_watch *w = arg;
	struct cause cause = { .source = CAUSE_CLOCK, .detail = "files polled", .after_gap = true };

	cause.woke_ns = clock_monotonic_ns();
	files_watch_again(w, &cause);
}

/* A place that is on no way any more may be gone, too: then the ways are walked once, and what is
 * on them is known again. */
void
files_watch_check(struct files_watch *w, const struct cause *cause)
{
	/* What inotify has to say comes first: a file that was replaced by hand isn't a mount's
	 * doing. */
	if (w->fd >= 0)
		read_events(w);
	if (!files_places_moved(&w->places, w->host))
		return;
	files_places_clear(&w->places);
	for (unsigned i = 0; i < w->n_paths; i++) {
		struct step step = { .watch = w, .path = i };
		int r = files_walk(w->host, w->paths[i].path, note_step, &step);

		if (r == 0 && step.way == w->paths[i].way)
			continue;
		w->missing = false;
		walk_path(w, i);
		w->paths[i].moved = true;
		tell_path(w, &w->paths[i], cause);
		if (w->missing)
			set_polling(w);
	}
}

void
files_watch_again(struct files_watch *w, const struct cause *cause)
{
	w->missing = false;
	for (unsigned i = 0; i < w->n_paths; i++)
		walk_path(w, i);
	for (unsigned i = 0; i < w->n_paths; i++) {
		w->paths[i].moved = true;
		tell_path(w, &w->paths[i], cause);
	}
	set_polling(w);
}

int
files_watch_new(struct files_watch **ret, struct event_base *base, const struct host *host,
    const struct watch_sink *sink, files_glob_fn *on_glob, void *arg)
{
	_cleanup_(files_watch_freep) struct files_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -ENOMEM;
	*w = (struct files_watch){ .host = host, .sink = sink, .on_glob = on_glob, .arg = arg };
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->poll = evtimer_new(base, on_poll, w);
	if (w->poll == NULL)
		return -ENOMEM;
	/* Instances run out on hosts with many containers: then every path is polled. */
	if (w->fd >= 0) {
		w->event = event_new(base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
		if (w->event == NULL || event_add(w->event, NULL) < 0)
			return -ENOMEM;
	}
	*ret = TAKE(w);
	return 0;
}

static void
free_paths(struct watched *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(paths[i].path);
	free(paths);
}

static void
forget_interests(struct files_watch *w)
{
	for (size_t i = 0; i < w->n_interests; i++)
		free(w->interests[i].name);
	w->n_interests = 0;
}

struct files_watch *
files_watch_free(struct files_watch *w)
{
	if (w == NULL)
		return NULL;
	if (w->event != NULL)
		event_free(w->event);
	if (w->poll != NULL)
		event_free(w->poll);
	closep(&w->fd);
	free_paths(w->paths, w->n_paths);
	forget_interests(w);
	free(w->interests);
	files_places_clear(&w->places);
	free(w);
	return NULL;
}

static bool
same_set(const struct files_watch *w, const char *const *paths, size_t n)
{
	if (n != w->n_paths)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(paths[i], w->paths[i].path) != 0)
			return false;
	}
	return true;
}

/* Watches whose path left the set. The kernel gives the same descriptor for the same inode, so that
 * a walk over what stays changes nothing. */
static void
remove_unused(struct files_watch *w, const struct interest *old, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool seen = wd_in_use(w, old[i].wd);

		for (size_t k = 0; k < i && !seen; k++)
			seen = old[k].wd == old[i].wd;
		if (!seen)
			(void)inotify_rm_watch(w->fd, old[i].wd);
	}
}

static const struct watched *
find_path(const struct watched *paths, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(paths[i].path, path) == 0)
			return &paths[i];
	}
	return NULL;
}

/* The events of a way that led elsewhere until now are for nobody any more: what they would have
 * told is told here. */
static void
tell_moved(struct files_watch *w, const struct watched *old, size_t n_old)
{
	for (size_t i = 0; i < w->n_paths; i++) {
		struct watched *now = &w->paths[i];
		const struct watched *before = find_path(old, n_old, now->path);

		if (before == NULL || before->way == now->way)
			continue;
		now->moved = true;
		tell_changed(w, now, clock_monotonic_ns());
	}
}

static int
walk_set(struct files_watch *w, const char *const *paths, size_t n)
{
	w->paths = calloc(n == 0 ? 1 : n, sizeof(*w->paths));
	w->n_paths = 0;
	w->missing = false;
	if (w->paths == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		w->paths[i].path = strdup(paths[i]);
		if (w->paths[i].path == NULL)
			return -ENOMEM;
		w->n_paths++;
		w->paths[i].glob = files_is_glob(paths[i]);
		walk_path(w, (unsigned)i);
	}
	return 0;
}

int
files_watch_set(struct files_watch *w, const char *const *paths, size_t n)
{
	_cleanup_(freep) struct interest *old = NULL;
	size_t n_old = w->n_interests, n_paths = w->n_paths;
	struct watched *old_paths = w->paths;
	int r;

	if (w->told && same_set(w, paths, n))
		return 0;
	old = calloc(n_old == 0 ? 1 : n_old, sizeof(*old));
	if (old == NULL)
		return -ENOMEM;
	if (n_old > 0)
		memcpy(old, w->interests, n_old * sizeof(*old));
	forget_interests(w);
	files_places_clear(&w->places);
	r = walk_set(w, paths, n);
	remove_unused(w, old, n_old);
	tell_moved(w, old_paths, n_paths);
	free_paths(old_paths, n_paths);
	if (r == 0)
		set_polling(w);
	return r;
}
