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
enum dt_drop_reason forward_look_up_vip(
	struct worker *worker, struct packet_meta *meta, const struct vip **vip);

static inline enum dt_drop_reason forward_find_vip(
	struct worker *worker, struct packet_meta *meta, const struct vip **vip)
{
	const struct packet_view *view = &meta->view;
	const struct vip *v = vip_recall(&worker->vip_recent, worker->vips, &view->destination,
		view->destination_port, view->protocol);

	if (unlikely(!v))
		return forward_look_up_vip(worker, meta, vip);
	meta->stage = DT_TP_VIP_LOOKUP;
	meta->vip_slot = v->slot;
	meta->service = v->service;
	meta->vip_generation = worker->vips->generation;
	*vip = v;
	return DT_DROP_NONE;
}

#endif
