/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/build.h"
#include "util/macros.h"
#include <errno.h>
#include <libaudit.h>
#include <stdio.h>
#include <string.h>

/* A rule as auditctl would load it, in words: "always exit dir /etc perm=wa". */
struct spec {
	const char *action, *list, *field, *path, *perm, *more;
};

static const char *
as_it_is(void *context, const char *path, struct arena *a)
{
	(void)context;
	(void)a;
	return strcmp(path, "/lib/systemd/system/docker.service") == 0
		   ? "/usr/lib/systemd/system/docker.service"
		   : path;
}

static struct audit_rule_data *
make_rule(const struct spec *spec)
{
	struct audit_rule_data *rule = calloc(1, sizeof(*rule));
	int list = strcmp(spec->list, "exit") == 0   ? AUDIT_FILTER_EXIT
		   : strcmp(spec->list, "task") == 0 ? AUDIT_FILTER_TASK
						     : AUDIT_FILTER_EXCLUDE;

	assert_non_null(rule);
	if (spec->path != NULL)
		assert_int_equal(
		    audit_add_watch_dir(strcmp(spec->field, "dir") == 0 ? AUDIT_DIR : AUDIT_WATCH,
			&rule, spec->path),
		    0);
	if (spec->path == NULL)
		(void)audit_rule_syscallbyname_data(rule, "all");
	rule->flags = (uint32_t)list;
	rule->action = strcmp(spec->action, "never") == 0 ? AUDIT_NEVER : AUDIT_ALWAYS;
	for (unsigned i = 0; i < rule->field_count && spec->perm != NULL; i++) {
		if (rule->fields[i] == AUDIT_PERM)
			rule->values[i] = (uint32_t)atoi(spec->perm);
	}
	if (spec->more != NULL) {
		/* libaudit writes into the text. */
		_cleanup_(freep) char *more = strdup(spec->more);

		assert_int_equal(audit_rule_fieldpair_data(&rule, more, list), 0);
	}
	return rule;
}

/* perm: r 4, w 2, x 1, a 8. NULL: what auditctl gives a watch, all four. */
static const struct {
	const char *what;
	struct spec specs[3];
	const char *watched; /* paths that count, each followed by a space */
} cases[] = {
	{ "a watch", { { "always", "exit", "path", "/etc/docker", NULL, NULL } }, "/etc/docker " },
	{ "a dir rule", { { "always", "exit", "dir", "/etc", NULL, NULL } }, "/etc " },
	{ "writes and attributes are enough", { { "always", "exit", "path", "/x", "10", NULL } },
	    "/x " },
	{ "writes alone are not", { { "always", "exit", "path", "/x", "2", NULL } }, "" },
	{ "reads and execution are not", { { "always", "exit", "path", "/x", "5", NULL } }, "" },
	{ "a narrowing field", { { "always", "exit", "path", "/x", NULL, "auid>=1000" } }, "" },
	{ "failures alone", { { "always", "exit", "path", "/x", NULL, "success=0" } }, "" },
	{ "a never rule is no watch", { { "never", "exit", "path", "/x", NULL, NULL } }, "" },
	{ "an earlier never hides",
	    { { "never", "exit", "path", "/x", NULL, NULL },
		{ "always", "exit", "path", "/x", NULL, NULL } },
	    "" },
	{ "an earlier never above hides",
	    { { "never", "exit", "dir", "/etc", NULL, NULL },
		{ "always", "exit", "path", "/etc/docker", NULL, NULL } },
	    "" },
	{ "a later never doesn't",
	    { { "always", "exit", "path", "/x", NULL, NULL },
		{ "never", "exit", "path", "/x", NULL, NULL } },
	    "/x " },
	{ "a never elsewhere doesn't",
	    { { "never", "exit", "path", "/etc/dockerx", NULL, NULL },
		{ "always", "exit", "path", "/etc/docker", NULL, NULL } },
	    "/etc/docker " },
	{ "never,task hides all",
	    { { "never", "task", NULL, NULL, NULL, NULL },
		{ "always", "exit", "path", "/x", NULL, NULL } },
	    "" },
	{ "never,exit without a path hides all",
	    { { "never", "exit", NULL, NULL, NULL, "auid=0" },
		{ "always", "exit", "path", "/x", NULL, NULL } },
	    "" },
	{ "paths that are not those of links",
	    { { "always", "exit", "path", "/lib/systemd/system/docker.service", NULL, NULL } },
	    "/usr/lib/systemd/system/docker.service " },
};

static void
paths_of(const struct value *list, char *ret, size_t size)
{
	ret[0] = '\0';
	assert_int_equal(list->type, VALUE_LIST);
	for (uint32_t i = 0; i < list->len; i++) {
		size_t n = strlen(ret);

		(void)snprintf(
		    ret + n, size - n, "%s ", value_get(&list->items[i], "path")->string);
	}
}

static void
test_kernel_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;
		struct audit_rule_data *rules[3];
		struct host_audit_input in = {
			.enabled = true, .persistent = "", .canonical = as_it_is
		};
		char watched[512];

		for (; in.n_rules < 3 && cases[i].specs[in.n_rules].action != NULL; in.n_rules++)
			rules[in.n_rules] = make_rule(&cases[i].specs[in.n_rules]);
		in.rules = (const struct audit_rule_data *const *)rules;
		assert_int_equal(build_host_audit(&s, &in), 0);
		paths_of(snapshot_get(s, FACT_HOST_AUDIT_WATCHES), watched, sizeof(watched));
		if (strcmp(watched, cases[i].watched) != 0)
			fail_msg(
			    "%s: '%s', expected '%s'", cases[i].what, watched, cases[i].watched);
		for (size_t k = 0; k < in.n_rules; k++)
			free(rules[k]);
	}
}

/* What auditctl 4 makes of "-F arch=... -F perm=wa": an architecture, and calls by name. */
static struct audit_rule_data *
make_rule_of_calls(const struct spec *spec, uint32_t arch, const char *const *calls)
{
	struct audit_rule_data *rule = make_rule(spec);
	int call;

	memset(rule->mask, 0, sizeof(rule->mask));
	for (; *calls != NULL; calls++) {
		call = audit_name_to_syscall(*calls, audit_elf_to_machine(arch));
		if (call >= 0)
			rule->mask[call / 32] |= UINT32_C(1) << call % 32;
	}
	rule->fields[rule->field_count] = AUDIT_ARCH;
	rule->fieldflags[rule->field_count] = AUDIT_EQUAL;
	rule->values[rule->field_count++] = arch;
	return rule;
}

#define CHANGING                                                                              \
	"open", "openat", "openat2", "creat", "truncate", "ftruncate", "fallocate", "rename", \
	    "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink",      \
	    "unlinkat", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chmod", "fchmod",   \
	    "fchmodat", "chown", "lchown", "fchown", "fchownat", "setxattr", "lsetxattr",     \
	    "fsetxattr", "removexattr", "lremovexattr", "acct", "swapon", "quotactl", "bind"

static void
test_calls_of_an_architecture(void **state)
{
	static const struct spec watch = { "always", "exit", "path", "/x", "10", NULL };
	static const struct spec never = { "never", "exit", NULL, NULL, NULL, NULL };
	static const char *const all[] = { CHANGING, "fremovexattr", NULL };
	static const char *const not_all[] = { CHANGING, NULL };
	static const char *const clock[] = { "adjtimex", "clock_settime", NULL };
	static const char *const clock_and_file[] = { "adjtimex", "rename", NULL };
	static const struct {
		const char *what;
		struct {
			const struct spec *spec;
			uint32_t arch;
			const char *const *calls;
		} rules[3];
		const char *watched;
	} of_calls[] = {
		{ "both architectures",
		    { { &watch, AUDIT_ARCH_X86_64, all }, { &watch, AUDIT_ARCH_I386, all } },
		    "/x " },
		{ "one of two", { { &watch, AUDIT_ARCH_X86_64, all } }, "" },
		{ "twice the same one",
		    { { &watch, AUDIT_ARCH_X86_64, all }, { &watch, AUDIT_ARCH_X86_64, all } },
		    "" },
		{ "the only one there is", { { &watch, AUDIT_ARCH_PPC64LE, all } }, "/x " },
		{ "some calls",
		    { { &watch, AUDIT_ARCH_X86_64, not_all }, { &watch, AUDIT_ARCH_I386, all } },
		    "" },
		{ "a never about clocks hides nothing",
		    { { &never, AUDIT_ARCH_X86_64, clock }, { &watch, AUDIT_ARCH_X86_64, all },
			{ &watch, AUDIT_ARCH_I386, all } },
		    "/x " },
		{ "a never about clocks and files does",
		    { { &never, AUDIT_ARCH_X86_64, clock_and_file },
			{ &watch, AUDIT_ARCH_X86_64, all }, { &watch, AUDIT_ARCH_I386, all } },
		    "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(of_calls); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;
		struct audit_rule_data *rules[3];
		struct host_audit_input in = {
			.enabled = true, .persistent = "", .canonical = as_it_is
		};
		char watched[512];
		size_t n = 0;

		for (; n < 3 && of_calls[i].rules[n].spec != NULL; n++)
			rules[n] = make_rule_of_calls(of_calls[i].rules[n].spec,
			    of_calls[i].rules[n].arch, of_calls[i].rules[n].calls);
		in.rules = (const struct audit_rule_data *const *)rules;
		in.n_rules = n;
		assert_int_equal(build_host_audit(&s, &in), 0);
		paths_of(snapshot_get(s, FACT_HOST_AUDIT_WATCHES), watched, sizeof(watched));
		if (strcmp(watched, of_calls[i].watched) != 0)
			fail_msg("%s: '%s', expected '%s'", of_calls[i].what, watched,
			    of_calls[i].watched);
		for (size_t k = 0; k < n; k++)
			free(rules[k]);
	}
}

static const struct {
	const char *text, *watched;
} files[] = {
	{ "-w /etc/docker -p rwxa -k docker\n", "/etc/docker " },
	{ "  -w /etc/docker -p wa\n# -w /x -p wa\n-w /y\n", "/etc/docker /y " },
	{ "-a always,exit -F path=/x -F perm=wa -F key=k\n-a exit,always -F dir=/y -F perm=aw\n",
	    "/x /y " },
	{ "-a always,exit -F path=/x -F perm=wa -F auid>=1000\n", "" },
	{ "-a always,exit -F arch=b64 -S open -F path=/x\n", "" },
	{ "-a always,exit -S all -F path=/x -F perm=wa\n", "/x " },
	{ "-w /x -p r\n", "" },
	{ "-a never,task\n-w /x -p wa\n", "" },
	{ "-a never,exit -F arch=b64 -S adjtimex,clock_settime\n-w /x -p wa\n", "/x " },
	{ "-a never,exit -F arch=b64 -S adjtimex,rename\n-w /x -p wa\n", "" },
	{ "-a always,exit -F arch=b64 -F path=/x -F perm=wa\n"
	  "-a always,exit -F arch=b32 -F path=/x -F perm=wa\n",
	    "/x " },
	{ "-a always,exit -F arch=b32 -F path=/x -F perm=wa\n", "" },
	{ "-a always,exit -F arch=vax -F path=/x -F perm=wa\n", "" },
	{ "-D\n-b 8192\n-w\n", "" },
	{ "-w /\xff -p wa\n", "/\xef\xbf\xbd " },
};

static void
test_rule_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(snapshot_freep) struct snapshot *s = NULL;
		struct host_audit_input in = { .persistent = files[i].text, .canonical = as_it_is };
		char watched[512];

		assert_int_equal(build_host_audit(&s, &in), 0);
		paths_of(snapshot_get(s, FACT_HOST_AUDIT_PERSISTENT), watched, sizeof(watched));
		assert_string_equal(watched, files[i].watched);
	}
}

static void
test_what_cant_be_asked_is_unreadable(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;
	struct host_audit_input in = {
		.error = EPERM, .persistent_why = "no", .canonical = as_it_is
	};

	(void)state;
	assert_int_equal(build_host_audit(&s, &in), 0);
	assert_int_equal(snapshot_get(s, FACT_HOST_AUDIT_ENABLED)->type, VALUE_UNREADABLE);
	assert_int_equal(snapshot_get(s, FACT_HOST_AUDIT_WATCHES)->type, VALUE_UNREADABLE);
	assert_int_equal(snapshot_get(s, FACT_HOST_AUDIT_PERSISTENT)->type, VALUE_UNREADABLE);
}

static void
test_a_rule_that_lies_of_its_length(void **state)
{
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;
	const struct spec spec = { "always", "exit", "path", "/x", NULL, NULL };
	struct audit_rule_data *rule = make_rule(&spec);
	struct host_audit_input in = {
		.enabled = true, .persistent = "", .canonical = as_it_is, .n_rules = 1
	};

	(void)state;
	rule->values[0] = 4000;
	in.rules = (const struct audit_rule_data *const *)&rule;
	assert_int_equal(build_host_audit(&s, &in), 0);
	assert_int_equal(snapshot_get(s, FACT_HOST_AUDIT_WATCHES)->type, VALUE_UNREADABLE);
	free(rule);
}

/* They spoil their own fact, and not the topic. */
static void
test_too_many_rules(void **state)
{
	static const char rule[] = "-w /etc/docker -p wa -k docker\n";
	const size_t n = 1024 * 1024 / (sizeof(rule) - 1);
	_cleanup_(snapshot_freep) struct snapshot *s = NULL;
	_cleanup_(freep) char *text = calloc(n, sizeof(rule));
	struct host_audit_input in = { .enabled = true, .persistent = text, .canonical = as_it_is };

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * (sizeof(rule) - 1), rule, sizeof(rule));
	assert_int_equal(build_host_audit(&s, &in), 0);
	assert_int_equal(snapshot_get(s, FACT_HOST_AUDIT_PERSISTENT)->type, VALUE_UNREADABLE);
	assert_int_equal(snapshot_get(s, FACT_HOST_AUDIT_WATCHES)->type, VALUE_LIST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_rules),
		cmocka_unit_test(test_calls_of_an_architecture),
		cmocka_unit_test(test_rule_files),
		cmocka_unit_test(test_too_many_rules),
		cmocka_unit_test(test_what_cant_be_asked_is_unreadable),
		cmocka_unit_test(test_a_rule_that_lies_of_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
