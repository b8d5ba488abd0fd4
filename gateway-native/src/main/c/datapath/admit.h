// SPDX-License-Identifier: Apache-2.0
//
// Makes the session of a flow's first packet: the VIP's limit, a backend, a local port, a place in
// the table.
#ifndef DYETRACE_ADMIT_H
#define DYETRACE_ADMIT_H

#include "worker.h"

enum admit_outcome {
	ADMIT_OK,
	ADMIT_NOT_A_SYN,
	ADMIT_DRAINING,
	ADMIT_LIMITED,
	ADMIT_NO_BACKEND,
	ADMIT_NO_HEALTHY_BACKEND,
	ADMIT_NO_PORT,
	ADMIT_TABLE_FULL,
};

enum admit_outcome admit(struct worker *worker, struct packet_meta *meta, const struct vip *vip,
	struct session **session);

// Takes a token of the VIP's new-connection limit. Exposed for its test.
bool admit_take_token(
	struct connection_bucket *bucket, uint32_t limit, unsigned int workers, uint64_t now_ns);

#endif
