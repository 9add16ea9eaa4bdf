/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/config_memory.h"

#include "facts/build.h"
#include "util/file.h"
#include "util/json.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

enum {
	KEPT_MAX = 8 * CONFIG_REMEMBERED_MAX, /* JSON writes up to six bytes for one */
};

static void
forget(struct config_memory *m)
{
	char *path = TAKE(m->path);

	free(m->text);
	*m = (struct config_memory){ .path = path };
}

void
config_memory_deinit(struct config_memory *m)
{
	forget(m);
	free(m->path);
	m->path = NULL;
}

/* --- the file --- */

/* The boot that runs, in 33 bytes; empty: not known. */
static void
boot_text(char ret[SD_ID128_STRING_MAX])
{
	sd_id128_t boot;

	ret[0] = '\0';
	if (sd_id128_get_boot(&boot) == 0)
		(void)sd_id128_to_string(boot, ret);
}

static struct json_object *
member(struct json_object *kept, const char *name, enum json_type type)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(kept, name, &value);
	return json_object_is_type(value, type) ? value : NULL;
}

/* 0, -ENOMEM, or -EINVAL: it is of another boot, or nonsense. */
static int
take_kept(struct config_memory *m, struct json_object *kept)
{
	struct json_object *pid = member(kept, "pid", json_type_int);
	struct json_object *ticks = member(kept, "started_ticks", json_type_int);
	struct json_object *ms = member(kept, "started_ms", json_type_int);
	struct json_object *text = NULL;
	char boot[SD_ID128_STRING_MAX];

	boot_text(boot);
	if (pid == NULL || ticks == NULL || ms == NULL || boot[0] == '\0' ||
	    !json_object_object_get_ex(kept, "config", &text) ||
	    (text != NULL && !json_object_is_type(text, json_type_string)) ||
	    member(kept, "boot", json_type_string) == NULL ||
	    strcmp(json_object_get_string(member(kept, "boot", json_type_string)), boot) != 0)
		return -EINVAL;
	m->text = text == NULL ? NULL : strdup(json_object_get_string(text));
	if (text != NULL && m->text == NULL)
		return -ENOMEM;
	m->pid = json_object_get_int(pid);
	m->started_ticks = json_object_get_int64(ticks);
	m->started_ms = json_object_get_int64(ms);
	m->known = true;
	return 0;
}

int
config_memory_keep(struct config_memory *m, const char *folder)
{
	_cleanup_(json_putp) struct json_object *kept = NULL;
	_cleanup_(freep) char *text = NULL;
	int r;

	config_memory_deinit(m);
	if (asprintf(&m->path, "%s/dockerd.config", folder) < 0) {
		m->path = NULL;
		return -ENOMEM;
	}
	r = file_read(m->path, KEPT_MAX, &text, NULL);
	if (r == 0)
		kept = json_tokener_parse(text);
	if (kept != NULL)
		r = take_kept(m, kept);
	return r == -ENOMEM ? r : 0;
}

/* NULL: no memory. */
static struct json_object *
to_json(const struct config_memory *m)
{
	_cleanup_(json_putp) struct json_object *kept = json_object_new_object();
	char boot[SD_ID128_STRING_MAX];

	boot_text(boot);
	if (kept == NULL || json_add(kept, "boot", json_object_new_string(boot)) < 0 ||
	    json_add(kept, "pid", json_object_new_int(m->pid)) < 0 ||
	    json_add(kept, "started_ticks", json_object_new_int64(m->started_ticks)) < 0 ||
	    json_add(kept, "started_ms", json_object_new_int64(m->started_ms)) < 0)
		return NULL;
	if (m->text == NULL ? json_object_object_add(kept, "config", NULL) < 0
			    : json_add(kept, "config", json_object_new_string(m->text)) < 0)
		return NULL;
	return TAKE(kept);
}

static int
write_all(const char *path, const char *text)
{
	_cleanup_(closep) int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	size_t len = strlen(text);

	if (fd < 0)
		return -errno;
	errno = EIO;
	return write(fd, text, len) == (ssize_t)len ? 0 : -errno;
}

/* In one step, so that a reader finds the old or the new. It need not outlive a power cut: no
 * dockerd does. */
static void
save(const struct config_memory *m)
{
	_cleanup_(json_putp) struct json_object *kept = NULL;
	_cleanup_(freep) char *fresh = NULL;
	const char *text;

	if (m->path == NULL || asprintf(&fresh, "%s.new", m->path) < 0)
		return;
	kept = to_json(m);
	text = kept == NULL ? NULL : json_object_to_json_string(kept);
	if (text == NULL || write_all(fresh, text) < 0 || rename(fresh, m->path) < 0)
		(void)unlink(fresh);
}

/* --- what is remembered --- */

int64_t
config_memory_started(struct config_memory *m, int pid, long long ticks, int64_t started_ms)
{
	if (m->pid != pid || m->started_ticks != ticks) {
		forget(m);
		m->pid = pid;
		m->started_ticks = ticks;
		m->started_ms = started_ms;
	}
	return m->started_ms;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* A missing file may be missing for as long as dockerd makes its folder: that is no decision. */
static void
decide(struct config_memory *m, const struct engine_settings_input *in)
{
	if (in->config_changed_ms > in->process_started_ms) {
		m->too_late = in->config != NULL;
		return;
	}
	if (in->config != NULL && strlen(in->config) > CONFIG_REMEMBERED_MAX)
		return;
	m->text = in->config != NULL ? strdup(in->config) : NULL;
	m->known = (m->text != NULL) == (in->config != NULL);
	if (m->known)
		save(m);
}

void
config_memory_recall(struct config_memory *m, struct engine_settings_input *in)
{
	if (in->process_started_ms == 0 || in->config_why != NULL)
		return;
	if (!m->known && !m->too_late && in->config_changed_ms != 0)
		decide(m, in);
	if (m->too_late) {
		/* Whatever a clock that went back says of it. */
		if (in->config_changed_ms != 0 && in->config_changed_ms <= in->process_started_ms)
			in->config_changed_ms = in->process_started_ms + 1;
	} else if (m->known && same_text(m->text, in->config)) {
		in->config_changed_ms = in->process_started_ms;
	} else if (m->known) {
		in->config = m->text;
		in->config_remembered = true;
	}
}
