// SPDX-License-Identifier: Apache-2.0
#include "forward.h"

#include "admit.h"
#include "drop.h"
#include "icmp_answer.h"
#include "leave.h"
#include "nat.h"
#include "session_follow.h"
#include "stamp.h"
#include "toa.h"
#include "transmit.h"

static const enum dt_drop_reason lookup_reasons[] = {
	[VIP_FOUND] = DT_DROP_NONE,
	[VIP_DISABLED] = DT_DROP_VIP_DISABLED,
	[VIP_PROTOCOL_UNSUPPORTED] = DT_DROP_PROTOCOL_UNSUPPORTED,
	[VIP_UNKNOWN] = DT_DROP_NO_VIP,
};

enum dt_drop_reason forward_look_up_vip(
	struct worker *worker, struct packet_meta *meta, const struct vip **vip)
{
	const struct packet_view *view = &meta->view;
	enum vip_lookup_outcome outcome;

	meta->stage = DT_TP_VIP_LOOKUP;
	*vip = NULL;
	outcome = vip_lookup(
		worker->vips, &view->destination, view->destination_port, view->protocol, vip);
	if (outcome == VIP_FOUND)
		vip_remember(&worker->vip_recent, worker->vips, *vip);
	if (*vip) {
		meta->vip_slot = (*vip)->slot;
		meta->service = (*vip)->service;
		meta->vip_generation = worker->vips->generation;
	}
	return lookup_reasons[outcome];
}

// The VIP that was found when the packet came; another table may be in force since.
static inline enum dt_drop_reason recall_vip(
	struct worker *worker, struct packet_meta *meta, const struct vip **vip)
{
	if (unlikely(meta->vip_generation != worker->vips->generation))
		return forward_find_vip(worker, meta, vip);
	*vip = worker->vips->by_service[meta->service];
	return DT_DROP_NONE;
}

static inline enum dt_drop_reason check_rate(
	struct worker *worker, const struct packet_meta *meta, const struct vip *vip)
{
	struct vip_buckets *buckets = &worker->buckets[vip->slot];
	const struct vip_limits *limits = &vip->limits;
	unsigned int owners = node_owners(worker->node);

	if (limits->packets_per_second &&
		!rate_limit_take(&buckets->packets, limits->packets_per_second, 1, owners,
			worker->now.mono_ns))
		return DT_DROP_PACKET_RATE_LIMIT;
	if (limits->bits_per_second &&
		!rate_limit_take(&buckets->bits, limits->bits_per_second, meta->view.ip_len * 8ull,
			owners, worker->now.mono_ns))
		return DT_DROP_BIT_RATE_LIMIT;
	return DT_DROP_NONE;
}

// The session's replies are stamped with the key of the latest verified probe.
static inline void mark(struct session *session, const struct packet_meta *meta)
{
	if (likely(meta->key_state != DT_KEY_VERIFIED))
		return;
	session->flags |= SESSION_MARKED;
	if (meta->detail)
		session->flags |= SESSION_DETAIL;
	else
		session->flags &= (uint8_t)~SESSION_DETAIL;
	session->prober_id = meta->prober_id;
	session->probe_sequence = meta->probe_sequence;
	session->stamps_left = WORKER_REPLY_STAMPS;
}

static inline bool starts_anew(const struct session *session, const struct packet_view *view)
{
	return unlikely(session_is_over(session)) && view->protocol != PROTOCOL_UDP &&
	       (session_follow_flags(view) & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

// A MSS in a SYN is obeyed by the replies. They do not come this way in tunnel mode; then the
// client's own packets, which do, get as much room as a SYN can give them.
static void clamp_mss(struct worker *worker, struct rte_mbuf *packet, const struct vip *vip,
	const struct session *session, const struct session_ends *ends, const struct way *way)
{
	unsigned int ip_bytes = ip_is_v4(ends->backend) ? IPV4_MIN_BYTES : IPV6_BYTES;
	int growth = (ip_is_v4(ends->client) ? IPV4_MIN_BYTES : IPV6_BYTES) - (int)ip_bytes;
	struct way back =
		way_to(node_tunnel_back(worker->node, session->tunnel), ends->client, growth);

	if (vip->mode == VIP_TUNNEL)
		leave_clamp_mss(
			worker, packet, way, packet_meta(packet)->view.l4_offset, vip->mss_clamp);
	else
		leave_clamp_mss(worker, packet, &back, ip_bytes, vip->mss_clamp);
}

// What is the same for every way: MTU and MSS.
static enum dt_drop_reason fit(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, const struct session *session, const struct session_ends *ends,
	const struct way *way)
{
	const struct packet_view *view = &packet_meta(packet)->view;

	if (unlikely(!leave_fits(worker, packet, way, 0)))
		return leave_too_big(worker, packet, way);
	if (unlikely(view->protocol == PROTOCOL_TCP && (view->tcp_flags & TCP_SYN)))
		clamp_mss(worker, packet, vip, session, ends, way);
	return DT_DROP_NONE;
}

static enum dt_drop_reason enter_tunnel(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, const struct session *session, const struct session_ends *ends)
{
	struct packet_meta *meta = packet_meta(packet);
	enum dt_drop_reason reason;
	struct tunnel tunnel;
	struct way way;

	meta->stage = DT_TP_ENCAP;
	if (!leave_tunnel(worker, vip, ends->backend, &tunnel))
		return DT_DROP_TUNNEL_ENCAP_FAIL;
	way = way_to(&tunnel, ends->backend, 0);
	reason = fit(worker, packet, vip, session, ends, &way);
	if (reason != DT_DROP_NONE)
		return reason;
	nat_decrement_ttl(packet);
	reason = leave_encapsulate(packet, &tunnel);
	if (reason == DT_DROP_NONE)
		stamp(worker, meta, DT_TP_ENCAP);
	return reason;
}

static enum dt_drop_reason translate(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, struct session *session, const struct session_ends *ends)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	const struct way way = way_to(NULL, ends->backend, nat_growth(view, ends->backend));
	enum dt_drop_reason reason;

	meta->stage = DT_TP_NAT;
	reason = fit(worker, packet, vip, session, ends, &way);
	if (unlikely(reason != DT_DROP_NONE))
		return reason;
	if (unlikely((session->flags & SESSION_TOA_DUE) || // or a SYN that is sent again
		     (vip->toa && vip->mode == VIP_FULL_NAT && (view->tcp_flags & TCP_SYN))))
		toa_tell(worker, packet, session, &way);
	reason = nat_forward(worker, packet, session, ends);
	if (likely(reason == DT_DROP_NONE))
		stamp(worker, meta, DT_TP_NAT);
	return reason;
}

// What most packets need, in few steps. false: the long way, nothing has been done.
static inline bool translate_common(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, const struct session *session, const struct target *target)
{
	const struct packet_meta *meta = packet_meta(packet);
	bool full_nat = session->local_index < NODE_MAX_LOCALS;

	if (unlikely(!session->tcp_v4 || vip->mode == VIP_TUNNEL ||
		     (session->flags & SESSION_TOA_DUE) || (meta->view.tcp_flags & TCP_SYN) ||
		     packet->pkt_len > worker->least_mtu))
		return false;
	nat_tcp_v4(packet,
		ip_v4(full_nat ? &worker->node->locals[session->local_index] : &session->client),
		ip_v4(&target->address), (uint32_t)session->local_port << 16 | target->port,
		session->address_delta);
	return true;
}

static inline void count(struct worker *worker, const struct packet_meta *meta)
{
	struct vip_counter *counter = &worker->vip_counters[meta->vip_slot];

	counter->packets[DT_DIR_FORWARD]++;
	counter->bytes[DT_DIR_FORWARD] += meta->frame_bytes;
}

static inline enum dt_drop_reason find_or_admit(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, struct session **session)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;

	meta->stage = DT_TP_SESSION;
	*session = session_find_forward(
		&worker->sessions, meta->hash, &view->source, view->source_port, vip->service);
	if (unlikely(*session && starts_anew(*session, view))) {
		session_remove(&worker->sessions, *session);
		*session = NULL;
	}
	if (unlikely(vip->quic))
		return admit_quic(worker, packet, vip, session);
	if (likely(*session != NULL))
		return DT_DROP_NONE;
	return admit(worker, packet, vip, NULL, session);
}

// Until the session's way is known.
static inline enum dt_drop_reason enter(struct worker *worker, struct rte_mbuf *packet,
	const struct vip **vip, struct session **session)
{
	struct packet_meta *meta = packet_meta(packet);
	enum dt_drop_reason reason = recall_vip(worker, meta, vip);

	if (reason != DT_DROP_NONE)
		return reason;
	stamp(worker, meta, DT_TP_VIP_LOOKUP);
	if ((*vip)->limited) {
		reason = check_rate(worker, meta, *vip);
		if (reason != DT_DROP_NONE)
			return reason;
	}
	if (unlikely(meta->view.ttl <= 1)) {
		icmp_answer(worker, packet, ICMP_ERROR_TIME_EXCEEDED, 0);
		return DT_DROP_TTL_EXCEEDED;
	}
	return find_or_admit(worker, packet, *vip, session);
}

// Everything but those packets that translate_common() is for.
static enum dt_drop_reason translate_closely(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, struct session *session)
{
	const struct session_ends ends = session_ends(worker, session, vip);

	return vip->mode == VIP_TUNNEL ? enter_tunnel(worker, packet, vip, session, &ends)
				       : translate(worker, packet, vip, session, &ends);
}

void forward(struct worker *worker, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct target *target;
	enum dt_drop_reason reason;
	struct session *session;
	const struct vip *vip;

	reason = enter(worker, packet, &vip, &session);
	if (unlikely(reason != DT_DROP_NONE)) {
		drop(worker, packet, reason);
		return;
	}
	target = &worker->node->targets[session->target];
	meta->backend_slot = target->backend_slot;
	session->tunnel = meta->tunnel_in; // where the next replies go: the way here may change
	mark(session, meta);
	session_follow(
		&worker->sessions, session, true, session_follow_flags(&meta->view), worker->tick);
	stamp(worker, meta, DT_TP_SESSION);
	if (likely(translate_common(worker, packet, vip, session, target))) {
		stamp(worker, meta, DT_TP_NAT);
	} else {
		reason = translate_closely(worker, packet, vip, session);
		if (unlikely(reason != DT_DROP_NONE)) {
			drop(worker, packet, reason);
			return;
		}
	}
	count(worker, meta);
	transmit_to(worker, packet, &target->address);
}
