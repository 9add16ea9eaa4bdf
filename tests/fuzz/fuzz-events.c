/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's event stream, as it comes over the wire: cut into objects, each turned into calls of
 * a sink. Whatever the pieces in which it comes, the same is heard, or there is no sense in it. */
#include "fuzz.h"

#include "collect/docker_private.h"
#include "util/sha256.h"
#include "watch/docker_events.h"
#include <event2/event.h>
#include <json-c/json.h>
#include <string.h>

/* What was heard. */
struct ear {
	struct sha256 *digest;
	struct watch_sink sink;
};

static void
hear(struct ear *e, char what, const char *id, const struct cause *cause)
{
	must(strnlen(cause->detail, sizeof(cause->detail)) < sizeof(cause->detail));
	must(strchr(cause->detail, ':') == NULL);
	must(cause->event_ns >= 0);
	sha256_add(e->digest, &what, 1);
	if (id != NULL)
		sha256_add(e->digest, id, strlen(id) + 1);
	sha256_add(e->digest, cause->detail, strlen(cause->detail) + 1);
}

static void
on_named(void *arg, const char *container, const char *name, const char *image, bool made,
    const struct cause *cause)
{
	must(container[0] != '\0' && name != NULL && image != NULL);
	hear(arg, made ? 'm' : 'n', container, cause);
	hear(arg, 'n', name, cause);
	hear(arg, 'n', image, cause);
}

static void
on_stale(
    void *arg, enum subject_kind kind, const char *id, enum topic topic, const struct cause *cause)
{
	must((id != NULL && id[0] != '\0') || kind == SUBJECT_ENGINE);
	must(topic == TOPIC_ALL || topic_table[topic].kind == kind);
	hear(arg, 's', id, cause);
}

static void
on_gone(void *arg, enum subject_kind kind, const char *id, const struct cause *cause)
{
	must(kind == SUBJECT_CONTAINER && id[0] != '\0');
	hear(arg, 'g', id, cause);
}

static void
on_exec(void *arg, const char *container, const char *exec, const struct cause *cause)
{
	must(container[0] != '\0' && exec[0] != '\0');
	hear(arg, 'e', container, cause);
	hear(arg, 'e', exec, cause);
}

static void
on_json(void *arg, struct json_object *json)
{
	struct ear *e = arg;

	must(docker_event_deliver(&e->sink, json) >= 0);
}

static void
on_end(void *arg, const char *why)
{
	must(!"a stream that nobody ended ends");
}

/* In pieces of up to `piece` bytes. False: there is no sense in it; what came before was heard. */
static bool
listen_to(char digest[SHA256_HEX + 1], const char *data, size_t size, size_t piece)
{
	static struct event_base *base;
	static struct docker *docker;
	struct ear ear = { 0 };
	struct docker_stream_handlers handlers = {
		.on_json = on_json, .on_end = on_end, .arg = &ear
	};
	struct docker_stream *stream;
	bool sense = true;

	if (base == NULL) {
		base = event_base_new();
		must(base != NULL && docker_new(&docker, base, "/nonexistent", 1) == 0);
	}
	must(sha256_new(&ear.digest) == 0);
	ear.sink = (struct watch_sink){
		.arg = &ear, .named = on_named, .stale = on_stale, .gone = on_gone, .exec = on_exec
	};
	must(docker_stream_open(&stream, docker, "/events", &handlers) == 0);
	for (size_t at = 0, n; sense && at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		sense = stream_take(stream, data + at, n);
		must(sense || stream->why[0] != '\0');
	}
	stream_deliver(stream);
	(void)docker_stream_close(stream);
	sha256_finish(ear.digest, digest);
	ear.digest = sha256_free(ear.digest);
	return sense;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char whole[SHA256_HEX + 1], pieces[SHA256_HEX + 1];

	/* A piece without sense is refused as a whole; of a number that makes none, json-c says so
	 * where a piece ends. So what may differ is how much of an unfinished object is taken. */
	if (listen_to(whole, text, size, SIZE_MAX)) {
		(void)listen_to(pieces, text, size, 1 + size % 7);
		must(strcmp(whole, pieces) == 0);
	}
	return 0;
}
