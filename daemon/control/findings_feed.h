/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /v1/findings: the document goes out as fast as the client reads it. */
#ifndef CONTROL_FINDINGS_FEED_H
#define CONTROL_FINDINGS_FEED_H

struct api_config;
struct filter;
struct request;

/* Answers the request. Takes the filter over. The config stays borrowed for as long as it takes. */
void findings_feed(struct request *rq, const struct api_config *config, struct filter *filter);

#endif
