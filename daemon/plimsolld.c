/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsolld: the daemon. Composes what the folders hold, and lives with systemd: readiness, the
 * watchdog, signals, a socket that is handed over. */
#include "collect/collector.h"
#include "collect/docker.h"
#include "collect/host.h"
#include "control/api.h"
#include "control/listen.h"
#include "control/options.h"
#include "control/reload.h"
#include "control/server.h"
#include "control/setup.h"
#include "judge/judge.h"
#include "report/audit_table.h"
#include "report/consumer.h"
#include "report/heartbeat.h"
#include "report/metrics.h"
#include "report/outlets.h"
#include "report/text.h"
#include "report/writer.h"
#include "util/clock.h"
#include "watch/actors.h"
#include "watch/audit.h"
#include "watch/docker_events.h"
#include "watch/files.h"
#include "watch/mounts.h"

#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum {
	EXIT_FAILED = 1,  /* something that it cannot do without */
	EXIT_INVALID = 2, /* usage, settings or rules */
};

enum { SIGNALS = 3 };

struct plimsolld {
	struct options options;
	struct setup *setup;
	struct rulebook *rb;
	struct event_base *base;
	struct event *signals[SIGNALS], *watchdog;
	struct timeval watchdog_every;
	struct ledger *ledger;
	char *set_aside; /* why the ledger is a new one; NULL: it isn't for that */
	struct collector *collector;
	struct judge *judge;
	struct actors *actors;
	struct docker_events *events;
	struct files_watch *files;
	struct mounts_watch *mounts;
	struct audit_watch *audit;
	struct heartbeat *heartbeat;
	struct metrics *metrics;
	struct outlets *outlets;        /* the journal and syslog */
	struct writer *terminal_writer; /* to stdout */
	struct consumer *terminal;
	struct api *api;
	struct api_look look;
	int64_t look_began_ms, started_ms, started_monotonic_ms; /* monotonic, real, monotonic */
	bool owns_socket, printed;
};

/* --- the daemon's own log --- */

/* systemd reads a level from the beginning of a line. */
static bool log_has_levels;

static void say(int priority, const char *format, ...) _printf_(2, 3);

static void
say(int priority, const char *format, ...)
{
	va_list args;

	if (log_has_levels)
		(void)fprintf(stderr, "<%d>", priority);
	else
		(void)fputs("plimsolld: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

static void
on_libevent_log(int severity, const char *message)
{
	if (severity >= EVENT_LOG_WARN)
		say(LOG_WARNING, "libevent: %s", message);
}

static void
say_lines(const char *text)
{
	for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		say(LOG_ERR, "%.*s", (int)len, text);
	}
}

static int
fail(const char *what, int r)
{
	say(LOG_ERR, "%s: %s", what, strerror(-r));
	return EXIT_FAILED;
}

/* --- what the judge says --- */

static void
run_terminal(void *arg)
{
	const struct plimsolld *d = arg;

	if (d->terminal != NULL)
		consumer_run(d->terminal);
}

static void
on_committed(void *arg)
{
	struct plimsolld *d = arg;

	if (d->outlets != NULL)
		outlets_run(d->outlets);
	run_terminal(d);
	if (d->metrics != NULL)
		metrics_run(d->metrics);
	if (d->api != NULL)
		api_committed(d->api);
}

static void
on_files(void *arg, const char *const *paths, size_t n)
{
	struct plimsolld *d = arg;

	if (d->files != NULL && files_watch_set(d->files, paths, n) != 0)
		say(LOG_WARNING, "files are not watched: out of memory");
}

static bool
find_actor(void *arg, const char *path, const char *target, int64_t since_ms, unsigned wait_ms,
    struct actor *ret)
{
	const struct plimsolld *d = arg;

	return actors_find(d->actors, path, target, since_ms, wait_ms, ret);
}

static void
on_trouble(void *arg, const char *what)
{
	say(LOG_WARNING, "%s", what);
}

/* --- printing, for a daemon that somebody looks at --- */

struct text_job {
	struct writer_job job; /* must be first */
	char *text;
};

static bool
text_write(struct writer_job *job)
{
	(void)fputs(((struct text_job *)job)->text, stdout);
	(void)fflush(stdout);
	return true;
}

static void
text_free(struct writer_job *job)
{
	free(((struct text_job *)job)->text);
	free(job);
}

/* A terminal that was stopped must not stop us: the writer's thread prints. Consumes `text`. */
static void
print_text(struct plimsolld *d, char *text)
{
	struct text_job *job = calloc(1, sizeof(*job));

	if (job == NULL || text == NULL) {
		free(job);
		free(text);
		return;
	}
	job->job = (struct writer_job){ NULL, text_write, text_free, text_free };
	job->text = text;
	writer_add(d->terminal_writer, &job->job);
}

static void
print_audit(struct plimsolld *d)
{
	struct style style = style_of(STDOUT_FILENO);
	struct findings_query query = {
		.judge = d->judge, .started_ms = d->look.started_ms, .took_ms = d->look.took_ms
	};
	struct json_object *engine = judge_engine_json(d->judge);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	(void)audit_table_print(&query, AUDIT_TABLE_BAD, false, out, &style);
	if (engine == NULL)
		(void)fprintf(out, "waiting for a Docker engine at %s\n",
		    docker_socket(collector_docker(d->collector)));
	(void)json_object_put(engine);
	if (fclose(out) != 0)
		TAKE(text);
	print_text(d, text);
}

static void
follow_drift(struct plimsolld *d)
{
	int r = consumer_new(
	    &d->terminal, &consumer_terminal, d->base, d->ledger, d->terminal_writer, NULL, NULL);

	if (r != 0)
		say(LOG_WARNING, "drift is not printed: %s", strerror(-r));
}

static void
tell_where_settings_say(struct plimsolld *d)
{
	int r = outlets_set(d->outlets, &d->rb->settings);

	if (r != 0)
		say(LOG_WARNING, "drift is not told everywhere: %s", strerror(-r));
}

/* --- the end of a look --- */

static void
tell_systemd(const struct plimsolld *d)
{
	struct judge_summary s = judge_summary(d->judge);

	(void)sd_notifyf(0, "STATUS=%u fail, %u unknown, %u to review, %u pass; %u rules",
	    s.verdicts[VERDICT_FAIL], s.verdicts[VERDICT_UNKNOWN], s.verdicts[VERDICT_REVIEW],
	    s.verdicts[VERDICT_PASS], d->rb->n_rules);
}

static void
on_settled(void *arg)
{
	struct plimsolld *d = arg;
	int64_t now = clock_monotonic_ms();

	d->look.took_ms = (double)(now - d->look_began_ms);
	d->look.started_ms = clock_realtime_ms() - (now - d->look_began_ms);
	/* The lists of a look are big and gone again. */
	(void)malloc_trim(0);
	tell_systemd(d);
	if (!d->options.print || d->printed)
		return;
	d->printed = true;
	print_audit(d);
	follow_drift(d);
}

static int
look(void *arg)
{
	struct plimsolld *d = arg;

	d->look_began_ms = clock_monotonic_ms();
	return judge_look(d->judge, d->look.took_ms == 0 ? CAUSE_START : CAUSE_RESYNC);
}

/* --- watchers --- */

static void
on_globs(void *arg, const char *pattern, bool moved)
{
	const struct plimsolld *d = arg;

	judge_files_changed(d->judge, pattern, moved);
}

/* What is mounted may cover any file. */
static void
on_mounts(void *arg)
{
	const struct plimsolld *d = arg;
	struct cause cause = { .source = CAUSE_MOUNT,
		.detail = "mount table changed",
		.woke_ns = clock_monotonic_ns() };

	files_watch_check(d->files, &cause);
}

static int
start_watching(struct plimsolld *d)
{
	const struct watch_sink *sink = judge_sink(d->judge);
	int r;

	/* Without it nobody is named; nothing else depends on it. */
	if (actors_new(&d->actors, d->base) < 0)
		d->actors = NULL;
	r = files_watch_new(&d->files, d->base, collector_host(d->collector), sink, on_globs, d);
	if (r == 0)
		r = mounts_watch_new(&d->mounts, d->base, "/proc/1/mountinfo", sink, on_mounts, d);
	if (r == 0)
		r = audit_watch_new(&d->audit, d->base, sink);
	if (r == 0)
		r = docker_events_new(&d->events, d->base, collector_docker(d->collector), sink);
	return r;
}

/* --- signals and systemd --- */

static void
on_end(evutil_socket_t number, short what, void *arg)
{
	struct plimsolld *d = arg;

	(void)sd_notify(0, "STOPPING=1");
	(void)judge_notice(d->judge, "stopping", NULL);
	outlets_end(d->outlets);
	(void)event_base_loopbreak(d->base);
}

/* It has its intervals from the settings. One that is as it was goes on, however often somebody
 * reloads. */
static void
renew_heartbeat(struct plimsolld *d)
{
	struct heartbeat *heartbeat = NULL;

	if (heartbeat_new(&heartbeat, d->base, d->judge, d->ledger) != 0) {
		say(LOG_WARNING, "heartbeats come as before: out of memory");
		return;
	}
	(void)heartbeat_free(d->heartbeat);
	d->heartbeat = heartbeat;
}

static int
reload(void *arg, struct json_object **ret, char **reterr)
{
	struct plimsolld *d = arg;
	const struct reload_sources sources = { .config = d->options.config,
		.rules_dir = d->options.rules_dir,
		.engine = d->options.engine };
	const struct settings before = d->rb->settings;
	int r;

	d->look_began_ms = clock_monotonic_ms();
	r = reload_run(ret, d->judge, &d->rb, &sources, reterr);
	if (r != 0)
		return r;
	if (before.heartbeat_interval_s != d->rb->settings.heartbeat_interval_s ||
	    before.open_interval_s != d->rb->settings.open_interval_s)
		renew_heartbeat(d);
	tell_where_settings_say(d);
	return 0;
}

static void
on_hangup(evutil_socket_t number, short what, void *arg)
{
	_cleanup_(freep) char *errors = NULL;
	struct json_object *answer = NULL;
	int r;

	(void)sd_notifyf(
	    0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(clock_monotonic_ns() / 1000));
	r = reload(arg, &answer, &errors);
	if (r != 0)
		say_lines(errors == NULL ? strerror(-r) : errors);
	(void)json_object_put(answer);
	(void)sd_notify(0, "READY=1");
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

static int
watch_process(struct plimsolld *d)
{
	static const struct {
		int number;
		event_callback_fn fn;
	} signals[SIGNALS] = { { SIGTERM, on_end }, { SIGINT, on_end }, { SIGHUP, on_hangup } };
	uint64_t usec;

	(void)signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < SIGNALS; i++) {
		d->signals[i] = evsignal_new(d->base, signals[i].number, signals[i].fn, d);
		if (d->signals[i] == NULL || event_add(d->signals[i], NULL) != 0)
			return -ENOMEM;
	}
	if (sd_watchdog_enabled(0, &usec) <= 0)
		return 0;
	d->watchdog_every = (struct timeval){ .tv_sec = (time_t)(usec / 2 / 1000000),
		.tv_usec = (suseconds_t)(usec / 2 % 1000000) };
	d->watchdog = event_new(d->base, -1, EV_PERSIST, on_watchdog, d);
	return d->watchdog == NULL || event_add(d->watchdog, &d->watchdog_every) != 0 ? -ENOMEM : 0;
}

/* --- start --- */

static int
open_ledger(struct plimsolld *d)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(freep) char *why = NULL;
	int r;

	if (asprintf(&path, "%s/plimsoll.db", d->options.state) < 0)
		return fail("ledger", -ENOMEM);
	r = ledger_open(&d->ledger, path, &why);
	if (r < 0) {
		say(LOG_ERR, "%s", why == NULL ? strerror(-r) : why);
		return EXIT_FAILED;
	}
	if (r == LEDGER_E_WAITS)
		say(LOG_ERR, "%s; findings are kept in memory, and it is tried again",
		    why == NULL ? path : why);
	if (r == LEDGER_E_SET_ASIDE) {
		say(LOG_WARNING, "%s", why == NULL ? path : why);
		d->set_aside = TAKE(why);
	}
	return 0;
}

static int
open_socket(struct plimsolld *d)
{
	struct api_config config = { .base = d->base,
		.judge = d->judge,
		.ledger = d->ledger,
		.collector = d->collector,
		.metrics = d->metrics,
		.look = &d->look,
		.started_ms = d->started_ms,
		.started_monotonic_ms = d->started_monotonic_ms,
		.rescan = look,
		.reload = reload,
		.on_trouble = on_trouble,
		.arg = d };
	_cleanup_(freep) char *why = NULL;
	int fd = listen_inherited(), r;

	if (fd == -EINVAL)
		return fail("the socket that systemd hands over", fd);
	if (fd < 0) {
		fd = listen_at(d->options.socket, &why);
		if (fd < 0) {
			say(LOG_ERR, "%s", why == NULL ? strerror(-fd) : why);
			return EXIT_FAILED;
		}
		d->owns_socket = true;
	}
	r = api_new(&d->api, &config, fd);
	return r == 0 ? 0 : fail("socket", r);
}

static int
start_telling(struct plimsolld *d)
{
	int r = metrics_new(&d->metrics, d->ledger);

	if (r == 0)
		r = outlets_new(&d->outlets, d->base, d->ledger, d->judge, d->options.state);
	if (r == 0 && d->options.print)
		r = writer_new(&d->terminal_writer, d->base, run_terminal, d);
	if (r == 0)
		tell_where_settings_say(d);
	return r;
}

static int
start_judging(struct plimsolld *d)
{
	struct judge_handlers handlers = { .arg = d,
		.on_committed = on_committed,
		.on_settled = on_settled,
		.on_files = on_files,
		.find_actor = find_actor,
		.on_trouble = on_trouble };
	struct collector_config config = { .base = d->base,
		.engine_socket =
		    d->options.engine != NULL ? d->options.engine : d->rb->settings.engine_socket,
		.host_root = d->options.host_root,
		.state = d->options.state,
		.parallel = 4 };
	int r = collector_new(&d->collector, &config);

	if (r == 0)
		r = judge_new(&d->judge, d->base, d->rb, d->collector, d->ledger, &handlers);
	if (r == 0)
		r = heartbeat_new(&d->heartbeat, d->base, d->judge, d->ledger);
	return r;
}

static void
say_started(struct plimsolld *d)
{
	const struct docker *docker = collector_docker(d->collector);
	struct json_object *more = json_object_new_object();
	const char *why = NULL;

	(void)json_object_object_add(more, "version", json_object_new_string(PLIMSOLL_VERSION));
	if (d->set_aside != NULL)
		(void)json_object_object_add(
		    more, "set_aside", json_object_new_string(d->set_aside));
	(void)json_object_object_add(more, "rulebook", json_object_new_string(d->rb->sha256));
	(void)judge_notice(d->judge, "started", more);
	if (!docker_alive(collector_docker(d->collector), &why))
		say(LOG_NOTICE, "waiting for a Docker engine at %s (%s); the host is audited",
		    docker_socket(docker), why == NULL ? "none is there" : why);
}

/* Clients come last: while they are answered, every millisecond it is seen whether there is more to
 * do than that. */
static struct event_base *
base_new(void)
{
	static const struct timeval turn = { .tv_usec = 1000 };
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL &&
	    event_config_set_max_dispatch_interval(config, &turn, -1, SERVER_PRIORITY) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	if (base != NULL && event_base_priority_init(base, SERVER_PRIORITIES) != 0) {
		event_base_free(base);
		return NULL;
	}
	return base;
}

/* 0, or the exit status after saying why. */
static int
start(struct plimsolld *d)
{
	int r;

	d->started_ms = d->look.started_ms = clock_realtime_ms();
	d->started_monotonic_ms = clock_monotonic_ms();
	d->base = base_new();
	r = d->base == NULL ? -ENOMEM : watch_process(d);
	if (r != 0)
		return fail("start", r);
	r = open_ledger(d);
	if (r != 0)
		return r;
	r = start_judging(d);
	if (r == 0)
		r = start_telling(d);
	if (r == 0)
		r = start_watching(d);
	if (r != 0)
		return fail("start", r);
	say_started(d);
	r = look(d);
	if (r != 0)
		return fail("the first look", r);
	r = open_socket(d);
	if (r != 0)
		return r;
	(void)sd_notify(0, "READY=1\nSTATUS=looking at everything for the first time");
	return 0;
}

/* --- end --- */

/* Watchers stand on the collector, answers of the collector go to the judge, and what was judged is
 * told to the last. */
static void
plimsolld_deinit(struct plimsolld *d)
{
	(void)api_free(d->api);
	(void)heartbeat_free(d->heartbeat);
	(void)docker_events_free(d->events);
	(void)audit_watch_free(d->audit);
	(void)mounts_watch_free(d->mounts);
	(void)files_watch_free(d->files);
	(void)actors_free(d->actors);
	(void)outlets_free(d->outlets);
	(void)writer_free(d->terminal_writer);
	(void)consumer_free(d->terminal);
	(void)metrics_free(d->metrics);
	(void)collector_free(d->collector);
	(void)judge_free(d->judge);
	(void)ledger_free(d->ledger);
	free(d->set_aside);
	for (unsigned i = 0; i < SIGNALS; i++)
		if (d->signals[i] != NULL)
			event_free(d->signals[i]);
	if (d->watchdog != NULL)
		event_free(d->watchdog);
	if (d->base != NULL)
		event_base_free(d->base);
	(void)rulebook_free(d->rb);
	(void)setup_free(d->setup);
	if (d->owns_socket)
		(void)unlink(d->options.socket);
	options_deinit(&d->options);
	libevent_global_shutdown();
}

static int
load(struct plimsolld *d)
{
	_cleanup_(freep) char *errors = NULL;
	int r = setup_new(&d->setup, d->options.config, d->options.rules_dir);

	if (r == 0)
		r = rulebook_load(&d->rb, &d->setup->paths, &errors);
	if (r == 0 && d->options.engine != NULL)
		d->rb->settings.engine_socket = d->options.engine;
	if (r == 0)
		return 0;
	if (errors == NULL)
		say(LOG_ERR, "rules: %s", strerror(-r));
	else
		say_lines(errors);
	return EXIT_INVALID;
}

static int
run(struct plimsolld *d)
{
	int r = load(d);

	if (r != 0)
		return r;
	if (d->options.test_config) {
		(void)printf("%u rules, %u benchmarks and %u exceptions: nothing is wrong\n",
		    d->rb->n_rules, d->rb->n_benchmarks, d->rb->n_exceptions);
		return 0;
	}
	if (access(d->options.host_root, F_OK) != 0)
		return fail(d->options.host_root, -errno);
	r = start(d);
	if (r == 0 && event_base_dispatch(d->base) < 0)
		r = fail("event loop", -EIO);
	return r;
}

static void
print_help(uint32_t groups)
{
	(void)puts("usage: plimsolld [OPTION...]\n\n"
		   "Audits this host against the CIS Docker Benchmark, all the time.\n");
	options_print(stdout, groups);
}

int
main(int argc, char **argv)
{
	const uint32_t groups = OPTIONS_OF_DAEMON;
	_cleanup_(freep) char *why = NULL;
	struct plimsolld d = { 0 };
	int r;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)umask(0077);
	log_has_levels = sd_is_socket(STDERR_FILENO, AF_UNIX, SOCK_STREAM, 0) > 0;
	event_set_log_callback(on_libevent_log);
	r = options_parse(&d.options, groups, argc, argv, &why);
	if (r != 0) {
		say(LOG_ERR, "%s; try: plimsolld --help", why == NULL ? strerror(-r) : why);
		return EXIT_INVALID;
	}
	if (d.options.help) {
		print_help(groups);
	} else if (d.options.version) {
		(void)puts("plimsolld " PLIMSOLL_VERSION);
	} else if (d.options.n_args > 0) {
		say(LOG_ERR, "no argument is taken: %s", d.options.args[0]);
		r = EXIT_INVALID;
	} else {
		r = run(&d);
	}
	plimsolld_deinit(&d);
	return r;
}
