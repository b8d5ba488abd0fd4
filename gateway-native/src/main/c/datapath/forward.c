// SPDX-License-Identifier: Apache-2.0
#include "forward.h"

#include "admit.h"
#include "drop.h"
#include "nat.h"
#include "session_follow.h"
#include "stamp.h"
#include "transmit.h"

static const enum dt_drop_reason lookup_reasons[] = {
	[VIP_DISABLED] = DT_DROP_VIP_DISABLED,
	[VIP_PROTOCOL_UNSUPPORTED] = DT_DROP_PROTOCOL_UNSUPPORTED,
	[VIP_UNKNOWN] = DT_DROP_NO_VIP,
};

static const enum dt_drop_reason admit_reasons[] = {
	[ADMIT_NOT_A_SYN] = DT_DROP_NON_SYN_NO_SESSION,
	[ADMIT_DRAINING] = DT_DROP_DRAINING,
	[ADMIT_LIMITED] = DT_DROP_NEW_CONNECTION_LIMIT,
	[ADMIT_NO_BACKEND] = DT_DROP_NO_BACKEND,
	[ADMIT_NO_HEALTHY_BACKEND] = DT_DROP_NO_HEALTHY_BACKEND,
	[ADMIT_NO_PORT] = DT_DROP_PORT_POOL_EXHAUSTED,
	[ADMIT_TABLE_FULL] = DT_DROP_SESSION_TABLE_FULL,
};

// The session's replies are stamped with the key of the latest verified probe.
static void mark(struct session *session, const struct packet_meta *meta)
{
	if (meta->key_state != DT_KEY_VERIFIED)
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

static bool starts_anew(const struct session *session, const struct packet_view *view)
{
	return view->protocol == PROTOCOL_TCP &&
	       (view->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && session_is_over(session);
}

static enum admit_outcome find_or_admit(struct worker *worker, struct packet_meta *meta,
	const struct vip *vip, struct session **session)
{
	const struct packet_view *view = &meta->view;
	struct session *s = session_find_forward(&worker->sessions, meta->hash, view->source,
		view->destination, view->source_port, view->destination_port, view->protocol);

	if (s && starts_anew(s, view)) {
		session_remove(&worker->sessions, s);
		s = NULL;
	}
	// The slot tells a VIP that was taken away and given to another one of the same address:
	// its sessions are not the new one's.
	if (s && s->vip_slot != vip->slot) {
		session_remove(&worker->sessions, s);
		s = NULL;
	}
	*session = s;
	return s ? ADMIT_OK : admit(worker, meta, vip, session);
}

void forward(struct worker *worker, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	enum vip_lookup_outcome looked_up;
	enum admit_outcome admitted;
	struct vip_counter *counter;
	struct session *session;
	const struct vip *vip;

	meta->stage = DT_TP_VIP_LOOKUP;
	looked_up = vip_lookup(
		worker->vips, view->destination, view->destination_port, view->protocol, &vip);
	if (vip)
		meta->vip_slot = vip->slot;
	if (looked_up != VIP_FOUND) {
		drop(worker, packet, lookup_reasons[looked_up]);
		return;
	}
	stamp(worker, meta, DT_TP_VIP_LOOKUP);
	if (view->ttl <= 1) {
		drop(worker, packet, DT_DROP_TTL_EXCEEDED);
		return;
	}
	meta->stage = DT_TP_SESSION;
	admitted = find_or_admit(worker, meta, vip, &session);
	if (admitted != ADMIT_OK) {
		drop(worker, packet, admit_reasons[admitted]);
		return;
	}
	meta->backend_slot = session->backend_slot;
	mark(session, meta);
	session_follow(&worker->sessions, session, true, view->tcp_flags, worker->tick);
	stamp(worker, meta, DT_TP_SESSION);
	nat_forward(packet, session);
	stamp(worker, meta, DT_TP_NAT);
	counter = &worker->vip_counters[session->vip_slot];
	counter->packets[DT_DIR_FORWARD]++;
	counter->bytes[DT_DIR_FORWARD] += meta->frame_bytes;
	transmit(worker, packet);
}
