// SPDX-License-Identifier: Apache-2.0
//
// A client's packet, at the worker that owns its flow: VIP, limits, session, translation or tunnel,
// next hop.
#ifndef DYETRACE_FORWARD_H
#define DYETRACE_FORWARD_H

#include "worker.h"

void forward(struct worker *worker, struct rte_mbuf *packet);

// The VIP that a packet is for; sets the meta's service and slot. DT_DROP_NONE, or why there is
// none. *vip may be set all the same: it is disabled.
enum dt_drop_reason forward_find_vip(
	struct worker *worker, struct packet_meta *meta, const struct vip **vip);

#endif
