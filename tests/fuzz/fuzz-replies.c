/* SPDX-License-Identifier: Apache-2.0
 *
 * Replies of the engine into facts. Every builder gets every document: what is not its own is
 * nonsense that it must stand as well. */
#include "fuzz.h"

#include "facts/build.h"
#include <json-c/json.h>

static void
build_all(struct json_object *json)
{
	static const bool in_use = true;
	const struct engine_inventory_input inventory = {
		.containers = json,
		.images = json,
		.volumes = json,
	};
	const struct container_inspect_input container = { .inspect = json, .volumes = json };
	struct snapshot *s = NULL;
	int r;

	r = build_container_inspect(&s, &container);
	snapshot_must_hold(r, s);
	r = build_image_inspect(&s, json, &in_use, NULL, INT64_C(1700000000000));
	snapshot_must_hold(r, s);
	r = build_engine_info(&s, json, json, NULL);
	snapshot_must_hold(r, s);
	r = build_engine_bridge(&s, json);
	snapshot_must_hold(r, s);
	r = build_engine_inventory(&s, &inventory);
	snapshot_must_hold(r, s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *json = fuzz_json((const char *)data, size);

	build_all(json);
	json_object_put(json);
	return 0;
}
