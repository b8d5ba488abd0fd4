// SPDX-License-Identifier: Apache-2.0
#include "reply.h"

#include "drop.h"
#include "nat.h"
#include "session_follow.h"
#include "stamp.h"
#include "transmit.h"

void reply_take_key(struct worker *worker, struct packet_meta *meta, struct session *session)
{
	// A probe gets a handful of replies; whoever talks on behind one is ordinary.
	if (!(session->flags & SESSION_MARKED) || session->stamps_left == 0)
		return;
	session->stamps_left--;
	meta->key_state = DT_KEY_VERIFIED;
	meta->prober_id = session->prober_id;
	meta->probe_sequence = session->probe_sequence;
	meta->detail = (session->flags & SESSION_DETAIL) != 0;
	stamp(worker, meta, DT_TP_RX);
}

enum dt_drop_reason session_refused(const struct worker *worker, const struct session *session)
{
	const struct vip *vip = worker->vips->by_slot[session->vip_slot];

	if (!vip || vip->address != session->vip || vip->port != session->vip_port ||
		vip->protocol != session->protocol)
		return DT_DROP_NO_VIP;
	return vip->enabled ? DT_DROP_NONE : DT_DROP_VIP_DISABLED;
}

void reply(struct worker *worker, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	struct vip_counter *counter;
	enum dt_drop_reason refused;
	struct session *session;

	// A probe that was sent to a local address is on its way forward and gets no further.
	if (meta->key_state != DT_KEY_VERIFIED)
		meta->direction = DT_DIR_REPLY;
	meta->stage = DT_TP_SESSION;
	session = session_find_reply(&worker->sessions, meta->hash, view->source, view->destination,
		view->source_port, view->destination_port, view->protocol);
	if (!session) {
		drop(worker, packet,
			view->protocol == PROTOCOL_TCP ? DT_DROP_NON_SYN_NO_SESSION
						       : DT_DROP_NO_VIP);
		return;
	}
	meta->direction = DT_DIR_REPLY;
	meta->vip_slot = session->vip_slot;
	meta->backend_slot = session->backend_slot;
	reply_take_key(worker, meta, session);
	refused = session_refused(worker, session);
	if (refused != DT_DROP_NONE) {
		drop(worker, packet, refused);
		return;
	}
	if (view->ttl <= 1) {
		drop(worker, packet, DT_DROP_TTL_EXCEEDED);
		return;
	}
	session_follow(&worker->sessions, session, false, view->tcp_flags, worker->tick);
	stamp(worker, meta, DT_TP_SESSION);
	nat_reply(packet, session);
	stamp(worker, meta, DT_TP_NAT);
	counter = &worker->vip_counters[session->vip_slot];
	counter->packets[DT_DIR_REPLY]++;
	counter->bytes[DT_DIR_REPLY] += meta->frame_bytes;
	transmit(worker, packet);
}
