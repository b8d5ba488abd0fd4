// SPDX-License-Identifier: Apache-2.0
//
// A backend's packet, at the worker that owns its session.
#ifndef DYETRACE_REPLY_H
#define DYETRACE_REPLY_H

#include "worker.h"

void reply(struct worker *worker, struct rte_mbuf *packet);

// The packet belongs to a probe's session: from now on it carries the probe's key, and its arrival
// is stamped.
void reply_take_key(struct worker *worker, struct packet_meta *meta, struct session *session);

// The VIP of a session; DT_DROP_NONE, or why it lets no packet through.
enum dt_drop_reason session_vip(
	const struct worker *worker, const struct session *session, const struct vip **vip);

#endif
