/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/config_memory.h"

#include "facts/build.h"
#include <stdlib.h>
#include <string.h>

void
config_memory_deinit(struct config_memory *m)
{
	free(m->text);
	*m = (struct config_memory){ 0 };
}

int64_t
config_memory_started(struct config_memory *m, int pid, long long ticks, int64_t started_ms)
{
	if (m->pid != pid || m->started_ticks != ticks) {
		config_memory_deinit(m);
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
