// SPDX-License-Identifier: Apache-2.0
#include "reply.h"

#include "drop.h"
#include "icmp_answer.h"
#include "leave.h"
#include "nat.h"
#include "session_follow.h"
#include "stamp.h"
#include "transmit.h"

void reply_take_key(struct worker *worker, struct packet_meta *meta, struct session *session)
{
	// A probe gets a handful of replies; whoever talks on behind one is ordinary.
	if (likely(!(session->flags & SESSION_MARKED)) || session->stamps_left == 0)
		return;
	session->stamps_left--;
	meta->key_state = DT_KEY_VERIFIED;
	meta->stamped = true;
	meta->prober_id = session->prober_id;
	meta->probe_sequence = session->probe_sequence;
	meta->detail = (session->flags & SESSION_DETAIL) != 0;
	stamp(worker, meta, DT_TP_RX);
}

enum dt_drop_reason session_vip(
	const struct worker *worker, const struct session *session, const struct vip **vip)
{
	*vip = worker->vips->by_service[session->service];
	if (unlikely(!*vip))
		return DT_DROP_NO_VIP;
	return likely((*vip)->enabled) ? DT_DROP_NONE : DT_DROP_VIP_DISABLED;
}

// What came for nobody. A packet to an address that is not ours was looked up as a DNAT reply only
// because no VIP has its destination, which is what is to be said of it.
static void drop_unknown(struct worker *worker, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);

	if (meta->local_index == SESSION_LOCAL_CLIENT) {
		meta->stage = DT_TP_VIP_LOOKUP;
		drop(worker, packet, DT_DROP_NO_VIP);
		return;
	}
	// A probe that was sent to a local address is on its way forward and gets no further.
	if (!meta->stamped)
		meta->direction = DT_DIR_REPLY;
	drop(worker, packet,
		meta->view.protocol == PROTOCOL_UDP ? DT_DROP_NO_VIP : DT_DROP_NON_SYN_NO_SESSION);
}

static void clamp_mss(struct worker *worker, struct rte_mbuf *packet, const struct vip *vip,
	const struct session_ends *ends)
{
	unsigned int client_bytes = ip_is_v4(ends->client) ? IPV4_MIN_BYTES : IPV6_BYTES;
	unsigned int backend_bytes = ip_is_v4(ends->backend) ? IPV4_MIN_BYTES : IPV6_BYTES;
	struct way to_backend = way_to(NULL, ends->backend, (int)backend_bytes - (int)client_bytes);

	leave_clamp_mss(worker, packet, &to_backend, client_bytes, vip->mss_clamp);
}

// What most replies need, in few steps. false: the long way, nothing has been done.
static inline bool translate_common(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, const struct session *session)
{
	if (unlikely(!session->tcp_v4 || session->tunnel ||
		     (packet_meta(packet)->view.tcp_flags & TCP_SYN) ||
		     packet->pkt_len > worker->least_mtu))
		return false;
	nat_tcp_v4(packet, ip_v4(&vip->address), ip_v4(&session->client),
		(uint32_t)vip->port << 16 | session->client_port,
		(uint16_t)~session->address_delta);
	stamp(worker, packet_meta(packet), DT_TP_NAT);
	return true;
}

static enum dt_drop_reason translate(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, const struct session *session)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	const struct tunnel *tunnel = node_tunnel_back(worker->node, session->tunnel);
	struct session_ends ends = session_ends(worker, session, vip);
	struct way way = way_to(tunnel, ends.client, nat_growth(view, ends.client));
	enum dt_drop_reason reason;

	meta->stage = DT_TP_NAT;
	if (unlikely(!leave_fits(worker, packet, &way, 0)))
		return leave_too_big(worker, packet, &way);
	if (unlikely(view->protocol == PROTOCOL_TCP && (view->tcp_flags & TCP_SYN)))
		clamp_mss(worker, packet, vip, &ends);
	reason = nat_reply(worker, packet, session, &ends);
	if (unlikely(reason != DT_DROP_NONE))
		return reason;
	stamp(worker, meta, DT_TP_NAT);
	if (likely(!tunnel))
		return DT_DROP_NONE;
	meta->stage = DT_TP_ENCAP;
	reason = leave_encapsulate(packet, tunnel);
	if (reason == DT_DROP_NONE)
		stamp(worker, meta, DT_TP_ENCAP);
	return reason;
}

static inline enum dt_drop_reason let_through(
	struct worker *worker, struct rte_mbuf *packet, struct session *session)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct vip *vip;
	enum dt_drop_reason reason = session_vip(worker, session, &vip);

	reply_take_key(worker, meta, session);
	if (unlikely(reason != DT_DROP_NONE))
		return reason;
	if (unlikely(meta->view.ttl <= 1)) {
		icmp_answer(worker, packet, ICMP_ERROR_TIME_EXCEEDED, 0);
		return DT_DROP_TTL_EXCEEDED;
	}
	session_follow(
		&worker->sessions, session, false, session_follow_flags(&meta->view), worker->tick);
	stamp(worker, meta, DT_TP_SESSION);
	if (likely(translate_common(worker, packet, vip, session)))
		return DT_DROP_NONE;
	return translate(worker, packet, vip, session);
}

void reply(struct worker *worker, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	struct vip_counter *counter;
	enum dt_drop_reason reason;
	struct session *session;

	meta->stage = DT_TP_SESSION;
	session = session_find_reply(&worker->sessions, meta->hash, &view->source,
		view->source_port, meta->local_index, &view->destination, view->destination_port,
		view->protocol);
	if (unlikely(!session)) {
		drop_unknown(worker, packet);
		return;
	}
	meta->direction = DT_DIR_REPLY;
	meta->vip_slot = worker->service_slots[session->service];
	meta->backend_slot = worker->node->targets[session->target].backend_slot;
	reason = let_through(worker, packet, session);
	if (unlikely(reason != DT_DROP_NONE)) {
		drop(worker, packet, reason);
		return;
	}
	counter = &worker->vip_counters[meta->vip_slot];
	counter->packets[DT_DIR_REPLY]++;
	counter->bytes[DT_DIR_REPLY] += meta->frame_bytes;
	transmit(worker, packet);
}
