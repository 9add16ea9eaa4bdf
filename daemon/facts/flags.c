/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/flags.h"

#include "util/macros.h"
#include <string.h>

/* Flags that take no word after them. Of one that is not listed, a next word that doesn't look like
 * a flag is the value: dockerd takes no other arguments. */
static const char *const bools[] = { "allow-direct-routing", "cri-containerd", "debug",
	"disable-legacy-registry", "experimental", "help", "icc", "init", "ip-forward",
	"ip-forward-no-drop", "ip-masq", "ip6tables", "iptables", "ipv6", "live-restore",
	"no-new-privileges", "raw-logs", "rootless", "selinux-enabled", "tls", "tlsverify",
	"userland-proxy", "validate", "version" };

/* Flags whose value is read here; the next word is theirs, whatever it looks like. */
static const char *const valued[] = { "cgroup-parent", "config-file", "default-ulimit", "group",
	"host", "ip", "log-level", "log-opt", "metrics-addr", "storage-opt", "tlscacert", "tlscert",
	"tlskey", "userns-remap" };

static const struct {
	char letter;
	const char *name;
} shorts[] = {
	{ 'D', "debug" },
	{ 'G', "group" },
	{ 'H', "host" },
	{ 'b', "bridge" },
	{ 'g', "graph" },
	{ 'h', "help" },
	{ 'l', "log-level" },
	{ 'p', "pidfile" },
	{ 's', "storage-driver" },
	{ 'v', "version" },
};

bool
flag_is(const struct flag *f, const char *name)
{
	return strlen(name) == f->name_len && memcmp(f->name, name, f->name_len) == 0;
}

static bool
is_one_of(const struct flag *f, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (flag_is(f, names[i]))
			return true;
	return false;
}

static bool
next_word(struct flag_reader *r, const char **ret, size_t *ret_len)
{
	const char *zero;

	if (r->at >= r->end)
		return false;
	zero = memchr(r->at, '\0', (size_t)(r->end - r->at));
	*ret = r->at;
	*ret_len = (size_t)((zero == NULL ? r->end : zero) - r->at);
	r->at = zero == NULL ? r->end : zero + 1;
	return true;
}

struct flag_reader
flag_reader(const char *cmdline, size_t len)
{
	struct flag_reader r = { .at = cmdline, .end = len == 0 ? cmdline : cmdline + len };
	const char *program;
	size_t program_len;

	(void)next_word(&r, &program, &program_len);
	return r;
}

/* The value of a flag that stands without "=". */
static void
take_value(struct flag_reader *r, struct flag *f)
{
	bool may_look_like_a_flag = is_one_of(f, valued, ARRAY_SIZE(valued));

	f->value = "true";
	f->value_len = strlen(f->value);
	if (is_one_of(f, bools, ARRAY_SIZE(bools)))
		return;
	if (may_look_like_a_flag || (r->at < r->end && *r->at != '-'))
		(void)next_word(r, &f->value, &f->value_len);
}

/* The first of a word of short flags. A bool leaves the others for the next turn, any other takes
 * them as its value. */
static void
short_flag(struct flag_reader *r, const char *letters, size_t len, struct flag *f)
{
	r->more = NULL;
	f->name = letters;
	f->name_len = 1;
	for (size_t i = 0; i < ARRAY_SIZE(shorts); i++) {
		if (shorts[i].letter == letters[0]) {
			f->name = shorts[i].name;
			f->name_len = strlen(f->name);
		}
	}
	if (len == 1) {
		take_value(r, f);
	} else if (letters[1] == '=') {
		f->value = letters + 2;
		f->value_len = len - 2;
	} else if (is_one_of(f, bools, ARRAY_SIZE(bools))) {
		take_value(r, f);
		r->more = letters + 1;
		r->more_len = len - 1;
	} else {
		f->value = letters + 1;
		f->value_len = len - 1;
	}
}

static void
long_flag(struct flag_reader *r, const char *text, size_t len, struct flag *f)
{
	const char *equals = memchr(text, '=', len);

	f->name = text;
	f->name_len = equals == NULL ? len : (size_t)(equals - text);
	if (equals == NULL) {
		take_value(r, f);
		return;
	}
	f->value = equals + 1;
	f->value_len = len - f->name_len - 1;
}

bool
flag_next(struct flag_reader *r, struct flag *ret)
{
	const char *word;
	size_t len;

	if (r->more != NULL) {
		short_flag(r, r->more, r->more_len, ret);
		return true;
	}
	while (next_word(r, &word, &len)) {
		if (len < 2 || word[0] != '-')
			continue;
		if (word[1] != '-') {
			short_flag(r, word + 1, len - 1, ret);
			return true;
		}
		if (len == 2) /* "--": no flags from here on */
			break;
		long_flag(r, word + 2, len - 2, ret);
		return true;
	}
	r->at = r->end;
	return false;
}

bool
flag_find(const char *cmdline, size_t len, const char *name, struct flag *ret)
{
	struct flag_reader r = flag_reader(cmdline, len);
	struct flag f;
	bool found = false;

	while (flag_next(&r, &f)) {
		if (flag_is(&f, name)) {
			*ret = f;
			found = true;
		}
	}
	return found;
}

bool
flag_bool(const struct flag *f, bool *ret)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
	const struct flag value = { .name = f->value, .name_len = f->value_len };

	*ret = is_one_of(&value, yes, ARRAY_SIZE(yes));
	return *ret || is_one_of(&value, no, ARRAY_SIZE(no));
}
