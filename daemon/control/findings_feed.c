/* SPDX-License-Identifier: Apache-2.0 */
#include "control/findings_feed.h"
#include "control/api.h"
#include "control/filter_finding.h"
#include "control/server.h"
#include "report/findings_json.h"

#include <errno.h>
#include <event2/buffer.h>
#include <string.h>

enum { PIECE = 32 * 1024 };

struct findings_feed {
	struct feed *feed;
	struct filter *filter;
	const struct judge *judge;
	char rulebook[sizeof(((struct rulebook *)0)->sha256)]; /* with which it began */
	struct findings_json *document;
};

static void
free_all(struct findings_feed *f)
{
	(void)findings_json_free(f->document);
	(void)filter_free(f->filter);
	free(f);
}

static bool
is_wanted(void *arg, const struct finding_view *view)
{
	const struct findings_feed *f = arg;

	return filter_matches_finding(f->filter, UINT32_MAX, judge_rulebook(f->judge), view);
}

static bool
is_wanted_left_out(void *arg, const struct left_out *left_out)
{
	const struct findings_feed *f = arg;

	return filter_matches_left_out(f->filter, judge_rulebook(f->judge), left_out);
}

/* The next piece of the document; 0 or -ENOMEM. */
static int
put_piece(struct findings_feed *f, struct evbuffer *data, bool *ret_complete)
{
	const char *text;
	size_t len;
	int r = findings_json_next(f->document, PIECE, &text, &len, ret_complete);

	if (r == 0 && evbuffer_add(data, text, len) < 0)
		r = -ENOMEM;
	return r;
}

static bool
is_same_rulebook(const struct findings_feed *f)
{
	return strcmp(judge_rulebook(f->judge)->sha256, f->rulebook) == 0;
}

static void
on_drained(void *arg)
{
	struct findings_feed *f = arg;
	struct evbuffer *data = evbuffer_new();
	bool complete = false;

	/* A document that breaks off must not look like a complete one; one that other rules have
	 * come between is none. */
	if (data == NULL || !is_same_rulebook(f) || put_piece(f, data, &complete) != 0) {
		(void)feed_cut(f->feed);
		free_all(f);
	} else {
		feed_put(f->feed, data);
		if (complete) {
			(void)feed_end(f->feed);
			free_all(f);
		}
	}
	if (data != NULL)
		evbuffer_free(data);
}

static void
on_closed(void *arg)
{
	free_all(arg);
}

void
findings_feed(struct request *rq, const struct api_config *config, struct filter *filter)
{
	struct findings_feed *f = calloc(1, sizeof(*f));
	struct feed_handlers handlers = { on_drained, on_closed, f };
	struct findings_query query = { .judge = config->judge,
		.wanted = is_wanted,
		.wanted_left_out = is_wanted_left_out,
		.benchmark = filter_benchmark(filter, judge_rulebook(config->judge)),
		.arg = f,
		.started_ms = config->look->started_ms,
		.took_ms = config->look->took_ms };

	if (f == NULL || findings_json_new(&f->document, &query) != 0) {
		request_fail(rq, 500, "out of memory", "try again");
		(void)filter_free(filter);
		free(f);
		return;
	}
	f->filter = filter;
	f->judge = config->judge;
	memcpy(f->rulebook, judge_rulebook(f->judge)->sha256, sizeof(f->rulebook));
	if (request_feed(rq, &f->feed, "application/json", &handlers) != 0)
		free_all(f);
	else
		on_drained(f);
}
