/* SPDX-License-Identifier: Apache-2.0 */
#include "report/metrics.h"
#include "report/member.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const drift_types[] = { "regressed", "restored", "changed", "appeared",
	"carried", "gone", "notice" };

/* Upper bounds of the histogram's buckets. */
static const double lag_bounds_s[] = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 60 };

struct metrics {
	struct ledger *ledger;
	uint64_t read;       /* the last row that was counted */
	unsigned generation; /* of the ledger */
	uint64_t drifts[ARRAY_SIZE(drift_types)];
	uint64_t lags[ARRAY_SIZE(lag_bounds_s)]; /* per bucket, not summed up */
	uint64_t n_lags;
	double lag_sum_s;
};

int
metrics_new(struct metrics **ret, struct ledger *ledger)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return -ENOMEM;
	m->ledger = ledger;
	m->read = ledger_last_seq(ledger);
	m->generation = ledger_generation(ledger);
	*ret = m;
	return 0;
}

struct metrics *
metrics_free(struct metrics *m)
{
	free(m);
	return NULL;
}

static void
count_lag(struct metrics *m, struct json_object *latency_ms)
{
	double lag = json_object_get_double(latency_ms) / 1000;

	if (latency_ms == NULL)
		return;
	m->n_lags++;
	m->lag_sum_s += lag;
	for (size_t i = 0; i < ARRAY_SIZE(lag_bounds_s); i++) {
		if (lag <= lag_bounds_s[i]) {
			m->lags[i]++;
			break;
		}
	}
}

static int
count_row(void *arg, uint64_t seq, const char *line, size_t len)
{
	struct metrics *m = arg;
	struct json_object *row = json_tokener_parse(line);
	const char *type = member_text(row, "type");

	for (size_t i = 0; i < ARRAY_SIZE(drift_types); i++)
		m->drifts[i] += strcmp(drift_types[i], type) == 0;
	count_lag(m, member(row, "latency_ms"));
	(void)json_object_put(row);
	m->read = seq;
	return 0;
}

void
metrics_run(struct metrics *m)
{
	if (m->generation != ledger_generation(m->ledger)) {
		m->generation = ledger_generation(m->ledger);
		m->read = ledger_opened_at(m->ledger);
	}
	while (m->read < ledger_last_seq(m->ledger)) {
		uint64_t before = m->read;

		if (ledger_each_row(m->ledger, before, 64, count_row, m) != 0 || m->read == before)
			return;
	}
}

/* --- text --- */

static void
head(FILE *out, const char *name, const char *type, const char *help)
{
	(void)fprintf(
	    out, "# HELP plimsoll_%s %s\n# TYPE plimsoll_%s %s\n", name, help, name, type);
}

static void
single(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
	head(out, name, type, help);
	(void)fprintf(out, "plimsoll_%s %llu\n", name, (unsigned long long)value);
}

enum { COUNTS = _VERDICTS + _EXCEPTION_STATES };

static int
count_finding(void *arg, const struct finding_view *view)
{
	unsigned(*counts)[COUNTS] = arg;
	unsigned as =
	    view->exception == NULL ? view->verdict : _VERDICTS + (unsigned)view->exception->state;

	counts[view->rule->index][as]++;
	return 0;
}

static int
write_findings(const struct judge *judge, FILE *out)
{
	const struct rulebook *rb = judge_rulebook(judge);
	unsigned(*counts)[COUNTS] = calloc(rb->n_rules + 1, sizeof(*counts));

	if (counts == NULL)
		return -ENOMEM;
	(void)judge_each_finding(judge, count_finding, counts);
	head(out, "findings", "gauge",
	    "Findings by rule, and verdict or exception, where there are any.");
	for (unsigned i = 0; i < rb->n_rules; i++)
		for (unsigned as = 0; as < COUNTS; as++)
			if (counts[i][as] != 0)
				(void)fprintf(out,
				    "plimsoll_findings{rule=\"%s\",verdict=\"%s\"} %u\n",
				    rb->rules[i]->key,
				    as < _VERDICTS ? verdict_name(as)
						   : exception_state_name(as - _VERDICTS),
				    counts[i][as]);
	free(counts);
	return 0;
}

static void
write_rule(
    FILE *out, const struct rule *rule, const char *benchmark, const char *id, unsigned level)
{
	(void)fprintf(out,
	    "plimsoll_rule_info{rule=\"%s\",benchmark=\"%s\",id=\"%s\",level=\"%.*u\","
	    "severity=\"%s\"} 1\n",
	    rule->key, benchmark, id, level > 0, level, severity_name(rule->severity));
}

/* A rule that no benchmark has, a site's own, has one without a number. */
static int
write_rules(const struct rulebook *rb, FILE *out)
{
	_cleanup_(freep) bool *written = calloc(rb->n_rules + 1, sizeof(*written));

	if (written == NULL)
		return -ENOMEM;
	head(out, "rule_info", "gauge",
	    "The number of a rule in a benchmark; of a rule in no benchmark, its severity alone.");
	for (unsigned i = 0; i < rb->n_benchmarks; i++) {
		const struct benchmark *b = &rb->benchmarks[i];

		for (unsigned k = 0; k < b->n_entries; k++) {
			const struct benchmark_entry *e = &b->entries[k];

			if (e->rule == NULL)
				continue;
			write_rule(out, e->rule, b->id, e->id, e->level);
			written[e->rule->index] = true;
		}
	}
	for (unsigned i = 0; i < rb->n_rules; i++)
		if (!written[i])
			write_rule(out, rb->rules[i], "", "", 0);
	return 0;
}

static void
write_drifts(const struct metrics *m, FILE *out)
{
	uint64_t sum = 0;

	head(out, "drifts_total", "counter", "Rows of drift by type.");
	for (size_t i = 0; i < ARRAY_SIZE(drift_types); i++)
		(void)fprintf(out, "plimsoll_drifts_total{type=\"%s\"} %llu\n", drift_types[i],
		    (unsigned long long)m->drifts[i]);
	head(out, "event_lag_seconds", "histogram",
	    "From what changed, by its own clock, to the commit in the ledger.");
	for (size_t i = 0; i < ARRAY_SIZE(lag_bounds_s); i++) {
		sum += m->lags[i];
		(void)fprintf(out, "plimsoll_event_lag_seconds_bucket{le=\"%g\"} %llu\n",
		    lag_bounds_s[i], (unsigned long long)sum);
	}
	(void)fprintf(out,
	    "plimsoll_event_lag_seconds_bucket{le=\"+Inf\"} %llu\n"
	    "plimsoll_event_lag_seconds_sum %.6f\nplimsoll_event_lag_seconds_count %llu\n",
	    (unsigned long long)m->n_lags, m->lag_sum_s, (unsigned long long)m->n_lags);
}

static void
write_sources(const struct judge *judge, FILE *out)
{
	int64_t since;
	const char *why;

	head(out, "source_up", "gauge", "1 while the source sees, 0 while it is blind.");
	for (int s = 0; s < _WATCH_SOURCES; s++)
		(void)fprintf(out, "plimsoll_source_up{source=\"%s\"} %d\n", watch_source_name(s),
		    judge_source_sees(judge, s, &since, &why) ? 1 : 0);
	head(out, "blind_seconds_total", "counter", "Time in which the source was blind.");
	for (int s = 0; s < _WATCH_SOURCES; s++)
		(void)fprintf(out, "plimsoll_blind_seconds_total{source=\"%s\"} %.3f\n",
		    watch_source_name(s), (double)judge_blind_ms(judge, s) / 1000);
	head(out, "gaps_total", "counter", "Times that the source went blind.");
	for (int s = 0; s < _WATCH_SOURCES; s++)
		(void)fprintf(out, "plimsoll_gaps_total{source=\"%s\"} %u\n", watch_source_name(s),
		    judge_gaps(judge, s));
}

static void
write_counters(const struct judge *judge, struct collector *collector, int64_t looked_ms, FILE *out)
{
	const struct judge_counters *j = judge_counters(judge);
	const struct collector_counters *c = collector_counters(collector);

	single(out, "evaluations_total", "counter", "Rules judged for a subject.", j->evaluations);
	head(out, "api_calls_total", "counter", "Requests to the engine.");
	(void)fprintf(out, "plimsoll_api_calls_total{status=\"ok\"} %llu\n",
	    (unsigned long long)(c->api_calls - c->api_errors));
	(void)fprintf(out, "plimsoll_api_calls_total{status=\"error\"} %llu\n",
	    (unsigned long long)c->api_errors);
	head(out, "last_resync_timestamp_seconds", "gauge",
	    "When everything was last looked at; 0 before the first time.");
	(void)fprintf(
	    out, "plimsoll_last_resync_timestamp_seconds %.3f\n", (double)looked_ms / 1000);
	single(out, "missed_changes_total", "counter",
	    "Changes that no watcher announced; the goal is 0.", j->missed_changes);
	single(out, "queue_depth", "gauge", "Stale topics that wait.", judge_queue_depth(judge));
}

static void
write_process(FILE *out)
{
	struct rusage usage = { 0 };
	unsigned long long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (statm != NULL) {
		if (fscanf(statm, "%*u %llu", &pages) != 1)
			pages = 0;
		(void)fclose(statm);
	}
	(void)getrusage(RUSAGE_SELF, &usage);
	(void)fprintf(out,
	    "# HELP process_resident_memory_bytes Memory in use.\n"
	    "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %llu\n",
	    pages * (unsigned long long)sysconf(_SC_PAGESIZE));
	(void)fprintf(out,
	    "# HELP process_cpu_seconds_total Time on the processor.\n"
	    "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.3f\n",
	    (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

int
metrics_write(const struct metrics *m, const struct judge *judge, struct collector *collector,
    int64_t looked_ms, FILE *out)
{
	int r;

	head(out, "build_info", "gauge", "The daemon's version.");
	(void)fprintf(out, "plimsoll_build_info{version=\"%s\"} 1\n", PLIMSOLL_VERSION);
	r = write_rules(judge_rulebook(judge), out);
	if (r < 0)
		return r;
	write_drifts(m, out);
	write_sources(judge, out);
	write_counters(judge, collector, looked_ms, out);
	write_process(out);
	return write_findings(judge, out);
}
