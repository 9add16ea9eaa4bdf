/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/audit_rules.h"

#include "collect/host.h"
#include "util/clock.h"
#include "util/macros.h"
#include <errno.h>
#include <libaudit.h>
#include <poll.h>
#include <string.h>

/* What one session with the kernel brought. */
struct answers {
	struct audit_rule_data **rules;
	size_t n;
	bool enabled, has_status, cut, done;
	int error;
};

static void
answers_clear(struct answers *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->rules[i]);
	free(a->rules);
}

static int
keep_rule(struct answers *a, const struct audit_reply *reply)
{
	size_t size = sizeof(struct audit_rule_data) + reply->ruledata->buflen;

	if (a->n == AUDIT_RULES_MAX) {
		a->cut = true;
		return 0;
	}
	if ((size_t)reply->len < size)
		return -EBADMSG;
	if (a->rules == NULL && (a->rules = calloc(AUDIT_RULES_MAX, sizeof(*a->rules))) == NULL)
		return -ENOMEM;
	a->rules[a->n] = malloc(size);
	if (a->rules[a->n] == NULL)
		return -ENOMEM;
	memcpy(a->rules[a->n++], reply->ruledata, size);
	return 0;
}

static int
take_reply(struct answers *a, const struct audit_reply *reply)
{
	switch (reply->type) {
	case AUDIT_GET:
		a->enabled = reply->status->enabled != 0;
		a->has_status = true;
		return 0;
	case AUDIT_LIST_RULES:
		return keep_rule(a, reply);
	case NLMSG_DONE:
		a->done = true;
		return 0;
	case NLMSG_ERROR:
		return reply->error->error; /* negative errno; 0 acknowledges */
	default:
		return 0;
	}
}

/* Reads until `*until` or the deadline. */
static int
read_replies(int fd, struct answers *a, const bool *until)
{
	int64_t deadline = clock_monotonic_ms() + AUDIT_DEADLINE_MS;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct audit_reply reply;
	int r;

	while (!*until) {
		int64_t left = deadline - clock_monotonic_ms();

		if (left <= 0)
			return -ETIMEDOUT;
		r = poll(&pollfd, 1, (int)left);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		r = audit_get_reply(fd, &reply, GET_REPLY_NONBLOCKING, 0);
		if (r == -EAGAIN || r == -EINTR || r == 0)
			continue;
		if (r < 0)
			return r;
		r = take_reply(a, &reply);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
ask(struct answers *a)
{
	_cleanup_(closep) int fd = audit_open();
	int r;

	if (fd < 0)
		return -errno;
	r = audit_request_status(fd);
	if (r > 0)
		r = read_replies(fd, a, &a->has_status);
	if (r < 0)
		return r;
	r = audit_request_rules_list_data(fd);
	return r > 0 ? read_replies(fd, a, &a->done) : r;
}

/* Appends a file's text; a file that isn't there is no file. */
static int
append_file(const struct host *host, const char *path, char **text, size_t *len)
{
	_cleanup_(freep) char *file = NULL;
	size_t n;
	char *more;
	int r;

	r = host_read(host, path, AUDIT_FILES_MAX, &file, &n);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return r;
	if (*len + n + 2 > AUDIT_FILES_MAX)
		return -EFBIG;
	more = realloc(*text, *len + n + 2);
	if (more == NULL)
		return -ENOMEM;
	*text = more;
	memcpy(more + *len, file, n);
	*len += n;
	more[(*len)++] = '\n';
	more[*len] = '\0';
	return 0;
}

static int
read_files(const struct host *host, char **ret)
{
	_cleanup_(freep) char *text = strdup("");
	char **paths = NULL;
	size_t n = 0, len = 0;
	int r;

	if (text == NULL)
		return -ENOMEM;
	r = host_glob(host, "/etc/audit/rules.d/*.rules", &paths, &n);
	if (r == -ENOENT || r == -ENOTDIR)
		r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = append_file(host, paths[i], &text, &len);
	host_glob_free(paths, n);
	/* augenrules makes audit.rules of the folder: it counts alone where there is no folder. */
	if (r == 0 && n == 0)
		r = append_file(host, "/etc/audit/audit.rules", &text, &len);
	if (r == 0)
		*ret = TAKE(text);
	return r;
}

/* The kernel follows links on the way to what a rule names, and not the last one, unless a slash is
 * behind it: a rule that names a link watches the link. */
static const char *
canonical(void *context, const char *path, struct arena *a)
{
	_cleanup_(freep) char *folder = NULL, *real = NULL;
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path || slash[1] == '\0') {
		if (host_realpath(context, path, &real) < 0)
			return path;
		return arena_strdup(a, real);
	}
	folder = strndup(path, (size_t)(slash - path));
	if (folder == NULL)
		return NULL;
	if (host_realpath(context, folder, &real) < 0)
		return path;
	return arena_printf(a, "%s%s", strcmp(real, "/") == 0 ? "" : real, slash);
}

int
audit_rules_collect(struct snapshot **ret, const struct host *host)
{
	_cleanup_(answers_clear) struct answers answers = { 0 };
	_cleanup_(freep) char *files = NULL;
	struct host_audit_input in = { .canonical = canonical };
	int r;

	r = ask(&answers);
	if (r == -ENOMEM)
		return r;
	in.error = -r;
	in.enabled = answers.enabled;
	in.rules = (const struct audit_rule_data *const *)answers.rules;
	in.n_rules = answers.n;
	in.rules_cut = answers.cut;
	r = read_files(host, &files);
	if (r == -ENOMEM)
		return r;
	in.persistent = files;
	in.persistent_why = r < 0 ? strerror(-r) : NULL;
	/* The builder only hands it back. */
	in.context = (void *)(uintptr_t)host;
	return build_host_audit(ret, &in);
}
